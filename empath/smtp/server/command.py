"""
command - the grammar of the commands that carry a name or a path, RFC 5321 §4.1.1

A command is read into the event that the driver answers, or into the reply that refuses it.  Extra spaces are accepted
where the meaning stays clear: after the colon of MAIL and RCPT, between parameters, at the end of the line.

A lenient reader is for the senders of one's own house, which no one will correct: scanners, printers, old programs.  It
takes any name in EHLO and HELO or none, paths without angle brackets, and dots at any place of a local part.  Its
session takes tabs for blanks, and commands that end in CR CR LF.
"""

import binascii
import re

from empath.errors import SyntaxViolation
from empath.mail.address import ForwardPath, ReversePath
from empath.mail.domain import parse_domain
from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.events import AuthOffered, AuthResponded, Greeted, MailOffered, RecipientOffered
from empath.smtp.server.extensions import Extensions
from empath.smtp.server.parameters import (
    MailParameters,
    RecipientParameters,
    read_mail_parameters,
    read_recipient_parameters,
)
from empath.smtp.server.states import ServerSignal

# A source route `@one,@two:` is skipped (RFC 5321 appendix C). The first form of a mailbox has no quotes and is matched
# fast; in the second a ">" or a space may stand between the quotes.
_PATH = r""" *<(?:@[^:>"\x00-\x1f\x7f]*:)?([^">]*|"(?:[^"\\]|\\.)*"@[^">]*)>(?: +(.*))?"""
_MAIL = re.compile(rf"(?i:FROM):{_PATH}", re.DOTALL)
_RCPT = re.compile(rf"(?i:TO):{_PATH}", re.DOTALL)
_BARE_PATH = r""" *([^ <>"]+|"(?:[^"\\]|\\.)*"@[^ <>"]+)(?: +(.*))?"""
_BARE_MAIL = re.compile(rf"(?i:FROM):{_BARE_PATH}", re.DOTALL)
_BARE_RCPT = re.compile(rf"(?i:TO):{_BARE_PATH}", re.DOTALL)
_AUTH = re.compile(r"([A-Za-z0-9_-]{1,20})(?: +([^ ]+))?")
_CHUNK = re.compile(r"([0-9]{1,20})(?: +((?i:LAST)))?")
_QUOTED_OR_TAB = re.compile(rb'"(?:[^"\\]|\\.?)*+"?|\t', re.DOTALL)
_NOT_PRINTABLE_ASCII = re.compile(r"[^ -~]")
_MAX_NAME_CHARACTERS = 255
_NO_MAIL_PARAMETERS = MailParameters()
_NO_RECIPIENT_PARAMETERS = RecipientParameters()

_HEADER = re.compile(rb"[!-9;-~]+:")


def is_field(word: bytes) -> bool:
    """
    Whether the first word of an unknown command begins a header field, as in a request of HTTP.

    A client that sends the content of a message although DATA was refused says such words, too.
    """
    return _HEADER.match(word) is not None


def blanks_for_tabs(line: bytes) -> bytes:
    """*line* with a blank for each tab that is not between quotes."""
    return _QUOTED_OR_TAB.sub(lambda match: b" " if match[0] == b"\t" else match[0], line)


def read_greeting(verb: str, argument: str, is_lenient: bool = False) -> Greeted | Reply:
    """
    Read EHLO or HELO with a domain or an address literal (a bare IP address is neither), or refuse: 501 5.5.4.

    A lenient reader takes any name or none; what is not printable ASCII in it becomes "?".
    """
    try:
        name = parse_domain(argument)
    except SyntaxViolation:
        if not is_lenient:
            return replies.BAD_GREETING_NAME
        return Greeted(verb, _NOT_PRINTABLE_ASCII.sub("?", argument)[:_MAX_NAME_CHARACTERS])
    return Greeted(verb, argument if argument.isascii() else str(name))


def read_auth(argument: str) -> AuthOffered | Reply:
    """
    Read AUTH with its initial response, RFC 4954 §4; or give the reply that refuses it.

    Refusals: 501 5.5.4 for the form of the command, 501 5.5.2 for a response that is not base64.
    """
    match = _AUTH.fullmatch(argument)
    if match is None:
        return replies.AUTH_SYNTAX
    mechanism, text = match.groups()
    if text is None:
        return AuthOffered(mechanism.upper(), None)
    response = b"" if text == "=" else _decoded(text)
    return replies.BAD_BASE64 if response is None else AuthOffered(mechanism.upper(), response)


