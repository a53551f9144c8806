"""How many failed logins a client and an account may have."""

import pytest

from empath.policy.limits.rate import Rate
from empath.policy.login.failures import LoginFailures, failure_delay_s
from empath.policy.login.turns import Standing

NOW = 1_700_000_000.0


def failures(per_client=3, per_account=3, most_keys=100):
    return LoginFailures(Rate(per_client, 60.0), Rate(per_account, 60.0), most_keys)


def test_a_client_may_fail_as_often_as_its_rate_allows():
    """
    R7. Time gives one attempt after the other back.
    """
    table = failures(per_account=100)
    for _ in range(3):
        assert table.begin("client", "alice", NOW)
    assert not table.begin("client", "bob", NOW)
    assert table.begin("other", "alice", NOW)
    assert table.begin("client", "bob", NOW + 20.0)
    assert not table.begin("client", "bob", NOW + 20.0)


def test_an_account_may_be_failed_at_by_all_clients_together():
    table = failures()
    for client in range(3):
        table.begin(client, "alice", NOW)
    assert not table.begin("new", "alice", NOW)
    assert table.begin("new", "bob", NOW)


def test_a_client_that_has_logged_in_before_may_try_again():
    """
    Guessers do not lock out the owner.
    """
    table = failures()
    table.begin("home", "alice", NOW)
    table.forgive("home", "alice")
    for client in range(3):
        table.begin(client, "alice", NOW)
    assert table.begin("home", "alice", NOW)
    assert not table.begin("new", "alice", NOW)


def test_a_login_forgives_the_client():
    table = failures()
    for _ in range(3):
        table.begin("home", "", NOW)
    table.forgive("home", "alice")
    assert table.begin("home", "bob", NOW)


def test_memory_is_bounded():
    """
    A guesser chooses the names, and has many addresses.
    """
    table = failures(per_client=1, per_account=1, most_keys=2)
    for number in range(4):
        table.begin(f"client{number}", f"name{number}", NOW)
        table.forgive("home", f"name{number}")
    assert not table.begin("client3", "new", NOW)
    assert not table.begin("new", "name3", NOW)
    assert table.begin("client0", "new", NOW)
    assert table.begin("new", "name0", NOW)
    assert table.begin("home", "name3", NOW)


def test_an_attempt_that_was_not_judged_is_no_failure():
    """
    While a back end is down, clients try again and again.
    """
    table = failures(per_client=1, per_account=1)
    for name in ("alice", ""):
        for _ in range(5):
            assert table.begin("client", name, NOW)
            table.take_back("client", name, NOW)


@pytest.mark.parametrize(("failed", "delay_s"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (10_000, 8.0)])
def test_each_failure_of_a_session_waits_longer(failed, delay_s):
    assert delay_s == failure_delay_s(1.0, failed)


def test_what_is_known_of_a_client_says_whose_turn_it_is():
    table = failures()
    table.begin("home", "alice", NOW)
    assert Standing.FAILED == table.standing("home", "alice", NOW)
    assert Standing.NEW == table.standing("home", "alice", NOW + 60.0)
    assert Standing.NEW == table.standing("new", "", NOW)
    table.forgive("home", "alice")
    assert Standing.FAMILIAR == table.standing("home", "alice", NOW)
    assert Standing.NEW == table.standing("home", "bob", NOW)
