"""How a process ended, for every wait status."""

import os

import pytest

from empath.daemon.supervisor.ending import Ending, find_ending, signal_name


def test_every_wait_status_is_an_ending_or_none():
    """
    No death of a child may end the supervisor: the test takes all 65,536 statuses.
    """
    for status in range(0x10000):
        ending = find_ending(status)
        assert (os.WIFEXITED(status) or os.WIFSIGNALED(status)) == (ending is not None)
        if ending is not None:
            assert (ending.code is None) != (ending.signal is None)
            assert ending.text


@pytest.mark.parametrize(
    ("status", "ending", "text"),
    [
        (0x0000, Ending(code=0), "exit code 0"),
        (0x4E00, Ending(code=78), "exit code 78"),
        (0x0009, Ending(signal="SIGKILL"), "signal SIGKILL"),
        (0x0089, Ending(signal="SIGKILL"), "signal SIGKILL"),  # with a core dump
        (0x0023, Ending(signal="SIGRTMIN+1"), "signal SIGRTMIN+1"),
    ],
)
def test_an_ending_is_a_code_or_the_name_of_a_signal(status, ending, text):
    """
    The log shows one of the two.
    """
    assert (ending, text) == (find_ending(status), ending.text)


@pytest.mark.parametrize("status", [0x137F, 0xFFFF])
def test_a_child_that_was_stopped_or_continued_has_not_ended(status):
    """
    It is still alive, and will be reaped later.
    """
    assert None is find_ending(status)


@pytest.mark.parametrize(
    ("number", "name"), [(15, "SIGTERM"), (34, "SIGRTMIN"), (35, "SIGRTMIN+1"), (64, "SIGRTMAX"), (32, "SIG32")]
)
def test_every_signal_has_a_name(number, name):
    """
    Python has names for only two of the real-time signals.
    """
    assert name == signal_name(number)
