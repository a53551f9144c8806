"""TLS with hosts: every level, and hosts whose TLS is wrong in every way. G1, G2, C2 and F11 of the rules."""

import base64
import hashlib
import socket
import ssl
import struct
import threading
from pathlib import Path

import pytest

from empath.daemon.worker.session_needs import SessionNeeds
from empath.mail.fate import TlsEvidence
from empath.mail.lookup import TlsaRecord
from empath.mail.reply import Reply
from empath.net.certificate import PemFile
from empath.net.client_tls import ClientTls
from empath.policy.tls_demand import HostDemand, TlsLevel
from empath.smtp.sasl.client import ClientLogin
from empath.smtp.sasl.mechanisms import Mechanism
from tests.daemon.worker.kit import MAIL, said, send
from tests.kit import certificates
from tests.kit.certificates import authority, issued
from tests.kit.peer import HANDSHAKE, ScriptedPeer

NAMES = ("peer.test",)
MAY = HostDemand(TlsLevel.MAY, server_name="peer.test")
ENCRYPT = HostDemand(TlsLevel.ENCRYPT, server_name="peer.test")
VERIFY = HostDemand(TlsLevel.VERIFY, names=NAMES, server_name="peer.test")
OVERDUE = HostDemand(TlsLevel.MAY, server_name="peer.test", may_fall_back=True)
LOGIN = ClientLogin("user", "secret", (Mechanism.PLAIN,))


def client_tls():
    """What trusts the authority of the tests."""
    return ClientTls(authorities=PemFile(Path("ca.pem"), authority().cert_pem.bytes()))


@pytest.fixture
def pool(make_pool):
    return make_pool(tls=client_tls())


def tls_of(result):
    """What became of TLS."""
    assert result.tls is not None
    return result.tls


def secure_peer(*names, context=None, **options):
    """A peer that offers TLS with a certificate for *names*."""
    return ScriptedPeer().secure_with(context or certificates.server(*(names or NAMES)).context, **options)


def self_signed():
    """The context of a server whose certificate comes from nowhere."""
    return _context(certificates.self_signed("peer.test"))


def _context(pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pem.on_disk() as (certificate, key):
        context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize("is_implicit", [False, True])
@pytest.mark.parametrize("demand", [MAY, ENCRYPT, VERIFY])
def test_mail_goes_inside_tls(pool, demand, is_implicit):
    """
    After STARTTLS, or from the first octet.
    """
    with secure_peer(is_implicit=is_implicit) as peer:
        result = send(pool, peer, needs=SessionNeeds(demand))
        [session] = peer.sessions
    assert (True, "end-of-data", "250 2.0.0") == said(result)
    assert ("TLSv1.3", "peer.test") == (session.tls_version, session.server_name)
    proof = "certificate for peer.test" if demand is VERIFY else None
    assert TlsEvidence(str(demand), "TLSv1.3", "TLS_AES_256_GCM_SHA384", proof) == result.tls
    expected = ["EHLO", "MAIL", "RCPT", "DATA"]
    assert (expected if is_implicit else ["EHLO", "STARTTLS", *expected]) == session.verbs


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_large_mail_goes_inside_tls_whole(pool, version):
    """
    More than the buffers between two hosts hold.
    """
    context = certificates.server(*NAMES).context
    context.maximum_version = version
    pieces = [b"x" * 76 + b"\r\n"] * 40_000
    with secure_peer(context=context) as peer:
        assert (True, "end-of-data", "250 2.0.0") == said(
            send(pool, peer, pieces=lambda: iter(pieces), needs=SessionNeeds(ENCRYPT))
        )
        assert b"".join(pieces) == peer.messages[0].content


def test_f11_a_session_inside_tls_is_used_again(pool):
    """
    A handshake for each message would cost many times what the message costs.
    """
    with secure_peer() as peer:
        results = [send(pool, peer, needs=SessionNeeds(MAY)) for _ in range(3)]
        assert (1, 3) == (len(peer.sessions), len(peer.messages))
    assert ["TLSv1.3"] * 3 == [tls_of(result).version for result in results]


def test_f11_messages_with_other_needs_share_no_session(pool):
    """
    A session that proved nothing must not take mail for which the host has to.
    """
    with secure_peer().extensions_in_tls("AUTH PLAIN") as peer:
        for needs in (
            SessionNeeds(MAY),
            SessionNeeds(VERIFY),
            SessionNeeds(VERIFY, LOGIN),
            SessionNeeds(),
            SessionNeeds(MAY),
        ):
            assert (True, "end-of-data", "250 2.0.0") == said(send(pool, peer, needs=needs))
        assert [2, 1, 1, 1] == [len(session.messages) for session in peer.sessions]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("level", [TlsLevel.MAY, TlsLevel.VERIFY, TlsLevel.FINGERPRINT])
def test_a_session_is_resumed_and_proves_the_host_again(make_pool, version, level):
    """
    A resumption costs a fraction of a handshake. Its certificate is judged as that of a new session.
    """
    context = certificates.server(*NAMES).context
    context.maximum_version = version
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(_leaf(issued(*NAMES).certificate))).hexdigest()
    demand = HostDemand(level, names=NAMES, fingerprints=(digest,), server_name="peer.test")
    pool = make_pool(tls=client_tls())
    with secure_peer(context=context) as peer:
        first = send(pool, peer, needs=SessionNeeds(demand))
        pool.close_idle(all_of_them=True)
        second = send(pool, peer, needs=SessionNeeds(demand))
        assert [False, True] == [session.is_resumed for session in peer.sessions]
    assert first.tls == second.tls
    assert (level is TlsLevel.MAY) == (tls_of(first).peer is None)


