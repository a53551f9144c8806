"""
forwarder - the sender of forwarded mail, and to whom mail to such a sender goes

THEORY
    Mail for an alias whose target is elsewhere leaves with a sender of this host, see `srs`.  A report about it comes
    back to that address, and goes on to the first sender.

RULES
    The null sender stays, and so does one whose domain names this host already: its own domains.
    An address that would be too long to be sent keeps its sender.  The mail may fail SPF then, and is not lost.
    Only local parts that look like those of SRS are taken.  All other addresses of the domain are what they were.
"""

from collections.abc import Callable, Sequence
from typing import Final

from empath.authentication.srs import forward, reverse
from empath.errors import SyntaxViolation
from empath.mail.address import Address, ReversePath
from empath.mail.domain import AddressLiteral, Domain, parse_domain

DAY_S: Final = 86_400.0
_MARKS: Final = ("srs0", "srs1")
_SEPARATORS: Final = "=+-"


class Forwarder:
    """Makes senders of a domain, and reads them. *is_own* says whose senders stay as they are."""

    __slots__ = ("_domain", "_is_own", "_secrets")

    def __init__(
        self, domain: Domain, secrets: Sequence[bytes], is_own: Callable[[Domain | AddressLiteral], bool]
    ) -> None:
        """*secrets* are not empty: the first makes addresses, and all are accepted."""
        self._domain = domain
        self._secrets = tuple(secrets)
        self._is_own = is_own

    def sender(self, path: ReversePath, now: float) -> str | None:
        """The sender of mail from *path* that is forwarded, in text form; None if it stays."""
        address = path.address
        if address is None or address.domain == self._domain or self._is_own(address.domain):
            return None
        # As the mailbox is written: the quotes of a local part come back with it.
        local_part = str(address).removesuffix(f"@{address.domain}")
        made = Address(forward(local_part, str(address.domain), self._secrets[0], int(now // DAY_S)), self._domain)
        try:
            return str(Address.parse(str(made)))
        except SyntaxViolation:
            return None

    def takes(self, address: Address) -> bool:
        """Whether *address* looks like one of these senders."""
        local_part = address.local_part
        if local_part[:4].lower() not in _MARKS or local_part[4:5] not in _SEPARATORS or not local_part[4:]:
            return False
        return address.domain == self._domain

    def owner(self, address: Address, now: float) -> Address | None:
        """To whom mail for *address* goes; None if this host has not given it out, or too long ago."""
        found = reverse(address.local_part, self._secrets, int(now // DAY_S))
        if found is None:
            return None
        try:
            return Address.parse(f"{found.local_part}@{parse_domain(found.domain)}")
        except SyntaxViolation:  # a secret that others know, or one that was used for something else
            return None
