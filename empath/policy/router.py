"""
router - which route the mail for one recipient takes, and what decided that

RULES
    The first of these that gives a route decides:

    1. the double-bounce address of this host is discarded;
    2. a module, or the quarantine of DMARC, gave the message a route at reception;
    3. [routes] has the recipient's address;
    4. a pattern of the recipient's domain other than "*": the most exact one, and for the same pattern a row of the
       view destination_rule before [destinations], and that before [routes];
    5. [account_routes] has the account that sent the message;
    6. [sender_routes] has the sender's address, or a pattern of its domain;
    7. the pattern "*", in the order of step 4.

    So mail to a domain that has a route of its own goes there, whoever sends it: the smarthost of an account gets no
    mail for a mailbox of this host.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import AddressLiteral, Domain, parse_stored
from empath.policy.bounce import is_double_bounce
from empath.policy.pattern import DomainPattern, PatternTable
from empath.policy.recipients import folded
from empath.policy.routing import DiscardRoute, Route, destination_of, parse_route, route_text

ROUTE_KEY: Final = "empath.route"  # in the metadata of a message: the route that a module or the quarantine gave it
_EVERY: Final = "*"


class RouteLayer(StrEnum):
    """What gave a route."""

    BUILT_IN = "built-in"
    MODULE = "module"
    RULE = "destination_rule"
    DESTINATIONS = "[destinations]"
    ROUTES = "[routes]"
    ACCOUNT_ROUTES = "[account_routes]"
    SENDER_ROUTES = "[sender_routes]"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RouteDecision:
    """
    The route of one recipient. None: its mail has nowhere to go.

    Shape: pattern is the key of the table or row that decided, None if none did.
    """

    route: Route | None
    layer: RouteLayer
    pattern: str | None = None

    def destination(self, domain: str) -> str:
        """The key under which mail for *domain* waits."""
        return destination_of(self.route, domain)


@dataclass(frozen=True, slots=True)
class SenderPattern:
    """
    A key of [sender_routes]. Shape: text is an address in its text form, `@` and a domain pattern other than `*`, or
    `<>`, which is mail without a sender, such as reports.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> "SenderPattern":
        """
        Read one of the three forms.

        Raises:
            SyntaxViolation: *text* is none of them.
        """
        if text == "<>":
            return cls(text)
        if text.startswith("@"):
            pattern = DomainPattern.parse(text[1:])
            if pattern.text == _EVERY:
                raise SyntaxViolation("'@*' is every sender; give the route to the pattern \"*\" of [routes]")
            return cls(f"@{pattern}")
        return cls(str(Address.parse(text)))

    def __str__(self) -> str:
        return self.text


def parse_recipient_pattern(text: str) -> DomainPattern | Address:
    """
    Read a key of [routes]: an address, or a domain pattern.

    Raises:
        SyntaxViolation: *text* is neither.
    """
    return Address.parse(text) if "@" in text else DomainPattern.parse(text)


