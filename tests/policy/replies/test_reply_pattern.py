"""Which replies a rule is about."""

import pytest

from empath.errors import SyntaxViolation
from empath.policy.replies.reply_pattern import MOST_TEXT, Heard, ReplyPattern

HEARD = Heard("rcpt", 550, "5.7.1", "550 5.7.1 Blocked", "mx1.mail.example.net")
OWN = Heard("connect", None, None, "451 no connection", "")


@pytest.mark.parametrize(
    "conditions",
    [
        {"stage": "rcpt"},
        {"code": "550"},
        {"code": "55x"},
        {"code": "5xx"},
        {"enhanced": "5.7.1"},
        {"enhanced": "*.7.1"},
        {"enhanced": "5.7.*"},
        {"enhanced": "5.*.1"},
        {"text": "blocked"},
        {"provider": "*.example.net"},
        {"provider": "other.example mx1.mail.example.net"},
        {"stage": "rcpt", "code": "550", "enhanced": "5.7.1", "text": "block", "provider": "*.mail.example.net"},
    ],
)
def test_conditions_that_hold(conditions):
    """
    All of them must hold; one that is not given always does.
    """
    assert ReplyPattern(**conditions).test()(HEARD)


@pytest.mark.parametrize(
    "conditions",
    [
        {"stage": "data"},
        {"code": "551"},
        {"code": "4xx"},
        {"enhanced": "5.7.2"},
        {"enhanced": "*.7.2"},
        {"enhanced": "4.7.*"},
        {"text": "listed"},
        {"provider": "*.mx1.mail.example.net"},
        {"provider": "example.net"},
        {"stage": "rcpt", "code": "551"},
    ],
)
def test_conditions_that_do_not_hold(conditions):
    """
    One that fails is enough.
    """
    assert not ReplyPattern(**conditions).test()(HEARD)


@pytest.mark.parametrize(
    "conditions", [{"code": "4xx"}, {"enhanced": "*.4.1"}, {"enhanced": "4.4.*"}, {"enhanced": "4.4.1"}]
)
def test_what_this_host_says_by_itself_has_no_code(conditions):
    """
    A rule about codes is about the words of other hosts.
    """
    assert not ReplyPattern(**conditions).test()(OWN)


def test_only_the_text_on_record_is_searched():
    """
    So a rule says the same of a reply that comes now and of one on record.
    """
    assert not ReplyPattern(text="end$").test()(OWN._replace(text="x" * MOST_TEXT + "end"))


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({}, "needs a condition"),
        ({"stage": "lunch"}, "not a stage"),
        ({"code": "650"}, "not a reply code"),
        ({"code": "5x0"}, "not a reply code"),
        ({"enhanced": "*.*.*"}, "not an enhanced"),
        ({"enhanced": "3.1.1"}, "not an enhanced"),
        ({"text": "(a+)+"}, "repeated group"),
        ({"provider": " "}, "1 to 20"),
        ({"provider": "*"}, "takes no"),
        ({"provider": "a..b"}, "domain"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(conditions, words):
    """
    The sentence is what a person reads who wrote it.
    """
    with pytest.raises(SyntaxViolation, match=words):
        ReplyPattern(**conditions).test()
