"""`empath-admin reconcile`: after a restore, it cancels exactly the recipients that the log names as delivered."""

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.admin.kit import AdminTool
from tests.kit.queue import T0, write


def line(kind: str, event: str, queue_id: str, recipient: str) -> str:
    """A line of the log, as either format writes it."""
    fields = {
        "at": "2026-11-23T02:11:58.000Z",
        "event": event,
        "queue_id": queue_id,
        "recipient": recipient,
        "reply": "250 2.0.0 Ok",
    }
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


@pytest.mark.parametrize("kind", ["json", "logfmt"])
def test_lines_that_cannot_be_read_are_warned_of(tool: AdminTool, tmp_path: Path, kind: str):
    """
    They may be deliveries, whose mail would go out again without a word: a full disk tears lines and drops others.
    """
    whole = line(kind, "delivered", accepted(tool), "r1@a.example")
    at = "2026-11-23T02:11:58.000Z"
    lost = {"json": json.dumps({"at": at, "event": "log_lines_lost", "lines": 7})}
    log = tmp_path / "empath.log"
    lines = [whole, whole[:70] + whole, whole + whole, lost.get(kind, f"at={at} event=log_lines_lost lines=7")]
    log.write_text("\n".join(lines) + "\n")

    said = tool.invoke("reconcile", str(log)).stderr

    assert f"{log}: 2 lines cannot be read: 2, 3;" in said
    assert f"{log}: 7 lines were lost when it was written;" in said


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


def test_a_file_that_is_no_log_is_refused(tool: AdminTool, tmp_path: Path):
    """
    A wrong name would say that nothing was delivered, and all of the mail would go out again.
    """
    ulid = accepted(tool)
    log = tmp_path / "empath.log"
    log.write_text(line("json", "delivered", ulid, "r1@a.example"))
    for content in ("root:x:0:0:root:/root:/bin/bash\n", "x" * 200_000, "event=delivered queue_id=x\n", '{"at": 1}'):
        wrong = tmp_path / "passwd"
        wrong.write_text(content)
        done = tool.run("reconcile", "--apply", str(log), str(wrong))
        words = f"empath-admin: {wrong}: no line of Empath's log is in it; name the log file and its rotated parts\n"
        assert (65, "", words) == (done.code, done.out, done.err)
    wrong.write_text("")
    assert 0 == tool.run("reconcile", "--apply", str(log), str(wrong)).code
    assert [("cancelled",), ("queued",)] == statuses(tool)


def test_a_log_that_begins_after_the_backup_is_warned_of(tool: AdminTool, tmp_path: Path):
    """
    The rotated part was forgotten: what it has was delivered, and would go out again. Mail that comes in after the
    restore, while delivery is frozen, does not hide the gap.
    """
    ulid = accepted(tool)
    log, older = tmp_path / "empath.log", tmp_path / "empath.log.1"
    log.write_text(line("logfmt", "delivered", ulid, "r1@a.example"))
    older.write_text(f"at=2023-11-14T22:13:00.000Z level=info event=x\n{log.read_text()}\n")
    write(tool.path, "UPDATE _process SET beat_at = ?", T0)
    write(tool.path, "UPDATE _message SET received_at = ?", T0)
    write(tool.path, "INSERT INTO _setting (name, value) VALUES ('frozen', '2026-11-23T03:00:00Z')")
    tool.queue.accept("c.example")
    write(tool.path, "UPDATE _message SET received_at = 1795406400 WHERE message_id = 2")
    warning = (
        "empath-admin: the logs begin at 2026-11-23T02:11:58Z, after the queue's last change at 2023-11-14T22:13:20Z:"
        " deliveries between are not known; name the older log files too"
    )
    assert warning == tool.run("reconcile", str(log)).err.splitlines()[0]
    assert "the logs begin" not in tool.run("reconcile", str(older), str(log)).err


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
