"""The next hop gets the client's octets unchanged, below one Received field."""

import random

import pytest

from tests.e2e.client import code_of
from tests.e2e.service import split_trace
from tests.kit.waiting import eventually

HEADER = b"From: a@example.org\r\nSubject: s\r\n"
CONTENTS = {
    "plain": HEADER + b"\r\ntext\r\n",
    "dots": HEADER + b"\r\n.\r\n..\r\n.a\r\n...\r\n.\r\n",
    "long lines": HEADER + b"\r\n" + b"x" * 70_000 + b"\r\n." + b"y" * 5000 + b"\r\n",
    "8bit": HEADER + b"\r\n" + bytes(range(128, 256)) + b"\xc3\xa4\r\n",
    "8bit in the header": b"Subject: \xc3\xa4\r\n\r\ntext\r\n",
    "control characters": HEADER + b"\r\n\x01\x08\x1b[0m\x7f\t\r\n",
    "empty": b"",
    "only a blank line": b"\r\n",
    "headers only": HEADER,
    "headers and a blank line": HEADER + b"\r\n",
    "blank lines at the end": HEADER + b"\r\ntext\r\n\r\n\r\n",
    "an empty line first": b"\r\n.\r\n\r\n.\r\n",
    "above the limit of inline content": HEADER + b"\r\n" + b"0123456789abcdef" * 64 * 300 + b"\r\n.\r\n",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_content_arrives_octet_for_octet(service, way, content):
    """
    Another host and a Maildir get the same octets, so that a signature stays valid.
    """
    domain, peer = way
    with peer, service.client() as client:
        ulid = client.mail("<a@example.org> BODY=8BITMIME", f"<b@{domain}>", "<c@here.test>", content=content)
        [message] = peer.wait_for_messages(1)
        service.wait_status(ulid, "delivered", "delivered")
    [stored] = service.in_maildir(ulid)
    own, _, trace_and_content = stored.partition(b"Received: ")
    assert b"Return-Path: <a@example.org>\r\nDelivered-To: c@here.test\r\n" == own
    assert content == split_trace(message.content)[1]
    assert content == split_trace(b"Received: " + trace_and_content)[1]


@pytest.mark.parametrize("content", [b".\r\n\r\n.\r\n", b"this is\r\nno header\r\n", b" folded: into ours\r\n"])
def test_text_without_a_header_gets_an_empty_line_first(service, way, content):
    """
    A client cannot continue a field of this host.
    """
    domain, peer = way
    with peer, service.client() as client:
        client.mail("<a@example.org>", f"<b@{domain}>", content=content)
        [message] = peer.wait_for_messages(1)
    assert b"\r\n" + content == split_trace(message.content)[1]


def test_a_long_header_is_kept_whole(service, way):
    """
    A dropped field may be the one that describes the body.
    """
    domain, peer = way
    content = (b"X-Field: " + b"x" * 89 + b"\r\n") * 2000 + b"\r\nbody\r\n.\r\n"
    with peer, service.client() as client:
        client.mail("<a@example.org>", f"<b@{domain}>", content=content)
        [message] = peer.wait_for_messages(1)
    assert content == split_trace(message.content)[1]


def test_a_large_message_goes_through_the_spool_and_leaves_nothing_there(service, way):
    """
    10 MB come in and go out in pieces.
    """
    domain, peer = way
    lines = random.Random(1).choices([b"x" * 76, b".", b"..", b".dot", b"", b"y" * 997], k=45_000)
    content = HEADER + b"\r\n" + b"\r\n".join(lines) + b"\r\n"
    assert len(content) > 8_000_000
    with peer, service.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>", "<c@here.test>", content=content)
        [message] = peer.wait_for_messages(1, deadline_s=20.0)
        service.wait_status(ulid, "delivered", "delivered")
    [stored] = service.in_maildir(ulid)
    assert content == split_trace(message.content)[1]
    assert stored.endswith(content)
    assert set() == service.live_files()


def test_the_next_hop_is_told_the_size_of_what_it_gets(service, way):
    """
    RFC 1870: the size includes our own field.
    """
    domain, peer = way
    with peer, service.client() as client:
        client.mail("<a@example.org>", f"<b@{domain}>")
        [message] = peer.wait_for_messages(1)
    assert f"MAIL FROM:<a@example.org> SIZE={len(message.content)}" == message.mail


ENDINGS = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n", b"\n.\r\r\n", b"\r\n. \r\n", b"\r.\r\n",
]  # fmt: skip


def test_a_smuggled_ending_ends_no_message(service, way):
    """
    It does not end the message at the next host, either: there it is gone, or text with one more dot.
    """
    domain, peer = way
    with peer, service.client() as client:
        for number, ending in enumerate(ENDINGS):
            assert ["250 2.1.0", "250 2.1.5", "354"] == client.say_all(
                "MAIL FROM:<a@example.org>", f"RCPT TO:<b@{domain}>", "DATA"
            )
            client.push(b"X: %d\r\n\r\none" % number + ending + b"MAIL FROM:<evil@example.org>\r\n.\r\n")
            assert "250 2.0.0" == code_of(client.reply())
        assert "250 2.0.0" == code_of(client.say("NOOP"))  # in step, without a leftover reply
        messages = peer.wait_for_messages(len(ENDINGS))
    assert {"a@example.org"} == {message.reverse_path for message in messages}
    assert all(message.content.endswith(b"MAIL FROM:<evil@example.org>\r\n") for message in messages)
    assert not [message for message in messages if set(message.raw.replace(b"\r\n", b"")) & set(b"\r\n")]
    assert not [message for message in messages if b"\r\n.\r\n" in b"\r\n" + message.raw]


def test_a_client_that_vanishes_leaves_nothing(service):
    """
    Neither a row nor a file is left, however much it had sent.
    """
    for octets in (b"", b"Subject: x\r\n\r\ntext\r\n", b"X: y\r\n\r\n" + (b"z" * 78 + b"\r\n") * 20_000):
        with service.client() as client:
            said = client.say_all("MAIL FROM:<vanished@example.org>", "RCPT TO:<b@here.test>", "DATA")
            assert ["250 2.1.0", "250 2.1.5", "354"] == said
            client.push(octets)
    eventually(lambda: not service.live_files(), "no file without a row")
    before = set(service.spooled())
    with service.client() as client:
        client.say_all("MAIL FROM:<vanished@example.org>", "RCPT TO:<b@here.test>", "DATA")
        client.push(b"X: y\r\n\r\n" + (b"z" * 78 + b"\r\n") * 20_000)
        # Also that of the last client before, if the server comes to it as late.
        names = eventually(lambda: set(service.spooled()) - before, "a spool file")
    eventually(lambda: names.isdisjoint(service.spooled()), "the spool file is gone")
    assert [(0,)] == service.rows("SELECT count(*) FROM _message WHERE reverse_path = 'vanished@example.org'")
