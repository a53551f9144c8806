"""The client's side of a login, against the server's side."""

import pytest

from empath.errors import SyntaxViolation
from empath.smtp.sasl.client import ClientLogin
from empath.smtp.sasl.mechanisms import Mechanism, begin_exchange
from empath.smtp.sasl.scram import ScramKeys
from empath.smtp.sasl.steps import Challenge, KeysWanted, PasswordGiven, Proved, Refused

BINDINGS = {"tls-server-end-point": b"\x01" * 32}
LOGIN = ClientLogin("us,er=", "pencil", nonce="fyko+d2lbbFgONRv9qkxdawL")
KEYS = ScramKeys.of("pencil", b"0123456789abcdef", 4096)
EVERY = tuple(Mechanism)


def exchanged(client, server, keys=KEYS):
    """The last step of the server."""
    step = server.respond(client.initial)
    while isinstance(step, Challenge | KeysWanted):
        step = server.use(keys) if isinstance(step, KeysWanted) else server.respond(client.respond(step.octets))
    return step


def begin(offered, bindings, login=LOGIN):
    """An exchange of the client."""
    exchange = login.begin(offered, bindings)
    assert exchange is not None
    return exchange


def server(mechanism, bindings=BINDINGS, offers_plus=True):
    return begin_exchange(mechanism, "3rfcNHYJY1ZVvWVs7j", bindings, offers_plus=offers_plus)


@pytest.mark.parametrize(
    ("offered", "bindings", "chosen"),
    [
        (EVERY, BINDINGS, Mechanism.SCRAM_SHA_256_PLUS),
        (EVERY, {}, Mechanism.SCRAM_SHA_256),
        ((Mechanism.LOGIN, Mechanism.PLAIN), {}, Mechanism.PLAIN),
        ((Mechanism.LOGIN,), {}, Mechanism.LOGIN),
    ],
)
def test_the_strongest_mechanism_is_taken(offered, bindings, chosen):
    assert chosen is begin(offered, bindings).mechanism


def test_only_an_allowed_mechanism_is_taken():
    login = ClientLogin("user", "pencil", (Mechanism.LOGIN,))
    assert Mechanism.LOGIN is begin(EVERY, {}, login).mechanism
    assert None is login.begin((Mechanism.PLAIN,), {})


def test_a_mechanism_that_was_refused_is_not_taken_again():
    """
    What the server offers counts all the same: else it would think that someone on the way had cut its offer.
    """
    client = LOGIN.begin(EVERY, BINDINGS, [Mechanism.SCRAM_SHA_256_PLUS])
    assert client is not None
    assert client.initial is not None
    assert (Mechanism.SCRAM_SHA_256, b"n,,") == (client.mechanism, client.initial[:3])
    assert None is LOGIN.begin((Mechanism.PLAIN,), {}, [Mechanism.PLAIN])


@pytest.mark.parametrize("mechanism", [Mechanism.PLAIN, Mechanism.LOGIN])
def test_a_password_arrives(mechanism):
    client = begin((mechanism,), {})
    assert PasswordGiven("us,er=", "pencil") == exchanged(client, server(mechanism))
    assert client.is_proved
    with pytest.raises(SyntaxViolation):
        client.respond(b"more?")


@pytest.mark.parametrize(
    ("mechanism", "offered", "bindings"),
    [
        (Mechanism.SCRAM_SHA_256, (Mechanism.SCRAM_SHA_256,), {}),
        (Mechanism.SCRAM_SHA_256_PLUS, EVERY, BINDINGS),
    ],
)
def test_both_sides_prove_that_they_know_the_account(mechanism, offered, bindings):
    client = begin(offered, bindings)
    assert not client.is_proved
    assert Proved("us,er=") == exchanged(client, server(mechanism, bindings, offers_plus=bool(bindings)))
    assert client.is_proved


def test_a_server_notices_that_its_offer_of_channel_binding_was_cut():
    """
    RFC 5802 §6: the client says that it could bind, and the server knows that it offered to.
    """
    client = begin((Mechanism.SCRAM_SHA_256,), BINDINGS)
    assert Refused() == exchanged(client, server(Mechanism.SCRAM_SHA_256))


@pytest.mark.parametrize(
    "challenge",
    [
        b"\xff",
        b"",
        b"r=other,s=QQ==,i=4096",
        b"r=fyko+d2lbbFgONRv9qkxdawL,s=QQ==,i=4096",
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QQ==,i=1000001",
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=Q,i=4096",
    ],
)
def test_a_first_message_that_is_not_one_of_scram_ends_the_login(challenge):
    """
    So does a number of iterations that would stop all other deliveries.
    """
    with pytest.raises(SyntaxViolation):
        begin((Mechanism.SCRAM_SHA_256,), {}).respond(challenge)


def test_a_server_that_does_not_know_the_account_is_found_out():
    """
    It could be anyone that relays what the client says.
    """
    client = begin((Mechanism.SCRAM_SHA_256,), {})
    client.respond(b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QQ==,i=4096")
    with pytest.raises(SyntaxViolation):
        client.respond(b"v=QUJD")
    assert not client.is_proved


def test_a_server_proves_itself_once():
    client = begin((Mechanism.SCRAM_SHA_256,), {})
    exchange = server(Mechanism.SCRAM_SHA_256, {}, offers_plus=False)
    exchange.respond(client.initial)
    final = exchange.respond(client.respond(exchange.use(KEYS).octets)).octets
    assert b"" == client.respond(final)
    with pytest.raises(SyntaxViolation):
        client.respond(final)


def test_the_password_is_not_shown():
    assert "pencil" not in repr(LOGIN)
