"""What a client may do that has logged in."""

from empath.mail.address import ReversePath
from empath.policy.login.account import LoggedIn
from empath.policy.senders import SENDER_NOT_ALLOWED, Senders


def test_senders_bind_an_account_where_they_are_set():
    path = ReversePath.parse("bob@example.org")
    assert SENDER_NOT_ALLOWED == LoggedIn("alice", Senders.parse("alice@example.org")).sender_refusal(path)
    assert LoggedIn("alice", None).sender_refusal(path) is None
