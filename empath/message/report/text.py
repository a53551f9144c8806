"""
text - what a report says to people: a template, filled with facts

Values are from outside: each is one line without control characters, and no line of the result is over 998 octets.
"""

import textwrap
from string import Template

from empath.mail.xtext import from_xtext
from empath.message.encoded_words import decoded
from empath.message.report.facts import Action, Report, ReportedRecipient, date_text
from empath.message.report.octets import one_line
from empath.message.report.template import RECIPIENTS, ReportTemplate, placeholders

_WIDTH = 76
_WORDS = frozenset({"address", "original", "host"})  # placeholders that stand for one word, which is kept whole
_SUCCESS_WORDS = {
    Action.DELIVERED: "It was delivered.",
    Action.RELAYED: "It was passed on to the next host, which sends no report of its delivery.",
    Action.EXPANDED: "The address stands for others, and the message was sent on to these.",
}


def filled_text(report: Report, template: ReportTemplate, *, has_original: bool) -> tuple[str, list[str]]:
    """Subject and lines of *report* in the words of *template*."""
    message = report.message
    values = {
        "hostname": report.hostname,
        "queue_id": message.queue_id,
        "arrival": date_text(message.received_at),
        "sender": report.to,
        "subject": decoded(message.subject or ""),
        "message_id": message.header_message_id or "",
        "envelope_id": from_xtext(message.envelope_id or ""),
    }
    lines: list[str] = []
    for line in template.text:
        if line == f"${RECIPIENTS}":
            blocks = [_lines(template.recipient, _facts(recipient)) for recipient in report.recipients]
            lines += [line for block in blocks for line in ("", *block)][1:]
        else:
            lines += _filled(line, values)
    if not has_original and template.without_message:
        lines += ["", *_lines(template.without_message, values)]
    subject = Template(template.subject).substitute({name: one_line(value) for name, value in values.items()})
    return one_line(subject), lines


def _lines(lines: tuple[str, ...], values: dict[str, str]) -> list[str]:
    return [one for line in lines for one in _filled(line, values)]


def _filled(line: str, values: dict[str, str]) -> list[str]:
    """*line* with *values* in the place of its placeholders, wrapped; nothing if all of these are empty."""
    names = placeholders(line)
    if names and not any(values[name] for name in names):
        return []
    text = Template(line).substitute({name: one_line(values[name]) for name in names})
    if len(text) <= _WIDTH or (" " not in line.strip() and _WORDS.issuperset(names)):
        return [text]
    indent = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _facts(recipient: ReportedRecipient) -> dict[str, str]:
    last = recipient.quoted
    return {
        "address": recipient.address,
        "original": recipient.original if recipient.original != recipient.address else "",
        "action": recipient.action,
        "status": recipient.status,
        "host": "" if last is None else last.host or "",
        "reply": "" if last is None else last.reply,
        "reason": recipient.reason or "",
        "attempt": "" if last is None else date_text(last.at),
        "until": "" if recipient.retry_until is None else date_text(recipient.retry_until),
        "details": _details(recipient),
    }


def _details(recipient: ReportedRecipient) -> str:
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
