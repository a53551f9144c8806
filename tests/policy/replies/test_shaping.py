"""What a reply leads to for its destination."""

import pytest

from empath.policy.replies.bounce_class import BounceClass, BounceRules
from empath.policy.replies.reply_pattern import Heard, ReplyPattern
from empath.policy.replies.shaping import SHIPPED_SHAPING, Action, Effect, ShapingRule, ShapingRules
from empath.policy.replies.shipped_classes import SHIPPED_CLASSES
from tests.policy.replies.test_bounce_class import GOOGLE, OUTLOOK, YAHOO, heard

CLASSES = BounceRules(SHIPPED_CLASSES)
WAIT = ShapingRule("own:1", ReplyPattern(code="421"), None, "suspend", "15m")


def effect_of(rules, reply, longest_s=7200.0, *, has_source=False):
    return ShapingRules(rules, longest_s=longest_s).find(reply, CLASSES.class_of(reply), has_source=has_source)


def shipped(reply):
    found = effect_of([rule for rule in SHIPPED_SHAPING if rule.is_on], reply)
    return None if found is None else (found.rule, str(found.action), found.duration_s)


@pytest.mark.parametrize(
    ("line", "host", "expected"),
    [
        ("421 4.7.28 Our system has detected an unusual rate of mail", GOOGLE, ("google-flood", "suspend", 900.0)),
        ("421 4.7.0 Try again later, closing connection.", GOOGLE, ("google-wait", "suspend", 900.0)),
        ("450 4.2.1 The user is receiving mail at a rate that prevents", GOOGLE, None),
        ("451 4.7.500 Server busy. Please try again later", OUTLOOK, ("microsoft-busy", "suspend", 900.0)),
        ("421 RP-001 The mail server IP has exceeded the rate", OUTLOOK, ("microsoft-reputation", "suspend", 900.0)),
        ("421 4.7.0 [TSS04] Messages temporarily deferred", YAHOO, ("yahoo-wait", "suspend", 1800.0)),
        ("421 4.7.1 too many connections", "mx1.mail.icloud.com", ("apple-wait", "suspend", 900.0)),
        ("421 4.7.28 flood", "mx.example.org", None),
        ("450 4.2.2 mailbox full", "mx.example.org", None),
        ("550 5.7.1 listed at zen.spamhaus.org", "mx.example.org", None),
    ],
)
def test_the_rules_in_force_heed_what_large_providers_say(line, host, expected):
    """
    Nothing else has an effect unless an operator wants it.
    """
    assert expected == shipped(heard(line, host=host))


def test_every_shipped_rule_can_be_read_and_has_a_name_of_its_own():
    """
    Also those that are off, which an operator may switch on.
    """
    assert {} == ShapingRules(SHIPPED_SHAPING, longest_s=1.0).problems
    names = [rule.name for rule in SHIPPED_SHAPING]
    assert len(names) == len(set(names))


def test_the_first_rule_that_fits_decides_and_its_effect_is_bounded():
    """
    A mistake in a row must not stop a destination for days.
    """
    slow = ShapingRule("own:2", ReplyPattern(code="4xx"), "rate", "slow", "2d", "concurrency 2")
    reply = heard("421 4.7.0 too many connections")
    assert Effect("own:2", Action.SLOW, 3600.0, "concurrency", "2") == effect_of([slow, WAIT], reply, 3600.0)
    assert Effect("own:1", Action.SUSPEND, 900.0) == effect_of([WAIT, slow], reply, 3600.0)
    assert effect_of([slow], heard("450 4.2.2 full")) is None


def test_a_rule_that_rests_an_address_fits_only_where_there_is_one():
    """
    The rules behind it hold for mail whose address the system chose.
    """
    rest = ShapingRule("own:2", ReplyPattern(), "spam-block", "rest", "1d")
    listed = heard("421 4.7.1 your address is listed at zen.spamhaus.org")
    assert Effect("own:2", Action.REST, 7200.0) == effect_of([rest, WAIT], listed, has_source=True)
    assert Effect("own:1", Action.SUSPEND, 900.0) == effect_of([rest, WAIT], listed)


def test_the_shipped_rule_that_rests_an_address_waits_for_an_operator():
    """
    Where all mail goes out from one pool, a wrong class would move all of it.
    """
    [rule] = [rule for rule in SHIPPED_SHAPING if rule.action == "rest"]
    assert ("listed-source", False) == (rule.name, rule.is_on)


def test_a_class_alone_is_a_condition():
    """
    The rules of classes know the words already.
    """
    rule = ShapingRule("own:1", ReplyPattern(), "quota", "bounce")
    assert Effect("own:1", Action.BOUNCE, 0.0) == effect_of([rule], heard("450 4.2.2 full"))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (ShapingRule("own:1", ReplyPattern(), None, "bounce"), "needs a condition"),
        (ShapingRule("own:1", ReplyPattern(code="9"), None, "bounce"), "not a reply code"),
        (ShapingRule("own:1", ReplyPattern(code="450"), None, "explode"), "not an action"),
        (ShapingRule("own:1", ReplyPattern(code="450"), "odd", "bounce"), "not a class"),
        (ShapingRule("own:1", ReplyPattern(code="450"), None, "bounce", "1h"), "takes none"),
        (ShapingRule("own:1", ReplyPattern(code="450"), None, "suspend"), "need a duration"),
        (ShapingRule("own:1", ReplyPattern(code="450"), None, "suspend", "soon"), "not a duration"),
        (ShapingRule("own:1", ReplyPattern(code="450"), None, "suspend", "1h", "concurrency 2"), "take none"),
        (ShapingRule("own:1", ReplyPattern(code="450"), None, "slow", "1h"), "needs a value"),
        (ShapingRule("own:1", ReplyPattern(code="450"), None, "slow", "1h", "route mx"), "concurrency or rate"),
        (ShapingRule("own:1", ReplyPattern(code="450"), None, "slow", "1h", "concurrency 0"), "concurrency is"),
    ],
)
def test_a_rule_that_cannot_be_read_is_left_out_and_named(rule, words):
    """
    A plain shell may write any text; the other rules must go on.
    """
    rules = ShapingRules([rule, WAIT], longest_s=3600.0)
    assert ["own:1"] == list(rules.problems)
    assert words in rules.problems["own:1"]
    assert rules.find(Heard("mail", 421, None, "421 wait", ""), BounceClass.SYSTEM, has_source=False) is not None
