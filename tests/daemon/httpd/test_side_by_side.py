"""Calls side by side: each in a greenlet of its own, and one turn for all."""

from gevent.event import Event
from greenlet import getcurrent

from empath.daemon.httpd.injection.side_by_side import SideBySide
from tests.kit.waiting import DEADLINE_S


def test_all_calls_are_under_way_at_once():
    """
    Messages of one request wait for each other: the last one lets all of them go on.
    """
    arrived, gate = [], Event()

    def call(item):
        arrived.append((item, getcurrent()))
        if len(arrived) == 20:
            gate.set()
        assert gate.wait(DEADLINE_S)

    side_by_side = SideBySide()
    side_by_side.run(call, range(20))
    assert [*range(20)] == [item for item, _ in arrived]
    assert 20 == len({greenlet for _, greenlet in arrived})
    before = {greenlet for _, greenlet in arrived}
    arrived.clear()
    side_by_side.run(call, range(20))
    assert {greenlet for _, greenlet in arrived} <= before


def test_nothing_is_waited_for_without_items():
    """
    A request may have no message at all.
    """
    SideBySide().run(lambda item: None, [])
