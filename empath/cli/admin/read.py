"""read - list, view, stats and process: the verbs that only read"""

import time
from collections.abc import Sequence
from typing import Final

import click

from empath.cli.admin import listing, output, report
from empath.cli.admin.options import (
    REFERENCE,
    ParsedType,
    Whole,
    json_option,
    masked_option,
    refuse_hidden,
    selecting,
    unknown,
)
from empath.cli.admin.output import NAME
from empath.cli.admin.rule import decided_words, decision_record
from empath.cli.admin.transcript import write_dialogues
from empath.cli.common import config_option, examples, lenient_configuration, open_queue, say
from empath.cli.pauses import blocked_words, pause_words, pauses_of_rows
from empath.config import Config
from empath.errors import MissingInput, UsageError
from empath.mail.identity import Timestamp
from empath.mail.printable import printable
from empath.mail.status import LIVE, RecipientStatus
from empath.mail.words import count, instant
from empath.policy.destinations.rulebook import Decision, Layer
from empath.policy.instants import parse_past
from empath.policy.masked_header import masked_header
from empath.policy.masking import masked_record
from empath.storage.admin import snapshot as storage
from empath.storage.admin.json_form import as_json
from empath.storage.admin.liveness import liveness
from empath.storage.admin.past import list_past
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection
from empath.storage.admin.short_ids import whole_selection
from empath.storage.admin.stats_record import stats_record
from empath.storage.engine import Engine

_PAST: Final = ParsedType("instant", lambda text: parse_past(text, Timestamp(time.time())))
_MAX_NUMBER: Final = 2**63 - 1

_limit_option: Final = click.option(
    "--limit", type=Whole(1, 100_000), default=50, show_default=True, metavar="N", help="Show at most N."
)


@click.command(
    "list",
    epilog=examples(
        "empath-admin list --domain example.com",
        'empath-admin list --at "2026-11-30 12:00" --class greylist',
    ),
)
@config_option()
@selecting([status.value for status in RecipientStatus if status in LIVE], is_order=False)
@_limit_option
@click.option(
    "--after",
    type=Whole(0, _MAX_NUMBER),
    default=0,
    metavar="RECIPIENT_ID",
    help="Continue after this recipient, the last one of the previous page.",
)
@click.option(
    "--at", type=_PAST, metavar="INSTANT",
    help="List what was live then, such as \"-1 hour\" or \"2026-11-30 12:00\" in UTC, as attempts and audit tell.",
)  # fmt: skip
@masked_option
@json_option()
@click.pass_context
def list_(
    context: click.Context,
    *,
    selection: Selection,
    is_all: bool,
    limit: int,
    after: int,
    at: float | None,
    masks: bool,
    is_json: bool,
) -> None:
    """List live recipients, in the order of their numbers."""
    del is_all  # the default of a list without a filter
    if masks:
        refuse_hidden(selection)
    config = lenient_configuration(context)
    now = time.time()
    engine = open_queue(config)
    selection = whole_selection(engine, selection)
    if at is not None:
        _list_past(config, engine, selection, now=now, at=at, after=after, limit=limit, masks=masks, is_json=is_json)
        return
    with storage.Snapshot(engine) as snapshot:
        missing = [unknown(reference) for reference in snapshot.check_names(selection)]
        found = snapshot.list_live(selection, after=after, limit=limit + 1, now=now)
        frozen_since = snapshot.pauses(now).frozen_since
        decided = _decided(config, snapshot, [selection.destination], now) if selection.destination else {}
    if masks:
        found, decided = masked_record((found, decided))
    if missing and not found:
        raise MissingInput("\n".join(missing))
    page = found[:limit]
    next_after = page[-1].recipient_id if len(found) > limit else None
    if is_json:
        record = {"recipients": page, "next_after": next_after, "frozen_since": frozen_since}
        output.write_json(record | ({"settings": _records(decided)} if decided else {}))
    elif page:
        listing.write_list(page, now, is_frozen=frozen_since is not None)
    say(NAME, "\n".join(missing))
    say(NAME, listing.list_summary(page) + _more(next_after))
    say(NAME, pause_words(pauses_of_rows(page, frozen_since)))
    say(NAME, blocked_words(page))
    say(NAME, _words(decided))


def _list_past(
    config: Config,
    engine: Engine,
    selection: Selection,
    *,
    now: float,
    at: float,
    after: int,
    limit: int,
    masks: bool,
    is_json: bool,
) -> None:
    """Write what was live at *at*, and what may be missing of it."""
    if selection.where is not None:
        raise UsageError(
            "--at takes no --where; INSERT INTO queue_at (at) gives the instant of the view queue_at in SQL"
        )
    with engine.visiting(None) as visit, visit.one_instant():
        past = list_past(visit, selection, at=at, after=after, limit=limit + 1)
    page = masked_record(past.recipients[:limit]) if masks else past.recipients[:limit]
    next_after = page[-1].recipient_id if len(past.recipients) > limit else None
    # What was live then ended later, and stays for as long as this since.
    is_whole = at >= now - min(config.retention.delivered_s, config.retention.final_s)
    if is_json:
        record = {"at": at, "is_whole": is_whole, "gone": past.gone, "recipients": page, "next_after": next_after}
        output.write_json(record)
    elif page:
        listing.write_list(page, at, is_frozen=False)
    say(NAME, f"{listing.list_summary(page)} at {instant(at)}" + _more(next_after))
    if not is_whole and past.gone:
        say(
            NAME,
            f"{count(past.gone, 'recipient')} of mail that came before then are no longer recorded, as [retention]"
            " says: those that still waited then are missing here",
        )


