"""patience - how long the supervisor waits for its processes"""

from dataclasses import dataclass

from empath.daemon.process.child import DRAIN_S


@dataclass(frozen=True, slots=True)
class Patience:
    """
    Times that the supervisor allows, in seconds.

    A child that lived less than `young_s` died young: its slot waits `delay_s`, doubled by each further early death in
    a row up to `max_delay_s`. A child must be ready within `ready_s`. It is killed `drain_s` after the order to end,
    and `silent_s` after its last beat: before the housekeeper, at 30 s, gives its leases to others. The files of
    certificates are looked at every `look_s`.
    """

    young_s: float = 10.0
    delay_s: float = 0.5
    max_delay_s: float = 30.0
    ready_s: float = 60.0
    drain_s: float = DRAIN_S + 3.0
    silent_s: float = 20.0
    look_s: float = 5.0
