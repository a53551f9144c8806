"""reports - reports about a period, to other domains and of other hosts: see them, and have one made now"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import DOMAIN, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput
from empath.mail.words import count, instant
from empath.storage.admin.domain_reports import BringReportForward, received_reports, sent_reports
from empath.storage.admin.snapshot import carry_out
from empath.storage.queue.domain_reports import open_period

_COLUMNS: Final = (
    *(Column("NUMBER", 2), Column("KIND", 1), Column("DOMAIN"), Column("BEGIN"), Column("STATE"), Column("DUE", 3)),
    *(Column("MESSAGES", 1), Column("TO", 0, 16), Column("REASON", 0, 16)),
)
_RECEIVED: Final = (
    *(Column("KIND"), Column("DOMAIN"), Column("REPORTER", 0, 12), Column("REPORTS", 1), Column("MESSAGES")),
    *(Column("FAILED"), Column("LAST", 1)),
)
_KIND: Final = click.Choice(("dmarc", "tls"))
_either_option: Final = click.option("--kind", type=_KIND, help="Only reports of this kind.")


@click.group()
def reports() -> None:
    """See reports to other domains and of others."""


@reports.command("list")
@config_option()
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Most lines.")
@_either_option
@json_option("One JSON object for each report.")
@click.pass_context
def list_reports(context: click.Context, *, limit: int, kind: str | None, is_json: bool) -> None:
    """
    Show reports to other domains, the newest period first.

    Shows those that are still counted, those that were sent, and those that were dropped, with the reason.
    """
    found = sent_reports(open_queue(lenient_configuration(context)), limit, kind)
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        rows = [
            (
                x.number,
                x.kind,
                x.domain,
                instant(x.begin_at),
                x.state,
                instant(x.due_at),
                x.messages,
                x.sent_to,
                x.reason,
            )
            for x in found
        ]
        output.write_table(_COLUMNS, rows)
    say(NAME, count(len(found), "report"))


@reports.command("show")
@config_option()
@click.argument("domain", type=DOMAIN, metavar="DOMAIN")
@click.option("--kind", type=_KIND, default="dmarc", show_default=True, help="Which report.")
@click.pass_context
def show(context: click.Context, domain: str, kind: str) -> None:
    """
    Print the report about DOMAIN that is counted now.

    It is the file that its next report would be. Nothing is sent.
    """
    # These load what no other verb needs.
    from empath.daemon.process.domain_reports import GENERATOR, dmarc_report, tls_report  # noqa: PLC0415 - slow to load
    from empath.message.aggregate.dmarc import compose_xml  # noqa: PLC0415 - slow to load
    from empath.message.aggregate.tls import compose_json  # noqa: PLC0415 - slow to load

    config = lenient_configuration(context)
    with open_queue(config).visiting(None) as visit:
        period = open_period(visit, kind, domain)
        if period is None:
            raise MissingInput(f"nothing is counted for a report about {domain}; `empath-admin reports list` shows all")
        if kind == "tls":
            octets = compose_json(tls_report(config, visit, period)) + b"\n"
        else:
            octets = compose_xml(dmarc_report(config, visit, period), GENERATOR)
    click.echo(octets.decode(), nl=False)


@reports.command("send")
@config_option()
@click.argument("domain", type=DOMAIN, metavar="DOMAIN")
@click.option("--kind", type=_KIND, default="dmarc", show_default=True, help="Which report.")
@wait_option
@click.pass_context
def send(context: click.Context, domain: str, kind: str, wait_s: float) -> None:
    """
    Have the open reports about DOMAIN made now.

    The service makes them within a minute, also that of a day that is not over: what comes later on that day is in no
    report then.
    """
    order = BringReportForward(kind, domain, now=time.time(), who=who())
    carry_out(open_queue(lenient_configuration(context)), order, deadline_s=wait_s)
    click.echo(f"the report about {domain} is due now")


@reports.command("received")
@config_option()
@_either_option
@json_option("One JSON object for each reporter and domain.")
@click.pass_context
def received(context: click.Context, kind: str | None, is_json: bool) -> None:
    """
    Show what other hosts have reported about your domains.

    Adds up all reports that are kept. FAILED are messages that were not proven, or sessions without the TLS that was
    asked for.
    """
    found = received_reports(open_queue(lenient_configuration(context)), kind)
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        rows = [
            (each.kind, each.domain, each.org_name, each.reports, each.messages, each.failed, instant(each.last_at))
            for each in found
        ]
        output.write_table(_RECEIVED, rows)
    say(NAME, count(len(found), "reporter"))


VERBS: Final = (reports,)
