"""sessions - the sessions of clients, as rows that people may read and close"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session, as it stands. Shape: as the columns of _session in sql/sqlite/schema.sql."""

    number: int
    listener: str
    client_address: str
    client_name: str
    account: str | None
    tls: str | None
    state: str
    messages: int
    octets: int
    began_at: float


class KeepSessions(Write):
    """Bring the rows of some sessions of a process up to date, and remove those of *ended*, numbers of sessions."""

    def __init__(self, process_id: int, sessions: Sequence[SessionRow], ended: Sequence[int]) -> None:
        super().__init__()
        self.rows = len(sessions) + len(ended)
        self._process_id = process_id
        self._sessions = sessions
        self._ended = ended

    def run(self, session: Session) -> None:
        for row in self._sessions:
            values = {name: getattr(row, name) for name in SessionRow.__slots__}
            session.run("sessions.keep", values | {"process_id": self._process_id})
        for number in self._ended:
            session.run("sessions.forget", {"process_id": self._process_id, "number": number})


def closing_sessions(reader: Reader, process_id: int) -> list[int]:
    """Numbers of the sessions that an operator wants *process_id* to end."""
    return [number for (number,) in reader.rows("sessions.closing", {"process_id": process_id})]
