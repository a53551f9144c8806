"""The grammar of the commands with a name or a path."""

import pytest

from empath.mail.address import BARE_POSTMASTER, NULL_PATH, Address, ForwardPath, ReversePath
from empath.mail.envelope import BodyType, DsnReturn
from empath.smtp.server import replies
from empath.smtp.server.command import blanks_for_tabs, is_field, read_greeting, read_mail, read_recipient
from empath.smtp.server.events import Greeted, MailOffered, RecipientOffered
from empath.smtp.server.extensions import ALL
from tests.smtp.server.kit import WITHOUT_DSN

LIMIT = 10_000


def mail(argument, extensions=ALL):
    return read_mail(argument, extensions, LIMIT)


def rcpt(argument, is_smtputf8=False):
    return read_recipient(argument, ALL, is_smtputf8)


def test_mail_is_offered_with_its_parameters():
    """
    The driver gets parsed values.
    """
    expected = MailOffered(ReversePath.parse("a@b.example"), 99, BodyType.EIGHT_BIT_MIME, True, DsnReturn.FULL, "abc")
    assert expected == mail("FROM:<a@b.example> SIZE=99 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=abc")


def test_the_null_reverse_path_is_accepted():
    """
    J: reports have the null path, RFC 5321 §4.5.5.
    """
    assert MailOffered(NULL_PATH, None, BodyType.SEVEN_BIT, False, None, None) == mail("FROM:<>")


@pytest.mark.parametrize(
    ("argument", "mailbox"),
    [
        ("TO:<a@b.example>", "a@b.example"),
        ("to: <a@b.example>", "a@b.example"),
        ("TO:<Bob.Case@B.Example>", "Bob.Case@b.example"),
        ('TO:<"a b"@x.example>', '"a b"@x.example'),
        (r'TO:<"a\"b"@x.example>', r'"a\"b"@x.example'),
        ('TO:<"a>b"@x.example>', '"a>b"@x.example'),
        ("TO:<@a,@b:c@d.example>", "c@d.example"),
        ('TO:<@a,@b:"c d"@d.example>', '"c d"@d.example'),
        ("TO:<user@[192.0.2.1]>", "user@[192.0.2.1]"),
        ("TO:<user@[IPv6:2001:db8::1]>", "user@[IPv6:2001:db8::1]"),
        ("TO:<a@b.example.>", "a@b.example"),
        ("TO:<a@bücher.example>", "a@xn--bcher-kva.example"),
        ("TO:<a@xn--bcher-kva.example>", "a@xn--bcher-kva.example"),
    ],
)
def test_a_path_is_read_into_one_spelling(argument, mailbox):
    """
    A3, J: quotes, source routes, literals, letter case, A- and U-labels.
    """
    assert RecipientOffered(ForwardPath(Address.parse(mailbox)), None, None) == rcpt(argument)
    offer = mail("FROM:" + argument.partition(":")[2])
    assert ReversePath.parse(mailbox) == offer.reverse_path


@pytest.mark.parametrize("text", ["postmaster", "Postmaster", "POSTMASTER"])
def test_postmaster_needs_no_domain(text):
    """
    A3: RFC 5321 §4.5.1 makes every server take mail for its postmaster.
    """
    assert RecipientOffered(BARE_POSTMASTER, None, None) == rcpt(f"TO:<{text}>")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a@b.example",
        "<a@b.example",
        "a@b.example>",
        "<a>",
        "<@b.example>",
        "<a@>",
        "<a@192.0.2.1>",
        "<a@[192.0.2]>",
        "<a b@c.example>",
        "<a..b@c.example>",
        '<"a@c.example>',
        "<a@b.example>SIZE=1",
        "<<a@b.example>>",
        "<a\x00b@c.example>",
        "<a\rb@c.example>",
        "<a\x1b[2J@c.example>",
        '<"a\x07b"@c.example>',
        "<a@c\x7f.example>",
        "<a\x9bb@c.example>",
        "<@a\x01:b@c.example>",
        "<" + "a" * 245 + "@b.example>",
        "<a@" + "b." * 130 + "example>",
    ],
)
def test_a_bad_path_is_refused(path):
    """
    A3: no control character gets into an address, a log line or a terminal.
    """
    assert replies.BAD_SENDER == mail(f"FROM:{path}")
    assert replies.BAD_RECIPIENT == rcpt(f"TO:{path}")


