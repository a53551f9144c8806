"""test_fsck - empath-admin fsck: findings for people and programs, repair, exit codes"""

import json
from pathlib import Path

import apsw
import pytest

from tests.cli.admin.kit import AdminTool
from tests.kit.queue import write

BROKEN = "UPDATE _destination SET due_at = NULL"
UNREPAIRABLE = "INSERT INTO _content (message_id, octets) VALUES (99, x'00')"


def test_a_sound_queue_is_exit_0(tool: AdminTool) -> None:
    """
    Standard output is empty, so that a cron job sends no mail.
    """
    tool.queue.accept()
    assert (0, "", "empath-admin: no findings\n") == tool.run("fsck")
    assert (0, "", "empath-admin: no findings\n") == tool.run("fsck", "--quick", "--repair", "--json")


def test_findings_are_exit_4_and_say_what_to_do(tool: AdminTool) -> None:
    """
    Without --repair fsck changes nothing.
    """
    tool.queue.accept("a.example")
    tool.queue.close()
    write(tool.path, BROKEN)
    said = tool.run("fsck")
    line = (
        "due_at_late  found  mail for a.example is due, but no worker looks at the destination yet:"
        " use --repair to make it due"
    )
    assert (4, line, "empath-admin: 1 finding\n") == (said.code, said.out.splitlines()[1], said.err)
    assert 4 == tool.run("fsck").code
    assert 0 == tool.run("fsck", "--repair").code


def test_a_repair_says_what_it_did(tool: AdminTool) -> None:
    """
    The exit code is 0 only if no finding is left.
    """
    tool.queue.accept("a.example")
    tool.queue.close()
    write(tool.path, BROKEN)
    write(tool.path, UNREPAIRABLE)
    result = tool.invoke("fsck", "--repair", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert (4, "empath-admin: 1 repaired, 1 finding left\n") == (result.exit_code, result.stderr)
    assert [
        ("due_at_late", True, True, "a.example"),
        ("content_without_message", False, False, None),
    ] == [(f["check"], f["is_repairable"], f["is_repaired"], f["destination"]) for f in found]
    assert [("empath-admin", "fsck due_at_late")] == tool.queue.select("SELECT who, what FROM audit")
    write(tool.path, "DELETE FROM _content WHERE message_id = 99")


def test_altered_content_is_found_and_held(tool: AdminTool) -> None:
    """
    After a repair fsck does not read the content again, and a held message is not found again.
    """
    tool.queue.accept("a.example", content=b"12345", added_fields=b"Received: x\r\n")
    [(queue_id,)] = tool.queue.select("SELECT id FROM message")
    tool.queue.close()
    write(tool.path, "UPDATE _content SET octets = CAST('12354' AS BLOB)")
    assert 0 == tool.run("fsck").code
    assert 4 == tool.run("fsck", "--content").code
    result = tool.invoke("fsck", "--content", "--repair", "--json")
    [found] = [json.loads(line) for line in result.stdout.splitlines()]
    assert (0, "empath-admin: 1 repaired, no findings left\n") == (result.exit_code, result.stderr)
    assert ("content_altered", True, queue_id) == (found["check"], found["is_repaired"], found["id"])
    assert (0, "", "empath-admin: no findings\n") == tool.run("fsck", "--content")


def test_a_damaged_file_is_not_written(tool: AdminTool) -> None:
    """
    A repair of a damaged file may get lost, or overwrite recoverable rows.
    """
    tool.queue.accept("a.example")
    tool.queue.close()
    write(tool.path, BROKEN)
    write(tool.path, "PRAGMA ignore_check_constraints = ON; UPDATE _recipient SET priority = 9")
    said = tool.run("fsck", "--repair")
    assert (4, True) == (said.code, "a damaged file is not repaired" in said.err)
    assert [] == tool.queue.select("SELECT * FROM audit")
    write(tool.path, "UPDATE _recipient SET priority = 2; UPDATE _destination SET priority = 2")


def test_a_repair_waits_for_the_write_lock(tool: AdminTool) -> None:
    """
    It gives up after --wait.
    """
    tool.queue.accept("a.example")
    tool.queue.close()
    write(tool.path, BROKEN)
    holder = apsw.Connection(str(tool.path))
    holder.execute("BEGIN IMMEDIATE")
    try:
        said = tool.run("fsck", "--repair", "--wait", "0.01")
    finally:
        holder.close()
    assert (75, "") == (said.code, said.out)
    assert 0 == tool.run("fsck", "--repair").code


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_the_terminal(tool: AdminTool, width: int, tmp_path: Path) -> None:
    """
    Sentences fold.
    """
    tool.queue.accept("a.example")
    tool.queue.close()
    write(tool.path, BROKEN)
    assert 0 == tool.run("fsck", "--repair").code
    write(tool.path, BROKEN)
    lines = tool.on_a_terminal(width, "fsck", "--repair")
    assert [] == [line for line in lines if len(line) > width]