def _more(next_after: int | None) -> str:
    return "" if next_after is None else f"; more with --after {next_after}"


@click.command()
@config_option()
@click.argument("reference", type=REFERENCE, metavar="ID")
@click.option("--headers", "has_headers", is_flag=True, help="Show the header section of the content, too.")
@masked_option
@json_option()
@click.pass_context
def view(context: click.Context, reference: Reference, *, has_headers: bool, masks: bool, is_json: bool) -> None:
    """
    Show one message, its recipients and their attempts.

    ID is a queue id, or the number of one recipient: then only that recipient of the message is shown.
    """
    config = lenient_configuration(context)
    now = time.time()
    with storage.Snapshot(open_queue(config)) as snapshot:
        message = snapshot.find_message(snapshot.whole(reference), now)
        if message is None:
            raise MissingInput(unknown(reference))
        header = snapshot.header(message, config.queue.spool) if has_headers else None
        transcripts = snapshot.transcripts_of(message.id)
        frozen_since = snapshot.pauses(now).frozen_since
        waiting = [each.destination for each in message.recipients if each.status in LIVE]
        decided = _decided(config, snapshot, waiting, now)
    lines = None if header is None else report.header_lines(header)
    if masks:
        message, decided, transcripts = masked_record((message, decided, transcripts))
        lines = None if lines is None else masked_header(lines)
    if is_json:
        record = as_json(message) | {"frozen_since": frozen_since, "settings": _records(decided)}
        record["transcripts"] = [as_json(each) for each in transcripts]
        output.write_json(record | ({"headers": lines} if has_headers else {}))
    else:
        report.write_message(message)
        if lines:
            click.echo()
            for line in lines:
                click.echo("\t".join(map(printable, line.split("\t"))))
        write_dialogues(transcripts)
    if has_headers and lines is None:
        say(NAME, "the content was removed, and its headers with it")
    say(NAME, pause_words(pauses_of_rows(message.recipients, frozen_since)))
    say(NAME, _words(decided))


def _decided(
    config: Config, snapshot: storage.Snapshot, destinations: Sequence[str], now: float
) -> dict[str, list[Decision]]:
    """What rules say of *destinations*, by name; nothing of one for which no rule says anything."""
    book = config.rule_book(snapshot.rules(now))
    found = {}
    for name in dict.fromkeys(destinations):
        decisions = book.explain(name, exchangers=snapshot.exchangers(name))
        if any(each.origin.layer is not Layer.BUILT_IN for each in decisions):
            found[name] = decisions
    return found


def _records(decided: dict[str, list[Decision]]) -> dict[str, list[dict[str, object]]]:
    return {
        name: [decision_record(each) for each in decisions if each.origin.layer is not Layer.BUILT_IN]
        for name, decisions in decided.items()
    }


def _words(decided: dict[str, list[Decision]]) -> str:
    return "\n".join(decided_words(name, decisions) for name, decisions in decided.items())


@click.command()
@config_option()
@click.option(
    "--top",
    type=Whole(0, 100_000),
    default=10,
    show_default=True,
    metavar="N",
    help="Number of destinations to show.",
)
@click.option(
    "--by",
    type=click.Choice(["class"]),
    help="Count the attempts on record instead, by the class of failure.",
)
@json_option()
@click.pass_context
def stats(context: click.Context, top: int, by: str | None, is_json: bool) -> None:
    """Count messages and recipients, by status and destination."""
    config = lenient_configuration(context)
    now = Timestamp(time.time())
    if by is not None:
        with storage.Snapshot(open_queue(config)) as snapshot:
            classes = snapshot.classes()
        if is_json:
            output.write_json({"at": now.iso8601(), "classes": classes})
        elif classes:
            report.write_classes(classes)
        say(NAME, count(len(classes), "class"))
        return
    with storage.Snapshot(open_queue(config)) as snapshot:
        found = snapshot.stats(top, now)
    if is_json:
        output.write_json(stats_record(found, now))
    else:
        report.write_stats(found, now)
    say(NAME, pause_words(found.pauses))


@click.command()
@config_option()
@click.option("--all", "has_ended", is_flag=True, help="Show processes that have ended, too.")
@_limit_option
@click.option(
    "--after",
    type=Whole(1, _MAX_NUMBER),
    metavar="PROCESS_ID",
    help="Continue after this process, the last one of the previous page.",
)
@json_option()
@click.pass_context
def process(context: click.Context, has_ended: bool, limit: int, after: int | None, is_json: bool) -> None:
    """
    List the processes of the service, newest first.

    Shows whether they are alive. A process is silent after 30 seconds without a sign of life. It is gone if its pid no
    longer exists.
    """
    config = lenient_configuration(context)
    with storage.Snapshot(open_queue(config)) as snapshot:
        found = snapshot.processes(before=after, limit=limit + 1, has_ended=has_ended)
    now, here = time.time(), config.node.name
    page = [(run, liveness(run, now, here)) for run in found[:limit]]
    next_after = page[-1][0].process_id if len(found) > limit else None
    if is_json:
        records = [as_json(run) | {"liveness": liveness} for run, liveness in page]
        output.write_json({"processes": records, "next_after": next_after})
    elif page:
        report.write_processes(page, now)
    alive = sum(liveness == "alive" for _, liveness in page)
    more = "" if next_after is None else f"; more with --after {next_after}"
    say(NAME, f"{count(len(page), 'process')}, {alive} alive{more}")


VERBS: Final = (list_, view, stats, process)
