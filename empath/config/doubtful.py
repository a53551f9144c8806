"""
doubtful - settings that work, but hardly as they are meant: each is a warning

Only what a person almost surely got wrong is in here, because `check` is read by people who want to see no line.
"""

import difflib
import stat
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from empath.config.doubtful_logins import doubts_of_logins
from empath.config.model import Config
from empath.config.places import Account, closed_folder
from empath.config.recipient_file import each_recipient
from empath.config.tables.audit import AuditRedaction
from empath.config.tables.auth import Auth
from empath.config.tables.tls import TlsMode
from empath.config.workable.contradiction import Contradiction
from empath.config.workable.tracing import doubtful_tracing
from empath.errors import MissingInput, SyntaxViolation
from empath.mail.domain import Domain, parse_stored
from empath.policy.access import Role
from empath.policy.destinations.rulebook import DestinationPattern, RuleBook, domain_and_next_hop
from empath.policy.destinations.settings import SETTINGS
from empath.policy.pattern import DomainPattern, PatternTable
from empath.policy.recipients import RecipientRule, Source
from empath.policy.routing import DiscardRoute, MaildirRoute, MxRoute, Route, SocketRoute, route_text
from empath.policy.tls_demand import TlsDemand
from empath.policy.units import duration_text

_MX_PORT: Final = 25
_SUBMISSION_PORT: Final = 587
_SUBMISSIONS_PORT: Final = 465
_WIDE: Final = 7  # no private network has a shorter prefix: fc00::/7, 10.0.0.0/8
_MAY_WRITE: Final = 0o2  # as in the last digit of a mode


def doubts(config: Config) -> list[Contradiction]:
    """The doubtful settings. It looks at the users and directories of this machine."""
    return [
        *_closed_to_users(config), *_ports(config), *_without_mx(config), *_unused(config), *_repeated(config),
        *_recipients(config), *_destinations(config), *_dovecot(config), *_next_hops(config), *_pickup(config),
        *_modules(config), *_soft_bounce(config), *_dane(config), *doubts_of_logins(config), *_warmup(config),
        *_sink(config), *_http(config), *_dkim(config), *_mta_sts(config), *_arc(config), *_domain_reports(config),
        *doubtful_tracing(config), *_redaction(config), *_track(config),
    ]  # fmt: skip


def _closed_to_users(config: Config) -> Iterator[Contradiction]:
    """Listeners for users where no user can log in, and none has said that this is wanted."""
    for index, listener in enumerate(config.listeners):
        is_open = listener.tls is not TlsMode.NONE or listener.auth_in_clear or listener.unix_socket is not None
        if listener.role is Role.SUBMISSION and listener.auth is None and not is_open:
            words = "no client can log in without TLS, so only [relay] networks may send here; set tls"
            yield Contradiction(("listener", index, "role"), f"{words}, or auth = false", is_warning=True)


def _ports(config: Config) -> Iterator[Contradiction]:
    """Listeners on a port whose clients speak TLS at another time. A proxy may stand on that port, and translate."""
    for index, listener in enumerate(config.listeners):
        if listener.endpoint is None or listener.proxy_protocol:
            continue
        port, mode, words = listener.endpoint.port, listener.tls, ""
        if port == _SUBMISSIONS_PORT and mode is not TlsMode.IMPLICIT:
            words = f'clients of port {port} begin with TLS; set tls = "implicit"'
        elif port in {_MX_PORT, _SUBMISSION_PORT} and mode is TlsMode.IMPLICIT:
            words = f'clients of port {port} begin without TLS; set tls = "starttls" or "required"'
        elif port == _MX_PORT and listener.role is Role.MX and mode is TlsMode.REQUIRED:
            words = 'hosts that speak no TLS can send no mail here, RFC 3207 §4; set tls = "starttls"'
        if words:
            yield Contradiction(("listener", index, "tls"), words, is_warning=True)


def _without_mx(config: Config) -> Iterator[Contradiction]:
    """What only a listener for the Internet does, where there is none."""
    if any(listener.role is Role.MX for listener in config.listeners):
        return
    words = "has no effect, because no listener has the role mx"
    if config.blocklists is not None:
        yield Contradiction(("dnsbl",), words, is_warning=True)
    if config.greylist.enabled:
        yield Contradiction(("greylist", "enabled"), words, is_warning=True)


def _unused(config: Config) -> Iterator[Contradiction]:
    """Tables that no listener uses; as a rule the listener lacks a line."""
    if config.tls.certificate is not None and not config.uses_tls:
        words = 'no listener speaks TLS; set tls of one, such as tls = "starttls"'
        yield Contradiction(("tls", "certificate"), words, is_warning=True)
    if config.auth != Auth() and not any(listener.has_auth for listener in config.listeners):
        words = 'no listener lets clients log in; set role = "submission" or auth = true of one'
        yield Contradiction(("auth",), words, is_warning=True)


