"""smtp - messages go out over SMTP or LMTP, host after host"""

import time
from collections.abc import Iterator
from typing import Final

from empath.daemon.worker.pool import ConnectionPool
from empath.daemon.worker.transport.carrier import Answer, DeliveryJob, HostAttempt
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.fate import Attempt
from empath.mail.outcome import Handover, Stage
from empath.mail.protocol import Protocol
from empath.net.next_hop import HostFinder
from empath.policy.attempt import DestinationHosts, MessageAttempt, outcome_of
from empath.policy.hosts.search import Host, NoHost, socket_host
from empath.policy.routing import MxRoute, SmtpRoute, SocketRoute
from empath.smtp.client.session import ClientRecipient, Transaction
from empath.storage.queue.lease import LeasedMessage, LeasedRecipient

_BODY_TYPES: Final = {str(each): each for each in BodyType}  # quicker than the call of an enum


class SmtpCarrier:
    """Send over SMTP or LMTP to the hosts of the route; policy/attempt says which host is next."""

    waits_for_hosts = True

    def __init__(
        self, route: SmtpRoute | SocketRoute | MxRoute, destination: str, pool: ConnectionPool, finder: HostFinder
    ) -> None:
        self._route = route
        self._destination = destination
        self._pool = pool
        self._finder = finder
        self._hosts: DestinationHosts | None = None

    @property
    def is_failing(self) -> bool:
        """See Carrier."""
        return self._hosts is not None and self._hosts.is_failing

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """See Carrier."""
        started_at = time.time()
        if self._hosts is None:
            self._hosts = DestinationHosts(self._found())
        if (silence := self._hosts.silence) is not None:
            dnssec = self._hosts.security.known
            attempt = Attempt(self._destination, started_at, time.time() - started_at, dnssec=dnssec)
            yield HostAttempt(attempt, [Answer(r, silence, outcome_of(silence)) for r in job.recipients])
            return
        recipients = {recipient.recipient_id: recipient for recipient in job.recipients}
        under_way = MessageAttempt(self._hosts, recipients)
        while (host := under_way.host) is not None:
            started_at, began = time.time(), time.monotonic()
            transaction = _transaction(job.message, [recipients[number] for number in under_way.recipient_ids])
            result = self._pool.send(host, transaction, job.body.pieces_in_hub, job.may_end)
            duration_s = time.monotonic() - began
            dnssec = host.lookups.security.known
            attempt = Attempt(
                self._destination, started_at, duration_s, host.name, result.peer, result.connect_s, dnssec
            )
            outcomes = under_way.record(result.results, is_reached=result.was_reached)
            answers = []
            for number, outcome in outcomes.items():
                said = result.results[number]
                # In LMTP some recipients may have their replies to the dot, and others none.
                is_unanswered = said.stage is Stage.END_OF_DATA and not said.reply.is_from_host
                is_in_doubt = result.is_in_doubt and is_unanswered
                answers.append(Answer(recipients[number], said, outcome, is_in_doubt))
            yield HostAttempt(attempt, answers, _handover(host, has_dsn=result.has_dsn))

    def _found(self) -> tuple[Host, ...] | NoHost:
        if isinstance(self._route, SocketRoute):
            return (socket_host(self._route),)
        return self._finder.find(self._route, self._destination)


def _handover(host: Host, *, has_dsn: bool) -> Handover:
    """Who has the mail that *host* took. RFC 2033 §4: behind LMTP is a mailbox."""
    if has_dsn:
        return Handover.REPORTING
    return Handover.FINAL if host.protocol is Protocol.LMTP else Handover.RELAYED


def _transaction(message: LeasedMessage, recipients: list[LeasedRecipient]) -> Transaction:
    return Transaction(
        reverse_path=message.reverse_path,
        recipients={r.recipient_id: ClientRecipient(r.address, r.notify, r.original_recipient) for r in recipients},
        size=message.size,
        body_type=_BODY_TYPES[message.body_type],
        is_smtputf8=bool(message.is_smtputf8),
        has_8bit=bool(message.has_8bit),
        dsn_return=DsnReturn(message.dsn_return) if message.dsn_return is not None else None,
        envelope_id=message.envelope_id,
        requires_tls=bool(message.requires_tls),
    )
