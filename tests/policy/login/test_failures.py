"""How many failed logins a client and an account may have."""

import pytest

from empath.policy.limits.rate import Rate
from empath.policy.login.failures import LoginFailures, failure_delay_s

NOW = 1_700_000_000.0


def failures(per_client=3, per_account=3, most_keys=100):
    return LoginFailures(Rate(per_client, 60.0), Rate(per_account, 60.0), most_keys)


def test_a_client_may_fail_as_often_as_its_rate_allows():
    """
    R7. Time gives one attempt after the other back.
    """
    table = failures(per_account=100)
    for _ in range(3):
        assert table.may_try("client", "alice", NOW)
        table.add("client", "alice", NOW)
    assert not table.may_try("client", "bob", NOW)
    assert table.may_try("other", "alice", NOW)
    assert table.may_try("client", "bob", NOW + 20.0)


def test_an_account_may_be_failed_at_by_all_clients_together():
    table = failures()
    for client in range(3):
        table.add(client, "alice", NOW)
    assert not table.may_try("new", "alice", NOW)
    assert table.may_try("new", "bob", NOW)


def test_a_client_that_has_logged_in_before_may_try_again():
    """
    Guessers do not lock out the owner.
    """
    table = failures()
    table.add("home", "alice", NOW)
    table.forgive("home", "alice")
    for client in range(3):
        table.add(client, "alice", NOW)
    assert table.may_try("home", "alice", NOW)
    assert not table.may_try("new", "alice", NOW)


def test_a_login_forgives_the_client():
    table = failures()
    for _ in range(3):
        table.add("home", "", NOW)
    table.forgive("home", "alice")
    assert table.may_try("home", "bob", NOW)


def test_memory_is_bounded():
    """
    A guesser chooses the names, and has many addresses.
    """
    table = failures(per_client=1, per_account=1, most_keys=2)
    for number in range(4):
        table.add(f"client{number}", f"name{number}", NOW)
        table.forgive("home", f"name{number}")
    assert table.may_try("client0", "new", NOW)
    assert not table.may_try("client3", "new", NOW)
    assert not table.may_try("new", "name3", NOW)
    assert table.may_try("new", "name0", NOW)
    assert table.may_try("home", "name3", NOW)


@pytest.mark.parametrize(("failed", "delay_s"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (10_000, 8.0)])
def test_each_failure_of_a_session_waits_longer(failed, delay_s):
    assert delay_s == failure_delay_s(failed)
