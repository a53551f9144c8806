"""
injector - take mail that comes by HTTP, as a submission session would

Each message goes through a session, see acceptor/direct.py, so that senders, recipients, rates, sizes, modules and
signatures are judged by the code that judges clients of SMTP. The messages of a request are one transaction.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from greenlet import getcurrent

from empath.daemon.acceptor.context import Committer, ListenerContext
from empath.daemon.acceptor.direct import DirectMessage
from empath.daemon.acceptor.session import ReceivingSession
from empath.daemon.httpd.injection.joint import JointCommit
from empath.daemon.httpd.injection.side_by_side import SideBySide
from empath.errors import EmpathError, SyntaxViolation
from empath.mail.address import ForwardPath, ReversePath
from empath.mail.envelope import BodyType
from empath.mail.identity import QueueId
from empath.mail.reply import Reply
from empath.mail.timing import Hold
from empath.policy.access import ClientAddress
from empath.policy.login.account import LoggedIn
from empath.policy.tracing.context import TraceContext
from empath.smtp.server.events import MailOffered
from empath.smtp.server.replies import BAD_RECIPIENT
from empath.storage.queue.accept import Accept
from empath.storage.queue.injection import EarlierRequest, Inject, InjectionKey
from empath.telemetry.occurrence import traceback_text, words_of
from empath.telemetry.occurrences.acceptor import SessionCrashed

_WITHHELD: Final = "another recipient of the request was refused"
_FAULT: Final = Reply.of("451 4.3.0 A fault in Empath; its log has `session_crashed`")


class _Refused(EmpathError):
    """The words of a message that is not committed, for the log."""


@dataclass(slots=True)
class Result:
    """What became of one recipient. Shape: either id or refusal is set in the end; reply is that of a session."""

    recipient: str
    id: str | None = None
    refusal: str | None = None
    reply: Reply | None = None

    def refuse(self, reason: Reply | str) -> None:
        """Note why there is no mail to it."""
        self.id, self.refusal = None, str(reason).replace("\n", " ")
        self.reply = reason if isinstance(reason, Reply) else None

    def record(self) -> dict[str, str | None]:
        """As the client gets it."""
        return {"recipient": self.recipient, "id": self.id, "refusal": self.refusal}


@dataclass(slots=True)
class Item:
    """
    One message.

    Shape: recipients as the client gave them, each with a result; pieces gives the content, and raises SyntaxViolation
    if there can be none; size is what the client says of it; metadata is a JSON object.
    """

    recipients: Sequence[tuple[ForwardPath | None, Result]]
    pieces: Callable[[], Iterable[bytes]]
    is_smtputf8: bool = False
    size: int | None = None
    metadata: str = "{}"


@dataclass(frozen=True, slots=True)
class Submission:
    """
    One request.

    Shape: name stands for the client in the log and the queue; with all_or_none one refusal keeps all out of the queue;
    key gives the key of the request, None without one, and is asked when all content has come; trace_parent is the
    trace that its messages go on in, None where each begins one.
    """

    client: ClientAddress
    name: str
    account: LoggedIn
    sender: ReversePath
    items: Sequence[Item]
    hold: Hold | None = None
    mt_priority: int | None = None
    all_or_none: bool = False
    key: Callable[[], InjectionKey | None] = lambda: None
    trace_parent: TraceContext | None = None

    @property
    def results(self) -> list[Result]:
        """The results of all recipients, in their order."""
        return [result for item in self.items for _, result in item.recipients]


@dataclass(slots=True)
class Outcome:
    """
    What became of a request.

    Shape: earlier is a request that came before with the same key; withheld are results of recipients that were not
    refused themselves.
    """

    results: list[Result] = field(default_factory=list)
    withheld: list[Result] = field(default_factory=list)
    earlier: EarlierRequest | None = None


def answer_of(results: Sequence[Result]) -> dict[str, Any]:
    """The answer to the client."""
    queued = sum(result.id is not None for result in results)
    return {
        "queued": queued,
        "refused": len(results) - queued,
        "results": [result.record() for result in results],
    }


class Injector:
    """What takes mail in one process."""

    def __init__(
        self,
        new_session: Callable[..., ReceivingSession],
        context: ListenerContext,
        writer: Committer,
        committed: Callable[[], object],
    ) -> None:
        """*committed* is called after each commit of mail."""
        self._new_session = new_session
        self._context = context
        self._writer = writer
        self._committed = committed
        self._side_by_side = SideBySide()

    def inject(self, submission: Submission) -> Outcome:
        """Take the messages of a request; what became of them is durable."""
        outcome = Outcome(submission.results)
        items: dict[Any, Item] = {}  # by the greenlet that takes it

        def conclude(arrived: dict[Any, Accept]) -> None:
            self._conclude(submission, outcome, [(items[greenlet], write) for greenlet, write in arrived.items()])

        joint = JointCommit(len(submission.items), conclude)
        context = replace(self._context, writer=joint)

        def take(item: Item) -> None:
            items[getcurrent()] = item
            try:
                self._take(submission, item, context)
            finally:
                joint.leave()

        if len(submission.items) == 1:  # whose content may yet be on its way: the greenlet of the connection reads it
            take(submission.items[0])
        else:
            self._side_by_side.run(take, submission.items)
        _refuse(outcome.withheld, _WITHHELD)
        return outcome

    def _take(self, submission: Submission, item: Item, context: ListenerContext) -> None:
        open_results = [result for _, result in item.recipients]
        message: DirectMessage | None = None
        try:
            message = DirectMessage(
                self._new_session,
                context,
                submission.client,
                submission.account,
                item.metadata,
                trace_parent=submission.trace_parent,
            )
            offer = MailOffered(
                submission.sender,
                item.size,
                BodyType.EIGHT_BIT_MIME,
                item.is_smtputf8,
                None,
                None,
                submission.hold,
                mt_priority=submission.mt_priority,
            )
            reply = message.begin(submission.name, offer)
            if reply.klass == 2:
                open_results = [
                    result for path, result in item.recipients if not _is_refused(result, _offered(message, path))
                ]
                if open_results and not (submission.all_or_none and len(open_results) < len(item.recipients)):
                    reply = message.send(item.pieces())
            if reply.klass != 2:
                _refuse(open_results, reply)
        except SyntaxViolation as exc:
            _refuse(open_results, str(exc))
        except Exception as exc:  # noqa: BLE001 - a bug that one message meets must not keep the others waiting
            _refuse(open_results, _FAULT)
            crashed = SessionCrashed(client=str(submission.client), error=words_of(exc), exception=traceback_text(exc))
            context.emit(crashed)
        finally:
            if message is not None:
                message.close()

    def _conclude(self, submission: Submission, outcome: Outcome, arrived: list[tuple[Item, Accept]]) -> None:
        """Commit the messages that came so far, or none."""
        if submission.all_or_none and (
            len(arrived) < len(submission.items) or any(result.refusal for result in outcome.results)
        ):
            outcome.withheld = [result for result in outcome.results if result.refusal is None]
            _fail(arrived, _Refused(_WITHHELD))
            return
        if not arrived:
            return
        for item, write in arrived:
            for _, result in item.recipients:
                if result.refusal is None:
                    result.id = str(write.message.queue_id)
        key = submission.key()
        inject = Inject([write for _, write in arrived], key, json.dumps(answer_of(outcome.results)))
        try:
            self._writer.commit(inject)
        except EmpathError as exc:
            _fail(arrived, exc, may_be_committed=inject.may_be_committed)
            return
        if key is None or inject.earlier is None:
            self._committed()
            return
        outcome.earlier = inject.earlier
        is_same = inject.earlier.digest == key.digest
        _answer_as_before(arrived, inject.earlier.answer if is_same else None, outcome.results)


def _offered(message: DirectMessage, path: ForwardPath | None) -> Reply:
    return BAD_RECIPIENT if path is None else message.offer(path)


def _is_refused(result: Result, reply: Reply) -> bool:
    if reply.klass != 2:
        result.refuse(reply)
    return reply.klass != 2


def _refuse(results: Iterable[Result], reason: Reply | str) -> None:
    for result in results:
        result.refuse(reason)


def _fail(arrived: list[tuple[Item, Accept]], error: EmpathError, *, may_be_committed: bool = False) -> None:
    for _, write in arrived:
        write.error, write.may_be_committed = error, may_be_committed


def _answer_as_before(arrived: list[tuple[Item, Accept]], answer: str | None, results: Sequence[Result]) -> None:
    """Give each message the id that it has in *answer*, that of the same request before; None: it was another one."""
    before = [] if answer is None else json.loads(answer)["results"]
    ids = {id(result): earlier["id"] for result, earlier in zip(results, before, strict=False)}
    for item, write in arrived:
        first = next((ids[id(each)] for _, each in item.recipients if ids.get(id(each))), None)
        if first is None:
            write.error = _Refused("another request had this Idempotency-Key")
        else:
            write.first = QueueId.parse(first)
