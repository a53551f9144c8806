"""One receiving session with TLS over a real socket, with a writer that the test controls."""

import ssl
from dataclasses import replace

import pytest

from empath.config.tables.tls import TlsMode
from empath.mail.domain import Domain
from empath.net.certificate import ServerTls
from empath.telemetry.occurrences.acceptor import Accepted, Refused, TlsNotBegun
from tests.kit import certificates
from tests.kit.waiting import DEADLINE_S

TO_DATA = b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
MESSAGE = b"Subject: x\r\n\r\ntext\r\n.\r\n"


class Recorder:
    """An emitter that keeps what it gets."""

    def __init__(self):
        self.occurrences = []

    def __call__(self, occurrence):
        self.occurrences.append(occurrence)

    def wants(self, kind):
        return True

    def of(self, kind):
        return [each for each in self.occurrences if isinstance(each, kind)]


class Secured:
    """The client's side of a visit, within TLS."""

    def __init__(self, visit, client=None, session=None):
        self.visit = visit
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = client or certificates.client()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="mx.example.test", session=session)
        self._until(self.tls.do_handshake)

    def say(self, octets):
        """Send, and return the answer, b"" at the end."""
        self.tls.write(octets)
        return self.hear()

    def hear(self):
        """The next octets of the session."""
        return self._until(self.tls.read, 65536)

    def _until(self, call, *arguments):
        while True:
            try:
                return call(*arguments)
            except ssl.SSLWantReadError:
                self.visit.push(self.outgoing.read())
                self.incoming.write(self.visit.hear())
            finally:
                self.visit.push(self.outgoing.read())


@pytest.fixture
def make_secured(make_context):
    """Makes listener contexts with TLS; `emit` keeps the occurrences."""

    def make(tls=TlsMode.STARTTLS, **more):
        context = make_context(**more)
        listener = context.listener.model_copy(update={"tls": tls, "hostname": Domain("in.example.test")})
        return replace(context, listener=listener, server_tls=certificates.server(), emit=Recorder())

    return make


def begin(one, client=None, session=None):
    """Say EHLO and STARTTLS; the client within TLS."""
    one.hear()
    one.say(b"EHLO c.test\r\n")
    assert b"220 2.0.0 Ready to start TLS\r\n" == one.say(b"STARTTLS\r\n")
    return Secured(one, client, session)


def test_a_message_within_tls_says_so_in_its_trace_its_row_and_the_log(make_secured, visit):
    """
    RFC 3848: the next hosts and the operator see that nobody on the way could read it.
    """
    context = make_secured()
    client = begin(visit(context))
    assert b"STARTTLS" not in client.say(TO_DATA[0])
    assert b"354" == client.say(TO_DATA[1]).splitlines()[-1][:3]
    assert b"250" == client.say(MESSAGE)[:3]
    [message] = context.writer.messages
    assert b"\r\n\tby in.example.test (Empath) with ESMTPS id " in message.added_fields
    expected = (client.tls.version(), client.tls.cipher()[0])
    assert expected == (message.tls_version, message.tls_cipher)
    assert [expected] == [(each.tls_version, each.tls_cipher) for each in context.emit.of(Accepted)]


def test_the_greetings_have_the_name_of_the_listener(make_secured, visit):
    """
    A certificate is for one name, and the client compares it with what it knows.
    """
    one = visit(make_secured())
    one.hear()
    assert b"250-in.example.test\r\n" == one.say(b"EHLO c.test\r\n").splitlines(keepends=True)[0]
    assert b"221 2.0.0 in.example.test closing connection\r\n" == one.say(b"QUIT\r\n")


