"""
facts - what a report tells: the message, its recipients and their fates

All text here is from outside or made of such text, and hostile: `octets` makes it harmless where it is written.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from empath.mail.identity import Timestamp

_LATEST = 253_402_300_799.0  # 9999-12-31; no row may hold an instant that cannot be written
_ENHANCED = re.compile(r"[245](\.[0-9]{1,3}\.[0-9]{1,3})")


class ReportKind(StrEnum):
    """The event that is reported. Each kind has its own report."""

    FAILURE = "failure"
    DELAY = "delay"
    SUCCESS = "success"


class Action(StrEnum):
    """Fate of one recipient, RFC 3464 §2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """
    How the last attempt for a recipient ended.

    Shape: enhanced is its enhanced status code, if it had one; reply is code, enhanced code and text in one line; host
    is the name or IP address of the host, None if none was reached; is_from_host: the words are from that host, not
    from Empath.
    """

    at: Timestamp
    enhanced: str | None
    reply: str
    host: str | None
    is_from_host: bool = True


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """
    One recipient of a report.

    Shape: original is the forward path as the client gave it; original_recipient the ORCPT= value, `type;xtext`, or
    None; is_expired says that it was given up for its age; reason is why, where no reply says so; retry_until is given
    for a delay.
    """

    address: str
    action: Action
    original: str
    original_recipient: str | None = None
    is_expired: bool = False
    reason: str | None = None
    last_attempt: LastAttempt | None = None
    retry_until: Timestamp | None = None

    @property
    def is_success(self) -> bool:
        """Whether the mail arrived, or goes on elsewhere."""
        return self.action not in (Action.FAILED, Action.DELAYED)

    @property
    def quoted(self) -> LastAttempt | None:
        """The last attempt, if what was said then is of use to the sender: not what this host says of its own store."""
        return (
            None
            if self.last_attempt is None or (self.is_success and not self.last_attempt.is_from_host)
            else self.last_attempt
        )

    @property
    def status(self) -> str:
        """`status-code` of RFC 3464 §2.3.4: the last reply's, in the class that goes with the action."""
        if self.action is Action.FAILED:
            klass = "4" if self.is_expired else "5"
        else:
            klass = "4" if self.action is Action.DELAYED else "2"
        if self.last_attempt is None:
            return "4.4.7" if klass == "4" else f"{klass}.0.0"
        match = _ENHANCED.fullmatch(self.last_attempt.enhanced or "")
        # Returned by order: an earlier reply of a host is not the reason.
        return klass + (match[1] if match and not (self.reason and klass == "5") else ".0.0")


@dataclass(frozen=True, slots=True)
class ReportedMessage:
    """
    The message that is reported on.

    Shape: envelope_id is the ENVID= value in xtext; subject is the field as it came, in one line.
    """

    queue_id: str
    received_at: Timestamp
    is_smtputf8: bool
    envelope_id: str | None
    header_message_id: str | None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """Content of it: all octets, or at most the first START_OCTETS."""

    octets: bytes
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Report:
    """
    All that a report is made of.

    Shape: original is None where the content is gone; to is the mailbox of the addressee; queue_id is the report's own;
    boundary is 1 to 60 letters and digits that cannot be guessed; at least one recipient.
    """

    kind: ReportKind
    message: ReportedMessage
    recipients: tuple[ReportedRecipient, ...]
    original: Original | None
    hostname: str
    to: str
    queue_id: str
    at: Timestamp
    boundary: str


def date_text(at: Timestamp) -> str:
    """*at* as a report writes it, RFC 5322 §3.3."""
    return Timestamp(min(max(at, 0.0), _LATEST)).date_time()
