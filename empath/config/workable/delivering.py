"""delivering - routes, next hops and how mail leaves, where the settings cannot work together"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from empath.config.hosts import endpoints, is_bound_by, trusts_resolver
from empath.config.model import Config
from empath.config.places import Account, obstacle_to_folder
from empath.config.programs import missing_table, obstacles
from empath.config.report_templates import read_report_templates
from empath.config.workable.contradiction import Contradiction
from empath.config.zones import unknown_zone, zone_named
from empath.mail.domain import Domain
from empath.mail.endpoint import Endpoint
from empath.policy.access import Role
from empath.policy.destinations.hours import Hours
from empath.policy.destinations.settings import SETTINGS
from empath.policy.hosts.addresses import is_address, known
from empath.policy.router import SentBy
from empath.policy.routing import MaildirRoute, SmtpRoute, route_text, single_routes

_OUTSIDE: Final = Domain("sender.invalid")  # stands for any domain that the configuration does not name
_NO_VERP: Final = "[verp] has no domain, that of the new senders"


def delivering(config: Config) -> Iterator[Contradiction]:
    """What cannot work of mail on its way out."""
    yield from _routes(config)
    yield from _next_hops(config)
    yield from _programs(config)
    yield from _dnssec(config)
    yield from _templates(config)
    yield from _zones(config)
    yield from _sources(config)
    yield from _verp(config)


def _routes(config: Config) -> Iterator[Contradiction]:
    for index, pattern in enumerate(config.relay.domains):
        if _has_no_route(config, Domain(pattern.text.replace("*", "any", 1))):
            words = f"{pattern.text} has no route, so mail to it is refused; add one to [routes]"
            yield Contradiction(("relay", "domains", index), words)
    postmaster = config.postmaster
    if config.router.decide(str(postmaster), postmaster.domain, SentBy()).route is None:
        words = f"{postmaster.domain} has no route, so mail to the postmaster is refused for now; add one to [routes]"
        yield Contradiction(("postmaster",), words)
    is_mx = any(listener.role is Role.MX for listener in config.listeners)
    if is_mx and config.router.decide(f"any@{_OUTSIDE}", _OUTSIDE, SentBy()).route is None:
        words = (
            'no route leads outside, so reports to senders there wait until they expire; add "*" = "mx" or the route'
            " to a smarthost (others still reach [relay] domains only)"
        )
        yield Contradiction(("routes",), words)


def _has_no_route(config: Config, domain: Domain) -> bool:
    return config.router.decide_for_domain(domain).route is None and not config.router.has_address_at(str(domain))


def _next_hops(config: Config) -> Iterator[Contradiction]:
    account = Account.find(config.process.user)
    for keys, route in config.each_route():
        if isinstance(route, SmtpRoute) and any(_is_own(route, endpoint) for endpoint in endpoints(config)):
            words = f"{route_text(route)} is a listener of this server: mail would go in a circle"
            yield Contradiction(keys, words)
        elif isinstance(route, MaildirRoute) and account is not None:
            obstacle = obstacle_to_folder(Path(route.path), account)
            if obstacle is not None:
                yield Contradiction(keys, f"the Maildir {route.path} cannot be used: {obstacle}")


def _is_own(route: SmtpRoute, endpoint: Endpoint) -> bool:
    if not is_address(route.host):
        return False  # a name: the DNS knows
    return is_bound_by(endpoint, Endpoint(known(route.host).canonical, route.port))


def _programs(config: Config) -> Iterator[Contradiction]:
    for keys, words in obstacles(config):
        yield Contradiction(keys, words)


def _sources(config: Config) -> Iterator[Contradiction]:
    """Destinations whose mail is to go out from a pool that there is not."""
    for pattern, given in config.destinations_by_pattern.items():
        for setting in ("source", "overflow"):
            name = given.get(setting)
            if name is not None and name not in config.sources:
                yield Contradiction(("destinations", str(pattern), setting), f"there is no pool {name} in [sources]")


def _verp(config: Config) -> Iterator[Contradiction]:
    """Destinations whose mail is to get a sender for each recipient, where there is no domain for these."""
    for pattern, given in config.destinations_by_pattern.items():
        if given.get("verp") and config.verp.domain is None:
            yield Contradiction(("destinations", str(pattern), "verp"), _NO_VERP)


def _zones(config: Config) -> Iterator[Contradiction]:
    """Hours in a time zone that this machine does not know."""
    for pattern, given in config.destinations_by_pattern.items():
        hours = given.get("schedule")
        if hours is not None and zone_named(hours.zone) is None:
            yield Contradiction(("destinations", str(pattern), "schedule"), unknown_zone(hours.zone))


def _dnssec(config: Config) -> Iterator[Contradiction]:
    """Resolvers whose word about DNSSEC does not count, where it is asked for."""
    servers = config.dns.nameservers
    if config.dns.dnssec == "off" or not servers or any(trusts_resolver(config, server.host) for server in servers):
        return
    words = f"none of them is trusted with DNSSEC: {servers[0].host} is not on this host; name its network in trusted"
    yield Contradiction(("dns", "nameservers"), words, is_warning=config.dns.dnssec == "log")


def _templates(config: Config) -> Iterator[Contradiction]:
    """Words of reports that cannot be used; the built-in ones take their place."""
    found = read_report_templates(config.reports.templates, Account.find(config.process.user))
    for fault in found.faults:
        yield Contradiction(("reports", "templates"), fault)


def obstacle_to_rule(config: Config, setting: str, text: str) -> str:
    """What the value *text* of a rule names, and this machine or the configuration does not have; empty for nothing."""
    value = SETTINGS[setting].read(text)
    if isinstance(value, Hours) and zone_named(value.zone) is None:
        return unknown_zone(value.zone)
    if setting == "source" and text not in config.sources:
        return f"there is no pool {text} in [sources], so its mail is deferred"
    if setting == "verp" and value and config.verp.domain is None:
        return f"{_NO_VERP}, so its mail keeps its sender"
    for single in single_routes(value) if setting == "route" else ():
        if isinstance(single, SmtpRoute) and any(_is_own(single, endpoint) for endpoint in endpoints(config)):
            return f"{route_text(single)} is a listener of this server: mail would go in a circle"
        if words := missing_table(config, single):
            return f"{words}, so its mail is deferred"
    return ""
