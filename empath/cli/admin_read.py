"""admin_read - list, view and stats: the verbs that only look"""

import time
from typing import Final

import click

from empath.cli import admin_output as output
from empath.cli import admin_report as report
from empath.cli.admin_options import DomainType, ReferenceType, json_option, unknown
from empath.cli.admin_output import NAME
from empath.cli.common import config_option, configuration, say
from empath.errors import MissingInput
from empath.mail.identity import Timestamp
from empath.storage import admin as storage
from empath.storage.admin_records import LIVE, Reference


@click.command("list")
@config_option()
@click.option("--status", type=click.Choice(LIVE), help="Only recipients with this status.")
@click.option("--domain", type=DomainType(), metavar="DOMAIN", help="Only recipients in this domain.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, metavar="N", help="At most N.")
@click.option(
    "--after",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    metavar="RECIPIENT_ID",
    help="Go on behind this recipient, the last one of the page before.",
)
@json_option("One JSON object for each recipient, a line each.")
@click.pass_context
def list_(
    context: click.Context, *, status: str | None, domain: str | None, limit: int, after: int, is_json: bool
) -> None:
    """List live recipients, in the order of their numbers."""
    _, config = configuration(context)
    with storage.Snapshot(config.queue.path) as snapshot:
        found = snapshot.list_live(after=after, status=status, domain=domain, limit=limit + 1)
    page = found[:limit]
    if is_json:
        for recipient in page:
            output.write_json(recipient)
    elif page:
        report.write_list(page)
    has_more = len(found) > limit
    say(NAME, report.list_summary(page) + (f"; more with --after {page[-1].recipient_id}" if has_more else ""))


@click.command()
@config_option()
@click.argument("reference", type=ReferenceType(), metavar="ID")
@click.option("--headers", "has_headers", is_flag=True, help="Also the header section of the content.")
@json_option("One JSON object.")
@click.pass_context
def view(context: click.Context, reference: Reference, has_headers: bool, is_json: bool) -> None:
    """
    Show one message, its recipients and their attempts.

    ID is a queue id, or the number of one recipient: then only that recipient of the message is shown.
    """
    _, config = configuration(context)
    with storage.Snapshot(config.queue.path) as snapshot:
        message = snapshot.find_message(reference)
        if message is None:
            raise MissingInput(unknown(reference))
        header = snapshot.header(message, config.queue.spool) if has_headers else None
    lines = None if header is None else report.header_lines(header)
    if is_json:
        output.write_json(output.as_json(message) | ({"headers": lines} if has_headers else {}))
    else:
        report.write_message(message)
        if lines:
            click.echo()
            for line in lines:
                click.echo(output.printable(line))
    if has_headers and lines is None:
        say(NAME, "the content was removed, and its headers with it")


@click.command()
@config_option()
@click.option(
    "--top", type=click.IntRange(0, 100_000), default=10, show_default=True, metavar="N", help="Destinations."
)
@json_option("One JSON object.")
@click.pass_context
def stats(context: click.Context, top: int, is_json: bool) -> None:
    """Count messages and recipients, by status and by destination."""
    _, config = configuration(context)
    with storage.Snapshot(config.queue.path) as snapshot:
        found = snapshot.stats(top)
    now = Timestamp(time.time())
    if is_json:
        output.write_json(report.stats_record(found, now))
    else:
        report.write_stats(found, now)


VERBS: Final = (list_, view, stats)
