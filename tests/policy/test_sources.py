"""Pools of addresses that mail goes out from."""

from collections import Counter

import pytest

from empath.errors import SyntaxViolation
from empath.policy.sources import SourceAddress, SourcePool, parse_pool_name

POOL = SourcePool("a", tuple(map(SourceAddress.parse, ("192.0.2.10*3", "192.0.2.11 out2.Example.org", "2001:DB8::10"))))


def address(*, is_ipv6, uniform, rested=()):
    """The address of the member that is chosen."""
    chosen = POOL.choose(is_ipv6=is_ipv6, rested=rested, uniform=uniform)
    assert isinstance(chosen, SourceAddress)
    return chosen.address


def test_an_entry_has_an_address_a_weight_and_a_name():
    assert POOL.members == (
        SourceAddress("192.0.2.10", 3),
        SourceAddress("192.0.2.11", 1, "out2.example.org"),
        SourceAddress("2001:db8::10"),
    )
    assert list(POOL.members) == [SourceAddress.parse(str(member)) for member in POOL.members]


@pytest.mark.parametrize(
    "text", ["", "host.test", "192.0.2.1*0", "192.0.2.300", "0.0.0.0", "ff02::1", "192.0.2.1 a b", "192.0.2.1 -"]
)
def test_what_no_mail_can_come_from_is_refused(text):
    with pytest.raises(SyntaxViolation):
        SourceAddress.parse(text)


def test_a_wrong_weight_is_called_so():
    """
    The address is right.
    """
    with pytest.raises(SyntaxViolation, match="a weight is a whole number from 1 to 9999"):
        SourceAddress.parse("192.0.2.1*0")


def test_members_are_chosen_by_weight():
    """
    A new address gets a small share of the mail first.
    """
    chosen = Counter(address(is_ipv6=False, uniform=step / 100) for step in range(101))
    assert {"192.0.2.10": 75, "192.0.2.11": 26} == chosen


def test_the_family_is_that_of_the_host():
    """
    A socket of one family reaches no host of the other.
    """
    assert "2001:db8::10" == address(is_ipv6=True, uniform=0.5)
    assert "the pool b has no IPv6 address" == SourcePool("b", POOL.members[:2]).choose(
        is_ipv6=True, rested=(), uniform=0.5
    )


def test_a_member_that_rests_leaves_its_share_to_the_others():
    assert {"192.0.2.11"} == {address(is_ipv6=False, rested={"192.0.2.10"}, uniform=step / 10) for step in range(11)}
    rested = {"192.0.2.10", "192.0.2.11"}
    assert "all IPv4 addresses of the pool a rest" == POOL.choose(is_ipv6=False, rested=rested, uniform=0.5)


def test_the_company_of_a_member_is_of_its_family():
    assert ("192.0.2.11",) == POOL.company("192.0.2.10")
    assert () == POOL.company("2001:db8::10")
    assert POOL.company("192.0.2.99") is None


@pytest.mark.parametrize(
    ("text", "is_name"), [("pool-a", True), ("A1._", True), ("", False), ("-a", False), ("a b", False)]
)
def test_the_name_of_a_pool_is_a_word(text, is_name):
    if is_name:
        assert text == parse_pool_name(text)
    else:
        with pytest.raises(SyntaxViolation):
            parse_pool_name(text)