def _repeated(config: Config) -> Iterator[Contradiction]:
    times = Counter(config.relay.domains)
    for index, pattern in enumerate(config.relay.domains):
        if times[pattern] > 1:
            times[pattern] = 0
            words = f"{pattern.text} is there more than once"
            yield Contradiction(("relay", "domains", index), words, is_warning=True)


def _recipients(config: Config) -> Iterator[Contradiction]:
    for pattern, rule in config.recipients_by_pattern.items():
        words = _doubt_of_rule(config, pattern, rule)
        if words:
            yield Contradiction(("recipients", str(pattern)), words, is_warning=True)


def _doubt_of_rule(config: Config, pattern: DomainPattern, rule: RecipientRule) -> str:
    if not any(_overlap(pattern, each) for each in config.relay.domains):
        return f"{pattern} is not in [relay] domains, so clients outside [relay] networks never meet this rule"
    route = _route_of(config, _any_domain(pattern))
    if rule.source is Source.VERIFY and rule.lmtp is None and isinstance(route, MaildirRoute | DiscardRoute):
        return f'{route_text(route)} takes every address, so "verify" refuses none; use "listed"'
    if rule.path is not None and not _has_addresses(Path(rule.path), pattern):
        return f"{rule.path} has no address in {pattern}, so all mail but that of aliases is refused"
    return ""


def _destinations(config: Config) -> Iterator[Contradiction]:
    book = config.rule_book()
    for pattern, given in config.destinations_by_pattern.items():
        for name in given:
            words = doubt_of_destination_rule(config, book, pattern, name)
            if words:
                yield Contradiction(("destinations", str(pattern), name), words, is_warning=True)


def doubt_of_destination_rule(config: Config, book: RuleBook, pattern: DestinationPattern, setting: str) -> str:
    """
    Why a rule that gives *setting* to destinations of *pattern* has no effect; empty if it may have one. *book* has
    all rules, because some give routes.
    """
    text = str(pattern)
    domain, next_hop = domain_and_next_hop(text)
    if text.startswith("mx:") or text == "*":
        return ""
    if next_hop is not None:
        # A module may give a message any route.
        if not config.modules and next_hop not in _destinations_of_routes(config, book):
            return f"no route leads to {next_hop}"
        return "" if SETTINGS[setting].counts_for(next_hop) else f"mail to {next_hop} does not use {setting}"
    if SETTINGS[setting].is_of_recipient or SETTINGS[setting].needs_domain or domain is None:
        return ""
    some = domain.replace("*", "any", 1)
    decision = config.router_by(book).decide_for_domain(parse_stored(some))
    destination = decision.destination(some)
    if destination == some or decision.route is None:
        return ""
    return f"mail to {text} goes to {destination}, and {setting} is found by that; set it there"


def _dane(config: Config) -> Iterator[Contradiction]:
    """Destinations that ask for DANE, where nothing asks for DNSSEC."""
    if config.dns.dnssec != "off":
        return
    for pattern, given in config.destinations_by_pattern.items():
        demand = given.get("tls")
        if isinstance(demand, TlsDemand) and demand.asks_dane:
            words = 'DANE never applies without DNSSEC; set [dns] dnssec = "log" and a resolver that validates'
            yield Contradiction(("destinations", str(pattern), "tls"), words, is_warning=True)


def _destinations_of_routes(config: Config, book: RuleBook) -> set[str]:
    """The destinations that routes of the file and of *book* name."""
    tables = (config.routes_by_pattern, config.sender_routes_by_pattern, config.account_routes_by_name)
    routes = [route for table in tables for route in table.values()]
    routes += [route for route, _ in book.each("route")]
    return {route.destination("") for route in routes}


def _overlap(one: DomainPattern, other: DomainPattern) -> bool:
    return _fits(one, _any_domain(other)) or _fits(other, _any_domain(one))


def _route_of(config: Config, domain: Domain) -> Route | None:
    return config.router.decide_for_domain(domain).route


def _fits(pattern: DomainPattern, domain: Domain) -> bool:
    return bool(PatternTable([(pattern, True)]).find(domain))


def _any_domain(pattern: DomainPattern) -> Domain:
    return Domain(pattern.text.replace("*", "any", 1))


