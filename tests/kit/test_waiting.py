from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import pytest

from tests.kit.waiting import eventually, kept


class Door:
    """Something that is opened and closed."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @contextmanager
    def opened(self) -> Iterator[Self]:
        self.seen.append("opened")
        try:
            yield self
        finally:
            self.seen.append("closed")

    def look(self, key: int = 0) -> int:
        """Look once; how often it was looked at."""
        with kept(key, self.opened) as door:
            door.seen.append("seen")
        return self.seen.count("seen")


def test_a_condition_opens_once_and_the_end_of_the_wait_closes() -> None:
    door = Door()
    assert eventually(lambda: door.look() == 3)
    assert ["opened", "seen", "seen", "seen", "closed"] == door.seen


def test_outside_of_a_condition_each_look_opens() -> None:
    door = Door()
    door.look()
    eventually(lambda: door.look(1) == 2 and door.look(2) == 3)
    door.look()
    assert ["opened", "seen", "closed"] == door.seen[:3] == door.seen[-3:]
    assert 4 == door.seen.count("closed")


def test_a_wait_that_fails_closes() -> None:
    door = Door()
    with pytest.raises(AssertionError, match="not within"):
        eventually(lambda: door.look() < 0, deadline_s=0.0)
    assert "closed" == door.seen[-1]
