"""
Mail goes into the store of a Dovecot as Debian has it: over LMTP, and through its delivery agent.

It needs the packages dovecot-core and dovecot-lmtpd, so `make interop` runs it and `make test` does not know it.
"""

from typing import Any

import gevent
import pytest

from empath.config import load_config
from empath.daemon.worker.pool import ConnectionPool
from empath.daemon.worker.transport.carrier import Body, DeliveryJob
from empath.daemon.worker.transport.choose import choose_carrier
from empath.mail.outcome import Outcome
from empath.net.next_hop import NextHops
from empath.net.stream import Deadlines
from empath.policy.hosts.search import HostRules
from empath.policy.routing import parse_route
from empath.storage.queue.accept import INLINE
from tests.daemon.worker.test_delivery import message
from tests.kit.dovecot_store import DovecotStore
from tests.kit.process import configuration

CONTENT = b"Subject: caf\xc3\xa9\r\nMIME-Version: 1.0\r\n\r\nfirst \xc3\xa4\r\n.dot\r\n..\r\nlast\r\n"
USERS = ("r0@a.test", "r2@a.test")


@pytest.fixture
def store():
    """A running Dovecot."""
    with DovecotStore(USERS) as store:
        yield store


@pytest.fixture
def carry(tmp_path):
    """Carries a message for three recipients over a route; gives the outcome of each."""
    deadlines = Deadlines()
    watch = gevent.spawn(deadlines.run)
    (tmp_path / "empath.toml").write_text(configuration(2525))
    config = load_config(tmp_path / "empath.toml")
    pool = ConnectionPool(config.delivery, str(config.hostname), deadlines)
    unused: Any = None
    finder = NextHops(unused, HostRules, timeout_s=1.0)

    def carried(route):
        parsed = parse_route(route)
        carrier = choose_carrier(pool, finder, config, parsed, parsed.destination("a.test"))
        leased = message(1, 3, content=CONTENT)
        job = DeliveryJob(leased, leased.recipients, Body(CONTENT, tmp_path, INLINE, len(CONTENT)), lambda: True)
        return [
            (answer.outcome, str(answer.said.reply)) for attempt in carrier.carry(job) for answer in attempt.answers
        ]

    yield carried
    pool.close_idle(all_of_them=True)
    watch.kill()


@pytest.mark.parametrize("is_socket", [True, False])
def test_each_recipient_has_its_own_fate(store, carry, is_socket):
    """
    Over the UNIX socket and over TCP; twice over one connection. 8-bit content and dots arrive as they are.
    """
    route = f"lmtp:{store.socket}" if is_socket else f"lmtp://127.0.0.1:{store.port}"
    for _ in range(2):
        found = sorted(carry(route), key=lambda each: each[1])
        outcomes = [outcome for outcome, _ in found]
        assert [Outcome.DELIVERED, Outcome.DELIVERED, Outcome.BOUNCED] == outcomes
    for user in USERS:
        stored = store.stored(user)
        assert 2 == len(stored)
        assert stored[0].replace(b"\r\n", b"\n").endswith(CONTENT.replace(b"\r\n", b"\n"))
        assert stored[0].startswith(b"Return-Path: <s@b.test>")
