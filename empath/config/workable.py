"""
workable - settings that are each valid but cannot work together, or on this machine
"""

import ipaddress
import os
import resource
import stat
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from empath.config.fields import PICKUP
from empath.config.hosts import endpoints, trusts_resolver
from empath.config.keys import KeyPath, dotted
from empath.config.load import find_lines
from empath.config.model import Config
from empath.config.places import Account, closed_folder, obstacle_to_file, obstacle_to_folder
from empath.config.programs import missing_table, obstacles
from empath.config.recipient_file import read_recipients
from empath.config.renamed import named, new_name
from empath.config.report_templates import read_report_templates
from empath.config.tables.tls import TlsMode
from empath.config.zones import unknown_zone, zone_named
from empath.errors import MissingInput, SyntaxViolation
from empath.mail.domain import Domain
from empath.mail.endpoint import Endpoint, UnixSocket
from empath.policy.access import Network, Role
from empath.policy.destinations.hours import Hours
from empath.policy.destinations.settings import SETTINGS
from empath.policy.hosts.addresses import is_address, known
from empath.policy.pattern import DomainPattern
from empath.policy.router import SentBy
from empath.policy.routing import MaildirRoute, SmtpRoute, route_text, single_routes
from empath.smtp.sasl.mechanisms import Mechanism

_SMTP_PORT: Final = 25
_CONNECT: Final = 0o2  # what a client of a UNIX socket needs
_OUTSIDE: Final = Domain("sender.invalid")  # stands for any domain that the configuration does not name
_PRIVATE: Final = ".test"  # of a network for tests, which may have its own names
_SERVED: Final = {
    "accounts": {each for each in Mechanism if not each.has_token},
    "dovecot": {each for each in Mechanism if each.has_password},
    "oidc": {each for each in Mechanism if each.has_token},
}
# Names that no host of the Internet has, as IANA's registry of special-use names sets them apart.
_EXAMPLES: Final = (
    "example", "invalid", "localhost", "localdomain", "example.com", "example.net", "example.org",
)  # fmt: skip


class Contradiction(NamedTuple):
    """One setting that cannot work, and why. A warning: one that works in some networks."""

    keys: KeyPath
    words: str
    is_warning: bool = False


def contradictions(config: Config) -> list[Contradiction]:
    """The settings that cannot work; empty if all can. It looks at the users and directories of this machine."""
    return [
        *unknown_user(config), *_example_name(config), *_listeners(config), *_proxies(config), *_routes(config),
        *_next_hops(config), *unusable_log(config), *_pickup(config), *_logins(config), *_limits(config),
        *_programs(config), *_certificates(config), *_blocklists(config), *_dnssec(config), *_recipients(config),
        *_templates(config), *_zones(config), *_sources(config), *_authentication(config),
        *_forwarding(config), *_milters(config), *_arc(config), *_complaints(config), *_log_of_events(config),
        *old_names(config),
    ]  # fmt: skip


def _dnssec(config: Config) -> Iterator[Contradiction]:
    """Resolvers whose word about DNSSEC does not count, where it is asked for."""
    servers = config.dns.nameservers
    if config.dns.dnssec == "off" or not servers or any(trusts_resolver(config, server.host) for server in servers):
        return
    words = f"none of them is trusted with DNSSEC: {servers[0].host} is not on this host; name its network in trusted"
    yield Contradiction(("dns", "nameservers"), words, is_warning=config.dns.dnssec == "log")


def _authentication(config: Config) -> Iterator[Contradiction]:
    """Listeners that would judge what they cannot know, or whose judgement leads nowhere."""
    for index, listener in enumerate(config.listeners):
        wanted, keys = listener.authentication, ("listener", index, "authentication")
        if wanted.is_on and listener.role is not Role.MX:
            yield Contradiction(keys, f"mail is judged on role mx only, and {listener.text} is {listener.role}")
        elif wanted.dmarc not in ("none", "tag") and not (wanted.spf and wanted.dkim):
            words = f"{wanted.dmarc} needs spf and dkim: with one of them alone DMARC finds honest mail to be false"
            yield Contradiction((*keys, "dmarc"), words)
        elif wanted.dmarc == "quarantine-route" and config.authentication.quarantine_route is None:
            yield Contradiction((*keys, "dmarc"), "there is no quarantine_route in [authentication]")


