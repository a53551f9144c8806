"""Hosts and ports as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.endpoint import Endpoint, UnixSocket, host_and_port


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("192.0.2.1", "192.0.2.1:25"),
        ("2001:db8::1", "[2001:db8::1]:25"),
        ("mx.example.org", "mx.example.org:25"),
    ],
)
def test_only_an_ipv6_address_has_brackets(host, text):
    """
    Its own colons would hide the colon before the port.
    """
    assert text == host_and_port(host, 25)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:2525", Endpoint("127.0.0.1", 2525)),
        ("[::1]:25", Endpoint("::1", 25)),
        ("[2001:DB8:0::1]:65535", Endpoint("2001:db8::1", 65535)),
    ],
)
def test_an_endpoint_is_an_address_and_a_port(text, endpoint):
    """
    There is one spelling inside, so that two listeners on one address are recognised.
    """
    assert endpoint == Endpoint.parse(text)


@given(address=st.ip_addresses(), port=st.integers(1, 65535))
def test_an_endpoint_reads_back_what_it_writes(address, port):
    """
    Logs and other processes get the text form.
    """
    endpoint = Endpoint(str(address), port)
    assert endpoint == Endpoint.parse(str(endpoint))


def test_an_endpoint_may_have_a_port_by_default():
    """
    Nearly every resolver is on port 53.
    """
    assert Endpoint("192.0.2.53", 53) == Endpoint.parse("192.0.2.53", default_port=53)


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "::1:25", "[192.0.2.1]:25", "host:25", "1.2.3:25", "[:]:1"],
)
def test_what_is_no_endpoint_is_refused(text):
    """
    A host name may resolve to something else at each start.
    """
    with pytest.raises(SyntaxViolation):
        Endpoint.parse(text)


def test_a_unix_socket_is_written_with_its_kind():
    """
    A path alone could be that of a file.
    """
    assert "unix:/run/empath/lmtp" == str(UnixSocket("/run/empath/lmtp"))
