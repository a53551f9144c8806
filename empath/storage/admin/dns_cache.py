"""dns_cache - what a person does with the answers of the DNS that processes share"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from empath.errors import MissingInput
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.queue.dns_cache import Asked, KeepAnswers, last_order
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class DnsRow:
    """One answer. Shape: as the columns of the view `dns_cache`; instants in Unix seconds."""

    name: str
    type: str
    status: str
    answer: list[str]
    alias_of: str
    dnssec: str | None
    asked_at: float
    expires_at: float
    stale_until: float
    times_asked: int
    failure: str | None


@dataclass(frozen=True, slots=True)
class DnsFilter:
    """Which answers: those about a name, or of a type; None for any."""

    name: str | None = None
    type: str | None = None

    @property
    def bindings(self) -> dict[str, object]:
        """The parameters of the statements."""
        return {"name": self.name, "type": self.type}


class ForgetAnswers(Write):
    """
    Forget the answers that *wanted* names, in the name of *who*, and let every process ask anew. `removed` is their
    number; a process may have an answer that is not in a row.

    Raises:
        MissingInput: a type was named, and there is no such answer.
    """

    def __init__(self, wanted: DnsFilter, *, who: str) -> None:
        super().__init__()
        self.removed = 0
        self._wanted = wanted
        self._who = who

    def run(self, session: Session) -> None:
        self.removed = int(session.value("dns_cache.number_shown", self._wanted.bindings))
        if self._wanted.type is not None and not self.removed:
            raise MissingInput("there is no such answer; `empath-admin dns list` shows all")
        with acting(session, self._who):
            session.run("dns_cache.forget_shown", self._wanted.bindings)
            if self._wanted.type is None:
                session.run("dns_cache.ask_anew", {"name": self._wanted.name})


class ReplaceAnswers(Write):
    """Forget what is known of the names in *asked*, in the name of *who*, and write these answers instead."""

    def __init__(self, asked: Sequence[Asked], *, who: str) -> None:
        super().__init__()
        self._asked = asked
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            for each in self._asked:
                wanted = DnsFilter(each.question.name, str(each.question.kind))
                session.run("dns_cache.forget_shown", wanted.bindings)
                session.run("dns_cache.ask_anew", {"name": wanted.name})
        KeepAnswers(self._asked, seen=last_order(session)).run(session)


def dns_rows(engine: Engine, wanted: DnsFilter) -> list[DnsRow]:
    """
    The answers that *wanted* names, by name and type.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        found = visit.records("dns_cache.shown", wanted.bindings)
        return [DnsRow(**(record | {"answer": json.loads(record["answer"])})) for record in found]
