"""verify - verify: judge a file as a listener judges a message, and show each question and each decision"""

import ipaddress
import json
import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

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
from empath.mail.lookup_text import record_texts, status_of
from empath.mail.printable import printable
from empath.message.fields import Fields
from empath.message.header import header_section
from empath.policy.access import ClientAddress
from empath.storage.queue.authentication import overrides_in_force

if TYPE_CHECKING:  # it loads a library for keys
    from empath.authentication.arc import Chain

_ALL: Final = ListenerAuthentication(spf=True, dkim=True, arc=True, dmarc="tag")
_SHOWN: Final = 200  # characters of an answer

T = TypeVar("T")


def _address(text: str) -> ClientAddress:
    try:
        return ipaddress.ip_address(text)
    except ValueError as exc:
        raise SyntaxViolation(f"not an IP address: {text!r}") from exc


@click.command()
@config_option()
@click.argument("file", type=click.File("rb"), metavar="FILE")
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
    file: BinaryIO,
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
    wanted = _wanted(config, address)
    path = ReversePath.parse(sender)
    if not helo and path.address is not None:
        helo = str(path.address.domain)
    found = _judge(config, wanted, _lines(file.read()), (client, path, helo))
    if is_json:
        output.write_json(found)
        return
    columns = dict(found)
    questions, field, reply = columns.pop("questions"), columns.pop("field"), columns.pop("reply")
    for number, each in enumerate(questions, 1):
        answer = "; ".join(each["answer"]) or each["status"]
        click.echo(f"{number:>3}. {each['type']} {each['name']}: {printable(answer)[:_SHOWN]}")
    click.echo()
    output.write_pairs([*columns.items(), ("reply", reply)])
    click.echo()
    click.echo(field, nl=False)


def _wanted(config: Config, address: str | None) -> ListenerAuthentication:
    judging = [each for each in config.listeners if each.authentication.is_on]
    if address is not None:
        judging = [each for each in judging if each.text == address]
        if not judging:
            raise MissingInput(f"no listener {address} judges mail; see [listener.authentication]")
    if judging:
        return judging[0].authentication
    say(NAME, 'no listener has a table [listener.authentication]: this is what all checks with dmarc = "tag" find')
    return _ALL


def _lines(octets: bytes) -> bytes:
    """A message with CRLF, as a client sends it."""
    return octets if b"\r\n" in octets else octets.replace(b"\n", b"\r\n")


def _judge(
    config: Config, settings: ListenerAuthentication, content: bytes, sent: tuple[ClientAddress, ReversePath, str]
) -> dict[str, Any]:
    # These load a library for keys, which no other verb should pay for.
    from empath.authentication.arriving import ArrivingMessage  # noqa: PLC0415
    from empath.authentication.authres import results_field  # noqa: PLC0415
    from empath.authentication.canonical import SignedFields  # noqa: PLC0415
    from empath.authentication.disposition import Action, Overrides, Rules, dispose, refusal  # noqa: PLC0415
    from empath.authentication.findings import (  # noqa: PLC0415
        SentFrom,
        Wanted,
        body_forms,
        check_sender,
        columns_of,
        examine,
        results_of,
    )

    client, path, helo = sent
    asked = _Asked(config)
    wanted = Wanted(settings.spf, settings.dkim, settings.arc, settings.dmarc != "none")
    sent_from = SentFrom(str(client), str(path), helo)
    if wanted.spf:
        now = int(time.time())
        sent_from = asked.run(check_sender(client, path, helo, receiver=str(config.hostname), now=now))
    arriving = ArrivingMessage(len(content), [lambda fields: body_forms(fields, wanted)])
    arriving.feed(content, is_headerless=False)
    arriving.finish()
    fields = SignedFields(Fields.of(header_section(content, len(content))))
    findings = asked.run(examine(wanted, sent_from, fields, arriving.digests, now=time.time(), sample=0))
    rules = Rules.of(settings.dmarc, config.authentication.sealers, has_quarantine=_has_quarantine(config))
    disposition = dispose(findings, rules, Overrides(_rows(config)).find(client, findings.authors or ()))
    ours = str(config.authentication.authserv_id or config.hostname)
    return {
        "questions": asked.questions,
        **json.loads(columns_of(findings, disposition.action, disposition.reason)),
        **_seal_words(config, findings.arc),
        "reply": str(refusal(findings, disposition)) if disposition.action is Action.REJECT else None,
        "field": results_field(ours, results_of(findings, disposition.action)).decode().replace("\r\n", "\n"),
    }


def _seal_words(config: Config, chain: "Chain | None") -> dict[str, str]:
    """What a seal would say of the message if it is passed on; nothing where none is made."""
    from empath.authentication.sealer import obstacle  # noqa: PLC0415 - as above

    if config.arc.domain is None or chain is None:
        return {}
    why = obstacle(chain)
    words = f"by {config.arc.domain}, set {chain.last + 1}, cv={chain.result}, for {config.arc.seal} mail"
    return {"seal": words if why is None else f"none: {why}"}


def _has_quarantine(config: Config) -> bool:
    return config.authentication.quarantine_route is not None


def _rows(config: Config) -> list[tuple[str, str]]:
    """The rows of authentication_override, if there is a queue yet."""
    try:
        with open_queue(config).visiting(None) as visit:
            return overrides_in_force(visit, time.time())
    except MissingInput:
        return []


class _Asked:
    """Answers the questions of a judgement, and keeps both."""

    def __init__(self, config: Config) -> None:
        self.questions: list[dict[str, Any]] = []
        self._resolver = resolver(config)
        self._within_s = config.dns.timeout_s
        self._answers: dict[Question, LookupAnswer] = {}

    def run(self, steps: Generator[Question, LookupAnswer, T]) -> T:
        """Drive *steps* to their end."""
        try:
            question = next(steps)
            while True:
                if question not in self._answers:
                    self._answers[question] = self._ask(question)
                question = steps.send(self._answers[question])
        except StopIteration as stop:
            found: T = stop.value
            return found

    def _ask(self, question: Question) -> LookupAnswer:
        [answer] = self._resolver.look_up([question], self._within_s)
        name, kind = question
        texts = record_texts(answer)
        self.questions.append({"type": kind, "name": name, "status": status_of(answer), "answer": texts})
        return answer


VERBS: Final = (verify,)
