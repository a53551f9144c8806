"""What an introspection endpoint says about a token, RFC 7662."""

import pytest

from empath.policy.login.token import TokenAnswer, TokenCache, read_answer

NOW = 1_700_000_000.0


def test_an_active_token_names_its_account_for_a_minute():
    assert TokenAnswer("alice", NOW + 60) == read_answer({"active": True, "username": "alice"}, "username", NOW)
    assert TokenAnswer("a@b", NOW + 60) == read_answer({"active": True, "email": "a@b"}, "email", NOW)


def test_an_answer_does_not_outlast_its_token():
    members = {"active": True, "username": "alice", "exp": NOW + 5}
    assert TokenAnswer("alice", NOW + 5) == read_answer(members, "username", NOW)


def test_an_instant_that_no_float_holds_is_far_away():
    """
    JSON has integers of any size; this one ended the session.
    """
    members = {"active": True, "username": "alice", "exp": 10**400}
    assert TokenAnswer("alice", NOW + 60) == read_answer(members, "username", NOW)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"active": False, "username": "alice"},
        {"active": "true", "username": "alice"},
        {"active": True},
        {"active": True, "username": 5},
        {"active": True, "username": ""},
        {"active": True, "username": "a\x07"},
        {"active": True, "username": "alice", "exp": NOW},
    ],
)
def test_any_other_answer_proves_nothing(members):
    """
    Only the word true is true.
    """
    assert TokenAnswer(None, NOW + 10) == read_answer(members, "username", NOW)


def test_answers_are_kept_until_their_time_is_over():
    cache = TokenCache()
    answer = TokenAnswer("alice", NOW + 5)
    cache.keep(b"digest", answer)
    assert answer == cache.find(b"digest", NOW)
    assert cache.find(b"other", NOW) is None
    assert cache.find(b"digest", NOW + 5) is None
    assert cache.find(b"digest", NOW) is None


def test_no_answer_is_kept_because_the_clock_stepped_back():
    """
    Else a token that was revoked would log in for as long as the step.
    """
    cache = TokenCache()
    cache.keep(b"digest", TokenAnswer("alice", NOW + 60))
    assert cache.find(b"digest", NOW - 3600) is None


def test_the_memory_for_answers_is_bounded():
    """
    A client may try a new token each time.
    """
    cache = TokenCache(most=2)
    for digest in (b"1", b"2", b"3"):
        cache.keep(digest, TokenAnswer(None, NOW + 5))
    assert [False, True, True] == [cache.find(digest, NOW) is not None for digest in (b"1", b"2", b"3")]
