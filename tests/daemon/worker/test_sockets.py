"""Delivery over UNIX sockets, and over LMTP."""

import socket
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from empath.daemon.process.threads import in_thread
from empath.daemon.worker.transport.carrier import Body, DeliveryJob
from empath.daemon.worker.transport.choose import choose_carrier
from empath.mail.outcome import Outcome
from empath.net.next_hop import NextHops
from empath.policy.hosts.search import HostRules
from empath.policy.routing import parse_route
from empath.storage.queue.accept import INLINE
from tests.daemon.worker.test_delivery import message
from tests.kit.peer import ScriptedPeer
from tests.kit.waiting import DEADLINE_S

CONTENT = b"Subject: x\r\n\r\ntext\r\n"


def carry(make_pool, route, recipients=1, *, pool=None):
    """The attempts for one message to a route."""
    unused: Any = None
    finder = NextHops(unused, HostRules, timeout_s=1.0)
    parsed = parse_route(route)
    config: Any = SimpleNamespace(delivery=SimpleNamespace(sink=False))
    carrier = choose_carrier(pool or make_pool(), finder, config, parsed, parsed.destination("a.test"))
    leased = message(1, recipients, content=CONTENT)
    leased.size = len(CONTENT)
    job = DeliveryJob(leased, leased.recipients, Body(CONTENT, unused, INLINE, len(CONTENT)), lambda: True)
    return list(carrier.carry(job))


def outcomes(attempts):
    """What became of each recipient."""
    return [answer.outcome for attempt in attempts for answer in attempt.answers]


@pytest.mark.parametrize("is_lmtp", [True, False])
def test_mail_goes_over_a_unix_socket(make_pool, tmp_path, is_lmtp):
    """
    With one connection for two messages; the attempt names the socket.
    """
    peer = ScriptedPeer(str(tmp_path / "s"))
    pool = make_pool()
    with peer.lmtp() if is_lmtp else peer:
        route = f"{'lmtp' if is_lmtp else 'smtp'}:{tmp_path / 's'}"
        [first], [second] = (carry(make_pool, route, 2, pool=pool) for _ in range(2))
        pool.close_idle(all_of_them=True)
    assert ([Outcome.DELIVERED] * 2, f"unix:{tmp_path / 's'}") == (outcomes([first]), first.attempt.peer_address)
    assert (1, None) == (len(peer.sessions), second.attempt.connect_s)
    assert CONTENT == peer.messages[0].content


def test_f10_recipients_of_lmtp_have_outcomes_of_their_own(make_pool):
    """
    BEHAVIOUR F10: one is delivered, one waits, one bounces.
    """
    with ScriptedPeer().lmtp().reply("END_OF_DATA", "250 Ok", "452 4.2.2 Full", "550 5.2.1 Closed") as peer:
        [attempt] = carry(make_pool, f"lmtp://{peer.address}", 3)
    assert [Outcome.DELIVERED, Outcome.DEFERRED, Outcome.BOUNCED] == outcomes([attempt])


def test_f10_only_recipients_without_a_reply_are_in_doubt(make_pool):
    """
    The log names those that may get the mail twice, and no others.
    """
    with ScriptedPeer().lmtp().drop_once_answered("END_OF_DATA") as peer:
        [attempt] = carry(make_pool, f"lmtp://{peer.address}", 2)
    assert [Outcome.DELIVERED, Outcome.DEFERRED] == outcomes([attempt])
    assert [False, True] == [answer.is_in_doubt for answer in attempt.answers]


def test_a_socket_that_is_not_there_defers(make_pool, tmp_path):
    """
    The mail store may be down.
    """
    [attempt] = carry(make_pool, f"lmtp:{tmp_path / 's'}")
    said = attempt.answers[0].said
    assert f"451 4.4.1 connect to unix:{tmp_path / 's'}: no such file or directory" == said.reply.escaped()
    assert [Outcome.DEFERRED] == outcomes([attempt])


def test_a_socket_with_a_full_backlog_is_tried_until_the_timeout(make_pool, tmp_path):
    """
    A UNIX socket refuses at once where TCP would wait.
    """
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(tmp_path / "s"))
        listener.listen(0)
        listener.settimeout(DEADLINE_S)  # a thread that waits for ever would hold the run
        first.connect(str(tmp_path / "s"))
        under_way = gevent.spawn(carry, make_pool, f"smtp:{tmp_path / 's'}")
        gevent.sleep(0)  # it finds the backlog full
        for _ in range(2):
            connection, _ = in_thread(listener.accept)
            with connection:
                connection.sendall(b"554 5.3.2 closed\r\n")
        [attempt] = under_way.get(timeout=10)
    assert "554 5.3.2 closed" == attempt.answers[0].said.reply.escaped()
