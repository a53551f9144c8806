"""PLAIN and LOGIN."""

import pytest

from empath.smtp.sasl.password import LoginServer, PlainServer, plain_response
from empath.smtp.sasl.steps import Challenge, Malformed, PasswordGiven, Refused


def test_plain_gives_name_and_password():
    """
    RFC 4616: an initial response, or an empty challenge that asks for it.
    """
    expected = PasswordGiven("alice", "söcret")
    assert expected == PlainServer().respond(plain_response("alice", "söcret"))
    exchange = PlainServer()
    assert Challenge(b"") == exchange.respond(None)
    assert expected == exchange.respond(b"alice\0alice\0s\xc3\xb6cret")


@pytest.mark.parametrize("response", [b"", b"alice", b"\0alice", b"\0a\0b\0c", b"\0\xff\0p", b"\0a\0\xff"])
def test_another_form_is_malformed(response):
    assert Malformed() == PlainServer().respond(response)


@pytest.mark.parametrize("response", [b"\0\0p", b"\0a\0", b"\0a\0\x07", b"bob\0alice\0p"])
def test_what_no_account_can_have_is_refused(response):
    """
    An empty name or password never logs in, and no account acts as another.
    """
    assert Refused() == PlainServer().respond(response)


def test_login_asks_twice():
    """
    Outlook and some devices know nothing else.
    """
    exchange = LoginServer()
    assert Challenge(b"Username:") == exchange.respond(None)
    assert Challenge(b"Password:") == exchange.respond(b"alice")
    assert PasswordGiven("alice", "secret") == exchange.respond(b"secret")


def test_login_takes_the_name_as_initial_response():
    exchange = LoginServer()
    assert Challenge(b"Password:") == exchange.respond(b"alice")
    assert PasswordGiven("alice", "secret") == exchange.respond(b"secret")


def test_a_password_is_in_no_text_form():
    """
    A traceback or a log line may print a step.
    """
    assert "secret" not in repr(PasswordGiven("alice", "secret"))


@pytest.mark.parametrize("exchange", [PlainServer(), LoginServer()])
def test_these_exchanges_end_at_once(exchange):
    assert Refused() == exchange.refuse()
