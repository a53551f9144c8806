"""session_rules - what the configuration and the rules of destinations say of sessions with hosts"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from empath.daemon.process.client_access import Login
from empath.daemon.process.runtime import Runtime
from empath.daemon.worker.session_needs import SessionNeeds
from empath.daemon.worker.sts_policies import StsPolicies
from empath.policy.destinations.rulebook import domain_and_next_hop
from empath.policy.destinations.settings import DestinationSettings
from empath.policy.hosts.search import Host
from empath.policy.retry import Steps
from empath.policy.tls_demand import MAY, NO_STS, StsFinding, TlsDemand


def _built_in(_: str, __: tuple[str, ...]) -> tuple[TlsDemand, str]:
    return MAY, "built-in"


def _no_policy(_: str, __: Host) -> StsFinding:
    return NO_STS


def _no_login(_: Host) -> Login | None:
    return None


def _a_minute(_: str, __: tuple[str, ...]) -> float:
    return 60.0


@dataclass(frozen=True, slots=True)
class SessionRules:
    """
    What is configured, and known, of sessions with hosts.

    Shape: tls_of gives the setting of a destination, by its name and the names of its MX hosts, and what decided it;
    sts_of what the MTA-STS policy of a domain
    says of a host; login_of the login for a host; first_delay_s_of the first retry delay of a destination, from which
    on mail may go in the clear where TLS is optional and fails. known is for transport/sessions: what it worked out for
    all leases of a worker.
    """

    tls_of: Callable[[str, tuple[str, ...]], tuple[TlsDemand, str]] = _built_in
    sts_of: Callable[[str, Host], StsFinding] = _no_policy
    login_of: Callable[[Host], Login | None] = _no_login
    first_delay_s_of: Callable[[str, tuple[str, ...]], float] = _a_minute
    known: dict[tuple[Any, ...], tuple[DestinationSettings, SessionNeeds]] = field(default_factory=dict)


BUILT_IN_RULES: Final = SessionRules()


def session_rules(runtime: Runtime, policies: StsPolicies) -> SessionRules:
    """The rules of *runtime*: each answer is that of the rule book in force, and of the MTA-STS *policies*."""

    def tls_of(destination: str, exchangers: tuple[str, ...]) -> tuple[TlsDemand, str]:
        book = runtime.rules.book
        where = (*domain_and_next_hop(destination), exchangers)
        return book.find(*where).tls, str(book.origin("tls", *where))

    @lru_cache(maxsize=1000)
    def first_delay_s(steps: Steps) -> float:
        schedule = runtime.config.retry.schedule
        if steps:
            schedule = replace(schedule, steps=steps)
        return schedule.first_s * (1 - schedule.jitter)

    def first_delay_s_of(destination: str, exchangers: tuple[str, ...]) -> float:
        return first_delay_s(runtime.rules.book.of_destination(destination, exchangers).retry)

    return SessionRules(
        tls_of=tls_of,
        sts_of=policies.finding,
        first_delay_s_of=first_delay_s_of,
        login_of=runtime.client_access.login_of,
    )
