"""orders - retry, hold, release, delete, undelete, bounce, expire: orders to recipients"""

import sys
import time
from dataclasses import replace
from typing import Final

import click

from empath.cli.admin import options
from empath.cli.admin.changes import Changes
from empath.cli.admin.options import VerbFunction
from empath.cli.admin.output import NAME
from empath.cli.common import INTERRUPTED, config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput, UsageError
from empath.mail.status import LIVE, RecipientStatus
from empath.mail.words import count
from empath.storage.admin.orders import Order, Verb
from empath.storage.admin.selection import Selection
from empath.storage.admin.short_ids import whole_selection
from empath.storage.admin.steering import Steering

_DESTRUCTIVE: Final = frozenset({Verb.DELETE, Verb.BOUNCE, Verb.EXPIRE})
_LIVE: Final = tuple(status.value for status in RecipientStatus if status in LIVE)
_UNDELETABLE: Final = (RecipientStatus.CANCELLED.value, RecipientStatus.BOUNCED.value)
_HELP: Final = {
    Verb.RETRY: "Make waiting recipients due now.\n\nAttempts and lifetime stay as they are.",
    Verb.HOLD: "Hold recipients until `release`.\n\nA recipient that is being delivered is held if the delivery fails.",
    Verb.RELEASE: "Release held recipients: they are due at once.\n\nTakes back an order for a leased recipient.",
    Verb.DELETE: "Cancel recipients without a report to the sender.\n\n`undelete` undoes it while the content is kept.",
    Verb.UNDELETE: "Queue cancelled recipients again.\n\nWith --status bounced, queue bounced recipients again.",
    Verb.BOUNCE: "End recipients as undeliverable; the sender gets a report.",
    Verb.EXPIRE: "End recipients as if expired; the sender gets a report.",
}


def _command(verb: Verb) -> click.Command:
    @click.pass_context
    def function(
        context: click.Context,
        *,
        selection: Selection,
        is_all: bool,
        is_dry_run: bool,
        wait_s: float,
        is_json: bool,
        is_sure: bool = False,
    ) -> None:
        if not (is_all or selection.has_conditions):
            raise UsageError(
                f"no recipients selected: give an ID, --domain or another filter, or --all; see {verb} --help"
            )
        engine = open_queue(lenient_configuration(context))
        selection = whole_selection(engine, selection)
        order = Order(verb, options.who(), time.time(), takes=selection.status or RecipientStatus.CANCELLED)
        if verb is Verb.UNDELETE and not selection.is_by_name:
            selection = replace(selection, status=order.takes)
        must_ask = verb in _DESTRUCTIVE and not is_dry_run and not is_sure
        if must_ask and not sys.stdin.isatty():
            raise UsageError(
                f"{verb} asks before it acts, and there is no terminal: add --yes, or look first with --dry-run"
            )
        with Steering(engine, order, selection, deadline_s=None if is_dry_run else wait_s) as steering:
            if must_ask and not _confirm(verb, *steering.count()):
                say(NAME, "nothing was changed")
                context.exit(INTERRUPTED)
            changes = Changes(order, is_json=is_json, is_dry_run=is_dry_run, frozen_since=steering.frozen_since)
            carry_out(steering, changes)

    decorated: VerbFunction = function
    for decorate in reversed(_options(verb)):
        decorated = decorate(decorated)
    return click.command(str(verb), help=_HELP[verb])(decorated)


def _options(verb: Verb) -> list[options.Decorator]:
    found = [config_option(), options.selecting(_UNDELETABLE if verb is Verb.UNDELETE else _LIVE)]
    found += [options.dry_run_option, options.wait_option, options.json_option()]
    return [*found, options.yes_option] if verb in _DESTRUCTIVE else found


def _confirm(verb: Verb, recipients: int, messages: int) -> bool:
    """Ask, unless the order selects no recipient."""
    if recipients == 0:
        return True
    what = f"{count(recipients, 'recipient')} in {count(messages, 'message')}"
    return click.confirm(f"{NAME}: {verb} {what}?", err=True)


def carry_out(steering: Steering, changes: Changes) -> None:
    """Carry out the order and report it. Committed changes are reported even if a later page fails."""
    is_complete = False
    try:
        for page in steering.changes():
            changes.add(page)
        is_complete = True
    finally:
        if is_complete or changes.matched:
            changes.end(steering, is_complete=is_complete)
        if changes.matched and not is_complete:
            say(NAME, f"not finished: {changes.summary(steering)}")
    missing = [options.unknown(reference) for reference in steering.not_found]
    if missing and not changes.matched:
        raise MissingInput("\n".join(missing))
    for line in missing:
        say(NAME, line)
    say(NAME, changes.summary(steering))


VERBS: Final = tuple(_command(verb) for verb in Verb)
