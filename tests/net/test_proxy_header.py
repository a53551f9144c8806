"""The header of the PROXY protocol, as octets."""

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.net.proxy_header import MAX_OCTETS, ProxyHeader, read_proxy_header

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT_4, CLIENT_6 = ip_address("192.0.2.1"), ip_address("2001:db8::1")
MAPPED = ip_address("::ffff:192.0.2.1").packed
LINE_4 = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n"
LINE_6 = b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 25\r\n"


def binary(
    command: int = 1, family: int = 1, protocol: int = 1, rest: bytes | None = None, size: int | None = None
) -> bytes:
    """A header of version 2; by default of a TCP connection over IPv4."""
    if rest is None:
        addresses = {1: CLIENT_4.packed + ip_address("198.51.100.2").packed, 2: CLIENT_6.packed * 2}.get(family, b"")
        rest = addresses + struct.pack("!2H", 56324, 25)
    head = struct.pack("!BBH", 0x20 | command, family << 4 | protocol, len(rest) if size is None else size)
    return SIGNATURE + head + rest


UNIX = binary(family=3, rest=b"/run/a\0" * 30 + b"/run/b")
WITH_TLVS = binary(rest=binary()[16:] + b"\x02\x00\x0bexample.org" + b"\x04\x00\x03\0\0\0")
WHOLE = {
    LINE_4: CLIENT_4,
    LINE_6: CLIENT_6,
    b"PROXY UNKNOWN\r\n": None,
    b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n": None,
    binary(): CLIENT_4,
    binary(family=2): CLIENT_6,
    binary(command=0): None,
    binary(command=0, family=0, rest=b""): None,
    binary(family=0, protocol=0, rest=b""): None,
    binary(protocol=2): None,
    UNIX: None,
    WITH_TLVS: CLIENT_4,
    # HAProxy with `bind :::25 v4v6` shows its IPv4 clients so; they are not one network of IPv6.
    b"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 56324 25\r\n": CLIENT_4,
    binary(family=2, rest=MAPPED * 2 + struct.pack("!2H", 56324, 25)): CLIENT_4,
}


@pytest.mark.parametrize(("octets", "client"), WHOLE.items())
def test_a_header_names_the_client_or_none(octets, client):
    assert ProxyHeader(len(octets), client) == read_proxy_header(octets)


@pytest.mark.parametrize("octets", WHOLE)
def test_what_follows_a_header_is_not_read(octets):
    """
    It belongs to the client.
    """
    assert read_proxy_header(octets) == read_proxy_header(octets + b"EHLO client.example\r\n")


@pytest.mark.parametrize("octets", WHOLE)
def test_a_header_needs_its_last_octet(octets):
    """
    TCP may cut it anywhere.
    """
    assert {None} == {read_proxy_header(octets[:end]) for end in range(len(octets))}


@pytest.mark.parametrize(
    "octets",
    [
        b"EHLO client.example\r\n",
        b"\x16\x03\x01",
        b"PROXY\r\n",
        b"proxy TCP4 192.0.2.1 198.51.100.2 56324 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\n",
        b"PROXY TCP4 192.0.2.1  198.51.100.2 56324 25\r\n",
        b"PROXY TCP4 192.0.2.256 198.51.100.2 56324 25\r\n",
        b"PROXY TCP4 192.0.2.01 198.51.100.2 56324 25\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 56324 25\r\n",
        b"PROXY TCP6 192.0.2.1 198.51.100.2 56324 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 025 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25 \r\n",
        b"PROXY UDP4 192.0.2.1 198.51.100.2 56324 25\r\n",
        b"PROXY UNKNOWN \x1b[2J\r\n",
        b"PROXY UNKNOWN " + b"x" * 93,
        SIGNATURE + b"\x11\x11\0\x0c" + bytes(12),
        binary(command=2),
        binary(rest=bytes(11)),
        binary(family=2, rest=bytes(35)),
        binary(size=MAX_OCTETS - 15),
    ],
)
def test_what_is_no_header_is_refused(octets):
    """
    A guess at the client would let it through as another.
    """
    with pytest.raises(SyntaxViolation, match=r"PROXY"):
        read_proxy_header(octets)


@given(
    octets=st.binary(max_size=200),
    start=st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, LINE_4, WITH_TLVS]),
)
def test_a_longer_prefix_of_any_octets_says_the_same(octets, start):
    """
    Once a header is complete or refused, further octets change nothing.
    """

    def said(octets: bytes) -> object:
        try:
            return read_proxy_header(octets)
        except SyntaxViolation as exc:
            return str(exc)

    whole = start + octets
    answers = [said(whole[:end]) for end in range(len(whole) + 1)]
    decided = [answer for answer in answers if answer is not None]
    assert len(set(map(str, decided))) <= 1
    assert decided == answers[len(answers) - len(decided) :]
