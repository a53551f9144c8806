"""tlsrpt - the record by which a domain asks for reports about TLS, RFC 8460 §3"""

from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import unquote

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.url import parse_secure_url

MOST_URIS: Final = 5
_VERSION: Final = "TLSRPTv1"
_MAILTO: Final = "mailto:"
_HTTPS: Final = "https://"


class TlsReportWish(NamedTuple):
    """Where a domain wants its reports. Shape: urls begin with https."""

    addresses: tuple[Address, ...] = ()
    urls: tuple[str, ...] = ()


def record_name(domain: str) -> str:
    """The name of the TXT record of *domain*."""
    return f"_smtp._tls.{domain}"


def record_of(addresses: Iterable[str]) -> str:
    """The record of a domain that wants reports at *addresses*."""
    return f"v={_VERSION}; rua={','.join(f'{_MAILTO}{address}' for address in addresses)}"


def read_wish(texts: Iterable[str]) -> TlsReportWish | None:
    """What the TXT records of a domain ask for; None where there is not exactly one such record, or it names nobody."""
    records = [text for text in texts if text.partition(";")[0].replace(" ", "") == f"v={_VERSION}"]
    if len(records) != 1:
        return None
    for field in records[0].split(";")[1:]:
        name, _, value = field.partition("=")
        if name.strip(" \t") == "rua":
            return _read_uris(value)
    return None


def _read_uris(text: str) -> TlsReportWish | None:
    addresses: dict[Address, None] = {}
    urls: dict[str, None] = {}
    for uri in text.split(",")[: 4 * MOST_URIS]:
        part = uri.strip(" \t")
        try:
            if part.lower().startswith(_MAILTO):
                addresses[Address.parse(unquote(part[len(_MAILTO) :].partition("?")[0]))] = None
            elif part.lower().startswith(_HTTPS):
                parse_secure_url(part)
                urls[part] = None
        except SyntaxViolation:
            continue
    if not addresses and not urls:
        return None
    return TlsReportWish(tuple(addresses)[:MOST_URIS], tuple(urls)[:MOST_URIS])