def _forwarding(config: Config) -> Iterator[Contradiction]:
    """Half of [srs] or [verp], and a domain that is there for two things."""
    for name, table in (("srs", config.srs), ("verp", config.verp)):
        if table.domain is None and table.secrets_file is not None:
            yield Contradiction((name, "secrets_file"), "needs domain, that of the new senders")
        if table.domain is not None and table.secrets_file is None:
            yield Contradiction((name, "domain"), "needs secrets_file")
    if config.verp.domain is None:
        if config.verp.accounts:
            yield Contradiction(("verp", "accounts"), "needs domain, that of the new senders")
        return
    others = {config.srs.domain: "the one of [srs]", config.hostname: "the hostname"}
    words = others.get(config.verp.domain)
    if words is None and config.relay.policy.is_relay_domain(config.verp.domain):
        words = "in domains of [relay]"
    if words is not None:
        yield Contradiction(("verp", "domain"), f"is {words}; it needs a domain for nothing else")


def _milters(config: Config) -> Iterator[Contradiction]:
    """Filters that cannot be where the file says, and listeners of them that there are not."""
    account = Account.find(config.process.user)
    known = {*(listener.text for listener in config.listeners), *Role, PICKUP}
    for index, milter in enumerate(config.milters):
        keys = ("milter", index)
        if isinstance(milter.address, UnixSocket):
            if words := _obstacle_to_filter(Path(milter.address.path), account):
                yield Contradiction((*keys, "address"), words)
        elif any(_is_bound_by(endpoint, milter.address) for endpoint in endpoints(config)):
            words = f"{milter.address} is a listener of this server, which speaks SMTP and not the milter protocol"
            yield Contradiction((*keys, "address"), words)
        for place, name in enumerate(milter.listeners):
            if name not in known:
                yield Contradiction((*keys, "listeners", place), f"there is no listener {name}")
        if not any(milter.is_for(listener.role, listener.text) for listener in config.listeners) and not (
            PICKUP in milter.listeners and config.pickup.directory is not None
        ):
            words = "no listener has this role or address, so the filter sees no mail"
            yield Contradiction((*keys, "listeners"), words, is_warning=True)


def _obstacle_to_filter(path: Path, account: Account | None) -> str:
    """Why the processes cannot connect to the socket *path*; empty if they may. A filter may make it later."""
    if not _may_be_a_directory(path.parent):
        return f"there is no directory {path.parent}; start the filter first, or correct the path"
    closed = None if account is None else closed_folder(path.parent, account)
    if account is not None and closed is not None:
        return f"user {account.name} may not enter {closed}; make it a member of the group of the filter"
    try:
        status = path.lstat()
    except OSError:
        return ""
    if not stat.S_ISSOCK(status.st_mode):
        return f"{path} is there and is not a socket; name that of the filter"
    if account is not None and not account.may(_CONNECT, status):
        return f"user {account.name} may not write to {path}; make it a member of the group of the filter"
    return ""


def _complaints(config: Config) -> Iterator[Contradiction]:
    """An address whose mail would be read as two kinds of reports."""
    for name, table in (("dmarc_reports", config.dmarc_reports), ("tls_reports", config.tls_reports)):
        if config.feedback.address is not None and config.feedback.address in table.receive:
            yield Contradiction(("feedback", "address"), f"is in receive of [{name}]; it needs an address of its own")


def _arc(config: Config) -> Iterator[Contradiction]:
    """What [arc] says about seals that no domain makes."""
    arc = config.arc
    for key, is_set in (("selector", arc.selector is not None), ("seal", arc.seal != "forwarded")):
        if is_set and arc.domain is None:
            yield Contradiction(("arc", key), "needs domain, that of the seals")


def _log_of_events(config: Config) -> Iterator[Contradiction]:
    """Files of events that are directories. Whether they can be written is another finding."""
    for name, file in config.events.files.items():
        if os.path.isdir(file.path):
            yield Contradiction(("events", "files", name, "path"), f"{file.path} is a directory; name a file in it")


