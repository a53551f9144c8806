"""What those hear who listen to a session with a client."""

from dataclasses import replace
from typing import Any

import pytest

from empath.config.tables.tls import TlsMode
from empath.daemon.process.dialogues import Dialogues
from empath.daemon.process.failed_dialogues import FailedDialogues
from empath.policy.access import Role
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import ClientDialogue
from tests.daemon.acceptor.test_tls import Secured
from tests.daemon.listening import Listener, logging
from tests.kit import certificates

MAIL = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"


@pytest.fixture
def listener():
    return Listener("client", "127.0.0.1")


@pytest.fixture
def context(make_context, listener):
    return replace(make_context(), dialogues=listener.dialogues)


def test_a_listener_hears_a_session_from_its_banner_to_its_end(context, visit, listener):
    """
    With the number of the session, as the view `session` has it.
    """
    listener.begin()
    one = visit(context)
    one.hear()
    one.say(b"HELO c.test\r\n")
    one.say(MAIL)
    one.say(b"Subject: secret\r\n\r\nsecret\r\n.\r\n")
    one.say(b"QUIT\r\n")
    assert listener.lines[0].startswith("S: 220 ")
    assert listener.lines[3:8] == [
        "C: MAIL FROM:<a@b.test>", "C: RCPT TO:<c@d.test>", "C: DATA", "S: 250 2.1.0 Ok", "S: 250 2.1.5 Ok",
    ]  # fmt: skip
    assert "C: (content of 27 octets)" in listener.lines
    assert listener.lines[-2:-1] == ["C: QUIT"]
    assert "secret" not in str(listener.lines)
    assert {("127.0.0.1", 0)} == {(dialogue.peer, dialogue.number) for dialogue, _ in listener.heard}


def test_who_comes_later_hears_the_rest_and_who_leaves_hears_no_more(context, visit, listener):
    """
    A session may last for hours.
    """
    one = visit(context)
    one.hear()
    one.say(b"HELO c.test\r\n")
    listener.begin()
    one.say(b"NOOP\r\n")  # the session waited for this command already
    one.say(b"RSET\r\n")
    listener.end()
    one.say(b"NOOP\r\n")
    one.say(b"NOOP\r\n")
    assert "C: RSET" in listener.lines
    assert "C: HELO c.test" not in listener.lines
    assert listener.lines.count("C: NOOP") < 3
    count = len(listener.lines)
    one.say(b"NOOP\r\n")
    assert count == len(listener.lines)


def test_a_session_inside_tls_is_heard_as_it_is_meant(make_context, visit, listener):
    """
    A packet trace would show nothing.
    """
    context = make_context()
    listening = context.listener.model_copy(update={"tls": TlsMode.STARTTLS})
    context = replace(context, listener=listening, server_tls=certificates.server(), dialogues=listener.dialogues)
    listener.begin()
    one = visit(context)
    one.hear()
    one.say(b"EHLO c.test\r\n")
    one.say(b"STARTTLS\r\n")
    Secured(one).say(b"EHLO inside.test\r\n")
    assert "-: TLSv1.3 TLS_AES_256_GCM_SHA384" in listener.lines
    assert "C: EHLO inside.test" in listener.lines


def test_a_client_that_another_one_speaks_for_is_heard_by_its_own_address(make_context, visit):
    """
    Behind a proxy of SMTP all clients would look the same.
    """
    listener = Listener("client", "192.0.2.0/24")
    context = make_context(role=Role.MX, listener='xclient = ["127.0.0.1/32"]')
    context = replace(context, dialogues=listener.dialogues)
    listener.begin()
    one = visit(context)
    one.hear()
    one.say(b"EHLO proxy.test\r\n")
    one.say(b"XCLIENT ADDR=192.0.2.1\r\n")
    one.say(b"EHLO c.test\r\n")
    assert "C: EHLO c.test" in listener.lines
    assert "C: EHLO proxy.test" not in listener.lines


def test_the_log_has_the_lines_of_clients_that_it_wants(make_context, visit):
    """
    A level for a network shows its clients, and no other.
    """
    seen: list[Any] = []
    context = replace(make_context(), dialogues=logging(seen, lambda about: about.client == "127.0.0.1"))
    for host in ("127.0.0.1", "127.0.0.2"):
        one = visit(context, host=host)
        one.hear()
        one.say(b"NOOP\r\n")
    assert {"127.0.0.1"} == {each.client for each in seen}
    assert (
        ClientDialogue(client="127.0.0.1", listener="127.0.0.1:2525", session=0, speaker="client", text="NOOP") in seen
    )


@pytest.fixture
def kept(make_context):
    """A context that keeps what was said in sessions that fail; its rows."""
    failed = FailedDialogues(lambda: 1e9)
    dialogues = Dialogues(Emitter("", (), lambda _: False, lambda _, __: False), failed)
    return replace(make_context(), dialogues=dialogues), failed


def test_a_session_in_which_something_is_refused_is_kept(kept, visit):
    """
    From the opening and the transaction of the refusal on; a message that was taken before is left out.
    """
    context, failed = kept
    one = visit(context)
    one.hear()
    one.say(b"HELO c.test\r\n")
    one.say(MAIL)
    one.say(b"Subject: secret\r\n\r\nsecret\r\n.\r\n")
    one.say(b"MAIL FROM:<second@b.test>\r\n")
    one.say(b"RCPT TO:<no address>\r\n")
    assert [] == failed.take()
    one.say(b"QUIT\r\n")
    [row] = failed.take()
    lines = row.dialogue.split("\n")
    assert lines[0].startswith("S: 220 ")
    assert [
        "C: HELO c.test", "C: MAIL FROM:<second@b.test>", "C: RCPT TO:<no address>", "C: QUIT",
    ] == [line for line in lines if line.startswith("C")]  # fmt: skip
    assert ("127.0.0.1:2525", "127.0.0.1", "second@b.test", "RCPT") == (
        row.listener, row.client_address, row.sender, row.stage,
    )  # fmt: skip
    assert row.reply.startswith("501 ")


def test_a_client_that_goes_within_a_message_is_kept_and_one_that_says_goodbye_is_not(kept, visit):
    """
    The first one thinks that something failed.
    """
    context, failed = kept
    for rest in (b"QUIT\r\n", b""):
        one = visit(context)
        one.hear()
        one.say(b"HELO c.test\r\n")
        one.say(MAIL[:22] + rest)
        one.hang_up()
    [row] = failed.take()
    assert ("421 4.4.2 The client closed the connection", "a@b.test") == (row.reply, row.sender)
    assert "QUIT" not in row.dialogue
