"""What XCLIENT and XFORWARD say about a client."""

import pytest

from empath.mail.reply import Reply
from empath.smtp.server.peer_attributes import XCLIENT_ATTRIBUTES, XFORWARD_ATTRIBUTES, origin_text, read_attributes


@pytest.mark.parametrize(
    ("argument", "attributes"),
    [
        ("NAME=spike.test ADDR=192.0.2.1", {"NAME": "spike.test", "ADDR": "192.0.2.1"}),
        ("addr=IPV6:2001:DB8::1 Name=SPIKE.test", {"ADDR": "2001:db8::1", "NAME": "spike.test"}),
        ("ADDR=2001:db8::1", {"ADDR": "2001:db8::1"}),
        ("NAME=[UNAVAILABLE] REVERSE_NAME=[TEMPUNAVAIL] LOGIN=[unavailable]",
         {"NAME": None, "REVERSE_NAME": None, "LOGIN": None}),
        ("HELO=a+20b+2Bc  PROTO=esmtp", {"HELO": "a b+c", "PROTO": "ESMTP"}),
        ("ADDR=192.0.2.1 PROTO=LMTP", {"ADDR": "192.0.2.1", "PROTO": "LMTP"}),
        ("LOGIN=user+40a.test PORT=65535 DESTADDR=192.0.2.9 DESTPORT=25",
         {"LOGIN": "user@a.test", "PORT": "65535", "DESTADDR": "192.0.2.9", "DESTPORT": "25"}),
    ],
)  # fmt: skip
def test_xclient_names_the_client(argument, attributes):
    """
    The examples of XCLIENT_README of Postfix are among these.
    """
    assert attributes == read_attributes(argument, XCLIENT_ATTRIBUTES)


def test_xforward_has_attributes_of_its_own():
    """
    An unknown address, and any protocol: they are for the log only.
    """
    attributes = {"IDENT": "4XyZ", "SOURCE": "REMOTE", "ADDR": None, "PROTO": "ESMTPS"}
    found = read_attributes("IDENT=4XyZ SOURCE=REMOTE ADDR=[UNAVAILABLE] PROTO=ESMTPS", XFORWARD_ATTRIBUTES)
    assert attributes == found
    assert isinstance(read_attributes("IDENT=4XyZ SOURCE=REMOTE", XCLIENT_ATTRIBUTES), Reply)


@pytest.mark.parametrize(
    "argument",
    [
        *("", "  ", "NAME", "NAME=", "FOO=1", "=1", "NAME=a NAME=b", "ADDR=spike.test", "ADDR=192.0.2.256"),
        *("ADDR=IPV6:192.0.2.1", "ADDR=fe80::1%25", "ADDR=[UNAVAILABLE]", "PORT=65536", "PORT=x", "PORT=-1"),
        *("PROTO=UUCP", "HELO=a+0Ab", "HELO=a+7Fb", "HELO=a+1", "HELO=" + "x" * 256, "NAME=a+20b", "LOGIN=a+00"),
    ],
)
def test_what_no_client_can_have_is_refused(argument):
    """
    A client without an address would have the rights of the one that speaks for it; control characters would reach the
    log.
    """
    refusal = read_attributes(argument, XCLIENT_ATTRIBUTES)
    assert isinstance(refusal, Reply)
    assert b"501 5.5.4 " == refusal.octets[:10]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"NAME": "c.test", "ADDR": "192.0.2.1", "IDENT": "ABC"}, "c.test[192.0.2.1] ABC"),
        ({"NAME": None, "HELO": "h.test", "IDENT": None}, "h.test[unknown]"),
        ({}, "unknown[unknown]"),
    ],
)
def test_the_origin_of_a_message_is_one_text(attributes, expected):
    """
    What a host does not know is said to be unknown.
    """
    assert expected == origin_text(attributes)
