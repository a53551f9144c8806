"""smtp - messages go out over SMTP or LMTP, host after host"""

import time
from collections.abc import Iterator
from typing import Final

from empath.daemon.worker.cargo import Cargo
from empath.daemon.worker.marks import Marks
from empath.daemon.worker.pool import ConnectionPool
from empath.daemon.worker.session_rules import BUILT_IN_RULES, SessionRules
from empath.daemon.worker.transport.carrier import Answer, DeliveryJob, HostAttempt
from empath.daemon.worker.transport.sessions import LeaseSessions
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Handover, Stage
from empath.mail.protocol import Protocol
from empath.net.next_hop import HostFinder, hosts_of, hosts_of_list
from empath.policy.attempt import DestinationHosts, MessageAttempt, outcome_of
from empath.policy.hosts.search import Host, NoHost
from empath.policy.routing import HostRoute, ListRoute
from empath.policy.tls_demand import MessageNeeds
from empath.smtp.client.session import ClientRecipient, Transaction
from empath.storage.queue.lease import LeasedMessage, LeasedRecipient

# What each message needs: Python finds a name of the module in a fifth of the time of a member of an enum.
_LMTP: Final = Protocol.LMTP
_RELAYED: Final = Handover.RELAYED
_BODY_TYPES: Final = {str(each): each for each in BodyType}  # quicker than the call of an enum


class SmtpCarrier:
    """Send over SMTP or LMTP to the hosts of the route; policy/attempt says which host is next."""

    waits_for_hosts = True

    def __init__(
        self,
        route: HostRoute | ListRoute,
        destination: str,
        pool: ConnectionPool,
        finder: HostFinder,
        rules: SessionRules = BUILT_IN_RULES,
    ) -> None:
        self._route = route
        self._backups = route.backups if isinstance(route, ListRoute) else ()
        self._destination = destination
        self._pool = pool
        self._finder = finder
        self.exchangers: tuple[str, ...] = ()
        self._sessions = LeaseSessions(rules, finder, destination)
        # A host that gives no session to messages with one need may give one to others.
        self._hosts_of: dict[MessageNeeds, DestinationHosts] = {}
        self._hosts: DestinationHosts | None = None  # of the last message
        self._marks: Marks | None = None  # those of a look-up, for the next attempt

    @property
    def is_failing(self) -> bool:
        """See Carrier."""
        return self._hosts is not None and self._hosts.is_failing

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """See Carrier."""
        started_at = time.time()
        needs = self._sessions.needs_of(job.message, started_at)
        hosts = self._hosts = self._hosts_of.get(needs) or self._find(needs)
        if hosts.needs_backup:
            self._turn_to_backup(hosts)
        if hosts.silence is not None:
            yield self._unasked(hosts, hosts.silence, job.recipients, started_at)
            return
        recipients = {recipient.recipient_id: recipient for recipient in job.recipients}
        under_way = MessageAttempt(hosts, recipients)
        while True:
            while (host := under_way.host) is not None:
                yield self._ask(host, under_way, recipients, job, needs)
            if not hosts.needs_backup or not under_way.recipient_ids:
                return
            started_at = time.time()
            self._turn_to_backup(hosts)
            if hosts.silence is not None:
                left = [recipients[number] for number in under_way.recipient_ids]
                yield self._unasked(hosts, hosts.silence, left, started_at)
                return
            under_way.go_on()

    def _find(self, needs: MessageNeeds) -> DestinationHosts:
        self._note_look_up(Stage.DNS)
        found = hosts_of(self._finder, self._route, self._destination)
        self._note_look_up(None)
        if not isinstance(found, NoHost):
            names = dict.fromkeys(host.name for host in found if host.preference is not None)
            self.exchangers = self._sessions.exchangers = tuple(names)
        hosts = self._hosts_of[needs] = DestinationHosts(
            found, has_backup=bool(self._backups), others=tuple(self._hosts_of.values())
        )
        return hosts

    def _turn_to_backup(self, hosts: DestinationHosts) -> None:
        """Look the backups up only now: a zone that hangs delays no mail that has no need of them."""
        self._note_look_up(Stage.DNS)
        hosts.turn_to_backup(hosts_of_list(self._finder, self._backups, self._destination))
        self._note_look_up(None)

    def _note_look_up(self, stage: Stage | None) -> None:
        if self._pool.is_traced:
            if self._marks is None:
                self._marks = Marks()
            self._marks.add(stage, time.monotonic())

    def _taken_marks(self) -> Marks | None:
        """Where the next attempt notes its stages, after a look-up that was made for it."""
        if not self._pool.is_traced:
            return None
        marks, self._marks = self._marks, None
        return marks or Marks()

    def _unasked(
        self, hosts: DestinationHosts, silence: Said, recipients: list[LeasedRecipient], started_at: float
    ) -> HostAttempt:
        """The answer for recipients that no host is asked about."""
        dnssec = hosts.security.known
        attempt = Attempt(self._destination, started_at, time.time() - started_at, dnssec=dnssec)
        answers = [Answer(r, silence, outcome_of(silence)) for r in recipients]
        return HostAttempt(attempt, answers, marks=self._taken_marks())

    def _ask(
        self,
        host: Host,
        under_way: MessageAttempt,
        recipients: dict[int, LeasedRecipient],
        job: DeliveryJob,
        needs: MessageNeeds,
    ) -> HostAttempt:
        settings = job.settings_of(self.exchangers)
        started_at, began = time.time(), time.monotonic()
        asked = [recipients[number] for number in under_way.recipient_ids]
        session = self._sessions.session_for(host, needs, settings)
        transaction = _transaction(job.message, asked, requires_tls=session.demand.needs_requiretls)
        marks = self._taken_marks()
        result = self._pool.send(
            host,
            transaction,
            job.body.pieces_in_hub,
            job.may_end,
            settings=settings,
            needs=session,
            cargo=Cargo(self._destination, job.message, marks),
        )
        attempt = Attempt(
            self._destination,
            started_at,
            time.monotonic() - began,
            host.name,
            result.peer,
            result.connect_s,
            host.dnssec,
            result.tls,
            result.source,
        )
        outcomes = under_way.record(result.results, is_reached=result.was_reached)
        answers = []
        for number, outcome in outcomes.items():
            said = result.results[number]
            # In LMTP some recipients may have their replies to the dot, and others none.
            is_in_doubt = result.is_in_doubt and said.stage is Stage.END_OF_DATA and not said.reply.is_from_host
            answers.append(Answer(recipients[number], said, outcome, is_in_doubt))
        return HostAttempt(attempt, answers, _handover(host, has_dsn=result.has_dsn), marks)


def _handover(host: Host, *, has_dsn: bool) -> Handover:
    """Who has the mail that *host* took. RFC 2033 §4: behind LMTP is a mailbox."""
    if has_dsn:
        return Handover.REPORTING
    return Handover.FINAL if host.protocol is _LMTP else _RELAYED


def _transaction(message: LeasedMessage, recipients: list[LeasedRecipient], *, requires_tls: bool) -> Transaction:
    return Transaction(
        reverse_path=message.mail_from,
        recipients={r.recipient_id: ClientRecipient(r.address, r.notify, r.original_recipient) for r in recipients},
        size=message.size,
        body_type=_BODY_TYPES[message.body_type],
        is_smtputf8=bool(message.is_smtputf8),
        has_8bit=bool(message.has_8bit),
        dsn_return=DsnReturn(message.dsn_return) if message.dsn_return is not None else None,
        envelope_id=message.envelope_id,
        requires_tls=requires_tls,
    )
