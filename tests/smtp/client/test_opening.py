"""What comes before the first transaction: TLS, RFC 3207, and a login, RFC 4954."""

import base64

import pytest

from empath.errors import DriverError
from empath.smtp.client.events import HandshakeWanted, HostFailed, Ready, SessionClosed
from empath.smtp.client.opening import Opening, TlsUse
from empath.smtp.client.session import ClientSession
from empath.smtp.sasl.client import ClientLogin
from empath.smtp.sasl.mechanisms import Mechanism
from tests.smtp.client.kit import OK, Dialogue, fates, greeting, transaction

BANNER = b"220 peer.test ESMTP\r\n"
GO = b"220 2.0.0 Go\r\n"
LOGIN = ClientLogin("user", "secret", (Mechanism.PLAIN, Mechanism.LOGIN))
PLAIN = base64.b64encode(b"\0user\0secret")


def dialogue(opening):
    return Dialogue(ClientSession("me.test", frozenset({"me.test"}), opening=opening))


def begun(opening, *extensions):
    """A session whose peer offers *extensions* before TLS."""
    return dialogue(opening).hear(BANNER, greeting(extensions))


def secured(opening, *extensions, before=("STARTTLS",)):
    """A session inside TLS, whose peer offers *extensions* there."""
    made = begun(opening, *before).hear(GO)
    made.session.secured({})
    return made.note().hear(greeting(extensions))


def failed(made):
    """Stage and reply of a session that failed."""
    *_, event, over = made.events
    assert (HostFailed, SessionClosed()) == (type(event), over)
    return str(event.stage), str(event.reply)


def test_a_session_begins_tls_and_asks_for_the_extensions_again():
    """
    RFC 3207 §4.2: what was offered before does not count.
    """
    made = begun(Opening(TlsUse.IF_OFFERED), "STARTTLS", "SIZE 5", "PIPELINING")
    made.hear(GO)
    assert [HandshakeWanted()] == made.events
    made.session.secured({})
    made.note().hear(greeting(["8BITMIME"]))
    assert [b"EHLO me.test\r\n", b"STARTTLS\r\n", b"EHLO me.test\r\n"] == made.sent
    assert [HandshakeWanted(), Ready()] == made.events
    peer = made.session.extensions
    assert (True, False, None) == (peer.has_8bitmime, peer.has_pipelining, peer.size_limit)


@pytest.mark.parametrize("extensions", [(), ("STARTTLS",)])
def test_a_session_that_may_not_begin_tls_does_not(extensions):
    assert [Ready()] == begun(Opening(), *extensions).events


@pytest.mark.parametrize("reply", [b"454 4.7.0 TLS not available\r\n", b"502 5.5.1 No\r\n"])
def test_g1_a_host_that_refuses_starttls_gets_the_mail_in_the_clear_if_tls_is_optional(reply):
    assert [Ready()] == begun(Opening(TlsUse.IF_OFFERED), "STARTTLS").hear(reply).events


@pytest.mark.parametrize(
    ("stage", "refusal", "fate"),
    [
        ("mail", "530 5.7.0 Must issue a STARTTLS command first", "451 4.7.4"),
        ("mail", "550 Encryption needed", "451 4.7.4"),
        ("rcpt", "554 5.7.10 Not so", "451 4.7.4"),
        ("rcpt", "451 5.7.3 STARTTLS is required to send mail", "451 5.7.3"),
        ("mail", "530 5.7.1 Authentication required", "530 5.7.1"),
        ("rcpt", "550 5.1.1 No such user", "550 5.1.1"),
    ],
)
@pytest.mark.parametrize("is_refused", [True, False])
def test_mail_does_not_bounce_because_tls_failed(stage, refusal, fate, is_refused):
    """
    The host refused STARTTLS, or an earlier session showed that its TLS is broken, and still it takes no mail in the
    clear. That is no fault of the mail.
    """
    made = begun(Opening(TlsUse.IF_OFFERED if is_refused else TlsUse.NEVER), "STARTTLS")
    if is_refused:
        made.hear(b"454 4.7.0 TLS not available\r\n")
    made.begin(transaction())
    made.hear(*([OK] if stage == "rcpt" else []), refusal.encode() + b"\r\n")
    [(where, reply)] = fates(made)
    assert (stage, fate) == (where, reply[:9])
    assert refusal in reply


@pytest.mark.parametrize("is_secured", [True, False])
def test_a_host_that_cannot_begin_tls_may_refuse_for_want_of_it(is_secured):
    """
    No later session is any better.
    """
    opening = Opening(TlsUse.IF_OFFERED)
    made = secured(opening, "STARTTLS") if is_secured else begun(opening)
    made.begin(transaction()).hear(b"530 5.7.0 Must issue a STARTTLS command first\r\n")
    assert [("mail", "530 5.7.0 Must issue a STARTTLS command first")] == fates(made)


