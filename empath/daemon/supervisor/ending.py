"""ending - how a process ended, from its wait status"""

import os
import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """Shape: either the exit code or the name of the signal that ended the process; the other is None."""

    code: int | None = None
    signal: str | None = None

    @property
    def text(self) -> str:
        """`exit code 1` or `signal SIGKILL`."""
        return f"exit code {self.code}" if self.signal is None else f"signal {self.signal}"


def find_ending(status: int) -> Ending | None:
    """The ending that a status of waitpid(2) tells; None if the process was only stopped or continued."""
    if os.WIFEXITED(status):
        return Ending(code=os.WEXITSTATUS(status))
    if os.WIFSIGNALED(status):
        return Ending(signal=signal_name(os.WTERMSIG(status)))
    return None


def signal_name(number: int) -> str:
    """`SIGKILL`, `SIGRTMIN+1`; `SIG32` for a number without a name, such as those that the C library reserves."""
    try:
        return signal.Signals(number).name
    except ValueError:
        if signal.SIGRTMIN < number < signal.SIGRTMAX:
            return f"SIGRTMIN+{number - signal.SIGRTMIN}"
        return f"SIG{number}"
