"""Dear work for clients that log in: who waits, who goes first, and what is not done at all."""

import threading

import gevent
import pytest

from empath.daemon.acceptor.login.lane import Lane
from empath.errors import StorageFailure
from empath.policy.login.backend import BackendUnavailable, ClientLeft, LoginPeer
from empath.policy.login.turns import Standing
from tests.kit.waiting import DEADLINE_S


class Busy:
    """A lane with one place, which is taken until `free`."""

    def __init__(self, most_waiting=100, most_of_one=100):
        self.lane = Lane(1, most_waiting, most_of_one)
        self.done = []
        self._gate = threading.Event()
        self.holder = self.start("192.0.2.1", self._gate.wait)

    def start(self, host, work, **more):
        def ask():
            try:
                return self.lane.run(LoginPeer(host, is_secured=True, **more), work)
            except Exception as exc:  # noqa: BLE001 - the test looks at it
                return exc

        asked = gevent.spawn(ask)
        gevent.sleep(0)
        return asked

    def note(self, name, host, **more):
        return self.start(host, lambda: self.done.append(name), **more)

    def free(self, *last):
        self._gate.set()
        for one in (self.holder, *last):
            one.get(timeout=DEADLINE_S)


@pytest.fixture
def make_busy():
    """Makes busy lanes, and frees them at the end."""
    made = []

    def make(**limits):
        made.append(Busy(**limits))
        return made[-1]

    yield make
    for one in made:
        one.free()


def test_a_good_login_passes_a_flood_of_many_addresses(make_busy):
    """
    300 logins of 200 addresses came first, and a good one had to wait for all of them.
    """
    busy = make_busy(most_waiting=1000)
    flood = [busy.note("flood", f"198.51.100.{number % 200}", standing=Standing.FAILED) for number in range(300)]
    good = busy.note("good", "203.0.113.5")
    busy.free(*flood, good)
    assert 301 == len(busy.done)
    assert busy.done.index("good") <= 1


def test_nothing_is_done_for_a_client_that_has_left(make_busy):
    """
    An AUTH and a close cost the client nothing, and this host 32 MiB and some hundredths of a second.
    """
    busy = make_busy()
    gone = busy.note("gone", "198.51.100.7", has_left=lambda: True)
    good = busy.note("good", "203.0.113.5")
    busy.free(good)
    assert ["good"] == busy.done
    assert isinstance(gone.get(timeout=DEADLINE_S), ClientLeft)


def test_what_begins_at_once_is_done_for_a_client_that_has_closed_its_side():
    """
    `printf 'EHLO x\\r\\nAUTH …' | nc -N` reads the replies.
    """
    assert 7 == Lane(1, 1, 1).run(LoginPeer("192.0.2.1", is_secured=True, has_left=lambda: True), lambda: 7)


def test_too_much_that_waits_is_unavailable(make_busy):
    busy = make_busy(most_waiting=2, most_of_one=1)
    first = busy.note("first", "198.51.100.7")
    assert isinstance(busy.note("again", "198.51.100.7").get(timeout=DEADLINE_S), BackendUnavailable)
    hub = [busy.note("hub", "192.0.2.2", is_bounded=False) for _ in range(2)]
    assert isinstance(hub[1].get(timeout=DEADLINE_S), BackendUnavailable)
    busy.free(first, hub[0])
    assert {"first", "hub"} == set(busy.done)


def test_who_gives_up_waits_no_longer(make_busy):
    busy = make_busy()
    late = busy.note("late", "198.51.100.7")
    late.kill()
    good = busy.note("good", "203.0.113.5")
    busy.free(good)
    assert ["good"] == busy.done


def test_a_place_is_held_until_the_work_is_done(make_busy):
    """
    The thread goes on, though nobody waits for its result.
    """
    busy = make_busy()
    busy.holder.kill()
    waiting = busy.note("waiting", "203.0.113.5")
    assert not waiting.ready()
    busy.free(waiting)
    assert ["waiting"] == busy.done


@pytest.mark.parametrize("error", [StorageFailure("no thread"), OSError("no memory")])
def test_an_error_of_the_work_is_that_of_its_client_and_frees_the_place(error):
    lane, peer = Lane(1, 1, 1), LoginPeer("192.0.2.1", is_secured=True)

    def fail():
        raise error

    with pytest.raises(type(error)):
        lane.run(peer, fail)
    assert 7 == lane.run(peer, lambda: 7)