@pytest.mark.parametrize(("extensions", "replies"), [((), ()), (("STARTTLS",), (b"454 4.7.0 TLS not available\r\n",))])
def test_g1_a_host_without_tls_fails_if_tls_is_required(extensions, replies):
    """
    It hears QUIT and nothing else.
    """
    made = begun(Opening(TlsUse.REQUIRED), *extensions).hear(*replies)
    assert ("tls", "451 4.7.4 TLS is required, and the host does not offer it") == failed(made)
    assert b"QUIT\r\n" == made.sent[-1]


def test_a_host_that_knows_no_ehlo_has_no_tls():
    made = dialogue(Opening(TlsUse.REQUIRED)).hear(BANNER, b"502 5.5.1 What?\r\n", OK)
    assert ("tls", "451 4.7.4") == (failed(made)[0], failed(made)[1][:9])


def test_g4_a_host_without_tls_lacks_requiretls():
    """
    RFC 8689 §5: 5.7.30, so that the mail bounces once all hosts were asked.
    """
    made = begun(Opening(TlsUse.REQUIRED, for_requiretls=True))
    assert ("tls", "550 5.7.30") == (failed(made)[0], failed(made)[1][:10])


def test_g4_a_host_that_refused_ehlo_for_now_may_have_requiretls_later():
    opening = Opening(TlsUse.REQUIRED, for_requiretls=True)
    made = dialogue(opening).hear(BANNER, b"450 4.3.2 Busy\r\n", OK)
    assert "451 4.7.4" == failed(made)[1][:9]


@pytest.mark.parametrize("behind", [b"250 Ok\r\n", b"250-x", b"\x16\x03", b"\r\n"])
def test_c2_octets_behind_the_reply_to_starttls_fail_the_host(behind):
    """
    CVE-2011-0411 of clients: they would be taken for replies inside TLS.
    """
    made = begun(Opening(TlsUse.IF_OFFERED), "STARTTLS").hear(GO + behind)
    assert ("tls", "451 4.7.0") == (failed(made)[0], failed(made)[1][:9])
    assert HandshakeWanted() not in made.events or made.events.index(HandshakeWanted()) == 0


def test_c2_a_reply_that_comes_while_the_handshake_is_due_fails_the_host():
    made = begun(Opening(TlsUse.IF_OFFERED), "STARTTLS").hear(GO, b"250 Ok\r\n")
    assert ("tls", "451 4.7.0") == (failed(made)[0], failed(made)[1][:9])


def test_a_reply_before_starttls_goes_out_is_not_one_to_it():
    """
    It could begin a handshake that the host knows nothing of.
    """
    made = dialogue(Opening(TlsUse.IF_OFFERED)).hear(BANNER, greeting(["STARTTLS"]) + GO)
    assert ("tls", "451 4.7.0") == (failed(made)[0], failed(made)[1][:9])


def test_a_handshake_that_fails_ends_the_session():
    made = begun(Opening(TlsUse.IF_OFFERED), "STARTTLS").hear(GO)
    made.session.not_secured("Cannot start TLS: no shared cipher")
    assert ("tls", "451 4.7.5 Cannot start TLS: no shared cipher") == failed(made.note())
    assert b"STARTTLS\r\n" == made.sent[-1]


def test_a_handshake_that_was_not_asked_for_is_an_error_of_the_driver():
    with pytest.raises(DriverError):
        begun(Opening()).session.secured({})


def test_a_session_that_ended_has_no_handshake_to_report():
    made = begun(Opening(TlsUse.IF_OFFERED), "STARTTLS").hear(GO, b"")
    assert "tls" == failed(made)[0]
    with pytest.raises(DriverError):
        made.session.secured({})


@pytest.mark.parametrize("is_secured", [False, True])
def test_g4_requiretls_counts_inside_tls_only(is_secured):
    """
    RFC 8689 §4: a host may offer it in the clear by mistake.
    """
    opening = Opening(TlsUse.NEVER, is_secured=is_secured)
    made = begun(opening, "REQUIRETLS").begin(transaction(requires_tls=True))
    if is_secured:
        assert b"MAIL FROM:<a@example.org> REQUIRETLS\r\n" == made.sent[-1]
    else:
        assert ("mail", "550 5.7.30") == (fates(made)[0][0], fates(made)[0][1][:10])


def test_g4_a_host_that_refused_ehlo_for_now_gets_the_mail_later():
    made = dialogue(Opening(TlsUse.NEVER, is_secured=True)).hear(BANNER, b"450 4.3.2 Busy\r\n", OK)
    [(stage, reply)] = fates(made.begin(transaction(requires_tls=True)))
    assert ("mail", "451 4.7.30") == (stage, reply[:10])


def test_a_login_follows_tls():
    made = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH LOGIN PLAIN")
    assert b"AUTH PLAIN " + PLAIN + b"\r\n" == made.sent[-1]
    assert Ready() == made.hear(b"235 2.7.0 Welcome\r\n").events[-1]


