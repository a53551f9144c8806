"""Whether the service is ready, from what is known of its parts."""

import pytest

from empath.policy.health import Diagnosis, Level
from empath.policy.readiness import (
    Result,
    is_ready,
    judge_processes,
    judge_queue,
    judge_writes,
    readiness_record,
    readiness_words,
    refreshed,
    worst_of,
)

WANTED = ("housekeeper-1", "worker-1", "worker-2", "acceptor-1")


@pytest.mark.parametrize(
    ("newest_at", "level"),
    [(None, Level.ERROR), (994.9, Level.ERROR), (995.0, Level.OK), (1000.0, Level.OK), (2000.0, Level.OK)],
)
def test_a_commit_is_at_most_five_seconds_old(newest_at, level):
    """
    Each process commits a beat every two seconds. A clock that was set back makes no beat old.
    """
    assert level is judge_writes(newest_at, 1000.0).level


@pytest.mark.parametrize(
    ("beats", "level", "found"),
    [
        ([("housekeeper-1", 9.0), ("worker-1", 8.0), ("worker-2", 10.0), ("acceptor-1", 9.0)], Level.OK, "4 processes"),
        (
            [("housekeeper-1", 9.0), ("worker-1", 0.0), ("worker-2", 20.0), ("acceptor-1", 10.0)],
            Level.ERROR,
            "no house",
        ),
        ([("housekeeper-1", 9.0), ("worker-1", 9.0), ("acceptor-1", 9.0)], Level.WARNING, "only 1 of 2 workers"),
        ([("housekeeper-1", 9.0), ("acceptor-1", 9.0)], Level.ERROR, "no worker"),
        ([], Level.ERROR, "no housekeeper"),
    ],
)
def test_a_kind_of_process_without_a_beat_is_an_error(beats, level, found):
    """
    With fewer than there should be mail still comes and goes. A slot whose old process drains counts once.
    """
    diagnosis = judge_processes(beats, WANTED)
    assert (level, True) == (diagnosis.level, diagnosis.found.startswith(found))


def test_one_process_is_one():
    assert "`empathd status`" in judge_processes([], WANTED).remedy
    assert "1 process at work" == judge_processes([("worker-1", 1.0), ("worker-1", 2.0)], ["worker-1"]).found


@pytest.mark.parametrize(
    ("waiting", "oldest_s", "most", "longest_s", "beyond"),
    [
        (5, 50.0, None, None, []),
        (5, 50.0, 5, 50.0, []),
        (6, 50.0, 5, 50.0, ["6 recipients wait, more than 5"]),
        (6, 51.0, 5, 50.0, ["6 recipients wait, more than 5", "the oldest message is 51 s old, more than 50 s"]),
    ],
)
def test_the_bounds_of_the_queue_are_those_that_are_set(waiting, oldest_s, most, longest_s, beyond):
    diagnosis = judge_queue(waiting, oldest_s, most=most, longest_s=longest_s)
    assert "; ".join(beyond) == ("" if diagnosis.level is Level.OK else diagnosis.found)


def test_the_worst_part_of_a_component_speaks_for_it():
    """
    Each reason of the same weight is said, a remedy once.
    """
    found = [Diagnosis("a", Level.OK, "fine"), *(Diagnosis("a", Level.ERROR, words, "mend") for words in ("x", "y"))]
    assert Diagnosis("whole", Level.ERROR, "x; y", "mend") == worst_of("whole", found)
    assert Diagnosis("whole", Level.OK, "fine") == worst_of("whole", found[:1])
    assert Diagnosis("whole", Level.OK, "") == worst_of("whole", [])


def test_a_result_that_is_old_says_nothing_but_that():
    """
    A page is never stale without saying so.
    """
    fine = Result(Diagnosis("disk", Level.OK, "fine"), 20.0)
    assert fine == refreshed(fine, "disk", 30.0, 20.0)
    assert (Level.ERROR, "the check has not ended for 20 s") == _shown(refreshed(fine, "disk", 30.0, 19.9))
    assert (Level.ERROR, "was not checked yet") == _shown(refreshed(None, "disk", 0.5, 20.0))


def _shown(result):
    return result.diagnosis.level, result.diagnosis.found


def test_the_record_has_each_component_with_its_reason():
    """
    A warning does not make the service unready.
    """
    found = {
        "disk": Result(Diagnosis("disk", Level.WARNING, "small", "make room"), 1.04),
        "dns": Result(Diagnosis("dns", Level.ERROR, "silent", "see [dns]"), 2.0),
    }
    assert {
        "status": "not ready",
        "components": {
            "disk": {"status": "warning", "reason": "small", "remedy": "make room", "age_s": 1.0},
            "dns": {"status": "error", "reason": "silent", "remedy": "see [dns]", "age_s": 2.0},
        },
    } == readiness_record(found)
    assert "not ready: dns: silent" == readiness_words(found)
    del found["dns"]
    assert (True, "ready", "ready") == (is_ready(found), readiness_words(found), readiness_record(found)["status"])
