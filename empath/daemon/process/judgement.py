"""
judgement - a message judged once more, with every question and every answer, for a person who wants to know why

It is judged as a listener judges mail that comes in, with the same budget of questions and time.  Nothing is changed,
counted or kept.  To read a message needs no DNS, so a process with a hub reads it in a thread.
"""

import json
import sys
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from empath.authentication.arc import Chain
from empath.authentication.arriving import ArrivingMessage
from empath.authentication.authres import results_field
from empath.authentication.canonical import BodyForm, Digests, SignedFields
from empath.authentication.disposition import Action, Overrides, Rules, dispose, refusal
from empath.authentication.findings import (
    SentFrom,
    Wanted,
    body_forms,
    check_sender,
    columns_of,
    examine,
    result_words,
    results_of,
)
from empath.authentication.sealer import obstacle
from empath.config import Config
from empath.config.tables.authentication import ListenerAuthentication
from empath.mail.address import ReversePath
from empath.mail.lookup import Failed, LookupAnswer, Question
from empath.mail.lookup_text import record_texts, status_of
from empath.message.fields import Fields
from empath.policy.access import ClientAddress

ALL_CHECKS: Final = ListenerAuthentication(spf=True, dkim=True, arc=True, dmarc="tag")
_TOO_MANY: Final = Failed("too many questions about one message")
_NO_TIME: Final = Failed("the time for the questions about one message is over")

T = TypeVar("T")
Ask = Callable[[Question, float], LookupAnswer]


class Origin(NamedTuple):
    """Where a message comes from. Shape: helo is the name that the client gave, and may be empty."""

    client: ClientAddress
    path: ReversePath
    helo: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What became of a message, step by step.

    Shape: questions are in the order of asking, with their answers; columns are those of the view `authentication`, and
    `seal` where [arc] seals mail; reply is what the client would hear, None where it is not refused; field is the text
    of Authentication-Results, lines ended by LF.
    """

    questions: dict[Question, LookupAnswer]
    columns: dict[str, str]
    reply: str | None
    field: str

    def records(self) -> list[dict[str, Any]]:
        """Each question with its answer, as plain values."""
        return [
            {"type": str(kind), "name": name, "status": status_of(answer), "answer": record_texts(answer)}
            for (name, kind), answer in self.questions.items()
        ]


def listener_checks(config: Config, name: str | None = None) -> ListenerAuthentication | None:
    """The checks of the listener *name*, or of the first that judges mail; None: there is none."""
    judging = [each for each in config.listeners if each.authentication.is_on and name in (None, each.text)]
    return judging[0].authentication if judging else None


def origin_of(client: ClientAddress, path: ReversePath, helo: str = "") -> Origin:
    """Where a message comes from; the name in HELO is the domain of the sender where it is not known."""
    return Origin(client, path, helo or ("" if path.address is None else str(path.address.domain)))


def wanted_of(checks: ListenerAuthentication) -> Wanted:
    """What a listener with *checks* finds out."""
    return Wanted(checks.spf, checks.dkim, checks.arc, checks.dmarc != "none")


def read_message(pieces: Iterable[bytes], wanted: Wanted) -> tuple[SignedFields, Digests]:
    """The header of a message with CRLF, and the digests of its body that *wanted* needs. Asks nothing."""
    seen: list[SignedFields] = [SignedFields(Fields.of(b""))]

    def forms(fields: SignedFields) -> list[BodyForm]:
        seen.append(fields)
        return body_forms(fields, wanted)

    arriving = ArrivingMessage(sys.maxsize, [forms])
    for piece in pieces:
        arriving.feed(piece, is_headerless=False)
    arriving.finish()
    return seen[-1], arriving.digests


def judge(
    config: Config,
    checks: ListenerAuthentication,
    origin: Origin,
    read: tuple[SignedFields, Digests],
    *,
    ask: Ask,
    overrides: Overrides,
) -> Judgement:
    """Judge what `read_message` gave; *ask* asks one question, for so many seconds at most."""
    client, path, helo = origin
    asked = _Asked(config, ask)
    wanted = wanted_of(checks)
    sent_from = SentFrom(str(client), str(path), helo)
    now = time.time()
    if wanted.spf:
        sent_from = asked.run(check_sender(client, path, helo, receiver=str(config.hostname), now=int(now)))
    findings = asked.run(examine(wanted, sent_from, *read, now=now, sample=0))
    settings = config.authentication
    rules = Rules.of(checks.dmarc, settings.sealers, has_quarantine=settings.quarantine_route is not None)
    disposition = dispose(findings, rules, overrides.find(client, findings.authors or ()))
    ours = str(settings.authserv_id or config.hostname)
    columns = columns_of(findings, result_words(findings), disposition.action, disposition.reason)
    return Judgement(
        asked.answers,
        json.loads(columns) | _seal_words(config, findings.arc),
        str(refusal(findings, disposition)) if disposition.action is Action.REJECT else None,
        results_field(ours, results_of(findings, disposition.action)).decode().replace("\r\n", "\n"),
    )


def _seal_words(config: Config, chain: Chain | None) -> dict[str, str]:
    """What a seal would say of the message if it is passed on; nothing where none is made."""
    if config.arc.domain is None or chain is None:
        return {}
    why = obstacle(chain)
    words = f"by {config.arc.domain}, set {chain.last + 1}, cv={chain.result}, for {config.arc.seal} mail"
    return {"seal": words if why is None else f"none: {why}"}


class _Asked:
    """Answers the questions of a judgement within its budget, and keeps both."""

    def __init__(self, config: Config, ask: Ask) -> None:
        self.answers: dict[Question, LookupAnswer] = {}
        self._ask = ask
        self._question_s = config.dns.timeout_s
        self._ends_at = time.monotonic() + config.authentication.deadline_s
        self._most = config.authentication.questions

    def run(self, steps: Generator[Question, LookupAnswer, T]) -> T:
        """Drive *steps* to their end."""
        try:
            question = next(steps)
            while True:
                if question not in self.answers:
                    self.answers[question] = self._answer(question)
                question = steps.send(self.answers[question])
        except StopIteration as stop:
            found: T = stop.value
            return found

    def _answer(self, question: Question) -> LookupAnswer:
        if len(self.answers) >= self._most:
            return _TOO_MANY
        left_s = self._ends_at - time.monotonic()
        return self._ask(question, min(self._question_s, left_s)) if left_s > 0 else _NO_TIME
