"""Addresses without a domain in the header of a local program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.qualify import qualified


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("root (Cron Daemon)", "root@h.test (Cron Daemon)"),
        ("monitoring <root>", "monitoring <root@h.test>"),
        ('"A, B" <root>, you', '"A, B" <root@h.test>, you@h.test'),
        ("root, a@b.test, C <c@d.test>,, you ;", "root@h.test, a@b.test, C <c@d.test>,, you@h.test ;"),
        ("all: root, you;", "all: root@h.test, you@h.test;"),
        ("root,\r\n\tyou (not, me)", "root@h.test,\r\n\tyou@h.test (not, me)"),
        ("(the \\) one) root", "(the \\) one) root@h.test"),
        ("undisclosed-recipients:;", "undisclosed-recipients:;"),
        ("A B", "A B"),
        ("<>", "<>"),
        ('"root"', '"root"'),
        ('"a\\"b" <root>', '"a\\"b" <root@h.test>'),
        ("=?utf-8?q?x?=", "=?utf-8?q?x?="),
        ("J\u00f6rg <root>", "J\u00f6rg <root@h.test>"),
        ("root)", "root@h.test)"),
        ('"root', '"root'),
        ("<root", "<root"),
        ("root (", "root ("),
        ("", ""),
    ],
)
def test_an_address_without_a_domain_gets_that_of_the_host(value, expected):
    """
    As Postfix does it for programs of its host. What cannot be read with certainty stays.
    """
    for name in ("From", "to", "Reply-To ", "Resent-Cc"):
        content = f"Subject: root\r\n{name}: {value}\r\n\r\nFrom: root\r\n"
        assert (
            f"Subject: root\r\n{name}: {expected}\r\n\r\nFrom: root\r\n"
            == qualified(content.encode(), "h.test").decode()
        )


@pytest.mark.parametrize("content", ["", "\r\nTo: root\r\n", "hello\r\nTo: root\r\n\r\n"])
def test_text_without_a_header_stays(content):
    assert content.encode() == qualified(content.encode(), "h.test")


def test_the_line_of_a_mailbox_file_is_no_field():
    assert b"From root Mon\r\nTo: you@h.test\r\n" == qualified(b"From root Mon\r\nTo: you\r\n", "h.test")


@given(value=st.text(alphabet='a@.<>()",:;\\ ', max_size=40))
def test_nothing_is_lost_and_a_second_time_changes_nothing(value):
    content = f"To: {value}\r\n".encode()
    once = qualified(content, "h.test")
    assert content == once.replace(b"@h.test", b"")
    assert once == qualified(once, "h.test")
