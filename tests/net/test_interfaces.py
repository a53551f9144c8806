"""The addresses of this host."""

import ipaddress
import socket
import struct

import pytest

from empath.net.interfaces import Interfaces, address_in, read_addresses


def test_the_kernel_tells_the_loopback_addresses_and_no_others_of_that_network():
    """
    127.0.0.1 is an address of an interface; 127.0.0.2 only leads there.
    """
    found = read_addresses()
    assert (True, False) == ("127.0.0.1" in found, "127.0.0.2" in found)


@pytest.mark.parametrize(
    ("address", "flags", "is_lasting"),
    [
        ("2620:fe::1", 0x80, True),
        ("2620:fe::1", 0x01, False),  # made for a day
        ("2620:fe::1", 0x20, False),
        ("2620:fe::1", 0x40, False),
        ("2620:fe::1", 0x88, False),  # another host has it
        ("9.9.9.9", 0x81, True),  # the second one of its interface
    ],
)
def test_an_address_for_the_dns_is_one_that_lasts(address, flags, is_lasting):
    """
    Many systems make a new address of IPv6 each day, which no record could follow.
    """
    packed = ipaddress.ip_address(address).packed
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    payload = struct.pack("=BBBBI", family, 64, flags, 0, 2) + struct.pack("=HH", 4 + len(packed), 1) + packed
    assert (address, address if is_lasting else None) == (
        address_in(payload, is_lasting=False),
        address_in(payload, is_lasting=True),
    )


@pytest.mark.parametrize(("seconds", "reads"), [(60.0, 1), (60.1, 2)])
def test_addresses_are_read_again_after_a_minute(seconds, reads):
    """
    They change while a worker runs for months.
    """
    count, now = [], [0.0]

    def read():
        count.append(1)
        return frozenset({"192.0.2.1"})

    interfaces = Interfaces(read, lambda: now[0])
    interfaces.addresses()
    now[0] = seconds
    assert frozenset({"192.0.2.1"}) == interfaces.addresses()
    assert reads == len(count)


def test_where_the_kernel_does_not_tell_what_was_known_stays():
    """
    A sandbox may forbid the question.
    """
    now, answers = [0.0], [frozenset({"192.0.2.1"})]

    def read():
        if not answers:
            raise PermissionError
        return answers.pop()

    interfaces = Interfaces(read, lambda: now[0])
    interfaces.addresses()
    now[0] = 100.0
    assert frozenset({"192.0.2.1"}) == interfaces.addresses()
