"""
track - find and track: recipients among live and past mail, and what happened to one message

Where the service keeps an index of past mail, both also tell of mail that the queue has forgotten.
"""

import sys
import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.listing import write_in_two_lines
from empath.cli.admin.options import (
    REFERENCE,
    Whole,
    json_option,
    masked_option,
    refuse_hidden,
    selecting,
    unknown,
)
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import EmpathError, MissingInput, UsageError
from empath.mail.printable import printable
from empath.mail.status import RecipientStatus
from empath.mail.words import count, instant, span
from empath.policy.masking import masked_record
from empath.storage.admin import tracking as storage
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection, require_destination
from empath.storage.admin.short_ids import whole, whole_selection
from empath.storage.open import open_past_mail
from empath.storage.past_mail import PastEntry, PastMail

_FOUND: Final = tuple(map(Column, ("RECIPIENT", "ID", "STATUS", "RECEIVED", "SENDER", "ADDRESS", "REPLY")))
_HEADERS: Final = ("NUMBER", "STATUS", "AGE", "SENDER -> RECIPIENT")
_EVENTS: Final = (Column("AT"), Column("RECIPIENT", 1, 16), Column("WHAT"), Column("WORDS", 0, 20))
_STANDING: Final = (
    *(Column("RECIPIENT"), Column("STATUS"), Column("WAITS-FOR"), Column("UNTIL", 1), Column("ADDRESS", 0, 16)),
    Column("WHY", 1, 20),
)


@click.command()
@config_option()
@selecting([status.value for status in RecipientStatus], is_order=False, finds_words=True)
@click.option("--limit", type=Whole(1, 100_000), default=50, show_default=True, metavar="N", help="Show at most N.")
@masked_option
@json_option("One JSON object for each recipient.")
@click.pass_context
def find(
    context: click.Context,
    *,
    selection: Selection,
    words: tuple[str, ...],
    is_all: bool,
    limit: int,
    masks: bool,
    is_json: bool,
) -> None:
    """
    Find recipients in live and past mail, the newest first.

    Past mail is found as long as [retention] keeps it, and with [track] as long as that says. An argument that is no
    ID is a word, an address, a Message-ID or a part of a reply: all of them must be in the mail. `*` at the end of a
    word stands for any end.
    """
    del is_all  # the default
    if masks:
        refuse_hidden(selection)
    config = lenient_configuration(context)
    engine, past = open_queue(config), open_past_mail(config.queue.path)
    _check_words(words, selection, past, masks=masks)
    selection = whole_selection(engine, selection)
    remembered = _remembered(past, selection, words, limit + 1)
    with engine.visiting(None) as visit, visit.one_instant():
        if remembered is None:
            require_destination(visit, selection.destination)
            found = storage.find(visit, selection, limit + 1)
        else:
            found = storage.with_past(visit, remembered, selection, words, limit + 1)
    page = masked_record(found[:limit]) if masks else found[:limit]
    if is_json:
        for each in page:
            output.write_json(each)
    elif page and sys.stdout.isatty():
        write_in_two_lines(_HEADERS, [_two_lines(each, time.time()) for each in page])
    elif page:
        rows = [
            (x.recipient_id, x.id, x.status, instant(x.received_at), x.sender or "<>", x.recipient, x.words)
            for x in page
        ]
        output.write_table(_FOUND, rows)
    more = "" if len(found) <= limit else "; there are more, --limit shows them"
    say(NAME, f"{count(len(page), 'recipient')} found{more}")


def _check_words(words: tuple[str, ...], selection: Selection, past: PastMail, *, masks: bool) -> None:
    """
    Check that words can be looked for.

    Raises:
        UsageError: they cannot go with the other options.
        MissingInput: there is no index.
    """
    if not words:
        return
    if masks:
        raise UsageError("--masked goes without words: an answer would tell what is masked")
    if not storage.is_asked_of_index(selection):
        raise UsageError("words go without an ID, --class and --where: the index of past mail has none of these")
    storage.check_words(words)
    if not past.exists:
        said = f"words need the index of past mail, and there is none ({past.location})"
        raise MissingInput(f"{said}; set [track] keep = true, or look for --recipient, --sender, --subject or --reply")


def _remembered(past: PastMail, selection: Selection, words: tuple[str, ...], limit: int) -> list[PastEntry] | None:
    """What the index has; None: there is none. Without words, one that cannot be read is said and left out."""
    if not (past.exists and storage.is_asked_of_index(selection)):
        return None
    try:
        return past.find(storage.wanted(selection, words), limit)
    except EmpathError as exc:
        if words:
            raise
        say(NAME, f"without the index of past mail: {exc}")
        return None


def _two_lines(each: storage.Found, now: float) -> tuple[tuple[str, ...], str]:
    path = printable(f"{each.sender or '<>'} -> {each.recipient}")
    first = (str(each.recipient_id), str(each.status), span(now - each.received_at), path)
    return first, f"{each.id}  {printable(each.words or '-')}"


@click.command()
@config_option()
@click.argument("reference", type=REFERENCE, metavar="ID")
@masked_option
@json_option()
@click.pass_context
def track(context: click.Context, reference: Reference, *, masks: bool, is_json: bool) -> None:
    """
    Show what happened to one message, in the order of time.

    When it came and from which client, each attempt with the reply, each order with its author, and how its recipients
    stand now.
    """
    config = lenient_configuration(context)
    with open_queue(config).visiting(None) as visit, visit.one_instant():
        past = open_past_mail(config.queue.path)
        try:
            reference = whole(visit, reference)
            found = storage.events(visit, reference)
        except MissingInput:
            if not past.exists:
                raise
            found = None
        trace_id = storage.trace_id(visit, reference)
    if found is None and past.exists:
        found = storage.past_events(past, reference)
    if found is None:
        raise MissingInput(unknown(reference))
    events, standing = masked_record(found) if masks else found
    if is_json:
        output.write_json({"id": str(reference), "trace_id": trace_id, "events": events, "recipients": standing})
        return
    output.write_table(_EVENTS, [(instant(x.event_at), x.recipient, x.what, x.words) for x in events])
    click.echo()
    rows = [
        (x.recipient_id, x.status, x.blocked_by, x.blocked_until and instant(x.blocked_until), x.recipient, x.rule)
        for x in standing
    ]
    output.write_table(_STANDING, rows)
    if trace_id is not None:
        click.echo()
        output.write_pairs([("trace", trace_id)])


VERBS: Final = (find, track)
