"""
dmarc - an aggregate report of DMARC as XML, RFC 9990

Text in it is that of strangers: names in messages and in the DNS. Characters that XML cannot have are replaced.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

NAMESPACE: Final = "urn:ietf:params:xml:ns:dmarc-2.0"
MOST_TEXT: Final = 255  # characters of one value
_NOT_XML: Final = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class DmarcRow:
    """
    Messages of one client with the same results.

    Shape: disposition is none, pass, quarantine or reject; dkim and spf say whether each proves the author, pass or
    fail; reason is the type of an override, empty for none; dkim_results are domain, selector and result of signatures.
    """

    source_ip: str
    messages: int
    disposition: str
    dkim: str
    spf: str
    header_from: str
    envelope_from: str = ""
    reason: str = ""
    comment: str = ""
    dkim_results: tuple[tuple[str, str, str], ...] = ()
    spf_domain: str = ""
    spf_result: str = ""


@dataclass(frozen=True, slots=True)
class DmarcReport:
    """
    A report.

    Shape: begin_at and end_at are in Unix seconds; policy has the elements of the published policy after the domain, by
    their names; left_out counts messages that no row tells of.
    """

    org_name: str
    email: str
    report_id: str
    begin_at: int
    end_at: int
    domain: str
    policy: Mapping[str, str]
    rows: tuple[DmarcRow, ...] = ()
    contact: str = ""
    error: str = ""
    left_out: int = field(default=0, compare=False)

    @property
    def messages(self) -> int:
        """How many messages the rows tell of."""
        return sum(row.messages for row in self.rows)


def compose_xml(report: DmarcReport, generator: str) -> bytes:
    """The file; *generator* is the name and version of the program."""
    return "".join(_lines(report, generator)).encode()


def _lines(report: DmarcReport, generator: str) -> Iterator[str]:
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<feedback xmlns="{NAMESPACE}">\n<version>1.0</version>\n'
    yield "<report_metadata>\n"
    yield from _elements(
        ("org_name", report.org_name), ("email", report.email), ("extra_contact_info", report.contact or None),
        ("report_id", report.report_id),
    )  # fmt: skip
    yield f"<date_range><begin>{report.begin_at}</begin><end>{report.end_at}</end></date_range>\n"
    yield from _elements(("error", report.error or None), ("generator", generator))
    yield "</report_metadata>\n<policy_published>\n"
    yield from _elements(("domain", report.domain), ("discovery_method", "treewalk"), *report.policy.items())
    yield "</policy_published>\n"
    for row in report.rows:
        yield "<record>\n<row>\n"
        yield from _elements(("source_ip", row.source_ip), ("count", str(row.messages)))
        yield "<policy_evaluated>\n"
        yield from _elements(("disposition", row.disposition), ("dkim", row.dkim), ("spf", row.spf))
        if row.reason:
            yield from _group("reason", (("type", row.reason), ("comment", row.comment or None)))
        yield "</policy_evaluated>\n</row>\n"
        yield from _group("identifiers", (("header_from", row.header_from), ("envelope_from", row.envelope_from)))
        yield "<auth_results>\n"
        for domain, selector, result in row.dkim_results:
            yield from _group("dkim", (("domain", domain), ("selector", selector), ("result", result)))
        if row.spf_result:
            yield from _group("spf", (("domain", row.spf_domain), ("scope", "mfrom"), ("result", row.spf_result)))
        yield "</auth_results>\n</record>\n"
    yield "</feedback>\n"


def _group(name: str, pairs: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    yield f"<{name}>\n"
    yield from _elements(*pairs)
    yield f"</{name}>\n"


def _elements(*pairs: tuple[str, str | None]) -> Iterator[str]:
    for name, value in pairs:
        if value is not None:
            yield f"<{name}>{escape(_NOT_XML.sub('?', value[:MOST_TEXT]))}</{name}>\n"
