"""The protocol of back ends."""

import pytest

from empath.policy.login.backend import Backend, LoginPeer


def test_a_back_end_serves_what_it_says():
    """
    A module that forgets a question finds out at once.
    """
    backend, peer = Backend(), LoginPeer("192.0.2.1", is_secured=True)
    assert frozenset() == backend.mechanisms
    for question in (
        lambda: backend.check_password("a", "b", peer),
        lambda: backend.name_of_token("a", peer),
        lambda: backend.keys_of("a"),
    ):
        with pytest.raises(NotImplementedError):
            question()
