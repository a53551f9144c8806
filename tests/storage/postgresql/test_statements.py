"""test_statements - PostgreSQL understands each statement of sql/, but for those whose views or tables are not built"""

import re
from itertools import count
from typing import TYPE_CHECKING

import psycopg

from empath.storage.queries import all_queries
from empath.storage.queue import destination_rules, hold_rules, listener_limits, log_levels
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue

# Statements of what is not built, although its tables are there; docs/adr/0061 has the list of parts.
NOT_BUILT = re.compile(r"admin\.held_by_empath|received_reports\.add")
UNPREPARED = {"events.lock_numbers", "fsck.stop_writers"}  # PREPARE does not take them, the protocol does
FRAGMENTS = re.compile(r"selection\.condition_\w+")  # parts of other statements
# Types of parameters that stand beside no column, so that PostgreSQL cannot know them before they are bound.
BOUND = {
    "retention.old_recipients": {"delivered_before": "float8", "final_before": "float8"},
    "retention.forget_recipients": {"delivered_before": "float8", "final_before": "float8"},
}


def test_each_statement_is_understood(queue: "PostgresQueue") -> None:
    """
    A form of one engine in a shared text fails at its first run on the other one.
    """
    numbers = count(1)
    refused: dict[str, str] = {}
    for name, text in all_queries("postgresql").items():
        if "{" in text or FRAGMENTS.fullmatch(name) or NOT_BUILT.fullmatch(name) or name in UNPREPARED:
            continue
        try:
            prepared = f"PREPARE statement_{next(numbers)} AS {positional(text, BOUND.get(name, {}))}"
            queue.other().execute(prepared.encode(), prepare=False)
        except psycopg.Error as exc:
            refused[name] = str(exc)
    assert not refused, "\n".join(f"{n}: {t}" for n, t in refused.items())


def positional(text: str, types: dict[str, str]) -> str:
    """The statement with parameters as PREPARE has them; *types* are those of some."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match[1]
        if name is None or name not in names:
            names.append(name or f"?{len(names)}")
        place = f"${names.index(name) + 1 if name else len(names)}"
        return f"{place}::{types[name]}" if name in types else place

    text = re.sub(r"\bNOT IN \(:(\w+)\[(text)?\]\)", lambda m: f"<> ALL(:{m[1]}::{m[2] or 'bigint'}[])", text)
    text = re.sub(r"\bIN \(:(\w+)\[(text)?\]\)", lambda m: f"= ANY(:{m[1]}::{m[2] or 'bigint'}[])", text)
    pieces = re.split(r"('(?:[^']|'')*')", text)
    pieces[::2] = [re.sub(r"(?<![:\w]):([a-z]\w*)|\?", number, piece) for piece in pieces[::2]]
    return "".join(pieces)


def test_rules_rests_and_levels_that_are_over_go_with_a_word_in_the_audit(queue: "PostgresQueue") -> None:
    """
    On SQLite it is two statements in one text, which a prepared statement cannot be.
    """
    values = f"{T0}, 'why', {T0 - 9}, 'admin'"
    queue.write(
        "INSERT INTO _destination_rule (pattern, setting, value, expires_at, reason, created_at, who)"
        f" VALUES ('a.example', 'concurrency', '2', {values})"
    )
    queue.write(f"INSERT INTO _source_rest (address, expires_at, reason, created_at, who) VALUES ('::1', {values})")
    queue.write(
        "INSERT INTO _log_level (scope, pattern, level, expires_at, reason, created_at, who)"
        f" VALUES ('area', 'dns', 'debug', {values})"
    )
    queue.write(
        "INSERT INTO _listener_limit (listener, setting, value, expires_at, reason, created_at, who)"
        f" VALUES ('*', 'errors', '5', {values})"
    )
    queue.write(
        "INSERT INTO _hold_rule (scope, pattern, expires_at, reason, created_at, who)"
        f" VALUES ('account', 'ann', {values})"
    )
    assert [("destination_rules", "2"), ("log_levels", "1")] == queue.select(
        "SELECT name, value FROM _setting ORDER BY name"
    )
    reader = queue.engine.open_reader()
    every = (
        destination_rules.ENDED,
        destination_rules.RESTS_ENDED,
        log_levels.ENDED,
        listener_limits.ENDED,
        hold_rules.ENDED,
    )
    for kept in every:
        forget = outdated(reader, kept, T0 + 1)
        assert forget is not None
        queue.run(forget)
        assert outdated(reader, kept, T0 + 1) is None

    assert [
        ("a.example", "destination_rule concurrency"), ("::1", "source_rest expires_unix"), ("dns", "log_level area"),
        ("*", "listener_limit errors"), ("account ann", "hold_rule"),
    ] == queue.select("SELECT object, what FROM _audit ORDER BY audit_id")  # fmt: skip
