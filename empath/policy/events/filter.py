"""
filter - which events a consumer wants
"""

from collections.abc import Iterable
from dataclasses import dataclass

from empath.errors import SyntaxViolation
from empath.policy.events.form import Event
from empath.policy.events.types import ASKED_FOR, GAP, NAMES


def parse_type(text: str) -> str:
    """
    The name of a type.

    Raises:
        SyntaxViolation: there is none of this name.
    """
    if text not in NAMES:
        raise SyntaxViolation(f"not a type of event: {text[:100]!r} (one of {', '.join(NAMES)})")
    return text


def parse_party(text: str) -> str:
    """
    An address such as `user@example.org`, or a domain such as `example.org`, in lower case.

    Raises:
        SyntaxViolation: it is neither.
    """
    if not 0 < len(text) <= 1024 or not text.isprintable() or " " in text or text in ("@", "<>"):
        raise SyntaxViolation(f"not an address or a domain: {text[:100]!r}")
    return text.removeprefix("@").lower()


@dataclass(frozen=True, slots=True)
class EventFilter:
    """
    Conditions that must all hold; an empty one holds always, but types then leaves out those of ASKED_FOR.

    Shape: senders and recipients as `parse_party` gives them.
    """

    types: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        types: Iterable[str] = (),
        senders: Iterable[str] = (),
        recipients: Iterable[str] = (),
        accounts: Iterable[str] = (),
    ) -> "EventFilter":
        """The filter with these words."""
        return cls(frozenset(types), frozenset(senders), frozenset(recipients), frozenset(accounts))

    def takes(self, event: Event) -> bool:
        """Whether *event* is wanted. A gap always is."""
        return event.type == GAP.name or (
            (event.type in self.types if self.types else event.type not in ASKED_FOR)
            and _is_party(event.sender, self.senders)
            and _is_party(event.recipient, self.recipients)
            and (not self.accounts or event.account in self.accounts)
        )


def _is_party(address: str | None, wanted: frozenset[str]) -> bool:
    if not wanted:
        return True
    if address is None:
        return False
    folded = address.lower()
    return folded in wanted or folded.rpartition("@")[2] in wanted
