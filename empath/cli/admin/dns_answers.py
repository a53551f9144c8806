"""dns_answers - dns list, clear and refresh: the answers of the DNS that workers share"""

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import ParsedType, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, configuration, lenient_configuration, open_queue, say
from empath.config import Config
from empath.config.hosts import trusts_resolver
from empath.errors import ServiceUnavailable, SyntaxViolation, UsageError
from empath.mail.lookup import Failed, Kind, Question
from empath.mail.lookup_text import record_texts, status_of
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.storage.admin.dns_cache import DnsFilter, DnsRow, ForgetAnswers, ReplaceAnswers, dns_rows
from empath.storage.admin.snapshot import carry_out
from empath.storage.queue.dns_cache import Asked

if TYPE_CHECKING:
    from empath.net.parallel import ParallelResolver

_COLUMNS: Final = (
    *(Column("NAME", 0, 20), Column("TYPE"), Column("STATUS"), Column("DNSSEC"), Column("EXPIRES")),
    *(Column("ASKED", 2), Column("ANSWER", 0, 30), Column("FAILURE", 1, 20)),
)
_USUAL: Final = (Kind.MX, Kind.A, Kind.AAAA)


def _name(text: str) -> str:
    name = text.lower().removesuffix(".")
    if not name or not name.isascii() or not name.isprintable():
        raise SyntaxViolation(f"not a name of the DNS: {text!r}; international names are written in A-labels (xn--)")
    return name


_NAME: Final = ParsedType("name", _name)
_kind_option = click.option(
    "--type", "kind", type=click.Choice([*Kind], case_sensitive=False), help="Answers of this type of record only."
)


@click.command("list")
@config_option()
@click.argument("name", type=_NAME, required=False, metavar="[NAME]")
@_kind_option
@json_option("One JSON object for each answer.")
@click.pass_context
def list_answers(context: click.Context, name: str | None, kind: str | None, is_json: bool) -> None:
    """Show the answers that the workers share, those about NAME or all."""
    found = dns_rows(open_queue(lenient_configuration(context)), DnsFilter(name, kind))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        output.write_table(_COLUMNS, [_row(each) for each in found])
    say(NAME, count(len(found), "answer"))


@click.command("clear")
@config_option()
@click.argument("name", type=_NAME, required=False, metavar="[NAME]")
@_kind_option
@click.option("--all", "is_all", is_flag=True, help="All answers.")
@wait_option
@click.pass_context
def clear(context: click.Context, name: str | None, kind: str | None, is_all: bool, wait_s: float) -> None:
    """
    Forget answers, so that every process asks anew.

    It does so within a second.
    """
    if is_all == (name is not None or kind is not None):
        raise UsageError("which answers? give NAME, --type, both, or --all alone")
    change = ForgetAnswers(DnsFilter(name, kind), who=who())
    carry_out(open_queue(lenient_configuration(context)), change, deadline_s=wait_s)
    click.echo(f"forgot {count(change.removed, 'answer')}; every process asks anew")


@click.command("refresh")
@config_option()
@click.argument("names", type=_NAME, nargs=-1, required=True, metavar="NAME...")
@_kind_option
@wait_option
@click.pass_context
def refresh(context: click.Context, names: tuple[str, ...], kind: str | None, wait_s: float) -> None:
    """
    Ask the name servers about each NAME now.

    Every process uses the answers within a second. Asks for each type that is known of a NAME, of an unknown one for
    MX, A and AAAA. What fails stays as it was.
    """
    _, config = configuration(context)
    engine = open_queue(config)
    questions = []
    for name in dict.fromkeys(names):
        known = [Kind(row.type) for row in dns_rows(engine, DnsFilter(name))]
        questions += [Question(name, each) for each in ([Kind(kind)] if kind else known or _USUAL)]
    asked = _ask(config, questions)
    answered = [each for each in asked if not isinstance(each.answer, Failed)]
    if answered:
        carry_out(engine, ReplaceAnswers(answered, who=who()), deadline_s=wait_s)
    for each in answered:
        texts = ", ".join(record_texts(each.answer)) or status_of(each.answer)
        click.echo(printable(f"{each.question.name} {each.question.kind} {texts}"))
    failed = [each for each in asked if isinstance(each.answer, Failed)]
    for each in failed:
        say(NAME, printable(f"{each.question.name}: {each.question.kind} look-up failed: {status_of(each.answer)}"))
    if failed:
        raise ServiceUnavailable(f"{count(len(failed), 'question')} had no answer; what is known stays")


def _ask(config: Config, questions: Sequence[Question]) -> list[Asked]:
    answers = resolver(config).look_up(questions, config.dns.attempt_timeout_s)
    now = time.time()
    stale_s = config.dns.stale_s
    return [
        Asked(question, answer, stale_s if status_of(answer) == "found" and question.kind in _USUAL else 0.0, now)
        for question, answer in zip(questions, answers, strict=True)
    ]


def resolver(config: Config) -> "ParallelResolver":
    """The resolver of *config*."""
    from empath.net.parallel import ParallelResolver  # noqa: PLC0415 - imports that cost 50 ms
    from empath.net.resolver import DnsResolver  # noqa: PLC0415 - the same

    settings = config.dns
    return ParallelResolver(
        DnsResolver(
            tuple(map(str, settings.nameservers)),
            timeout_s=settings.timeout_s,
            try_timeout_s=settings.try_timeout_s,
            with_dnssec=settings.dnssec != "off",
            is_trusted=partial(trusts_resolver, config),
            only_trusted=settings.dnssec == "enforce",
        )
    )


def _row(each: DnsRow) -> tuple[object, ...]:
    answer = ", ".join(each.answer) + (f" (alias of {each.alias_of})" if each.alias_of else "")
    expires = instant(each.expires_at)
    return (each.name, each.type, each.status, each.dnssec, expires, each.times_asked, answer or None, each.failure)


VERBS: Final = (list_answers, clear, refresh)
