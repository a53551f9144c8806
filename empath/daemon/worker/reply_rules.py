"""
reply_rules - the class of each reply that is not a success, and what it leads to for its destination

The rules are rows that a person may edit at any time.  They are read again when a reply needs them and the last look is
a second ago: mail that is delivered costs nothing.  While the rows cannot be read, the rules of before stay in force.
"""

from collections.abc import Callable
from typing import Final

from empath.errors import EmpathError
from empath.mail.fate import Attempt, Said
from empath.policy.replies.bounce_class import BounceClass, BounceRules
from empath.policy.replies.reply_pattern import Heard
from empath.policy.replies.shaping import Effect, ShapingRules
from empath.storage.engine import Reader
from empath.storage.queue.reply_rules import (
    ClassRuleRows,
    ShapingRuleRows,
    read_class_rules,
    read_shaping_rules,
)
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.worker import ReplyRuleUnusable

_LOOK_S: Final = 1.0


def preload() -> None:
    """Compile the shipped rules: that takes 30 ms, and their patterns are kept."""
    BounceRules(ClassRuleRows((), ()).rules())
    ShapingRules(ShapingRuleRows((), ()).in_force(), longest_s=0.0)


def heard_of(attempt: Attempt, said: Said) -> Heard:
    """What the row of an attempt will say of a reply."""
    stage, reply = said
    enhanced = None if reply.enhanced is None else str(reply.enhanced)
    host = (attempt.host or "").lower()
    return Heard(str(stage), reply.code if reply.is_from_host else None, enhanced, reply.escaped(), host)


class ReplyRules:
    """The rules as they are now, for one worker."""

    def __init__(
        self,
        reader: Reader,
        emit: Emitter,
        clock: Callable[[], float],
        *,
        longest_s: float | None = None,
    ) -> None:
        """*clock* gives monotonic seconds. No effect lasts longer than *longest_s*; None: there is none."""
        self._reader = reader
        self._emit = emit
        self._clock = clock
        self._look_at = clock()
        self._longest_s = longest_s
        self._rows = ClassRuleRows((), ())
        self._classes = BounceRules(self._rows.rules())
        self._shaping_rows = ShapingRuleRows((), ())
        self._shaping = ShapingRules(self._shaping_rows.in_force(), longest_s=longest_s or 0.0)

    def class_of(self, attempt: Attempt, said: Said) -> BounceClass:
        """The class of a reply."""
        self._look()
        return self._classes.class_of(heard_of(attempt, said))

    def effect_of(self, attempt: Attempt, said: Said, bounce_class: BounceClass) -> Effect | None:
        """What a reply that has just been classified leads to; None: nothing."""
        if self._longest_s is None:
            return None
        return self._shaping.find(heard_of(attempt, said), bounce_class, has_source=attempt.source is not None)

    def _look(self) -> None:
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_S
        try:
            rows, shaping_rows = read_class_rules(self._reader), read_shaping_rules(self._reader)
        except EmpathError:
            return  # the writes that follow say so
        problems: dict[str, str] = {}
        if rows != self._rows:
            self._rows = rows
            self._classes = BounceRules(rows.rules())
            problems |= self._classes.problems
        if shaping_rows != self._shaping_rows:
            self._shaping_rows = shaping_rows
            self._shaping = ShapingRules(shaping_rows.in_force(), longest_s=self._longest_s or 0.0)
            problems |= {f"shaping {name}": problem for name, problem in self._shaping.problems.items()}
        for name, problem in problems.items():
            self._emit(ReplyRuleUnusable(rule=name, error=problem))
