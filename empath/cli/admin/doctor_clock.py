"""doctor_clock - whether something keeps the clock of this host right"""

import ctypes
from typing import Final

from empath.policy.health import Diagnosis, Level

_UNSYNCHRONIZED: Final = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_OCTETS: Final = 512  # more than struct timex has
_MEND: Final = "keep it synchronized, for example by `timedatectl set-ntp true`"


def clock_state() -> int:
    """The state that the kernel gives its clock, of adjtimex(2); -1 where it does not say."""
    asked = ctypes.create_string_buffer(_TIMEX_OCTETS)  # all zero: it changes nothing
    return int(ctypes.CDLL(None).adjtimex(asked))


def diagnose_clock(state: int) -> Diagnosis:
    """What *state* means. Dates, signatures and certificates of others are compared with this clock."""
    if state == _UNSYNCHRONIZED:
        return Diagnosis("time", Level.WARNING, "nothing synchronizes the clock of this host", _MEND)
    return Diagnosis("time", Level.OK, "the clock is synchronized" if state >= 0 else "the kernel does not say")
