"""Which dialogues that failed get rows, and how these are bounded; over real rows."""

import pytest

from empath.daemon.process.failed_dialogues import ALIKE_S, MOST_A_SECOND, FailedDialogues, Failure
from empath.errors import QueueBusy
from empath.mail.reply import Reply
from empath.smtp.transcript import RecentTranscript
from empath.storage.queue.sweep import outdated
from empath.storage.queue.transcripts import (
    CLIENT_TRANSCRIPTS,
    HOST_TRANSCRIPTS,
    MOST_OCTETS,
    KeepTranscripts,
    TranscriptRow,
)
from empath.telemetry.occurrences.process import TranscriptsUnkept
from tests.daemon.acceptor.test_rates import DirectWriter
from tests.daemon.acceptor.test_session_list import FakeRuntime
from tests.kit.queue import T0, Queue

NO = Reply.of("550 5.7.1 No")


class Clock:
    """An instant that the test sets."""

    def __init__(self):
        self.now = T0

    def __call__(self):
        return self.now


@pytest.fixture
def runtime(tmp_path):
    queue = Queue(tmp_path / "queue.db")
    yield FakeRuntime(queue, DirectWriter(queue))
    queue.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def failed(clock):
    return FailedDialogues(clock)


def said(*commands):
    transcript = RecentTranscript()
    for command in commands:
        transcript.command(command)
    return transcript


def client(number, reply=NO):
    return Failure("RCPT", reply, listener="[::1]:25", client=f"192.0.2.{number}", account="ann\x1b", sender="a@b.test")


def test_a_dialogue_that_failed_is_a_row(runtime, failed):
    """
    Its text is fit for a terminal, and it is written once.
    """
    failed.note(client(1), said(b"EHLO a\x1bb", b"RCPT TO:<c@d.test>"))
    failed.write(runtime)
    failed.write(runtime)
    assert [
        (
            "[::1]:25",
            "192.0.2.1",
            r"ann\x1b",
            "a@b.test",
            "RCPT",
            "550 5.7.1 No",
            "C: EHLO a\\x1bb\nC: RCPT TO:<c@d.test>",
        )
    ] == runtime.queue.select("SELECT listener, client, account, sender, stage, reply, dialogue FROM transcript")


def test_of_those_that_fail_alike_one_is_kept_for_a_while(failed, clock):
    """
    A client that tries without end leaves room for others; another reply is news.
    """
    for _ in range(3):
        failed.note(client(1), said())
    failed.note(client(2), said())
    failed.note(client(1, Reply.of("450 4.7.1 Later")), said())
    assert 3 == len(failed.take())
    clock.now += ALIKE_S
    failed.note(client(1), said())
    assert 1 == len(failed.take())


def test_a_flood_costs_a_few_rows(failed):
    """
    Also of thousands of clients.
    """
    for number in range(2_000):
        failed.note(client(number), said(*[b"EHLO " + b"x" * 300] * 30))
    rows = failed.take()
    assert MOST_A_SECOND == len(rows)
    assert all(len(row.dialogue) <= MOST_OCTETS for row in rows)
    for number in range(2_000):
        failed.note(client(number), said())
        failed.take()
    assert len(failed.seen) <= 1_000


def test_what_cannot_be_written_is_said_once(runtime, failed):
    """
    The service goes on without.
    """

    class Locked:
        def commit(self, _):
            raise QueueBusy("locked")

    runtime.writer = Locked()
    for number in range(2):
        failed.note(client(number), said())
        failed.write(runtime)
    assert ["locked"] == [each.error for each in runtime.occurrences if isinstance(each, TranscriptsUnkept)]


def test_clients_and_hosts_have_bounds_of_their_own(runtime):
    """
    A flood of clients leaves what hosts said, and what is old goes first.
    """
    rows = [TranscriptRow(T0 + n, "RCPT", "550 no", listener="[::1]:25", client_address="::1") for n in range(5)]
    rows.insert(
        0, TranscriptRow(T0, "MAIL", "451 no", ulid="0" * 26, destination="a.example", host="a.example[::1]:25")
    )
    runtime.queue.run(KeepTranscripts(rows))

    def sweep(now, most):
        for kept in (CLIENT_TRANSCRIPTS, HOST_TRANSCRIPTS):
            forgetting = outdated(runtime.reader, kept, now, most=most)
            if forgetting is not None:
                runtime.queue.run(forgetting)
        return [number for (number,) in runtime.queue.select("SELECT transcript_id FROM transcript")]

    assert [1, 5, 6] == sweep(0.0, 2)
    assert [5, 6] == sweep(T0 + 2, 2)
    assert [] == sweep(T0 + 9, 2)
