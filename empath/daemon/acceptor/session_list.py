"""
session_list - the sessions of this process, as rows that people may read and close

Once a second the list writes the rows that changed, in one commit, and none where nothing did.  A session that is over
within its first second never gets a row, so a server that takes much mail from quick clients writes nothing.
"""

import time
from collections.abc import Collection
from typing import Final, Protocol

import gevent

from empath.daemon.process.orders import LOOK_S
from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.storage.queue.sessions import KeepSessions, SessionRow, closing_sessions
from empath.telemetry.occurrences.acceptor import SessionsUnlisted

_YOUNG_S: Final = 1.0  # a session of this age gets a row
_MOST: Final = 200  # rows written in one commit; the rest waits for the next one


class Listed(Protocol):
    """A session that may be listed."""

    number: int
    began_at: float  # on the monotonic clock

    @property
    def progress(self) -> tuple[int, str]:
        """Octets received, and the state: nothing of the row changes without one of these."""

    def row(self) -> SessionRow:
        """The session as it stands."""

    def close_by_order(self) -> None:
        """End the session with 421."""


class SessionList:
    """The rows of this process."""

    def __init__(self, runtime: Runtime, sessions: Collection[Listed]) -> None:
        """*sessions* are those that live; their owner changes it."""
        self._runtime = runtime
        self._sessions = sessions
        self._written: dict[int, tuple[int, str]] = {}  # progress by number, the longest unchanged first
        self._is_failing = False

    def run(self) -> None:
        """Body of a greenlet, as long as the process lives."""
        reader = self._runtime.reader
        is_turn_to_write = False
        while True:
            gevent.sleep(LOOK_S)
            is_turn_to_write = not is_turn_to_write
            try:
                if self._written:
                    self._close(closing_sessions(reader, self._runtime.process_id))
                if is_turn_to_write and self._runtime.process_id:
                    self._write()
                    self._is_failing = False
            except EmpathError as exc:
                if not self._is_failing:  # one line each time that it begins
                    self._runtime.emit(SessionsUnlisted(error=str(exc)))
                self._is_failing = True

    def _close(self, numbers: list[int]) -> None:
        for session in [session for session in self._sessions if session.number in numbers]:
            session.close_by_order()

    def _write(self) -> None:
        old_before = time.monotonic() - _YOUNG_S
        written, living = self._written, {session.number: session for session in self._sessions}
        ended = [number for number in written if number not in living]
        changed = [
            session
            for number, session in living.items()
            if session.began_at <= old_before and written.get(number) != session.progress
        ]
        if len(changed) > _MOST:
            places = {number: place for place, number in enumerate(written)}
            changed = sorted(changed, key=lambda session: places.get(session.number, -1))[:_MOST]
        if not ended and not changed:
            return
        progress = {session.number: session.progress for session in changed}
        rows = [session.row() for session in changed]
        self._runtime.writer.commit(KeepSessions(self._runtime.process_id, rows, ended))
        for number in (*ended, *progress):
            written.pop(number, None)
        written |= progress
