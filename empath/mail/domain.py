"""
domain - the right-hand side of an address

One spelling per name: a Domain is held as lower-case A-labels, so that U-label and A-label forms, letter case and a
trailing dot make no difference (RFC 5890 §2.3.2.4).  An AddressLiteral is an address in brackets (RFC 5321 §4.1.3).
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

import idna
import idna.uts46data  # idna imports it at first use, when the process may be a user who cannot read it

from empath.errors import SyntaxViolation

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_A_LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_OCTETS = 253  # RFC 1035 §2.3.4, without the length octets


@dataclass(frozen=True, slots=True)
class Domain:
    """
    Domain name in presentation form, without the trailing dot.

    Shape: 1 to 253 ASCII characters, labels of 1 to 63, lower case; the last label is not all digits.
    """

    a_labels: str

    @classmethod
    def parse(cls, text: str) -> "Domain":
        """
        Read a name in A-label or U-label form, in any case, with or without a trailing dot.

        Raises:
            SyntaxViolation: *text* is not a domain name, or is a bare IPv4 address.
        """
        return _parsed(text)

    @property
    def u_labels(self) -> str:
        """The name as people write it; a label that is no A-label stays as it is."""
        return ".".join(map(_u_label, self.a_labels.split(".")))

    def __str__(self) -> str:
        return self.a_labels


def _u_label(label: str) -> str:
    try:
        return str(idna.ulabel(label)) if label.startswith("xn--") else label
    except idna.IDNAError:
        return label


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Domain:
    folded = text.removesuffix(".")
    if not folded.isascii():
        try:
            folded = idna.encode(folded, uts46=True).decode("ascii")
        except idna.IDNAError as exc:
            raise SyntaxViolation(f"not a domain name: {text!r}") from exc
    folded = folded.lower()
    if len(folded) > _MAX_OCTETS or not _A_LABELS.fullmatch(folded):
        raise SyntaxViolation(f"not a domain name: {text!r}")
    # "192.0.2.1" without brackets would be looked up as a name in the DNS root; RFC 5321 §2.3.5.
    if folded.rpartition(".")[2].isdigit():
        raise SyntaxViolation(f"an address needs brackets: {text!r}")
    return Domain(folded)


@dataclass(frozen=True, slots=True)
class AddressLiteral:
    """IPv4 or IPv6 address literal, RFC 5321 §4.1.3. Text form: `[192.0.2.1]` or `[IPv6:2001:db8::1]`."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address

    @classmethod
    def parse(cls, text: str) -> "AddressLiteral":
        """
        Read a literal with its brackets.

        Raises:
            SyntaxViolation: no brackets, a General-address-literal, or no IP address inside.
        """
        if not (text.startswith("[") and text.endswith("]")):
            raise SyntaxViolation(f"not an address literal: {text!r}")
        inner = text[1:-1]
        try:
            if inner[:5].lower() == "ipv6:":
                if "%" in inner:  # a zone has a meaning on one host only, RFC 4007 §11.2
                    raise SyntaxViolation(f"not an address literal: {text!r}")
                return cls(ipaddress.IPv6Address(inner[5:]))
            return cls(ipaddress.IPv4Address(inner))
        except ipaddress.AddressValueError as exc:
            raise SyntaxViolation(f"not an address literal: {text!r}") from exc

    def __str__(self) -> str:
        if self.address.version == 6:
            return f"[IPv6:{self.address}]"
        return f"[{self.address}]"


def parse_domain(text: str) -> Domain | AddressLiteral:
    """
    Read the part after the `@`, or the argument of HELO: a literal with its brackets, or a domain.

    Raises:
        SyntaxViolation: see Domain.parse and AddressLiteral.parse.
    """
    return AddressLiteral.parse(text) if text.startswith("[") else Domain.parse(text)


def parse_stored(text: str) -> Domain | AddressLiteral:
    """The same for text that one of these types wrote, such as a column of the queue; a name is not checked again."""
    return AddressLiteral.parse(text) if text.startswith("[") else Domain(text)
