"""
failed_dialogues - what was said in sessions that failed, on its way to the view `transcript`

Rows are gathered, and written once a second in one commit.  Of dialogues that fail alike within a while one is kept,
and of all of them a few a second: a host that refuses thousands of messages, or a client that tries as often, leaves
room for others, and costs no more.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import gevent

from empath.errors import EmpathError
from empath.mail.printable import printable
from empath.mail.reply import Reply
from empath.smtp.transcript import RecentTranscript, bounded_text
from empath.storage.queue.transcripts import MOST_OCTETS, KeepTranscripts, TranscriptRow
from empath.telemetry.occurrences.process import TranscriptsUnkept

if TYPE_CHECKING:
    from empath.daemon.process.runtime import Runtime

_PERIOD_S: Final = 1.0
ALIKE_S: Final = 10.0
MOST_A_SECOND: Final = 10
_MOST_KEYS: Final = 1_000


class Failure(NamedTuple):
    """
    Whose dialogue failed, and how. Shape: either listener and client are given, or queue_id, destination and host.
    """

    stage: str
    reply: Reply
    queue_id: str | None = None
    destination: str | None = None
    host: str | None = None
    listener: str | None = None
    client: str | None = None
    account: str | None = None
    sender: str | None = None


class FailedDialogues:
    """Those that are not written yet."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._waiting: list[TranscriptRow] = []
        self.seen: dict[tuple[object, ...], float] = {}  # when such a dialogue was kept, at most _MOST_KEYS
        self._is_failing = False

    def note(self, failure: Failure, transcript: RecentTranscript) -> None:
        """Keep what *transcript* has, if it is to be kept. It neither waits nor raises."""
        now = self._clock()
        key = (failure.host, failure.client, failure.stage, failure.reply.code, failure.reply.enhanced)
        if len(self._waiting) >= MOST_A_SECOND or now - self.seen.get(key, -ALIKE_S) < ALIKE_S:
            return
        if len(self.seen) >= _MOST_KEYS:
            self.seen.clear()
        self.seen[key] = now
        self._waiting.append(
            TranscriptRow(
                at=now,
                stage=failure.stage,
                reply=failure.reply.escaped(),
                ulid=failure.queue_id,
                destination=failure.destination,
                host=failure.host,
                listener=failure.listener,
                client_address=failure.client,
                account=_printable(failure.account),
                sender=_printable(failure.sender),
                dialogue=bounded_text(transcript.lines(), MOST_OCTETS),
            )
        )

    def take(self) -> list[TranscriptRow]:
        """What came since the last call."""
        rows, self._waiting = self._waiting, []
        return rows

    def run(self, runtime: "Runtime") -> None:
        """Body of a greenlet, as long as the process lives."""
        while True:
            gevent.sleep(_PERIOD_S)
            self.write(runtime)

    def write(self, runtime: "Runtime") -> None:
        """Commit what came, if anything did. What cannot be written is lost: the log has the replies."""
        rows = self.take()
        if not rows:
            return
        try:
            runtime.writer.commit(KeepTranscripts(rows))
            self._is_failing = False
        except EmpathError as exc:
            if not self._is_failing:  # one line each time that it begins
                runtime.emit(TranscriptsUnkept(error=str(exc)))
            self._is_failing = True


def _printable(text: str | None) -> str | None:
    return None if text is None else printable(text)
