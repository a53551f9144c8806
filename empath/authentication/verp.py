"""
verp - a sender for each recipient, so that a report that comes later names the mail that it is about

THEORY
    Hosts report in many forms, and some name no address, or another one than this host has sent to.  A sender of its
    own for each recipient (Variable Envelope Return Path) says it without a word of theirs: the id of the message and
    the address stand in it, so it needs no row of the queue.

RULES
    Only what this host has given out is believed, by a keyed hash: else anybody could have a stranger suppressed.
    It ages: the id has the instant in it at which the message was accepted.
    Hosts on the way may change the case of a local part, so case makes no difference.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from empath.authentication.keyed_hash import is_keyed, keyed_hash
from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import Domain, parse_domain
from empath.mail.identity import QueueId

MAX_AGE_S: Final = 60 * 86_400.0
_SKEW_S: Final = 86_400.0  # between the clocks of hosts that share a secret
_LENGTH: Final = 12  # of a hash
_START: Final = "bounces+"
_FORM: Final = re.compile(r"bounces\+([^=]*)=([^=]*)=([^=]+)=(.+)", re.IGNORECASE | re.DOTALL)


class SentTo(NamedTuple):
    """What such a sender says: the message, and the recipient; its address perhaps in another case."""

    queue_id: str
    address: Address


class Verp:
    """Makes senders of a *domain*, and reads them. The first of *secrets* makes them, and all are accepted."""

    __slots__ = ("_domain", "_secrets")

    def __init__(self, domain: Domain, secrets: Sequence[bytes]) -> None:
        self._domain = domain
        self._secrets = tuple(secrets)

    def sender(self, queue_id: QueueId, recipient: Address) -> str | None:
        """The sender of a message for *recipient*, in text form; None where it would be longer than a path may be."""
        local_part = str(recipient).removesuffix(f"@{recipient.domain}")
        parts = (str(queue_id), str(recipient.domain), local_part)
        made = Address(
            f"{_START}{keyed_hash(self._secrets[0], *parts, length=_LENGTH)}={'='.join(parts)}", self._domain
        )
        try:
            return str(Address.parse(str(made)))
        except SyntaxViolation:
            return None

    def takes(self, address: Address) -> bool:
        """Whether *address* looks like one of these senders."""
        return address.local_part[: len(_START)].lower() == _START and address.domain == self._domain

    def has_given_out(self, address: Address, now: float) -> bool:
        """Whether *address* is one of these senders that this host has given out lately."""
        return self.takes(address) and self.read(address, now) is not None

    def read(self, address: Address, now: float) -> SentTo | None:
        """What such a sender says; None if this host has not given it out, or too long ago."""
        match = _FORM.fullmatch(address.local_part)
        if match is None:
            return None
        digest, *parts = match.groups()
        if not is_keyed(digest, self._secrets, *parts, length=_LENGTH):
            return None
        found = said_by(address)
        if found is None:
            return None
        age_s = now - QueueId.parse(found.queue_id).made_at
        return found if -_SKEW_S <= age_s <= MAX_AGE_S else None


def said_by(address: Address) -> SentTo | None:
    """What the words of a sender say, whoever wrote them; None if it has not the form."""
    match = _FORM.fullmatch(address.local_part)
    if match is None:
        return None
    _, queue_id, domain, local_part = match.groups()
    try:
        return SentTo(str(QueueId.parse(queue_id.upper())), Address.parse(f"{local_part}@{parse_domain(domain)}"))
    except SyntaxViolation:
        return None
