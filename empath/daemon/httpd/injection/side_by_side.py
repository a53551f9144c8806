"""
side_by_side - one function called for each of many items, each call in a greenlet of its own

The calls wait for each other. A greenlet that has ended its call serves another one, which saves what a new one costs.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from gevent.event import Event

from empath.daemon.process.greenlet_pool import GreenletPool
from empath.daemon.process.turns import let_others_run

T = TypeVar("T")
_AT_ONCE: Final = 8  # calls that begin before others have a turn: those of messages take a millisecond
_MOST_IDLE: Final = 100  # greenlets, 16 KiB each


class SideBySide:
    """The greenlets of one process for such calls."""

    def __init__(self) -> None:
        self._greenlets = GreenletPool(_call, _MOST_IDLE)

    def run(self, call: Callable[[T], object], items: Sequence[T]) -> None:
        """Have *call*, which catches what it raises, called with each of *items*; until all calls are over."""
        left, all_over = len(items), Event()

        def counted(item: T) -> None:
            nonlocal left
            try:
                call(item)
            finally:
                left -= 1
                if not left:
                    all_over.set()

        for number, item in enumerate(items, 1):
            self._greenlets.spawn(counted, item)
            if number % _AT_ONCE == 0:
                let_others_run()
        if left:
            all_over.wait()


def _call(call: Callable[[T], object], item: T) -> None:
    call(item)
