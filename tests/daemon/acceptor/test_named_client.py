"""Sessions in which one client speaks for another: XCLIENT and XFORWARD."""

import pytest

from empath.daemon.acceptor.entry import Findings
from empath.mail.reply import Reply
from empath.policy.access import Role
from empath.policy.client_name import ClientName
from empath.telemetry.occurrences.acceptor import Accepted, OriginKnown, SessionEnded
from tests.daemon.acceptor.kit import emitter_to

LISTED = "198.51.100.66"
TO_CONTENT = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
CONFIGURATION = '[relay]\nnetworks = ["192.0.2.0/24"]\ndomains = ["d.test"]'


class Checks:
    """Knows the name of each client, and refuses one."""

    greet_delay_s = 0.0

    def examine(self, client, *, is_trusted):
        refusal = Reply.of("550 5.7.1 Client is blocked") if str(client) == LISTED else None
        return Findings(refusal, ClientName("looked-up.test", is_verified=True))


@pytest.fixture
def context(make_context):
    """A listener at which this host may speak for others; only 192.0.2.0/24 relays."""
    return make_context(CONFIGURATION, role=Role.MX, listener='xclient = ["127.0.0.1/32"]')


@pytest.fixture
def heard():
    return []


@pytest.fixture
def proxy(context, visit, heard):
    """A greeted client that may speak for others."""
    context.emit = emitter_to(heard)
    client = visit(context)
    client.hear()
    return client


def of(kind, heard):
    return [each for each in heard if isinstance(each, kind)]


def test_only_the_networks_of_the_setting_may_name_clients(context, visit):
    """
    Anyone else would take the rights of a trusted client; and learns nothing of the command, even before EHLO.
    """
    stranger = visit(context, host="127.0.0.2")
    stranger.hear()
    assert stranger.say(b"XCLIENT ADDR=192.0.2.1\r\n").startswith(b"500 5.5.2 ")
    assert b"XCLIENT" not in stranger.say(b"EHLO c.test\r\n")
    assert stranger.say(b"XCLIENT ADDR=192.0.2.1\r\n").startswith(b"500 5.5.2 ")
    assert stranger.say(b"XFORWARD ADDR=192.0.2.1\r\n").startswith(b"500 5.5.2 ")


def test_the_named_client_is_judged_and_shown(proxy, context, heard):
    """
    The one that speaks for it may not relay.
    """
    assert b"250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN" in proxy.say(b"EHLO proxy.test\r\n")
    assert b"220 mx.example.test ESMTP Empath\r\n" == proxy.say(b"XCLIENT ADDR=192.0.2.1 NAME=spike.test\r\n")
    assert proxy.say(b"MAIL FROM:<a@b.test>\r\n").startswith(b"503 5.5.1 ")
    proxy.say(b"EHLO spike.test\r\n")
    assert b"354 " in proxy.say(TO_CONTENT.replace(b"d.test", b"elsewhere.test"))
    proxy.say(b"\r\n.\r\n")
    [message] = context.writer.messages
    assert message.added_fields.startswith(b"Received: from spike.test (spike.test [192.0.2.1])\r\n")
    assert "192.0.2.1" == message.client_address
    assert [("192.0.2.1", "spike.test")] == [(each.client, each.ptr) for each in of(Accepted, heard)]


def test_what_was_said_of_the_greeting_counts_more_than_the_greeting(proxy, context):
    """
    A proxy says EHLO for itself.
    """
    proxy.say(b"EHLO proxy.test\r\n")
    proxy.say(b"XCLIENT ADDR=IPV6:2001:db8::1 HELO=spike+20host PROTO=SMTP\r\n")
    proxy.say(b"EHLO proxy.test\r\n")
    proxy.say(TO_CONTENT)
    proxy.say(b"\r\n.\r\n")
    [message] = context.writer.messages
    assert message.added_fields.startswith(b"Received: from spike?host ([IPv6:2001:db8::1])\r\n")
    assert b" with SMTP id " in message.added_fields


def test_a_client_may_be_named_again_and_the_names_of_another_are_gone(proxy, context):
    proxy.say(b"EHLO proxy.test\r\n")
    proxy.say(b"XCLIENT ADDR=192.0.2.1 NAME=spike.test HELO=spike.test\r\n")
    proxy.say(b"XCLIENT PROTO=ESMTP\r\n")
    proxy.say(b"XCLIENT ADDR=192.0.2.2\r\n")
    proxy.say(b"EHLO proxy.test\r\n")
    proxy.say(TO_CONTENT)
    proxy.say(b"\r\n.\r\n")
    [message] = context.writer.messages
    assert message.added_fields.startswith(b"Received: from proxy.test ([192.0.2.2])\r\n")


def test_an_ipv4_client_that_is_written_as_ipv6_is_shown_as_it_is(proxy, context):
    """
    A proxy that listens for both writes it so. The log and the trace field name it as all rules do.
    """
    proxy.say(b"EHLO proxy.test\r\n")
    proxy.say(b"XCLIENT ADDR=IPV6:::ffff:192.0.2.1\r\n")
    proxy.say(b"EHLO spike.test\r\n")
    proxy.say(TO_CONTENT)
    proxy.say(b"\r\n.\r\n")
    [message] = context.writer.messages
    assert message.added_fields.startswith(b"Received: from spike.test ([192.0.2.1])\r\n")
    assert "192.0.2.1" == message.client_address