def old_names(config: Config) -> Iterator[Contradiction]:
    """Keys that have another name now."""
    for old in config.old_names:
        words = f"is now {named(new_name(old) or old)}; the next version will not read the old name"
        yield Contradiction(old, words, is_warning=True)


def _sources(config: Config) -> Iterator[Contradiction]:
    """Destinations whose mail is to go out from a pool that there is not."""
    for pattern, given in config.destinations_by_pattern.items():
        for setting in ("source", "overflow"):
            name = given.get(setting)
            if name is not None and name not in config.sources:
                yield Contradiction(("destinations", str(pattern), setting), f"there is no pool {name} in [sources]")


def _zones(config: Config) -> Iterator[Contradiction]:
    """Hours in a time zone that this machine does not know."""
    for pattern, given in config.destinations_by_pattern.items():
        hours = given.get("schedule")
        if hours is not None and zone_named(hours.zone) is None:
            yield Contradiction(("destinations", str(pattern), "schedule"), unknown_zone(hours.zone))


def obstacle_to_rule(config: Config, setting: str, text: str) -> str:
    """What the value *text* of a rule names, and this machine or the configuration does not have; empty for nothing."""
    value = SETTINGS[setting].read(text)
    if isinstance(value, Hours) and zone_named(value.zone) is None:
        return unknown_zone(value.zone)
    if setting == "source" and text not in config.sources:
        return f"there is no pool {text} in [sources], so its mail is deferred"
    for single in single_routes(value) if setting == "route" else ():
        if isinstance(single, SmtpRoute) and any(_is_own(single, endpoint) for endpoint in endpoints(config)):
            return f"{route_text(single)} is a listener of this server: mail would go in a circle"
        if words := missing_table(config, single):
            return f"{words}, so its mail is deferred"
    return ""


def unknown_user(config: Config) -> Iterator[Contradiction]:
    """The setting of a user that does not exist."""
    user = config.process.user
    if user is not None and Account.find(user) is None:
        yield Contradiction(("process", "user"), f"there is no user {user!r}; add it with useradd")


def low_file_limit(config: Config, pid: int = 0) -> Iterator[Contradiction]:
    """A warning if process *pid*, by default this one, may not write files as large as the queue may need."""
    limit, _ = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    queue = config.queue
    size = queue.path.stat().st_size if os.path.isfile(queue.path) else 0
    needed = max(size + queue.reserve_octets, queue.wal_limit_octets, config.limits.message_octets)
    if resource.RLIM_INFINITY != limit < needed:
        words = f"a file may have {limit} octets (RLIMIT_FSIZE), and the queue may need {needed}"
        yield Contradiction(("queue", "path"), f"{words}; raise the limit (`ulimit -f`, LimitFSIZE=)", is_warning=True)


def located(file: Path, found: list[Contradiction]) -> str:
    """A line for each contradiction, in the form of `load_config`: `file:line: key: reason`."""
    lines = find_lines(file, [each.keys for each in found])
    return "\n".join(
        f"{file}:{line}: {dotted(each.keys)}: {each.words}" for line, each in sorted(zip(lines, found, strict=True))
    )


def _may_be_a_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except PermissionError:
        return True  # this user may not look
    except OSError:
        return False


def _example_name(config: Config) -> Iterator[Contradiction]:
    name = str(config.hostname)
    is_public = any(endpoint.port == _SMTP_PORT for endpoint in endpoints(config))
    if is_public and name.endswith(_PRIVATE):
        words = f"{name} is a name for tests, which hosts of the Internet do not accept"
        yield Contradiction(("hostname",), words, is_warning=True)
    if is_public and any(name == example or name.endswith(f".{example}") for example in _EXAMPLES):
        words = f"{name} is a name for examples, which other hosts do not accept; set the name of this host"
        yield Contradiction(("hostname",), words)


def _listeners(config: Config) -> Iterator[Contradiction]:
    """Addresses that cannot be bound: those of listeners, and that of [http]."""
    addresses: list[tuple[KeyPath, Endpoint | UnixSocket]] = [
        (("listener", index, "address"), listener.address) for index, listener in enumerate(config.listeners)
    ]
    if config.http.address is not None:
        addresses.append((("http", "address"), config.http.address))
    by_port: dict[int, list[Endpoint]] = defaultdict(list)
    for keys, address in addresses:
        if isinstance(address, UnixSocket):
            if words := _obstacle_to_socket(Path(address.path)):
                yield Contradiction(keys, words)
            continue
        for other in by_port[address.port]:
            if address == other or _takes_both(address, other) or _takes_both(other, address):
                yield Contradiction(keys, f"{address} and {other} cannot be bound together; leave one out")
        by_port[address.port].append(address)


