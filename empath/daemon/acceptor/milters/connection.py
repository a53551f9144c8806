"""
connection - one connection to a filter

Each wait for an answer has the deadline of the filter, and all waits for one message share a budget.  Whatever goes
wrong, on the wire or in the protocol, is one error: the filter has failed, and the connection is of no more use.
"""

import time
from collections.abc import Callable, Mapping

from empath.config.tables.milter import Milter
from empath.daemon.process.turns import let_others_run
from empath.errors import EmpathError, SyntaxViolation
from empath.mail.endpoint import Endpoint
from empath.net.stream import Deadlines, Stream, StreamClosed, StreamTimeout
from empath.smtp.milter.agreement import Agreement
from empath.smtp.milter.answers import Answer, BodyReplaced, Change, Replied, Verdict
from empath.smtp.milter.dialogue import Dialogue
from empath.smtp.milter.flags import Stage
from empath.smtp.milter.requests import ABORT, NEXT_SESSION, NEXT_SESSION_SINCE, QUIT

_HELD_OCTETS = 64 * 1024  # of requests that need no answer, before they are sent
_MOST_CHANGES = 1000  # of one message, without the pieces of a body
_MOST_PROGRESS = 10_000  # reports of progress before one answer
_MOST_PIECES = 10_000  # of a body, whose octets have a limit of their own


class FilterFailed(EmpathError):
    """A filter does not answer, or not as the protocol wants it. is_unreachable: there was no connection."""

    def __init__(self, text: str, *, is_unreachable: bool = False) -> None:
        super().__init__(text)
        self.is_unreachable = is_unreachable