def test_the_named_client_is_looked_up_and_may_be_refused(proxy, context, heard):
    """
    So the lists of [dnsbl] can be tried out, and hold for clients behind a proxy.
    """
    context.entry = Checks()
    proxy.say(b"XCLIENT ADDR=192.0.2.1\r\n")
    assert proxy.say(f"XCLIENT ADDR={LISTED}\r\n".encode()).startswith(b"220 ")
    proxy.say(b"EHLO c.test\r\n")
    proxy.say(b"MAIL FROM:<a@b.test>\r\n")
    assert b"550 5.7.1 Client is blocked\r\n" == proxy.say(b"RCPT TO:<c@d.test>\r\n")
    proxy.hang_up()
    assert [LISTED] == [each.client for each in of(SessionEnded, heard)]


def test_the_named_client_is_counted(proxy, context):
    """
    The limit of connections is that of the client behind the proxy.
    """
    for _ in range(2):
        context.admission.admit(context.address, "198.51.100.1")
    context.admission.admit(context.address, "127.0.0.1")
    assert proxy.say(b"XCLIENT ADDR=198.51.100.1\r\n").startswith(b"421 4.7.0 ")
    assert "127.0.0.1" == str(proxy.session.client_address)


def test_no_client_is_named_within_a_transaction(proxy):
    """
    Its envelope was judged for the client before.
    """
    proxy.say(b"EHLO proxy.test\r\n")
    proxy.say(b"MAIL FROM:<a@b.test>\r\n")
    assert proxy.say(b"XCLIENT ADDR=192.0.2.1\r\n").startswith(b"503 5.5.1 ")
    assert proxy.say(b"XFORWARD ADDR=192.0.2.1\r\n").startswith(b"503 5.5.1 ")


def test_octets_behind_xclient_belong_to_nobody(proxy):
    """
    They were written before the client was named.
    """
    assert proxy.say(b"XCLIENT ADDR=192.0.2.1\r\nEHLO c.test\r\n").startswith(b"554 5.5.0 ")


def test_a_bare_line_feed_is_that_of_the_named_client(make_context, visit):
    """
    A mail proxy in the trusted networks passes on what strangers wrote, and they are the ones that smuggle.
    """
    listener = 'xclient = ["127.0.0.1/32"]\nbare_line_feed = "reject"'
    proxy = visit(make_context('[relay]\nnetworks = ["127.0.0.1/32"]', role=Role.MX, listener=listener))
    proxy.hear()
    assert proxy.say(b"NOOP\n").startswith(b"250 ")
    assert proxy.say(b"XCLIENT ADDR=198.51.100.1\r\n").startswith(b"220 ")
    assert proxy.say(b"NOOP\n").startswith(b"521 5.5.2 ")


def test_xforward_puts_the_origin_of_one_message_into_the_log(proxy, heard):
    """
    A content filter is the client; the log must lead to the first one.
    """
    proxy.say(b"EHLO filter.test\r\n")
    assert b"250 2.0.0 Ok\r\n" == proxy.say(b"XFORWARD NAME=spike.test ADDR=192.0.2.1 IDENT=4XyZ\r\n")
    for _ in range(2):
        proxy.say(TO_CONTENT)
        proxy.say(b"\r\n.\r\n")
    accepted = of(Accepted, heard)
    assert ["127.0.0.1"] * 2 == [each.client for each in accepted]
    assert [OriginKnown(queue_id=accepted[0].queue_id, origin="spike.test[192.0.2.1] 4XyZ")] == of(OriginKnown, heard)


def test_an_origin_may_come_in_several_commands(proxy, heard):
    """
    Postfix always sends two.
    """
    proxy.say(b"EHLO filter.test\r\n")
    proxy.say(b"XFORWARD NAME=spike.test ADDR=192.0.2.1 PORT=35758\r\n")
    proxy.say(b"XFORWARD PROTO=ESMTP HELO=pc.test IDENT=4XyZ SOURCE=LOCAL\r\n")
    proxy.say(TO_CONTENT)
    proxy.say(b"\r\n.\r\n")
    assert ["spike.test[192.0.2.1] 4XyZ"] == [each.origin for each in of(OriginKnown, heard)]


def test_an_origin_that_is_not_known_is_shown_as_such(proxy, heard):
    """
    Postfix says so of a message that a local program has sent.
    """
    proxy.say(b"EHLO filter.test\r\n")
    proxy.say(b"XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] HELO=[TEMPUNAVAIL]\r\n")
    proxy.say(TO_CONTENT)
    proxy.say(b"\r\n.\r\n")
    assert ["unknown[unknown]"] == [each.origin for each in of(OriginKnown, heard)]


def test_the_login_of_the_named_client_counts(proxy, context, heard):
    """
    A proxy checks the password itself, as nginx does. The next client has not logged in.
    """
    proxy.say(b"EHLO proxy.test\r\n")
    elsewhere = TO_CONTENT.replace(b"d.test", b"elsewhere.test")
    assert b"220" == proxy.say(b"XCLIENT ADDR=198.51.100.1 LOGIN=user+40b.test\r\n")[:3]
    proxy.say(b"EHLO proxy.test\r\n")
    assert b"\r\n354 " in proxy.say(elsewhere)
    proxy.say(b"\r\n.\r\n")
    assert ["user@b.test"] == [each.account for each in of(Accepted, heard)]
    proxy.say(b"XCLIENT ADDR=198.51.100.2\r\n")
    proxy.say(b"EHLO proxy.test\r\n")
    assert b"\r\n554 5.7.1 Relay access denied\r\n" in proxy.say(elsewhere)
