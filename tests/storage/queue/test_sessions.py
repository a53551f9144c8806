"""Sessions as rows, and how people close them."""

from dataclasses import replace

import apsw
import pytest

from empath.storage.queue.process import EndProcess
from empath.storage.queue.sessions import KeepSessions, SessionRow, closing_sessions
from tests.kit.queue import T0, Queue, write

ROW = SessionRow(
    *(1, "127.0.0.1:25", "192.0.2.1", "client.test", None, None),
    *("ready", 0, 100, T0),
)


@pytest.fixture
def listed(queue: Queue) -> Queue:
    """Two sessions of the only process."""
    queue.run(KeepSessions(queue.process_id, [ROW, replace(ROW, number=2, client_address="192.0.2.2")], []))
    return queue


def closing(queue: Queue) -> list[int]:
    return closing_sessions(queue.engine.open_reader(), queue.process_id)


def test_a_row_follows_its_session_and_goes_with_it(listed: Queue) -> None:
    listed.run(KeepSessions(listed.process_id, [replace(ROW, state="content", octets=5000)], [2]))
    expected = [(f"{listed.process_id}.1", "192.0.2.1", "content", 5000)]
    assert expected == listed.select("SELECT session, client, state, octets FROM session")


@pytest.mark.parametrize("order", ["DELETE FROM session", "UPDATE session SET state = 'closed'"])
def test_a_session_is_closed_by_its_row(listed: Queue, order: str) -> None:
    """
    The acceptor reads the order; the row stays until it has ended the session. The audit has who closed which.
    """
    write(listed.path, f"{order} WHERE client = '192.0.2.2'")
    assert [2] == closing(listed)
    assert [("192.0.2.1", "ready"), ("192.0.2.2", "closed")] == listed.select(
        "SELECT client, state FROM session ORDER BY session"
    )
    write(listed.path, f"{order} WHERE client = '192.0.2.2'")
    name = f"{listed.process_id}.2 192.0.2.2"
    assert [("sql", name, "session", "ready", "closed")] == listed.select(
        "SELECT who, object, what, before, after FROM audit"
    )


def test_an_order_to_close_stays_when_the_row_is_brought_up_to_date(listed: Queue) -> None:
    write(listed.path, "DELETE FROM session WHERE client = '192.0.2.1'")
    listed.run(KeepSessions(listed.process_id, [replace(ROW, octets=200)], []))
    assert [1] == closing(listed)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE session SET state = 'ready' WHERE session LIKE '%.1'",
        "UPDATE session SET client = '192.0.2.9'",
        "INSERT INTO session (session) VALUES ('1.1')",
    ],
)
def test_nothing_else_can_be_set(listed: Queue, statement: str) -> None:
    listed.run(KeepSessions(listed.process_id, [replace(ROW, state="content")], []))
    with pytest.raises(apsw.ConstraintError, match="empath: "):
        write(listed.path, statement)


def test_sessions_end_with_their_process(listed: Queue) -> None:
    """
    A process that was killed cannot remove its rows.
    """
    listed.run(EndProcess(listed.process_id, now=T0 + 1))
    assert ([], []) == (listed.select("SELECT * FROM session"), listed.select("SELECT * FROM _session"))
