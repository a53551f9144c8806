"""context - what the sessions of one listener share"""

from dataclasses import dataclass

from empath.config import Config
from empath.daemon.acceptor.content import ContentBudget
from empath.daemon.acceptor.space import Space
from empath.daemon.process.hub_writer import HubWriter
from empath.mail.reply import Reply
from empath.policy.access import Role
from empath.policy.limits import RefusalMeter
from empath.smtp.server.limits import ServerLimits
from empath.telemetry.occurrence import Emitter


@dataclass(slots=True)
class ListenerContext:
    """
    What the sessions of one listener share. Listeners share budget, space, writer and refusals with each other.

    Shape: address is the listener's own, such as 127.0.0.1:2525.
    """

    config: Config
    address: str
    role: Role
    limits: ServerLimits
    writer: HubWriter
    budget: ContentBudget
    space: Space
    emit: Emitter
    banner: Reply
    refusals: RefusalMeter
    is_draining: bool = False
