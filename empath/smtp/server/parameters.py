"""
parameters - what follows the path in MAIL and RCPT, RFC 5321 §4.1.2 (Mail-parameters, Rcpt-parameters)

There is one reader for each keyword: it takes the text after "=" (None without one) and raises SyntaxViolation.
`extensions` says which keywords a session reads.  A reply instead of parameters refuses the whole command.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.identity import Timestamp
from empath.mail.reply import Reply
from empath.mail.timing import DeliverBy, Hold
from empath.mail.xtext import UNICODE_CHAR, XCHAR, in_capitals, to_utf8_addr_unitext
from empath.smtp.server import replies

_XTEXT = re.compile(rf"(?:{XCHAR})+")
_ADDRESS_TYPE = r"[!#$%&'*+\-/0-9?A-Z^_`a-z{|}~]+"
_ORIGINAL_RECIPIENT = re.compile(rf"{_ADDRESS_TYPE};(?:{XCHAR})+")
# RFC 6533 §3: the type utf-8 may hold plain UTF-8, without the controls beyond ASCII, as in addresses.
_INTERNATIONAL_RECIPIENT = re.compile(
    rf"(?i:utf-8);(?:{UNICODE_CHAR}|(?!\\x\{{)(?:{XCHAR}|[\xa0-\u2027\u202a-\U0010ffff]))+"
)
_RFC822 = "rfc822;"
_UTF8_IN_XTEXT = re.compile(
    r"(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*\+[89A-Fa-f][0-9A-Fa-f](?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*"
)
_XTEXT_OCTET = re.compile(rb"\+([0-9A-Fa-f]{2})")
_UNICODE_NUMBER = re.compile(r"\\x\{([0-9A-Fa-f]+)\}")
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 §4
_HOLD_FOR = re.compile(r"[1-9][0-9]{0,8}")
_DATE_TIME = re.compile(
    r"(20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DELIVER_BY = re.compile(r"([-+]?[0-9]{1,9});([RrNn])([Tt]?)")
_MT_PRIORITY = re.compile(r"-?[1-9]|0")
_MAX_ENVELOPE_ID_OCTETS = 100  # RFC 3461 §4.4
_MAX_ORIGINAL_RECIPIENT_OCTETS = 500  # RFC 3461 §4.2
_MAX_SUBMITTER_OCTETS = 500  # RFC 4954 §3
_NOTIFY_EVENTS = {"SUCCESS", "FAILURE", "DELAY"}

# The field of the parameters that a keyword sets, and the reader of its value.
Parameter = tuple[str, Callable[[str | None], object]]


class MailParameters(NamedTuple):
    """Parameters of MAIL. Shape: as in `events.MailOffered`."""

    size: int | None = None
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    dsn_return: DsnReturn | None = None
    envelope_id: str | None = None
    hold: Hold | None = None
    deliver_by: DeliverBy | None = None
    mt_priority: int | None = None
    requires_tls: bool = False
    submitter: str | None = None  # AUTH=; nothing follows from it, as RFC 4954 §5 lets a server do


@dataclass(frozen=True, slots=True)
class RecipientParameters:
    """Parameters of RCPT. Shape: as in `empath.mail.envelope.Recipient`."""

    notify: str | None = None
    original_recipient: str | None = None


def read_mail_parameters(text: str, readers: Mapping[str, Parameter | Reply]) -> MailParameters | Reply:
    """Read the parameters of MAIL, or refuse them: 555 for an unknown keyword, 501 for a bad or repeated value."""
    found = _read(text, readers)
    return found if isinstance(found, Reply) else MailParameters(**found)


def read_recipient_parameters(text: str, readers: Mapping[str, Parameter | Reply]) -> RecipientParameters | Reply:
    """Read the parameters of RCPT, or refuse them: 555 for an unknown keyword, 501 for a bad or repeated value."""
    found = _read(text, readers)
    return found if isinstance(found, Reply) else RecipientParameters(**found)


def read_size(value: str | None) -> int:
    """Read the value of SIZE, RFC 1870 §4."""
    if value is None or not _SIZE.fullmatch(value):
        raise SyntaxViolation("SIZE is 1 to 20 digits")
    return int(value)


def read_body_type(value: str | None) -> BodyType:
    """Read the value of BODY, RFC 6152 §2."""
    try:
        return BodyType(value.upper() if value else "")
    except ValueError as exc:
        raise SyntaxViolation("BODY is 7BIT or 8BITMIME") from exc


def read_flag(value: str | None) -> bool:
    """Read a parameter that has no value."""
    if value is not None:
        raise SyntaxViolation("this parameter takes no value")
    return True


def read_dsn_return(value: str | None) -> DsnReturn:
    """Read the value of RET, RFC 3461 §4.3."""
    try:
        return DsnReturn(value.upper() if value else "")
    except ValueError as exc:
        raise SyntaxViolation("RET is FULL or HDRS") from exc


def read_envelope_id(value: str | None) -> str:
    """Read the value of ENVID, RFC 3461 §4.4."""
    if value is None or len(value) > _MAX_ENVELOPE_ID_OCTETS or not _XTEXT.fullmatch(value):
        raise SyntaxViolation("ENVID is xtext of at most 100 octets")
    return in_capitals(value)


def read_submitter(value: str | None) -> str:
    """Read the value of AUTH, RFC 4954 §5."""
    if value is None or len(value) > _MAX_SUBMITTER_OCTETS or not (value == "<>" or _XTEXT.fullmatch(value)):
        raise SyntaxViolation("AUTH is <> or a mailbox in xtext")
    return value


def read_hold_for(value: str | None) -> Hold:
    """Read the value of HOLDFOR, RFC 4865 §4."""
    if value is None or not _HOLD_FOR.fullmatch(value):
        raise SyntaxViolation("HOLDFOR is 1 to 999999999")
    return Hold(for_s=int(value))


def read_hold_until(value: str | None) -> Hold:
    """Read the value of HOLDUNTIL, RFC 4865 §4: a date-time of RFC 3339 §5.6, of this century."""
    match = _DATE_TIME.fullmatch(value or "")
    if match is None:
        raise SyntaxViolation("HOLDUNTIL is a date and time such as 2030-01-31T12:00:00Z")
    zone = match[2].upper().replace("Z", "+00:00").replace("-00:00", "+00:00")
    try:
        return Hold(until=Timestamp(datetime.fromisoformat(f"{match[1].upper()}{zone}").timestamp()))
    except ValueError as exc:
        raise SyntaxViolation("HOLDUNTIL is no date") from exc


def read_deliver_by(value: str | None) -> DeliverBy:
    """Read the value of BY, RFC 2852 §4."""
    match = _DELIVER_BY.fullmatch(value or "")
    if match is None:
        raise SyntaxViolation("BY is seconds, a semicolon, and R or N, perhaps T")
    return DeliverBy(int(match[1]), returns=match[2].upper() == "R", is_traced=bool(match[3]))


def read_mt_priority(value: str | None) -> int:
    """Read the value of MT-PRIORITY, RFC 6710 §5."""
    if value is None or not _MT_PRIORITY.fullmatch(value):
        raise SyntaxViolation("MT-PRIORITY is -9 to 9")
    return int(value)


def read_notify(value: str | None) -> str:
    """Read the value of NOTIFY, RFC 3461 §4.1, into upper case without repeated words."""
    events = (value or "").upper().split(",")
    if events != ["NEVER"] and not _NOTIFY_EVENTS.issuperset(events):
        raise SyntaxViolation("NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY")
    return ",".join(dict.fromkeys(events))


def read_original_recipient(value: str | None) -> str:
    """
    Read the value of ORCPT, RFC 3461 §4.2 and RFC 6533 §3.

    Postfix gives the octets of UTF-8 in xtext, and calls it rfc822; such a value gets the type utf-8, which it is.
    """
    if value is None:
        raise SyntaxViolation("ORCPT is a type, a semicolon and xtext")
    if value[: len(_RFC822)].lower() == _RFC822 and _UTF8_IN_XTEXT.fullmatch(value, len(_RFC822)):
        value = f"utf-8;{to_utf8_addr_unitext(_decoded(value[len(_RFC822) :]))}"
    is_international = value[:6].lower() == "utf-8;"
    if not (_INTERNATIONAL_RECIPIENT if is_international else _ORIGINAL_RECIPIENT).fullmatch(value):
        raise SyntaxViolation("ORCPT is a type, a semicolon and xtext")
    shortest = _UNICODE_NUMBER.sub(lambda match: chr(int(match[1], 16)), value) if is_international else value
    if len(shortest.encode()) > _MAX_ORIGINAL_RECIPIENT_OCTETS:
        raise SyntaxViolation("ORCPT is at most 500 octets")
    return in_capitals(value)


def _decoded(xtext: str) -> str:
    try:
        return _XTEXT_OCTET.sub(lambda match: bytes((int(match[1], 16),)), xtext.encode()).decode()
    except UnicodeDecodeError as exc:
        raise SyntaxViolation("ORCPT is not UTF-8") from exc


def _read(text: str, readers: Mapping[str, Parameter | Reply]) -> dict[str, Any] | Reply:
    found: dict[str, Any] = {}
    for token in text.split(" "):
        if not token:  # a further space between two parameters, or one at the end (RFC 5321 §4.1.1)
            continue
        keyword, equals, value = token.partition("=")
        reader = readers.get(keyword.upper(), replies.UNKNOWN_PARAMETER)
        if isinstance(reader, Reply):
            return reader
        field, read = reader
        if field in found:
            return replies.BAD_PARAMETER
        try:
            found[field] = read(value if equals else None)
        except SyntaxViolation:
            return replies.BAD_PARAMETER
    return found
