"""What a process remembers of clients that have logged in, or could not."""

import pytest

from empath.policy.login.failures import KnownClients, failure_delay_s
from empath.policy.login.turns import Standing

NOW = 1_700_000_000.0


def test_what_is_known_of_a_client_says_whose_turn_it_is():
    known = KnownClients(60.0)
    assert Standing.NEW == known.standing("home", "alice", NOW)
    known.has_failed("home", NOW)
    assert [Standing.FAILED, Standing.NEW] == [known.standing("home", "alice", NOW + s) for s in (59.0, 60.0)]
    known.has_logged_in("home", "alice")
    assert [Standing.FAMILIAR, Standing.NEW] == [known.standing("home", name, NOW) for name in ("alice", "bob")]


def test_memory_is_bounded():
    """
    A guesser has many addresses.
    """
    known = KnownClients(60.0, most_keys=2)
    for number in range(3):
        known.has_failed(number, NOW)
    assert [Standing.NEW, Standing.FAILED, Standing.FAILED] == [known.standing(n, "", NOW) for n in range(3)]
    for number in range(3):
        known.has_logged_in(number, "alice")
    assert [Standing.NEW, Standing.FAMILIAR] == [known.standing(n, "alice", NOW) for n in (0, 2)]


@pytest.mark.parametrize(("failed", "delay_s"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (10_000, 8.0)])
def test_each_failure_of_a_session_waits_longer(failed, delay_s):
    assert delay_s == failure_delay_s(1.0, failed)
