"""A host that allows few connections, and one that allows none."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.kit.peer import ScriptedPeer
from tests.kit.process import configuration
from tests.kit.queue import Queue, write
from tests.kit.waiting import DEADLINE_S

pytestmark = pytest.mark.on_disk

PROGRAM = "tests.daemon.worker.few_sessions_worker"
ROOT = Path(__file__).parents[3]


def deliver(folder: Path, peer: ScriptedPeer, mails: int, settings: str = "") -> list[Any]:
    """What the program prints of a queue with *mails* for the peer."""
    file = folder / "empath.toml"
    file.write_text(configuration(2525, settings, f'"example.test" = "smtp://{peer.host}:{peer.port}"'))
    queue = Queue(folder / "queue.db")
    queue.accept(f"smtp:{peer.host}:{peer.port}", at=time.time(), count=mails)
    queue.close()
    write(queue.path, "UPDATE _recipient SET expires_at = 4e9")
    done = subprocess.run(
        [sys.executable, "-m", PROGRAM, file],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    return list(json.loads(done.stdout.splitlines()[-1]))


def test_a_host_that_allows_two_connections_gets_all_mail_and_none_is_deferred(tmp_path):
    """
    The connections that it refuses say nothing of the mail: that goes back, and over the two that it allows.
    """
    with ScriptedPeer().at_most(2).delay("DATA", 0.005) as peer:
        statuses, destinations, _ = deliver(tmp_path, peer, mails=100)

        assert [["delivered", 100, 1]] == statuses
        assert 100 == len(peer.messages)
        assert 0 < peer.refused < 20
    assert [1, 0] == destinations[-1][1:]


def test_a_host_that_allows_no_connection_gets_few_and_its_mail_counts_few_attempts(tmp_path):
    """
    Of five leases, four go back as long as another is under way. The last one counts an attempt and opens the breaker.
    """
    with ScriptedPeer().at_most(0) as peer:
        statuses, destinations, _ = deliver(tmp_path, peer, mails=100)

        assert [["deferred", 20, 1], ["queued", 80, 0]] == statuses
        assert 5 == peer.refused
    assert [1, 0, 1] == destinations[-1]


def test_a_rate_lets_all_mail_out_in_its_time(tmp_path):
    """
    The worker waits for tokens again and again. No mail is lost on the way, and none is deferred.
    """
    with ScriptedPeer() as peer:
        settings = '[delivery]\nrate = "100/1s burst 5"\n[senders]\n"example.test" = { rate = "100/1s burst 4" }'
        statuses, _, buckets = deliver(tmp_path, peer, mails=40, settings=settings)

        assert [["delivered", 40, 1]] == statuses
        assert 40 == len(peer.messages)
    assert ["all", "sender example.test"] == buckets
