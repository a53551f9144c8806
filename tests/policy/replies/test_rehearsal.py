"""What rules would have done with the attempts on record."""

from empath.policy.replies.bounce_class import BounceClass
from empath.policy.replies.rehearsal import ShapingRehearsal
from empath.policy.replies.reply_pattern import Heard, ReplyPattern
from empath.policy.replies.shaping import ShapingRule

WAIT = Heard("mail", 421, None, "421 wait", "mx.a.test")
RULES = [
    ShapingRule("suspend", ReplyPattern(code="421"), None, "suspend", "10m"),
    ShapingRule("bounce", ReplyPattern(code="4xx"), None, "bounce", is_on=False),
    ShapingRule("rest", ReplyPattern(code="421"), None, "rest", "10m"),
    ShapingRule("odd", ReplyPattern(code="9"), None, "bounce"),
]


def test_each_rule_is_tried_apart_and_an_effect_lasts():
    """
    An operator must see what a rule would do before it acts.
    """
    rehearsal = ShapingRehearsal(RULES, longest_s=300.0)
    for at, destination, source in (
        *((0.0, "a.test", "192.0.2.1"), (299.0, "a.test", "192.0.2.2"), (299.0, "b.test", "192.0.2.2")),
        (300.0, "a.test", None),
    ):
        rehearsal.add(WAIT, BounceClass.SYSTEM, destination=destination, source=source, at=at, is_put_off=at > 0)
    no = WAIT._replace(code=550, text="550 no")
    rehearsal.add(no, BounceClass.POLICY, destination="a.test", source=None, at=1e3, is_put_off=False)
    suspend, bounce, rest, odd = rehearsal.tried
    assert (3, 2) == (rest.matches, rest.effects)
    assert (4, 3, {"a.test", "b.test"}, "421 wait") == (
        suspend.matches,
        suspend.effects,
        suspend.destinations,
        suspend.example,
    )
    assert (4, 3) == (bounce.matches, bounce.effects)
    assert (0, True) == (odd.matches, "not a reply code" in str(odd.problem))
    assert suspend.problem is None
