"""doctor_holds - the rules by which mail to come is held, because people forget them"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from empath.errors import EmpathError, SyntaxViolation
from empath.mail.words import count, instant
from empath.policy.health import Diagnosis, Level
from empath.policy.hold_rules import HoldPattern
from empath.storage.admin.hold_rules import ShownHold, all_holds
from empath.storage.engine import Engine

_SUBJECT: Final = "hold rules"


def diagnose_holds(engine: Engine, now: float) -> Iterator[Diagnosis]:
    """
    Look at the rows of hold_rule that are in force at *now*, in Unix seconds.

    A queue that cannot be read is not judged: the checks of the queue say that.
    """
    with suppress(EmpathError):
        rows = [each for each in all_holds(engine) if each.expires_at is None or each.expires_at > now]
        for row in rows:
            remedy = f"run `empath-admin hold-rule delete {row.rule}`"
            try:
                HoldPattern.parse(row.scope, row.pattern)
            except SyntaxViolation as exc:
                yield Diagnosis(_SUBJECT, Level.ERROR, f"rule {row.rule} holds nothing: {exc}", remedy)
                continue
            level = Level.OK if row.expires_at is not None else Level.WARNING
            yield Diagnosis(_SUBJECT, level, _words(row), "" if level is Level.OK else remedy)
        if not rows:
            yield Diagnosis(_SUBJECT, Level.OK, "no rule holds mail to come")


def _words(row: ShownHold) -> str:
    until = ", without an end" if row.expires_at is None else f" until {instant(row.expires_at)}"
    why = f" ({row.reason})" if row.reason else ""
    held = f"{count(row.hits, 'recipient')} held so far"
    return f"rule {row.rule} holds mail of {row.scope} {row.pattern}{until}{why}: {held}"
