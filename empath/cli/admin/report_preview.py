"""report_preview - the words of a report, with examples in the place of facts"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from empath.cli.common import config_option, lenient_configuration
from empath.config.report_templates import read_report_template, read_report_templates
from empath.errors import ConfigError, SyntaxViolation
from empath.mail.identity import Timestamp
from empath.message.report.compose import compose
from empath.message.report.facts import (
    Action,
    LastAttempt,
    Original,
    Report,
    ReportedMessage,
    ReportedRecipient,
    ReportKind,
)
from empath.message.report.template import ReportTemplate, built_in_source
from empath.message.report.text import filled_text

_ARRIVAL: Final = Timestamp(1_700_000_000.0)
_LATER: Final = Timestamp(_ARRIVAL + 4 * 3600)
_CONTENT: Final = b"From: Ann <ann@sender.example>\r\nSubject: Lunch?\r\n\r\nAt noon?\r\n"
_BOB: Final = ReportedRecipient("bob@example.org", Action.FAILED, "bob@example.org")
_EXAMPLES: Final = {
    ReportKind.FAILURE: (
        replace(_BOB, last_attempt=LastAttempt(_ARRIVAL, "5.1.1", "550 5.1.1 no such mailbox", "mx.example.org")),
        replace(
            _BOB,
            address="cleo@example.net",
            original="team@example.com",
            is_expired=True,
            last_attempt=LastAttempt(_LATER, "4.4.1", "451 4.4.1 connection timed out", None, is_from_host=False),
        ),
    ),
    ReportKind.DELAY: (
        replace(
            _BOB,
            action=Action.DELAYED,
            last_attempt=LastAttempt(_LATER, "4.7.1", "451 4.7.1 try again later", "mx.example.org"),
            retry_until=Timestamp(_ARRIVAL + 5 * 24 * 3600),
        ),
    ),
    ReportKind.SUCCESS: (
        replace(
            _BOB,
            action=Action.RELAYED,
            last_attempt=LastAttempt(_ARRIVAL, "2.0.0", "250 2.0.0 Ok", "mx.example.org"),
        ),
        replace(_BOB, address="cleo@example.net", original="cleo@example.net", action=Action.DELIVERED),
    ),
}


@click.command("report-preview")
@config_option()
@click.argument("kind", type=click.Choice([str(kind) for kind in ReportKind]), metavar="KIND")
@click.option("--language", "language", metavar="TAG", help="For a sender who reads this language, such as de.")
@click.option(
    "--template",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Use this file instead of those of the configuration.",
)
@click.option("--message", "is_message", is_flag=True, help="Print the whole message, as it would be sent.")
@click.option("--built-in", "is_built_in", is_flag=True, help="Print the built-in template, to begin another with.")
@click.pass_context
def report_preview(
    context: click.Context,
    kind: str,
    *,
    language: str | None,
    file: Path | None,
    is_message: bool,
    is_built_in: bool,
) -> None:
    """Print a report of KIND: failure, delay or success. The facts in it are examples."""
    wanted = ReportKind(kind)
    if is_built_in:
        click.echo(built_in_source(wanted), nl=False)
        return
    config = lenient_configuration(context)
    template = _template(wanted, config.reports.templates, language, file)
    report = Report(
        kind=wanted,
        message=ReportedMessage(
            "01HF7YAT00000000000000000A", _ARRIVAL, False, None, "<1@sender.example>", subject="Lunch?"
        ),
        recipients=_EXAMPLES[wanted],
        original=Original(_CONTENT, is_whole=wanted is ReportKind.FAILURE),
        hostname=str(config.hostname),
        to="ann@sender.example",
        queue_id="01HF7YAT00000000000000000B",
        at=_LATER,
        boundary="example",
    )
    if is_message:
        click.echo(compose(report, template).replace(b"\r\n", b"\n"), nl=False)
        return
    subject, lines = filled_text(report, template, has_original=True)
    click.echo("\n".join([f"Subject: {subject}", "", *lines]))


def _template(kind: ReportKind, directory: Path | None, language: str | None, file: Path | None) -> ReportTemplate:
    if file is not None:
        try:
            return read_report_template(file)
        except SyntaxViolation as exc:
            raise ConfigError(str(exc)) from exc
    found = read_report_templates(directory)
    if found.faults:
        raise ConfigError("\n".join(found.faults))
    return found.usable.find(kind, () if language is None else (language.lower(),))


VERBS: Final = (report_preview,)