def test_c1_octets_behind_starttls_have_no_reply_within_tls(make_secured, visit):
    """
    CVE-2011-0411: an attacker on the way could have added commands to the client's own.
    """
    one = visit(make_secured())
    one.hear()
    one.say(b"EHLO c.test\r\n")
    reply = one.say(b"STARTTLS\r\nRSET\r\nMAIL FROM:<injected@evil.test>\r\n")
    assert b"220 2.0.0 Ready to start TLS\r\n" == reply
    client = Secured(one)
    assert b"503 5.5.1 Send EHLO first\r\n" == client.say(b"RCPT TO:<c@d.test>\r\n")
    assert b"250 " == client.say(b"NOOP\r\n")[:4]


def test_c4_a_listener_that_requires_tls_takes_no_mail_before_it(make_secured, visit):
    """
    RFC 3207 §4: 530, and the log says why the mail did not come.
    """
    context = make_secured(TlsMode.REQUIRED)
    one = visit(context)
    one.hear()
    assert b"250" == one.say(b"EHLO c.test\r\n")[:3]
    assert b"530 5.7.0 " == one.say(b"MAIL FROM:<a@b.test>\r\n")[:10]
    assert ["530 5.7.0"] == [each.reply[:9] for each in context.emit.of(Refused)]
    one.say(b"STARTTLS\r\n")
    client = Secured(one)
    client.say(TO_DATA[0])
    assert b"250 2.1.0 Ok\r\n" == client.say(b"MAIL FROM:<a@b.test>\r\n")


def test_only_a_client_that_resumes_sessions_goes_on_to_get_tickets(make_secured, visit):
    """
    A ticket costs a tenth of a handshake, and most clients make no use of it.
    """
    context, client = make_secured(), certificates.client()
    for _ in range(10):
        context.tickets.begin("127.0.0.1")
    one = begin(visit(context))
    one.say(TO_DATA[0])
    assert not one.tls.session.has_ticket
    for _ in range(9):
        context.tickets.begin("127.0.0.1")
    one = begin(visit(context), client)
    one.say(TO_DATA[0])
    assert one.tls.session.has_ticket
    again = begin(visit(context), client, one.tls.session)
    again.say(TO_DATA[0])
    assert again.tls.session_reused
    for _ in range(9):
        context.tickets.begin("127.0.0.1")
    one = begin(visit(context))
    one.say(TO_DATA[0])
    assert one.tls.session.has_ticket


def test_an_implicit_listener_greets_within_tls(make_secured, visit):
    """
    RFC 8314 §3: port 465 speaks TLS from the first octet.
    """
    client = Secured(visit(make_secured(TlsMode.IMPLICIT)))
    assert b"220 " == client.hear()[:4]
    assert b"250 " == client.say(b"HELO c.test\r\n")[:4]
    assert b"554 5.5.1 " == client.say(b"STARTTLS\r\n")[:10]


@pytest.mark.parametrize("tls", [TlsMode.STARTTLS, TlsMode.IMPLICIT])
def test_a_client_that_speaks_no_tls_is_sent_away_with_a_line_in_the_log(make_secured, visit, tls):
    """
    No reply in the clear would reach a client in the middle of a handshake.
    """
    context = make_secured(tls)
    one = visit(context)
    if tls is TlsMode.STARTTLS:
        one.hear()
        one.say(b"STARTTLS\r\n")
    one.push(b"EHLO c.test\r\n")
    one.running.get(timeout=DEADLINE_S)
    assert ["wrong version number"] == [each.error for each in context.emit.of(TlsNotBegun)]


def test_c3_where_no_session_of_tls_can_be_made_the_client_hears_454(make_secured, visit):
    """
    It may go on in the clear, or come back.
    """
    context = make_secured()
    broken = ServerTls([certificates.issued("mx.example.test").pair()], "TLSv1.2")
    broken.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # OpenSSL makes no server's session of it
    one = visit(replace(context, server_tls=broken))
    one.hear()
    assert b"454 4.7.0 " == one.say(b"STARTTLS\r\n")[:10]
    assert b"250" == one.say(b"EHLO c.test\r\n")[:3]
    assert 1 == len(context.emit.of(TlsNotBegun))
