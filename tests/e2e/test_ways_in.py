"""LMTP by a UNIX socket, and content in chunks, over the running server."""

import smtplib
import stat

from tests.e2e.service import split_trace
from tests.kit.waiting import DEADLINE_S, eventually

_CONTENT = b"Subject: x\r\n\r\n.\r\n.text\r\n"


def test_lmtp_answers_once_for_each_recipient_and_commits_once(service):
    """
    RFC 2033 §4.2: a client such as a list manager records the fate of each recipient.
    """
    with smtplib.LMTP(str(service.directory / "lmtp"), timeout=DEADLINE_S) as client:
        assert 500 == client.docmd("EHLO", "c.test")[0]
        client.ehlo()
        client.mail("a@sender.test")
        client.rcpt("one@lmtp.test")
        client.rcpt("two@lmtp.test")
        replies = client.data(_CONTENT), client.getreply()
        assert 221 == client.quit()[0]
    assert [250, replies[0]] == [replies[0][0], replies[1]]
    ulid = replies[0][1].split()[-1].decode()
    eventually(lambda: 2 == len([*service.in_maildir(ulid)]), "both copies")
    assert all(f" with LMTP id {ulid}".encode() in copy for copy in service.in_maildir(ulid))


def test_a_unix_socket_has_the_mode_of_its_setting(service):
    """
    A program that may write to it may send mail.
    """
    assert 0o600 == stat.S_IMODE((service.directory / "lmtp").stat().st_mode)


def test_b4_content_in_chunks_is_relayed_by_data_as_it_came(service, way):
    """
    The dots of its lines are doubled for DATA only.
    """
    domain, peer = way
    cut = _CONTENT.index(b"\r\n.text") + 1
    chunks = b"BDAT %d\r\n" % cut + _CONTENT[:cut] + b"BDAT %d LAST\r\n" % (len(_CONTENT) - cut) + _CONTENT[cut:]
    with peer, service.client() as client:
        client.push(f"MAIL FROM:<a@sender.test>\r\nRCPT TO:<b@{domain}>\r\n".encode() + chunks)
        assert ["250"] * 4 == [client.reply()[:3] for _ in range(4)]
        [message] = peer.wait_for_messages(1)
    assert _CONTENT == split_trace(message.content)[1]
