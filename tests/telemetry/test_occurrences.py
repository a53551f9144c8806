"""Occurrences are an interface: the program's report, its log line and docs/logging.md agree."""

import ast
import json
import re
from pathlib import Path
from typing import get_type_hints

from empath.mail.status import FATES
from empath.telemetry.log import log
from empath.telemetry.occurrence import Emitter, Occurrence, occurrence, traceback_text, words_of
from empath.telemetry.occurrences.worker import LeaseFailed
from tests.docs.reference import events

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/logging.md"
KINDS = [kind for kinds in events.occurrences().values() for kind in kinds]


def _sample(kind: type[Occurrence]) -> Occurrence:
    """An instance with a value in each field, of the first type in its annotation."""
    samples = {"str": "x", "int": 1, "float": 0.5, "bool": True}
    hints = {name: str(hint) for name, hint in get_type_hints(kind).items()}
    values = {name: samples[re.findall(r"str|int|float|bool", hints[name])[0]] for name in kind.field_names}
    return kind(**values)


def _documented(kind: type[Occurrence]) -> list[list[str]]:
    """Event, level and names of fields of each row of *kind* on the page."""
    rows = [
        [cell.strip() for cell in line.strip("|\n").split(" | ")]
        for line in PAGE.read_text().splitlines()
        if line.startswith(f"| `{kind.event}` | ")
    ]
    return [[row[0].strip(" `"), row[1], *re.findall(r"(?:^|; )`(\w+)`", row[3])] for row in rows]


def test_a_line_has_the_fields_that_the_page_promises(tmp_path):
    """
    People search for names and programs read them, so both sides must know the same fields.
    """
    log.configure("json", "debug", tmp_path / "log")
    for kind in KINDS:
        log.write("worker-1", _sample(kind))
    log.configure("logfmt", "info", None)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert len(KINDS) == len(lines)
    assert {("at", "level", "event", "process")} == {tuple(line)[:4] for line in lines}
    written = [[line["event"], line["level"], *list(line)[4:]] for line in lines]
    assert [] == [line for line, kind in zip(written, KINDS, strict=True) if line not in _documented(kind)]


def test_every_occurrence_and_field_has_its_text():
    """
    The text is the only documentation.
    """
    blank = ("", Occurrence.__doc__)
    assert [] == [kind.__qualname__ for kind in KINDS if (kind.__doc__ or "").strip() in blank]
    assert [] == [(kind.__qualname__, n) for kind in KINDS for n, text in events.field_texts(kind).items() if not text]


def test_every_occurrence_is_reported_by_a_program():
    """
    Operators would wait in vain for a line that no program writes.
    """
    reported = {
        name.attr if isinstance(name, ast.Attribute) else name.id
        for file in (*(ROOT / "empath/daemon").rglob("*.py"), ROOT / "empath/telemetry/log.py")
        for name in ast.walk(ast.parse(file.read_text()))
        if isinstance(name, ast.Attribute | ast.Name)
    }
    assert [] == [kind.__name__ for kind in KINDS if kind.__name__ not in reported]


def test_each_status_that_an_attempt_can_lead_to_is_an_event():
    """
    A status and its line have the same name.
    """
    assert set(FATES) <= events.names()


def test_the_event_name_is_the_class_name_unless_another_is_given():
    """
    Two programs may report the same event with different fields.
    """

    @occurrence("info", event="lease_failed")
    class Other(Occurrence):
        """Another."""

    assert ("lease_failed", "lease_failed") == (LeaseFailed.event, Other.event)


def test_an_emitter_calls_its_subscribers_in_order():
    """
    Metrics and traces will be further entries of the tuple.
    """
    seen = []
    what = LeaseFailed(error="x")
    emit = Emitter("worker-1", (lambda *call: seen.append((1, *call)), lambda *call: seen.append((2, *call))))
    emit(what)
    assert [(1, "worker-1", what), (2, "worker-1", what)] == seen


def test_a_traceback_is_bounded():
    """
    A fault in a deep recursion must not write a line without a bound.
    """

    def fall(depth):
        return fall(depth - 1) if depth % 2 else 1 / 0 if depth == 0 else [fall(depth - 1)]

    try:
        fall(200)
    except ZeroDivisionError as exc:
        text = traceback_text(exc)
    assert 50 >= text.count("in fall")
    assert text.endswith("ZeroDivisionError: division by zero")


def test_a_long_text_in_a_traceback_keeps_both_ends():
    """
    The message of an exception may hold all that was read.
    """
    try:
        raise ValueError("x" * 1_000_000 + "end")
    except ValueError as exc:
        text, words = traceback_text(exc), words_of(exc)
    assert 20_000 > len(text)
    assert text.startswith("Traceback")
    assert text.endswith("xend")
    assert 500 == len(words)


def test_an_error_that_cannot_be_written_has_the_name_of_its_class():
    """
    Code of others raises such ones, and the log must have a line all the same.
    """

    class Odd(Exception):
        def __repr__(self):
            raise ValueError

    assert "Odd" == words_of(Odd())
