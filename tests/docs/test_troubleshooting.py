"""docs/TROUBLESHOOTING.md has each line that ends a command, and names only existing events and settings."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.docs.pages import ROOT, rows, text
from tests.docs.reference import events

PAGE = "docs/TROUBLESHOOTING.md"
# Errors that may end a start, a stop or a check. Lines of empath-admin are on its own page, with their verbs.
MODULES = sorted([
    *ROOT.glob("empath/daemon/supervisor/*.py"),
    *(ROOT / f"empath/storage/sqlite/{name}.py" for name in ("checks", "schema", "connection")),
    ROOT / "empath/daemon/process/child.py",
    *(ROOT / f"empath/{name}.py" for name in ("cli/common", "cli/empathd", "telemetry/log", "config/load")),
])  # fmt: skip
_LEAST = 10  # length from which a fragment identifies a line


def _lines(source: str) -> Iterator[list[str]]:
    """Literal fragments of the text of each error that *source* raises or returns, split at inserted values."""
    for node in ast.walk(ast.parse(source)):
        value = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Return) else None
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args:
            parts = value.args[0].values if isinstance(value.args[0], ast.JoinedStr) else [value.args[0]]
            yield [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT / "empath")))
def test_every_line_that_ends_a_command_is_explained(module):
    """
    Readers search for the words of the line.
    """
    page = text(PAGE).replace("`", "")
    longest = [max(fragments, key=len) for fragments in _lines(module.read_text()) if fragments]
    words = [fragment.replace("`", "").strip(" :;\n") for fragment in longest]
    assert [] == [line for line in words if len(line) >= _LEAST and line not in page]


def test_events_that_are_explained_are_there():
    """
    Readers would search in vain for a renamed event.
    """
    named = _events()
    assert len(named) > 20
    assert set() == named - events.names()


def test_exit_codes_that_are_named_are_there():
    """
    One table has all codes; others have a part of it.
    """
    documented = {row[0] for row in rows("docs/exit-codes.md") if row[0].isdigit()}
    named = {code for row in rows(PAGE) if len(row) == 3 for code in re.findall(r"^(\d\d)\b", row[1])}
    assert set() == named - documented


def test_every_row_belongs_to_a_table():
    """
    A blank line within a table ends it: the rows after it are shown as text with bars.
    """
    lines = ["", *text(PAGE).splitlines()]
    begins = [
        line for before, line in pairwise(zip(lines, [*lines[1:], ""], strict=True)) if _begins_table(before, line)
    ]
    assert len(begins) > 5
    assert [] == [head for head, rule in begins if not rule.startswith("|---")]


def _begins_table(before, line):
    return line[0].startswith("|") and not before[0].startswith("|")


def test_every_error_has_a_row():
    """
    An operator who meets one wants to know whether mail is safe, and what to do.
    """
    kinds = [kind for group in events.occurrences().values() for kind in group]
    assert set() == {kind.event for kind in kinds if kind.level in {"error", "critical"}} - _events()


def _events():
    """The events in the first column of the section about the log."""
    section = text(PAGE).partition("\n## In the log\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`([a-z]+_[a-z_]+)`", "\n".join(re.findall(r"^\| (.+?) \|", section, re.MULTILINE))))