def _leaf(pem):
    end = "-----END CERTIFICATE-----"
    return pem.decode().partition(end)[0] + end


@pytest.mark.parametrize("demand", [ENCRYPT, VERIFY])
def test_g1_a_host_that_offers_no_tls_gets_no_mail_that_needs_it(pool, demand):
    with ScriptedPeer() as peer:
        assert (False, "tls", "451 4.7.4") == said(send(pool, peer, needs=SessionNeeds(demand)))
        peer.wait_until(lambda: ["EHLO", "QUIT"] == peer.sessions[0].verbs)


@pytest.mark.parametrize(
    ("demand", "fate"), [(MAY, (True, "end-of-data", "250 2.0.0")), (ENCRYPT, (False, "tls", "451 4.7.4"))]
)
def test_g1_a_host_that_refuses_starttls_counts_as_one_without(pool, demand, fate):
    """
    454: its certificate is gone, or the like.
    """
    with secure_peer().reply("STARTTLS", "454 4.7.0 TLS not available") as peer:
        result = send(pool, peer, needs=SessionNeeds(demand))
    assert fate == said(result)
    assert (None, "peer.test refused STARTTLS: 454 4.7.0 TLS not available") == (
        tls_of(result).version,
        tls_of(result).failure,
    )


def test_hosts_without_secure_renegotiation_get_mail_only_where_any_certificate_will_do():
    """
    RFC 5746 is of 2010, and old appliances lack it; the worker never renegotiates. No server of OpenSSL does without
    it, so only the option is looked at.
    """
    tls = client_tls()
    assert [True, False] == [bool(each.options & 0x4) for each in (tls.unverified, tls.verified)]


def test_overdue_mail_that_is_refused_in_the_clear_is_not_sent_again(pool):
    """
    The host refused STARTTLS and then the recipient: a second session in the clear would be the same.
    """
    peer = secure_peer().reply("STARTTLS", "454 4.7.0 TLS not available").reply("RCPT", "550 5.1.1 No such user")
    with peer:
        result = send(pool, peer, needs=SessionNeeds(OVERDUE))
        assert 1 == len(peer.sessions)
    assert (True, "rcpt", "550 5.1.1") == said(result)


@pytest.mark.parametrize("demand", [MAY, OVERDUE])
def test_a_host_with_old_ways_gets_mail_inside_tls(pool, demand):
    """
    Weak keys are better than none where any certificate will do.
    """
    context = certificates.server(*NAMES).context
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    with secure_peer(context=context) as peer:
        result = send(pool, peer, needs=SessionNeeds(demand))
    assert ("TLSv1.2", "ECDHE-ECDSA-AES128-SHA") == (tls_of(result).version, tls_of(result).cipher)