def _obstacle_to_socket(path: Path) -> str:
    """Why no UNIX socket can be made at *path*; empty if one can. Rights do not count: the starter makes it."""
    if not _may_be_a_directory(path.parent):
        return f"there is no directory {path.parent}; create it"
    try:
        is_other = not stat.S_ISSOCK(path.lstat().st_mode)
    except OSError:
        return ""
    return f"{path} is there and is not a socket; remove it, or name another path" if is_other else ""


def _proxies(config: Config) -> Iterator[Contradiction]:
    """Proxies that have the rights of a trusted client where they name none."""
    for index, listener in enumerate(config.listeners):
        for place, proxies in enumerate(listener.proxy_protocol):
            trusted = [each for each in config.relay.networks if _overlap(each, proxies)]
            if trusted:
                words = (
                    f"{trusted[0]} of [relay] networks has proxies: where one names no client, its mail may go anywhere"
                )
                yield Contradiction(("listener", index, "proxy_protocol", place), words, is_warning=True)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _takes_both(endpoint: Endpoint, other: Endpoint) -> bool:
    """Whether the address of *endpoint* is the wildcard that has that of *other*, too."""
    mine, its = ipaddress.ip_address(endpoint.host), ipaddress.ip_address(other.host)
    return mine.is_unspecified and mine.version == its.version


def _templates(config: Config) -> Iterator[Contradiction]:
    """Words of reports that cannot be used; the built-in ones take their place."""
    found = read_report_templates(config.reports.templates, Account.find(config.process.user))
    for fault in found.faults:
        yield Contradiction(("reports", "templates"), fault)


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


def _programs(config: Config) -> Iterator[Contradiction]:
    for keys, words in obstacles(config):
        yield Contradiction(keys, words)


def _is_own(route: SmtpRoute, endpoint: Endpoint) -> bool:
    if not is_address(route.host):
        return False  # a name: the DNS knows
    return _is_bound_by(endpoint, Endpoint(known(route.host).canonical, route.port))


def _is_bound_by(endpoint: Endpoint, target: Endpoint) -> bool:
    """Whether a connection to *target* reaches the listener *endpoint*."""
    address, bound = ipaddress.ip_address(target.host), ipaddress.ip_address(endpoint.host)
    is_any = bound.is_unspecified and address.is_loopback and address.version == bound.version
    return (address == bound or is_any) and target.port == endpoint.port


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


def _logins(config: Config) -> Iterator[Contradiction]:
    for index, listener in enumerate(config.listeners):
        if listener.auth and not listener.auth_in_clear and listener.tls is TlsMode.NONE:
            words = "no client can log in without TLS; set tls, or auth_in_clear"
            yield Contradiction(("listener", index, "auth"), words)
    if not any(listener.has_auth for listener in config.listeners):
        return
    mechanisms = set(config.auth.mechanisms)
    has_tls = any(listener.has_auth and listener.tls is not TlsMode.NONE for listener in config.listeners)
    if Mechanism.SCRAM_SHA_256_PLUS in mechanisms and not has_tls:
        keys = ("auth", "mechanisms", config.auth.mechanisms.index(Mechanism.SCRAM_SHA_256_PLUS))
        words = "SCRAM-SHA-256-PLUS is offered within TLS only, and no listener with auth has tls"
        yield Contradiction(keys, words, is_warning=True)
    for index, name in enumerate(config.auth.backends):
        kind, _, place = name.partition(":")
        if kind == "module" and place not in config.modules:
            yield Contradiction(("auth", "backends", index), f"there is no module {place} in [modules]")
        served = _SERVED.get(kind, mechanisms)
        if not served & mechanisms:
            words = f"{name} serves no mechanism of [auth] mechanisms; add {', '.join(sorted(served))}"
            yield Contradiction(("auth", "backends", index), words)
    secret = config.auth.oidc_secret_file
    account = Account.find(config.process.user)
    obstacle = obstacle_to_file(secret, account) if secret is not None and account is not None else None
    if obstacle is not None:
        yield Contradiction(("auth", "oidc_secret_file"), obstacle)


