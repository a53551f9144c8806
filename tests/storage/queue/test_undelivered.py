"""
test_undelivered - nothing that forgets touches mail that is still to be delivered or reported

Retention, redaction and the right to be forgotten run in any order, with any cut-off, while people queue mail again
between the look of a sweep and its transaction.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empath.mail.address import Address
from empath.mail.status import RecipientStatus
from empath.policy.redaction import Redaction, Way
from empath.storage.admin.forget import forget
from empath.storage.engine import Reader
from empath.storage.queue.aging import sweeps
from empath.storage.queue.audit import ClaimAudit
from empath.storage.queue.retention import AuditSweep, Cutoffs, MessageSweep, RecipientSweep
from empath.storage.write import Write
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines

MEMORY = Path("/dev/shm")
STATUSES = ("queued", "held", "cancelled", "bounced", "delivered", "deferred", "leased")
AGES = st.sampled_from([-1e9, 0.0, 5.0, 1e9])  # seconds that things are kept
FORGETTERS = ("recipients", "messages", "audit", "redaction", "forget")
# What waits, or is still to be reported, with all that it needs; its attempts and what people did to it.
UNDELIVERED = """
    SELECT r.*, m.*, c.octets,
           (SELECT group_concat(a.text) FROM _attempt AS a WHERE a.recipient_id = r.recipient_id),
           (SELECT group_concat(u.address || u.what) FROM _audit AS u WHERE u.recipient_id = r.recipient_id)
      FROM _recipient AS r JOIN _message AS m USING (message_id) LEFT JOIN _content AS c USING (message_id)
     WHERE r.status IN ('queued', 'deferred', 'leased', 'held')
        OR EXISTS (SELECT 1 FROM _notice AS n WHERE n.recipient_id = r.recipient_id)
     ORDER BY r.recipient_id"""


def fill(queue: Queue, statuses: list[tuple[str, str]]) -> None:
    """A message with two recipients for each pair of statuses."""
    for number in range(len(statuses)):
        queue.accept("a.example", "b.example", at=T0 + number)
    for lease in queue.lease(now=T0 + 99):
        for number, message in enumerate(lease.messages):
            place = 0 if lease.destination == "a.example" else 1
            status = statuses[number][place]
            if status in {"delivered", "deferred"}:
                queue.run(queue.new_settle(lease, RecipientStatus(status), message=number, now=T0 + 100 + number))
            elif status != "leased":
                for recipient in message.recipients:
                    queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = ?", recipient.recipient_id)
                queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, message=number, now=T0 + 100 + number))
                order = f"UPDATE queue SET status = '{status}' WHERE status <> '{status}' AND recipient_id = ?"
                for recipient in message.recipients:
                    queue.write(order, recipient.recipient_id)


def writes_of(name: str, reader: Reader, cutoffs: Cutoffs, walks: dict[str, Any]) -> list[Write]:
    """The next Writes of one that forgets."""
    if name == "redaction":
        return [
            work
            for walk in walks[name]
            for work in walk.step(reader, Redaction(Way.DROP, Way.DROP, Way.DROP), cutoffs.final_before)
        ]
    work = walks[name].step(reader, cutoffs)
    return [] if work is None else [work]


@settings(max_examples=settings().max_examples // 4)
@given(
    statuses=st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(STATUSES)), min_size=1, max_size=4),
    ages=st.tuples(AGES, AGES, AGES, AGES),
    order=st.permutations(FORGETTERS),
    revived=st.integers(0, 8),
)
def test_undelivered_mail_is_never_touched(
    statuses: list[tuple[str, str]], ages: tuple[float, ...], order: list[str], revived: int
) -> None:
    """
    Whatever the configuration says, and whenever a person queues mail again.
    """
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        queue = Queue(Path(folder) / "queue.db")
        fill(queue, statuses)
        queue.run(ClaimAudit(99))
        reader = queue.engine.open_reader()
        delivered_s, final_s, content_s, audit_s = ages
        kept = {"delivered_s": delivered_s, "final_s": final_s, "content_s": content_s, "audit_s": audit_s}
        cutoffs = Cutoffs.at(T0 + 200, **kept)
        walks = {
            "recipients": RecipientSweep(),
            "messages": MessageSweep(),
            "audit": AuditSweep(),
            "redaction": sweeps(),
        }
        for name in order:
            if name == "forget":
                before = queue.select(UNDELIVERED)
                forget(queue.engine, Address.parse("r1@a.example"), who="x", deadline_s=5.0, is_whole=True)
            else:
                works = writes_of(name, reader, cutoffs, walks)
                queue.write(
                    "UPDATE history SET status = 'queued' WHERE recipient_id = ? AND status IN ('cancelled', 'bounced')"
                    " AND has_content",
                    revived,
                )
                before = queue.select(UNDELIVERED)
                for work in works:
                    queue.run(work)
            assert before == queue.select(UNDELIVERED), name
        reader.close()
        queue.close()
