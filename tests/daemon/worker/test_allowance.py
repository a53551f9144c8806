"""
A session that has used up its allowance: the host takes some messages of it, then none until the client reconnects.
"""

import pytest

from tests.daemon.worker.kit import said, send
from tests.kit.peer import END_OF_DATA, GREETING, ScriptedPeer

LATER, BYE = "451 4.7.1 That is enough", "421 4.7.0 Enough"
GO, OK = "354 Go ahead", "250 2.0.0 Ok"
NEVER, SEQUENCE = "550 5.7.1 Too many messages in this session", "503 5.5.1 Sender already specified"


@pytest.mark.parametrize(
    ("step", "replies"),
    [
        ("MAIL", [OK, LATER, OK]),
        ("DATA", [GO, LATER, GO]),
        ("MAIL", [OK, BYE, OK]),
        ("RCPT", [OK, BYE, OK]),
        ("DATA", [GO, BYE, GO]),
        ("MAIL", [OK, NEVER, OK]),
        ("DATA", [GO, NEVER, GO]),
        ("MAIL", [OK, SEQUENCE, OK]),
        ("RCPT", [OK, SEQUENCE, OK]),
        ("DATA", [GO, SEQUENCE, GO]),
        (END_OF_DATA, [OK, SEQUENCE, OK]),
        ("RSET", [SEQUENCE, OK]),
        ("RSET", [BYE, OK]),
        ("RSET", ["354 What", OK]),
    ],
)
@pytest.mark.parametrize("extensions", [("PIPELINING",), ("HELP",)])
def test_f16_a_message_that_a_spent_session_refuses_is_tried_once_on_a_new_one(make_pool, step, replies, extensions):
    """
    Otherwise the session would go back to the pool and refuse all further mail.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply(step, *replies).extensions(*extensions) as peer:
        assert [(True, "end-of-data", "250 2.0.0")] * 3 == [said(send(pool, peer)) for _ in range(3)]
        assert [1, 2] == [sum(m.is_accepted for m in session.messages) for session in peer.sessions]


def test_a_host_that_still_refuses_has_refused(make_pool):
    """
    The message waits for its next attempt, and the worker opens no third session.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply("MAIL", OK, LATER) as peer:
        assert ["250 2.0.0", "451 4.7.1"] == [said(send(pool, peer))[2] for _ in range(2)]
        assert 2 == len(peer.sessions)


@pytest.mark.parametrize(("step", "replies"), [("MAIL", [OK, NEVER]), ("DATA", [GO, NEVER])])
def test_a_refusal_for_ever_in_a_spent_session_does_not_bounce_without_a_new_one(make_pool, step, replies):
    """
    The refusal may be about the session.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply(step, *replies).reply(GREETING, "220 x", "421 4.7.0 One at a time") as peer:
        assert ["250 2.0.0", "451 4.5.0"] == [said(send(pool, peer))[2] for _ in range(2)]


def test_a_refusal_for_ever_in_a_new_session_is_final(make_pool):
    """
    The refusal is not about the session.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply("MAIL", OK, NEVER) as peer:
        assert ["250 2.0.0", "550 5.7.1"] == [said(send(pool, peer))[2] for _ in range(2)]
        assert 2 == len(peer.sessions)


def test_a_recipient_that_is_refused_in_a_session_that_has_delivered_is_refused(make_pool):
    """
    A new session would hear the same.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply("RCPT", OK, "550 5.1.1 No such user") as peer:
        assert ["250 2.0.0", "550 5.1.1"] == [said(send(pool, peer))[2] for _ in range(2)]
        assert 1 == len(peer.sessions)


def test_a_host_that_takes_no_new_session_has_refused_all_the_same(make_pool):
    """
    The host was reached: its reply about the message counts, not its lack of room for another connection.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply("MAIL", OK, LATER).reply(GREETING, "220 x", "421 4.7.0 One at a time") as peer:
        assert [(True, "end-of-data", "250 2.0.0"), (True, "mail", "451 4.7.1")] == [
            said(send(pool, peer)) for _ in range(2)
        ]


def test_a_first_message_that_is_refused_has_no_second_session(make_pool):
    """
    A session that has delivered nothing had no allowance to use up.
    """
    with ScriptedPeer().reply("MAIL", LATER) as peer:
        assert (True, "mail", "451 4.7.1") == said(send(make_pool(), peer))
        assert 1 == len(peer.sessions)


def test_a_message_past_its_dot_is_not_tried_again(make_pool):
    """
    The host may have it.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply(END_OF_DATA, OK, LATER, OK) as peer:
        assert ["250 2.0.0", "451 4.7.1"] == [said(send(pool, peer))[2] for _ in range(2)]
        assert 1 == len(peer.sessions)
