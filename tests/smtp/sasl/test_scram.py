"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS."""

import pytest

from empath.errors import SyntaxViolation
from empath.smtp.sasl.scram import ITERATIONS, ScramKeys, ScramServer, from_base64
from empath.smtp.sasl.steps import Challenge, KeysWanted, Malformed, Proved, Refused
from tests.smtp.sasl.kit import ScramClient

SALT = from_base64("W22ZaJ0SNY7soEsUEjb6gQ==")
KEYS = ScramKeys.of("pencil", SALT, 4096)
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
BINDINGS = {"tls-server-end-point": b"\x01" * 32}


def server(is_plus=False, offers_plus=False, bindings=BINDINGS):
    return ScramServer(NONCE, bindings, is_plus=is_plus, offers_plus=offers_plus)


def dialogue(client, exchange, keys=KEYS):
    """Lead the exchange to the answer to client-final."""
    wanted = exchange.respond(client.first)
    if not isinstance(wanted, KeysWanted):
        return wanted
    return exchange.respond(client.final(exchange.use(keys).octets))


def test_the_example_of_the_rfc():
    """
    RFC 7677 §3, octet by octet.
    """
    exchange = server()
    assert Challenge(b"") == exchange.respond(None)
    assert KeysWanted("user") == exchange.respond(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    assert Challenge(first) == exchange.use(KEYS)
    final = (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert Challenge(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == exchange.respond(final)
    assert Proved("user") == exchange.respond(b"")


def test_a_wrong_password_is_refused():
    assert Refused() == dialogue(ScramClient("user", "pen"), server())


def test_the_channel_is_bound():
    """
    RFC 5802 §6: the proof covers the certificate that the client saw.
    """
    header = "p=tls-server-end-point,,"
    right = ScramClient("user", "pencil", header, BINDINGS["tls-server-end-point"])
    assert isinstance(dialogue(right, server(is_plus=True)), Challenge)
    wrong = ScramClient("user", "pencil", header, b"\x02" * 32)
    assert Refused() == dialogue(wrong, server(is_plus=True))


@pytest.mark.parametrize(
    ("header", "is_plus", "offers_plus"),
    [
        ("n,,", True, True),
        ("y,,", True, True),
        ("y,,", False, True),
        ("p=tls-server-end-point,,", False, True),
        ("p=tls-unique,,", True, True),
    ],
)
def test_a_downgrade_is_refused(header, is_plus, offers_plus):
    """
    RFC 5802 §6: a client that can bind and was not offered it says "y", and is then told of no such offer.
    """
    client = ScramClient("user", "pencil", header, BINDINGS["tls-server-end-point"])
    assert Refused() == dialogue(client, server(is_plus, offers_plus))


def test_a_client_that_could_bind_may_log_in_where_binding_is_not_offered():
    assert isinstance(dialogue(ScramClient("user", "pencil", "y,,"), server(bindings={})), Challenge)


def test_a_name_may_have_commas_and_equals_signs():
    """
    RFC 5802 §5.1.
    """
    assert KeysWanted("a,b=c") == server().respond(b"n,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=x")


def test_an_empty_name_to_act_as_is_none():
    """
    GNU SASL sends one.
    """
    assert KeysWanted("user") == server().respond(b"n,a=,n=user,r=x")


@pytest.mark.parametrize("first", [b"n,a=bob,n=user,r=x", b"n,,n=\x07,r=x"])
def test_no_account_acts_as_another_or_has_a_name_that_cannot_be_typed(first):
    assert Refused() == server().respond(first)


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"n,,n=user,r=a b",
        b"n,a==,n=user,r=x",
        b"x,,n=user,r=x",
        b"n,,n=,r=x",
        b"n,,n=user,r=",
        b"n,,n=a=2Db,r=x",
        b"n,,m=1,n=user,r=x",
        b"\xff",
    ],
)
def test_another_client_first_is_malformed(first):
    assert Malformed() == server().respond(first)


@pytest.mark.parametrize(
    "final", [b"", b"c=biws", b"c=biws,r=x,p=!", b"c=biws,r=x,p=A", b"\xff", b"c=b=iws,r=x,p=AA=="]
)
def test_another_client_final_is_malformed(final):
    exchange = server()
    exchange.respond(b"n,,n=user,r=x")
    exchange.use(KEYS)
    assert Malformed() == exchange.respond(final)


@pytest.mark.parametrize("final", ["c=biws,r=y,p=AA==", "c=eSws,r=x{nonce},p=AA==", "c=biws,r=x{nonce},p=AA=="])
def test_a_final_for_another_exchange_is_refused(final):
    """
    A replay has the nonce of another exchange.
    """
    exchange = server()
    exchange.respond(b"n,,n=user,r=x")
    exchange.use(KEYS)
    assert Refused() == exchange.respond(final.replace("{nonce}", NONCE).encode())


def test_the_response_to_the_last_message_is_empty():
    exchange = server()
    assert isinstance(dialogue(ScramClient("user", "pencil"), exchange), Challenge)
    assert Malformed() == exchange.respond(b"x")


def test_words_before_the_keys_are_malformed():
    """
    The driver gives the keys first; a server that did not would prove nothing.
    """
    exchange = server()
    exchange.respond(b"n,,n=user,r=x")
    assert Malformed() == exchange.respond(b"c=biws,r=x,p=AA==")


def test_keys_have_a_text_form():
    """
    RFC 5803: other servers read and write it.
    """
    assert KEYS == ScramKeys.parse(str(KEYS))
    assert str(KEYS).startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    assert repr(KEYS.stored_key) not in repr(KEYS)


@pytest.mark.parametrize(
    "text", ["", "SCRAM-SHA-1$4096:AA==$AA==:AA==", "SCRAM-SHA-256$0:AA==$AA==:AA==", "SCRAM-SHA-256$1:AA==$AA==:AA=="]
)
def test_another_text_is_not_keys(text):
    with pytest.raises(SyntaxViolation):
        ScramKeys.parse(text)


def test_a_bad_token_has_no_place_here():
    assert Refused() == server().refuse()


def test_clients_take_the_iterations_of_new_keys():
    """
    RFC 7677 §4 has the minimum; Cyrus SASL, with which Postfix logs in, refuses more than 65,536.
    """
    assert 4096 <= ITERATIONS <= 65_536
