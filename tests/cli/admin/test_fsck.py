"""test_fsck - empath-admin fsck: findings for people and programs, repair, exit codes"""

import json
from pathlib import Path

import apsw
import pytest

from tests.cli.admin.kit import Desk
from tests.kit.queue import write

BROKEN = "UPDATE _destination SET due_at = NULL"
UNREPAIRABLE = "INSERT INTO _content (message_id, octets) VALUES (99, x'00')"


def test_a_sound_queue_is_exit_0(desk: Desk) -> None:
    """
    No line on standard output: a cron job is quiet.
    """
    desk.queue.accept()
    assert (0, "", "empath-admin: no findings\n") == desk.run("fsck")
    assert (0, "", "empath-admin: no findings\n") == desk.run("fsck", "--quick", "--repair", "--json")


def test_findings_are_exit_4_and_say_what_to_do(desk: Desk) -> None:
    """
    And nothing is changed without --repair.
    """
    desk.queue.accept("a.example")
    desk.queue.close()
    write(desk.path, BROKEN)
    said = desk.run("fsck")
    line = (
        "due_at_late  found  mail for a.example is due before the destination is looked at: use --repair to wake it up"
    )
    assert (4, line, "empath-admin: 1 finding\n") == (said.code, said.out.splitlines()[1], said.err)
    assert 4 == desk.run("fsck").code
    assert 0 == desk.run("fsck", "--repair").code


def test_a_repair_says_what_it_did(desk: Desk) -> None:
    """
    Exit code 0 only if nothing is left.
    """
    desk.queue.accept("a.example")
    desk.queue.close()
    write(desk.path, BROKEN)
    write(desk.path, UNREPAIRABLE)
    result = desk.invoke("fsck", "--repair", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert (4, "empath-admin: 1 repaired, 1 finding left\n") == (result.exit_code, result.stderr)
    assert [
        ("due_at_late", True, True, "a.example"),
        ("content_without_message", False, False, None),
    ] == [(f["check"], f["is_repairable"], f["is_repaired"], f["destination"]) for f in found]
    assert [("empath-admin", "fsck due_at_late")] == desk.queue.select("SELECT who, what FROM audit")
    write(desk.path, "DELETE FROM _content WHERE message_id = 99")


def test_a_damaged_file_is_not_written(desk: Desk) -> None:
    """
    What a repair writes there may be lost, or overwrite what could be saved.
    """
    desk.queue.accept("a.example")
    desk.queue.close()
    write(desk.path, BROKEN)
    write(desk.path, "PRAGMA ignore_check_constraints = ON; UPDATE _recipient SET priority = 9")
    said = desk.run("fsck", "--repair")
    assert (4, True) == (said.code, "a damaged file is not repaired" in said.err)
    assert [] == desk.queue.select("SELECT * FROM audit")
    write(desk.path, "UPDATE _recipient SET priority = 2; UPDATE _destination SET priority = 2")


def test_a_repair_waits_for_the_write_lock(desk: Desk) -> None:
    """
    And gives up in time.
    """
    desk.queue.accept("a.example")
    desk.queue.close()
    write(desk.path, BROKEN)
    holder = apsw.Connection(str(desk.path))
    holder.execute("BEGIN IMMEDIATE")
    try:
        said = desk.run("fsck", "--repair", "--wait", "0.01")
    finally:
        holder.close()
    assert (75, "") == (said.code, said.out)
    assert 0 == desk.run("fsck", "--repair").code


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_the_terminal(desk: Desk, width: int, tmp_path: Path) -> None:
    """
    Sentences fold.
    """
    desk.queue.accept("a.example")
    desk.queue.close()
    write(desk.path, BROKEN)
    assert 0 == desk.run("fsck", "--repair").code
    write(desk.path, BROKEN)
    lines = desk.on_a_terminal(width, "fsck", "--repair")
    assert [] == [line for line in lines if len(line) > width]
