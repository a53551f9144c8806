"""Instances that tests of this directory share."""

import os
from collections.abc import Iterator

import pytest

from tests.e2e.service import Service, address
from tests.kit.dns import ScriptedDns
from tests.kit.peer import ScriptedPeer
from tests.kit.queue import violations

# Tests with another mail server of the host.
_INTEROP = [
    f"test_{name}.py" for name in ("postfix", "postfix_next_hop", "dovecot", "exim_next_hop", "opensmtpd_next_hop")
]
collect_ignore = [] if os.environ.get("EMPATH_INTEROP") else _INTEROP

# Tests that need packages of Debian.
_PACKAGES = [
    "test_acme.py",
    "test_amqp_broker.py",
    "test_dane.py",
    "test_dkim_peers.py",
    "test_milter_peers.py",
    "test_spf_peer.py",
]
collect_ignore_glob = [] if os.environ.get("EMPATH_INTEROP") else _PACKAGES

# One worker, so that its memory of a peer is known. It keeps idle connections long enough for any test.
_SETTINGS = """
[relay]
networks = ["127.0.0.1/32"]
domains = ["relayed.test"]
[delivery]
workers = 1
idle = "60s"
mx_port = 2526
[retry]
base = "1h"
[receiving.limits]
message_size = "12MiB"
line_length = 0
connections = 4000
connections_per_client = 5
[dns]
timeout = "5s"
allowed_networks = ["127.0.0.0/8"]
nameservers = ["{dns}"]
dnssec = "log"
[destinations."soft.mx.test"]
retry = "2s 1h*9"
[destinations."*.dane.mx.test"]
tls = "dane"
[[listener]]
address = "unix:lmtp"
protocol = "lmtp"
role = "internal"
socket_mode = "0600"
"""
_ROUTES = f"""
"nobody.test" = "smtp://nowhere.hosts.test:2526"
"[{address(230)}]" = "mx"
"*.mx.test" = "mx"
"""


@pytest.fixture(scope="session")
def names() -> Iterator[ScriptedDns]:
    """The name server of `service`."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, names: ScriptedDns) -> Iterator[Service]:
    """One running instance per pytest process. At the end its queue must be sound, and its log without faults."""
    directory = tmp_path_factory.mktemp("e2e", numbered=True)
    instance = Service(directory, _SETTINGS.format(dns=names.address), _ROUTES)
    try:
        yield instance.start()
        assert 0 == instance.stop()
        assert [] == instance.faults()
        assert {} == violations(instance.queue)
    finally:
        instance.clean_up()


@pytest.fixture
def way(service: Service) -> Iterator[tuple[str, ScriptedPeer]]:
    """A domain of the test's own, and the peer that gets its mail, not started yet; stopped at the end."""
    domain, peer = service.next_way()
    yield domain, peer
    peer.stop()


@pytest.fixture
def two_hosts(names: ScriptedDns) -> Iterator[tuple[ScriptedPeer, ScriptedPeer]]:
    """The peers of hosts.mx.test in the order of the tries, not started yet."""
    hosts = address(201), address(202)
    names.mx("hosts.mx.test", (10, "one.hosts.test"), (20, "two.hosts.test"))
    names.a("one.hosts.test", hosts[0]).a("two.hosts.test", hosts[1])
    peers = ScriptedPeer(hosts[0], 2526), ScriptedPeer(hosts[1], 2526)
    yield peers
    for peer in peers:
        peer.stop()
