# ruff: noqa: E501 - a rule is a line
"""
shaping - what a reply leads to for its destination, beyond the fate of one recipient

A table of rules, the first that fits decides: those of the operator, then those that Empath ships.  A rule suspends the
destination for a time, sets something of it for a time, such as fewer connections, bounces the recipient at once
instead of trying again, or lets the source address that the host refused rest, so that others of its pool take its share.  No effect lasts longer than [shaping] says, and each ends by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from empath.errors import SyntaxViolation
from empath.policy.destinations.settings import SETTINGS
from empath.policy.replies.bounce_class import BounceClass
from empath.policy.replies.reply_pattern import Heard, ReplyPattern
from empath.policy.units import parse_duration

SLOWING: Final = ("concurrency", "rate")  # settings of a destination that a rule may set


class Action(StrEnum):
    """What a rule does."""

    SUSPEND = "suspend"
    SLOW = "slow"
    BOUNCE = "bounce"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class ShapingRule:
    """
    One rule.

    Shape: name is unique, `own:7` for row 7 of the operator; bounce_class is a further condition, None for any class;
    duration is text such as `15m`, None for a bounce; value is a setting and its value, such as `concurrency 2`, for
    slowing only. is_on: in force unless an operator switches it off; else it waits for one to switch it on.
    """

    name: str
    pattern: ReplyPattern
    bounce_class: str | None
    action: str
    duration: str | None = None
    value: str | None = None
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """
    What a rule does to a destination, or to the address that mail went out from.

    Shape: duration_s is at most the bound of [shaping]; setting and value are None unless the action is SLOW.
    """

    rule: str
    action: Action
    duration_s: float
    setting: str | None = None
    value: str | None = None


class ShapingRules:
    """
    A table of rules, in their order.

    Shape: problems has a sentence for each rule that cannot be read, by its name; such a rule is left out.
    """

    def __init__(self, rules: Iterable[ShapingRule], *, longest_s: float) -> None:
        self.problems: dict[str, str] = {}
        self._rules = []
        for rule in rules:
            try:
                test = None if rule.pattern == ReplyPattern() else rule.pattern.test()
                if test is None and rule.bounce_class is None:
                    raise SyntaxViolation("a rule needs a condition: stage, code, enhanced, text, provider or class")
                self._rules.append((test, rule.bounce_class, _effect_of(rule, longest_s)))
            except SyntaxViolation as exc:
                self.problems[rule.name] = str(exc)

    def find(self, heard: Heard, bounce_class: BounceClass, *, has_source: bool) -> Effect | None:
        """
        What follows from a reply of this class; None: nothing.

        *has_source*: the mail went out from an address of [sources]. Without one, no rule that rests it fits.
        """
        for test, wanted, effect in self._rules:
            if effect.action is Action.REST and not has_source:
                continue
            if (wanted is None or wanted == bounce_class) and (test is None or test(heard)):
                return effect
        return None


def _effect_of(rule: ShapingRule, longest_s: float) -> Effect:
    if rule.action not in tuple(Action):
        raise SyntaxViolation(f"not an action: {rule.action!r} (use {', '.join(Action)})")
    if rule.bounce_class is not None and rule.bounce_class not in tuple(BounceClass):
        raise SyntaxViolation(f"not a class: {rule.bounce_class!r}")
    action = Action(rule.action)
    if (rule.duration is None) != (action is Action.BOUNCE):
        raise SyntaxViolation("suspend, slow and rest need a duration, and bounce takes none")
    if (rule.value is None) != (action is not Action.SLOW):
        raise SyntaxViolation("slow needs a value such as concurrency 2, and the other actions take none")
    duration_s = 0.0 if rule.duration is None else min(parse_duration(rule.duration), longest_s)
    if rule.value is None:
        return Effect(rule.name, action, duration_s)
    setting, _, value = rule.value.partition(" ")
    if setting not in SLOWING or setting not in SETTINGS:
        raise SyntaxViolation(f"slow takes concurrency or rate, not {setting!r}")
    SETTINGS[setting].read(value)
    return Effect(rule.name, action, duration_s, setting, value)


def _rule(
    name: str,
    action: Action,
    duration: str | None = None,
    *,
    text: str | None = None,
    enhanced: str | None = None,
    code: str | None = None,
    provider: str | None = None,
    of_class: BounceClass | None = None,
    value: str | None = None,
    is_on: bool = True,
) -> ShapingRule:
    return ShapingRule(
        name, ReplyPattern(None, code, enhanced, text, provider), of_class, action, duration, value, is_on
    )


_GOOGLE: Final = "*.google.com *.googlemail.com"
_MICROSOFT: Final = "*.protection.outlook.com *.mx.microsoft"
_YAHOO: Final = "*.yahoodns.net *.yahoo.com *.aol.com"

# In force are those by which a large provider says that this host is to wait: each further attempt there makes its opinion
# of the host worse.  The others are choices of the operator.
SHIPPED_SHAPING: Final = (
    _rule("google-flood", Action.SUSPEND, "15m", enhanced="4.7.28", provider=_GOOGLE),
    _rule("google-wait", Action.SUSPEND, "15m", code="421", text="unusual rate|try again later, closing", provider=_GOOGLE),
    _rule("microsoft-busy", Action.SUSPEND, "15m", code="4xx", text=r"4\.7\.5\d\d|\(as77\d", provider=_MICROSOFT),
    _rule("microsoft-reputation", Action.SUSPEND, "15m", code="4xx", text=r"rp-00\d|4\.7\.65\d", provider=_MICROSOFT),
    _rule("yahoo-wait", Action.SUSPEND, "30m", code="421", text=r"\[tss?\d\d\]", provider=_YAHOO),
    _rule("apple-wait", Action.SUSPEND, "15m", code="421", of_class=BounceClass.RATE, provider="*.icloud.com *.apple.com"),
    _rule("listed", Action.SUSPEND, "15m", of_class=BounceClass.SPAM_BLOCK, is_on=False),
    _rule("listed-source", Action.REST, "6h", of_class=BounceClass.SPAM_BLOCK, is_on=False),
    _rule("rate", Action.SLOW, "30m", code="4xx", of_class=BounceClass.RATE, value="concurrency 2", is_on=False),
    _rule("full-mailbox", Action.BOUNCE, code="4xx", of_class=BounceClass.QUOTA, is_on=False),
    _rule("inactive-mailbox", Action.BOUNCE, code="4xx", of_class=BounceClass.INACTIVE_MAILBOX, is_on=False),
    _rule("unknown-mailbox", Action.BOUNCE, code="4xx", of_class=BounceClass.BAD_MAILBOX, is_on=False),
)  # fmt: skip
