"""
reply_rules - the rules about replies of hosts, as the operator has changed them

The program has the rules that it ships.  Their rows are what people see, and where they switch a rule off.
"""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Final, NamedTuple

from empath.policy.replies.bounce_class import BounceClass, BounceRule
from empath.policy.replies.reply_pattern import ReplyPattern
from empath.policy.replies.shipped_classes import SHIPPED_CLASSES
from empath.storage.engine import Row, Selects, Session
from empath.storage.write import Write

SHIPPED_FROM: Final = 10_000  # position of the first shipped rule; own ones are before it


class ClassRuleRows(NamedTuple):
    """The rows that change the table of classes: own rules, and names of shipped ones that are switched off."""

    own: tuple[Row, ...]
    off: tuple[Row, ...]

    def rules(self) -> list[BounceRule]:
        """All rules that are in force, in their order."""
        own = [
            BounceRule(f"own:{rule_id}", ReplyPattern(*pattern), BounceClass(klass))
            for rule_id, _, *pattern, klass in self.own
            if klass in tuple(BounceClass)  # a plain shell may have written another
        ]
        off = {name for (name,) in self.off}
        return own + [rule for rule in SHIPPED_CLASSES if rule.name not in off]


def read_class_rules(reader: Selects) -> ClassRuleRows:
    """
    The rows as they are now.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    own = reader.rows("reply_rules.own_class_rules")
    return ClassRuleRows(tuple(own), tuple(reader.rows("reply_rules.class_rules_off")))


def _shipped_rows() -> list[Row]:
    return [
        (position, rule.name, *astuple(rule.pattern), rule.bounce_class)
        for position, rule in enumerate(SHIPPED_CLASSES, start=SHIPPED_FROM)
    ]


class KeepShippedRules(Write):
    """Make the rows of shipped rules those of this version; a rule that was switched off stays so."""

    def run(self, session: Session) -> None:
        wanted: Sequence[Row] = _shipped_rows()
        if session.rows("reply_rules.shipped_class_rules") == wanted:
            return
        off = {name for (name,) in session.rows("reply_rules.class_rules_off")}
        session.run("reply_rules.forget_shipped_class_rules")
        for position, name, stage, code, enhanced, text, provider, klass in wanted:
            row = {"position": position, "name": name, "stage": stage, "code": code, "enhanced": enhanced}
            more = {"text": text, "provider": provider, "class": klass, "is_enabled": int(name not in off)}
            session.run("reply_rules.keep_shipped_class_rule", row | more)
