"""greylist - what a person does with the greylist"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.errors import MissingInput
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class GreylistRow:
    """One row. Shape: as the columns of the view `greylist`; instants in Unix seconds."""

    client: str
    sender: str
    recipient: str
    first_seen_at: float
    passes_at: float | None
    expires_at: float | None
    hits: int


@dataclass(frozen=True, slots=True)
class GreylistFilter:
    """Which rows: those of a client, a sender or a recipient, each as the view shows it; None for any."""

    client: str | None = None
    sender: str | None = None
    recipient: str | None = None

    @property
    def bindings(self) -> dict[str, object]:
        """The parameters of the statements."""
        return {"client": self.client, "sender": self.sender, "recipient": self.recipient}


class AllowClients(Write):
    """Let all mail of *clients*, which are networks, pass from now on, in the name of *who*."""

    def __init__(self, clients: Sequence[str], *, who: str) -> None:
        super().__init__()
        self._clients = clients
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            for client in self._clients:
                session.run("greylist.allow", {"client": client})


class ForgetGreylist(Write):
    """
    Forget the rows that *wanted* names, in the name of *who*. `removed` is their number.

    Raises:
        MissingInput: there is none.
    """

    def __init__(self, wanted: GreylistFilter, *, who: str) -> None:
        super().__init__()
        self.removed = 0
        self._wanted = wanted
        self._who = who

    def run(self, session: Session) -> None:
        self.removed = int(session.value("greylist.number_shown", self._wanted.bindings))
        if not self.removed:
            raise MissingInput("the greylist has no such row; `empath-admin greylist list` shows all")
        with acting(session, self._who):
            session.run("greylist.forget_shown", self._wanted.bindings)


def greylist_rows(engine: Engine, wanted: GreylistFilter) -> list[GreylistRow]:
    """
    The rows that *wanted* names, by client, sender and recipient.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [GreylistRow(**record) for record in visit.records("greylist.shown", wanted.bindings)]
