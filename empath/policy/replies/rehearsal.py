"""
rehearsal - what rules would have done with the attempts on record

A rule of shaping is tried apart from the others.  A destination that it would have suspended or slowed, or a source
address that would rest, has no second effect until that one ends, as in use.
"""

from dataclasses import dataclass, field

from empath.policy.replies.bounce_class import BounceClass
from empath.policy.replies.reply_pattern import Heard
from empath.policy.replies.shaping import Action, ShapingRule, ShapingRules


@dataclass(slots=True)
class Tried:
    """
    One rule and what it would have done.

    Shape: matches counts replies, effects what would have followed; for a bounce these are recipients that would not
    have been tried again. example is the last reply that matched. problem says why the rule cannot be read.
    """

    rule: ShapingRule
    matches: int = 0
    effects: int = 0
    destinations: set[str] = field(default_factory=set)
    example: str | None = None
    problem: str | None = None


class ShapingRehearsal:
    """Takes attempts, oldest first."""

    def __init__(self, rules: list[ShapingRule], *, longest_s: float) -> None:
        self.tried = [Tried(rule) for rule in rules]
        self._ends: dict[tuple[str, str], float] = {}  # of the last effect, by rule and destination or source
        self._alone = []
        for each in self.tried:
            alone = ShapingRules([each.rule], longest_s=longest_s)
            each.problem = alone.problems.get(each.rule.name)
            self._alone.append((each, alone))

    def add(
        self,
        heard: Heard,
        bounce_class: BounceClass,
        *,
        destination: str,
        source: str | None,
        at: float,
        is_put_off: bool,
    ) -> None:
        """
        One reply at *at*, in Unix seconds.

        *source* is the address of [sources] that heard it; *is_put_off*: the recipient was to be tried again.
        """
        for each, alone in self._alone:
            effect = alone.find(heard, bounce_class, has_source=source is not None)
            if effect is None:
                continue
            each.matches += 1
            each.example = heard.text
            each.destinations.add(destination)
            if effect.action is Action.BOUNCE:
                each.effects += is_put_off and heard.code is not None
                continue
            on = source if effect.action is Action.REST and source is not None else destination
            if self._ends.get((effect.rule, on), 0.0) <= at:
                self._ends[effect.rule, on] = at + effect.duration_s
                each.effects += 1
