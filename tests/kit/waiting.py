"""
waiting - poll until a condition holds, or fail after a deadline that only a broken run meets

A condition is asked a hundred times a second. What is costly to open, and `kept` for it, stays open from the first time
to the end of the wait.
"""

import select
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

DEADLINE_S = 60.0
_PAUSE_S = 0.01


def eventually(condition: Callable[[], T], what: str = "", deadline_s: float = DEADLINE_S) -> T:
    """
    The first true value of *condition*.

    Raises:
        AssertionError: it was not true within *deadline_s*.
    """
    deadline = time.monotonic() + deadline_s
    with _KEPT.for_a_wait():
        while not (value := condition()):
            assert time.monotonic() < deadline, f"not within {deadline_s:g} s: {what or condition}"
            select.select([], [], [], _PAUSE_S)
    return value


@contextmanager
def kept(key: Hashable, opened: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    """What *opened* opens, for the `with`; within a condition for the whole wait, and the same for the same *key*."""
    if _KEPT.until is None:
        with opened() as value:
            yield value
        return
    if key not in _KEPT.values:
        _KEPT.values[key] = _KEPT.until.enter_context(opened())
    yield _KEPT.values[key]


class _Kept(threading.local):
    """What the condition keeps that this thread waits for."""

    def __init__(self) -> None:
        self.until: ExitStack | None = None
        self.values: dict[Hashable, Any] = {}

    @contextmanager
    def for_a_wait(self) -> Iterator[None]:
        """Keep for the `with`. A wait within a condition keeps for that condition."""
        if self.until is not None:
            yield
            return
        with ExitStack() as stack:
            self.until = stack
            try:
                yield
            finally:
                self.until, self.values = None, {}


_KEPT = _Kept()
