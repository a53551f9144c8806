"""Recipients of one message with different answers, from the replies of a host to the rows of the queue."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from empath.config import load_config
from empath.daemon.process.shared_reader import SharedReader
from empath.daemon.worker.reply_rules import ReplyRules
from empath.daemon.worker.settling import Settling
from empath.daemon.worker.transport.carrier import Body, DeliveryJob
from empath.daemon.worker.transport.smtp import SmtpCarrier
from empath.mail.identity import Timestamp
from empath.policy.hosts.search import Host
from empath.policy.routing import SmtpRoute
from empath.storage.queue.accept import INLINE
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease
from tests.kit.peer import END_OF_DATA, ScriptedPeer
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue, violations, write

CONTENT = b"Subject: x\r\n\r\ny\r\n"


class Delivery:
    """A queue with one message to r1, r2 and r3, and a carrier to *peer*."""

    def __init__(self, folder: Path, make_pool: Any, peer: ScriptedPeer) -> None:
        file = folder / "empath.toml"
        file.write_text(configuration(2525))
        self.config = load_config(file)
        self.queue = Queue(self.config.queue.path)
        self.queue.accept("a.example", "a.example", "a.example", content=CONTENT)
        write(self.queue.path, "UPDATE _recipient SET expires_at = ?", T0 + 9e5)
        finder: Any = SimpleNamespace(find=lambda route, domain: (Host("mx.test", peer.host, peer.port),))
        self.carrier = SmtpCarrier(SmtpRoute("x.test", 25), "a.example", make_pool(), finder)
        self.heard: list[str] = []

    def attempt(self, now: float) -> tuple[Any, list[Any]]:
        """Lease, deliver, and give the lease with the writes that would settle it."""
        [lease] = self.queue.lease(now=now)
        runtime: Any = SimpleNamespace(
            config=self.config,
            rules=SimpleNamespace(book=self.config.rule_book()),
            emit=lambda occurrence: self.heard.append(type(occurrence).__name__),
            process_id=self.queue.process_id,
            now=lambda: Timestamp(now),
        )
        [message] = lease.messages
        body = Body(CONTENT, Path(), INLINE, len(CONTENT))
        job = DeliveryJob(message, message.recipients, body, lambda: True)
        rules = ReplyRules(SharedReader(self.queue.engine.open_reader), runtime.emit, lambda: now)
        settling = Settling(runtime, lease, rules)
        tried = list(self.carrier.carry(job))
        for host_attempt in tried:
            settling.log_host(message, host_attempt.attempt, host_attempt.undelivered)
        return lease, settling.settle(message, tried)

    def attempts(self) -> list[tuple[int, str, int | None]]:
        """Recipient, outcome and code of each attempt."""
        return self.queue.select("SELECT recipient_id, outcome, code FROM _attempt ORDER BY attempt_id")


@pytest.fixture
def mixed(tmp_path, make_pool):
    peer = ScriptedPeer().reply_to_recipient("r2@a.example", "450 4.2.1 Busy")
    peer.reply_to_recipient("r3@a.example", "550 5.1.1 Who?")
    with peer:
        made = Delivery(tmp_path, make_pool, peer)
        yield made, peer
        made.queue.close()
        assert {} == violations(made.queue.path)


def test_f3_mixed_answers_are_one_write_and_only_the_deferred_is_tried_again(mixed):
    """
    DATA goes to one recipient. A crash between two writes would send the mail again to who has it.
    """
    delivery, peer = mixed
    lease, writes = delivery.attempt(T0)
    assert 1 == len(writes)
    delivery.queue.run(*writes, EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0))
    assert ["delivered", "deferred", "bounced"] == delivery.queue.statuses()
    peer.reply_to_recipient("r2@a.example", "250 2.1.5 Ok")
    lease, writes = delivery.attempt(T0 + 3600)
    delivery.queue.run(*writes, EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 3600))
    assert ["delivered", "delivered", "bounced"] == delivery.queue.statuses()
    assert [("r1@a.example",), ("r2@a.example",)] == [message.recipients for message in peer.messages]


def test_f3_a_crash_between_the_dot_and_the_settle_is_at_most_one_duplicate_and_recorded(mixed):
    """
    Its recipients wait again, each with an attempt that is unknown. What comes late changes no status, and the 250
    leaves a row.
    """
    delivery, peer = mixed
    _, writes = delivery.attempt(T0)
    delivery.queue.run(EndProcess(delivery.queue.process_id, now=T0 + 1))
    assert ["deferred"] * 3 == delivery.queue.statuses()
    assert [(number, "unknown", None) for number in (1, 2, 3)] == delivery.attempts()
    delivery.queue.run(*writes)
    assert (["deferred"] * 3, [True]) == (delivery.queue.statuses(), [write.is_stale for write in writes])
    assert [(1, "maybe_delivered", 250)] == delivery.attempts()[3:]
    assert 1 == len(peer.messages)


def test_f6_a_host_that_is_lost_after_the_dot_leaves_a_doubt(tmp_path, make_pool):
    """
    4.4.2, deferred, and a line in the log: the mail may be delivered twice.
    """
    with ScriptedPeer().drop_at(END_OF_DATA) as peer:
        delivery = Delivery(tmp_path, make_pool, peer)
        lease, writes = delivery.attempt(T0)
        delivery.queue.run(*writes, EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0))
        replies = delivery.queue.select("SELECT DISTINCT status, substr(last_reply, 1, 9) FROM _recipient")
        assert [("deferred", "451 4.4.2")] == replies
        assert "DeliveryInDoubt" in delivery.heard
        delivery.queue.close()
