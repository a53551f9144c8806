"""context - what the sessions of one listener share"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from empath.authentication.forwarder import Forwarder
from empath.authentication.signer import Signer
from empath.authentication.verp import Verp
from empath.config import Config
from empath.config.tables.limits import Limits
from empath.config.tables.receiving import Listener
from empath.daemon.acceptor.admission import Admission
from empath.daemon.acceptor.authentication import Authenticator
from empath.daemon.acceptor.content import ContentBudget
from empath.daemon.acceptor.entry import EntryChecks
from empath.daemon.acceptor.greylist import Greylist
from empath.daemon.acceptor.login.logins import Logins
from empath.daemon.acceptor.milters.filter import Filter
from empath.daemon.acceptor.offers import Offers
from empath.daemon.acceptor.rates import ListenerRates
from empath.daemon.acceptor.refusal_rows import RefusalRows
from empath.daemon.acceptor.sealing import Sealing
from empath.daemon.acceptor.space import Space
from empath.daemon.process.dialogues import Dialogues, unheard
from empath.daemon.process.recipients import Recipients
from empath.daemon.process.rules import Rules
from empath.daemon.process.suppressions import Suppressions
from empath.mail.domain import Domain
from empath.mail.identity import QueueId
from empath.mail.reply import Reply
from empath.net.certificate import ServerTls
from empath.policy.access import Role
from empath.policy.limits.refusal import RefusalTally
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.limits.session import Pace, line_limit_octets
from empath.policy.tickets import Tickets
from empath.smtp.server.limits import ServerLimits
from empath.storage.write import Write
from empath.telemetry.occurrence import Emitter

if TYPE_CHECKING:  # only what is configured is imported
    from empath.daemon.process.tracing import Tracing

W = TypeVar("W", bound=Write)


def server_limits(listener: Listener, limits: Limits) -> ServerLimits:
    """What the protocol session needs of *limits*."""
    return ServerLimits(
        message_octets=limits.message_octets,
        recipients=limits.recipients,
        command_octets=limits.command_octets,
        line_octets=line_limit_octets(listener.role, limits.line_octets),
        errors=limits.errors,
        slow_errors=limits.slow_errors,
        junk=limits.junk,
        messages=limits.messages_per_session,
        deliver_by_s=int(limits.deliver_by_s),
    )


def pace_of(config: Config, limits: Limits) -> Pace:
    """How fast clients must be."""
    return Pace(
        command_s=config.timeouts.command_s,
        content_s=config.timeouts.content_s,
        session_s=config.timeouts.session_s,
        content_octets_per_s=limits.content_octets_per_s,
    )


class Committer(Protocol):
    """What makes writes durable."""

    def commit(self, write: W, *, is_last: bool = False) -> W:
        """Wait until *write* is durable; raises as `HubWriter.commit`."""


@dataclass(slots=True)
class ListenerContext:
    """
    What the sessions of one listener share. Listeners share budget, space, writer, refusals, tally and refusal_rows.

    Shape: address is the listener's own, such as 127.0.0.1:2525; listener has its settings, configured its limits,
    limits what the protocol session needs of them, pace how fast its clients must be; entry is None where a client gets
    the banner at once, server_tls None where the settings ask for no TLS, logins None where no client may log in,
    recipients None where every recipient is accepted as it is, authentication None where no mail is judged,
    suppressions None where suppressed ones are, too; signer gives what signs mail of known clients, None where none is
    signed; forwarder gives the sender of forwarded mail, None where that stays; sealing seals mail that is passed on,
    None where none is; verp gives a sender for each recipient, None where mail keeps its own; milters are asked about
    its mail; tracing makes traces of it, None where nothing is traced; queue_id is that of the only message, where it
    was given before; hostname is the name that this host gives itself here, greeting the reply to a client that says
    its own. Until new_clients_until, in monotonic seconds, a drain waits for the first transaction of each session: a
    reload refuses no client. received_with is the word of the Received field where mail does not come by SMTP.
    """

    config: Config
    address: str
    listener: Listener
    role: Role
    configured: Limits
    limits: ServerLimits
    pace: Pace
    admission: Admission
    writer: Committer
    budget: ContentBudget
    space: Space
    emit: Emitter
    banner: Reply
    refusals: RefusalMeter
    tally: RefusalTally
    refusal_rows: RefusalRows
    rates: ListenerRates
    rules: Rules
    entry: EntryChecks | None = None
    server_tls: ServerTls | None = None
    logins: Logins | None = None
    greylist: Greylist | None = None
    authentication: Authenticator | None = None
    queue_id: QueueId | None = None
    received_with: str | None = None
    recipients: Recipients | None = None
    suppressions: Suppressions | None = None
    signer: Callable[[], Signer] | None = None
    forwarder: Forwarder | None = None
    sealing: Sealing | None = None
    verp: Verp | None = None
    milters: tuple[Filter, ...] = ()
    tracing: "Tracing | None" = None
    tickets: Tickets = field(default_factory=Tickets)
    dialogues: Dialogues = field(default_factory=unheard)
    is_draining: bool = False
    new_clients_until: float = 0.0
    hostname: Domain = field(init=False)
    greeting: Reply = field(init=False)
    offers: Offers = field(init=False)

    def __post_init__(self) -> None:
        """Work out what each session needs."""
        self.hostname = self.listener.hostname or self.config.hostname
        self.greeting = Reply.of(f"250 {self.hostname}")
        self.offers = Offers(self.listener, int(self.configured.hold_s))

    def change_limits(self, configured: Limits) -> None:
        """
        Have other limits from now on. A session keeps what it told its client, and a message what held at its MAIL.
        """
        self.configured = configured
        self.limits = server_limits(self.listener, configured)
        self.pace = pace_of(self.config, configured)
        self.offers = Offers(self.listener, int(configured.hold_s))

    @property
    def admits_new_clients(self) -> bool:
        """Whether a session that has had no transaction may begin one, though the process drains."""
        return time.monotonic() < self.new_clients_until
