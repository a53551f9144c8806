"""`empath-admin reconcile`: after a restore, it cancels exactly the recipients that the log names as delivered."""

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.admin.kit import AdminTool


def line(kind: str, event: str, queue_id: str, recipient: str) -> str:
    """A line of the log, as either format writes it."""
    fields = {"event": event, "queue_id": queue_id, "recipient": recipient, "reply": "250 2.0.0 Ok"}
    if kind == "json":
        return json.dumps(fields)
    return f'at=2026-11-23T02:11:58.000Z event={event} queue_id={queue_id} recipient="{recipient}" reply="250 2.0.0 Ok"'


def accepted(tool: AdminTool) -> str:
    tool.queue.accept("a.example", "b.example")
    [(ulid,)] = tool.queue.select("SELECT max(ulid) FROM _message")
    return str(ulid)


def statuses(tool: AdminTool) -> list[tuple[str]]:
    return tool.queue.select("SELECT status FROM _recipient ORDER BY recipient_id")


@pytest.mark.parametrize("kind", ["json", "logfmt"])
@pytest.mark.parametrize("name", ["empath.log", "empath.log.gz"])
def test_only_the_recipient_that_was_delivered_is_cancelled(tool: AdminTool, tmp_path: Path, kind: str, name: str):
    """
    The other recipient of the message has not got its mail; to cancel it would lose mail.
    """
    ulid = accepted(tool)
    lines = [
        line(kind, "deferred", ulid, "r2@b.example"),
        line(kind, "delivered", ulid, "r1@a.example"),
        line(kind, "delivered", "01HF7YAT00000000000000000Z", "r2@b.example"),
        line(kind, "delivered", ulid, "x@b.example"),
        "event=delivered queue_id",
        '{"event": "delivered", ',
    ]
    log = tmp_path / name
    octets = "\n".join(lines).encode()
    log.write_bytes(gzip.compress(octets) if name.endswith(".gz") else octets)

    first = tool.invoke("reconcile", str(log))
    assert (0, [("queued",), ("queued",)]) == (first.exit_code, statuses(tool))
    assert "would be cancelled" in first.stdout or "a dry run: nothing was changed" in first.stderr
    assert "empath-admin: 3 deliveries in the log; 1 live recipient to cancel\n" in first.stderr

    second = tool.invoke("reconcile", "--apply", str(log))
    assert (0, [("cancelled",), ("queued",)]) == (second.exit_code, statuses(tool))
    again = tool.invoke("reconcile", "--apply", str(log))
    assert "0 live recipients to cancel" in again.stderr


def test_a_log_that_was_damaged_is_named(tool: AdminTool, tmp_path: Path):
    """
    A part of the log does not name all deliveries. gzip has several errors for a damaged file.
    """
    octets = gzip.compress(line("json", "delivered", accepted(tool), "r1@a.example").encode() * 50)
    damaged = {
        "cut off": octets[:-12],
        "another octet": octets[:20] + bytes([octets[20] ^ 0xFF]) + octets[21:],
        "not gzip": b"x" + octets,
        "empty trailer": octets[:-8] + bytes(8),
    }
    log = tmp_path / "empath.log.gz"
    for kind, content in damaged.items():
        log.write_bytes(content)
        done = tool.run("reconcile", str(log))
        assert (66, 1, True) == (done.code, done.err.count("\n"), f"{log}: the log cannot be read: " in done.err), kind


@pytest.mark.parametrize("start", ["", "event=delivered queue_id="])
def test_a_line_that_is_nested_without_end_is_no_delivery(tool: AdminTool, tmp_path: Path, start: str):
    """
    A strange host's reply is in the log, too. The other lines count.
    """
    log = tmp_path / "empath.log"
    nested = start + '{"event": "delivered", "x": ' + "[" * 60_000 + "\n"
    log.write_text(nested + line("json", "delivered", accepted(tool), "r1@a.example"))
    done = tool.run("reconcile", str(log))
    assert (0, True) == (done.code, "1 delivery in the log; 1 live recipient to cancel" in done.err), done.err[-300:]


def test_a_log_that_is_not_there_is_named(tool: AdminTool, tmp_path: Path):
    """
    Without the log, delivered mail would look undelivered.
    """
    done = tool.run("reconcile", str(tmp_path / "none.log"))
    assert (66, 1) == (done.code, done.err.count("\n"))
