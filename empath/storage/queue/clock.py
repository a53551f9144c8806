"""
clock - what waits keeps its schedule when the wall clock is set back

The instants in rows come from the clock as it was then.  After the clock is set back by a day, mail that was due at
once would wait for a day.  So each waiting recipient becomes due earlier by the size of the step, but not before now.
The same holds of a breaker, a wait for a token and a suspension by a shaping rule.
"""

from empath.storage.engine import Reader, Selects, Session
from empath.storage.write import Write

RECIPIENTS = 1000  # size of one slice


def latest_beat(reader: Reader) -> float | None:
    """The latest instant at which a process lived, Unix seconds by the clock of that time."""
    at: float | None = reader.value("clock.latest_beat")
    return at


class BringForward(Write):
    """
    Make one slice of the recipients numbered above *after* due earlier by *step_s*; `moved` counts them.

    The first slice also clamps the instants of leases and beats to *now*, and brings forward what holds destinations
    back: breakers, waits for tokens and suspensions by shaping rules.
    """

    def __init__(self, after: int, *, now: float, step_s: float) -> None:
        super().__init__()
        self.moved = 0
        self.last = after + RECIPIENTS
        self._is_first = after == 0
        self._keys = {"after": after, "last": self.last, "now": now, "step_s": step_s}

    def run(self, session: Session) -> None:
        self.moved = session.run("clock.bring_forward", self._keys)
        if self._is_first:
            session.run("clock.clamp_leases", self._keys)
            session.run("clock.bring_waits_forward", self._keys)
            session.run("clock.bring_buckets_forward", self._keys)
            session.run("clock.clamp_beats", self._keys)


def last_recipient(reader: Selects) -> int:
    """The highest number of a recipient, 0 if there is none."""
    return reader.value("clock.last_recipient") or 0
