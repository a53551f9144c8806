"""Which connections get a session; no socket is needed."""

from ipaddress import ip_address, ip_network

import pytest

from empath.daemon.acceptor.admission import Admission, Admitted, Refused
from empath.net.proxy import NoProxyHeader
from empath.net.proxy_header import ProxyHeader
from empath.policy.limits.connections import ConnectionCounter, ConnectionLimits
from empath.policy.limits.refusal import TOO_MANY_CONNECTIONS, TOO_MANY_FROM_CLIENT

HUB = ip_network("192.0.2.0/24")
MX = "192.0.2.200:25"


@pytest.fixture
def admission() -> Admission:
    """Three connections in all, one per client; HUB is trusted."""
    return Admission(
        ConnectionCounter(ConnectionLimits(total=3, per_client=1), {MX: None}), lambda client: client in HUB
    )


def test_a_client_is_admitted_by_its_address(admission: Admission):
    assert Admitted(ip_address("198.51.100.1")) == admission.admit(MX, "198.51.100.1")


def test_the_scope_of_a_link_local_address_is_no_part_of_the_client(admission: Admission):
    """
    accept() gives fe80::1%eth0, which neither a configured network nor a Received field can hold.
    """
    assert Admitted(ip_address("fe80::1")) == admission.admit(MX, "fe80::1%eth0")
    assert Refused(ip_address("fe80::1"), TOO_MANY_FROM_CLIENT) == admission.admit(MX, "fe80::1%eth1")


def test_a_client_over_its_limit_is_refused_until_a_connection_ends(admission: Admission):
    client = ip_address("198.51.100.1")
    admission.admit(MX, "198.51.100.1")

    assert Refused(client, TOO_MANY_FROM_CLIENT) == admission.admit(MX, "198.51.100.1")
    admission.release(MX, client)
    assert Admitted(client) == admission.admit(MX, "198.51.100.1")


def test_a_trusted_client_is_bound_by_the_total_only(admission: Admission):
    """
    One internal mail hub carries the mail of many users.
    """
    client = ip_address("192.0.2.1")

    assert [Admitted(client)] * 3 == [admission.admit(MX, "192.0.2.1") for _ in range(3)]
    assert Refused(client, TOO_MANY_CONNECTIONS) == admission.admit(MX, "192.0.2.1")


def test_a_refused_connection_is_not_counted(admission: Admission):
    """
    Otherwise a client that is refused in a loop would lock out all others.
    """
    for _ in range(5):
        admission.admit(MX, "198.51.100.1")

    assert Admitted(ip_address("198.51.100.2")) == admission.admit(MX, "198.51.100.2")


PROXY = ip_address("203.0.113.9")


def naming(client: str | None):
    """Reads the header of a proxy that names *client*."""
    return lambda: ProxyHeader(0, ip_address(client) if client else None)


def test_behind_a_proxy_the_named_client_is_limited(admission: Admission):
    """
    The proxy stands for all clients: its own number of connections is not limited.
    """
    first, second = ip_address("198.51.100.1"), ip_address("198.51.100.2")

    assert Admitted(first) == admission.admit_behind_proxy(MX, PROXY, naming("198.51.100.1"))
    assert Admitted(second) == admission.admit_behind_proxy(MX, PROXY, naming("198.51.100.2"))
    assert Refused(first, TOO_MANY_FROM_CLIENT) == admission.admit_behind_proxy(MX, PROXY, naming("198.51.100.1"))
    admission.release(MX, first)
    assert Admitted(first) == admission.admit_behind_proxy(MX, PROXY, naming("198.51.100.1"))


def test_a_proxy_that_speaks_for_itself_is_the_client(admission: Admission):
    """
    So do the checks of HAProxy.
    """
    assert Admitted(PROXY) == admission.admit_behind_proxy(MX, PROXY, naming(None))


def test_connections_that_wait_for_their_header_count(admission: Admission):
    """
    Otherwise a proxy without an end of connections would take all descriptors.
    """

    def others():
        decisions = [admission.admit(MX, f"198.51.100.{number}") for number in (2, 3, 4)]
        assert [Admitted, Admitted, Refused] == [type(decision) for decision in decisions]
        for number in (2, 3):
            admission.release(MX, ip_address(f"198.51.100.{number}"))
        return ProxyHeader(0, ip_address("198.51.100.1"))

    assert Admitted(ip_address("198.51.100.1")) == admission.admit_behind_proxy(MX, PROXY, others)


def test_a_proxy_without_a_header_is_not_counted(admission: Admission):
    def fail():
        raise NoProxyHeader("none")

    for _ in range(5):
        with pytest.raises(NoProxyHeader):
            admission.admit_behind_proxy(MX, PROXY, fail)

    assert Admitted(ip_address("198.51.100.2")) == admission.admit(MX, "198.51.100.2")


def test_a_client_that_is_named_keeps_its_place_when_the_name_is_refused():
    """
    A connection that gave its place away while the rate of the named client was asked for would end without one. Its
    end would then take the place of another connection out of the count, and the limit would rise.
    """
    proxy, named = ip_address("192.0.2.1"), ip_address("198.51.100.1")

    def busy(_listener, client):
        if client != named:
            return None
        assert isinstance(full.admit(MX, "198.51.100.2"), Refused)
        return TOO_MANY_FROM_CLIENT

    full = Admission(
        ConnectionCounter(ConnectionLimits(total=1, per_client=1), {MX: None}), lambda client: client in HUB, busy
    )
    full.admit(MX, str(proxy))
    assert TOO_MANY_FROM_CLIENT == full.exchange(MX, proxy, named)
    assert isinstance(full.admit(MX, "198.51.100.2"), Refused)

    full.release(MX, proxy)
    assert Admitted(ip_address("198.51.100.2")) == full.admit(MX, "198.51.100.2")
    assert isinstance(full.admit(MX, "198.51.100.3"), Refused)
