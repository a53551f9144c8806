"""Who may do what by HTTP."""

from ipaddress import ip_address, ip_network

import pytest

from empath.errors import SyntaxViolation
from empath.policy.api_token import (
    Token,
    TokenRole,
    WrongTokens,
    digest_of,
    find_token,
    parse_networks,
)
from empath.policy.limits.rate import Rate

HOST = ip_address("192.0.2.7")


def _token(name="a", role=TokenRole.READ, networks=(), expires_at=None):
    return Token(name, role, tuple(map(ip_network, networks)), digest_of(f"secret of {name}"), expires_at)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("read", "read"), ("operate", "read operate"), ("inject", "inject"), ("admin", "read operate inject admin")],
)
def test_a_role_includes_what_it_needs(role, allowed):
    """
    A program that injects mail learns nothing of the mail of others.
    """
    assert set(allowed.split()) == {str(each) for each in TokenRole if TokenRole(role).includes(each)}


def test_a_secret_finds_its_token_and_any_other_text_none():
    tokens = [_token("a"), _token("b")]
    assert tokens[1] is find_token(tokens, "secret of b")
    assert [None, None, None] == [find_token(tokens, text) for text in ("", "secret of c", "\udcff")]


@pytest.mark.parametrize(
    ("networks", "client", "is_allowed"),
    [
        ((), HOST, True),
        ((), None, True),
        (("192.0.2.0/24",), HOST, True),
        (("198.51.100.0/24", "192.0.2.7/32"), HOST, True),
        (("198.51.100.0/24",), HOST, False),
        (("198.51.100.0/24",), None, False),
    ],
)
def test_networks_say_who_may_use_a_token(networks, client, is_allowed):
    """
    A client of a UNIX socket is in no network.
    """
    assert is_allowed == (_token(networks=networks).refusal(client, 5.0) is None)


@pytest.mark.parametrize(
    ("expires_at", "now", "is_over"), [(None, 1e12, False), (10.0, 9.9, False), (10.0, 10.0, True)]
)
def test_a_token_ends_at_its_instant(expires_at, now, is_over):
    assert is_over == (_token(expires_at=expires_at).refusal(HOST, now) == "the token has expired")


def test_networks_are_read_or_refused():
    assert tuple(map(ip_network, ("192.0.2.0/24", "2001:db8::1/128"))) == parse_networks("192.0.2.0/24  2001:db8::1")
    assert () == parse_networks("")
    with pytest.raises(SyntaxViolation, match="not a network"):
        parse_networks("192.0.2.1/24")


def test_a_client_with_too_many_wrong_tokens_waits():
    """
    Others do not. The first failure of a while is told.
    """
    wrong = WrongTokens(Rate(2, 60.0))
    assert [True, False] == [wrong.count("a", 100.0) for _ in range(2)]
    assert (30.0, 0.0) == (wrong.waits_s("a", 100.0), wrong.waits_s("b", 100.0))
    assert 0.0 == wrong.waits_s("a", 130.0)
    assert wrong.count("a", 200.0)


def test_the_clients_that_failed_are_remembered_within_a_bound():
    """
    Whoever has many addresses fills no memory.
    """
    wrong = WrongTokens(Rate(1, 60.0), most=2)
    for client in "abc":
        wrong.count(client, 100.0)
    assert [0.0, 60.0, 60.0] == [wrong.waits_s(client, 100.0) for client in "abc"]