@dataclass(frozen=True, slots=True)
class RouteTables:
    """
    All that gives routes.

    Shape: recipients are the entries of [routes], senders those of [sender_routes], accounts those of [account_routes];
    rules are the routes of [destinations] and of destination_rule, a later one of the same pattern wins.
    """

    recipients: tuple[tuple[DomainPattern | Address, Route], ...] = ()
    senders: tuple[tuple[SenderPattern, Route], ...] = ()
    accounts: tuple[tuple[str, Route], ...] = ()
    rules: tuple[tuple[DomainPattern, Route, RouteLayer], ...] = ()

    def digest(self) -> str:
        """Hexadecimal SHA-256 of the entries: the same in every process for the same tables."""
        lines = [
            *(f"{pattern} = {route_text(route)}" for pattern, route in self.recipients),
            *(f"from {pattern} = {route_text(route)}" for pattern, route in self.senders),
            *(f"account {name} = {route_text(route)}" for name, route in self.accounts),
            *(f"{layer} {pattern} = {route_text(route)}" for pattern, route, layer in self.rules),
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class SentBy(NamedTuple):
    """
    Who sent a message, and what modules wrote about it: what a route may depend on besides the recipient.

    Shape: sender is the text form of the reverse-path, empty for the null one; account is the name by which the client
    logged in; metadata is the JSON object of modules.
    """

    sender: str = ""
    account: str | None = None
    metadata: str = "{}"


class Router:
    """Decides routes by *tables*. `hostname` is that of this host."""

    def __init__(self, hostname: Domain, tables: RouteTables) -> None:
        self.tables = tables
        self._hostname = hostname
        self._addresses: dict[str, RouteDecision] = {}
        by_domain = []
        for pattern, route in tables.recipients:
            decision = RouteDecision(route, RouteLayer.ROUTES, str(pattern))
            if isinstance(pattern, Address):
                self._addresses[folded(str(pattern))] = decision
            else:
                by_domain.append((pattern, decision))
        by_domain += [(p, RouteDecision(route, layer, str(p))) for p, route, layer in tables.rules]
        self._domains = PatternTable(by_domain)
        self._accounts = {
            name: RouteDecision(route, RouteLayer.ACCOUNT_ROUTES, name) for name, route in tables.accounts
        }
        self._senders = _SenderTable(tables.senders)
        self._is_by_sender = bool(tables.senders or tables.accounts)
        self._domains_of_addresses = {address.rpartition("@")[2] for address in self._addresses}
        self._special = {str(hostname), *self._domains_of_addresses}

    def decide(self, address: str, domain: Domain | AddressLiteral, sent_by: SentBy) -> RouteDecision:
        """The route for the recipient *address*, in its text form, whose domain is *domain*."""
        if is_double_bounce(address, self._hostname):
            return _DOUBLE_BOUNCE
        if ROUTE_KEY in sent_by.metadata:
            by_module = _decision_of_module(sent_by.metadata)
            if by_module is not None:
                return by_module
        if self._addresses:
            by_address = self._addresses.get(folded(address))
            if by_address is not None:
                return by_address
        by_domain = self.decide_for_domain(domain)
        if not self._is_by_sender or (by_domain.pattern is not None and by_domain.pattern != _EVERY):
            return by_domain
        by_account = self._accounts.get(sent_by.account) if sent_by.account is not None else None
        return by_account or self._senders.find(sent_by.sender) or by_domain

    def decide_for_domain(self, domain: Domain | AddressLiteral) -> RouteDecision:
        """The route that *domain* has, whatever the address and the sender."""
        return self._domains.find(domain) or _NOWHERE

    def has_address_at(self, domain: str) -> bool:
        """Whether an address of *domain* has a route of its own."""
        return domain in self._domains_of_addresses

    def depends_on(self, domain: str, metadata: str) -> bool:
        """Whether the route of a message with *metadata* depends on more than the recipient's *domain*."""
        return self._is_by_sender or domain in self._special or ROUTE_KEY in metadata


@dataclass(slots=True)
class _SenderTable:
    """[sender_routes]: an address before its domain, and that before a pattern."""

    entries: tuple[tuple[SenderPattern, Route], ...]
    _exact: dict[str, RouteDecision] = field(init=False)
    _domains: PatternTable[RouteDecision] = field(init=False)

    def __post_init__(self) -> None:
        decisions = [(str(p), RouteDecision(route, RouteLayer.SENDER_ROUTES, str(p))) for p, route in self.entries]
        self._exact = {folded(text): decision for text, decision in decisions if not text.startswith("@")}
        self._domains = PatternTable(
            (DomainPattern(text[1:]), decision) for text, decision in decisions if text.startswith("@")
        )

    def find(self, sender: str) -> RouteDecision | None:
        """The decision for the reverse-path *sender*."""
        if not sender:
            return self._exact.get("<>")
        found = self._exact.get(folded(sender))
        return found or self._domains.find(parse_stored(sender.rpartition("@")[2]))


_DOUBLE_BOUNCE: Final = RouteDecision(DiscardRoute(), RouteLayer.BUILT_IN, "double-bounce")
_NOWHERE: Final = RouteDecision(None, RouteLayer.NONE)


@lru_cache(maxsize=256)
def _decision_of_module(metadata: str) -> RouteDecision | None:
    """The route in *metadata*; one that cannot be read leads nowhere, so the mail waits for a person."""
    found: Mapping[str, object] = json.loads(metadata)
    if ROUTE_KEY not in found:  # the words are part of a value
        return None
    text = found[ROUTE_KEY]
    try:
        return RouteDecision(parse_route(str(text)), RouteLayer.MODULE, str(text))
    except SyntaxViolation:
        return RouteDecision(None, RouteLayer.MODULE, str(text))
