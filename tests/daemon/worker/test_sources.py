"""Connections that go out from the addresses of a pool."""

import pytest

from empath.daemon.worker.pool import PoolCounts
from empath.daemon.worker.sources import Sources, SourcesUsedUp
from empath.mail.identity import Timestamp
from empath.policy.destinations.settings import DestinationSettings
from empath.policy.hosts.search import Host
from empath.policy.sources import SourceAddress, SourcePool
from empath.policy.warmup import DAY_S, WarmupPlan, WarmupPlans
from empath.storage.queue.warmup import CountWarmup
from tests.daemon.worker.kit import MAIL, said
from tests.kit.peer import ScriptedPeer

MEMBERS = ("127.0.0.2", "127.0.0.3*2 out3.example.test")
FROM_POOL = DestinationSettings(source="a")


class Pooled:
    """A pool of connections with a pool of addresses, its rests and its dice."""

    def __init__(self, pool):
        self.pool = pool
        self.rests: dict[str, Timestamp] = {}
        self.now = 1000.0
        self.uniform = 0.0
        pools = {"a": SourcePool("a", tuple(map(SourceAddress.parse, MEMBERS)))}
        pool.sources = Sources(pools, lambda: self.rests, lambda: self.now, lambda: self.uniform)

    def send(self, peer, settings=FROM_POOL):
        host = Host("peer.test", peer.host, peer.port)
        return self.pool.send(host, MAIL, lambda: iter((b"text\r\n",)), lambda: True, settings=settings)


@pytest.fixture
def pooled(make_pool):
    return Pooled(make_pool(idle="1h"))


def test_a_connection_goes_out_from_the_member_that_was_drawn_and_greets_by_its_name(pooled):
    """
    A host compares the name in EHLO with that of the address.
    """
    with ScriptedPeer() as peer:
        first = pooled.send(peer)
        reused = pooled.send(peer)
        pooled.pool.close_idle(all_of_them=True)
        pooled.uniform = 0.9
        other = pooled.send(peer)
        assert ["127.0.0.2", "127.0.0.2", "127.0.0.3"] == [first.source, reused.source, other.source]
        assert ["127.0.0.2", "127.0.0.3"] == [session.client for session in peer.sessions]
        assert ["EHLO mx.example.test", "EHLO out3.example.test"] == [session.commands[0] for session in peer.sessions]


def test_a_waiting_connection_serves_the_same_pool_only(pooled):
    """
    Mail whose reputation is kept apart must not share a connection.
    """
    with ScriptedPeer() as peer:
        sent = [pooled.send(peer, s) for s in (FROM_POOL, FROM_POOL, DestinationSettings(), FROM_POOL)]
        assert ["127.0.0.2", "127.0.0.2", None, "127.0.0.2"] == [result.source for result in sent]
        assert ["127.0.0.2", "127.0.0.1"] == [session.client for session in peer.sessions]
    assert PoolCounts(reused=2, opened=2) == pooled.pool.counts


def test_a_member_that_rests_is_not_used_also_over_a_connection_that_waits(pooled):
    """
    A host that blocks an address blocks its connections.
    """
    with ScriptedPeer() as peer:
        pooled.send(peer)
        pooled.rests = {"127.0.0.2": Timestamp(1060.0)}
        pooled.send(peer)
        peer.wait_until(lambda: 2 == len(peer.sessions) and "QUIT" == peer.sessions[0].verbs[-1])
        assert "127.0.0.3" == peer.sessions[1].client
        pooled.pool.close_idle(all_of_them=True)
        pooled.now = 1060.0
        pooled.send(peer)
        assert "127.0.0.2" == peer.sessions[2].client
    assert PoolCounts(reused=0, opened=3, ended=2) == pooled.pool.counts


def test_without_a_member_the_host_gives_no_session(pooled):
    """
    Mail must not go out from another address than the operator says.
    """
    with ScriptedPeer() as peer:
        pooled.rests = dict.fromkeys(("127.0.0.2", "127.0.0.3"), Timestamp(1060.0))
        assert (False, "connect", "451 4.4.1") == said(pooled.send(peer))
        assert (False, "connect", "451 4.3.5") == said(pooled.send(peer, DestinationSettings(source="gone")))
        assert [] == peer.sessions


class Warm:
    """Plans with a count in memory."""

    def __init__(self, pooled, *plans):
        self.counts: dict[tuple[str, int], int] = {}
        pools = {name: SourcePool(name, (SourceAddress(address),)) for name, address in BOTH}
        pooled.pool.sources = Sources(
            pools, lambda: pooled.rests, lambda: pooled.now, warmups=lambda: WarmupPlans(plans), commit=self.commit
        )

    def commit(self, write):
        key = write.plan.address, write.day
        if isinstance(write, CountWarmup):
            write.is_granted = write.is_counted = self.counts.get(key, 0) < dict(PLAN.days)[write.day]
            self.counts[key] = self.counts.get(key, 0) + write.is_granted
        else:
            self.counts[key] -= 1


BOTH = (("a", "127.0.0.2"), ("b", "127.0.0.3"))
PLAN = WarmupPlan("127.0.0.2", "*", 1000.0, ((1, 1), (2, 2)))
OVERFLOWING = DestinationSettings(source="a", overflow="b")


def test_what_a_day_has_no_room_for_waits_or_goes_out_from_the_other_pool(pooled):
    """
    Also where a connection waits; the next day begins with its own number, and after the last day there is none.
    """
    warm = Warm(pooled, PLAN)
    with ScriptedPeer() as peer:
        assert "127.0.0.2" == pooled.send(peer).source
        with pytest.raises(SourcesUsedUp) as raised:
            pooled.send(peer)
        assert 1000.0 + DAY_S == raised.value.until
        assert "127.0.0.3" == pooled.send(peer, OVERFLOWING).source
        pooled.pool.close_idle(all_of_them=True)
        pooled.now += DAY_S
        assert ["127.0.0.2"] * 2 + ["127.0.0.3"] == [pooled.send(peer, OVERFLOWING).source for _ in range(3)]
        pooled.pool.close_idle(all_of_them=True)
        pooled.now += DAY_S
        assert ["127.0.0.2"] * 4 == [pooled.send(peer).source for _ in range(4)]
    assert {("127.0.0.2", 1): 1, ("127.0.0.2", 2): 2} == warm.counts


def test_a_message_that_no_host_was_asked_about_does_not_count(pooled):
    """
    A host that is down must not use up the day.
    """
    warm = Warm(pooled, PLAN)
    with ScriptedPeer() as peer:
        peer.greeting("554 5.3.2 closed", "220 ready")
        assert (False, "greeting", "554 5.3.2") == said(pooled.send(peer))
        assert {("127.0.0.2", 1): 0} == warm.counts
        assert "127.0.0.2" == pooled.send(peer).source
    assert {("127.0.0.2", 1): 1} == warm.counts


def test_an_address_that_this_host_does_not_have_is_named(pooled):
    """
    The host is not to blame.
    """
    pooled.pool.sources = Sources({"a": SourcePool("a", (SourceAddress("192.0.2.99"),))})
    with ScriptedPeer() as peer:
        result = pooled.send(peer)
    assert (False, "connect", "451 4.4.1") == said(result)
    assert "192.0.2.99" == result.source
    assert "connect from 192.0.2.99 to" in str(result.results[1].reply)
