"""Waiting mail follows a changed table of routes."""

import pytest

from empath.policy.routing import NO_ROUTE
from empath.storage.queue.rerouting import MoveWaiting, RememberRoutes, is_followed, waiting
from tests.kit.queue import Queue

pytestmark = pytest.mark.engines


def test_what_waits_moves_and_what_is_leased_stays(queue: Queue) -> None:
    """
    Only the worker that holds the lease may move a leased recipient.
    """
    queue.accept("a.example")
    queue.lease()
    queue.accept("a.example", "b.example")
    queue.write("UPDATE _recipient SET status = 'held', reason = 'x' WHERE recipient_id = 3")
    reader = queue.engine.open_reader()

    expected = [(2, "r1@a.example", "a.example", "a.example"), (3, "r2@b.example", "b.example", "b.example")]
    assert expected == [row[:4] for row in waiting(reader, 0)]
    reader.close()
    work = queue.done(MoveWaiting({1: "c.example", 2: "c.example", 3: NO_ROUTE}))

    assert 2 == work.moved
    assert ["a.example", "c.example", NO_ROUTE] == [
        name
        for (name,) in queue.select(
            "SELECT name FROM _recipient JOIN _destination USING (destination_id) ORDER BY recipient_id"
        )
    ]


def test_mail_leaves_a_suspended_destination(queue: Queue) -> None:
    """
    Mail used to stay behind the suspension of a former next hop, because only a lease routed again.
    """
    queue.accept("a.example")
    queue.write("UPDATE _destination SET suspended_until = 4e9")
    assert [] == queue.lease()

    queue.run(MoveWaiting({1: "b.example"}))

    assert ["b.example"] == [lease.destination for lease in queue.lease()]


def test_a_table_of_routes_is_followed_once(queue: Queue) -> None:
    """
    A start with unchanged routes walks over nothing.
    """
    reader = queue.engine.open_reader()
    known = [is_followed(reader, "one")]
    for digest in ("one", "two"):
        queue.run(RememberRoutes(digest))
        known += [is_followed(reader, "one"), is_followed(reader, "two")]
    reader.close()
    assert [False, True, False, False, True] == known
