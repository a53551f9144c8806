"""
compose - reports on the fate of a message, RFC 3464 and RFC 6522

THEORY
    A report has up to three parts: text for people, the same facts as fields for programs, and the message itself or
    its header section.  policy/bounce decides whether there is a report, and its sender and addressee.  Everything from
    outside is hostile, such as replies, addresses, ENVID and the original itself: `octets` lets none of it end a field,
    a part or a line.

    The forms of RFC 6533 (message/global…) may hold UTF-8; they are used if the original asked for SMTPUTF8.
"""

import ipaddress
import re
from dataclasses import replace
from typing import Final

from empath.mail.domain import AddressLiteral
from empath.mail.envelope import DsnReturn
from empath.mail.xtext import from_xtext
from empath.message.downgrade import examine
from empath.message.report.facts import Original, Report, ReportedRecipient, ReportKind, date_text
from empath.message.report.octets import (
    Charset,
    address_line,
    cut,
    field,
    header_part,
    is_plain,
    quoted_printable,
    text_field,
)
from empath.message.report.template import BUILT_IN, ReportTemplate
from empath.message.report.text import filled_text

MAX_RETURNED_OCTETS: Final = 50_000  # largest original that is returned whole
START_OCTETS: Final = 128 * 1024  # most octets of the content that are needed otherwise
# A Message-ID is quoted in In-Reply-To only in this form, which is unambiguous in a header.
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_BOUNDARY = re.compile(rb'\r\n\tboundary="([^"]+)"\r\n')
_WHOLE = re.compile(rb"(?:^|\r\n)Content-Type: message/(rfc822|global)(?:\r\n|$)")  # the part that returns it whole


def returns_whole(kind: ReportKind, dsn_return: str | None, size: int) -> bool:
    """Whether the original goes back whole: a failure, unless RET=HDRS, up to MAX_RETURNED_OCTETS (RFC 3461 §4.3)."""
    return kind is ReportKind.FAILURE and dsn_return != DsnReturn.HEADERS and size <= MAX_RETURNED_OCTETS


def compose(report: Report, template: ReportTemplate | None = None) -> bytes:
    """
    Compose the whole message, each line ended by CRLF and at most 998 octets long. *template* has its words.

    A host without 8BITMIME must be able to take the report.  An original that cannot be converted, because it has 8-bit
    octets in its header or in a signed part, is returned as its header section, encoded.
    """
    template = template or BUILT_IN[report.kind]
    octets = _composed(report, template)
    original = report.original
    if octets.isascii() or original is None or report.message.is_smtputf8 or examine([octets]).obstacle is None:
        return octets
    return _composed(replace(report, original=replace(original, is_whole=False)), template)


def headers_only(octets: bytes) -> bytes | None:
    """
    The report in *octets*, which `compose` made, with the header of the original in place of the whole.

    None if it has no whole original: then there is no shorter form.
    """
    boundary = _BOUNDARY.search(octets)
    if boundary is None:
        return None
    before, *parts = octets.removesuffix(b"\r\n--%b--\r\n" % boundary[1]).split(b"\r\n--%b\r\n" % boundary[1])
    head, _, original = parts[-1].partition(b"\r\n\r\n")
    whole = _WHOLE.search(head)
    if whole is None:
        return None
    charset = Charset.UTF8 if whole[1] == b"global" else Charset.ASCII
    parts[-1] = b"\r\n".join(_original_part(Original(original, is_whole=False), charset))
    if all(map(bytes.isascii, parts)):
        before = before.replace(b"-Encoding: 8bit\r\n", b"-Encoding: 7bit\r\n", 1)
    delimiter = b"\r\n--%b" % boundary[1]
    return b"".join([before, *(delimiter + b"\r\n" + part for part in parts), delimiter, b"--\r\n"])


def _composed(report: Report, template: ReportTemplate) -> bytes:
    charset = Charset.UTF8 if report.message.is_smtputf8 else Charset.ASCII
    original = _original_part(report.original, charset) if report.original is not None else None
    subject, lines = filled_text(report, template, has_original=original is not None)
    parts = [_text_part(lines, charset), _status_part(report, charset)]
    if original is not None:
        parts.append(original)
    bodies = [body for _, body in parts]
    boundary = report.boundary
    while any(f"--{boundary}".encode() in body for body in bodies):
        boundary += "x"
    encoding = "7bit" if all(body.isascii() for body in bodies) else "8bit"
    delimiter = f"\r\n--{boundary}\r\n".encode()
    octets = [_header(report, subject, boundary, encoding), b"This is a report in MIME format.\r\n"]
    for kind, body in parts:
        octets += [delimiter, kind, b"\r\n", body]
    return b"".join([*octets, f"\r\n--{boundary}--\r\n".encode()])


