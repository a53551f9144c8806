"""sessions - what a person does with the sessions of clients"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.errors import MissingInput
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One session of a client. Shape: as the columns of the view `session`; began_at in Unix seconds."""

    session: str
    listener: str
    client: str
    client_name: str
    account: str | None
    tls: str | None
    state: str
    messages: int
    octets: int
    began_at: float
    process: str
    node: str


def open_sessions(engine: Engine) -> list[OpenSession]:
    """
    The sessions that have lasted longer than a second, the oldest first.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [OpenSession(**record) for record in visit.records("sessions.all")]


class CloseSessions(Write):
    """
    Have *sessions* ended by their acceptors, in the name of *who*; all of them or none.

    Raises:
        MissingInput: one of them is not open.
    """

    def __init__(self, sessions: Sequence[str], *, who: str) -> None:
        super().__init__()
        self._sessions = sessions
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            for name in self._sessions:
                if not session.value("sessions.is_open", {"session": name}):
                    raise MissingInput(f"no session {name!r} is open; `empath-admin sessions` shows all")
                session.run("sessions.close", {"session": name})
