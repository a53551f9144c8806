"""Leases of slow hosts that fill every slot, and the mail behind them."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from empath.storage.queue.rerouting import MoveWaiting
from tests.kit.peer import ScriptedPeer
from tests.kit.process import configuration
from tests.kit.queue import Queue, write
from tests.kit.waiting import DEADLINE_S

PROGRAM = Path(__file__).with_name("slow_worker.py")
ROOT = Path(__file__).parents[3]


def test_silent_hosts_leave_a_place_for_known_destinations_and_one_for_new_ones_after_a_minute(tmp_path):
    """
    Silent hosts fill all places but the reserve, and mail to a destination that answered before goes out. After a
    minute the oldest message under way times out, and the new destination that waits is next.
    """
    with ExitStack() as running:
        peers = [running.enter_context(ScriptedPeer().hang_at("MAIL")) for _ in range(4)]
        routes = [f'"{n}.example" = "smtp://{peer.host}:{peer.port}"' for n, peer in enumerate(peers)]
        file = tmp_path / "empath.toml"
        file.write_text(
            configuration(2525, "[delivery]\nsessions = 1\n", "\n".join([*routes, '"example.test" = "discard:"']))
        )
        queue = Queue(tmp_path / "queue.db")
        queue.accept("discard:", at=time.time() - 1)
        for n, peer in enumerate(peers):
            queue.accept(f"{n}.example", at=time.time())
            queue.run(MoveWaiting({n + 2: f"smtp:{peer.host}:{peer.port}"}))
        queue.close()
        write(queue.path, "UPDATE _recipient SET expires_at = 4e9")

        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(file)],
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    assert 0 == done.returncode, done.stderr
    before, after = map(json.loads, done.stdout.splitlines())
    assert [*["leased"] * 3, "queued"] == [status for status, _ in before]
    assert ["deferred", *["leased"] * 3] == [status for status, _ in after]
    assert "too slow, and other mail waits" in after[0][1]