BAD = {
    "wrong-name": (lambda: secure_peer("other.test"), "the certificate is for other.test, and not for peer.test"),
    "expired": (lambda: secure_peer(context=_context(issued("peer.test", days=-1))), "certificate has expired"),
    "self-signed": (lambda: secure_peer(context=self_signed()), "self-signed certificate"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_host_that_does_not_prove_its_identity_gets_no_mail_that_needs_it(pool, fault):
    """
    4.7.5: the next host may prove it, or this one later.
    """
    make, words = BAD[fault]
    with make() as peer:
        result = send(pool, peer, needs=SessionNeeds(VERIFY))
        assert [] == peer.messages
    assert (False, "tls", "451 4.7.5") == said(result)
    assert words in str(tls_of(result).failure)
    assert words in result.results[1].reply.text


@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize("demand", [MAY, ENCRYPT])
def test_a_host_may_show_any_certificate_where_nothing_has_to_be_proved(pool, fault, demand):
    """
    Even a wrong one keeps out those that only listen.
    """
    with BAD[fault][0]() as peer:
        result = send(pool, peer, needs=SessionNeeds(demand))
    assert ((True, "end-of-data", "250 2.0.0"), "TLSv1.3", None) == (
        said(result),
        tls_of(result).version,
        tls_of(result).peer,
    )


def test_g2_a_record_of_the_dns_vouches_for_a_certificate(pool):
    """
    RFC 7672 §3.1.1: its name and its dates do not count.
    """
    pem = issued("other.test", days=-1)
    der = ssl.PEM_cert_to_DER_cert(_leaf(pem.certificate))
    right, wrong = (TlsaRecord(3, 0, 1, hashlib.sha256(octets).digest()) for octets in (der, b"other"))
    with secure_peer(context=_context(pem)) as peer:
        for records, fate, proof in [
            ((wrong, right), (True, "end-of-data", "250 2.0.0"), "TLSA 3 0 1 at depth 0"),
            ((wrong,), (False, "tls", "451 4.7.5"), None),
        ]:
            demand = HostDemand(TlsLevel.DANE, names=NAMES, records=records)
            result = send(pool, peer, needs=SessionNeeds(demand))
            assert (fate, proof) == (said(result), tls_of(result).peer)


def no_shared_cipher():
    context = certificates.server(*NAMES).context
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ADH-AES128-SHA256:@SECLEVEL=0")
    return secure_peer(context=context)


BROKEN = {
    "garbage": lambda: secure_peer().reply(HANDSHAKE, b"what?\r\n" * 10),
    "closes": lambda: secure_peer().drop_at(HANDSHAKE),
    "resets": lambda: secure_peer().drop_at(HANDSHAKE, is_reset=True),
    "closes-midway": lambda: secure_peer().reply(HANDSHAKE, b"\x16\x03\x03\x00\x7a\x02"),
    "alert": lambda: secure_peer().reply(HANDSHAKE, b"\x15\x03\x03\x00\x02\x02\x28"),
    "no-shared-cipher": no_shared_cipher,
    "hangs": lambda: secure_peer().hang_at(HANDSHAKE),
}


@pytest.fixture
def hasty_pool(make_pool):
    return make_pool(tls=client_tls(), tls_timeout="1s")


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("demand", [MAY, ENCRYPT, VERIFY])
def test_g1_a_handshake_that_fails_ends_the_session(hasty_pool, fault, demand):
    """
    Young mail does not go in the clear to a host that offered TLS: the next host, or a later attempt, may have it.
    """
    with BROKEN[fault]() as peer:
        result = send(hasty_pool, peer, needs=SessionNeeds(demand))
        assert (1, []) == (len(peer.sessions), peer.messages)
    assert (False, "tls", "451 4.7.5") == said(result)
    assert "the handshake with peer.test failed: " in str(tls_of(result).failure)


@pytest.mark.parametrize("fault", BROKEN)
def test_g1_overdue_mail_goes_in_the_clear_after_a_handshake_that_failed(hasty_pool, fault):
    """
    TLS is optional there, so mail must not expire for it. The evidence says what happened.
    """
    with BROKEN[fault]() as peer:
        result = send(hasty_pool, peer, needs=SessionNeeds(OVERDUE))
        assert ["EHLO", "MAIL", "RCPT", "DATA"] == peer.sessions[1].verbs
    assert (True, "end-of-data", "250 2.0.0") == said(result)
    assert ("none by built-in; TLS failed before", None) == (tls_of(result).policy, tls_of(result).version)
    assert "the handshake with peer.test failed: " in str(tls_of(result).failure)


def test_g1_a_host_whose_tls_is_broken_is_not_asked_for_it_by_each_message(pool):
    with secure_peer().drop_at(HANDSHAKE) as peer:
        for _ in range(3):
            assert (True, "end-of-data", "250 2.0.0") == said(send(pool, peer, needs=SessionNeeds(OVERDUE)))
        assert [0, 3] == [len(session.messages) for session in peer.sessions]


def test_g1_a_host_that_demands_tls_from_the_first_octet_gets_nothing_in_the_clear(pool):
    with secure_peer(is_implicit=True).drop_at(HANDSHAKE) as peer:
        assert (False, "tls", "451 4.7.5") == said(send(pool, peer, needs=SessionNeeds(OVERDUE)))
        assert 1 == len(peer.sessions)


@pytest.mark.parametrize("demand", [MAY, OVERDUE, VERIFY])
def test_c2_octets_behind_the_reply_to_starttls_fail_the_host(pool, demand):
    """
    Even overdue mail does not go in the clear then: someone on the way may be at work.
    """
    with secure_peer().reply("STARTTLS", b"220 Go\r\n250 injected\r\n") as peer:
        result = send(pool, peer, needs=SessionNeeds(demand))
        assert (1, []) == (len(peer.sessions), peer.messages)
    assert (False, "tls", "451 4.7.0") == said(result)


def test_a_handshake_that_drips_has_one_deadline(make_pool):
    """
    Octets do not prolong it.
    """
    drip = b"\x16\x03\x03\x40\x00" + b"\x02" * 600
    with secure_peer().reply(HANDSHAKE, drip).in_pieces(1).delay(HANDSHAKE, 0.01) as peer:
        result = send(make_pool(tls=client_tls(), tls_timeout="1s"), peer, needs=SessionNeeds(ENCRYPT))
    assert (False, "tls", "451 4.7.5") == said(result)


def test_a_session_that_breaks_inside_tls_is_lost(pool):
    """
    Overdue mail may go in the clear, as after a handshake; young mail waits.
    """
    for demand, fate in ((MAY, (True, "mail", "451 4.4.2")), (OVERDUE, (True, "end-of-data", "250 2.0.0"))):
        with BreakingHost() as host:
            result = send(pool, host, needs=SessionNeeds(demand))
        assert fate == said(result)
        assert "peer.test broke the protocol of TLS" in str(tls_of(result).failure)


@pytest.mark.parametrize("script", [lambda p: p.drop_at("STARTTLS"), lambda p: p.hang_at("STARTTLS")])
def test_a_host_that_does_not_answer_starttls_gets_overdue_mail_in_the_clear(hasty_pool, script):
    """
    Some firewalls close the connection at a command that they do not know, or drop it.
    """
    for demand, fate in (
        (MAY, (False, "tls", "451 4.4.2")),
        (ENCRYPT, (False, "tls", "451 4.4.2")),
        (OVERDUE, (True, "end-of-data", "250 2.0.0")),
    ):
        with script(secure_peer()) as peer:
            result = send(hasty_pool, peer, needs=SessionNeeds(demand))
        assert fate == said(result)
        assert "peer.test did not go on with TLS at its beginning" in str(tls_of(result).failure)


@pytest.mark.parametrize("is_reset", [True, False])
def test_a_host_that_leaves_after_the_handshake_gets_overdue_mail_in_the_clear(pool, is_reset):
    """
    With TLS 1.3 a host refuses the certificate of a client only then, and not each sends an alert.
    """
    for demand, fate in ((MAY, (False, "ehlo", "451 4.4.2")), (OVERDUE, (True, "end-of-data", "250 2.0.0"))):
        with BreakingHost(is_reset=is_reset) as host:
            result = send(pool, host, needs=SessionNeeds(demand))
        assert fate == said(result)
        assert "peer.test did not go on with TLS within it" in str(tls_of(result).failure)


class BreakingHost:
    """A host that leaves after the handshake, or speaks nonsense inside TLS at MAIL, and takes mail in the clear."""

    host = "127.0.0.1"
    is_implicit = False

    def __init__(self, *, is_reset=None):
        self._is_reset = is_reset  # None: it does not leave

    def __enter__(self):
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self):
        first, _ = self._listener.accept()
        with first:
            self._speak(first, [b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 Go\r\n"])
            tls = certificates.server(*NAMES).context.wrap_socket(first, server_side=True)
            tls.sendall(b"")
            tls.recv(1000)
            if self._is_reset is None:
                tls.sendall(b"250 x\r\n")
                tls.recv(1000)
            with socket.socket(fileno=tls.detach()) as raw:
                if self._is_reset:
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if self._is_reset is None:
                    raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        try:
            second, _ = self._listener.accept()
        except OSError:
            return
        with second:
            self._speak(
                second, [b"220 x\r\n", b"250 x\r\n", b"250 Ok\r\n", b"250 Ok\r\n", b"354 Go\r\n", b"250 2.0.0 Ok\r\n"]
            )

    @staticmethod
    def _speak(connection, replies):
        for number, reply in enumerate(replies):
            if number:
                connection.recv(10_000)
            connection.sendall(reply)


def test_g4_a_message_with_requiretls_goes_to_a_host_that_offers_it(pool):
    demand = HostDemand(TlsLevel.VERIFY, names=NAMES, needs_requiretls=True)
    mail = MAIL._replace(requires_tls=True)
    with secure_peer().extensions_in_tls("REQUIRETLS") as peer:
        assert (True, "end-of-data", "250 2.0.0") == said(send(pool, peer, mail, needs=SessionNeeds(demand)))
        assert "MAIL FROM:<a@b.test> REQUIRETLS" == peer.messages[0].mail


@pytest.mark.parametrize("make", [ScriptedPeer, secure_peer])
def test_g4_a_host_without_requiretls_gets_no_message_with_it(pool, make):
    demand = HostDemand(TlsLevel.VERIFY, names=NAMES, needs_requiretls=True)
    with make() as peer:
        result = send(pool, peer, MAIL._replace(requires_tls=True), needs=SessionNeeds(demand))
        assert [] == peer.messages
    assert "550 5.7.30" == str(result.results[1].reply)[:10]


def test_a_login_goes_inside_tls(pool):
    with secure_peer().extensions_in_tls("AUTH PLAIN LOGIN") as peer:
        assert (True, "end-of-data", "250 2.0.0") == said(send(pool, peer, needs=SessionNeeds(VERIFY, LOGIN)))
        [session] = peer.sessions
    assert "AUTH PLAIN " + base64.b64encode(b"\0user\0secret").decode() in session.commands


def test_a_login_that_is_refused_is_a_failure_of_the_host(pool):
    """
    The mail waits: it has nothing to do with our credentials.
    """
    with secure_peer().extensions_in_tls("AUTH PLAIN").reply("AUTH", "535 5.7.8 Bad") as peer:
        assert (False, "auth", "454 4.7.8") == said(send(pool, peer, needs=SessionNeeds(VERIFY, LOGIN)))


def test_a_login_does_not_go_in_the_clear(pool):
    with ScriptedPeer().extensions("AUTH PLAIN") as peer:
        assert (False, "tls", "451 4.7.4") == said(send(pool, peer, needs=SessionNeeds(MAY, LOGIN)))
        allowed = SessionNeeds(MAY, LOGIN, may_log_in_clear=True)
        assert (True, "end-of-data", "250 2.0.0") == said(send(pool, peer, needs=allowed))


def test_a_certificate_is_shown_to_a_host_that_asks_for_one(make_pool):
    context = certificates.server(*NAMES).context
    context.verify_mode = ssl.CERT_REQUIRED
    authority().configure_trust(context)
    tls = ClientTls(issued("me.test").pair())
    with secure_peer(context=context) as peer:
        assert (True, "end-of-data", "250 2.0.0") == said(send(make_pool(tls=tls), peer, needs=SessionNeeds(MAY)))
        assert ssl.PEM_cert_to_DER_cert(_leaf(issued("me.test").certificate)) == peer.sessions[0].certificate


def test_a_host_that_gets_no_mail_is_not_asked(pool):
    """
    Such as one whose TLSA records are not known.
    """
    with ScriptedPeer() as peer:
        demand = HostDemand(TlsLevel.DANE, refusal=Reply.of("451 4.7.5 not known"))
        assert (False, "tls", "451 4.7.5") == said(send(pool, peer, needs=SessionNeeds(demand)))
        assert [] == peer.sessions
