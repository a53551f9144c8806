"""Greenlets that serve one connection after another."""

import gevent
from gevent.event import Event
from greenlet import getcurrent

from empath.daemon.acceptor.serving import Servers
from tests.kit.waiting import DEADLINE_S


class Jobs:
    """Each job says in which greenlet it runs, and may wait for `go`."""

    def __init__(self, servers):
        self.servers, self.seen, self.go = servers, [], Event()

    def start(self, name, *, waits=False):
        self.servers.start(self._run, name, waits)

    def _run(self, name, waits):
        self.seen.append((name, getcurrent()))
        if waits:
            self.go.wait(DEADLINE_S)


def test_a_greenlet_whose_job_is_over_takes_the_next_one():
    """
    It has its stack already.
    """
    jobs = Jobs(Servers())
    for name in "abc":
        jobs.start(name)
        gevent.sleep(0)
    assert ["a", "b", "c"] == [name for name, _ in jobs.seen]
    assert 1 == len({greenlet for _, greenlet in jobs.seen})


def test_jobs_that_wait_hold_up_no_other():
    """
    A slow client has a greenlet for itself.
    """
    jobs = Jobs(Servers())
    jobs.start("slow", waits=True)
    gevent.sleep(0)
    jobs.start("quick")
    gevent.sleep(0)
    assert ["slow", "quick"] == [name for name, _ in jobs.seen]
    jobs.go.set()


def test_few_greenlets_wait_for_jobs():
    """
    After a storm of connections their stacks are given back.
    """
    jobs = Jobs(Servers(most_idle=1))
    for name in "abc":
        jobs.start(name, waits=True)
    gevent.sleep(0)
    jobs.go.set()
    gevent.sleep(0)
    greenlets = [greenlet for _, greenlet in jobs.seen]
    gevent.sleep(0)
    assert [False, True, True] == sorted(greenlet.dead for greenlet in greenlets)