def _has_addresses(file: Path, pattern: DomainPattern) -> bool:
    table = PatternTable([(pattern, True)])
    try:
        return any(table.find(Domain(address.rpartition("@")[2])) for address in each_recipient(file))
    except (MissingInput, SyntaxViolation):
        return True  # that is a mistake, and not one of this kind


def _dovecot(config: Config) -> Iterator[Contradiction]:
    account = Account.find(config.process.user)
    if account is None or not any(listener.has_auth for listener in config.listeners):
        return
    for index, name in enumerate(config.auth.backends):
        kind, _, place = name.partition(":")
        if kind == "dovecot" and (words := _doubt_of_socket(Path(place), account)):
            yield Contradiction(("auth", "backends", index), words, is_warning=True)


def _next_hops(config: Config) -> Iterator[Contradiction]:
    """Routes to sockets that are not there: their mail waits."""
    account = Account.find(config.process.user)
    if account is None:
        return
    for keys, route in config.each_route():
        words = _doubt_of_socket(Path(route.path), account, "its server") if isinstance(route, SocketRoute) else ""
        if words:
            yield Contradiction(keys, words, is_warning=True)


def _doubt_of_socket(path: Path, account: Account, server: str = "Dovecot") -> str:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no socket {path}; is {server} running?"
    except OSError:
        return ""  # this user may not look
    if not stat.S_ISSOCK(status.st_mode):
        return f"{path} is not a socket"
    closed = closed_folder(path.parent, account)
    if closed is not None:
        return f"user {account.name} may not enter {closed}"
    return "" if account.may(_MAY_WRITE, status) else f"user {account.name} may not write to {path}"


def _pickup(config: Config) -> Iterator[Contradiction]:
    directory = config.pickup.directory
    if directory is None:
        return
    if not config.aliases.enabled and isinstance(_route_of(config, config.hostname), MxRoute):
        words = (
            f"mail to local users, such as root, goes to {config.hostname}, which has no route of its own and may be"
            " this host; add one to [routes], or an alias"
        )
        yield Contradiction(("pickup", "directory"), words, is_warning=True)
    try:
        status = directory.stat()
    except OSError:
        return
    mode, account = status.st_mode, Account.find(config.process.user)
    if not mode & (stat.S_IWGRP | stat.S_IWOTH):
        words = f"only the owner of {directory} may leave mail there; run `chmod 3730 {directory}` for its group"
        yield Contradiction(("pickup", "directory"), f"{words}, or 3733 for all", is_warning=True)
    elif not mode & stat.S_ISVTX:
        words = f"users may remove mail of others in {directory}; run `chmod +t {directory}`"
        yield Contradiction(("pickup", "directory"), words, is_warning=True)
    if account is not None and account.uid != 0 and not (mode & stat.S_ISGID and status.st_gid in account.gids):
        words = f"user {account.name} may not read what others leave in {directory}: it needs a group of that user"
        yield Contradiction(("pickup", "directory"), f"{words}, and mode g+s", is_warning=True)


def _warmup(config: Config) -> Iterator[Contradiction]:
    known = {member.address for pool in config.source_pools.values() for member in pool.members}
    for name, plan in config.warmup.items():
        if plan.address not in known:
            words = f"no pool of [sources] has {plan.address}, so the plan counts no mail"
            yield Contradiction(("warmup", name, "address"), words, is_warning=True)
    given = config.destinations_by_pattern
    sources = {settings["source"] for settings in given.values() if "source" in settings}
    for pattern, settings in given.items():
        pool = settings.get("overflow")
        if pool is not None and (not sources or settings.get("source") == pool):
            words = f"{pool} is the pool of source itself" if sources else "no destination has a source"
            keys = ("destinations", str(pattern), "overflow")
            yield Contradiction(keys, f"{words}, so no mail can go over to it", is_warning=True)


def _soft_bounce(config: Config) -> Iterator[Contradiction]:
    if config.delivery.soft_bounce:
        words = "mail that can never be delivered waits until it expires; turn it off once the configuration works"
        yield Contradiction(("delivery", "soft_bounce"), words, is_warning=True)


def _sink(config: Config) -> Iterator[Contradiction]:
    if config.delivery.sink:
        words = "all mail is discarded, and counts as delivered: only the copy of a queue may have this"
        yield Contradiction(("delivery", "sink"), words, is_warning=True)


def _redaction(config: Config) -> Iterator[Contradiction]:
    """A table by which nothing is redacted."""
    redaction = config.audit.redaction
    if redaction.after_s is None:
        if redaction != AuditRedaction():  # `check --effective` prints the defaults, too
            words = 'nothing is redacted without an age; set after, such as "30d"'
            yield Contradiction(("audit", "redaction"), words, is_warning=True)
    elif redaction.redaction(b"").changes_nothing:
        words = 'nothing is redacted, as addresses, subjects and clients are all "keep"'
        yield Contradiction(("audit", "redaction", "after"), words, is_warning=True)


