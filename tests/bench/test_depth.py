"""The bench's deep queue: sound, and large enough to show whether statements of docs/sql.md use an index."""

import re
from pathlib import Path

import apsw
import pytest

from tests.docs.pages import blocks
from tests.kit.queue import violations

from .depth.fill import Filling, fill
from .depth.served import PLACE, fillings, place, routes_of
from .depth.steering import is_quick_query
from .depth.verdicts import at_least, at_most, percentile, shown

QUICK = [statement for statement in blocks("docs/sql.md", "sql") if is_quick_query(statement)]
TABLES = {"r": "_recipient", "m": "_message", "a": "_attempt"}


@pytest.fixture(scope="module", params=[None, PLACE], ids=["1,000 destinations", "one destination"])
def queue(request, tmp_path_factory):
    """The path of a queue of 5,000 recipients."""
    path = tmp_path_factory.mktemp("deep") / "queue.db"
    fill(path, Filling(5000, request.param))
    return path


def test_a_deep_queue_is_sound(queue):
    """
    A measurement on rows that no real queue can have means nothing.
    """
    assert {} == violations(queue)


@pytest.mark.parametrize("statement", QUICK, ids=lambda text: text.split("\n")[0][:40])
def test_a_look_up_of_the_documentation_walks_no_table(queue, statement):
    """
    For point and top-N queries, SQLite reads rows in the requested order up to the limit, without a sort.
    """
    connection = apsw.Connection(str(queue), flags=apsw.SQLITE_OPEN_READONLY)
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    connection.close()
    scans = [step for step in steps if re.match("SCAN [rma]\\b", step)]
    assert [] == [step for step in steps if "TEMP B-TREE" in step]
    assert scans == [] or ("LIMIT" in statement and len(scans) == 1)


def test_the_documentation_has_both_kinds():
    """
    The test above needs examples of both kinds.
    """
    assert len(QUICK) >= 2
    assert any("LIMIT" in statement for statement in QUICK)
    assert any(" id = " in statement for statement in QUICK)
    assert not is_quick_query("SELECT domain, count(*) FROM queue GROUP BY domain LIMIT 5")


def test_a_copy_has_the_destination_of_the_run(tmp_path: Path):
    """
    A million recipients for the same next hop as the flowing mail is the worst case. Its routes leave them there.
    """
    template, copy = tmp_path / "0.db", tmp_path / "queue.db"
    fill(template, fillings(200)[1])

    assert "" == routes_of(template)
    assert 200 == place(template, copy, "smtp:127.0.0.1:2500")

    connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    assert [("smtp:127.0.0.1:2500",)] == connection.execute("SELECT DISTINCT destination FROM queue").fetchall()
    connection.close()


def test_verdicts_say_what_they_are_held_to():
    """
    Only a gate can fail a run, not an "about".
    """
    most, least = at_most("s", "w", 3, 2), at_least("s", "w", 1, 2, is_gate=False)
    assert ("<= 2", False, True) == (most.floor, most.is_met, most.is_gate)
    assert ("about >= 2", False, False) == (least.floor, least.is_met, least.is_gate)
    assert ("-", True, False) == (shown("s", "w", 1).floor, shown("s", "w", 1).is_met, shown("s", "w", 1).is_gate)


def test_the_percentile_is_a_value_that_was_measured():
    """
    It is not interpolated: 99 of 100 values are at most that value.
    """
    assert (99, 7) == (percentile(range(100), 0.99), percentile([7], 0.99))
