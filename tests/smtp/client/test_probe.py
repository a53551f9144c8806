"""A question about an address, without I/O."""

import pytest

from empath.mail.address import Address
from empath.smtp.client.probe import Probe


def dialogue(probe, *replies):
    """What the probe sends after each of *replies*."""
    sent = []
    for reply in replies:
        probe.receive(reply)
        sent.append(probe.octets_to_send().decode())
    return sent


def probe_of(text="ann@d.test", *, is_lmtp=False):
    return Probe("mx.test", Address.parse(text), is_lmtp=is_lmtp)


@pytest.mark.parametrize(("is_lmtp", "verb"), [(False, "EHLO"), (True, "LHLO")])
def test_the_null_sender_asks_and_leaves(is_lmtp, verb):
    probe = probe_of(is_lmtp=is_lmtp)
    sent = dialogue(probe, b"220 hi\r\n", b"250-x\r\n250 DSN\r\n", b"250 Ok\r\n", b"550 5.1.1 no\r\n")
    assert [f"{verb} mx.test\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<ann@d.test>\r\n", "QUIT\r\n"] == sent
    assert "550 5.1.1 no" == str(probe.answer)


def test_lines_that_are_no_reply_are_passed_over():
    """
    Mail goes to such a host, so a question about its recipients must not fail each time.
    """
    probe = probe_of()
    dialogue(probe, b"ld.so: warning\r\n220 hi\r\n", b"\r\n250 x\r\n", b"250 Ok\r\n", b"\r\n550 5.1.1 no\r\n")
    assert "550 5.1.1 no" == str(probe.answer)


def test_an_address_beyond_ascii_is_asked_about_with_smtputf8():
    sent = dialogue(probe_of("änn@d.test"), b"220 hi\r\n", b"250 x\r\n", b"250 Ok\r\n")
    assert ["MAIL FROM:<> SMTPUTF8\r\n", "RCPT TO:<änn@d.test>\r\n"] == sent[1:]


def test_a_host_without_ehlo_is_greeted_by_helo():
    sent = dialogue(probe_of(), b"220 hi\r\n", b"500 what\r\n", b"250 x\r\n")
    assert ["HELO mx.test\r\n", "MAIL FROM:<>\r\n"] == sent[1:]


@pytest.mark.parametrize(
    "replies",
    [
        (b"554 go away\r\n",),
        (b"220 hi\r\n", b"500 what\r\n", b"500 what\r\n"),
        (b"220 hi\r\n", b"250 x\r\n", b"550 no null sender\r\n"),
        (b"220 hi\r\n", b"250 x\r\n", b"451 later\r\n"),
        (b"220 hi\r\n", b"250 x\r\n", b"250 Ok\r\n", b"354 what\r\n"),
        (b"220 hi\r\n", b""),
        (b"HTTP/1.1 400 Bad Request\r\n",),
        (b"hello\r\n" * 21,),
    ],
)
def test_only_the_reply_to_rcpt_says_something(replies):
    """
    A host that refuses before may refuse everyone, and its mail would be lost.
    """
    probe = probe_of()
    dialogue(probe, *replies)
    assert probe.answer is not None
    assert 4 == probe.answer.code // 100


def test_the_end_of_the_connection_changes_no_answer():
    probe = probe_of()
    dialogue(probe, b"554 go away\r\n")
    said = probe.answer
    probe.receive(b"")
    assert said == probe.answer
