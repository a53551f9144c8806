"""top: the queue at a glance."""

import os
import pty
import signal
import time

from empath.cli.admin.__main__ import main
from empath.cli.admin.output import NAME
from empath.cli.admin.top import summary
from empath.mail.status import RecipientStatus
from empath.storage.admin.top import look
from tests.cli.admin.kit import AdminTool
from tests.kit.forked import ForkedProcess
from tests.kit.waiting import DEADLINE_S


def fill(tool: AdminTool) -> None:
    """Mail in each live status at two destinations, and a worker that lives."""
    tool.queue.accept("a.example", count=3, at=time.time() - 300)
    tool.queue.accept("b.example", at=time.time() - 200)
    tool.queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 2")
    tool.queue.lease(now=time.time(), limit=1)
    tool.queue.accept("a.example", "b.example", at=time.time())
    tool.queue.write("UPDATE _process SET beat_at = ?", time.time())


def test_one_look_is_printed_where_there_is_no_terminal(tool: AdminTool) -> None:
    """
    A script, or a mail of cron, gets plain lines.
    """
    fill(tool)

    lines = tool.lines("top")

    assert "waiting 3, due 3, under way 2, held 1; oldest 3 min" == lines[0]
    assert "sessions 0; refused in the last minute 0" == lines[1]
    assert [["b.example", "2", "2", "0/5", "3", "min", "-"], ["a.example", "1", "1", "1/5", "0", "s", "-"]] == [
        line.split() for line in lines[4:6]
    ]
    assert ["worker-1", "1", "1", "2", "alive"] == lines[-1].split()


def test_json_has_one_look(tool: AdminTool) -> None:
    """
    The same numbers for a program.
    """
    fill(tool)
    tool.queue.write("INSERT INTO control (verb) VALUES ('freeze')")

    record = tool.record("top", "--most", "1")

    assert (3, 3, 2, 1) == tuple(record[name] for name in ("waiting", "due", "leased", "held"))
    assert record["frozen_since"].startswith("20")
    assert [("b.example", "frozen")] == [(each["destination"], each["blocked_by"]) for each in record["destinations"]]
    assert [("worker-1", 1, 2)] == [(each["slot"], each["leases"], each["recipients"]) for each in record["processes"]]


def test_rates_come_from_what_is_new(tool: AdminTool) -> None:
    """
    Between two looks, by the numbers of the rows.
    """
    fill(tool)
    with tool.queue.engine.visiting(None) as visit:
        before = look(visit, None, most=10)
        for lease in tool.queue.lease(now=time.time()):
            tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DELIVERED))
        tool.queue.accept(count=2)
        after = look(visit, before, most=10)

    seconds = after.seen_at - before.seen_at
    assert {} == before.per_s
    assert "per second: accepted " in summary(after)
    assert f"delivered {after.per_s['delivered']:.1f}, deferred 0.0, bounced 0.0" in summary(after)
    assert [2, 2] == [round(after.per_s[name] * seconds) for name in ("accepted", "delivered")]


def test_a_terminal_is_refreshed_until_ctrl_c(tool: AdminTool) -> None:
    """
    The last look stays on the terminal.
    """
    fill(tool)
    tool.queue.close()
    ours, theirs = pty.openpty()
    argv = [NAME, "-c", str(tool.config), "top", "--every", "1"]
    with open(os.devnull, "wb") as nothing:
        process = ForkedProcess(main, argv, {**os.environ, "TERM": "xterm", "COLUMNS": "80"}, nothing, theirs)
    os.close(theirs)
    seen = b""
    while b"worker-1" not in seen:
        seen += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    code = process.wait(DEADLINE_S)
    os.close(ours)

    assert 0 == code
    assert b"waiting 3, due 3" in seen