@pytest.mark.parametrize("asks", [(b"Username:", b"Password:"), (b"?", b""), (b"VXNlcm5hbWU6", b"=")])
def test_login_answers_in_order_whatever_is_asked(asks):
    """
    Hosts write other words, and some do not encode them.
    """
    made = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH LOGIN")
    made.hear(*(b"334 " + ask + b"\r\n" for ask in asks), b"235 Ok\r\n")
    assert Ready() == made.events[-1]
    assert [base64.b64encode(each) + b"\r\n" for each in (b"user", b"secret")] == made.sent[-2:]


def test_a_login_by_challenges():
    made = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH=LOGIN")
    made.hear(b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 Ok\r\n")
    assert [b"AUTH LOGIN\r\n", b"dXNlcg==\r\n", b"c2VjcmV0\r\n"] == made.sent[-3:]
    assert Ready() == made.events[-1]


def test_a_login_in_the_clear_must_be_allowed():
    """
    Else anyone on the way would have the password.
    """
    made = begun(Opening(login=LOGIN), "AUTH PLAIN")
    assert ("tls", "451 4.7.4 The login needs TLS, and the host does not offer it") == failed(made)
    allowed = begun(Opening(login=LOGIN, may_log_in_clear=True), "AUTH PLAIN")
    assert b"AUTH PLAIN " + PLAIN + b"\r\n" == allowed.sent[-1]


def test_a_login_that_is_refused_for_good_is_refused_for_now():
    """
    The mail is not at fault.
    """
    made = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH PLAIN").hear(b"535 5.7.8 Bad password\r\n")
    assert ("auth", "454 4.7.8 The host refuses our login: 535 5.7.8 Bad password") == failed(made)


@pytest.mark.parametrize("reply", [b"504 5.5.4 Unrecognized authentication type\r\n", b"534 5.7.9 Too weak\r\n"])
def test_a_mechanism_that_the_host_offers_and_refuses_gives_way_to_the_next_one(reply):
    """
    Exchange offers what an account may not use; such a login would fail for ever.
    """
    made = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH LOGIN PLAIN").hear(reply)
    assert b"AUTH LOGIN\r\n" == made.sent[-1]
    assert Ready() == made.hear(b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 Ok\r\n").events[-1]
    words = reply.decode().strip()
    over = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH LOGIN PLAIN").hear(reply, reply)
    assert ("auth", f"454 4.7.8 The host refuses our login: {words}") == failed(over)


def test_a_host_that_ignores_the_initial_response_gets_it_again_once():
    """
    Some servers know AUTH PLAIN by a challenge only, which is empty.
    """
    made = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH PLAIN").hear(b"334 \r\n")
    assert PLAIN + b"\r\n" == made.sent[-1]
    assert Ready() == made.hear(b"235 Ok\r\n").events[-1]
    again = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH PLAIN").hear(b"334 \r\n", b"334\r\n")
    assert ("auth", "454 4.7.8 PLAIN failed") == (failed(again)[0], failed(again)[1][:22])


def test_a_login_that_is_refused_for_now_has_the_reply_of_the_host():
    made = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH PLAIN").hear(b"454 4.7.0 Try later\r\n")
    assert ("auth", "454 4.7.0 Try later") == failed(made)


@pytest.mark.parametrize("extensions", [(), ("AUTH GSSAPI",)])
def test_a_host_without_a_mechanism_in_common_gets_no_mail(extensions):
    stage, reply = failed(secured(Opening(TlsUse.REQUIRED, login=LOGIN), *extensions))
    offered = "GSSAPI" if extensions else "no mechanism"
    assert ("auth", f"454 4.7.8 The host offers {offered} to log in, and PLAIN LOGIN may be used") == (stage, reply)


@pytest.mark.parametrize("challenge", [b"334 ?\r\n", b"334 eA==\r\n"])
def test_a_challenge_out_of_place_ends_the_login(challenge):
    made = secured(Opening(TlsUse.REQUIRED, login=LOGIN), "AUTH PLAIN").hear(challenge)
    assert ("auth", "454 4.7.8 PLAIN failed") == (failed(made)[0], failed(made)[1][:22])
    assert b"*\r\nQUIT\r\n" == made.sent[-1]


def test_a_login_that_succeeds_too_early_does_not_count():
    """
    RFC 5802 §3: the server must prove that it knows the account.
    """
    login = ClientLogin("user", "secret", nonce="abc")
    made = secured(Opening(TlsUse.REQUIRED, login=login), "AUTH SCRAM-SHA-256").hear(b"235 Ok\r\n")
    assert ("auth", "454 4.7.8 SCRAM-SHA-256 failed: the server did not prove that it knows the account") == failed(
        made
    )


def test_a_long_initial_response_has_a_line_of_its_own():
    """
    RFC 4954 §4: a line of a command has at most 512 octets with its end.
    """
    login = ClientLogin("user", "s" * 500, (Mechanism.PLAIN,))
    made = secured(Opening(TlsUse.REQUIRED, login=login), "AUTH PLAIN")
    assert b"AUTH PLAIN\r\n" == made.sent[-1]
    made.hear(b"334 \r\n", b"235 Ok\r\n")
    assert base64.b64encode(b"\0user\0" + b"s" * 500) + b"\r\n" == made.sent[-1]
    assert Ready() == made.events[-1]
