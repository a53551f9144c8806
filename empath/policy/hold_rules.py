"""
hold_rules - mail that is held when its turn comes, by the rows of the view hold_rule

A rule names mail by its sender, a recipient, its destination, the account or the client that it came from.  A worker
asks the book of all rules before it gives a message to a carrier.  Of several rules that fit the oldest counts.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, assert_never

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.identity import Timestamp
from empath.policy.access import plain_address
from empath.policy.destinations.rulebook import DestinationPattern
from empath.policy.pattern import DomainPattern
from empath.policy.recipients import folded
from empath.policy.service_part import Scope, ServicePart

NULL_SENDER: Final = "<>"
EVERY: Final = "*"
_MAX_PATTERN: Final = 1024


class HoldScope(StrEnum):
    """What of a mail the pattern of a rule is compared with."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    DESTINATION = "destination"
    ACCOUNT = "account"
    CLIENT = "client"


class Held(NamedTuple):
    """
    What a rule may know of a recipient and its message.

    Shape: sender and recipient are text forms, sender is empty for null; domain is that of the recipient; account is
    None where the client did not log in.
    """

    sender: str
    recipient: str
    domain: str
    destination: str
    account: str | None
    client: str


@dataclass(frozen=True, slots=True)
class HoldPattern:
    """
    Which mail a rule is about.

    Shape: of a sender or recipient an address, `@domain` or `@*.domain`, folded, of a sender also `<>`; of a
    destination a domain, `*.domain`, a next hop as the view destination names it, or `*`; of an account its name; of a
    client an IP address or network.
    """

    scope: HoldScope
    text: str

    @classmethod
    def parse(cls, scope: str, text: str) -> "HoldPattern":
        """
        Read what a person gave.

        Raises:
            SyntaxViolation: there is no such scope, or *text* is none of it.
        """
        kind = next((each for each in HoldScope if each == scope), None)
        if kind is None:
            raise SyntaxViolation(f"not a scope: {scope!r} (use {', '.join(HoldScope)})")
        if not 1 <= len(text) <= _MAX_PATTERN:
            raise SyntaxViolation(f"a pattern has 1 to {_MAX_PATTERN} characters")
        match kind:
            case HoldScope.SENDER | HoldScope.RECIPIENT:
                return cls(kind, _address_pattern(kind, text))
            case HoldScope.CLIENT:
                return cls(kind, ServicePart.parse(Scope.CLIENT, text).pattern)
            case HoldScope.DESTINATION:
                if text.startswith("mx:"):
                    raise SyntaxViolation("hold rules know no MX hosts: mail is held before a host is looked for")
                return cls(kind, str(DestinationPattern.parse(text)))
            case HoldScope.ACCOUNT:
                return cls(kind, text)
            case _:
                assert_never(kind)

    def __str__(self) -> str:
        return f"{self.scope} {self.text}"


def _address_pattern(scope: HoldScope, text: str) -> str:
    if text == NULL_SENDER and scope is HoldScope.SENDER:
        return text
    if text.startswith("*@"):  # an address to the letter, and what nobody means by it
        raise SyntaxViolation(f"{text!r} is neither an address nor @domain nor @*.domain: use {text[1:]}")
    try:
        return folded(f"@{DomainPattern.parse(text[1:])}" if text.startswith("@") else str(Address.parse(text)))
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"{text!r} is neither an address nor @domain nor @*.domain: {exc}") from exc


@dataclass(frozen=True, slots=True)
class HoldRule:
    """One row. Shape: expires_at is None where it does not end."""

    rule_id: int
    pattern: HoldPattern
    expires_at: Timestamp | None
    reason: str | None
    created_at: Timestamp

    @property
    def name(self) -> str:
        """What the audit calls it."""
        return f"hold rule {self.rule_id}"

    @property
    def words(self) -> str:
        """Name, pattern and reason, for people."""
        return f"{self.name}, {self.pattern}" + (f": {self.reason}" if self.reason else "")


class HoldBook:
    """All rules of one instant; false if there is none. `ends_at` is when the first of them ends, None if none does."""

    __slots__ = ("_by_key", "_networks", "ends_at", "rules")

    def __init__(self, rules: Iterable[HoldRule] = ()) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.rule_id))
        self.ends_at = min((rule.expires_at for rule in self.rules if rule.expires_at is not None), default=None)
        self._by_key: dict[tuple[HoldScope, str], HoldRule] = {}
        self._networks: dict[tuple[int, int], dict[int, HoldRule]] = {}  # by version and bits, then by these bits
        for rule in self.rules:
            if rule.pattern.scope is HoldScope.CLIENT:
                network = ipaddress.ip_network(rule.pattern.text)
                size = (network.version, network.prefixlen)
                bits = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
                self._networks.setdefault(size, {}).setdefault(bits, rule)
            else:
                self._by_key.setdefault((rule.pattern.scope, rule.pattern.text), rule)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def find(self, mail: Held) -> HoldRule | None:
        """The rule by which *mail* is held; None if none is about it."""
        found = [rule for key in _keys(mail) if (rule := self._by_key.get(key)) is not None]
        found += self._of_client(mail.client)
        return min(found, key=lambda rule: rule.rule_id, default=None)

    def _of_client(self, client: str) -> Iterator[HoldRule]:
        number = _number(client) if self._networks else None
        if number is None:
            return
        version, value = number
        most = 32 if version == 4 else 128
        for (of_version, bits), networks in self._networks.items():
            if of_version == version and (rule := networks.get(value >> (most - bits))) is not None:
                yield rule


def _keys(mail: Held) -> Iterator[tuple[HoldScope, str]]:
    """Each pattern that names *mail*, but for those of clients."""
    yield from ((HoldScope.SENDER, text) for text in _of_address(mail.sender or NULL_SENDER))
    yield from ((HoldScope.RECIPIENT, text) for text in _of_address(mail.recipient))
    for text in dict.fromkeys((mail.destination, mail.domain)):
        yield HoldScope.DESTINATION, text
        yield from ((HoldScope.DESTINATION, f"*.{above}") for above in _above(text))
    yield HoldScope.DESTINATION, EVERY
    if mail.account is not None:
        yield HoldScope.ACCOUNT, mail.account


def _of_address(address: str) -> Iterator[str]:
    exact = folded(address)
    yield exact
    _, at, domain = exact.rpartition("@")
    if at:
        yield f"@{domain}"
        yield f"@{EVERY}"
        yield from (f"@*.{above}" for above in _above(domain))


def _above(domain: str) -> Iterator[str]:
    rest = domain.partition(".")[2]
    while rest:
        yield rest
        rest = rest.partition(".")[2]


@lru_cache(maxsize=1024)
def _number(client: str) -> tuple[int, int] | None:
    """Version and number of an IP address; None for a client of another kind."""
    try:
        address = plain_address(ipaddress.ip_address(client))
    except ValueError:
        return None
    return address.version, int(address)
