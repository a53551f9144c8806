"""
empath-admin - see and steer the queue

Results go to standard output, words about them to standard error.  Everything works on the queue database itself, with
or without a running server: a running one sees a change within a quarter of a second.
"""

import time
from collections.abc import Callable
from typing import Any

import click

from empath import __version__
from empath.cli import admin_output as output
from empath.cli import admin_report as report
from empath.cli.common import config_option, configuration, run, say
from empath.errors import MissingInput, SyntaxViolation
from empath.mail.domain import AddressLiteral, Domain
from empath.mail.identity import Timestamp
from empath.storage import admin as storage
from empath.storage.admin_records import LIVE, Reference

NAME = output.NAME


class ReferenceType(click.ParamType[Reference]):
    """A queue id in either case, or the number of one recipient."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Reference:
        """Parse; what is no id is an error of usage."""
        try:
            return Reference.parse(value)
        except SyntaxViolation as exc:
            self.fail(str(exc), param, ctx)


class DomainType(click.ParamType[str]):
    """A domain in A-labels or U-labels, or an address literal; the value is as the queue has it."""

    name = "domain"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse; what is no domain is an error of usage."""
        try:
            return str(AddressLiteral.parse(value) if value.startswith("[") else Domain.parse(value))
        except SyntaxViolation as exc:
            self.fail(str(exc), param, ctx)


def _json_option(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--json", "is_json", is_flag=True, help=what)


_wait_option = click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0.0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another process's write lock.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@config_option(envvar="EMPATH_CONFIG")
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
def admin() -> None:
    """See and steer the mail queue of Empath."""


@admin.command("list")
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
@_json_option("One JSON object for each recipient, a line each.")
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


@admin.command()
@config_option()
@click.argument("reference", type=ReferenceType(), metavar="ID")
@click.option("--headers", "has_headers", is_flag=True, help="Also the header section of the content.")
@_json_option("One JSON object.")
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
            raise MissingInput(_unknown(reference))
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


@admin.command()
@config_option()
@click.option(
    "--id",
    "references",
    type=ReferenceType(),
    multiple=True,
    required=True,
    metavar="ID",
    help="A queue id (all its recipients) or the number of one recipient. May be given more than once.",
)
@_wait_option
@_json_option("One JSON object.")
@click.pass_context
def retry(context: click.Context, references: tuple[Reference, ...], wait_s: float, is_json: bool) -> None:
    """
    Make waiting recipients due now.

    Says of each what changed. Attempts and lifetime stay as they are.
    """
    _, config = configuration(context)
    order = storage.RetryNow(references, now=time.time())
    storage.carry_out(config.queue.path, order, deadline_s=wait_s)
    if is_json:
        output.write_json(report.retry_record(order))
    elif order.retried:
        report.write_retried(order.retried)
    for unknown in order.not_found if order.retried else ():
        say(NAME, _unknown(unknown))
    if not order.retried:
        raise MissingInput("\n".join(map(_unknown, order.not_found)))
    say(NAME, report.retry_summary(order))


@admin.command()
@config_option()
@click.option(
    "--top", type=click.IntRange(0, 100_000), default=10, show_default=True, metavar="N", help="Destinations."
)
@_json_option("One JSON object.")
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


@admin.command()
@config_option()
@_wait_option
@_json_option("One JSON object.")
@click.pass_context
def freeze(context: click.Context, wait_s: float, is_json: bool) -> None:
    """
    Stop delivery until `thaw`.

    Mail is still accepted. What is being sent at this moment is finished. A restart changes nothing.
    """
    _, config = configuration(context)
    order = storage.Freeze(at=Timestamp(time.time()).iso8601())
    storage.carry_out(config.queue.path, order, deadline_s=wait_s)
    if is_json:
        output.write_json({"is_frozen": True, "is_changed": order.is_changed, "frozen_since": order.since})
    else:
        click.echo(f"frozen since {output.printable(order.since)}")
    if not order.is_changed:
        say(NAME, "was frozen before; nothing changed")


@admin.command()
@config_option()
@_wait_option
@_json_option("One JSON object.")
@click.pass_context
def thaw(context: click.Context, wait_s: float, is_json: bool) -> None:
    """Let delivery go on after `freeze`."""
    _, config = configuration(context)
    order = storage.Thaw()
    storage.carry_out(config.queue.path, order, deadline_s=wait_s)
    if is_json:
        output.write_json({"is_frozen": False, "is_changed": order.since is not None, "frozen_since": order.since})
    elif order.since is not None:
        click.echo(f"thawed, was frozen since {output.printable(order.since)}")
    else:
        click.echo("not frozen")
    if order.since is None:
        say(NAME, "was not frozen; nothing changed")


def _unknown(reference: Reference) -> str:
    what = "recipient" if reference.queue_id is None else "message"
    return f"no {what} {reference} in the queue database; it never was, or is past its retention"


def main() -> None:
    """Entry of the command."""
    run(admin, NAME)


if __name__ == "__main__":
    main()