def test_the_null_path_is_no_recipient():
    """
    A3: only a reverse-path may be null.
    """
    assert replies.BAD_RECIPIENT == rcpt("TO:<>")


@pytest.mark.parametrize("argument", ["", "<a@b.example>", "FRÖM:<a@b.example>", "T0:<a@b.example>"])
def test_a_command_without_its_keyword_is_a_syntax_error(argument):
    """
    RFC 5321 §4.1.1.2: FROM: and TO: are part of the command.
    """
    assert replies.MAIL_SYNTAX == mail(argument)
    assert replies.RCPT_SYNTAX == rcpt(argument)


def test_parameters_that_are_refused_refuse_the_command():
    assert replies.UNKNOWN_PARAMETER == mail("FROM:<a@b.example> FOO=1")
    assert replies.UNKNOWN_PARAMETER == rcpt("TO:<a@b.example> FOO=1")
    assert replies.DSN_NOT_OFFERED == mail("FROM:<a@b.example> RET=FULL", WITHOUT_DSN)


def test_a_declared_size_over_the_limit_is_552():
    """
    B5: the client need not send a message that the server will refuse.
    """
    assert LIMIT == mail(f"FROM:<a@b.example> SIZE={LIMIT}").size
    assert replies.TOO_BIG == mail(f"FROM:<a@b.example> SIZE={LIMIT + 1}")


def test_a_local_part_beyond_ascii_needs_smtputf8():
    """
    RFC 6531 §3.5: without it no command can carry the address to the next host. A domain alone can go in A-labels.
    """
    assert replies.SMTPUTF8_NEEDED == mail("FROM:<jürgen@b.example>")
    assert mail("FROM:<jürgen@b.example> SMTPUTF8").is_smtputf8
    assert replies.SMTPUTF8_NEEDED == rcpt("TO:<jürgen@b.example>")
    assert "jürgen@b.example" == str(rcpt("TO:<jürgen@b.example>", is_smtputf8=True).forward_path)


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("client.example", "client.example"),
        ("Client.Example", "Client.Example"),
        ("localhost", "localhost"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_greeting_names_a_domain_or_a_literal(argument, name):
    """
    RFC 5321 §4.1.1.1. The name goes unchanged into the trace field, so it must be ASCII.
    """
    assert Greeted("EHLO", name) == read_greeting("EHLO", argument)


@pytest.mark.parametrize("argument", ["", "192.0.2.1", "a b", "[192.0.2]", "[a", "a\x00.example", "-", "(evil)"])
def test_a_greeting_without_a_name_is_501(argument):
    """
    RFC 5321 §4.1.4.
    """
    assert replies.BAD_GREETING_NAME == read_greeting("HELO", argument)


def test_a_lenient_greeting_may_lack_its_name():
    """
    A12. The driver then knows the client by its address.
    """
    assert Greeted("EHLO", "") == read_greeting("EHLO", "", is_lenient=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"MAIL\tFROM:\t<a@b>\t\tSIZE=1", b"MAIL FROM: <a@b>  SIZE=1"),
        (b'RCPT TO:<"a\tb"@c>\tX', b'RCPT TO:<"a\tb"@c> X'),
        (b'RCPT TO:<"a\\"\tb"@c>\tX', b'RCPT TO:<"a\\"\tb"@c> X'),
        (b'RCPT TO:<"a\tb', b'RCPT TO:<"a\tb'),
        (b'"\\"' * 1000 + b"\t\\", b'"\\"' * 1000 + b"\t\\"),
    ],
)
def test_tabs_between_words_become_blanks(line, expected):
    """
    A12. A tab between quotes is part of an address, which it makes a bad one.
    """
    assert expected == blanks_for_tabs(line)


@pytest.mark.parametrize("word", [b"Subject:", b"From:x@y", b"http://x/"])
def test_a_header_field_is_no_command(word):
    """
    A6: these clients do not speak SMTP and would send line after line.
    """
    assert is_field(word)


@pytest.mark.parametrize("word", [b"", b"FOO", b".", b":", b"GETS", b"\xff:"])
def test_another_unknown_word_is_no_field(word):
    """
    A6: a typing error is not an attack.
    """
    assert not is_field(word)
