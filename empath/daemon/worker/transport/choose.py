"""choose - the carrier of each kind of route"""

from collections.abc import Callable
from typing import assert_never

from empath.config import Config
from empath.config.tables.transports import Webhook
from empath.daemon.worker.pool import ConnectionPool
from empath.daemon.worker.transport.carrier import Carrier
from empath.daemon.worker.transport.fixed_reply import DISCARDED, NO_ROUTE, FixedReplyCarrier, not_configured
from empath.daemon.worker.transport.maildir import MaildirCarrier
from empath.daemon.worker.transport.pipe import PipeCarrier
from empath.daemon.worker.transport.smtp import SmtpCarrier
from empath.daemon.worker.transport.webhook import WebhookCarrier
from empath.net.next_hop import HostFinder
from empath.policy.routing import (
    DiscardRoute,
    FeedbackRoute,
    ListRoute,
    MaildirRoute,
    MxRoute,
    PipeRoute,
    ReportsRoute,
    Route,
    SmtpRoute,
    SocketRoute,
    WebhookRoute,
)


def choose_carrier(
    pool: ConnectionPool,
    finder: HostFinder,
    config: Config,
    route: Route | None,
    destination: str,
    *,
    feedback: Callable[[str], Carrier] | None = None,
    reports: Callable[[str], Carrier] | None = None,
) -> Carrier:
    """
    Make the carrier of one lease. *route* is None where the configuration has no route to *destination* any more;
    *feedback* makes the one that reads reports about mail, *reports* the one that keeps those about a period.
    """
    if not isinstance(route, FeedbackRoute | ReportsRoute | None) and config.delivery.sink:
        return FixedReplyCarrier(DISCARDED, destination)
    match route:
        case SmtpRoute() | SocketRoute() | MxRoute() | ListRoute():
            return SmtpCarrier(route, destination, pool, finder, pool.rules)
        case MaildirRoute():
            return MaildirCarrier(route, destination)
        case PipeRoute(name):
            pipe = config.pipes.get(name)
            if pipe is None:
                return FixedReplyCarrier(not_configured(route), destination)
            return PipeCarrier(name, pipe, destination)
        case WebhookRoute(name):
            webhook = Webhook(url=name) if route.is_url else config.webhooks.get(name)
            if webhook is None:
                return FixedReplyCarrier(not_configured(route), destination)
            return WebhookCarrier(webhook, destination, finder)
        case DiscardRoute():
            return FixedReplyCarrier(DISCARDED, destination)
        case FeedbackRoute() if feedback is not None:
            return feedback(destination)
        case ReportsRoute() if reports is not None:
            return reports(destination)
        case FeedbackRoute() | ReportsRoute():
            return FixedReplyCarrier(DISCARDED, destination)
        case None:
            return FixedReplyCarrier(NO_ROUTE, destination)
        case _:
            assert_never(route)
