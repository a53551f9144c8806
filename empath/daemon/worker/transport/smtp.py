"""
carriers - the ways in which a lease's messages leave

A carrier belongs to one lease.  It takes one message at a time and answers for each of its recipients: what was tried,
what was said, and what that means.  What follows from it in the queue is not its business.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from empath.daemon.process.threads import in_thread
from empath.daemon.worker.connection import ConnectionPool, Permission
from empath.daemon.worker.transport.maildir import deliver_to_maildir
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.outcome import Outcome, Stage, TryNext
from empath.mail.reply import Reply
from empath.net.next_hop import HostFinder
from empath.policy.classify import classify, is_lack
from empath.policy.hosts.search import MAX_SESSIONS, Host, NoHost
from empath.policy.routing import DiscardRoute, MaildirRoute, MxRoute, Route, SmtpRoute
from empath.smtp.client.events import RecipientResult
from empath.smtp.client.session import ClientRecipient, Transaction
from empath.storage.queue.lease import LeasedMessage, LeasedRecipient
from empath.storage.queue.settle import Attempt
from empath.storage.spool import open_content

_CHUNK_OCTETS = 256 * 1024
_DISCARDED = RecipientResult(Stage.LOCAL, Reply.of("250 2.0.0 discarded"))
_NO_ROUTE = RecipientResult(Stage.DNS, Reply.of("451 4.3.5 no route to this domain is configured any more"))


@dataclass(frozen=True, slots=True)
class Body:
    """Content of one message: in memory, or in a spool file."""

    content: bytes | None
    spool: Path
    locator: str | None

    def pieces(self) -> Iterator[bytes]:
        """Read it from the beginning, blocking: for use in a thread."""
        if self.content is not None:
            yield self.content
            return
        with open_content(self.spool, str(self.locator)) as file:
            while octets := file.read(_CHUNK_OCTETS):
                yield octets

    def pieces_in_hub(self) -> Iterator[bytes]:
        """Read it from the beginning, with the disk's part in a thread: for use in a greenlet."""
        if self.content is not None:
            return iter((self.content,))
        return iter(partial(in_thread, next, self.pieces(), b""), b"")


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message with those of its recipients that go this way. may_end is asked before the final dot."""

    message: LeasedMessage
    recipients: list[LeasedRecipient]
    body: Body
    may_end: Permission


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What became of one recipient. A TryNext that stands here means: another host was asked after this one.

    is_in_doubt tells that the host may have the message though it is deferred.
    """

    recipient: LeasedRecipient
    attempt: Attempt
    stage: Stage
    reply: Reply
    outcome: Outcome
    is_in_doubt: bool = False


class Carrier(Protocol):
    """One way out. is_failing tells that the last message met no host at all."""

    is_failing: bool

    def carry(self, parcel: Parcel) -> Iterator[list[Answer]]:
        """Give the answers host by host; every recipient's last one is no TryNext. Raises Abandoned."""


class LocalCarrier:
    """Maildir, discard, and the way that is not configured any more: one recipient after another, no host."""

    is_failing = False

    def __init__(self, route: Route | None, destination: str) -> None:
        self._route = route
        self._destination = destination

    def carry(self, parcel: Parcel) -> Iterator[list[Answer]]:
        for recipient in parcel.recipients:
            started_at, began = time.time(), time.monotonic()
            result = self._put(parcel, recipient)
            attempt = Attempt(self._destination, started_at, time.monotonic() - began)
            outcome = classify(result.stage, result.reply, is_last_host=True)
            yield [Answer(recipient, attempt, result.stage, result.reply, outcome)]

    def _put(self, parcel: Parcel, recipient: LeasedRecipient) -> RecipientResult:
        if isinstance(self._route, MaildirRoute):
            where = (Path(self._route.path), parcel.message.reverse_path, recipient.address, parcel.body.pieces())
            return in_thread(deliver_to_maildir, *where)
        return _DISCARDED if isinstance(self._route, DiscardRoute) else _NO_ROUTE


