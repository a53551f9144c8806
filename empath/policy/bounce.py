"""
bounce - which reports are sent, and to which address, RFC 5321 §4.5.5 and §6.1

A report goes to the sender, with the null reverse-path.  The failure of a message without a sender, such as a report,
has no report; where the configuration asks for it, the postmaster gets a digest of such failures, from the
double-bounce address.  Of a digest that fails there is nothing more: reports cannot loop.
"""

from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.address import NULL_PATH, Address, ReversePath
from empath.mail.domain import Domain
from empath.mail.identity import Timestamp
from empath.mail.outcome import Handover, Stage
from empath.mail.status import LIVE, RecipientStatus
from empath.message.report.facts import Action, ReportKind

_DOUBLE_BOUNCE = "double-bounce"
_DOUBLE_BOUNCE_AT = f"{_DOUBLE_BOUNCE}@"
_NO_NOTICE: Final = "NEVER"
_USUAL_NOTICES: Final = "FAILURE,DELAY"  # without NOTIFY=, see `wants_notice`
_OF_CONTENT: Final = ("5.6.", "5.3.4", "5.2.3")  # RFC 3463: media, message too big for the system or the mailbox

TOLD_OF: Final = {  # statuses that a report of each kind names; a recipient that left them is not named any more
    ReportKind.FAILURE: frozenset({RecipientStatus.BOUNCED, RecipientStatus.EXPIRED}),
    ReportKind.DELAY: LIVE,
    ReportKind.SUCCESS: frozenset({RecipientStatus.DELIVERED}),
}


@dataclass(frozen=True, slots=True)
class Addressee:
    """Address and reverse path of a report."""

    to: Address
    reverse_path: ReversePath


def double_bounce_address(hostname: Domain) -> Address:
    """The sender of digests to the postmaster. Mail to it is accepted and discarded."""
    return Address(_DOUBLE_BOUNCE, hostname)


def is_double_bounce(address: str, hostname: Domain) -> bool:
    """Whether *address*, in its text form, is the double-bounce address, in any case."""
    # Asked of every recipient: nearly all differ in the first characters.
    here = len(_DOUBLE_BOUNCE_AT)
    return address[:here].lower() == _DOUBLE_BOUNCE_AT and address[here:].lower() == str(hostname)


def find_addressee(reverse_path: str, hostname: Domain) -> Addressee | None:
    """Where the report about a message with *reverse_path* (text form, empty for null) goes; None: no report."""
    if not reverse_path or is_double_bounce(reverse_path, hostname):
        return None
    try:
        return Addressee(Address.parse(reverse_path), NULL_PATH)
    except SyntaxViolation:  # such a path cannot come from a client
        return None


def is_refusal_of_form(stage: str | None, enhanced: str | None) -> bool:
    """
    Whether a refusal at *stage* is one of the content, not of the address: a smaller form of a report may be taken.

    It says so by its status (media, size), or it came once the content was offered.
    """
    return (enhanced or "").startswith(_OF_CONTENT) or stage in (Stage.DATA, Stage.CONTENT, Stage.END_OF_DATA)


def wants_notice(notify: str | None, kind: ReportKind) -> bool:
    """
    Whether the sender hears of *kind*. *notify* is the NOTIFY= value of the recipient, RFC 3461 §4.1.

    Without one, §4.1 leaves it to this host: failures and delays are reported, success is not.
    """
    if notify is None:
        return kind is not ReportKind.SUCCESS
    return kind.upper() in notify.split(",")


def merged_notify(first: str | None, second: str | None) -> str | None:
    """The NOTIFY= value of a recipient that was given twice: every notice that either value asks for."""
    if second in (first, _NO_NOTICE):
        return first
    if first == _NO_NOTICE:
        return second
    kinds = [*(first or _USUAL_NOTICES).split(","), *(second or _USUAL_NOTICES).split(",")]
    return ",".join(dict.fromkeys(kinds))


def notify_of_targets(notify: str | None) -> str | None:
    """
    The NOTIFY= value of the targets of an alias that has several, RFC 3461 §5.2.7.3: its report "expanded" is the one
    of success.
    """
    if notify is None or not wants_notice(notify, ReportKind.SUCCESS):
        return notify
    return ",".join(kind for kind in notify.split(",") if kind != ReportKind.SUCCESS.upper()) or _NO_NOTICE


def success_action(handover: Handover) -> Action:
    """What a report of success says happened to a recipient, RFC 3464 §2.3.3."""
    return Action.DELIVERED if handover is Handover.FINAL else Action.RELAYED


def action_of(kind: ReportKind, recorded: str | None) -> Action:
    """What a report says happened to a recipient, RFC 3464 §2.3.3; *recorded* with the notice of a success."""
    if kind is ReportKind.SUCCESS:
        return Action(recorded or Action.DELIVERED)
    return Action.FAILED if kind is ReportKind.FAILURE else Action.DELAYED


def is_delayed(
    now: Timestamp, received_at: Timestamp, warning_s: float, reverse_path: str, report_at: Timestamp | None = None
) -> bool:
    """
    Whether a deferral at *now* is late enough for the report on a delay; *warning_s* is 0 for never.

    *report_at* is the instant that the client asked for.
    """
    if report_at is not None:
        return reverse_path != "" and now >= report_at
    return warning_s > 0 and reverse_path != "" and now >= received_at + warning_s
