"""test_health - how much of something is enough"""

import pytest

from empath.policy.health import Diagnosis, Level, judge_least


@pytest.mark.parametrize(
    ("have", "level", "remedy"),
    [(0, Level.ERROR, "make room"), (9, Level.ERROR, "make room"), (10, Level.WARNING, "make room"),
     (19, Level.WARNING, "make room"), (20, Level.OK, "")],
)  # fmt: skip
def test_less_than_needed_is_an_error_and_less_than_twice_a_warning(have: float, level: Level, remedy: str) -> None:
    """
    A warning comes while there is still time.
    """
    found = judge_least("disk", "some", have=have, need=10, remedy="make room")
    assert Diagnosis("disk", level, "some", remedy) == found
