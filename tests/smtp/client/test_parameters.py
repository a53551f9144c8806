"""The extensions that a message needs, and the result where the peer lacks them: RFC 1870, 3461, 6152, 6531."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.envelope import BodyType, DsnReturn
from empath.smtp.client.session import ClientRecipient
from tests.smtp.client.kit import DELIVERED, EXTENSIONS, GO_ON, OK, fates, ready, transaction


def without(keyword: str) -> list[str]:
    """The usual extensions except one."""
    return [line for line in EXTENSIONS if not line.startswith(keyword)]


def test_parameters_go_to_a_peer_that_offers_them():
    """
    The sender's wishes for reports are sent unchanged.
    """
    recipient = ClientRecipient("b@x.test", "SUCCESS,DELAY", "rfc822;b+2Bc@x.test")
    what = transaction(
        recipients={1: recipient},
        body_type=BodyType.EIGHT_BIT_MIME,
        is_smtputf8=True,
        dsn_return=DsnReturn.HEADERS,
        envelope_id="e+3D1",
    )
    mail, rcpt, *_ = ready().begin(what).sent[0].split(b"\r\n")
    assert b"MAIL FROM:<a@example.org> SIZE=5 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=e+3D1" == mail
    assert b"RCPT TO:<b@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@x.test" == rcpt


def test_an_original_recipient_beyond_ascii_is_escaped_for_a_peer_without_smtputf8():
    """
    RFC 6533 §3: the recipient may be ASCII while its original recipient is not.
    """
    what = transaction(recipients={1: ClientRecipient("b@x.test", None, "utf-8;jörg@x.test")})
    said = [ready(lines).begin(what).sent[0].split(b"\r\n")[1] for lines in (EXTENSIONS, without("SMTPUTF8"))]
    assert [
        "RCPT TO:<b@x.test> ORCPT=utf-8;jörg@x.test".encode(),
        b"RCPT TO:<b@x.test> ORCPT=utf-8;j\\x{F6}rg@x.test",
    ] == said


def test_parameters_do_not_go_to_a_peer_that_does_not():
    """
    The peer would answer 555.
    """
    recipient = ClientRecipient("b@x.test", "NEVER", "rfc822;b@x.test")
    what = transaction(
        recipients={1: recipient},
        body_type=BodyType.EIGHT_BIT_MIME,
        is_smtputf8=True,
        dsn_return=DsnReturn.FULL,
        envelope_id="1",
    )
    assert [b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n"] == ready(["PIPELINING"]).begin(what).sent


def test_the_null_path_is_sent_as_such():
    """
    RFC 5321 §4.5.5: reports have the null path.
    """
    assert ready().begin(transaction(reverse_path="")).sent[0].startswith(b"MAIL FROM:<> SIZE=5\r\n")


@pytest.mark.parametrize("parameters", [{"reverse_path": "ä@x.test"}, {"recipients": {1: ClientRecipient("ä@x.test")}}])
def test_an_address_beyond_ascii_makes_it_smtputf8(parameters):
    """
    RFC 6531 §3.4, even where the sender did not announce it.
    """
    sent = ready().begin(transaction(**parameters)).sent[0]
    assert (True, True) == (b" SMTPUTF8\r\n" in sent, "<ä@x.test>".encode() in sent)


def test_content_beyond_ascii_is_announced():
    """
    RFC 6152 §3, even where the sender did not announce it.
    """
    assert b"SIZE=5 BODY=8BITMIME\r\n" in ready().begin(transaction(has_8bit=True)).sent[0]


def test_a_host_that_offers_smtputf8_takes_8_bits():
    """
    RFC 6531 §3.1: it must support 8BITMIME. Some hosts do not announce that, and refuse a BODY= that they did not
    offer.
    """
    sent = ready(without("8BITMIME")).begin(transaction("ä@x.test", has_8bit=True, is_smtputf8=True)).sent[0]
    assert sent.startswith(b"MAIL FROM:<a@example.org> SIZE=5 SMTPUTF8\r\n")


@pytest.mark.parametrize(
    "parameters",
    [
        {"reverse_path": "a\r\nRSET@x.test"},
        {"recipients": {1: ClientRecipient("b@x.test>\nDATA")}},
        {"recipients": {1: ClientRecipient("b@x.test", "NEVER\r\n")}},
        {"envelope_id": "\x85"},
        {"reverse_path": "\ud800@x.test"},
    ],
)
def test_a_control_character_never_becomes_part_of_a_command(parameters):
    """
    The peer would read a second command. The session stays usable.
    """
    dialogue = ready()
    with pytest.raises(SyntaxViolation):
        dialogue.session.begin(transaction(**parameters))
    assert ([], True) == (dialogue.note().sent, dialogue.session.is_ready)


def test_letters_that_do_not_print_are_no_control_characters():
    """
    A no-break space is odd but allowed in an address.
    """
    assert "<a\u00a0b@x.test>".encode() in ready().begin(transaction("a\u00a0b@x.test")).sent[0]


@pytest.mark.parametrize(
    ("extensions", "parameters", "fate"),
    [
        (["SIZE 4"], {}, ("mail", "552 5.3.4")),
        (EXTENSIONS, {"requires_tls": True}, ("mail", "550 5.7.3")),
        (["PIPELINING"], {"has_8bit": True}, ("mail", "554 5.6.3")),
        (without("SMTPUTF8"), {"is_smtputf8": True, "has_8bit": True}, ("mail", "553 5.6.7")),
        (without("SMTPUTF8"), {"reverse_path": "ä@x.test"}, ("mail", "553 5.6.7")),
        (without("SMTPUTF8"), {"recipients": {1: ClientRecipient("ä@x.test")}}, ("rcpt", "553 5.6.7")),
    ],
)
def test_a_message_that_the_peer_cannot_take_is_not_offered(extensions, parameters, fate):
    """
    The session is ready for the next message.
    """
    dialogue = ready(extensions).begin(transaction(**parameters))
    ((stage, said),) = fates(dialogue)
    assert ([], fate, True) == (dialogue.sent, (stage, said[:9]), dialogue.session.is_ready)


def test_a_message_may_be_as_big_as_the_limit():
    """
    RFC 1870 §6.1: the limit is the size of the largest message.
    """
    assert [] != ready(["SIZE 5"]).begin(transaction()).sent


def test_a_message_in_ascii_needs_no_smtputf8_though_it_was_asked_for():
    """
    RFC 6531 §3.2 is about the octets of the message.
    """
    assert (
        b"MAIL FROM:<a@example.org> SIZE=5 BODY=8BITMIME\r\n"
        in ready(without("SMTPUTF8")).begin(transaction(has_8bit=True)).sent[0]
    )
    assert [] != ready(without("SMTPUTF8")).begin(transaction(is_smtputf8=True)).sent


def test_a_recipient_beyond_ascii_does_not_keep_the_others_from_their_mail():
    """
    Only that recipient gets 5.6.7.
    """
    dialogue = ready(without("SMTPUTF8")).begin(transaction("b@x.test", "ä@x.test", "c@x.test"))
    dialogue.hear(OK + OK + OK + GO_ON).send(b"").hear(OK)
    assert [DELIVERED, ("rcpt", "553 5.6.7"), DELIVERED] == [
        (stage, said[: len("553 5.6.7")] if stage == "rcpt" else said) for stage, said in fates(dialogue)
    ]
