"""Mailboxes of a list, as people and programs write it."""

import pytest

from empath.errors import SyntaxViolation
from empath.message.mailbox_list import mailboxes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@x.test, b@x.test;", ["a@x.test", "b@x.test"]),
        ('"A \\" B" <a@x.test>, b@x.test (B \\) C)', ["a@x.test", "b@x.test"]),
        ("team: a@x.test, b@[IPv6:2001:db8::1];", ["a@x.test", "b@[IPv6:2001:db8::1]"]),
        ("", []),
    ],
)
def test_the_mailboxes_stand_without_names_and_comments(text, expected):
    """
    A backslash takes its meaning from the next character, in quotes and in comments.
    """
    assert expected == mailboxes(text)


@pytest.mark.parametrize("text", ["a@x.test)", "(a@x.test", '"a@x.test', "<a@x.test", "<>", "<a@x.test> b"])
def test_what_could_be_read_in_two_ways_is_refused(text):
    """
    No recipient is lost without a word.
    """
    with pytest.raises(SyntaxViolation):
        mailboxes(text)
