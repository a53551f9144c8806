"""The authentication protocol of Dovecot, as a client speaks it."""

import base64

import pytest

from empath.errors import SyntaxViolation
from empath.smtp.sasl.dovecot import MAX_LINE_OCTETS, MAX_OCTETS, DovecotAnswer, DovecotExchange

GREETING = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t31\nCUID\t7\nCOOKIE\t00\nDONE\n"


def exchange(name="alice", is_secured=False, peer="192.0.2.1"):
    return DovecotExchange(name, "pencil", client_id=77, peer=peer, is_secured=is_secured)


def test_a_request_follows_the_greeting():
    """
    The response is the last word of a request.
    """
    dialogue = exchange()
    assert b"VERSION\t1\t1\nCPID\t77\n" == dialogue.octets_to_send()
    dialogue.receive(GREETING)
    response = base64.b64encode(b"\0alice\0pencil")
    assert (
        b"AUTH\t1\tPLAIN\tservice=smtp\trip=192.0.2.1\tno-penalty\tresp=" + response + b"\n"
        == dialogue.octets_to_send()
    )
    assert b"" == dialogue.octets_to_send()
    assert dialogue.answer is None


def test_a_secured_client_is_named_as_such():
    """
    Dovecot refuses plain passwords in the clear where it is set to.
    """
    dialogue = exchange(is_secured=True)
    dialogue.receive(GREETING)
    assert b"\tsecured\tresp=" in dialogue.octets_to_send()


def test_no_word_breaks_a_line():
    dialogue = exchange(peer="a\tb\nc\rd\x01e\x00f")
    dialogue.receive(GREETING)
    assert b"\trip=a\x01tb\x01nc\x01rd\x011e\x010f\tno-penalty\tresp=" in dialogue.octets_to_send()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"OK\t1\tuser=alice", DovecotAnswer.PROVED),
        (b"FAIL\t1\tuser=alice", DovecotAnswer.WRONG),
        (b"FAIL\t1\tuser=alice\ttemp", DovecotAnswer.LATER),
        (b"FAIL\t1\tcode=temp_fail", DovecotAnswer.LATER),
        (b"CONT\t1\t", DovecotAnswer.WRONG),
        (b"OK\t2\tuser=alice", None),
        (b"NEWS", None),
    ],
)
def test_each_answer_has_its_meaning(line, answer):
    dialogue = exchange()
    octets = GREETING + line + b"\n"
    for at in range(len(octets)):
        assert dialogue.answer is None
        dialogue.receive(octets[at : at + 1])
    assert answer == dialogue.answer


@pytest.mark.parametrize("octets", [b"VERSION\t2\t0\n", b"x" * (MAX_LINE_OCTETS + 1), b"X\n" * MAX_OCTETS])
def test_another_protocol_is_an_error(octets):
    with pytest.raises(SyntaxViolation):
        exchange().receive(octets)
