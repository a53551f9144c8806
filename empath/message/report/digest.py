"""
digest - one message to the postmaster about failed mail without a sender

Such mail, mostly reports of this host and of others, has no address to report to.  A flood of it must not become a
flood of mail to the postmaster: a digest names some messages and counts the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.mail.identity import Timestamp
from empath.message.report.octets import Charset, address_line, cut, field, one_line


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """One recipient that was not reached. Shape: why is the last reply or reason, perhaps empty."""

    queue_id: str
    received_at: Timestamp
    address: str
    why: str


def compose_digest(
    entries: Sequence[DigestEntry], unnamed: int, *, hostname: str, to: str, queue_id: str, at: Timestamp
) -> bytes:
    """The whole message, ASCII; *unnamed* counts the messages that failed besides those of *entries*."""
    date = at.date_time()
    lines = [
        f"Received: by {hostname} (Empath) id {queue_id};\r\n\t{date}\r\n".encode(),
        field("Date", date),
        field("From", f"Mail Delivery System <MAILER-DAEMON@{hostname}>"),
        address_line("To", to, Charset.UTF8),
        field("Subject", "Undelivered mail without a sender"),
        field("Message-ID", f"<{queue_id}@{hostname}>"),
        field("Auto-Submitted", "auto-generated"),
        field("MIME-Version", "1.0"),
        field("Content-Type", "text/plain; charset=us-ascii"),
        b"\r\n",
        b"These messages have no sender to report to, and could not be delivered:\r\n",
    ]
    for entry in entries:
        lines += [
            b"\r\n",
            _line(f"{entry.queue_id}  {entry.received_at.iso8601()}  <{entry.address}>"),
            _line(f"    {one_line(entry.why) or 'no reply'}"),
        ]
    if unnamed:
        lines += [b"\r\n", _line(f"{unnamed} further messages failed; `report_discarded` in the log names each.")]
    return b"".join(lines)


def _line(text: str) -> bytes:
    indent = text[: len(text) - len(text.lstrip(" "))]
    return cut((indent + one_line(text)).encode("us-ascii", "backslashreplace")) + b"\r\n"
