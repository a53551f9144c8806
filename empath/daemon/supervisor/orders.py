"""
orders - orders to the supervisor: signals and the housekeeper's requests, as values

Signal handlers do nothing. Python writes the number of each signal into a pipe (`signal.set_wakeup_fd`), which ends the
wait of the loop. So no code runs at an arbitrary point of the loop.
"""

import os
import signal
from collections.abc import Iterator
from enum import Enum, auto
from types import FrameType
from typing import Final

from empath.daemon.process.child import SupervisorRequest


class SupervisorOrder(Enum):
    """What the supervisor is to do."""

    STOP = auto()
    RELOAD = auto()
    REOPEN_LOG = auto()
    REAP = auto()


ORDER: Final = "order"  # cause of what comes by `ask_fd`, from the view `control`

_SIGNALS: Final = {
    signal.SIGTERM: SupervisorOrder.STOP,
    signal.SIGINT: SupervisorOrder.STOP,
    signal.SIGQUIT: SupervisorOrder.STOP,
    signal.SIGHUP: SupervisorOrder.RELOAD,
    signal.SIGUSR1: SupervisorOrder.REOPEN_LOG,
    signal.SIGCHLD: SupervisorOrder.REAP,
}
# Would end the process by default; one that was meant for another process must not stop the mail. Signals that report a
# fault of the process itself, and those of job control, keep their defaults.
_IGNORED: Final = frozenset({
    signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.SIGSTKFLT,
    signal.SIGXCPU, *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
})  # fmt: skip
# To be blocked where a supervisor is started, because it has no handlers yet. A stop may end it.
HELD_BACK: Final = _IGNORED | {signal.SIGHUP, signal.SIGUSR1}
_REQUESTS: Final = {
    SupervisorRequest.STOP: SupervisorOrder.STOP,
    SupervisorRequest.RELOAD: SupervisorOrder.RELOAD,
    SupervisorRequest.REOPEN_LOG: SupervisorOrder.REOPEN_LOG,
}


class Orders:
    """Both sources of orders. `ask_fd` is the writing end that housekeepers inherit; the loop waits for `fds`."""

    def __init__(self) -> None:
        self._signals_fd, wakeup_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._asks_fd, self.ask_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakeup_fd, warn_on_full_buffer=False)
        # A handler also for what is ignored: a child would inherit SIG_IGN.
        for number in (*_SIGNALS, *_IGNORED):
            signal.signal(number, _nothing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)

    @property
    def fds(self) -> tuple[int, int]:
        """Readable when an order waits."""
        return (self._signals_fd, self._asks_fd)

    def take(self) -> Iterator[tuple[SupervisorOrder, str]]:
        """All orders that wait, each with its cause (`SIGTERM`, `order`). Unknown octets are ignored."""
        for number in _read(self._signals_fd):
            if number in _SIGNALS:
                yield _SIGNALS[signal.Signals(number)], signal.Signals(number).name
        known = {ask.value[0]: ask for ask in SupervisorRequest}
        for octet in _read(self._asks_fd):
            if octet in known:
                yield _REQUESTS[known[octet]], ORDER


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except BlockingIOError:
        return b""


def _nothing(_number: int, _frame: FrameType | None) -> None:
    pass
