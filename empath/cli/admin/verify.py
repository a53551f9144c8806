"""verify - verify: judge a file as a listener judges a message, and show each question and each decision"""

import ipaddress
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from empath.cli.admin import output
from empath.cli.admin.dns_answers import resolver
from empath.cli.admin.options import SENDER, ParsedType, json_option
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, configuration, open_queue, say
from empath.config import Config
from empath.config.tables.authentication import ListenerAuthentication
from empath.errors import MissingInput, SyntaxViolation
from empath.mail.address import ReversePath
from empath.mail.lookup import LookupAnswer, Question
from empath.mail.printable import printable
from empath.policy.access import ClientAddress
from empath.storage.queue.authentication import overrides_in_force

if TYPE_CHECKING:  # it loads a library for keys, which no other verb should pay for
    from empath.daemon.process.judgement import Judgement
    from empath.net.parallel import ParallelResolver

_SHOWN: Final = 200  # characters of an answer


def _address(text: str) -> ClientAddress:
    try:
        return ipaddress.ip_address(text)
    except ValueError as exc:
        raise SyntaxViolation(f"not an IP address: {text!r}") from exc


@click.command()
@config_option()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--client", required=True, type=ParsedType("address", _address), help="IP address from which the message comes."
)
@click.option("--mail-from", "sender", required=True, type=SENDER, help="Its sender; <> is the null path.")
@click.option("--helo", default="", help="The name in HELO; by default the domain of the sender.")
@click.option("--listener", "address", help="Judge as this listener does; by default the first that judges mail.")
@json_option("One JSON object.")
@click.pass_context
def verify(
    context: click.Context,
    *,
    file: Path,
    client: ClientAddress,
    sender: str,
    helo: str,
    address: str | None,
    is_json: bool,
) -> None:
    """
    Judge the message in FILE by SPF, DKIM, ARC and DMARC.

    Shows each question to the DNS with its answer, each result, and what would be done with the message. FILE is a
    message with its header, - is standard input. Lines may end in LF. Changes nothing.
    """
    _, config = configuration(context)
    sent = client, ReversePath.parse(sender), helo
    found = _judged(config, _checks(config, address), _lines(_octets(file)), sent)
    if config.relay.policy.is_trusted(client):
        say(NAME, f"{client} is in [relay] networks: listeners do not judge its mail; this is what they would find")
    questions = found.records()
    if is_json:
        output.write_json({"questions": questions, **found.columns, "reply": found.reply, "field": found.field})
        return
    for number, each in enumerate(questions, 1):
        answer = "; ".join(each["answer"]) or each["status"]
        click.echo(f"{number:>3}. {each['type']} {each['name']}: {printable(answer)[:_SHOWN]}")
    click.echo()
    output.write_pairs([*found.columns.items(), ("reply", found.reply)])
    click.echo()
    click.echo(found.field, nl=False)


def _checks(config: Config, address: str | None) -> ListenerAuthentication:
    from empath.daemon.process.judgement import ALL_CHECKS, listener_checks  # noqa: PLC0415 - as above

    checks = listener_checks(config, address)
    if checks is not None:
        return checks
    if address is not None:
        raise MissingInput(f"no listener {address} judges mail; see [listener.authentication]")
    say(NAME, 'no listener has a table [listener.authentication]: this is what all checks with dmarc = "tag" find')
    return ALL_CHECKS


def _octets(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as exc:
        raise MissingInput(f"{file} cannot be read: {exc.strerror}") from exc


def _lines(octets: bytes) -> bytes:
    """A message with CRLF, as a client sends it."""
    return octets if b"\r\n" in octets else octets.replace(b"\n", b"\r\n")


def _judged(
    config: Config, checks: ListenerAuthentication, content: bytes, sent: tuple[ClientAddress, ReversePath, str]
) -> "Judgement":
    from empath.authentication.disposition import Overrides  # noqa: PLC0415 - as above
    from empath.daemon.process.judgement import judge, origin_of, read_message, wanted_of  # noqa: PLC0415

    return judge(
        config,
        checks,
        origin_of(*sent),
        read_message([content], wanted_of(checks)),
        ask=partial(_ask, resolver(config)),
        overrides=Overrides(_rows(config)),
    )


def _ask(asked: "ParallelResolver", question: Question, within_s: float) -> LookupAnswer:
    [answer] = asked.look_up([question], within_s)
    return answer


def _rows(config: Config) -> list[tuple[str, str]]:
    """The rows of authentication_override, if there is a queue yet."""
    try:
        with open_queue(config).visiting(None) as visit:
            return overrides_in_force(visit, time.time())
    except MissingInput:
        return []


VERBS: Final = (verify,)
