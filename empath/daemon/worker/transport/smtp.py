"""smtp - messages go out over SMTP, host after host"""

import time
from collections.abc import Iterator

from empath.daemon.worker.pool import ConnectionPool
from empath.daemon.worker.transport.carrier import Answer, DeliveryJob
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.fate import Attempt
from empath.mail.outcome import Stage, TryNext
from empath.net.next_hop import HostFinder
from empath.policy.classify import classify, is_lack
from empath.policy.hosts.search import MAX_SESSIONS, Host, NoHost
from empath.policy.routing import MxRoute, SmtpRoute
from empath.smtp.client.events import RecipientResult
from empath.smtp.client.session import ClientRecipient, Transaction
from empath.storage.queue.lease import LeasedMessage, LeasedRecipient


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

    def carry(self, job: DeliveryJob) -> Iterator[list[Answer]]:
        started_at = time.time()
        if self._hosts is None:
            found = self._finder.find(self._route, self._destination)
            if isinstance(found, NoHost):
                self._silence = RecipientResult(Stage.DNS, found.reply)
            self._hosts = () if isinstance(found, NoHost) else found
        if self._silence is not None:
            self.is_failing = True
            yield self._same_for_all(job, self._silence, started_at)
            return
        speaking = [host for host in self._hosts if (host.address, host.port) not in self._silent]
        left = job.recipients
        # Recipients whose mail a host may yet take though it has not now.
        put_off = {recipient.recipient_id for recipient in left} if len(speaking) < len(self._hosts) else set()
        reached = False
        sessions = 0
        for index, host in enumerate(speaking):
            started_at, began = time.time(), time.monotonic()
            transaction = _transaction(job.message, left)
            result = self._pool.send(host, transaction, job.body.pieces_in_hub, job.may_end)
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

    def _same_for_all(self, job: DeliveryJob, said: RecipientResult, started_at: float) -> list[Answer]:
        attempt = Attempt(self._destination, started_at, time.time() - started_at)
        outcome = classify(said.stage, said.reply, is_last_host=True)
        return [Answer(recipient, attempt, said.stage, said.reply, outcome) for recipient in job.recipients]


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
