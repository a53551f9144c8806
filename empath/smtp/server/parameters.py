"""
parameters - what follows the path in MAIL and RCPT, RFC 5321 §4.1.2 (Mail-parameters, Rcpt-parameters)

One reader per keyword: it takes the text after "=" (None without one) and raises SyntaxViolation.  A reply instead of
parameters is the refusal of the whole command.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from empath.errors import SyntaxViolation
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.reply import Reply
from empath.smtp.server import replies

# RFC 3461 §4.2, §4.4: before its encoding the value is printable US-ASCII, so "+0A" is no way into a report's header.
_XCHAR = r"[!-*,-<>-~]|\+(?:[2-6][0-9A-F]|7[0-9A-E])"
_XTEXT = re.compile(rf"(?:{_XCHAR})+")
_ADDRESS_TYPE = r"[!#$%&'*+\-/0-9?A-Z^_`a-z{|}~]+"
_ORIGINAL_RECIPIENT = re.compile(rf"{_ADDRESS_TYPE};(?:{_XCHAR})+")
# RFC 6533 §3: the type utf-8 may hold UTF-8 as it is; controls beyond ASCII stay out as they do of addresses.
_INTERNATIONAL_RECIPIENT = re.compile(rf"(?i:utf-8);(?:{_XCHAR}|[\xa0-\u2027\u202a-\U0010ffff])+")
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 §4
_MAX_ENVELOPE_ID_OCTETS = 100  # RFC 3461 §4.4
_MAX_ORIGINAL_RECIPIENT_OCTETS = 500  # RFC 3461 §4.2
_NOTIFY_EVENTS = {"SUCCESS", "FAILURE", "DELAY"}
_DSN_KEYWORDS = frozenset({"RET", "ENVID", "NOTIFY", "ORCPT"})


@dataclass(frozen=True, slots=True)
class MailParameters:
    """Parameters of MAIL. Shape: as in `events.MailOffered`."""

    size: int | None = None
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    dsn_return: DsnReturn | None = None
    envelope_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecipientParameters:
    """Parameters of RCPT. Shape: as in `empath.mail.envelope.Recipient`."""

    notify: str | None = None
    original_recipient: str | None = None


def read_mail_parameters(text: str, offers_dsn: bool) -> MailParameters | Reply:
    """The parameters of MAIL, or the reply that refuses them: 555 unknown keyword, 501 bad or repeated value."""
    found = _read(text, _MAIL, offers_dsn)
    return found if isinstance(found, Reply) else MailParameters(**found)


def read_recipient_parameters(text: str, offers_dsn: bool) -> RecipientParameters | Reply:
    """The parameters of RCPT, or the reply that refuses them: 555 unknown keyword, 501 bad or repeated value."""
    found = _read(text, _RCPT, offers_dsn)
    return found if isinstance(found, Reply) else RecipientParameters(**found)


def _size(value: str | None) -> int:
    if value is None or not _SIZE.fullmatch(value):
        raise SyntaxViolation("SIZE is 1 to 20 digits")
    return int(value)


def _body_type(value: str | None) -> BodyType:
    try:
        return BodyType(value.upper() if value else "")
    except ValueError as exc:
        raise SyntaxViolation("BODY is 7BIT or 8BITMIME") from exc


def _smtputf8(value: str | None) -> bool:
    if value is not None:
        raise SyntaxViolation("SMTPUTF8 has no value")
    return True


def _dsn_return(value: str | None) -> DsnReturn:
    try:
        return DsnReturn(value.upper() if value else "")
    except ValueError as exc:
        raise SyntaxViolation("RET is FULL or HDRS") from exc


def _envelope_id(value: str | None) -> str:
    if value is None or len(value) > _MAX_ENVELOPE_ID_OCTETS or not _XTEXT.fullmatch(value):
        raise SyntaxViolation("ENVID is xtext of at most 100 octets")
    return value


def _notify(value: str | None) -> str:
    events = (value or "").upper().split(",")
    if events != ["NEVER"] and not _NOTIFY_EVENTS.issuperset(events):
        raise SyntaxViolation("NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY")
    return ",".join(dict.fromkeys(events))


def _original_recipient(value: str | None) -> str:
    if value is None or len(value.encode()) > _MAX_ORIGINAL_RECIPIENT_OCTETS:
        raise SyntaxViolation("ORCPT is at most 500 octets")
    if not (_ORIGINAL_RECIPIENT.fullmatch(value) or _INTERNATIONAL_RECIPIENT.fullmatch(value)):
        raise SyntaxViolation("ORCPT is a type, a semicolon and xtext")
    return value


# keyword -> field of the parameters, reader of its value
_Readers = Mapping[str, tuple[str, Callable[[str | None], object]]]
_MAIL: Final[_Readers] = {
    "SIZE": ("size", _size),
    "BODY": ("body_type", _body_type),
    "SMTPUTF8": ("is_smtputf8", _smtputf8),
    "RET": ("dsn_return", _dsn_return),
    "ENVID": ("envelope_id", _envelope_id),
}
_RCPT: Final[_Readers] = {
    "NOTIFY": ("notify", _notify),
    "ORCPT": ("original_recipient", _original_recipient),
}


def _read(text: str, readers: _Readers, offers_dsn: bool) -> dict[str, Any] | Reply:
    found: dict[str, Any] = {}
    for token in text.split(" "):
        if not token:  # two spaces in a row, which RFC 5321 §4.1.1 asks servers to bear with at the end at least
            continue
        keyword, equals, value = token.partition("=")
        keyword = keyword.upper()
        if keyword not in readers:
            return replies.UNKNOWN_PARAMETER
        if keyword in _DSN_KEYWORDS and not offers_dsn:
            return replies.DSN_NOT_OFFERED
        field, read = readers[keyword]
        if field in found:
            return replies.BAD_PARAMETER
        try:
            found[field] = read(value if equals else None)
        except SyntaxViolation:
            return replies.BAD_PARAMETER
    return found
