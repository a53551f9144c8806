"""
rulebook - what holds of a destination, by all the rules of the file and of the queue

THEORY
    There are three layers: the built-in defaults, the tables [destinations."pattern"] of the file, and the rows of the
    view destination_rule.  Each setting is found apart: the most exact pattern that gives it decides, and at the same
    pattern a row comes before the file.  A row with an end comes before one without: it stands in for it, and gives way
    to it when it ends.

    Patterns, the most exact first:

    1. the recipient's domain: `example.org`, `[192.0.2.1]`
    2. the next hop, as the destination is called: `smtp:relay.example.net:25`, `maildir:/path`
    3. the domains above it, the longest first: `*.example.org`
    4. an MX host of the domain: `mx:mx1.example.net`
    5. the domains above its MX hosts, the longest first: `mx:*.mail.protection.example`
    6. every destination: `*`

    A book does not change: who keeps something that follows from it keeps the book, too, and compares by identity.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.mail.identity import Timestamp
from empath.policy.destinations.settings import SETTINGS, DestinationSettings
from empath.policy.limits.delivery import Bucket
from empath.policy.pattern import DomainPattern
from empath.policy.retry import RetrySchedule
from empath.policy.routing import parse_route

_NEXT_HOP = re.compile(r"[a-z][a-z0-9+-]*:[^\x00-\x1f\x7f]*")
_MOST_FOUND: Final = 10_000  # results that a book remembers
_MX: Final = "mx:"
_HOST_SCHEMES: Final = ("smtp:", "smtps:", "lmtp:")


@dataclass(frozen=True, slots=True)
class DestinationPattern:
    """
    One pattern of destinations.

    Shape: text is a domain pattern, the name of a destination with a colon, or `mx:` and a host or `*.` and a domain.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> "DestinationPattern":
        """
        Read one of the forms; a route such as `smtp://host` stands for the destination that it leads to.

        Raises:
            SyntaxViolation: *text* is none of them.
        """
        if text.startswith(_MX):
            return cls(_MX + _host_pattern(text.removeprefix(_MX)))
        if text.startswith("[") or ":" not in text:
            return cls(str(DomainPattern.parse(text)))
        if not _NEXT_HOP.fullmatch(text):
            raise SyntaxViolation(f"not a domain, a destination or mx: and a host: {text!r}")
        return cls(_next_hop(text))

    def __str__(self) -> str:
        return self.text


def _next_hop(text: str) -> str:
    """The name of the destination that *text* is, or leads to as a route. That of a list names several, with commas."""
    if "://" in text:
        return parse_route(text).destination("")
    names = text.split(",")
    if all(name.startswith(_HOST_SCHEMES) and not name.partition(":")[2].startswith("/") for name in names):
        return ",".join(parse_route(name.replace(":", "://", 1)).destination("") for name in names)
    return text


def _host_pattern(text: str) -> str:
    if text.startswith("*."):
        return f"*.{Domain.parse(text[2:])}"
    return str(Domain.parse(text))


class Layer(StrEnum):
    """Where the value of a setting comes from."""

    BUILT_IN = "built-in"
    FILE = "file"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Origin:
    """
    What decided a setting.

    Shape: pattern is None for a built-in default; rule_id, expires_at and reason are those of a row.
    """

    layer: Layer
    pattern: str | None = None
    rule_id: int | None = None
    expires_at: Timestamp | None = None
    reason: str | None = None

    def __str__(self) -> str:
        if self.layer is Layer.BUILT_IN:
            return "built-in"
        if self.layer is Layer.FILE:
            return f'[destinations."{self.pattern}"]'
        until = "" if self.expires_at is None else f" until {self.expires_at.iso8601()}"
        return f"rule {self.rule_id} for {self.pattern}{until}" + (f": {self.reason}" if self.reason else "")


_BUILT_IN: Final = Origin(Layer.BUILT_IN)


