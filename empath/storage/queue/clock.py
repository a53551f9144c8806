"""
clock - what waits after the wall clock was set back

An instant in a row was computed by the clock of that time.  Set back by a day, the clock would let mail that is due at
once wait for a day.  Each waiting recipient is due earlier by the step, and not before now: so it keeps its schedule.
"""

from empath.storage.engine import Reader, Session
from empath.storage.write import Write

RECIPIENTS = 1000  # looked at in one slice


def latest_beat(reader: Reader) -> float | None:
    """The latest instant at which a process lived, Unix seconds by the clock of that time."""
    at: float | None = reader.value("clock.latest_beat")
    return at


class BringForward(Write):
    """
    Make the recipients numbered above *after*, one slice of them, due earlier by *step_s*; `moved` counts them.

    The first slice also clamps the instants of leases and beats to *now*.
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
            session.run("clock.clamp_beats", self._keys)


def last_recipient(reader: Reader) -> int:
    """The highest number of a recipient, 0 if there is none."""
    return reader.value("clock.last_recipient") or 0
