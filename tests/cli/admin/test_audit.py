"""test_audit - empath-admin audit: is the record still as it was made?"""

import fcntl
import gzip
import json
import time
from pathlib import Path

import apsw
import pytest

from empath.storage.queue.seals import AppendSeal, newest, next_seal
from tests.cli.admin.kit import AdminTool
from tests.kit.queue import T0

NOTHING = "nothing was changed: seals 1 to 1, since 2023-11-14T22:13:20Z, with 1 audit row and 0 attempts"


@pytest.fixture
def sealed(tool: AdminTool) -> AdminTool:
    """A queue with a seal over an order."""
    tool.queue.accept()
    tool.queue.write("UPDATE queue SET priority = 1")
    append_seal(tool, T0)
    tool.queue.close()
    return tool


def append_seal(tool: AdminTool, at: float) -> None:
    """Seal what is new, at the instant *at*."""
    reader = tool.queue.engine.open_reader()
    seal = next_seal(reader, newest(reader), at)
    reader.close()
    assert seal is not None
    tool.queue.run(AppendSeal(seal))


def head(tool: AdminTool) -> str:
    """The head, as it is printed."""
    return tool.run("audit", "head").out.strip()


def forge(tool: AdminTool) -> None:
    """Change a row of the audit as no trigger allows."""
    connection = apsw.Connection(str(tool.path))
    connection.execute("DROP TRIGGER _audit_not_changed; UPDATE _audit SET who = 'another'")
    connection.close()


def test_a_record_that_nobody_changed_is_exit_0(sealed: AdminTool) -> None:
    """
    What is not sealed yet is counted.
    """
    line = f"empath-admin: {NOTHING}, 0 gone by retention, 0 not sealed yet, 0 heads compared\n"
    assert (0, "", line) == sealed.run("audit", "verify")
    sealed.queue.write("UPDATE queue SET priority = 2")
    sealed.queue.close()
    assert "1 not sealed yet" in sealed.run("audit", "verify").err


def test_rows_that_went_while_the_clock_was_ahead_are_gone_by_retention(tool: AdminTool) -> None:
    """
    The seals of then tell that it was. Rows that are missing without such a seal are a fault.
    """
    tool.queue.accept()
    tool.queue.write("UPDATE queue SET priority = 1")
    append_seal(tool, time.time())
    tool.queue.write("DROP TRIGGER _audit_not_removed")
    tool.queue.write("DELETE FROM _audit")
    assert 4 == tool.run("audit", "verify").code
    tool.queue.write("UPDATE queue SET priority = 2")
    append_seal(tool, time.time() + 91 * 86_400)
    tool.queue.write("UPDATE queue SET priority = 3")
    append_seal(tool, time.time())
    said = tool.run("audit", "verify")
    assert (0, True) == (said.code, ", 1 gone by retention" in said.err), said


def test_a_change_is_exit_4_and_named(sealed: AdminTool) -> None:
    """
    JSON has the same.
    """
    forge(sealed)
    said = sealed.run("audit", "verify")
    assert (4, "audit row 1 was changed or added after seal 1\n") == said[:2]
    assert "1 fault found: seals 1 to 1" in said.err
    found = json.loads(sealed.run("audit", "verify", "--json").out)
    assert ["audit row 1 was changed or added after seal 1"] == found["faults"]
    assert (1, 1, head(sealed), 0, 0) == tuple(
        found[name] for name in ("first_seal", "last_seal", "head", "attempts", "not_sealed")
    )


def test_a_head_shows_that_all_seals_were_replaced(sealed: AdminTool, tmp_path: Path) -> None:
    """
    It comes from a note, or from the log in either format.
    """
    number, digest = head(sealed).split(":")
    lines = [
        json.dumps({"at": "2026-11-30T12:00:00Z", "event": "audit_sealed", "seal": int(number), "digest": digest}),
        f"at=2026-11-30T12:00:00Z level=info event=audit_sealed seal={number} digest={'0' * 64}",
    ]
    good, bad = tmp_path / "empath.log", tmp_path / "other.log.gz"
    good.write_text(lines[0] + "\n")
    bad.write_bytes(gzip.compress(lines[1].encode() + b"\n"))

    assert "1 head compared" in sealed.run("audit", "verify", "--head", head(sealed)).err
    assert 0 == sealed.run("audit", "verify", "--log", str(good)).code
    said = sealed.run("audit", "verify", "--log", str(good), "--log", str(bad))
    replaced = "seal 1 is another one than when its head was written down: what it seals was replaced\n"
    assert (4, replaced) == said[:2]


