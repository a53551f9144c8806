"""test_health - how much of something is enough"""

import pytest

from empath.policy.health import Diagnosis, Level, judge_least, missing_processes


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


@pytest.mark.parametrize(
    ("living", "missing"),
    [
        (["acceptor-1", "worker-1", "worker-2"], []),
        (["acceptor-1", "acceptor-1", "worker-1", "worker-2", "worker-3"], []),
        (["acceptor-1", "worker-2"], [(Level.WARNING, "only 1 of 2 workers show a sign of life")]),
        (
            [],
            [(Level.ERROR, "no acceptor shows a sign of life"), (Level.ERROR, "no worker shows a sign of life")],
        ),
    ],
)
def test_a_kind_of_process_that_is_missing_is_an_error(living: list[str], missing: list[tuple[Level, str]]) -> None:
    """
    During a reload there are more processes than the configuration asks for.
    """
    assert missing == list(missing_processes(["acceptor-1", "worker-1", "worker-2"], living))