def read_response(line: bytes) -> AuthResponded | Reply:
    """Read the response to a challenge, RFC 4954 §4: base64, or `*` to cancel the exchange."""
    if line == b"*":
        return replies.AUTH_CANCELLED
    response = _decoded(line)
    return replies.BAD_BASE64 if response is None else AuthResponded(response)


def _decoded(base64: str | bytes) -> bytes | None:
    try:
        return binascii.a2b_base64(base64, strict_mode=True)
    except ValueError:
        return None


def read_mail(
    argument: str, extensions: Extensions, message_octets: int, is_lenient: bool = False
) -> MailOffered | Reply:
    """
    Read MAIL with the parameters of *extensions*, RFC 5321 §4.1.1.2; or give the reply that refuses it.

    Refusals: 501 5.1.7 for the path, 552 5.3.4 for a SIZE= over *message_octets*, 553 5.6.7 for a local part beyond
    ASCII without SMTPUTF8, and those of `read_mail_parameters`.
    """
    match = _MAIL.fullmatch(argument) or (_BARE_MAIL.fullmatch(argument) if is_lenient else None)
    if match is None:
        return replies.BAD_SENDER if argument[:5].upper() == "FROM:" else replies.MAIL_SYNTAX
    mailbox, rest = match.groups()
    try:
        reverse_path = ReversePath.parse(mailbox, is_lenient=is_lenient)
    except SyntaxViolation:
        return replies.BAD_SENDER
    parameters = read_mail_parameters(rest, extensions.mail) if rest else _NO_MAIL_PARAMETERS
    if isinstance(parameters, Reply):
        return parameters
    if parameters.size is not None and parameters.size > message_octets:
        return replies.TOO_BIG
    # U-labels of the domain need no SMTPUTF8 because they are kept as A-labels.
    if not (parameters.is_smtputf8 or reverse_path.address is None or reverse_path.address.is_ascii):
        return replies.SMTPUTF8_NEEDED
    return MailOffered(
        reverse_path,
        parameters.size,
        parameters.body_type,
        parameters.is_smtputf8,
        parameters.dsn_return,
        parameters.envelope_id,
        parameters.hold,
        parameters.deliver_by,
        parameters.mt_priority,
        parameters.requires_tls,
    )


def read_recipient(
    argument: str, extensions: Extensions, is_smtputf8: bool, is_lenient: bool = False
) -> RecipientOffered | Reply:
    """
    Read RCPT with the parameters of *extensions*, RFC 5321 §4.1.1.3; or give the reply that refuses it.

    *is_smtputf8* says whether MAIL had the parameter SMTPUTF8.

    Refusals: 501 5.1.3 for the path, 553 5.6.7 for a local part beyond ASCII without SMTPUTF8, and those of
    `read_recipient_parameters`.
    """
    match = _RCPT.fullmatch(argument) or (_BARE_RCPT.fullmatch(argument) if is_lenient else None)
    if match is None:
        return replies.BAD_RECIPIENT if argument[:3].upper() == "TO:" else replies.RCPT_SYNTAX
    mailbox, rest = match.groups()
    try:
        forward_path = ForwardPath.parse(mailbox, is_lenient=is_lenient)
    except SyntaxViolation:
        return replies.BAD_RECIPIENT
    parameters = read_recipient_parameters(rest, extensions.rcpt) if rest else _NO_RECIPIENT_PARAMETERS
    if isinstance(parameters, Reply):
        return parameters
    if not (is_smtputf8 or forward_path.address is None or forward_path.address.is_ascii):
        return replies.SMTPUTF8_NEEDED
    return RecipientOffered(forward_path, parameters.notify, parameters.original_recipient)


def read_chunk(argument: str) -> tuple[ServerSignal, int]:
    """Read BDAT, RFC 3030 §2: its signal, which says whether the chunk is the last, and the octets of the chunk."""
    match = _CHUNK.fullmatch(argument)
    if match is None:
        return ServerSignal.BDAT_MALFORMED, 0
    return ServerSignal.BDAT_LAST if match[2] else ServerSignal.BDAT, int(match[1])
