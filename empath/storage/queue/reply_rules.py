"""
reply_rules - the rules about replies of hosts, as the operator has changed them

The program has the rules that it ships.  Their rows are what people see, and where they switch a rule off.
"""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final, NamedTuple

from empath.policy.replies.bounce_class import BounceClass, BounceRule
from empath.policy.replies.reply_pattern import ReplyPattern
from empath.policy.replies.shaping import SHIPPED_SHAPING, Action, Effect, ShapingRule
from empath.policy.replies.shipped_classes import SHIPPED_CLASSES
from empath.storage.engine import Row, Selects, Session
from empath.storage.write import Write

_MOST_REASON: Final = 200  # characters
_WHO: Final = "empath: shaping"  # in the audit
_CONDITIONS: Final = attrgetter("stage", "code", "enhanced", "text", "provider")  # of a ReplyPattern, as in a row
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
        (position, rule.name, *_CONDITIONS(rule.pattern), rule.bounce_class)
        for position, rule in enumerate(SHIPPED_CLASSES, start=SHIPPED_FROM)
    ]


class ShapingRuleRows(NamedTuple):
    """The rows that change the table of shaping: own rules, and which shipped ones are switched on."""

    own: tuple[Row, ...]
    switches: tuple[Row, ...]

    def rules(self) -> list[ShapingRule]:
        """All rules in their order, whether they are in force or not."""
        own = [
            ShapingRule(
                f"own:{rule_id}",
                ReplyPattern(stage, code, enhanced, text, provider),
                klass,
                action,
                duration,
                value,
                bool(is_on),
            )
            for rule_id, stage, code, enhanced, text, provider, klass, action, duration, value, is_on in self.own
        ]
        switches: dict[str, int] = dict(self.switches)
        return own + [replace(rule, is_on=bool(switches.get(rule.name, rule.is_on))) for rule in SHIPPED_SHAPING]

    def in_force(self) -> list[ShapingRule]:
        """Those that are switched on."""
        return [rule for rule in self.rules() if rule.is_on]


def read_shaping_rules(reader: Selects) -> ShapingRuleRows:
    """
    The rows as they are now.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    own = reader.rows("reply_rules.own_shaping_rules")
    return ShapingRuleRows(tuple(own), tuple(reader.rows("reply_rules.shaping_switches")))


def _shipped_shaping_rows() -> list[Row]:
    return [
        (position, rule.name, *_CONDITIONS(rule.pattern), rule.bounce_class, rule.action, rule.duration, rule.value)
        for position, rule in enumerate(SHIPPED_SHAPING, start=SHIPPED_FROM)
    ]


class Shape(Write):
    """
    Let *effect* act on *destination* at *now*, or on *source*, the address that mail went out from.

    It commits with the settle that it follows from.

    A destination that is suspended, or that a rule with an end slows already, and an address that rests stay as they
    are: replies that come at once have one effect. *company* has the other addresses of each pool that *source* is in;
    where all of these rest, it does not, because no mail could go out from that pool. After the commit `is_done` tells
    whether there was an effect, until `until`.
    """

    def __init__(
        self,
        destination: str,
        effect: Effect,
        *,
        now: float,
        reply: str,
        source: str | None = None,
        company: Sequence[Sequence[str]] = (),
    ) -> None:
        super().__init__()
        self.is_done = False
        self.source = source if effect.action is Action.REST else None
        self.company = company
        self.destination = destination
        self.effect = effect
        self.until = now + effect.duration_s
        self.reply = reply
        self._now = now

    def run(self, session: Session) -> None:
        reason = f"shaping rule {self.effect.rule}: {self.reply}"[:_MOST_REASON]
        keys = {"destination": self.destination, "now": self._now, "until": self.until, "reason": reason}
        if self.effect.action is Action.SUSPEND:
            self.is_done = bool(session.run("reply_rules.suspend", keys))
            if self.is_done:
                session.run("reply_rules.audit_suspension", keys | {"who": _WHO})
            return
        if self.effect.action is Action.REST:
            self._rest(session, keys | {"address": self.source})
            return
        keys |= {"setting": self.effect.setting, "value": self.effect.value}
        self.is_done = session.value("reply_rules.is_slowed", keys) is None
        if self.is_done:
            session.run("orders.set_actor", {"who": _WHO})
            session.run("reply_rules.slow", keys)
            session.run("orders.clear_actor")

    def _rest(self, session: Session, keys: dict[str, object]) -> None:
        self.is_done = session.value("reply_rules.is_resting", keys) is None and all(
            session.value("reply_rules.count_resting", {"addresses": list(others), "now": self._now}) < len(others)
            for others in self.company
        )
        if self.is_done:
            session.run("orders.set_actor", {"who": _WHO})
            session.run("reply_rules.rest", keys)
            session.run("orders.clear_actor")


class KeepShippedRules(Write):
    """Make the rows of shipped rules those of this version; a rule that was switched on or off stays so."""

    def run(self, session: Session) -> None:
        self._keep_classes(session)
        rows = _shipped_shaping_rows()
        if session.rows("reply_rules.shipped_shaping_rules") != rows:
            switches: dict[str, int] = dict(session.rows("reply_rules.shaping_switches"))
            session.run("reply_rules.forget_shipped_shaping_rules")
            for row, rule in zip(rows, SHIPPED_SHAPING, strict=True):
                session.run("reply_rules.keep_shipped_shaping_rule", (*row, switches.get(rule.name, int(rule.is_on))))

    def _keep_classes(self, session: Session) -> None:
        wanted: Sequence[Row] = _shipped_rows()
        if session.rows("reply_rules.shipped_class_rules") == wanted:
            return
        off = {name for (name,) in session.rows("reply_rules.class_rules_off")}
        session.run("reply_rules.forget_shipped_class_rules")
        for position, name, stage, code, enhanced, text, provider, klass in wanted:
            row = {"position": position, "name": name, "stage": stage, "code": code, "enhanced": enhanced}
            more = {"text": text, "provider": provider, "class": klass, "is_enabled": int(name not in off)}
            session.run("reply_rules.keep_shipped_class_rule", row | more)
