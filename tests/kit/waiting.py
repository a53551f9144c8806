"""waiting - poll until a condition holds, or fail after a deadline that only a broken run meets"""

import select
import time
from collections.abc import Callable
from typing import TypeVar

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
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {deadline_s:g} s: {what or condition}"
        select.select([], [], [], _PAUSE_S)
    return value