def _track(config: Config) -> Iterator[Contradiction]:
    """An index of past mail that forgets mail before the queue does."""
    longest = max(config.retention.delivered_s, config.retention.final_s)
    if config.track.is_kept and config.track.retention_s <= longest:
        words = f"the queue itself remembers mail for {duration_text(longest)}; set it longer than [retention]"
        yield Contradiction(("track", "retention"), words, is_warning=True)


def _http(config: Config) -> Iterator[Contradiction]:
    """What names destinations and counts mail, open to hosts of the Internet."""
    http = config.http
    if http.open_console and http.endpoint is None:
        yield Contradiction(("http", "open_console"), "nothing is served without an address", is_warning=True)
    if config.events.stream and http.endpoint is None:
        yield Contradiction(("events", "stream"), "nothing is served without [http] address", is_warning=True)
    for place, network in enumerate(http.networks if http.endpoint is not None else ()):
        if network.prefixlen < _WIDE or not network.is_private:
            clear = "" if http.tls else ", which is not encrypted"
            words = f"hosts of {network} on the Internet may read what is served{clear}"
            yield Contradiction(("http", "networks", place), words, is_warning=True)
    for place, network in enumerate(http.token_networks if http.endpoint is not None and not http.tls else ()):
        if not network.is_loopback:
            words = f"tokens of clients of {network} come in the clear; set tls = true"
            yield Contradiction(("http", "token_networks", place), words, is_warning=True)


def _mta_sts(config: Config) -> Iterator[Contradiction]:
    """Policies that no other host can read."""
    if not config.mta_sts:
        return
    http = config.http
    keys = ("mta_sts", next(iter(config.mta_sts)))
    if not http.is_served:
        yield Contradiction(keys, "nothing serves the policy; set [http] address", is_warning=True)
    elif http.endpoint is not None and not http.tls and not ip_address(http.endpoint.host).is_loopback:
        words = "hosts read the policy by HTTPS only; set [http] tls = true, or let a proxy of this host speak TLS"
        yield Contradiction(keys, words, is_warning=True)


def _domain_reports(config: Config) -> Iterator[Contradiction]:
    """Reports that tell of nothing, and addresses whose mail is refused."""
    if config.dmarc_reports.send and all(listener.authentication.dmarc == "none" for listener in config.listeners):
        words = (
            "no listener judges mail by DMARC, so there is nothing to report; set dmarc in [listener.authentication]"
        )
        yield Contradiction(("dmarc_reports", "send"), words, is_warning=True)
    relayed = PatternTable((pattern, True) for pattern in config.relay.domains)
    own = config.feedback.address
    if own is not None and not relayed.find(own.domain):
        words = f"{own.domain} is not in [relay] domains, so other hosts cannot send complaints there"
        yield Contradiction(("feedback", "address"), words, is_warning=True)
    for table, addresses in (
        ("dmarc_reports", config.dmarc_reports.receive),
        ("tls_reports", config.tls_reports.receive),
    ):
        for place, address in enumerate(addresses):
            if not relayed.find(address.domain):
                words = f"{address.domain} is not in [relay] domains, so other hosts cannot send reports there"
                yield Contradiction((table, "receive", place), words, is_warning=True)


def _dkim(config: Config) -> Iterator[Contradiction]:
    if 0 < config.dkim.expires_s < config.retry.lifetime_s:
        wait, end = duration_text(config.retry.lifetime_s), duration_text(config.dkim.expires_s)
        words = f"mail may wait for {wait}, and its signature is over after {end}; set 0s, or more than {wait}"
        yield Contradiction(("dkim", "expires"), words, is_warning=True)


def _arc(config: Config) -> Iterator[Contradiction]:
    """Seals that no message gets, because no listener judges chains."""
    if config.arc.domain is not None and not any(each.authentication.arc for each in config.listeners):
        words = "nothing is sealed: no listener has arc = true in [listener.authentication]"
        yield Contradiction(("arc", "domain"), words, is_warning=True)


def _modules(config: Config) -> Iterator[Contradiction]:
    """A misspelt key of Empath would be a setting of the module, which may not look at it."""
    for name, module in config.modules.items():
        for key in module.own_settings:
            near = difflib.get_close_matches(key, ("deadline", "on_failure"), n=1, cutoff=0.8)
            if near:
                words = f"is a setting of the module itself (did you mean {near[0]}?)"
                yield Contradiction(("modules", name, key), words, is_warning=True)
