"""
reply_rules - the class of each reply that is not a success

The rules are rows that a person may edit at any time.  They are read again when a reply needs them and the last look is
a second ago: mail that is delivered costs nothing.  While the rows cannot be read, the rules of before stay in force.
"""

from collections.abc import Callable
from typing import Final

from empath.errors import EmpathError
from empath.mail.fate import Attempt, Said
from empath.policy.replies.bounce_class import BounceClass, BounceRules
from empath.policy.replies.reply_pattern import Heard
from empath.storage.engine import Reader
from empath.storage.queue.reply_rules import ClassRuleRows, read_class_rules
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.worker import ReplyRuleUnusable

_LOOK_S: Final = 1.0


def heard_of(attempt: Attempt, said: Said) -> Heard:
    """What the row of an attempt will say of a reply."""
    stage, reply = said
    enhanced = None if reply.enhanced is None else str(reply.enhanced)
    host = (attempt.host or "").lower()
    return Heard(str(stage), reply.code if reply.is_from_host else None, enhanced, reply.escaped(), host)


class ReplyRules:
    """The rules as they are now, for one worker."""

    def __init__(self, open_reader: Callable[[], Reader], emit: Emitter, clock: Callable[[], float]) -> None:
        """*open_reader* is called once, for the first reply; *clock* gives monotonic seconds."""
        self._open_reader = open_reader
        self._emit = emit
        self._clock = clock
        self._reader: Reader | None = None
        self._look_at = clock()
        self._rows = ClassRuleRows((), ())
        self._classes = BounceRules(self._rows.rules())

    def class_of(self, attempt: Attempt, said: Said) -> BounceClass:
        """The class of a reply."""
        self._look()
        return self._classes.class_of(heard_of(attempt, said))

    def _look(self) -> None:
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_S
        try:
            if self._reader is None:
                self._reader = self._open_reader()
            rows = read_class_rules(self._reader)
        except EmpathError:
            return  # the writes that follow say so
        if rows == self._rows:
            return
        self._rows = rows
        self._classes = BounceRules(rows.rules())
        for name, problem in self._classes.problems.items():
            self._emit(ReplyRuleUnusable(rule=name, error=problem))
