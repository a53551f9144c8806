"""doctor_limits - whether the rows that stand above the limits of listeners have an effect"""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from empath.config import Config
from empath.config.listener_limits import obstacle_to_limit
from empath.errors import EmpathError
from empath.mail.words import instant
from empath.policy.health import Diagnosis, Level
from empath.policy.limits.override import EVERY, LimitOverride
from empath.storage.engine import Engine
from empath.storage.queue.listener_limits import limits_in_force

_SUBJECT: Final = "limits"


def diagnose_limits(config: Config, engine: Engine, now: float) -> Iterator[Diagnosis]:
    """
    Look at the rows of listener_limit that are in force at *now*, in Unix seconds.

    A queue that cannot be read is not judged: the checks of the queue say that.
    """
    with suppress(EmpathError):
        with engine.visiting(None) as visit:
            rows = limits_in_force(visit, now)
        known = {EVERY, *(listener.text for listener in config.listeners)}
        for row in rows:
            what = f"{row.setting} of {row.listener}"
            remedy = f"run `empath-admin limit delete {shlex.quote(row.listener)} {shlex.quote(row.setting)}`"
            if words := obstacle_to_limit(config, row):
                yield Diagnosis(_SUBJECT, Level.ERROR, f"the limit {what} is left out: {words}", remedy)
            elif row.listener not in known:
                words = "the configuration has no such listener"
                yield Diagnosis(_SUBJECT, Level.WARNING, f"the limit {what} has no effect: {words}", remedy)
            else:
                yield Diagnosis(_SUBJECT, Level.OK, in_force_words(row))
        if not rows:
            yield Diagnosis(_SUBJECT, Level.OK, "no limit of a listener stands above the file")


def in_force_words(row: LimitOverride) -> str:
    """What *row* says, for people."""
    until = "" if row.expires_at is None else f" until {instant(row.expires_at)}"
    why = f" ({row.reason})" if row.reason else ""
    return f"{row.setting} of {row.listener} is {row.value}{until}{why}, above the file"
