"""
delivered_since - give recipients of a restored queue the fate that they had got after the backup

The log tells of each delivery.  A recipient that it names is settled as by a worker: it is leased, gets an attempt with
the host and the reply of the log, and is delivered.  So the row has its evidence, content that nobody needs any more
goes, and an order that was noted for it came too late.  The audit says that the restore did it.

No report of success is made: the service that delivered the mail has made it.  A recipient that is not named is left
as it is; if it was delivered all the same, it gets its mail twice.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.fate import Attempt, Fate, Said
from empath.mail.identity import QueueId
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.storage.admin.steering import acting
from empath.storage.engine import Selects, Session
from empath.storage.queue.process import EndProcess, Register
from empath.storage.queue.put_back import end_lease
from empath.storage.queue.settle import Settle
from empath.storage.write import Write

SLOT: Final = "restore"
_UNKNOWN_REPLY: Final = Reply.of("250 the log names it as delivered")


class Delivery(NamedTuple):
    """What the log says of one delivery: at is Unix seconds; host is None where none is named."""

    queue_id: QueueId
    recipient: str
    at: float
    host: str | None
    stage: str
    reply: str


class Delivered(NamedTuple):
    """A live recipient that was delivered. lease_id and process_id are of its lease, None if it is not leased."""

    recipient_id: int
    message_id: int
    status: str
    lease_id: int | None
    process_id: int | None
    destination_id: int
    destination: str
    delivery: Delivery


def find_delivered(session: Selects, deliveries: Iterable[Delivery]) -> list[Delivered]:
    """The live recipients that *deliveries* name, each once, in the order of their deliveries."""
    found: dict[int, Delivered] = {}
    for delivery in deliveries:
        keys = {"ulid": str(delivery.queue_id), "address": delivery.recipient}
        for row in session.rows("backup.live_recipients", keys):
            if row[0] not in found:
                found[row[0]] = Delivered._make((*row, delivery))
                break  # a message may have an address twice; then the log has two lines
    return [*found.values()]


class MarkDelivered(Write):
    """Settle *found* as delivered, in the name of *who*, at *now* (Unix seconds) on the host *node*."""

    def __init__(self, found: Sequence[Delivered], *, who: str, node: str, instance: str, now: float) -> None:
        super().__init__()
        self._found = found
        self._who = who
        self._register = Register(node=node, instance=instance, slot=SLOT, generation=1, pid=os.getpid(), now=now)
        self._now = now

    def run(self, session: Session) -> None:
        if not self._found:
            return
        self._register.run(session)
        process_id = self._register.process_id
        with acting(session, self._who):
            for each in self._found:
                self._settle(session, each, process_id)
        EndProcess(process_id, now=self._now, is_lost=False).run(session)

    def _settle(self, session: Session, each: Delivered, process_id: int) -> None:
        lease_id, own = each.lease_id, None
        if lease_id is None:
            keys = {"process_id": process_id, "destination_id": each.destination_id, "now": self._now}
            lease_id = own = int(session.value("lease.insert_lease", keys))
            row = {"recipient_id": each.recipient_id, "lease_id": lease_id}
            session.run("backup.release_held", row)
            session.run("backup.take", row)
        delivery = each.delivery
        attempt = Attempt(each.destination, delivery.at, 0.0, delivery.host)
        said = Said(_stage(delivery.stage), _reply(delivery.reply))
        Settle(
            process_id=each.process_id or process_id,
            lease_id=lease_id,
            message_id=each.message_id,
            now=self._now,
            attempt=attempt,
            fates=(Fate(each.recipient_id, RecipientStatus.DELIVERED, said),),
        ).run(session)
        session.run(
            "backup.record_delivered", {"who": self._who, "recipient_id": each.recipient_id, "before": each.status}
        )
        if own is not None:
            end_lease(session, own)


def _stage(text: str) -> Stage:
    try:
        return Stage(text)
    except ValueError:
        return Stage.END_OF_DATA


def _reply(text: str) -> Reply:
    """The reply as the log has it, which is escaped already."""
    try:
        reply = Reply.of(text)
    except (SyntaxViolation, ValueError):
        return _UNKNOWN_REPLY
    return Reply(reply.code, reply.enhanced, reply.text.replace("\\\\", "\\"), is_from_host=True)
