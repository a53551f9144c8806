"""
listing - the recipients of `list`, for a terminal or a pipe

A pipe gets a line for each recipient, with instants that a script can compare.  A terminal of 80 columns has no room
for such a line, so it gets two: sender, recipient and the next try, then the queue id and the reason.  Text that is too
long for a line goes on in the next one.
"""

import sys
from collections.abc import Sequence
from typing import Final

import click

from empath.cli.admin.output import Column, fits, folded, write_table
from empath.mail.printable import printable
from empath.mail.status import WAITING, RecipientStatus
from empath.mail.words import count, instant, size, span
from empath.storage.admin.records import LiveRecipient

_COLUMNS: Final = tuple(map(Column, ("RECIPIENT", "ID", "STATUS", "TRIES", "NEXT-TRY", "ADDRESS", "NEXTHOP", "REPLY")))
_HEADERS: Final = ("NUMBER", "STATUS", "AGE", "NEXT TRY", "SIZE", "SENDER -> RECIPIENT")
_GAP: Final = "  "


def write_list(page: Sequence[LiveRecipient], now: float, *, is_frozen: bool) -> None:
    """Write *page* as it is at *now*, in Unix seconds."""
    if sys.stdout.isatty():
        rows = [(_first_line(each, now, is_frozen=is_frozen), _second_line(each)) for each in page]
        write_in_two_lines(_HEADERS, rows)
    else:
        write_table(_COLUMNS, [_row(recipient) for recipient in page])


def list_summary(page: Sequence[LiveRecipient]) -> str:
    """The numbers of recipients and messages on this page."""
    messages = len({recipient.id for recipient in page})
    return f"{count(len(page), 'recipient')} in {count(messages, 'message')}"


def _row(recipient: LiveRecipient) -> tuple[object, ...]:
    return (
        recipient.recipient_id,
        recipient.id,
        recipient.status,
        recipient.attempts,
        instant(max(recipient.next_retry_at, recipient.suspended_until or 0.0)),
        recipient.recipient,
        recipient.destination,
        recipient.last_reply,
    )


def write_in_two_lines(headers: Sequence[str], rows: Sequence[tuple[Sequence[str], str]]) -> None:
    """Two lines for each row on a terminal: its cells, of which the last may be long, then its second line."""
    lines = [headers, *(cells for cells, _ in rows)]
    widths = [max(map(len, column)) for column in zip(*(line[:-1] for line in lines), strict=True)]
    texts = []
    for *cells, path in lines:
        head = "".join(cell.ljust(width) + _GAP for cell, width in zip(cells, widths, strict=True))
        texts.append([head + path] if fits(head + path) else [head.rstrip(), *folded(path, len(_GAP))])
    click.secho("\n".join(texts[0]), bold=True)
    for (_, second), text in zip(rows, texts[1:], strict=True):
        click.echo("\n".join([*text, *folded(second, len(_GAP))]))


def _first_line(recipient: LiveRecipient, now: float, *, is_frozen: bool) -> tuple[str, ...]:
    return (
        str(recipient.recipient_id),
        recipient.status,
        span(now - recipient.received_at),
        _next_try(recipient, now, is_frozen=is_frozen),
        size(recipient.size_octets),
        printable(f"{recipient.sender or '<>'} -> {recipient.recipient}"),
    )


def _next_try(recipient: LiveRecipient, now: float, *, is_frozen: bool) -> str:
    if recipient.status not in WAITING:
        return "under way" if recipient.status == RecipientStatus.LEASED else "-"
    if is_frozen:
        return "frozen"
    if recipient.suspended_until is not None:
        return "suspended"
    if recipient.blocked_by is not None:
        return recipient.blocked_by.partition(" until ")[0].partition(":")[0]
    wait_s = recipient.next_retry_at - now
    return f"in {span(wait_s)}" if wait_s > 0 else "now"


def _second_line(recipient: LiveRecipient) -> str:
    tries = recipient.attempts
    notes = [f"{tries} {'try' if tries == 1 else 'tries'}" if tries else "not tried"]
    if recipient.ordered is not None:
        notes.append(f"to be {recipient.ordered} after the delivery under way")
    if recipient.destination != recipient.domain:
        notes.append(f"next hop {recipient.destination}")
    if recipient.blocked_by is not None and " until " in recipient.blocked_by:
        notes.append(recipient.blocked_by)
    notes += [text for text in (recipient.reason, recipient.last_reply) if text]
    return f"{recipient.id}{_GAP}{printable(', '.join(notes))}"