def _limits(config: Config) -> Iterator[Contradiction]:
    most = config.limits.connections
    for index, listener in enumerate(config.listeners):
        own = listener.limits.given.get("connections")
        if isinstance(own, int) and own > most:
            words = f"is above the limit of all listeners together, {most} ([receiving.limits] connections)"
            yield Contradiction(("listener", index, "limits", "connections"), words, is_warning=True)


def _certificates(config: Config) -> Iterator[Contradiction]:
    client = config.tls.client
    for key, other in (("certificate", "key"), ("key", "certificate")):
        if getattr(client, key) is None and getattr(client, other) is not None:
            yield Contradiction(("tls", "client", other), f"needs {key}, which is not set")
    taken: set[DomainPattern] = set()
    for index, sni in enumerate(config.tls.sni):
        if not sni.names:
            yield Contradiction(("tls", "sni", index, "names"), "is empty, so no client gets this certificate")
        for place, name in enumerate(sni.names):
            if name in taken:
                words = f"{name.text} is there twice, and only the first certificate is presented"
                yield Contradiction(("tls", "sni", index, "names", place), words)
            taken.add(name)


def _blocklists(config: Config) -> Iterator[Contradiction]:
    policy = config.blocklists
    most = sum(weight for _, weight in policy.weights if weight > 0) if policy is not None else 0
    if policy is not None and most < policy.threshold:
        words = f"is more than all weights together, {most}: no client is ever refused"
        yield Contradiction(("dnsbl", "threshold"), words, is_warning=True)


def unreadable_recipients(config: Config) -> Iterator[Contradiction]:
    """Files of rules for recipients that the acceptor cannot read; it would not start."""
    account = Account.find(config.process.user)
    for pattern, rule in config.recipients_by_pattern.items():
        obstacle = obstacle_to_file(Path(rule.path), account) if rule.path is not None and account is not None else None
        if obstacle is not None:
            yield Contradiction(("recipients", str(pattern)), obstacle)


def _recipients(config: Config) -> Iterator[Contradiction]:
    """Files of rules for recipients that cannot be used."""
    unreadable = list(unreadable_recipients(config))
    yield from unreadable
    for pattern, rule in config.recipients_by_pattern.items():
        keys = ("recipients", str(pattern))
        if rule.path is None or any(each.keys == keys for each in unreadable):
            continue
        try:
            read_recipients(rule.path)
        except (MissingInput, SyntaxViolation) as exc:
            yield Contradiction(keys, str(exc))


def _pickup(config: Config) -> Iterator[Contradiction]:
    directory, account = config.pickup.directory, Account.find(config.process.user)
    if directory is None or account is None:
        return
    if not _may_be_a_directory(directory):
        # Files there get its group, by which the processes read them.
        owner = "-m 3733" if account.uid == 0 else f"-m 3730 -o {account.name} -g {account.group}"
        words = f"there is no directory {directory}; make it with `install -d {owner} {directory}`"
        yield Contradiction(("pickup", "directory"), words)
    elif (obstacle := obstacle_to_folder(directory, account)) is not None:
        yield Contradiction(("pickup", "directory"), obstacle)


def unusable_log(config: Config) -> Iterator[Contradiction]:
    """The setting of a log file that no process can open."""
    file, account = config.log.file, Account.find(config.process.user)
    if file is None:
        return
    if not _may_be_a_directory(file.parent):
        words = f"there is no directory {file.parent}; create it for the user of the process"
        yield Contradiction(("log", "file"), words)
    elif os.path.isdir(file):  # not as Path.is_dir, which fails where this user may not look
        yield Contradiction(("log", "file"), f"{file} is a directory; name a file in it")
    elif account is not None and (closed := closed_folder(file.parent, account)) is not None:
        words = f"user {account.name} may not enter {closed}, so no process can open the log again"
        yield Contradiction(("log", "file"), f"{words}; correct its owner or mode")
