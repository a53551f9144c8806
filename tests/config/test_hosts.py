"""The rules of delivery for its search for hosts."""

import ipaddress

import pytest

from empath.config.hosts import host_rules, trusts_resolver
from empath.config.load import parse_config
from empath.policy.hosts.search import HostRules

FILE = b"""
hostname = "MX.example.test"
postmaster = "admin@example.test"
queue.path = "queue.db"
listener = [{address = "0.0.0.0:25"}, {address = "[::1]:587"}]
delivery.mx_port = 2526
dns.own_hosts = ["2001:DB8:0::9", "Outside.example.test"]
dns.allowed_networks = ["10.0.0.0/8"]
"""


def test_rules_are_gathered_from_settings_and_interfaces():
    """
    Names and addresses have the form in which they are compared.
    """
    expected = HostRules(
        own_names=frozenset({"mx.example.test", "outside.example.test"}),
        own_addresses=frozenset({"2001:db8::9", "192.0.2.1"}),
        listeners=frozenset({("0.0.0.0", 25), ("::1", 587)}),
        allowed=(ipaddress.ip_network("10.0.0.0/8"),),
        mx_port=2526,
    )
    assert expected == host_rules(parse_config(FILE, "c.toml", "/etc/empath"), frozenset({"192.0.2.1"}))


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.53", True), ("::1", True), ("10.1.2.3", True), ("192.0.2.1", False), ("fe80::1%eth0", False)],
)
def test_resolvers_of_this_host_and_of_networks_named_are_trusted(address, expected):
    """
    Anyone on the way to another could say that an answer is signed.
    """
    config = parse_config(FILE + b'dns.trusted = ["10.0.0.0/8"]\n', "c.toml", "/etc/empath")
    assert expected is trusts_resolver(config, address)