@dataclass(frozen=True, slots=True)
class Decision:
    """The value of one setting as text, empty where it has none, and what decided it."""

    setting: str
    value: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One row of the view destination_rule, as text."""

    rule_id: int
    pattern: str
    setting: str
    value: str
    expires_at: Timestamp | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UnusableRule:
    """A row that nothing can be made of, and the sentence that says why."""

    row: RuleRow
    words: str


FileEntry = tuple[DestinationPattern, Mapping[str, Any]]  # the settings that a table of the file gives, by name


class RuleBook:
    """
    All rules of one instant.

    `unusable` has the rows that are left out; `ends_at` is the instant at which the first row ends, None if none does;
    `has_mx` says whether a rule names MX hosts.
    """

    __slots__ = ("_by_pattern", "_defaults", "_everywhere", "_found", "ends_at", "has_mx", "rows", "unusable")

    def __init__(
        self, defaults: DestinationSettings, file_entries: Iterable[FileEntry] = (), rows: Iterable[RuleRow] = ()
    ) -> None:
        """*rows* are those that are in force, by number: of two for one pattern the later counts."""
        self._defaults = defaults
        self.rows = tuple(rows)
        self._by_pattern: dict[str, dict[str, tuple[Any, Origin]]] = {}
        for pattern, given in file_entries:
            of_pattern = self._by_pattern.setdefault(str(pattern), {})
            of_pattern |= {name: (value, Origin(Layer.FILE, str(pattern))) for name, value in given.items()}
        unusable = []
        for row in sorted(self.rows, key=lambda each: each.expires_at is not None):
            try:
                self._add(row)
            except SyntaxViolation as exc:
                unusable.append(UnusableRule(row, str(exc)))
        self.unusable = tuple(unusable)
        self.ends_at = min((row.expires_at for row in self.rows if row.expires_at is not None), default=None)
        self.has_mx = any(pattern.startswith(_MX) for pattern in self._by_pattern)
        self._found: dict[tuple[str, str, tuple[str, ...]], DestinationSettings] = {}
        # Settings that hold of all destinations; None where some have their own. Each message asks.
        is_plain = self._by_pattern.keys() <= {"*"}
        self._everywhere = self._combined("", "", ()) if is_plain else None

    def _add(self, row: RuleRow) -> None:
        setting = SETTINGS.get(row.setting)
        if setting is None:
            raise SyntaxViolation(f"there is no setting {row.setting!r}")
        pattern = str(DestinationPattern.parse(row.pattern))
        setting.refuse_pattern(pattern)
        origin = Origin(Layer.ROW, pattern, row.rule_id, row.expires_at, row.reason)
        self._by_pattern.setdefault(pattern, {})[row.setting] = setting.read(row.value), origin

    def find(
        self, domain: str | None, next_hop: str | None = None, exchangers: tuple[str, ...] = ()
    ) -> DestinationSettings:
        """
        What holds of mail to *domain* that goes to *next_hop*.

        Args:
            domain: that of the recipient, in A-labels or a literal, as _recipient has it; None where it has no say.
            next_hop: name of the destination, if it is not the domain.
            exchangers: names of the MX hosts, in A-labels, best first, where they are known.
        """
        if self._everywhere is not None:
            return self._everywhere
        key = (domain or "", next_hop or "", exchangers if self.has_mx else ())
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            found = self._found[key] = self._combined(*key)
        return found

    def _combined(self, domain: str, next_hop: str, exchangers: tuple[str, ...]) -> DestinationSettings:
        given: dict[str, Any] = {}
        for entries in self._fitting(domain, next_hop, exchangers):
            for name, (value, _) in entries.items():
                given.setdefault(name, value)
        return replace(self._defaults, **given)

    def of_destination(self, name: str, exchangers: tuple[str, ...] = ()) -> DestinationSettings:
        """What holds of the destination called *name*, whatever the domains of its recipients."""
        if self._everywhere is not None:
            return self._everywhere
        return self.find(*domain_and_next_hop(name), exchangers)

    def origin(
        self, setting: str, domain: str | None, next_hop: str | None = None, exchangers: tuple[str, ...] = ()
    ) -> Origin:
        """What gives the value of *setting* in `find` with the same arguments."""
        if self._by_pattern:
            for entries in self._fitting(domain or "", next_hop or "", exchangers):
                if setting in entries:
                    return entries[setting][1]
        return _BUILT_IN

    def retries_of(
        self, usual: RetrySchedule, destination: str, domain: str | None = None, exchangers: tuple[str, ...] = ()
    ) -> RetrySchedule:
        """
        The schedule of retries at *destination* for recipients in *domain*; None: of the destination, whatever the
        domain. *usual* holds where no rule has one, and its jitter everywhere.
        """
        own, next_hop = domain_and_next_hop(destination)
        steps = self.find(domain or own, next_hop, exchangers).retry
        return replace(usual, steps=steps) if steps else usual

    def explain(self, destination: str, domain: str | None = None, exchangers: tuple[str, ...] = ()) -> list[Decision]:
        """
        The settings of *destination*, and of recipients in *domain* whose mail goes there, in order.

        Those without an effect on this kind of destination are left out.
        """
        own, next_hop = domain_and_next_hop(destination)
        found = []
        for name, setting in SETTINGS.items():
            if not setting.counts_for(destination):
                continue
            key = domain or own if setting.is_of_recipient else own
            value = getattr(self.find(key, next_hop, exchangers), name)
            text = "" if value in (None, ()) else setting.write(value)
            found.append(Decision(name, text, self.origin(name, key, next_hop, exchangers)))
        return found

    def gives(self, setting: str) -> bool:
        """Whether any rule gives *setting*: if not, it is the built-in default everywhere."""
        return any(setting in entries for entries in self._by_pattern.values())

    def buckets(self, destination: str, exchangers: tuple[str, ...] = ()) -> tuple[Bucket, ...]:
        """
        The token buckets that mail to a destination draws from, by its name.

        One is its own, by the most exact pattern that is not of MX hosts; one is shared by all destinations behind the
        hosts of the most exact pattern of MX hosts.
        """
        own: list[Bucket] = []
        of_provider: list[Bucket] = []
        is_given = {True: False, False: False}  # by whether the pattern is one of MX hosts
        domain, next_hop = domain_and_next_hop(destination)
        for text in _candidates(domain or "", next_hop or "", exchangers):
            is_mx = text.startswith(_MX)
            entries = self._by_pattern.get(text)
            if entries is None or "rate" not in entries or is_given[is_mx]:
                continue
            is_given[is_mx] = True
            rate = entries["rate"][0]
            if rate is not None and is_mx:
                of_provider.append(Bucket(f"provider {text}", rate))
            elif rate is not None:
                own.append(Bucket(f"destination {destination}", rate))
        return (*own, *of_provider)

    def each(self, setting: str) -> Iterator[tuple[Any, Origin]]:
        """The values of *setting* that rules give, one for each pattern that has one."""
        return (entries[setting] for entries in self._by_pattern.values() if setting in entries)

    def _fitting(
        self, domain: str, next_hop: str, exchangers: tuple[str, ...]
    ) -> Iterator[Mapping[str, tuple[Any, Origin]]]:
        """The settings of each pattern that fits, the most exact first."""
        for text in _candidates(domain, next_hop, exchangers):
            entries = self._by_pattern.get(text)
            if entries is not None:
                yield entries


def _candidates(domain: str, next_hop: str, exchangers: tuple[str, ...]) -> Iterator[str]:
    """Every pattern that fits, the most exact first."""
    yield domain
    yield next_hop
    yield from _above(domain)
    for host in exchangers:
        yield _MX + host
    above = dict.fromkeys(pattern for host in exchangers for pattern in _above(host))
    for pattern in sorted(above, key=lambda each: each.count("."), reverse=True):
        yield _MX + pattern
    yield "*"


def _above(name: str) -> Iterator[str]:
    """The patterns of the domains above *name*, the longest first; none for a literal."""
    rest = "" if name.startswith("[") else name.partition(".")[2]
    while rest:
        yield f"*.{rest}"
        rest = rest.partition(".")[2]


def domain_and_next_hop(destination: str) -> tuple[str | None, str | None]:
    """The name of a destination as the arguments of `find`: the domain that it is, or the next hop."""
    if ":" in destination and not destination.startswith("["):
        return None, destination
    return destination, None
