"""The meaning of a reply, for each pair of stage and class."""

import pytest

from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.policy.classify import Meaning, classify, is_lack, is_too_many

BEFORE_MAIL = [Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.TLS, Stage.AUTH]
BEFORE_DOT = [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT]
PAST_DOT = [Stage.END_OF_DATA, Stage.LOCAL]


def meaning(stage, line):
    """The meaning of a reply at a stage."""
    return classify(Said(stage, Reply.of(line)))


@pytest.mark.parametrize("stage", BEFORE_MAIL)
@pytest.mark.parametrize("line", ["554 5.7.1 No SMTP here", "421 4.3.2 Busy", "451 4.4.1 Timed out", "354 Go", "220 x"])
def test_a_host_that_does_not_begin_a_session_is_passed_over(stage, line):
    """
    Such a refusal is about the host, so a 5yz greeting never bounces mail.
    """
    assert Meaning.OTHER_HOST is meaning(stage, line)


def test_g4_a_host_without_tls_lacks_requiretls():
    """
    The mail bounces once all hosts were asked. A host that says 5.7.30 itself may mean anything.
    """
    assert Meaning.ONLY_OTHER_HOST is meaning(Stage.TLS, "550 5.7.30 No TLS")
    reply = Reply.of("550 5.7.30 No TLS")
    from_host = Reply(reply.code, reply.enhanced, reply.text, is_from_host=True)
    assert Meaning.OTHER_HOST is classify(Said(Stage.TLS, from_host))


@pytest.mark.parametrize("stage", [Stage.DNS, *BEFORE_DOT])
@pytest.mark.parametrize("line", ["450 4.2.1 Mailbox busy", "421 4.3.2 Closing", "451 4.4.2 Connection lost"])
def test_a_4yz_before_the_final_dot_tries_the_next_host(stage, line):
    """
    Another host of the domain may have room, and no host has the message yet.
    """
    assert Meaning.OTHER_HOST is meaning(stage, line)


@pytest.mark.parametrize("stage", [Stage.DNS, *BEFORE_DOT, *PAST_DOT])
@pytest.mark.parametrize("line", ["550 5.1.1 No such user", "556 5.1.10 Null MX", "599 What"])
def test_a_5yz_in_a_transaction_bounces_at_once(stage, line):
    """
    A 5yz is final for every host of the domain.
    """
    assert Meaning.NEVER is meaning(stage, line)


@pytest.mark.parametrize("stage", PAST_DOT)
def test_a_4yz_to_the_final_dot_defers(stage):
    """
    The host may have the message, so no other host gets it now.
    """
    assert Meaning.LATER is meaning(stage, "451 4.4.2 Lost connection, may be delivered multiple times")


@pytest.mark.parametrize("stage", PAST_DOT)
def test_a_2yz_to_the_final_dot_delivers(stage):
    """
    RFC 5321 §6.1: with it the next host has taken responsibility.
    """
    assert Meaning.DELIVERED is meaning(stage, "250 2.0.0 Ok")


def test_a_552_to_rcpt_counts_as_a_452():
    """
    RFC 5321 §4.5.3.1.10.
    """
    assert Meaning.OTHER_HOST is meaning(Stage.RCPT, "552 5.2.2 Too many recipients")


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.DATA, Stage.END_OF_DATA])
def test_a_552_elsewhere_is_final(stage):
    """
    It means that the message is too big.
    """
    assert Meaning.NEVER is meaning(stage, "552 5.3.4 Message too big")


LACKS = ["553 5.6.7 SMTPUTF8 is needed", "554 5.6.3 8BITMIME is needed"]


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT])
@pytest.mark.parametrize("line", LACKS)
def test_a_lack_of_an_extension_leaves_the_other_hosts(stage, line):
    """
    The hosts of one domain may differ in what they offer.
    """
    assert Meaning.ONLY_OTHER_HOST is meaning(stage, line)
    assert is_lack(Said(stage, Reply.of(line)))


def test_the_code_of_smtputf8_past_the_final_dot_is_final():
    """
    At that stage it is about the message.
    """
    assert Meaning.NEVER is meaning(Stage.END_OF_DATA, "554 5.6.7 Not deliverable")


@pytest.mark.parametrize("stage", [Stage.DNS, *BEFORE_DOT, Stage.QUIT])
@pytest.mark.parametrize("line", ["250 Ok", "354 Go ahead", "150 Hm"])
def test_a_reply_out_of_place_keeps_the_mail(stage, line):
    """
    A 250 to DATA has delivered nothing. If in doubt, mail is neither delivered nor bounced.
    """
    assert Meaning.LATER is meaning(stage, line)


@pytest.mark.parametrize("stage", PAST_DOT)
@pytest.mark.parametrize("line", ["354 Go ahead", "150 Hm"])
def test_an_intermediate_reply_to_the_final_dot_keeps_the_mail(stage, line):
    """
    Only a 2yz takes responsibility.
    """
    assert Meaning.LATER is meaning(stage, line)


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT])
def test_e7_a_host_of_a_route_that_asks_for_a_login_bounces_nothing(stage):
    """
    The login is missing in the configuration, and the mail is not to blame. An exchanger has no login to ask for.
    """
    said = Said(stage, Reply.of("530 5.7.0 Authentication required"))
    assert (Meaning.OTHER_HOST, Meaning.NEVER) == (classify(said, is_ours=True), classify(said))
    refused = Said(stage, Reply.of("550 5.7.1 Relaying denied"))
    assert Meaning.NEVER is classify(refused, is_ours=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("452 4.5.3 Too many recipients", True),
        ("452 Too many recipients", True),
        ("451 4.5.3 Too many recipients", True),
        ("552 Too many recipients", True),
        ("552 5.5.3 Too many recipients", True),
        ("452 4.3.1 Disk full", False),
        ("452 4.2.2 Mailbox full", False),
        ("552 5.2.2 Mailbox full", False),
        ("550 5.5.3 Too many recipients", False),
        ("450 Later", False),
        ("451 4.3.0 Multiple destination domains per transaction is unsupported. Please try again.", True),
    ],
)
def test_too_many_recipients_are_told_from_a_full_mailbox(line, expected):
    """
    RFC 5321 §4.5.3.1.10 gives 452 and 552 this meaning. A full mailbox has its own enhanced code.
    """
    assert expected == is_too_many(Said(Stage.RCPT, Reply.of(line)))
    assert not is_too_many(Said(Stage.MAIL, Reply.of(line)))
