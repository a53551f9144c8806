"""
authentication - finds out who vouches for mail that comes in, and what is done with it

THEORY
    SPF begins at MAIL.  Answers that are at hand are taken at once; for others it goes on in a greenlet of its own
    while the client sends the rest, so that its result is there when the content is.  A message has a budget: so many
    questions, and so much time to wait.  What is beyond it counts as not answered, which refuses no mail; so nobody may
    use up what the judgement of another needs.  Each step has its own share; the keys of all signatures are asked for
    at once, and so are the records of several authors.

    The process has a bound, too: so many questions under way, and of one client a part of them.  Beyond it mail that
    may be refused is put off.  Else a client could let forged mail in by asking for much itself.

RULES
    The content is judged as it was received; only then fields of others that claim to be of this host are removed.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import gevent

from empath.authentication.authres import FIELD_NAME, authserv_id, results_field
from empath.authentication.canonical import BodyForm, Digests, SignedFields
from empath.authentication.disposition import Action, Disposition, Overrides, Rules, dispose, refusal
from empath.authentication.dmarc import DmarcResult, gravest
from empath.authentication.findings import (
    Findings,
    SentFrom,
    Wanted,
    body_forms,
    by_author,
    check_content,
    check_sender,
    columns_of,
    judge_author,
    key_questions,
    result_words,
    results_of,
)
from empath.authentication.spf import OfClient
from empath.authentication.verify import SIGNATURE_FIELD
from empath.config import Config
from empath.config.tables.authentication import ListenerAuthentication
from empath.daemon.acceptor.content import IncomingContent
from empath.errors import ServiceUnavailable
from empath.mail.address import ReversePath
from empath.mail.lookup import Failed, LookupAnswer, Question
from empath.mail.reply import Reply
from empath.message.fields import Fields
from empath.net.dns_cache import TOO_MANY, CachingResolver
from empath.policy.access import ClientAddress
from empath.policy.limits.connections import client_network
from empath.storage.engine import Reader
from empath.storage.queue.authentication import overrides_in_force

_OVER: Final = Failed("too many questions about one message")
_LOOK_S: Final = 1.0
_SENDER, _CONTENT, _AUTHOR = 0.5, 0.25, 0.25  # shares of the budget: SPF, signatures and chains, DMARC
_NAMES: Final = 0.25  # share of the time of a step for the names of the client
_OF_CLIENT: Final = 25  # questions that are waited for at a time because of one client
_IPV6_PREFIX: Final = 64  # networks that count as one client
_OF_AUTHOR: Final = 12  # questions that a false author may need: a walk, and whether the name exists

T = TypeVar("T")
Steps = Generator[Question, LookupAnswer, T]
Reported = Callable[[Findings, Disposition], object]


class OverrideRows:
    """The rows of authentication_override as one process sees them: read when needed, once a second at most."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._overrides = Overrides(())
        self._look_at = 0.0

    def current(self) -> Overrides:
        """
        The rows that hold now.

        Raises:
            QueueBusy, StorageFailure: they cannot be read.
        """
        now = time.monotonic()
        if now >= self._look_at:
            self._overrides = Overrides(overrides_in_force(self._reader, time.time()))
            self._look_at = now + _LOOK_S
        return self._overrides


class ClientShare:
    """How many questions are waited for because of one client. Shape: is_over says that there were too many."""

    def __init__(self, waiting: Counter[ClientAddress], client: ClientAddress) -> None:
        """*waiting* is that of all clients of a listener, by their networks."""
        self._waiting = waiting
        self._client = client
        self.is_over = False

    def look_up(self, resolver: CachingResolver, questions: Sequence[Question], within_s: float) -> list[LookupAnswer]:
        """As of the resolver."""
        waiting, client = self._waiting, client_network(self._client, _IPV6_PREFIX)
        if waiting[client] + len(questions) > _OF_CLIENT:
            self.is_over = True
            return [TOO_MANY] * len(questions)
        waiting[client] += len(questions)
        try:
            answers = resolver.look_up(questions, within_s)
        finally:
            waiting[client] -= len(questions)
            if not waiting[client]:
                del waiting[client]
        self.is_over = self.is_over or TOO_MANY in answers
        return answers


