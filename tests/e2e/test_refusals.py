"""Refusals with their codes; no part of refused mail is kept."""

from tests.e2e.client import CONTENT, Client, code_of
from tests.kit.waiting import eventually

FOREIGN = "127.0.0.9"  # in none of the networks that may relay


def test_a_declared_size_over_the_limit_is_refused_at_mail(service):
    """
    RFC 1870 §6.1. A smaller size is accepted.
    """
    with service.client() as client:
        said = client.say_all("MAIL FROM:<a@example.org> SIZE=12582913", "MAIL FROM:<a@example.org> SIZE=12582912")
    assert ["552 5.3.4", "250 2.1.0"] == said


def test_an_undeclared_size_over_the_limit_is_refused_at_its_end(service):
    """
    The message is read to its end but not stored, and the connection stays usable.
    """
    with service.client() as client:
        client.say_all("MAIL FROM:<toobig@example.org>", "RCPT TO:<b@here.test>", "DATA")
        line = b"x" * 998 + b"\r\n"
        for _ in range(13):
            client.push(line * 1024)
        client.push(b".\r\n")
        assert "552 5.3.4" == code_of(client.reply())
        ulid = client.mail("<a@example.org>", "<b@here.test>")
    service.wait_status(ulid, "delivered")
    assert [(0,)] == service.rows("SELECT count(*) FROM _message WHERE reverse_path = 'toobig@example.org'")
    assert set() == service.live_files()


def test_a_message_with_fifty_received_fields_is_in_a_loop(service):
    """
    The refusal is permanent, because a temporary one would keep the loop alive.
    """
    with service.client() as client:
        client.say_all("MAIL FROM:<loop@example.org>", "RCPT TO:<b@here.test>")
        assert "554 5.4.0" == code_of(client.content(b"Received: x\r\n" * 50 + b"\r\ntext\r\n"))
        assert "503 5.5.1" == code_of(client.say("DATA"))
        ulid = client.mail("<loop@example.org>", "<b@here.test>", content=b"Received: x\r\n" * 49 + b"\r\ntext\r\n")
    assert [(ulid,)] == service.rows("SELECT ulid FROM _message WHERE reverse_path = 'loop@example.org'")


def test_a_mail_that_comes_back_to_its_maildir_bounces(service):
    """
    Its own Delivered-To field shows it: 5.4.6.
    """
    with service.client() as client:
        ulid = client.mail("<a@example.org>", "<b@here.test>", content=b"Delivered-To: b@here.test\r\n\r\n")
        service.wait_status(ulid, "bounced")
    assert [("b@here.test", "bounced", "local", "554 5.4.6")] == [
        (*row[:3], row[3][:9]) for row in service.attempts(ulid)
    ]
    assert [] == list(service.in_maildir(ulid))
    assert [] == list(service.maildir.glob("tmp/*"))


def test_nul_in_content_is_refused(service):
    """
    RFC 5321 §2.3.8.
    """
    with service.client() as client:
        client.say_all("MAIL FROM:<nul@example.org>", "RCPT TO:<b@here.test>")
        assert "554 5.6.0" == code_of(client.content(b"X: y\r\n\r\n\0\r\n"))
        assert "250 2.1.0" == code_of(client.say("MAIL FROM:<a@example.org>"))
    assert [(0,)] == service.rows("SELECT count(*) FROM _message WHERE reverse_path = 'nul@example.org'")


def test_control_characters_in_addresses_are_refused(service):
    """
    They could end a command or a log line.
    """
    with service.client() as client:
        said = client.say_all("MAIL FROM:<a\x1bb@example.org>", 'MAIL FROM:<"a\rb"@example.org>', "MAIL FROM:<>")
        said += client.say_all('RCPT TO:<"a\x00b"@here.test>', "RCPT TO:<a\x85@here.test>")
    assert ["501 5.1.7", "501 5.1.7", "250 2.1.0", "501 5.1.3", "501 5.1.3"] == said


def test_a_foreign_client_may_not_relay(service):
    """
    Empath is never an open relay; the client may send to the relay domains and to the postmaster.
    """
    with service.client(FOREIGN) as client:
        said = client.say_all(
            "MAIL FROM:<a@example.org>",
            "RCPT TO:<b@elsewhere.test>",
            "RCPT TO:<b%elsewhere.test@relayed.test>",
            "RCPT TO:<@relayed.test:b@elsewhere.test>",
            "DATA",
            "RCPT TO:<b@relayed.test>",
            "RCPT TO:<postmaster>",
        )
        assert ["250 2.1.0", "554 5.7.1", "554 5.7.1", "554 5.7.1", "554 5.5.1", "250 2.1.5", "250 2.1.5"] == said
        assert "250 2.0.0" == code_of(client.content(CONTENT))
    rows = "SELECT times, sender, recipient, stage, reply FROM refusal WHERE client = ? AND rule = 'relay' ORDER BY 3"
    refused = [
        (1, "a@example.org", recipient, "RCPT", "554 5.7.1 Relay access denied")
        for recipient in ("@relayed.test:b@elsewhere.test", "b%elsewhere.test@relayed.test", "b@elsewhere.test")
    ]
    eventually(lambda: service.rows(rows, FOREIGN) == refused, "the row of each")


def test_octets_before_the_banner_end_the_session(service):
    """
    RFC 5321 §3.1: the client must wait. The network decides whether the octets come before our look.
    """
    with service.client() as client:
        client.push(b"NOOP\r\nNOOP\r\n")
        assert "554 5.5.0" == code_of(client.reply())


def test_a_pipelined_group_is_answered_in_order(service):
    """
    RFC 2920. The group is one segment with one bad recipient.
    """
    with service.client() as client:
        client.push(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@here.test>\r\nRCPT TO:<no>\r\nDATA\r\n")
        assert ["250 2.1.0", "250 2.1.5", "501 5.1.3", "354"] == [code_of(client.reply()) for _ in range(4)]
        client.push(b"\r\nx\r\n.\r\nQUIT\r\n")
        assert ["250 2.0.0", "221 2.0.0"] == [code_of(client.reply()) for _ in range(2)]


def test_the_capabilities_are_exactly_these(service):
    """
    The server promises nothing that is not built.
    """
    with Client(service.port) as client:
        assert "220 mx.example.test ESMTP Empath" == client.greeting
        lines = client.say("EHLO client.example.test").split("\n")
    assert "250-mx.example.test" == lines[0]
    expected = {
        *("PIPELINING", "SIZE 12582912", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING"),
        *("LIMITS RCPTMAX=1000", "DELIVERBY 60", "MT-PRIORITY", "FUTURERELEASE 2592000"),
    }
    # The third word is the instant until which mail may be held today.
    assert expected == {" ".join(line[4:].split(" ")[:2]) for line in lines[1:]}
