"""choose - the carrier of each kind of route"""

from typing import assert_never

from empath.daemon.worker.pool import ConnectionPool
from empath.daemon.worker.transport.carrier import Carrier
from empath.daemon.worker.transport.fixed_reply import DISCARDED, NO_ROUTE, FixedReplyCarrier
from empath.daemon.worker.transport.maildir import MaildirCarrier
from empath.daemon.worker.transport.smtp import SmtpCarrier
from empath.net.next_hop import HostFinder
from empath.policy.routing import DiscardRoute, MaildirRoute, MxRoute, Route, SmtpRoute, SocketRoute


def choose_carrier(pool: ConnectionPool, finder: HostFinder, route: Route | None, destination: str) -> Carrier:
    """Make the carrier of one lease. *route* is None where the configuration has no route to *destination* any more."""
    match route:
        case SmtpRoute() | SocketRoute() | MxRoute():
            return SmtpCarrier(route, destination, pool, finder)
        case MaildirRoute():
            return MaildirCarrier(route, destination)
        case DiscardRoute():
            return FixedReplyCarrier(DISCARDED, destination)
        case None:
            return FixedReplyCarrier(NO_ROUTE, destination)
        case _:
            assert_never(route)
