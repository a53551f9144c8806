"""The extensions of a session are one value: EHLO, parameters and commands agree with it."""

import pytest

from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.extensions import (
    KNOWN,
    PIPELINING,
    SIZE,
    STARTTLS,
    XCLIENT,
    XFORWARD,
    Extension,
    Extensions,
    Need,
    authentication,
    future_release,
    offered_with,
)
from empath.smtp.server.extensions import LIMITS as LIMITS_EXTENSION
from empath.smtp.server.limits import ServerLimits
from empath.smtp.server.parameters import read_mail_parameters, read_recipient_parameters
from empath.smtp.server.states import ServerSignal
from tests.kit.conversation import Conversation

LIMITS = ServerLimits(message_octets=4096)
ONE_LINE, TWO_LINES = Reply.of("250 mx.example.test").octets, Reply.of("250 mx.example.test\nHello").octets


@pytest.mark.parametrize(
    ("greeting", "offered", "expected"),
    [
        (ONE_LINE, (), b"250 mx.example.test\r\n"),
        (ONE_LINE, (PIPELINING,), b"250-mx.example.test\r\n250 PIPELINING\r\n"),
        (TWO_LINES, (PIPELINING, SIZE), b"250-mx.example.test\r\n250-Hello\r\n250-PIPELINING\r\n250 SIZE 4096\r\n"),
    ],
)
def test_the_reply_to_ehlo_has_a_line_for_each_extension(greeting, offered, expected):
    """
    RFC 5321 §4.1.1.1. A number in a line is the limit of the session.
    """
    assert expected == Extensions(offered).added_to(greeting, LIMITS)


@pytest.mark.parametrize("extension", KNOWN, ids=lambda extension: extension.ehlo)
def test_a_parameter_is_read_only_where_its_extension_is_offered(extension):
    """
    RFC 5321 §4.1.1.11: a client must not use what it was not offered.
    """
    without, alone = Extensions(tuple(other for other in KNOWN if other is not extension)), Extensions((extension,))
    for keyword in extension.mail:
        assert extension.refusal == read_mail_parameters(keyword, without.mail)
        assert extension.refusal != read_mail_parameters(keyword, alone.mail)
    for keyword in extension.rcpt:
        assert extension.refusal == read_recipient_parameters(keyword, without.rcpt)
        assert extension.refusal != read_recipient_parameters(keyword, alone.rcpt)


def test_limits_names_the_number_of_messages_where_there_is_one():
    """
    RFC 9422 §4.
    """
    with_number = ServerLimits(message_octets=4096, recipients=200, messages=5)
    assert b"250-a\r\n250 LIMITS RCPTMAX=200 MAILMAX=5\r\n" == Extensions((LIMITS_EXTENSION,)).added_to(
        b"250 a\r\n", with_number
    )


def test_a_command_belongs_to_the_extension_that_is_offered():
    """
    A session without the extension refuses the same word.
    """
    extension = Extension("XFOO", verbs=(ServerSignal.NOOP,), mail={"XFOO": ("foo", lambda value: value)})
    with_it = Extensions((*KNOWN, extension))
    assert ServerSignal.NOOP == with_it.verbs[b"NOOP"]
    assert "NOOP VRFY HELP QUIT BDAT STARTTLS NOOP;" in with_it.help.text
    assert replies.UNKNOWN_PARAMETER == read_mail_parameters("XFOO=1", Extensions().mail)


def test_help_names_the_commands_of_the_session():
    """
    It names no command that the session refuses.
    """
    commands = "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT"
    assert Reply.of(f"214 2.0.0 {commands} BDAT; see RFC 5321") == offered_with(frozenset()).help
    assert Reply.of(f"214 2.0.0 {commands} STARTTLS; see RFC 5321") == Extensions((STARTTLS,)).help


def test_a_session_offers_an_extension_once_its_need_is_fulfilled():
    """
    EHLO never offers what the session would refuse.
    """
    assert {None, *Need} >= {extension.need for extension in KNOWN}
    assert KNOWN == offered_with(frozenset(Need)).offered
    assert [each for each in KNOWN if each.need is None] == list(offered_with(frozenset()).offered)


def test_the_offer_of_a_session_may_change():
    """
    RFC 3207 §4.2: what was offered before TLS or AUTH says nothing about what is offered after it.
    """
    conversation = Conversation(extensions=Extensions((PIPELINING,))).open()
    before = conversation.say(b"EHLO client.example\r\n")
    conversation.session.offer(Extensions((SIZE,)))
    after = conversation.say(b"EHLO client.example\r\n")
    assert (b"250-mx.example.test\r\n250 PIPELINING\r\n", b"250-mx.example.test\r\n250 SIZE 10000\r\n") == (
        before,
        after,
    )
    assert b"250 " == conversation.say(b"MAIL FROM:<a@a.example> SIZE=1\r\n")[:4]


def test_a_session_offers_what_its_listener_and_its_client_give():
    """
    A client that is not trusted holds no mail back, and speaks for no other.
    """
    trusted = frozenset(Need)
    offered = offered_with(trusted, ("PLAIN",), names_clients=True, holds=(60, "2030-01-01T00:00:00Z")).offered
    ours = (future_release(60, "2030-01-01T00:00:00Z"), authentication(("PLAIN",)), XCLIENT, XFORWARD)
    assert ours == offered[-4:]
    assert not {*ours} & {*offered_with(trusted - {Need.TRUST}, holds=(60, "2030-01-01T00:00:00Z")).offered}