class SmtpCarrier:
    """
    Over SMTP, host after host in the order that the route gives.

    A host that gave no session is not asked again in this lease as long as there is another: each message would wait
    for the same silence, and leave the same row.
    """

    def __init__(self, route: SmtpRoute | MxRoute, destination: str, pool: ConnectionPool, finder: HostFinder) -> None:
        self.is_failing = False
        self._route = route
        self._destination = destination
        self._pool = pool
        self._finder = finder
        self._hosts: tuple[Host, ...] | None = None
        self._silent: set[tuple[str, int]] = set()  # address and port of hosts that gave no session
        # Once no host was reached the rest of the lease need not knock again: it has the same answer.
        self._silence: RecipientResult | None = None

    def carry(self, parcel: Parcel) -> Iterator[list[Answer]]:
        started_at = time.time()
        if self._hosts is None:
            found = self._finder.find(self._route, self._destination)
            if isinstance(found, NoHost):
                self._silence = RecipientResult(Stage.DNS, found.reply)
            self._hosts = () if isinstance(found, NoHost) else found
        if self._silence is not None:
            self.is_failing = True
            yield self._same_for_all(parcel, self._silence, started_at)
            return
        speaking = [host for host in self._hosts if (host.address, host.port) not in self._silent]
        left = parcel.recipients
        # Recipients whose mail a host may yet take though it has not now.
        put_off = {recipient.recipient_id for recipient in left} if len(speaking) < len(self._hosts) else set()
        reached = False
        sessions = 0
        for index, host in enumerate(speaking):
            started_at, began = time.time(), time.monotonic()
            transaction = _transaction(parcel.message, left)
            result = self._pool.send(host, transaction, parcel.body.pieces_in_hub, parcel.may_end)
            duration_s = time.monotonic() - began
            if result.was_reached:
                reached = True
                # A host that lacks what all of them need was told nothing, and costs as good as nothing.
                sessions += not all(is_lack(said.stage, said.reply) for said in result.results)
            else:
                self._silent.add((host.address, host.port))
            attempt = Attempt(self._destination, started_at, duration_s, host.name, result.peer, result.connect_s)
            is_last = index == len(speaking) - 1 or sessions == MAX_SESSIONS
            answers = []
            for recipient, said in zip(left, result.results, strict=True):
                outcome = classify(said.stage, said.reply, is_last, recipient.recipient_id in put_off)
                doubt = result.is_in_doubt and said.stage is Stage.END_OF_DATA
                answers.append(Answer(recipient, attempt, said.stage, said.reply, outcome, doubt))
            if is_last and not reached:
                self._silence = result.results[0]
            self.is_failing = not reached
            yield answers
            left = []
            for answer in answers:
                if isinstance(answer.outcome, TryNext):
                    left.append(answer.recipient)
                    if not answer.outcome.is_final_here:
                        put_off.add(answer.recipient.recipient_id)
            if not left:
                return

    def _same_for_all(self, parcel: Parcel, said: RecipientResult, started_at: float) -> list[Answer]:
        attempt = Attempt(self._destination, started_at, time.time() - started_at)
        outcome = classify(said.stage, said.reply, is_last_host=True)
        return [Answer(recipient, attempt, said.stage, said.reply, outcome) for recipient in parcel.recipients]


def _transaction(message: LeasedMessage, recipients: list[LeasedRecipient]) -> Transaction:
    return Transaction(
        reverse_path=message.reverse_path,
        recipients=tuple(ClientRecipient(r.address, r.notify, r.original_recipient) for r in recipients),
        size=message.size,
        body_type=BodyType(message.body_type),
        is_smtputf8=bool(message.is_smtputf8),
        has_8bit=bool(message.has_8bit),
        dsn_return=DsnReturn(message.dsn_return) if message.dsn_return is not None else None,
        envelope_id=message.envelope_id,
    )
