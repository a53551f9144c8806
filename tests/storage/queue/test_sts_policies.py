"""The rows of MTA-STS policies, and what an operator sees and does."""

from dataclasses import replace

import pytest

from empath.policy.sts import KeptPolicy, StsPolicy
from empath.policy.tls_demand import StsMode
from empath.storage.queue.sts_policies import KeepPolicy, NoteCheck, find_policy
from empath.storage.queue.sweep import STS_POLICIES, outdated
from empath.storage.sqlite.engine import SqliteEngine
from tests.kit.queue import T0, Queue
from tests.kit.sqlites import SQLITES, Sqlite

POLICY = StsPolicy(StsMode.ENFORCE, 1000, ("mx.a.test", "*.b.test"))
KEPT = KeptPolicy("a.test", "1", POLICY, T0, T0 + 1000, T0)


@pytest.fixture(params=SQLITES)
def sqlite(request: pytest.FixtureRequest) -> Sqlite:
    """One SQLite, then the other."""
    made: Sqlite = request.param
    return made


def found(queue: Queue, domain: str = "a.test") -> KeptPolicy | None:
    reader = SqliteEngine(queue.path, max_leases=20).open_reader()
    try:
        return find_policy(reader, domain)
    finally:
        reader.close()


def test_a_policy_is_kept_as_it_was_read(queue: Queue) -> None:
    """
    A restart must not forget what a domain demands.
    """
    assert None is found(queue)
    queue.run(KeepPolicy(KEPT))
    assert (KEPT, None) == (found(queue), found(queue, "b.test"))
    queue.run(NoteCheck("a.test", T0 + 9, "down"))
    assert replace(KEPT, checked_at=T0 + 9, failure="down") == found(queue)


def test_a_later_reading_replaces_what_was_there(queue: Queue) -> None:
    """
    What failed meanwhile is past.
    """
    later = replace(KEPT, policy_id="2", fetched_at=T0 + 5, checked_at=T0 + 5, expires_at=T0 + 1005)
    queue.run(NoteCheck("a.test", T0, "no row: no effect"), KeepPolicy(KEPT), NoteCheck("a.test", T0, "down"))
    queue.run(KeepPolicy(later))
    assert later == found(queue)


def test_a_policy_that_is_over_is_forgotten(queue: Queue) -> None:
    """
    The housekeeper removes it.
    """
    queue.run(KeepPolicy(KEPT))
    reader = SqliteEngine(queue.path, max_leases=20).open_reader()
    assert None is outdated(reader, STS_POLICIES, T0 + 999)
    forgetting = outdated(reader, STS_POLICIES, T0 + 1000)
    assert forgetting is not None
    queue.run(forgetting)
    reader.close()
    assert None is found(queue)


def test_an_operator_sees_a_policy_and_may_forget_it(queue: Queue) -> None:
    """
    A domain that has locked itself out by a wrong policy asks for that.
    """
    queue.run(KeepPolicy(KEPT))
    assert [("a.test", "enforce", "mx.a.test *.b.test", T0 + 1000, None)] == queue.select(
        "SELECT domain, mode, mx, expires_unix, failure FROM sts_policy"
    )
    queue.write("DELETE FROM sts_policy WHERE domain = 'a.test'")
    assert None is found(queue)
    assert [("a.test", "sts_policy", "enforce 1", None)] == queue.select(
        "SELECT object, what, before, after FROM audit WHERE what = 'sts_policy'"
    )


@pytest.mark.parametrize(
    "statement", ["INSERT INTO sts_policy (domain) VALUES ('b.test')", "UPDATE sts_policy SET mode = 'none'"]
)
def test_a_policy_is_what_its_domain_publishes(queue: Queue, statement: str) -> None:
    """
    Who wants to demand less of a domain sets `tls` of its destination.
    """
    queue.run(KeepPolicy(KEPT))
    with pytest.raises(Exception, match="sts_policy has what domains publish"):
        queue.write(statement)