class Inquiry:
    """
    The questions of one step: at most *most*, which wait for *left_s* seconds in all. *share* is that of the client.
    """

    def __init__(self, resolver: CachingResolver, most: int, left_s: float, share: ClientShare) -> None:
        self._resolver = resolver
        self._share = share
        self._most = most
        self._left_s = left_s
        self._of_client_s = left_s * _NAMES
        self._known: dict[Question, LookupAnswer] = {}

    def answer(self, question: Question) -> LookupAnswer:
        """Ask; what was asked before costs nothing."""
        found = self._known.get(question) or self.answer_at_hand(question)
        if found is None:
            [found] = self._wait((question,)) if self._take(1) else (_OVER,)
        if not isinstance(question, OfClient):
            self._known[question] = found
        return found

    def answer_at_hand(self, question: Question) -> LookupAnswer | None:
        """The answer, if there is one without a wait."""
        known = self._resolver.known(question)
        return known if known is None or self._take(1) else _OVER

    def fetch(self, questions: Sequence[Question]) -> None:
        """Ask all of them at once: those that get no answer cost the others no time."""
        missing = [each for each in questions if self._resolver.known(each) is None]
        if missing and self._take(len(missing)):
            self._known.update(zip(missing, self._wait(missing), strict=True))

    def run(self, steps: Steps[T], question: Question | None = None) -> T:
        """Answer the questions of *steps*, which has begun if *question* is its open one; what it returns."""
        try:
            question = question or next(steps)
            while True:
                question = steps.send(self.answer(question))
        except StopIteration as stop:
            found: T = stop.value
            return found

    def _take(self, count: int) -> bool:
        self._most -= count
        return self._most >= 0

    def _wait(self, questions: Sequence[Question]) -> list[LookupAnswer]:
        is_of_client = isinstance(questions[0], OfClient)
        left_s = min(self._left_s, self._of_client_s) if is_of_client else self._left_s
        began_at = time.monotonic()
        answers = self._share.look_up(self._resolver, questions, max(0.0, left_s))
        waited_s = time.monotonic() - began_at
        self._left_s -= waited_s
        self._of_client_s -= waited_s if is_of_client else 0.0
        return answers


class Judged(NamedTuple):
    """
    What became of a message.

    Shape: words has one result for each method that was asked; field goes on top of it; columns are those of the view
    `authentication`; refusal is None if it is accepted.
    """

    findings: Findings
    words: Mapping[str, str]
    disposition: Disposition
    field: bytes
    columns: str
    refusal: Reply | None


