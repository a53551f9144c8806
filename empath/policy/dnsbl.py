"""
dnsbl - which clients the lists of the DNS speak against, RFC 5782

A list answers a question about an address with addresses in 127.0.0.0/8, or with "no such name".  The weights of all
lists that name the client are added up; a list of good hosts has a negative weight.  A list that does not answer counts
as one that does not name the client, so that its failure refuses no mail.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.mail.lookup import Addresses, Kind, LookupAnswer, Question
from empath.mail.printable import printable
from empath.mail.reply import EnhancedStatus, Reply
from empath.policy.access import ClientAddress, plain_address

_ANSWERS: Final = ipaddress.ip_network("127.0.0.0/8")  # RFC 5782 §2.1; anything else is a parked or hijacked domain
# What lists say to the one who asks, not about the client: asked wrongly, by an open resolver, or too often.
_REFUSALS: Final = ipaddress.ip_network("127.255.255.0/24")
_MAX_ZONE_CHARACTERS: Final = 189  # with the 64 of a reversed IPv6 address, 253
_MAX_TEXT_CHARACTERS: Final = 200
_POLICY: Final = EnhancedStatus(5, 7, 1)
_RANGE: Final = re.compile(r"([0-9]{1,3})(?:\.\.([0-9]{1,3}))?")
_NUMBERS: Final = r"[0-9]{1,3}(?:\.\.[0-9]{1,3})?"
_WANTED: Final = re.compile(r"\.".join([rf"([0-9]{{1,3}}|\[{_NUMBERS}(?:;{_NUMBERS})*\])"] * 4))
_Part = tuple[range, ...]


@dataclass(frozen=True, slots=True)
class Blocklist:
    """
    A zone, and which of its answers count.

    Shape: zone in A-labels; parts are the numbers that each octet of an answer may have, None for any answer.
    """

    zone: str
    parts: tuple[_Part, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> "Blocklist":
        """
        Read `zen.example.net`, or `zen.example.net=127.0.0.[2..11;20]` for some of its answers.

        Raises:
            SyntaxViolation: *text* is neither.
        """
        name, equals, wanted = text.partition("=")
        zone = str(Domain.parse(name))
        if len(zone) > _MAX_ZONE_CHARACTERS:
            raise SyntaxViolation(f"a name with an address in front of it would be too long: {zone!r}")
        return cls(zone, _parse_wanted(wanted) if equals else None)

    def counts(self, answer: str) -> bool:
        """Whether this answer of the zone names the client."""
        address = ipaddress.IPv4Address(answer)
        if address not in _ANSWERS or address in _REFUSALS:
            return False
        if self.parts is None:
            return True
        return all(any(octet in each for each in part) for octet, part in zip(address.packed, self.parts, strict=True))


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What all lists say together about one client.

    Shape: zone is the one that weighs most against the client, None if none does; refusing are zones that refused to
    answer, each with its code.
    """

    score: int
    zone: str | None
    refusing: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BlocklistPolicy:
    """The lists to ask, each with its weight, and the score from which on a client is refused."""

    weights: tuple[tuple[Blocklist, int], ...]
    threshold: int

    def questions(self, client: ClientAddress) -> list[Question]:
        """What to ask about *client*, each zone once."""
        return [asked_of(zone, client) for zone in self._zones()]

    def judge(self, client: ClientAddress, answers: Mapping[Question, LookupAnswer]) -> Verdict:
        """Add up what the zones answered about *client*."""
        said = {zone: _addresses(answers.get(asked_of(zone, client))) for zone in self._zones()}
        named = [
            (weight, blocklist.zone)
            for blocklist, weight in self.weights
            if any(map(blocklist.counts, said[blocklist.zone]))
        ]
        worst = max((each for each in named if each[0] > 0), key=lambda each: each[0], default=None)
        refusing = ((zone, record) for zone, records in said.items() for record in records if is_refusal(record))
        return Verdict(sum(weight for weight, _ in named), worst and worst[1], tuple(refusing))

    def _zones(self) -> Iterable[str]:
        return dict.fromkeys(blocklist.zone for blocklist, _ in self.weights)


def asked_of(zone: str, client: ClientAddress, kind: Kind = Kind.A) -> Question:
    """The question about *client* to *zone*, RFC 5782 §2.1 and §2.4."""
    reversed_address = plain_address(client).reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return Question(f"{reversed_address}.{zone}", kind)


def refusal(client: ClientAddress, zone: str, reason: str) -> Reply:
    """The reply to each recipient of a client that is listed; *reason* is the text that *zone* gives, or empty."""
    text = printable(reason.strip()).encode("ascii", "backslashreplace").decode()[:_MAX_TEXT_CHARACTERS]
    return Reply(550, _POLICY, f"Client [{client}] is blocked by {zone}" + (f": {text}" if text else ""))


def _addresses(answer: LookupAnswer | None) -> tuple[str, ...]:
    return answer.records if isinstance(answer, Addresses) else ()


def is_refusal(record: str) -> bool:
    """Whether a list says with this answer that it does not answer the one who asks."""
    return ipaddress.IPv4Address(record) in _REFUSALS


def _parse_wanted(text: str) -> tuple[_Part, ...]:
    match = _WANTED.fullmatch(text)
    parts = tuple(_parse_part(part) for part in match.groups()) if match else ()
    if not parts or not all(parts):
        raise SyntaxViolation(f'not a pattern of answers: {text!r} (use e.g. "127.0.0.[2..11;20]")')
    return parts


def _parse_part(text: str) -> _Part:
    """The numbers of one octet; none if a range is not one."""
    bounds = [(int(low), int(high or low)) for low, high in _RANGE.findall(text)]
    return tuple(range(low, high + 1) for low, high in bounds) if all(a <= b <= 255 for a, b in bounds) else ()
