"""
report_uris - where a domain wants its reports, and whether those who would get them agree, RFC 9989 §4.7, RFC 9990 §4

Anybody can name the address of somebody else in a record. So a domain that is not of the same organization must say, in
a record of its own, that it takes the reports.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from empath.authentication.dmarc import DnsFailed, organizational_domain
from empath.authentication.dmarc_record import record_tags
from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.lookup import Failed, Kind, LookupAnswer, Question, Texts

MOST_URIS: Final = 5
_MAILTO: Final = "mailto:"
_LIMIT: Final = re.compile(r"(.*)!([0-9]{1,12})([kmgt]?)", re.IGNORECASE | re.DOTALL)
_UNITS: Final = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_LONGEST_NAME: Final = 253


@dataclass(frozen=True, slots=True)
class ReportUri:
    """An address that takes reports. Shape: most_octets is the largest report that it takes, None for any."""

    address: Address
    most_octets: int | None = None

    @property
    def host(self) -> str:
        """The domain of the address."""
        return str(self.address.domain)


def parse_uris(text: str) -> list[ReportUri]:
    """The addresses in a tag `rua`, the first ones; what is none is passed over."""
    found: dict[str, ReportUri] = {}
    for uri in text.split(",")[: 4 * MOST_URIS]:
        part = uri.strip(" \t")
        if not part.lower().startswith(_MAILTO):
            continue
        rest, most = part[len(_MAILTO) :], None
        if match := _LIMIT.fullmatch(rest):
            rest, most = match[1], int(match[2]) * _UNITS[match[3].lower()]
        try:
            address = Address.parse(unquote(rest.partition("?")[0]))
        except SyntaxViolation:
            continue
        found.setdefault(str(address).lower(), ReportUri(address, most))
    return list(found.values())[:MOST_URIS]


def agreed_uris(domain: str, uris: Sequence[ReportUri]) -> Generator[Question, LookupAnswer, list[ReportUri]]:
    """
    Those of *uris*, of the record of *domain*, whose hosts take them; a host may name another address of its own.

    Raises:
        DnsFailed: that is not known now.
    """
    agreed: dict[str, ReportUri] = {}
    for uri in uris:
        for each in (yield from _agreed(domain, uri)):
            agreed.setdefault(str(each.address).lower(), each)
    return list(agreed.values())[:MOST_URIS]


def _agreed(domain: str, uri: ReportUri) -> Generator[Question, LookupAnswer, list[ReportUri]]:
    if (yield from _is_same_organization(domain, uri.host)):
        return [uri]
    name = f"{domain}._report._dmarc.{uri.host}"
    if len(name) > _LONGEST_NAME:
        return []
    answer = yield Question(name, Kind.TXT)
    if isinstance(answer, Failed):
        raise DnsFailed(f"TXT of {name}: {answer.why}")
    texts = answer.records if isinstance(answer, Texts) else ()
    records = [tags for tags in map(record_tags, texts) if tags is not None]
    if not records:
        return []
    named = [found for tags in records if "rua" in tags for found in parse_uris(tags["rua"])]
    if any("rua" in tags for tags in records):
        return named if named and all(found.host == uri.host for found in named) else []
    return [uri]


def _is_same_organization(domain: str, host: str) -> Generator[Question, LookupAnswer, bool]:
    if host == domain:
        return True
    own = yield from organizational_domain(domain)
    # No other domain can have this organization, see dmarc.
    if host != own and not host.endswith(f".{own}"):
        return False
    return own == (yield from organizational_domain(host))
