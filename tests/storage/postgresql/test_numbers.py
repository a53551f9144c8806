"""test_numbers - who follows the numbers of rows misses none, whoever commits first"""

import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from empath.errors import QueueBusy
from empath.storage.postgresql import visit as visits
from empath.storage.postgresql.numbers import Tail
from empath.storage.queue.audit import claim_new
from tests.kit.queue import T0

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue

FREEZE, THAW = ("INSERT INTO control (verb) VALUES ('freeze')", "INSERT INTO control (verb) VALUES ('thaw')")
SUSPEND = "UPDATE destination SET suspended_until = '+1 hour'"


def test_the_end_is_known_when_those_who_were_there_are_gone() -> None:
    """
    Those who came later have higher numbers. A busy table never has a moment without any.
    """
    tail = Tail()
    seen = []
    for last, writers in ((3, "ab"), (5, "bc"), (6, "cd"), (8, "d"), (9, ""), (0, "")):
        tail.look(last, frozenset(writers))
        seen.append(tail.settled)
    assert [0, 0, 3, 3, 9, 9] == seen


def test_a_row_that_commits_late_is_neither_missed_nor_passed(queue: "PostgresQueue") -> None:
    """
    The log, the seals and the hours read on from the last number that they have seen.
    """
    queue.accept(at=T0)
    reader = queue.engine.open_reader()
    with psycopg.connect(queue.conninfo, options="-c search_path=empath") as person:
        person.execute(SUSPEND)  # it takes the first number
        queue.write(FREEZE)
        assert 0 == reader.settled("audit")
        queue.write(THAW)
        assert 0 == reader.settled("audit")
        assert claim_new(reader) is None
    numbers = [number for (number,) in queue.select("SELECT audit_id FROM _audit ORDER BY 1")]
    assert 3 == len(numbers)
    claimed = []
    while (claiming := claim_new(reader)) is not None:
        claimed += queue.done(claiming).claimed
    assert numbers == [row.audit_id for row in claimed]


def test_what_is_rolled_back_leaves_a_gap_that_nobody_waits_for(queue: "PostgresQueue") -> None:
    """
    Its number is never used again.
    """
    queue.accept(at=T0)
    person = psycopg.connect(queue.conninfo, options="-c search_path=empath")
    person.execute(SUSPEND)
    queue.write(FREEZE)
    person.rollback()
    person.close()
    reader = queue.engine.open_reader()
    [(last,)] = queue.select("SELECT max(audit_id) FROM _audit")
    assert last == reader.settled("audit")


def test_a_command_waits_for_who_writes_and_says_so_at_last(
    queue: "PostgresQueue", monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An export must not end before a row that another transaction has numbered.
    """
    queue.accept(at=T0)
    person = psycopg.connect(queue.conninfo, options="-c search_path=empath")
    person.execute(SUSPEND)
    queue.write(FREEZE)
    monkeypatch.setattr(visits, "LOCK_S", 0.0)
    with queue.engine.visiting(None) as visit, pytest.raises(QueueBusy, match="another transaction adds to audit"):
        visit.settled("audit")
    monkeypatch.setattr(visits, "LOCK_S", 30.0)
    ending = threading.Timer(0.05, person.commit)
    ending.start()
    with queue.engine.visiting(None) as visit:
        last = visit.settled("audit")
        assert [(last,)] == queue.select("SELECT max(audit_id) FROM _audit")
    ending.join()
    person.close()
