"""
command - the verbs of SMTP and the grammar of those that carry a name or a path, RFC 5321 §4.1.1

A command is read into the event it offers to the driver, or into the reply that refuses it.  White space is borne
with where nothing is lost by it: after the colon of MAIL and RCPT, between parameters, at the end of the line.
"""

import re
from enum import StrEnum
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.address import ForwardPath, ReversePath
from empath.mail.domain import AddressLiteral, Domain
from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.events import Greeted, MailOffered, RecipientOffered
from empath.smtp.server.parameters import (
    MailParameters,
    RecipientParameters,
    read_mail_parameters,
    read_recipient_parameters,
)


class Verb(StrEnum):
    """What a client can do: its commands by their words, and two acts that are not commands."""

    EHLO = "EHLO"
    HELO = "HELO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    RSET = "RSET"
    NOOP = "NOOP"
    VRFY = "VRFY"
    EXPN = "EXPN"
    HELP = "HELP"
    QUIT = "QUIT"
    AUTH = "AUTH"
    STARTTLS = "STARTTLS"
    BDAT = "BDAT"
    CONNECT = "(connect)"
    END_OF_DATA = "(end of data)"


# From the octets of a command's first word in upper case.
VERBS: Final = {verb.encode(): verb for verb in Verb if verb not in (Verb.CONNECT, Verb.END_OF_DATA)}

# A source route `@one,@two:` is read over (RFC 5321 appendix C). The first form of a mailbox is the fast one, it has
# no quotes; in the second a ">" or a space may stand between them.
_PATH = r""" *<(?:@[^:>"\x00-\x1f\x7f]*:)?([^">]*|"(?:[^"\\]|\\.)*"@[^">]*)>(?: +(.*))?"""
_MAIL = re.compile(rf"(?i:FROM):{_PATH}", re.DOTALL)
_RCPT = re.compile(rf"(?i:TO):{_PATH}", re.DOTALL)
_NO_MAIL_PARAMETERS = MailParameters()
_NO_RECIPIENT_PARAMETERS = RecipientParameters()

_HTTP_VERBS = frozenset({b"CONNECT", b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"PATCH", b"POST", b"PUT", b"TRACE"})
_HEADER = re.compile(rb"[!-9;-~]+:")


def is_forbidden(word: bytes) -> bool:
    """
    Whether the first word of an unknown command shows a client that does not speak SMTP.

    A browser, or a proxy under an attacker's orders, goes on line by line until one of them is a command; so does the
    content of a message whose DATA was refused.
    """
    return word.upper() in _HTTP_VERBS or _HEADER.match(word) is not None


def read_greeting(verb: Verb, argument: str) -> Greeted | Reply:
    """EHLO or HELO with a domain or an address literal (a bare IP address is neither), or 501 5.5.4."""
    try:
        name = AddressLiteral.parse(argument) if argument.startswith("[") else Domain.parse(argument)
    except SyntaxViolation:
        return replies.BAD_GREETING_NAME
    return Greeted(str(verb), argument if argument.isascii() else str(name))


def read_mail(argument: str, message_octets: int, offers_dsn: bool) -> MailOffered | Reply:
    """
    MAIL, RFC 5321 §4.1.1.2 with RFC 1870, 3461, 6152, 6531; or the reply that refuses it.

    Refusals: 501 5.1.7 for the path, 552 5.3.4 for a SIZE= over *message_octets*, 553 5.6.7 for a local part beyond
    ASCII without SMTPUTF8, and those of `read_mail_parameters`.
    """
    match = _MAIL.fullmatch(argument)
    if match is None:
        return replies.BAD_SENDER if argument[:5].upper() == "FROM:" else replies.MAIL_SYNTAX
    mailbox, rest = match.groups()
    try:
        reverse_path = ReversePath.parse(mailbox)
    except SyntaxViolation:
        return replies.BAD_SENDER
    parameters = read_mail_parameters(rest, offers_dsn) if rest else _NO_MAIL_PARAMETERS
    if isinstance(parameters, Reply):
        return parameters
    if parameters.size is not None and parameters.size > message_octets:
        return replies.TOO_BIG
    # U-labels of the domain need no SMTPUTF8: they are kept as A-labels.
    if not (parameters.is_smtputf8 or reverse_path.address is None or reverse_path.address.is_ascii):
        return replies.SMTPUTF8_NEEDED
    return MailOffered(
        reverse_path,
        parameters.size,
        parameters.body_type,
        parameters.is_smtputf8,
        parameters.dsn_return,
        parameters.envelope_id,
    )


def read_recipient(argument: str, is_smtputf8: bool, offers_dsn: bool) -> RecipientOffered | Reply:
    """
    RCPT, RFC 5321 §4.1.1.3 with RFC 3461; or the reply that refuses it. *is_smtputf8* is what MAIL said.

    Refusals: 501 5.1.3 for the path, 553 5.6.7 for a local part beyond ASCII without SMTPUTF8, and those of
    `read_recipient_parameters`.
    """
    match = _RCPT.fullmatch(argument)
    if match is None:
        return replies.BAD_RECIPIENT if argument[:3].upper() == "TO:" else replies.RCPT_SYNTAX
    mailbox, rest = match.groups()
    try:
        forward_path = ForwardPath.parse(mailbox)
    except SyntaxViolation:
        return replies.BAD_RECIPIENT
    parameters = read_recipient_parameters(rest, offers_dsn) if rest else _NO_RECIPIENT_PARAMETERS
    if isinstance(parameters, Reply):
        return parameters
    if not (is_smtputf8 or forward_path.address is None or forward_path.address.is_ascii):
        return replies.SMTPUTF8_NEEDED
    return RecipientOffered(forward_path, parameters.notify, parameters.original_recipient)
