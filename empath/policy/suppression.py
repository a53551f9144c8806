"""
suppression - addresses that get no more mail

The rows of the view `suppression` are addresses, or `@domain` for all of a domain.  Some come from operators, some from
hosts that refused an address for good with a class of failure that [suppression] names.  Mail to them is refused at
RCPT, or bounced when its turn comes, and no host is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import parse_domain
from empath.mail.fate import Said
from empath.mail.printable import printable
from empath.mail.reply import EnhancedStatus, Reply
from empath.mail.status import RecipientStatus
from empath.policy.recipients import folded
from empath.policy.replies.bounce_class import BounceClass

_MOST_REASON: Final = 200  # characters of the reason that a client hears
_STATUS_OF: Final = {
    str(BounceClass.BAD_MAILBOX): EnhancedStatus(5, 1, 1),
    str(BounceClass.INACTIVE_MAILBOX): EnhancedStatus(5, 2, 1),
}
_NOT_ALLOWED: Final = EnhancedStatus(5, 7, 1)
# Classes that say nothing of the address; an address must not be suppressed because this host failed.
OF_ADDRESSES: Final = frozenset(BounceClass) - {BounceClass.LOCAL, BounceClass.SUPPRESSED, BounceClass.LOGIN}


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One row. Shape: address is folded, or `@domain`; bounce_class is None where an operator gave none."""

    address: str
    reason: str | None
    bounce_class: str | None


@dataclass(frozen=True, slots=True)
class SuppressionRules:
    """Which final failures suppress an address, and for how long."""

    classes: frozenset[BounceClass]
    lifetime_s: float

    @property
    def effective(self) -> frozenset[BounceClass]:
        """The classes that suppress an address."""
        return self.classes & OF_ADDRESSES

    def until(self, status: RecipientStatus, said: Said, bounce_class: str, now: float) -> float | None:
        """The instant until which the fate of a recipient suppresses its address; None: it does not."""
        if status is not RecipientStatus.BOUNCED or not said.reply.is_from_host or said.reply.klass != 5:
            return None
        return now + self.lifetime_s if bounce_class in self.effective else None


def parse_suppressed(text: str) -> str:
    """
    Read an address or `@domain` as the rows have it.

    Raises:
        SyntaxViolation: it is neither.
    """
    try:
        return f"@{parse_domain(text[1:])}" if text.startswith("@") else folded(str(Address.parse(text)))
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"{text!r} is neither an address nor @domain: {exc}") from exc


def keys_of(address: str) -> tuple[str, str]:
    """The rows that suppress *address*, the text form of a forward-path: its own, then that of its domain."""
    exact = folded(address)
    return exact, f"@{exact.rpartition('@')[2]}"


def refusal(row: Suppressed) -> Reply:
    """The reply to mail for such an address."""
    status = _STATUS_OF.get(row.bounce_class or "", _NOT_ALLOWED)
    about = f"{row.address}, " if row.address.startswith("@") else ""
    reason = printable(row.reason or row.bounce_class or "by the operator")[:_MOST_REASON]
    return Reply(550, status, f"suppressed: {about}{reason}")


def best(rows: Sequence[Suppressed], address: str) -> Suppressed | None:
    """Of *rows*, the one that suppresses *address*: its own before that of its domain."""
    by_key = {row.address: row for row in rows}
    return next((by_key[key] for key in keys_of(address) if key in by_key), None)
