"""
hosts - the rules for the search for hosts, from the settings
"""

import ipaddress

from empath.config.model import Config
from empath.mail.endpoint import Endpoint
from empath.policy.hosts.addresses import is_address, is_within
from empath.policy.hosts.search import HostRules


def host_rules(config: Config, interfaces: frozenset[str]) -> HostRules:
    """The rules of *config*; *interfaces* are the addresses of this host in their shortest form."""
    own = config.dns.own_hosts
    return HostRules(
        own_names=frozenset(name for name in own if not is_address(name)) | {str(config.hostname)},
        own_addresses=frozenset(filter(is_address, own)) | interfaces,
        listeners=frozenset((each.host, each.port) for each in endpoints(config)),
        allowed=config.dns.allowed_networks,
        mx_port=config.delivery.mx_port,
    )


def trusts_resolver(config: Config, address: str) -> bool:
    """Whether the bit AD of a resolver counts: nobody can change packets to this host itself, or to networks named."""
    bare = address.partition("%")[0]
    return ipaddress.ip_address(bare).is_loopback or is_within(bare, config.dns.trusted)


def endpoints(config: Config) -> tuple[Endpoint, ...]:
    """The listeners of *config* that are not UNIX sockets."""
    return tuple(listener.endpoint for listener in config.listeners if listener.endpoint is not None)


def own_greetings(config: Config) -> frozenset[str]:
    """
    The names, in lower case, by which only this host greets.

    A name without a dot, such as localhost, is not one of them: many hosts greet by it.
    """
    sources = [member.hostname for pool in config.source_pools.values() for member in pool.members if member.hostname]
    own = (str(config.hostname), str(config.node.name), *config.dns.own_hosts, *sources)
    return frozenset(name.lower() for name in own if "." in name and not is_address(name))


def is_bound_by(endpoint: Endpoint, target: Endpoint) -> bool:
    """Whether a connection to *target* reaches the listener *endpoint*."""
    address, bound = ipaddress.ip_address(target.host), ipaddress.ip_address(endpoint.host)
    is_any = bound.is_unspecified and address.is_loopback and address.version == bound.version
    return (address == bound or is_any) and target.port == endpoint.port
