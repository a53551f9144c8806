"""Addresses that get no more mail."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.policy.replies.bounce_class import BounceClass
from empath.policy.suppression import Suppressed, SuppressionRules, best, keys_of, parse_suppressed, refusal
from tests.kit.queue import said_by_host

RULES = SuppressionRules(frozenset({BounceClass.BAD_MAILBOX, BounceClass.LOCAL}), 60.0)
NEVER = Said(Stage.RCPT, said_by_host("550 5.1.1 no"))


@pytest.mark.parametrize(
    ("text", "key"), [("Ann@Example.ORG", "ann@example.org"), ("@Bücher.example", "@xn--bcher-kva.example")]
)
def test_a_row_is_an_address_or_a_domain(text, key):
    """
    As rows have it, so that one look-up finds it.
    """
    assert key == parse_suppressed(text)


@pytest.mark.parametrize("text", ["ann", "@", "@a b", ""])
def test_anything_else_is_refused(text):
    """
    It would suppress nothing.
    """
    with pytest.raises(SyntaxViolation, match="neither"):
        parse_suppressed(text)


def test_the_row_of_an_address_comes_before_that_of_its_domain():
    """
    Its reason is the closer one.
    """
    rows = [Suppressed("@a.test", "gone", None), Suppressed("ann@a.test", "full", None)]
    assert ("ann@a.test", "@a.test") == keys_of("Ann@a.test")
    assert rows[1] is best(rows, "Ann@a.test")
    assert rows[0] is best(rows, "bob@a.test")
    assert best(rows, "bob@b.test") is None


@pytest.mark.parametrize(
    ("row", "reply"),
    [
        (Suppressed("a@b.test", "550 no such user", "bad-mailbox"), "550 5.1.1 suppressed: 550 no such user"),
        (Suppressed("a@b.test", "off", "inactive-mailbox"), "550 5.2.1 suppressed: off"),
        (Suppressed("a@b.test", None, "quota"), "550 5.7.1 suppressed: quota"),
        (Suppressed("@b.test", None, None), "550 5.7.1 suppressed: @b.test, by the operator"),
        (Suppressed("a@b.test", "x" * 300, None), "550 5.7.1 suppressed: " + "x" * 200),
    ],
)
def test_the_refusal_says_why(row, reply):
    """
    A sender can ask the operator only about what is in the report.
    """
    assert reply == str(refusal(row))


@pytest.mark.parametrize(
    ("status", "said", "bounce_class", "until"),
    [
        (RecipientStatus.BOUNCED, NEVER, "bad-mailbox", 160.0),
        (RecipientStatus.BOUNCED, NEVER, "quota", None),
        (RecipientStatus.BOUNCED, NEVER, "local", None),
        (RecipientStatus.EXPIRED, NEVER, "bad-mailbox", None),
        (RecipientStatus.BOUNCED, Said(Stage.RCPT, said_by_host("450 no")), "bad-mailbox", None),
        (RecipientStatus.BOUNCED, Said(Stage.LOCAL, Reply.of("550 5.1.1 no")), "bad-mailbox", None),
    ],
)
def test_only_what_a_host_refuses_for_good_suppresses_an_address(status, said, bounce_class, until):
    """
    A fault of this host, or one that passes, says nothing of the address.
    """
    assert until == RULES.until(status, said, bounce_class, 100.0)
