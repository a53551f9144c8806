"""Which refusals get rows, and when these are written; over real rows."""

import time

import pytest

from empath.daemon.acceptor.refusal_rows import RefusalRows
from empath.errors import QueueBusy
from empath.mail.reply import Reply
from empath.policy.access import RELAY_DENIED
from empath.storage.queue.refusals import KeepRefusals, RefusalRow
from empath.telemetry.occurrences.acceptor import RefusalsUnlisted
from tests.daemon.acceptor.test_rates import DirectWriter
from tests.daemon.acceptor.test_session_list import FakeRuntime
from tests.kit.queue import Queue

WHERE = {"listener": "[::1]:25", "stage": "RCPT"}


@pytest.fixture
def runtime(tmp_path):
    queue = Queue(tmp_path / "queue.db")
    yield FakeRuntime(queue, DirectWriter(queue))
    queue.close()


def rows(runtime, columns):
    return runtime.queue.select(f"SELECT {columns} FROM refusal ORDER BY refusal_id")


def test_the_same_refusal_of_a_second_is_one_row(runtime):
    """
    A client that repeats itself fills no table.
    """
    refusals = RefusalRows()
    for _ in range(3):
        refusals.note(RELAY_DENIED, client="192.0.2.1", name="x.test", sender="a@b.test", recipient="c@d.test", **WHERE)
    refusals.note(RELAY_DENIED, client="192.0.2.2", **WHERE)

    refusals.write(runtime)
    refusals.write(runtime)

    assert [
        (3, "192.0.2.1", "x.test", "a@b.test", "c@d.test", "RCPT", "relay", "554 5.7.1 Relay access denied"),
        (1, "192.0.2.2", "", None, None, "RCPT", "relay", "554 5.7.1 Relay access denied"),
    ] == rows(runtime, "times, client, client_name, sender, recipient, stage, rule, reply")


def test_a_flood_is_one_commit_with_few_rows(runtime):
    """
    What is beyond them is counted by its code.
    """
    refusals = RefusalRows()
    for number in range(1000):
        refusals.note(Reply.of(f"550 5.1.1 No such recipient {number}"), client=f"192.0.2.{number % 250}", **WHERE)

    refusals.write(runtime)

    assert [(201, 1000)] == rows(runtime, "count(*), sum(times)")
    assert [("", 800, "550 5.1.1", "recipients")] == runtime.queue.select(
        "SELECT client, times, reply, rule FROM refusal WHERE client = ''"
    )


def test_even_the_codes_are_bounded(runtime):
    """
    A module may answer with any code.
    """
    refusals = RefusalRows()
    for number in range(1000):
        refusals.note(Reply.of(f"550 5.7.{number} no"), client="192.0.2.1", **WHERE)

    assert 300 == len(refusals.take())


def test_text_of_clients_is_escaped(runtime):
    """
    A row must be fit for the terminal of the one who reads it.
    """
    refusals = RefusalRows()
    refusals.note(RELAY_DENIED, client="192.0.2.1", name="a\x1bb", recipient="\udcff@x.test", **WHERE)

    refusals.write(runtime)

    [(name, recipient)] = rows(runtime, "client_name, recipient")
    assert r"a\x1bb" == name
    assert "x.test" in str(recipient)


def test_what_cannot_be_written_is_said_once(runtime):
    """
    The log has the refusals themselves.
    """
    refusals = RefusalRows()

    class Locked:
        def commit(self, _):
            raise QueueBusy("locked")

    healthy = runtime.writer
    runtime.writer = Locked()
    for _ in range(2):
        refusals.note(RELAY_DENIED, client="192.0.2.1", **WHERE)
        refusals.write(runtime)
    runtime.writer = healthy
    refusals.note(RELAY_DENIED, client="192.0.2.1", **WHERE)
    refusals.write(runtime)

    assert ["locked"] == [each.error for each in runtime.occurrences if isinstance(each, RefusalsUnlisted)]
    assert [(1,)] == rows(runtime, "count(*)")


def test_the_table_is_bounded(runtime):
    """
    The oldest rows go, and those that are too old.
    """
    now = time.time()

    def row(at):
        return RefusalRow(at, at, 1, "[::1]:25", "192.0.2.1", "", None, None, None, "RCPT", "relay", "554 no")

    runtime.queue.run(KeepRefusals([row(now - 40 * 86_400), row(now)], now))
    assert [(2,)] == rows(runtime, "refusal_id")

    runtime.queue.run(KeepRefusals([row(now)] * 10_004, now))

    assert [(10_000, 7)] == rows(runtime, "count(*), min(refusal_id)")
