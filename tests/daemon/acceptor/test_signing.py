"""Mail that is signed while it is accepted."""

import time

import pytest

from empath.authentication.signer import Signer
from empath.policy.access import Role
from empath.policy.login.account import LoggedIn
from empath.policy.senders import Senders
from empath.telemetry.occurrences.acceptor import Accepted
from tests.authentication.kit import judged, key
from tests.daemon.acceptor.kit import emitter_to

KEYS = {"example.com": [("r", key("r")), ("e", key("e"))]}
STRANGER = "192.0.2.7"  # outside of [relay] networks
MAIL = b"From: Joe <joe@example.com>\r\nTo: a@b.example\r\nSubject: s\r\n\r\n text \r\n\r\n"


@pytest.fixture
def accepted(make_context, visit):
    """Accepts a message; returns it as it goes on, and what the log says of its signatures."""

    def accept(mail=MAIL, *, host="127.0.0.1", role=Role.SUBMISSION, signer=None, account=None, sender=b"a@b.example"):
        heard: list[object] = []
        context = make_context("[relay]\ndomains = ['b.example']\n", role=role)
        context.signer = lambda: Signer(KEYS) if signer is None else signer
        context.emit = emitter_to(heard)
        client = visit(context, host=host, account=account)
        client.hear()
        for line in (b"EHLO c.test", b"MAIL FROM:<" + sender + b">", b"RCPT TO:<a@b.example>", b"DATA"):
            client.say(line + b"\r\n")
        assert client.say(mail + b".\r\n").startswith(b"250 ")
        [message] = context.writer.messages
        content = message.content
        if content is None:
            [file] = [file for file in context.config.queue.spool.rglob("*") if file.is_file()]
            content = file.read_bytes()
        assert message.size == len(message.added_fields + content)
        [said] = [each.signed_by for each in heard if isinstance(each, Accepted)]
        return message.added_fields + content, said

    return accept


def results(message):
    """The results of the signatures of a message."""
    return [str(each.result) for each in judged(message)]


def test_mail_of_a_user_is_signed_with_each_key(accepted):
    """
    The signatures are over the message as it goes on, with the fields that this host adds.
    """
    message, said = accepted()
    assert ["pass", "pass"] == [str(each.result) for each in judged(message, now=time.time())]
    assert "example.com:r example.com:e" == said
    assert message.startswith(b"DKIM-Signature: ")
    assert b"\r\nMessage-ID: <" in message
    assert ["fail", "fail"] == results(message.replace(b"\r\nMessage-ID: <", b"\r\nMessage-ID: <x"))


@pytest.mark.parametrize("size", [10, 300_000])
def test_large_mail_is_signed_too(accepted, size):
    """
    It went to the spool, and nobody reads it again.
    """
    message, _ = accepted(MAIL + b"x" * 70 + b"\r\n" + (b"y z\t \r\n" * (size // 7)))
    assert ["pass", "pass"] == [str(each.result) for each in judged(message, now=time.time())]


@pytest.mark.parametrize(
    "more",
    [
        {"host": STRANGER, "role": Role.INTERNAL},
        {"mail": MAIL.replace(b"example.com", b"other.example")},
        {"mail": b"no header at all\r\n"},
        {"mail": b"\r\nno header\r\n"},
        {"signer": Signer({})},
        {"account": LoggedIn("joe", Senders.parse("joe@b.example")), "host": STRANGER, "sender": b"joe@b.example"},
    ],
)
def test_mail_of_others_is_not_signed(accepted, more):
    """
    Of a client that may not relay, of another author, without an author, and of an account of another domain.
    """
    message, said = accepted(**more)
    assert (0, None) == (message.count(b"DKIM-Signature"), said)


@pytest.mark.parametrize("senders", ["other@example.com", "@example.com", "*", None])
def test_an_account_signs_for_the_domains_that_it_may_send_as(accepted, senders):
    """
    Programs often write another From than the account that they use, of the same domain.
    """
    account = LoggedIn("joe", None if senders is None else Senders.parse(senders))
    message, _ = accepted(account=account, host=STRANGER, sender=b"other@example.com")
    assert 2 == message.count(b"DKIM-Signature")


def test_bcc_is_gone_before_the_message_is_signed(accepted):
    """
    What is signed is what goes on.
    """
    message, _ = accepted(b"Bcc: secret@b.example\r\n" + MAIL)
    assert b"secret" not in message
    assert ["pass", "pass"] == [str(each.result) for each in judged(message, now=time.time())]
