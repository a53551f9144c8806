"""listening - listeners, their clients and what these are shown, where the settings cannot work together"""

import ipaddress
import stat
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from empath.config.hosts import endpoints
from empath.config.keys import KeyPath
from empath.config.model import Config
from empath.config.places import Account, may_be_a_directory, obstacle_to_file
from empath.config.tables.tls import TlsMode
from empath.config.workable.contradiction import Contradiction
from empath.mail.endpoint import Endpoint, UnixSocket
from empath.policy.access import Network
from empath.policy.pattern import DomainPattern
from empath.smtp.sasl.mechanisms import Mechanism

_SMTP_PORT: Final = 25
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


def listening(config: Config) -> Iterator[Contradiction]:
    """What cannot work of listeners, and of what their clients are offered."""
    yield from _example_name(config)
    yield from _listeners(config)
    yield from _proxies(config)
    yield from _logins(config)
    yield from _limits(config)
    yield from _certificates(config)
    yield from _blocklists(config)


def _example_name(config: Config) -> Iterator[Contradiction]:
    name = str(config.hostname)
    is_public = any(endpoint.port == _SMTP_PORT for endpoint in endpoints(config))
    if is_public and name.endswith(_PRIVATE):
        words = f"{name} is a name for tests, which hosts of the Internet do not accept"
        yield Contradiction(("hostname",), words, is_warning=True)
    if is_public and is_example_name(name):
        words = f"{name} is a name for examples, which other hosts do not accept; set the name of this host"
        yield Contradiction(("hostname",), words)


def is_example_name(name: str) -> bool:
    """Whether no host of the Internet can have *name*."""
    return any(name == example or name.endswith(f".{example}") for example in _EXAMPLES)


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
    if not may_be_a_directory(path.parent):
        return f"there is no directory {path.parent}; create it"
    try:
        is_other = not stat.S_ISSOCK(path.lstat().st_mode)
    except OSError:
        return ""
    return f"{path} is there and is not a socket; remove it, or name another path" if is_other else ""


def _takes_both(endpoint: Endpoint, other: Endpoint) -> bool:
    """Whether the address of *endpoint* is the wildcard that has that of *other*, too."""
    mine, its = ipaddress.ip_address(endpoint.host), ipaddress.ip_address(other.host)
    return mine.is_unspecified and mine.version == its.version


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
