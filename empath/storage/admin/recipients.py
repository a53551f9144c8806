"""recipients - what a person does to the aliases and to the list of recipients"""

from collections.abc import Sequence

from empath.errors import MissingInput
from empath.storage.admin.records import Alias
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.write import Write


class AddAlias(Write):
    """Add *targets* to the alias *pattern*; one that it has already stays."""

    def __init__(self, pattern: str, targets: Sequence[str], *, who: str) -> None:
        super().__init__()
        self._pattern = pattern
        self._targets = targets
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            for target in self._targets:
                session.run("recipients.add_alias", {"pattern": self._pattern, "target": target})


class RemoveAlias(Write):
    """
    Remove *targets* of the alias *pattern*; without *targets* all of them. `removed` is their number.

    Raises:
        MissingInput: there is none.
    """

    def __init__(self, pattern: str, targets: Sequence[str], *, who: str) -> None:
        super().__init__()
        self.removed = 0
        self._pattern = pattern
        self._targets = targets
        self._who = who

    def run(self, session: Session) -> None:
        known = [str(target) for (target,) in session.rows("recipients.targets_of", {"pattern": self._pattern})]
        leaving = [target for target in known if not self._targets or target in self._targets]
        if not leaving:
            raise MissingInput(f"no such alias of {self._pattern!r}; `empath-admin alias list` shows all")
        with acting(session, self._who):
            for target in leaving:
                session.run("recipients.remove_alias", {"pattern": self._pattern, "target": target})
        self.removed = len(leaving)


class ListRecipients(Write):
    """Add *addresses* to the list of recipients. `added` is the number of those that were new."""

    def __init__(self, addresses: Sequence[str], *, who: str) -> None:
        super().__init__()
        self.added = 0
        self._addresses = addresses
        self._who = who

    def run(self, session: Session) -> None:
        self.added = 0
        with acting(session, self._who):
            for address in self._addresses:
                if not session.rows("recipients.listed", {"exact": address, "without_tag": address}):
                    session.run("recipients.list_address", {"address": address})
                    self.added += 1


class UnlistRecipients(Write):
    """
    Remove *addresses* from the list of recipients.

    Raises:
        MissingInput: it does not have one of them; nothing is removed.
    """

    def __init__(self, addresses: Sequence[str], *, who: str) -> None:
        super().__init__()
        self._addresses = addresses
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            for address in self._addresses:
                if not session.rows("recipients.listed", {"exact": address, "without_tag": address}):
                    raise MissingInput(f"the list has no {address!r}; `empath-admin recipient list` shows all")
                session.run("recipients.unlist_address", {"address": address})


def all_aliases(engine: Engine) -> list[Alias]:
    """
    Every target of every alias.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [Alias(**record) for record in visit.records("recipients.aliases")]


def all_recipients(engine: Engine) -> list[str]:
    """
    Every address of the list of recipients.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [str(address) for (address,) in visit.rows("recipients.listed_addresses")]