def _header(report: Report, subject: str, boundary: str, encoding: str) -> bytes:
    host = report.hostname
    date = date_text(report.at)
    lines = [
        f"Received: by {host} (Empath) id {report.queue_id};\r\n\t{date}\r\n".encode(),
        field("Date", date),
        field("From", f"Mail Delivery System <MAILER-DAEMON@{host}>"),
        # A mailbox beyond ASCII can be named only with SMTPUTF8, so the header may contain it, too.
        address_line("To", report.to, Charset.UTF8),
        text_field("Subject", subject),
        field("Message-ID", f"<{report.queue_id}@{host}>"),
    ]
    answered = report.message.header_message_id
    if answered is not None and _MESSAGE_ID.fullmatch(answered):
        lines += [f"In-Reply-To: {answered}\r\n".encode(), f"References: {answered}\r\n".encode()]
    lines += [
        field("Auto-Submitted", "auto-replied"),  # RFC 3834 §5.1
        field("MIME-Version", "1.0"),
        b"Content-Type: multipart/report; report-type=delivery-status;\r\n",
        f'\tboundary="{boundary}"\r\n'.encode(),
        field("Content-Transfer-Encoding", encoding),
        b"\r\n",
    ]
    return b"".join(lines)


def _text_part(lines: list[str], charset: Charset) -> tuple[bytes, bytes]:
    body = b"".join(cut(line.encode("utf-8", "backslashreplace")) + b"\r\n" for line in lines)
    kind = f"text/plain; charset={charset if body.isascii() else Charset.UTF8}"
    if charset is Charset.UTF8 or body.isascii():
        return _part_header("Notification", kind, body), body
    # Whoever did not ask for SMTPUTF8 may be reached only by hosts that take no 8-bit octets.
    return _part_header("Notification", kind, b"", "quoted-printable"), quoted_printable(body)


def _status_part(report: Report, charset: Charset) -> tuple[bytes, bytes]:
    message = report.message
    lines = [field("Reporting-MTA", f"dns; {report.hostname}")]
    if message.envelope_id is not None:
        lines.append(field("Original-Envelope-Id", from_xtext(message.envelope_id), charset))
    lines.append(field("Arrival-Date", date_text(message.received_at)))
    for recipient in report.recipients:
        lines += [b"\r\n", *_recipient_fields(recipient, charset)]
    body = b"".join(lines)
    kind = "message/global-delivery-status" if charset is Charset.UTF8 else "message/delivery-status"
    return _part_header("Delivery report", kind, body), body


def _recipient_fields(recipient: ReportedRecipient, charset: Charset) -> list[bytes]:
    lines = []
    if recipient.original_recipient is not None:
        kind, _, address = recipient.original_recipient.partition(";")
        lines.append(address_line("Original-Recipient", from_xtext(address), charset, kind))
    elif recipient.original != recipient.address:
        lines.append(address_line("Original-Recipient", recipient.original, charset, "rfc822"))
    lines += [
        address_line("Final-Recipient", recipient.address, charset, "rfc822"),
        field("Action", recipient.action),
        field("Status", recipient.status),
    ]
    last, quoted = recipient.last_attempt, recipient.quoted
    if last is not None and last.host is not None:
        lines.append(field("Remote-MTA", f"dns; {_mta_name(last.host)}", charset))
    if recipient.reason is not None:
        what = "reply" if quoted is not None and quoted.is_from_host else "finding"
        before = f" (last {what}: {quoted.reply})" if quoted is not None else ""
        lines.append(field("Diagnostic-Code", f"X-Empath; {recipient.reason}{before}", charset))
    elif quoted is not None:
        kind = "smtp" if quoted.is_from_host else "X-Empath"
        lines.append(field("Diagnostic-Code", f"{kind}; {quoted.reply}", charset))
    if last is not None:
        lines.append(field("Last-Attempt-Date", date_text(last.at)))
    if recipient.retry_until is not None:
        lines.append(field("Will-Retry-Until", date_text(recipient.retry_until)))
    return lines


def _mta_name(host: str) -> str:
    """`mta-name` of the type dns: a host name, or an address literal of RFC 5321 §4.1.3."""
    try:
        return str(AddressLiteral(ipaddress.ip_address(host)))
    except ValueError:
        return host


def _original_part(original: Original, charset: Charset) -> tuple[bytes, bytes]:
    is_global = charset is Charset.UTF8
    if original.is_whole and is_plain(original.octets):
        kind = "message/global" if is_global else "message/rfc822"
        return _part_header("Undelivered message", kind, original.octets), original.octets
    header = header_part(original.octets, START_OCTETS)
    kind = "message/global-headers" if is_global else "text/rfc822-headers"
    # RFC 6522 §4: 8-bit octets there must be encoded.
    if is_plain(header) and (header.isascii() or (is_global and _is_utf8(header))):
        return _part_header("Header of the message", kind, header), header
    return _part_header("Header of the message", kind, b"", "quoted-printable"), quoted_printable(header)


def _part_header(description: str, kind: str, body: bytes, encoding: str | None = None) -> bytes:
    encoding = encoding or ("7bit" if body.isascii() else "8bit")
    return b"".join(
        (
            field("Content-Description", description),
            field("Content-Type", kind),
            field("Content-Transfer-Encoding", encoding),
        )
    )


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