class FilterConnection:
    """
    A connection on which both sides agree. One session uses it at a time; after `end_session` it may serve another.
    """

    __slots__ = ("_dialogue", "_held", "_is_aborted", "_left_s", "_settings", "_stream", "is_used")

    def __init__(self, settings: Milter, stream: Stream) -> None:
        self._settings = settings
        self._stream = stream
        self._dialogue = Dialogue()
        self._held: list[bytes] = []
        self._left_s = settings.message_deadline_s
        self._is_aborted = False  # whether a message was cut off after the last whole one
        self.is_used = False  # whether it has served a session before

    @classmethod
    def open(cls, settings: Milter, deadlines: Deadlines) -> "FilterConnection":
        """
        Connect, and agree with the filter.

        Raises:
            FilterFailed: there is no connection, or no agreement.
        """
        address = settings.address
        host, port = (address.host, address.port) if isinstance(address, Endpoint) else (address.path, 0)
        try:
            stream = Stream.connect(host, port, deadlines=deadlines, timeout_s=settings.connect_timeout_s)
        except (StreamClosed, StreamTimeout) as exc:
            raise FilterFailed(f"no connection: {exc}", is_unreachable=True) from exc
        connection = cls(settings, stream)
        try:
            connection._agree()
        except BaseException:
            stream.close()
            raise
        return connection

    @property
    def agreement(self) -> Agreement:
        """What holds for this connection."""
        return self._dialogue.agreement

    @property
    def is_usable(self) -> bool:
        """Whether an idle connection is still open, and the filter has said nothing on it."""
        return self._stream.is_quiet()

    def begin(self) -> None:
        """A session or a message begins, with the whole of its budget."""
        self._left_s = self._settings.message_deadline_s

    def ask(self, stage: Stage, data: bytes, values: Mapping[str, str]) -> Answer:
        """
        Tell the filter of *stage*; its answer, CONTINUE where it gives none.

        Raises:
            FilterFailed: it does not answer rightly.
        """
        if octets := self._dialogue.ask(stage, data, values):
            self._held.append(octets)
        if not self._dialogue.awaits(stage):
            if sum(map(len, self._held)) >= _HELD_OCTETS:
                self._flush()
            return Verdict.CONTINUE
        self._refuse_surplus(self._stream.receive_now() or b"")
        self._flush()
        return self._next_answer(stage)

    def ask_at_end(
        self, values: Mapping[str, str], hold: Callable[[Change], None]
    ) -> tuple[Verdict | Replied, list[Change]]:
        """
        The end of a message: the verdict of the filter, and its changes. *hold* gets each change as it comes,
        and may raise.

        Raises:
            FilterFailed: it does not answer rightly, or changes more than it may.
        """
        changes: list[Change] = []
        pieces = 0
        answer = self.ask(Stage.END_OF_MESSAGE, b"", values)
        while not isinstance(answer, Verdict | Replied):
            changes.append(answer)
            pieces += isinstance(answer, BodyReplaced)
            hold(answer)
            if len(changes) - pieces > _MOST_CHANGES or pieces > _MOST_PIECES:
                raise FilterFailed("it wants too many changes of one message")
            answer = self._next_answer(Stage.END_OF_MESSAGE)
        self._refuse_surplus()
        self._is_aborted = False
        return answer, changes

    def abort(self) -> None:
        """
        The message ends without its end.

        Raises:
            FilterFailed: the connection is gone.
        """
        self._is_aborted = True
        self._held = [ABORT]
        self._flush()

    def end_session(self) -> bool:
        """
        The session is over. Whether the connection may serve another one; if not, it is closed.

        After an abort libmilter does not take another session.
        """
        may_go_on = (
            not self._is_aborted and self.agreement.version >= NEXT_SESSION_SINCE and not self._dialogue.has_more
        )
        self._held = [NEXT_SESSION if may_go_on else QUIT]
        try:
            self._flush()
        except FilterFailed:
            may_go_on = False
        if not may_go_on:
            self.close()
        self.is_used = True
        self._stream.deadline_at = None
        return may_go_on

    def quit(self) -> None:
        """Close an idle connection, after a word."""
        self._stream.send_now(QUIT)
        self.close()

    def close(self) -> None:
        """Close it at once."""
        self._stream.close()

    def _agree(self) -> None:
        self._held = [self._dialogue.negotiate()]
        self._flush()
        try:
            while not self._dialogue.agree():
                self._receive()
        except SyntaxViolation as exc:
            raise FilterFailed(str(exc)) from exc

    def _next_answer(self, stage: Stage) -> Answer:
        """
        The next answer, whatever time a filter takes that says that it goes on. One that floods this host with that
        is never waited for, so no deadline would end it, and no other session would have a turn.
        """
        for _ in range(_MOST_PROGRESS):
            answer = self._take_answer(stage)
            if answer is not Verdict.PROGRESS:
                return answer
            let_others_run()
        raise FilterFailed("it reports progress without an end")

    def _take_answer(self, stage: Stage) -> Answer:
        try:
            while (answer := self._dialogue.next_answer(stage)) is None:
                self._receive()
        except SyntaxViolation as exc:
            raise FilterFailed(str(exc)) from exc
        return answer

    def _refuse_surplus(self, octets: bytes = b"") -> None:
        """
        One answer too many would stand for the next one: the filter refuses a message, and an earlier word lets it in.
        """
        if octets or self._dialogue.has_more:
            raise FilterFailed("it answers more than it was asked")

    def _flush(self) -> None:
        octets, self._held = b"".join(self._held), []
        if octets:
            self._wait(lambda: self._stream.send(octets))

    def _receive(self) -> None:
        octets = self._wait(self._stream.receive_next)
        if not octets:
            raise FilterFailed("it closed the connection")
        self._dialogue.receive(octets)

    def _wait(self, act: Callable[[], bytes | None]) -> bytes | None:
        began_at = time.monotonic()
        within_s = min(self._settings.deadline_s, self._left_s)
        if within_s <= 0:
            raise FilterFailed(f"it took {self._settings.message_deadline_s:g} s for one message")
        self._stream.deadline_at = began_at + within_s
        try:
            return act()
        except StreamTimeout as exc:
            raise FilterFailed(f"no answer within {within_s:g} s") from exc
        except StreamClosed as exc:
            raise FilterFailed(str(exc)) from exc
        finally:
            self._left_s -= time.monotonic() - began_at
