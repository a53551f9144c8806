"""
address - mailboxes and the two paths of an envelope, RFC 5321 §4.1.2

The local part is kept without quotes and in its own case, because only its host may interpret it (RFC 5321 §2.4).  It
is quoted again where the grammar needs that.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.domain import AddressLiteral, Domain, parse_domain

# What atext and a dot leave out is ASCII. A class with a range up to U+10FFFF takes a hundred times as long to compile.
_NO_ATEXT = r"\x00-\x20\"(),:;<>@\[\\\]\x7f"
_DOT_STRING = re.compile(rf"[^.{_NO_ATEXT}]+(?:\.[^.{_NO_ATEXT}]+)*")
_DOTS_ANYWHERE = re.compile(rf"[^{_NO_ATEXT}]+")
_QUOTED = re.compile(r'"((?:[^\x00-\x1f"\\\x7f]|\\[ -~])*)"')
_QUOTED_PAIR = re.compile(r"\\(.)")
# RFC 5321 §4.5.3.1.3 less the angle brackets. The 64 octets of §4.5.3.1.1 do not limit the local part here: SRS, VERP
# and BATV put a whole address there, and a server may take more.
_MAX_PATH_OCTETS = 254
# C1 controls would pass as UTF8-non-ascii of RFC 6531 §3.3 and break out of a log line or a terminal; a surrogate has
# no UTF-8 at all.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Address:
    """
    One mailbox.

    Shape: local_part is UTF-8 without control characters, not quoted; empty is `""` in the text form. The whole has at
    most 254 octets.
    Text form: `local@domain` with the local part quoted where it must be.
    """

    local_part: str
    domain: Domain | AddressLiteral
    _text: str = field(init=False, repr=False, compare=False)  # asked for many times, and each address has its own

    def __post_init__(self) -> None:
        """Compose the text form."""
        local = self.local_part
        if not _DOT_STRING.fullmatch(local):
            local = '"{}"'.format(local.replace("\\", "\\\\").replace('"', '\\"'))
        object.__setattr__(self, "_text", f"{local}@{self.domain}")

    @classmethod
    def parse(cls, text: str, *, is_lenient: bool = False) -> "Address":
        """
        Read `Mailbox` of RFC 5321 §4.1.2 with the UTF-8 of RFC 6531 §3.3, so that `parse(str(a)) == a`.

        *is_lenient* takes dots at any place of the local part, which the text form then has in quotes.

        Raises:
            SyntaxViolation: *text* is not a mailbox.
        """
        return _parsed(text, is_lenient)

    @property
    def is_ascii(self) -> bool:
        """Whether this address can be sent to a peer without SMTPUTF8."""
        return self.local_part.isascii()

    def __hash__(self) -> int:
        return hash(self._text)

    def __str__(self) -> str:
        return self._text


@lru_cache(maxsize=4096)
def _parsed(text: str, is_lenient: bool) -> Address:
    if found := _CONTROL.search(text):
        is_octet = found[0] >= chr(0xD800)
        raise SyntaxViolation(
            f"an address has {'octets that are not UTF-8' if is_octet else 'a control character'} in it"
        )
    local, at, right = text.rpartition("@")
    if not at:
        raise SyntaxViolation(f"an address needs a domain: {text!r}")
    if local.startswith('"'):
        match = _QUOTED.fullmatch(local)
        if match is None:
            raise SyntaxViolation(f"not a quoted local part: {text!r}")
        local = _QUOTED_PAIR.sub(r"\1", match[1])
    elif not (_DOTS_ANYWHERE if is_lenient else _DOT_STRING).fullmatch(local):
        raise SyntaxViolation(f"not a local part: {text!r}")
    address = Address(local, parse_domain(right))
    # The length as sent on: A-labels are longer than the letters that they encode.
    if len(str(address).encode()) > _MAX_PATH_OCTETS:
        raise SyntaxViolation("an address is at most 254 octets")
    return address


@dataclass(frozen=True, slots=True)
class ReversePath:
    """Where reports go, RFC 5321 §4.1.1.2. `NULL_PATH` is `<>`. Text form: no brackets."""

    address: Address | None

    @classmethod
    def parse(cls, text: str, *, is_lenient: bool = False) -> "ReversePath":
        """
        Read a mailbox, or the empty text of the null path; *is_lenient* as in `Address.parse`.

        Raises:
            SyntaxViolation: neither.
        """
        return _reverse_path(text, is_lenient) if text else NULL_PATH

    @property
    def is_null(self) -> bool:
        """Whether no report may ever be sent for this message, RFC 5321 §4.5.5."""
        return self.address is None

    def __str__(self) -> str:
        return "" if self.address is None else str(self.address)


NULL_PATH: Final = ReversePath(None)


@lru_cache(maxsize=4096)
def _reverse_path(text: str, is_lenient: bool) -> ReversePath:
    return ReversePath(_parsed(text, is_lenient))


@dataclass(frozen=True, slots=True)
class ForwardPath:
    """
    A recipient as the client names it, RFC 5321 §4.1.1.3.

    `BARE_POSTMASTER` is `<postmaster>` without a domain, which RFC 5321 §4.5.1 makes every server accept.
    """

    address: Address | None

    @classmethod
    def parse(cls, text: str, *, is_lenient: bool = False) -> "ForwardPath":
        """
        Read a mailbox, or `postmaster` alone in any case; *is_lenient* as in `Address.parse`.

        Raises:
            SyntaxViolation: neither.
        """
        return BARE_POSTMASTER if text.lower() == "postmaster" else _forward_path(text, is_lenient)

    def __str__(self) -> str:
        return "postmaster" if self.address is None else str(self.address)


BARE_POSTMASTER: Final = ForwardPath(None)


@lru_cache(maxsize=4096)
def _forward_path(text: str, is_lenient: bool) -> ForwardPath:
    return ForwardPath(_parsed(text, is_lenient))
