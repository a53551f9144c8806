"""
doubtful_logins - logins at next hops that never take place, or give the password away: each is a warning
"""

import ipaddress
from collections.abc import Iterator

from empath.config.model import Config
from empath.config.workable.contradiction import Contradiction
from empath.mail.endpoint import host_and_port
from empath.policy.hosts.addresses import is_address
from empath.policy.routing import SmtpRoute, single_routes
from empath.policy.tls_demand import TlsDemand, TlsLevel

_UNPROVED = (TlsLevel.NONE, TlsLevel.MAY, TlsLevel.ENCRYPT)  # levels at which no host proves its name


def doubts_of_logins(config: Config) -> Iterator[Contradiction]:
    """The doubtful entries of [credentials]. A module may give a message any route, and a row, too, but few do."""
    for host, credentials in config.credentials.items():
        uses = list(_uses(config, host))
        words = ""
        if not uses and not config.modules:
            words = f"no route names {host}, so this login is never used"
        elif not credentials.in_clear:
            words = next(filter(None, (_doubt(config, route, destination) for route, destination in uses)), "")
        if words:
            yield Contradiction(("credentials", host), words, is_warning=True)


def _uses(config: Config, host: str) -> Iterator[tuple[SmtpRoute, str]]:
    """The routes whose host gets the login of *host*, each with the destination of the mail that goes there."""
    for _, route in config.each_whole_route():
        for single in single_routes(route):
            if isinstance(single, SmtpRoute) and host == _key_of(config, single):
                yield single, route.destination("")


def _key_of(config: Config, route: SmtpRoute) -> str:
    """The key of [credentials] that counts for the host of *route*, whether it is there or not."""
    exact = host_and_port(route.host, route.port)
    return exact if exact in config.credentials else route.host


def _doubt(config: Config, route: SmtpRoute, destination: str) -> str:
    demand: TlsDemand = config.rule_book().of_destination(destination).tls
    if demand.level not in _UNPROVED or _is_this_host(route.host):
        return ""
    remedy = f'set tls = "verify" in [destinations."{destination or "*"}"]'
    if demand.level is TlsLevel.NONE and not route.tls:
        return f'no login goes over a connection without TLS, and tls is "none", so the mail waits; {remedy}'
    return f'the password goes to any server that answers in place of {route.host}, as tls is "{demand}"; {remedy}'


def _is_this_host(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"