class Authenticator:
    """What one listener wants to know about mail, and does with it. `counts` are results by method and result."""

    def __init__(
        self,
        config: Config,
        wanted: ListenerAuthentication,
        resolver: CachingResolver,
        overrides: OverrideRows,
        *,
        counts: dict[tuple[str, ...], float],
        receiver: str,
        reported: Reported | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        *receiver* is the name of this host, as the listener gives it; *clock* gives Unix seconds. *reported* takes what
        reports tell of.
        """
        self.clock = clock
        self.reported = reported
        settings = config.authentication
        self.wanted = Wanted(wanted.spf, wanted.dkim, wanted.arc, wanted.dmarc != "none")
        self.receiver = receiver
        self.authserv_id = str(settings.authserv_id or config.hostname)
        has_quarantine = settings.quarantine_route is not None
        self.rules = Rules.of(wanted.dmarc, settings.sealers, has_quarantine=has_quarantine)
        self.overrides = overrides
        self._resolver = resolver
        self._waiting: Counter[ClientAddress] = Counter()
        self._settings = settings
        self._counts = counts

    def begin(self, client: ClientAddress, helo: str, path: ReversePath) -> "MessageCheck":
        """Begin with a message of *client*, at MAIL."""
        return MessageCheck(self, client, helo, path)

    def share_of(self, client: ClientAddress) -> ClientShare:
        """That of *client*, for one message."""
        return ClientShare(self._waiting, client)

    def inquiry(
        self, of_client: ClientShare, share: float, *, at_least: int = 0, of_time: float | None = None
    ) -> Inquiry:
        """
        For one step, with its *share* of the questions of a message, but *at_least* so many, and the same share of its
        time or *of_time*.
        """
        settings = self._settings
        most = max(at_least, int(settings.questions * share))
        left_s = settings.deadline_s * (share if of_time is None else of_time)
        return Inquiry(self._resolver, most, left_s, of_client)

    def count(self, words: Mapping[str, str]) -> None:
        """Count the results by method."""
        for key in words.items():
            self._counts[key] = self._counts.get(key, 0) + 1


class MessageCheck:
    """One message, from MAIL to its end. Call `close` last."""

    __slots__ = ("_asking", "_authenticator", "_client", "_fields", "_sent_from", "_share")

    def __init__(self, authenticator: Authenticator, client: ClientAddress, helo: str, path: ReversePath) -> None:
        self._authenticator = authenticator
        self._client = client
        self._share = authenticator.share_of(client)
        self._fields: SignedFields | None = None
        self._asking: gevent.Greenlet[..., SentFrom] | None = None
        if authenticator.wanted.spf:
            now = int(authenticator.clock())
            self._begin(check_sender(client, path, helo, receiver=authenticator.receiver, now=now))
        else:
            self._sent_from = SentFrom(str(client), str(path), helo)

    @property
    def hashes_body(self) -> bool:
        """Whether `body_forms` may name any."""
        return self._authenticator.wanted.body

    def body_forms(self, fields: SignedFields) -> Iterable[BodyForm]:
        """The forms in which the body must be hashed, by the header of the message, which is kept for `judge`."""
        self._fields = fields
        return body_forms(fields, self._authenticator.wanted)

    def judge(self, content: IncomingContent, header_octets: int, *, is_report: bool = False) -> Judged:
        """
        Judge *content*, which is complete; its header section has at most *header_octets*. *is_report*: all of its
        recipients are senders by VERP that this host has given out, so a program reads it, and believes nobody's name.

        Raises:
            StorageFailure, QueueBusy: its header or the rows cannot be read, or the header cannot be written.
            ServiceUnavailable: it may be false, and too many questions are under way to find out.
        """
        authenticator = self._authenticator
        if self._asking is not None:
            self._sent_from = self._asking.get()
        fields = self._fields or SignedFields(Fields.of(content.header(header_octets)))
        findings = self._examine(fields, content.body_digests)
        is_unknown = findings.dmarc is not None and findings.dmarc.result is DmarcResult.TEMPERROR
        if is_unknown and self._share.is_over and authenticator.rules.most is not Action.TAG:
            raise ServiceUnavailable(TOO_MANY.why)
        words = result_words(findings)
        authenticator.count(words)
        disposition = self._disposition(findings)
        if is_report and disposition.action is not Action.TAG:
            disposition = Disposition(Action.TAG, f"{disposition.reason}, but it is a report to a sender by VERP")
        if authenticator.reported is not None:
            authenticator.reported(findings, disposition)
        action = disposition.action
        if action is not Action.REJECT:
            _remove_claims(content, fields.fields, authenticator.authserv_id)
        return Judged(
            findings,
            words,
            disposition,
            results_field(authenticator.authserv_id, results_of(findings, action)),
            columns_of(findings, words, action, disposition.reason),
            refusal(findings, disposition) if action is Action.REJECT else None,
        )

    def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.kill(block=False)

    def _examine(self, fields: SignedFields, digests: Digests) -> Findings:
        authenticator, wanted = self._authenticator, self._authenticator.wanted
        now = authenticator.clock()
        inquiry = authenticator.inquiry(self._share, _CONTENT)
        if wanted.dkim and fields.count(SIGNATURE_FIELD) > 1:  # one key is asked for where it is needed
            inquiry.fetch(key_questions(fields, digests, now=now))
        findings = inquiry.run(check_content(wanted, self._sent_from, fields, digests, now=now))
        return self._judge_authors(findings) if wanted.dmarc else findings

    def _judge_authors(self, findings: Findings) -> Findings:
        """Each author at the same time: one whose name servers do not answer must not hide that another is false."""
        sample, is_reported = random.randrange(100), self._authenticator.reported is not None
        parts = by_author(findings)
        inquiries = [
            self._authenticator.inquiry(self._share, _AUTHOR / len(parts), at_least=_OF_AUTHOR, of_time=_AUTHOR)
            for _ in parts
        ]
        if len(parts) == 1:
            return inquiries[0].run(judge_author(findings, sample=sample, is_reported=is_reported))
        asking = [
            gevent.spawn(inquiry.run, judge_author(part, sample=sample, is_reported=is_reported))
            for inquiry, part in zip(inquiries, parts, strict=True)
        ]
        try:
            verdicts = [each.get().dmarc for each in asking]
        finally:
            gevent.killall(asking, block=False)
        return findings._replace(dmarc=gravest([each for each in verdicts if each is not None]))

    def _disposition(self, findings: Findings) -> Disposition:
        rules = self._authenticator.rules
        found = dispose(findings, rules)
        if found.action is Action.TAG:
            return found
        row = self._authenticator.overrides.current().find(self._client, findings.authors or ())
        return found if row is None else dispose(findings, rules, row)

    def _begin(self, steps: Steps[SentFrom]) -> None:
        """Take what is at hand; ask for the rest in a greenlet."""
        inquiry = self._authenticator.inquiry(self._share, _SENDER)
        try:
            question = next(steps)
            while (answer := inquiry.answer_at_hand(question)) is not None:
                question = steps.send(answer)
        except StopIteration as stop:
            self._sent_from = stop.value
        else:
            self._asking = gevent.spawn(inquiry.run, steps, question)


def _remove_claims(content: IncomingContent, fields: Fields, ours: str) -> None:
    """Remove the results that others say are of this host, and those that do not say whose they are."""
    if FIELD_NAME not in fields:
        return
    named = zip(fields.names, fields.octets, strict=True)
    kept = [octets for name, octets in named if name != FIELD_NAME or _whose(octets) not in (ours, None)]
    if len(kept) < len(fields.octets):
        content.replace_header(b"".join(fields.octets), b"".join(kept))


def _whose(octets: bytes) -> str | None:
    return authserv_id(octets.partition(b":")[2])
