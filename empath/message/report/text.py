"""
text - what a report says to people
"""

import textwrap

from empath.message.report.facts import Action, Report, ReportedRecipient, ReportKind, date_text
from empath.message.report.octets import Charset, cut, one_line

_WIDTH = 76

SUBJECTS = {
    ReportKind.FAILURE: "Undelivered mail returned to sender",
    ReportKind.DELAY: "Delayed mail (still being tried)",
    ReportKind.SUCCESS: "Mail was delivered",
}
_FIRST_WORDS = {
    ReportKind.FAILURE: "Your message could not be delivered to the recipients named below.",
    ReportKind.DELAY: "Your message has not been delivered yet to the recipients named below.",
    ReportKind.SUCCESS: "Your message was delivered or passed on to the recipients named below.",
}
_LAST_WORDS = {
    ReportKind.FAILURE: "Delivery to them will not be tried again. Please look at the reason given above, correct the"
    " address or ask the people who run that mail system, and then send the message again.",
    ReportKind.DELAY: "You do not need to send it again. Delivery will be tried until the time given above, and you"
    " will get another report if it fails.",
    ReportKind.SUCCESS: "You do not need to do anything.",
}
_SUCCESS_WORDS = {
    Action.DELIVERED: "It was delivered.",
    Action.RELAYED: "It was passed on to the next host, which sends no report of its delivery.",
    Action.EXPANDED: "The address stands for others, and the message was sent on to these.",
}


def text_body(report: Report, charset: Charset, *, has_original: bool) -> bytes:
    """The text of *report*, each line ended by CRLF."""
    first, last = _FIRST_WORDS[report.kind], _LAST_WORDS[report.kind]
    arrival = f"It came in on {date_text(report.message.received_at)} with the queue id {report.message.queue_id}."
    blocks = [_wrapped(f"This is the mail system of {report.hostname}."), _wrapped(f"{first} {arrival}")]
    for recipient in report.recipients:
        blocks.append([f"<{one_line(recipient.address)}>", *_wrapped(_why(recipient), "    ")])
    blocks.append(_wrapped(last))
    if not has_original:
        blocks.append(_wrapped("The message itself is no longer kept here, so it is not attached."))
    lines = [line for block in blocks for line in (*block, "")]
    return b"".join(cut(line.encode(charset, "backslashreplace")) + b"\r\n" for line in lines[:-1])


def _why(recipient: ReportedRecipient) -> str:
    words = [_SUCCESS_WORDS[recipient.action]] if recipient.is_success else []
    if recipient.reason is not None:
        words.append(f"Reason: {recipient.reason}.")
    elif recipient.is_expired:
        words.append("Delivery was tried until the message was too old.")
    if recipient.retry_until is not None:
        words.append(f"Delivery will be tried until {date_text(recipient.retry_until)}.")
    last = recipient.quoted
    if last is not None:
        found = "this host found" if last.host is None else f"this host found at the host {last.host}"
        said = f"the host {last.host} said" if last.is_from_host else found
        words.append(f"On {date_text(last.at)} {said}: {last.reply}")
    return " ".join(words) or f"It was {recipient.action}."


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        one_line(text), _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
