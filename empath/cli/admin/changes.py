"""
changes - the output of orders to recipients: each recipient before and after, then the counts

An order to a million recipients is printed page by page, so that memory does not grow with it. JSON is still one
object, whose list is written page by page. If the reader of the output goes away (`| head`), the order is completed
without further output.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Final

import click

from empath.cli.admin.output import Column, write_table
from empath.cli.pauses import pause_words
from empath.mail.status import WAITING, RecipientStatus
from empath.mail.words import count, instant
from empath.storage.admin.json_form import as_json
from empath.storage.admin.order_totals import OrderTotals
from empath.storage.admin.orders import TARGETS, Order, Verb
from empath.storage.admin.pauses import Suspension, pauses_of
from empath.storage.admin.records import Change, Effect
from empath.storage.admin.steering import Steering

_MAKE_DUE: Final = (Verb.RETRY, Verb.RELEASE, Verb.UNDELETE)
TERMINAL_ROWS: Final = 1000  # most rows shown on a terminal
_COLUMNS: Final = (
    Column("RECIPIENT"), Column("ID"), Column("STATUS", 3), Column("ADDRESS", 2, 12), Column("CHANGE", 0, 12),
)  # fmt: skip


class Changes:
    """
    Reports *order* while it is carried out: `add` each page, `end` once, then `summary` for standard error.

    *frozen_since* is set while delivery is stopped.
    """

    def __init__(self, order: Order, *, is_json: bool, is_dry_run: bool, frozen_since: str | None) -> None:
        self._totals = OrderTotals()
        self._order = order
        self._is_json = is_json
        self._is_dry_run = is_dry_run
        self._has_no_reader = False
        self._shown = 0
        self._frozen_since = frozen_since
        self._suspended: dict[str, Suspension] = {}  # of destinations with mail that is due after the order

    @property
    def matched(self) -> int:
        """Number of recipients so far."""
        return self._totals.matched

    def add(self, page: Sequence[Change]) -> None:
        """Report one page."""
        is_first = self.matched == 0
        self._totals.add(page)
        self._note_suspensions(page)
        if not page or self._has_no_reader:
            return
        try:
            if self._is_json:
                click.echo(self._head() if is_first else ", ", nl=False)
                click.echo(", ".join(json.dumps(as_json(change)) for change in page), nl=False)
            else:
                self._write_rows(page, is_first=is_first)
        except BrokenPipeError:
            self._stop_writing()

    def end(self, steering: Steering, *, is_complete: bool) -> None:
        """Report the totals."""
        if not self._is_json or self._has_no_reader:
            return
        rest = self._totals.record(steering, is_complete=is_complete)
        try:
            click.echo(f"{'' if self.matched else self._head()}], {json.dumps(rest)[1:]}")
        except BrokenPipeError:
            self._stop_writing()

    def summary(self, steering: Steering) -> str:
        """The counts as a sentence, then a line for each remark."""
        would = "would be " if self._is_dry_run else ""
        totals = self._totals
        lines = [f"{totals.changed} of {count(totals.matched, 'recipient')} {would}changed"]
        if totals.ordered:
            lines[0] += f", {totals.ordered} {would}ordered for the end of the delivery under way"
        if self._is_dry_run:
            lines.append("a dry run: nothing was changed")
        if steering.transactions > 1:
            lines.append(f"in {steering.transactions} transactions, to keep waits for the write lock short")
        if self.matched > self._shown and not self._is_json and not self._has_no_reader:
            lines.append(f"{self.matched - self._shown} more are not shown (a pipe or --json shows all)")
        if self._order.verb in _MAKE_DUE:
            lines.append(pause_words(pauses_of(self._frozen_since, self._suspended.values())))
        return "\n".join(filter(None, lines))

    def _head(self) -> str:
        head = json.dumps({"verb": self._order.verb, "is_dry_run": self._is_dry_run})
        return f'{head[:-1]}, "recipients": ['

    def _write_rows(self, page: Sequence[Change], *, is_first: bool) -> None:
        if sys.stdout.isatty():
            page = page[: max(0, TERMINAL_ROWS - self._shown)]
        self._shown += len(page)
        if page:
            rows = [(c.recipient_id, c.id, c.before.status, c.recipient, self._words(c)) for c in page]
            write_table(_COLUMNS, rows, is_headed=is_first)

    def _stop_writing(self) -> None:
        self._has_no_reader = True
        # Python flushes again at its end, and would report the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _words(self, change: Change) -> str:
        match change.effect:
            case Effect.CHANGED:
                return self._changed(change)
            case Effect.ORDERED if self._order.verb is Verb.RELEASE:
                return f"takes back the order {change.before.ordered}, it is being delivered right now"
            case Effect.ORDERED:
                return f"will be {TARGETS[self._order.verb]} after the delivery under way, unless that succeeds"
            case effect:
                return f"nothing, {_reason(effect, change)}"

    def _note_suspensions(self, page: Sequence[Change]) -> None:
        for change in page:
            if self._order.verb is not Verb.RETRY and change.effect is not Effect.CHANGED:
                continue
            if change.suspended_until is not None and change.after.status in WAITING:
                self._suspended[change.destination] = Suspension(change.destination, change.suspended_until)

    def _changed(self, change: Change) -> str:
        before, after = change.before, change.after
        due = f"{self._when(change)}, was due {instant(before.next_retry_at)}"
        if self._order.verb is Verb.RETRY:
            return due
        words = f"{after.status}, was {before.status}"
        return f"{words}; {due}" if after.next_retry_at != before.next_retry_at else words

    def _when(self, change: Change) -> str:
        """The instant at which due mail goes out, in words."""
        if self._frozen_since is not None:
            return "due at the next thaw"
        if change.suspended_until is not None:
            return f"due at the end of the suspension, {instant(change.suspended_until)}"
        return "due now"


def _reason(effect: Effect, change: Change) -> str:
    """Why nothing changed."""
    status = change.before.status
    match effect:
        case Effect.DONE_ALREADY if status in WAITING:
            suspended = "" if change.suspended_until is None else f", suspended until {instant(change.suspended_until)}"
            return f"due since {instant(change.before.next_retry_at)}{suspended}"
        case Effect.DONE_ALREADY if status == RecipientStatus.LEASED:
            return "already ordered"
        case Effect.BEING_DELIVERED:
            return "it is being delivered right now"
        case Effect.NOT_HELD:
            return "it is not held"
        case Effect.FINAL if status != RecipientStatus.CANCELLED:
            return f"it is {status} for good"
        case Effect.LIVE:
            return f"it is {status}, so it is in the queue"
        case Effect.BOUNCED:
            return "it is bounced; use --status bounced"
        case Effect.CONTENT_REMOVED:
            return "its content has been removed"
        case _:
            return f"it is {status}"