def test_an_export_goes_on_where_it_ended(sealed: AdminTool, tmp_path: Path) -> None:
    """
    Into a file, and by a number; a line that a crash has cut is written again.
    """
    sealed.queue.write("UPDATE queue SET priority = 2")
    sealed.queue.write("UPDATE queue SET priority = 3")
    file = tmp_path / "audit.jsonl"
    assert (0, "", "empath-admin: 2 rows exported\n") == sealed.run(
        "audit", "export", "--output", str(file), "--limit", "2"
    )
    with file.open("a") as cut:
        cut.write('{"version": 1, "id"')
    assert "1 row exported" in sealed.run("audit", "export", "--output", str(file)).err
    lines = file.read_text().splitlines(keepends=True)
    assert [1, 2, 3] == [json.loads(line)["id"] for line in lines]
    assert "".join(lines[1:]) == sealed.run("audit", "export", "--after", "1").out
    assert 0o600 == file.stat().st_mode & 0o777


def test_a_line_has_a_whole_row_for_every_program(sealed: AdminTool) -> None:
    """
    Many end lines where Unicode does: splitlines() of Python, readline of Node.
    """
    text = "'a' || char(133, 8232, 8233) || 'b'"
    sealed.queue.write(f"INSERT INTO _audit (who, what, object) VALUES ('sql', 'tried', {text})")
    lines = sealed.run("audit", "export").out.splitlines()
    assert lines == [line for line in lines if json.loads(line)]
    assert "a\x85\u2028\u2029b" == json.loads(lines[-1])["resource"]["object"]


def test_two_exports_do_not_append_to_one_file(sealed: AdminTool, tmp_path: Path) -> None:
    """
    A timer may start one while the last one works: each row would be there twice.
    """
    file = tmp_path / "audit.jsonl"
    with file.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        said = sealed.run("audit", "export", "--output", str(file))
        assert (75, "", f"empath-admin: {file}: another export appends to it\n") == said
    assert 0 == sealed.run("audit", "export", "--output", str(file)).code
    assert 1 == len(file.read_text().splitlines())


@pytest.mark.parametrize("change", [{"id": 7}, {"action": "hold"}, {"at": "2020-01-01T00:00:00.000Z"}])
def test_an_export_does_not_go_on_after_a_row_of_another_queue(
    change: dict[str, object], sealed: AdminTool, tmp_path: Path
) -> None:
    """
    After a restore the numbers begin again at those of the backup: rows would be left out, and nobody would see it.
    """
    file = tmp_path / "audit.jsonl"
    record = json.loads(sealed.run("audit", "export").out)
    file.write_text(json.dumps(record | change) + "\n")
    said = sealed.run("audit", "export", "--output", str(file))
    number = (record | change)["id"]
    words = f"its last row, {number}, is not in this queue, perhaps since a backup was restored; choose another file"
    assert (66, "", f"empath-admin: {file}: {words}\n") == said
    file.write_text(json.dumps(record | {"id": 0}) + "\n")  # a row that retention has removed since
    assert "1 row exported" in sealed.run("audit", "export", "--output", str(file)).err


def test_an_export_leaves_addresses_out(sealed: AdminTool) -> None:
    """
    The digits stay the same.
    """
    masked = json.loads(sealed.run("audit", "export", "--addresses", "mask").out)
    assert "r…@a.example" == masked["resource"]["recipient"]
    digits = {sealed.run("audit", "export", "--addresses", "hmac").out for _ in range(2)}
    assert 1 == len(digits)
    assert "hmac-" in digits.pop()


def test_a_wrong_export_is_one_line(sealed: AdminTool, tmp_path: Path) -> None:
    """
    A file of something else stays as it is.
    """
    other = tmp_path / "other"
    other.write_text("my diary\nand more")
    said = sealed.run("audit", "export", "--output", str(other))
    assert (66, "", f"empath-admin: {other}: its last line is no row of the audit; choose another file\n") == said
    assert "my diary\nand more" == other.read_text()
    assert 64 == sealed.run("audit", "export", "--output", str(other), "--after", "1").code
    assert 74 == sealed.run("audit", "export", "--output", str(tmp_path / "no" / "file")).code
    words = "/dev/null is no file that has a last row; leave out --output, and say --after"
    assert (64, "", f"empath-admin: {words}\n") == sealed.run("audit", "export", "--output", "/dev/null")


def test_wrong_use_is_one_line(tool: AdminTool, tmp_path: Path) -> None:
    """
    A queue that never ran has no seal.
    """
    none = "empath-admin: there is no seal yet; the running service makes the first one\n"
    assert (66, "", none) == tool.run("audit", "head")
    assert (0, "", "empath-admin: no seals; 0 rows not sealed\n") == tool.run("audit", "verify")
    missing = tool.run("audit", "verify", "--log", str(tmp_path / "none"))
    assert (66, f"empath-admin: {tmp_path / 'none'}: the log cannot be read: No such file or directory\n") == (
        missing.code,
        missing.err,
    )
    assert "not a head: 'x'" in tool.run("audit", "verify", "--head", "x").err
