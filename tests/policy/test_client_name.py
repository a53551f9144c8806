"""The name of a client in the DNS."""

from ipaddress import ip_address

import pytest

from empath.mail.lookup import Absent, Addresses, Failed, Kind, Question, Texts
from empath.policy.client_name import ClientName, address_questions, find_name, name_question

CLIENT, CLIENT_6, MAPPED = ip_address("192.0.2.1"), ip_address("2001:db8::1"), ip_address("::ffff:192.0.2.1")


def test_the_name_is_asked_by_the_address_in_reverse():
    assert Question("1.2.0.192.in-addr.arpa", Kind.PTR) == name_question(CLIENT) == name_question(MAPPED)
    assert name_question(CLIENT_6).name.endswith(".8.b.d.0.1.0.0.2.ip6.arpa")


@pytest.mark.parametrize(("client", "kind"), [(CLIENT, Kind.A), (MAPPED, Kind.A), (CLIENT_6, Kind.AAAA)])
def test_each_name_is_asked_for_addresses_of_the_clients_family(client, kind):
    names = Texts(("A.test", "b.test"), 60)
    assert [Question("a.test", kind), Question("b.test", kind)] == address_questions(client, names)


def test_at_most_five_names_are_verified():
    """
    A network may give an address a thousand names.
    """
    assert 5 == len(address_questions(CLIENT, Texts(tuple(f"{number}.test" for number in "abcdefgh"), 60)))


@pytest.mark.parametrize(
    "answer", [Absent("NXDOMAIN", 60), Failed("timeout"), Texts(("a b.test", "x\x1b[2J", "192.0.2.1"), 60)]
)
def test_a_client_without_a_host_name_has_none(answer):
    """
    A name that no host can have would go into trace fields and logs.
    """
    assert [] == address_questions(CLIENT, answer)
    assert None is find_name(CLIENT, answer, {})


def test_the_first_name_that_has_the_address_is_verified():
    """
    Anyone can name an address "mail.bank.example".
    """
    names = Texts(("a.test", "b.test", "c.test"), 60)
    addresses = {
        Question("a.test", Kind.A): Addresses(("192.0.2.99",), 60),
        Question("b.test", Kind.A): Addresses(("192.0.2.1", "192.0.2.9"), 60),
    }
    assert ClientName("b.test", is_verified=True) == find_name(CLIENT, names, addresses)
    assert ClientName("b.test", is_verified=True) == find_name(MAPPED, names, addresses)


def test_a_name_that_does_not_have_the_address_is_not_verified():
    names = Texts(("a.test", "b.test"), 60)
    assert ClientName("a.test", is_verified=False) == find_name(CLIENT, names, {})
