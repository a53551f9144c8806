"""
pauses - the orders that keep due mail from going out

An operator froze delivery as a whole, or suspended a destination until an instant.  Commands that show waiting mail say
so, because a time in the past would otherwise look like mail that goes out now.
"""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from empath.storage.engine import Selects
from empath.storage.queue.destination_rules import CLOSED_BY
from empath.storage.queue.warmup import WAITS_FOR_DAY

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Suspension:
    """One destination that gets no mail before `suspended_until`, in Unix seconds."""

    destination: str
    suspended_until: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Pauses:
    """
    The pauses of one instant.

    Shape: frozen_since in ISO 8601, None while delivery is on; suspensions has the first few by name, suspended all of
    them as a number.
    """

    frozen_since: str | None
    suspensions: tuple[Suspension, ...] = ()
    suspended: int = 0


def frozen_since(session: Selects) -> str | None:
    """The instant at which delivery was stopped, in ISO 8601; None while it is not."""
    since: str | None = session.value("admin.frozen_since")
    return since


def find_pauses(session: Selects, now: float, destination: str | None = None) -> Pauses:
    """The pauses at *now*, in Unix seconds; only those that concern *destination*, if it is given."""
    wanted = {"now": now, "destination": destination}
    found = session.rows("admin.suspensions", wanted | {"limit": _MOST_NAMED})
    suspended: int = session.value("admin.count_suspensions", wanted)
    return Pauses(frozen_since(session), tuple(Suspension(*row) for row in found), suspended)


def pauses_of(since: str | None, suspended: Iterable[Suspension]) -> Pauses:
    """The pauses that concern some rows; *suspended* has their suspended destinations."""
    by_name = sorted(suspended, key=lambda each: each.destination)
    return Pauses(since, tuple(by_name[:_MOST_NAMED]), len(by_name))


def is_for_warmup(reason: str | None) -> bool:
    """Whether a suspension with this *reason* waits for the next day of a plan: the next message brings it back."""
    return reason is not None and reason.startswith(WAITS_FOR_DAY)


def remedy(destination: str, reason: str | None = None) -> str:
    """What a person does to end the suspension of *destination*, which has this *reason*."""
    if is_for_warmup(reason):
        return "give the day a larger number: `empath-admin warmup list` shows the plan"
    return f"run `{resume_command(destination, reason)}`"


def resume_command(destination: str, reason: str | None = None) -> str:
    """The command that ends the suspension of *destination*, which has this *reason*."""
    name = shlex.quote(destination)
    if reason is not None and reason.startswith(CLOSED_BY):  # `resume` would last until the next look at the hours
        setting = reason.removeprefix(CLOSED_BY).partition(" ")[0]
        value = "00:00-24:00" if setting == "schedule" else "2000-01-01"
        return f"empath-admin rule set {name} {setting} {value} --for 1h"
    return f"empath-admin resume {name}"
