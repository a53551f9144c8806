"""
mail - the message that carries a report to another domain
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from gzip import compress
from typing import Final

from empath.mail.identity import Timestamp
from empath.message.report.octets import Charset, address_line, cut, field, text_field

_LINE: Final = 76


@dataclass(frozen=True, slots=True)
class ReportMail:
    """
    What the message is made of.

    Shape: media_type is that of the file, with gzip; multipart is the type of the whole with its parameters but the
    boundary; subject_domain is the domain that the report is about; submitter is this host; more are further fields.
    """

    org_name: str
    sender: str
    subject_domain: str
    submitter: str
    report_id: str
    words: Sequence[str]
    file_name: str
    file: bytes
    media_type: str
    multipart: str
    more: Sequence[tuple[str, str]] = ()


def gzipped(octets: bytes) -> bytes:
    """*octets* in gzip; the same for the same octets, because a report that is made twice is one report."""
    return compress(octets, mtime=0)


def compose_mail(mail: ReportMail, to: Sequence[str], *, message_id: str, boundary: str, at: Timestamp) -> bytes:
    """The whole message to the addresses *to*."""
    encoded = b64encode(mail.file)
    rows = [encoded[start : start + _LINE] + b"\r\n" for start in range(0, len(encoded), _LINE)]
    name = mail.org_name.replace("\\", "").replace('"', "")
    sender = f'"{name}" <{mail.sender}>' if name.isascii() and mail.sender.isascii() else f"<{mail.sender}>"
    return b"".join(
        (
            field("Date", at.date_time()),
            address_line("From", sender, Charset.UTF8),
            _to(to),
            text_field(
                "Subject",
                f"Report Domain: {mail.subject_domain} Submitter: {mail.submitter} Report-ID: <{mail.report_id}>",
            ),
            field("Message-ID", f"<{message_id}>"),
            *(field(key, value) for key, value in mail.more),
            field("Auto-Submitted", "auto-generated"),
            field("MIME-Version", "1.0"),
            field("Content-Type", f'{mail.multipart}; boundary="{boundary}"'),
            f"\r\n--{boundary}\r\n".encode(),
            field("Content-Type", "text/plain; charset=us-ascii"),
            b"\r\n",
            *(cut(line.encode("ascii", "backslashreplace")) + b"\r\n" for line in mail.words),
            f"\r\n--{boundary}\r\n".encode(),
            field("Content-Type", f'{mail.media_type}; name="{mail.file_name}"'),
            field("Content-Transfer-Encoding", "base64"),
            field("Content-Disposition", f'attachment; filename="{mail.file_name}"'),
            b"\r\n",
            *rows,
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )


def _to(addresses: Sequence[str]) -> bytes:
    return b"To: " + b",\r\n ".join(cut(address.encode()) for address in addresses) + b"\r\n"
