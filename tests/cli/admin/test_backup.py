"""`empath-admin backup` and `restore`: what is in a backup, and what a restored queue knows of later deliveries."""

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import EmpathError
from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.storage.admin.backup import BackUp, Backup
from empath.storage.admin.manifest import parse_manifest, read_manifest, sha256_of
from empath.storage.queue.accept import Accept
from empath.storage.spool import SpoolFile, locate
from empath.storage.sqlite.backup import leave_log
from empath.storage.sqlite.schema import SCHEMA_VERSION
from tests.cli.admin.kit import AdminTool
from tests.kit.commands import CommandResult
from tests.kit.queue import T0, Queue, dump, give_spool, select, violations
from tests.storage.migrations.kit import restore as restore_saved
from tests.storage.migrations.kit import restore_spool, saved

pytestmark = pytest.mark.on_disk

NODE = "mx.example.test"
LARGE = b"Subject: large\r\n\r\n" + 1000 * b"x\r\n"
FIELDS = b"Received: by this host\r\n"


def accept_large(queue: Queue, number: int = 0) -> Path:
    """Accept a message whose content is a file; the path of the file."""
    queue_id = QueueId.make(Timestamp(T0), b"large" + number.to_bytes(5, "big"))
    file = SpoolFile(queue.path.parent / "spool", NODE, queue_id)
    file.write(LARGE)
    file.complete()
    message = queue.new_message("l.example", content=LARGE, queue_id=queue_id, added_fields=FIELDS)
    queue.run(Accept(message._replace(content=None, locator=file.locator)))
    file.close()
    return file.path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A directory for backups."""
    made = tmp_path / "backups"
    made.mkdir()
    return made


def fill(tool: AdminTool) -> Path:
    """Two small messages, of which one has two recipients, and a large one; the file of the latter."""
    give_spool(tool.path)
    tool.queue.accept("a.example", "b.example", added_fields=FIELDS)
    tool.queue.accept("c.example", added_fields=FIELDS)
    return accept_large(tool.queue)


def ulid(tool: AdminTool, recipient_id: int) -> str:
    statement = "SELECT ulid FROM _message JOIN _recipient USING (message_id) WHERE recipient_id = ?"
    [(found,)] = tool.queue.select(statement, recipient_id)
    return str(found)


def back_up(tool: AdminTool, target: Path, *options: str) -> Path:
    [line] = tool.lines("backup", str(target), *options)
    return Path(line)


def delivered_line(queue_id: str, recipient: str, at: str = "2026-11-23T02:11:58.000Z") -> str:
    fields = {"at": at, "event": "delivered", "queue_id": queue_id, "recipient": recipient, "host": "mx.a.example"}
    return json.dumps({**fields, "stage": "end-of-data", "reply": "250 2.0.0 Ok, it is there"}) + "\n"


def restore(tool: AdminTool, backup: Path, into: Path, *options: str) -> CommandResult:
    return tool.run("restore", str(backup), "--to", str(into), *options)


@pytest.mark.parametrize("options", [(), ("--copy",), ("--quick",)])
def test_a_backup_has_the_rows_and_the_files(tool: AdminTool, target: Path, options: tuple[str, ...]):
    """
    The database is one file, so that to read it changes nothing.
    """
    file = fill(tool)
    made = back_up(tool, target, *options)
    copy = locate(made / "spool", f"spool:{NODE}/{file.name}")
    assert LARGE == copy.read_bytes()
    assert ("--copy" not in options) == copy.samefile(file)
    assert (tool.spool / "owner").read_bytes() == (made / "spool/owner").read_bytes()

    manifest = read_manifest(made)
    assert (3, {"queued": 4}, 1, len(LARGE)) == (
        manifest.messages, manifest.recipients, manifest.files, manifest.files_octets,
    )  # fmt: skip
    assert (SCHEMA_VERSION, NODE, "queue.db", []) == (
        manifest.schema, manifest.node, manifest.queue_file, manifest.faults,
    )  # fmt: skip
    assert ["manifest.json", "queue.db", "spool"] == sorted(path.name for path in made.iterdir())
    without = {"pragmas"}
    rows, ours = dump(made / "queue.db"), dump(tool.path)
    assert {name: rows[name] for name in rows.keys() - without} == {name: ours[name] for name in ours.keys() - without}
    assert ("journal_mode", "delete") in rows["pragmas"]
    assert {} == violations(made / "queue.db")


def test_the_numbers_of_a_backup_are_told(tool: AdminTool, target: Path):
    fill(tool)
    said = tool.run("backup", str(target), "--json")
    record = json.loads(said.out)
    assert (0, True, []) == (said.code, record["is_linked"], record["removed"])
    assert {"queued": 4} == record["manifest"]["recipients"]
    assert said.err.startswith("empath-admin: 3 messages, 4 live recipients, ")
    assert said.err.endswith("; 1 file of the spool linked\n")


def test_only_the_newest_backups_are_kept(tool: AdminTool, target: Path):
    """
    Those of another queue, and what is no backup, stay. What a killed backup left is removed.
    """
    fill(tool)
    now = iter([T0 + 10 * number for number in range(8)])

    def made(keep: int | None) -> Backup:
        tool.queue.close()
        return BackUp(tool.queue.engine, tool.spool, target, clock=lambda: next(now), keep=keep).run()

    first = made(None)
    other = target / "2001-01-01T000000Z"
    shutil.copytree(first.path, other)
    manifest = other / "manifest.json"
    manifest.write_text(manifest.read_text().replace(first.manifest.key, "another"))
    (target / "2000-01-01T000000Z").mkdir()
    left = target / ".2002-01-01T000000Z.part"
    left.mkdir()
    second, third = made(None), made(2)
    assert ((first.path,), False) == (third.removed, left.exists())
    expected = ["2000-01-01T000000Z", other.name, second.path.name, third.path.name]
    assert expected == sorted(path.name for path in target.iterdir())


def test_every_row_has_its_file_though_mail_comes_and_goes(tool: AdminTool, target: Path):
    """
    A large message comes after the files were linked, and is delivered between the instant of the copy and the copy of
    its file.
    """
    fill(tool)
    gone: list[Path] = []
    calls: list[str] = []
    instants = iter([T0, T0 + 1, T0 + 2, T0 + 3])

    def clock() -> float:
        if gone and gone[0].exists():  # inside the transaction of the copy
            tool.queue.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 5")
            tool.queue.write("UPDATE _message SET content_locator = NULL WHERE message_id = 4")
            gone[0].unlink()
        return next(instants)

    def linked(what: str, _done: int, _total: int) -> None:
        calls.append(what)
        if calls == ["files", "files"]:  # after the one file, and at the end of the round
            gone.append(accept_large(tool.queue, 1))

    made = BackUp(tool.queue.engine, tool.spool, target, clock=clock, on_progress=linked).run()
    assert (4, {"queued": 4, "cancelled": 1}, 1) == (
        made.manifest.messages, made.manifest.recipients, made.manifest.files,
    )  # fmt: skip
    assert [] == [fault for fault in made.manifest.faults if "file" in fault]
    assert 1 == len(list(made.path.glob("spool/*/*")))


def test_a_fault_of_the_queue_is_in_the_backup_and_told(tool: AdminTool, target: Path):
    """
    A backup of the rest is worth more than none.
    """
    fill(tool).unlink()
    done = tool.run("backup", str(target))
    assert (4, True) == (done.code, "the queue has this fault, too: file_missing: the file of " in done.err)
    assert [] != read_manifest(Path(done.out.strip())).faults


def test_a_target_that_is_not_fit_is_refused(tool: AdminTool, tmp_path: Path):
    fill(tool)
    missing = tool.run("backup", str(tmp_path / "no"))
    assert (73, True) == (missing.code, "no such directory; make it with `mkdir" in missing.err)
    assert 73 == tool.run("backup", str(tool.spool)).code
    assert 64 == tool.run("backup", str(tmp_path), "--keep", "0").code


def test_what_the_log_names_is_delivered_in_the_restored_queue(tool: AdminTool, target: Path, tmp_path: Path):
    """
    Held, leased and large mail, too. Nobody else is touched: the log does not name them.
    """
    file = fill(tool)
    tool.queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 1")
    [lease] = [each for each in tool.queue.lease() if each.destination == "c.example"]
    tool.queue.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 3")  # an order that comes too late
    made, log, into = back_up(tool, target), tmp_path / "empath.log", tmp_path / "new"
    named = {1: "r1@a.example", 3: "r1@c.example", 4: "r1@l.example"}
    lines = [delivered_line(ulid(tool, number), address) for number, address in named.items()]
    log.write_text("".join([*lines, lines[0], delivered_line("01HF7YAT00000000000000000Z", "r1@a.example")]))

    first = restore(tool, made, into, "--log", str(log))
    assert (0, False) == (first.code, into.exists())
    assert "empath-admin: 5 deliveries in the log; 3 live recipients of the backup among them\n" in first.err
    assert first.err.endswith(f"empath-admin: would make {into}/queue.db; use --apply to restore\n")
    assert ["1", "3", "4"] == [line.split()[0] for line in first.out.splitlines()[1:]]

    done = restore(tool, made, into, "--log", str(log), "--apply")
    assert (0, first.out) == (done.code, done.out), done.err
    queue = into / "queue.db"
    statuses = select(queue, "SELECT status FROM _recipient ORDER BY recipient_id")
    assert [("delivered",), ("leased",), ("delivered",), ("delivered",)] == statuses
    attempts = "SELECT recipient_id, outcome, host, stage, code, text FROM _attempt ORDER BY recipient_id"
    reply = ("delivered", "mx.a.example", "end-of-data", 250, "250 2.0.0 Ok, it is there")
    assert [(1, *reply), (3, *reply), (4, *reply)] == select(queue, attempts)
    trail = "SELECT recipient_id, before, after FROM audit WHERE what = 'restore' AND recipient_id IS NOT NULL"
    expected = [(1, "held", "delivered"), (3, "leased", "delivered"), (4, "leased", "delivered")]
    assert expected == select(queue, trail)
    assert [(made.name,)] == select(queue, "SELECT object FROM audit WHERE what = 'restore' AND object IS NOT NULL")
    assert [(3,)] == select(queue, "SELECT recipient_id FROM audit WHERE what = 'order came too late'")
    assert [(f"spool:{NODE}/{file.name}",)] == select(queue, "SELECT locator FROM _spool_garbage")
    assert [] == select(queue, "SELECT * FROM _notice")
    assert ({}, lease.lease_id) == (violations(queue), lease.lease_id)
    assert ["queue.db", "spool"] == sorted(path.name for path in into.iterdir() if "-" not in path.name)


def test_nothing_is_touched_that_the_restore_was_not_told_of(tool: AdminTool, target: Path, tmp_path: Path):
    """
    The restored queue is that of the backup, with one row of the audit.
    """
    fill(tool)
    made, into = back_up(tool, target), tmp_path / "new"
    done = restore(tool, made, into, "--delivered-since", "none", "--apply", "--json")
    assert (0, True, []) == (done.code, json.loads(done.out)["is_applied"], json.loads(done.out)["recipients"])
    rows, ours = dump(into / "queue.db"), dump(made / "queue.db")
    changed = {"_audit", "sqlite_sequence", "pragmas"}
    assert {} == {name: rows[name] for name in rows.keys() - changed if rows[name] != ours[name]}
    assert [("restore", None)] == select(into / "queue.db", "SELECT what, recipient_id FROM audit")
    assert {file.name for file in made.glob("spool/*/*")} == {file.name for file in into.glob("spool/*/*")}


def test_a_restore_without_room_names_the_file_and_may_be_made_again(tool: AdminTool, target: Path, tmp_path: Path):
    """
    A part of its mark is left by no failure: it would be that of another backup.
    """
    fill(tool)
    made, into = back_up(tool, target), tmp_path / "new"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        done = restore(tool, made, into, "--delivered-since", "none", "--apply")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (74, f"empath-admin: {into}/.restore.json: File too large") == (done.code, done.err.splitlines()[-1])
    assert 0 == restore(tool, made, into, "--delivered-since", "none", "--apply").code


def test_a_restored_queue_may_begin_frozen(tool: AdminTool, target: Path, tmp_path: Path):
    fill(tool)
    made = back_up(tool, target)
    done = restore(tool, made, tmp_path / "new", "--delivered-since", "none", "--apply", "--freeze")
    assert (0, True) == (done.code, done.err.endswith("frozen: `empath-admin thaw` lets mail go out\n"))
    assert [(1,)] == select(tmp_path / "new/queue.db", "SELECT count(*) FROM _setting WHERE name = 'frozen'")


def test_a_restore_asks_what_was_delivered_since(tool: AdminTool, target: Path, tmp_path: Path):
    """
    Silence would send delivered mail again.
    """
    fill(tool)
    made, into = back_up(tool, target), tmp_path / "new"
    log = tmp_path / "empath.log"
    log.write_text(delivered_line("01HF7YAT00000000000000000Z", "r1@a.example", at="2099-01-01T00:00:00.000Z"))
    for options in ((), ("--log", str(log), "--delivered-since", "none")):
        done = restore(tool, made, into, "--apply", *options)
        assert (64, True) == (done.code, done.err.startswith("empath-admin: what was delivered since "))
    late = restore(tool, made, into, "--log", str(log))
    assert "the logs begin at 2099-01-01T00:00:00Z, after the backup at " in late.err


def test_a_queue_that_is_there_is_never_touched(tool: AdminTool, target: Path):
    """
    Nor a spool that belongs to one.
    """
    fill(tool)
    made, before = back_up(tool, target), dump(tool.path)
    for options in ((), ("--apply",)):
        done = restore(tool, made, tool.path.parent, "--delivered-since", "none", *options)
        assert (73, True) == (done.code, "queue.db: there is a queue; move it away" in done.err)
    assert before == dump(tool.path)
    other = target / "other"
    other.mkdir()
    shutil.copytree(tool.spool, other / "spool")
    done = restore(tool, made, other, "--delivered-since", "none", "--apply")
    assert (73, True) == (done.code, "spool: a spool that belongs to a queue; move it away" in done.err)


def _newer_schema(made: Path) -> None:
    edit(made, schema=SCHEMA_VERSION + 1)


def _newer_format(made: Path) -> None:
    edit(made, format=2)


def _damaged(made: Path) -> None:
    octets = bytearray((made / "queue.db").read_bytes())
    octets[-1] ^= 1
    (made / "queue.db").write_bytes(octets)


def _other_file(made: Path) -> None:
    (made / "manifest.json").write_text("{}")


def _no_manifest(made: Path) -> None:
    (made / "manifest.json").unlink()


def _leads_away(made: Path) -> None:
    edit(made, queue_file="../queue.db")


def edit(made: Path, **changes: object) -> None:
    manifest = made / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_newer_schema, (65, f"schema {SCHEMA_VERSION + 1} is newer than this Empath")),
        (_newer_format, (65, "format 2 is newer than this Empath")),
        (_damaged, (74, "its SHA-256 is not that of its manifest")),
        (_other_file, (65, "not a manifest of empath-admin backup")),
        (_leads_away, (65, "not a manifest of empath-admin backup")),
        (_no_manifest, (66, "name a directory that `empath-admin backup` has made")),
    ],
)
def test_what_is_no_sound_backup_is_refused(
    tool: AdminTool, target: Path, tmp_path: Path, spoil: Callable[[Path], None], expected: tuple[int, str]
):
    """
    Before anything is written.
    """
    fill(tool)
    made = back_up(tool, target)
    spoil(made)
    done = restore(tool, made, tmp_path / "new", "--delivered-since", "none", "--apply")
    code, words = expected
    assert (code, True, 1, False) == (done.code, words in done.err, done.err.count("\n"), (tmp_path / "new").exists())


def test_an_interrupted_restore_goes_on(tool: AdminTool, target: Path, tmp_path: Path):
    """
    Wherever it ended. Meanwhile no other backup can be restored there, and a start finds the spool of another queue.
    """
    fill(tool)
    made, into = back_up(tool, target), tmp_path / "new"
    mark = {"sha256": read_manifest(made).sha256, "at": read_manifest(made).at}
    into.mkdir()
    steps: tuple[Callable[[], object], ...] = (
        lambda: (into / ".restore.json").write_text(""),
        lambda: (into / ".restore.json").write_text(json.dumps(mark) + "\n"),
        lambda: shutil.copytree(made / "spool", into / "spool"),
        lambda: shutil.rmtree(next(folder for folder in (into / "spool").iterdir() if folder.is_dir())),
        lambda: (into / "queue.db.restore").write_bytes(b"a part"),
        lambda: shutil.copy(tool.path, into / "queue.db.restore"),
        lambda: (into / "queue.db.restore-wal").write_bytes(b"x"),
    )
    for number in range(1, len(steps) + 1):
        for step in steps[:number]:
            step()
        done = restore(tool, made, into, "--delivered-since", "none", "--apply")
        assert (0, number) == (done.code, number), done.err
        assert ({}, 4) == (violations(into / "queue.db"), len(select(into / "queue.db", "SELECT * FROM queue")))
        assert 1 == len(list(into.glob("spool/*/*")))
        shutil.rmtree(into)
        into.mkdir()

    steps[1]()
    other = target / "2001-01-01T000000Z"
    shutil.copytree(made, other)
    edit(other, sha256="0" * 64)
    done = restore(tool, other, into, "--delivered-since", "none")
    assert (73, True) == (done.code, "another backup is being restored there" in done.err)


def test_a_restore_that_ended_at_its_last_step_is_done(tool: AdminTool, target: Path, tmp_path: Path):
    """
    The server may have started since: the queue is not touched.
    """
    fill(tool)
    made, into = back_up(tool, target), tmp_path / "new"
    assert 0 == restore(tool, made, into, "--delivered-since", "none", "--apply").code
    manifest = read_manifest(made)
    (into / ".restore.json").write_text(json.dumps({"sha256": manifest.sha256, "at": manifest.at}) + "\n")
    before = dump(into / "queue.db")
    done = restore(tool, made, into, "--delivered-since", "none", "--apply")
    assert (0, f"empath-admin: {into}/queue.db: restored already\n") == (done.code, done.err)
    assert (before, False) == (dump(into / "queue.db"), (into / ".restore.json").exists())
    assert 73 == restore(tool, made, into, "--delivered-since", "none", "--apply").code


def test_content_that_is_missing_or_altered_is_told(tool: AdminTool, target: Path, tmp_path: Path):
    """
    The rest is restored. The mail of that content will be held, not bounced.
    """
    fill(tool)
    accept_large(tool.queue, 1)
    made = back_up(tool, target, "--copy")
    first, second = sorted(made.glob("spool/*/*"), key=lambda path: path.name)
    first.unlink()
    second.write_bytes(LARGE[::-1])
    done = restore(tool, made, tmp_path / "new", "--delivered-since", "none", "--apply")
    assert 4 == done.code
    assert f"{first.name}: its file is not in the backup; its mail will be held" in done.err
    assert f"{second.name}: its content is not the one that was accepted; its mail will be held" in done.err


def test_a_backup_of_an_older_schema_is_brought_up_to_date(tool: AdminTool, target: Path, tmp_path: Path):
    """
    After an upgrade the backup of last night is still worth something.
    """
    fill(tool)
    made, into = back_up(tool, target), tmp_path / "new"
    shutil.rmtree(made / "spool")
    (made / "spool").mkdir()
    (made / "queue.db").unlink()
    restore_saved(saved(4), made / "queue.db")
    restore_spool(saved(4), made / "spool")
    leave_log(made / "queue.db")
    octets, digest = sha256_of(made / "queue.db")
    edit(made, schema=4, key="", database_octets=octets, sha256=digest)
    [(queue_id, address), *_] = select(
        made / "queue.db",
        "SELECT ulid, address FROM _recipient JOIN _message USING (message_id) WHERE status = 'queued'",
    )
    (tmp_path / "empath.log").write_text(delivered_line(queue_id, address))
    done = restore(tool, made, into, "--log", str(tmp_path / "empath.log"))
    assert (0, True) == (done.code, "1 live recipient of the backup among them" in done.err)
    done = restore(tool, made, into, "--log", str(tmp_path / "empath.log"), "--apply")
    assert (0, [(SCHEMA_VERSION,)]) == (done.code, select(into / "queue.db", "PRAGMA user_version")), done.err
    status = "SELECT status FROM _recipient JOIN _message USING (message_id) WHERE ulid = ? AND address = ?"
    assert [("delivered",)] == select(into / "queue.db", status, queue_id, address)


_VALUES = st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)


@given(
    st.binary(max_size=200) | st.dictionaries(st.just("format") | st.text(), _VALUES).map(json.dumps).map(str.encode)
)
def test_a_manifest_is_read_or_refused(octets: bytes):
    """
    In one line, whatever the file has.
    """
    with pytest.raises(EmpathError) as caught:
        parse_manifest(octets, Path("manifest.json"))
    assert "\n" not in str(caught.value)


def test_delivered_is_a_fate_that_only_a_lease_gives():
    """
    A restore leases what it settles, because no other status may become `delivered`.
    """
    from empath.mail.status import MOVES

    assert [RecipientStatus.LEASED] == [status for status, moves in MOVES.items() if RecipientStatus.DELIVERED in moves]
