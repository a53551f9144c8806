"""test_seals - what is sealed, and that each change behind the back of the queue is found"""

import time

import apsw
import pytest

from empath.mail.status import RecipientStatus
from empath.policy.seal import Head, Kept
from empath.storage.admin.seals import check_seals, newest_seal
from empath.storage.queue.audit import ClaimAudit
from empath.storage.queue.retention import AuditSweep, Cutoffs, RecipientSweep
from empath.storage.queue.seals import SEALS, AppendSeal, has_new_audit, newest, next_seal, unsealed
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0, Queue, ids

pytestmark = pytest.mark.engines

ALL = Kept(0.0, 0.0)  # nothing may be gone


def seal(queue: Queue, now: float = T0) -> None:
    """Seal all that is new."""
    reader = queue.engine.open_reader()
    while (made := next_seal(reader, newest(reader), now)) is not None:
        assert queue.done(AppendSeal(made)).is_appended
    reader.close()


def steer(queue: Queue) -> None:
    """A delivery that failed, and two changes by a person."""
    queue.accept()
    (lease,) = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, recipients=ids(lease)))
    queue.write("UPDATE queue SET priority = 1")
    queue.write("INSERT INTO control (verb) VALUES ('freeze')")


@pytest.fixture
def sealed(queue: Queue) -> Queue:
    """A queue whose rows are sealed, in two seals."""
    steer(queue)
    seal(queue)
    queue.write("INSERT INTO control (verb) VALUES ('thaw')")
    seal(queue, T0 + 1)
    return queue


def test_all_rows_are_sealed_and_fit(sealed: Queue) -> None:
    """
    A second look finds nothing new.
    """
    reader = sealed.engine.open_reader()
    assert next_seal(reader, newest(reader), T0) is None
    assert not has_new_audit(reader, newest(reader))
    assert (0, 0) == unsealed(reader, newest(reader))
    reader.close()

    found = check_seals(sealed.engine, ALL, [])

    assert (3, 1, 0, 0, ()) == (found.audit_rows, found.attempts, found.gone, found.new, found.faults)
    assert [(1, 2, 1), (2, 1, 0)] == sealed.select("SELECT seal_id, audit_rows, attempts FROM audit_seal")


def test_what_is_new_is_counted(sealed: Queue) -> None:
    """
    The last second is not sealed yet.
    """
    sealed.write("UPDATE queue SET priority = 3")
    assert 1 == check_seals(sealed.engine, ALL, []).new


def test_two_that_seal_make_one_chain(queue: Queue) -> None:
    """
    One housekeeper replaces the other.
    """
    steer(queue)
    reader = queue.engine.open_reader()
    made = next_seal(reader, newest(reader), T0)
    reader.close()
    assert made is not None
    first, second = AppendSeal(made), AppendSeal(made)
    queue.run(first, second)
    assert (True, False) == (first.is_appended, second.is_appended)


# fsck would find the attempts to be missing otherwise.
NO_ATTEMPTS = "DELETE FROM _attempt; UPDATE _recipient SET attempts = 0, status = 'queued'"
CHANGES = {
    "UPDATE _audit SET who = 'another' WHERE audit_id = 1": "audit row 1 was changed or added after seal 1",
    "UPDATE _audit SET after = '0' WHERE audit_id = 2": "audit row 2 was changed or added after seal 1",
    "DELETE FROM _audit WHERE audit_id = 2": "1 of the rows of seal 1 (audit row 1 to 2) are missing",
    "UPDATE _attempt SET text = 'nice words'": "attempt 1 was changed or added after seal 1",
    NO_ATTEMPTS: "1 of the rows of seal 1 (attempt 1 to 1) are missing",
    "DELETE FROM _audit_seal WHERE seal_id = 2": "seal 2 is missing, and was there when its head was written down",
    "UPDATE _audit_seal SET leaves = substr(leaves, 2)": "seal 1 was changed: its digest is not that of what it holds",
}


@pytest.mark.parametrize(("statement", "fault"), CHANGES.items(), ids=CHANGES)
def test_each_change_is_found(sealed: Queue, statement: str, fault: str) -> None:
    """
    Also those of an administrator of the machine. The class of an attempt is an opinion, and may change.
    """
    last = newest_seal(sealed.engine)
    assert last is not None
    sealed.write("UPDATE _attempt SET class = 'other'")
    for one in statement.split("; "):
        sealed.forge(one)
    assert fault in check_seals(sealed.engine, ALL, [Head(last.seal_id, last.digest)]).faults


@pytest.mark.sqlite_only("lets any shell write private tables, and has triggers for that")
def test_a_seal_cannot_be_changed_or_removed_by_hand(sealed: Queue) -> None:
    """
    A mistake in a shell breaks no chain.
    """
    with pytest.raises(apsw.ConstraintError, match="a seal of the audit cannot be changed"):
        sealed.write("UPDATE _audit_seal SET digest = ''")
    with pytest.raises(apsw.ConstraintError, match="a seal of the audit goes after its rows"):
        sealed.write("DELETE FROM _audit_seal")


def test_seals_go_after_their_rows(sealed: Queue) -> None:
    """
    The newest one stays, so that the chain goes on.
    """
    reader = sealed.engine.open_reader()
    assert outdated(reader, SEALS, T0 + 99) is None
    sealed.write("UPDATE queue SET status = 'cancelled'")
    seal(sealed, T0 + 2)
    sealed.run(ClaimAudit(99))
    later = time.time() + 99
    cutoffs = Cutoffs.at(later, delivered_s=0, final_s=0, content_s=0, audit_s=0)
    for walk in (RecipientSweep(), AuditSweep()):
        forgetting = walk.step(reader, cutoffs)
        assert forgetting is not None
        sealed.run(forgetting)
    assert [] == sealed.select("SELECT * FROM audit")

    old = outdated(reader, SEALS, T0 + 99)
    assert old is not None
    sealed.run(old)
    reader.close()

    assert [(3,)] == sealed.select("SELECT seal_id FROM audit_seal")
    assert () == check_seals(sealed.engine, Kept(later, later), []).faults
    steer(sealed)
    seal(sealed, later)
    assert () == check_seals(sealed.engine, Kept(later - 1, later - 1), []).faults
