"""test_doctor - empath-admin doctor: it works whatever is broken, and says what to do"""

import json
import os
import resource
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from empath.cli.admin.__main__ import main
from empath.cli.admin.dns_answers import resolver
from empath.cli.admin.doctor import doctor
from empath.cli.admin.doctor_dns import diagnose_dns
from empath.cli.admin.doctor_milter import diagnose_milters
from empath.cli.empathd import main as empathd
from empath.config import load_config
from empath.daemon.process.health import diagnose_answer
from empath.daemon.supervisor.doctor import diagnose_machine
from empath.policy.greylist import GreylistRules
from empath.policy.health import Diagnosis, Level
from empath.smtp.milter.packets import Packet
from empath.storage.admin.doctor import diagnose_queue
from empath.storage.admin.doctor_pickup import diagnose_pickup
from empath.storage.admin.doctor_rows import diagnose_rows
from empath.storage.sqlite.doctor import diagnose_library
from empath.storage.sqlite.engine import SqliteEngine
from tests.cli.admin.kit import AdminTool, run
from tests.kit.commands import CommandResult, run_forked
from tests.kit.dns import ScriptedDns
from tests.kit.milter import FilterInThread
from tests.kit.process import configuration, free_port
from tests.kit.queue import T0, Queue, write

pytestmark = pytest.mark.on_disk

MIB = 1024 * 1024


def _look(path: Path, **how: object) -> dict[str, Diagnosis]:
    """Diagnoses of the queue by subject; the worst if there are several."""
    facts = {"wanted_octets": MIB, "log_limit_octets": 1024 * MIB, "is_running": False, "slots": ("worker-1",)}
    facts |= {"now": time.time()} | how
    found: dict[str, Diagnosis] = {}
    for diagnosis in diagnose_queue(SqliteEngine(path, max_leases=20), None, **facts):  # type: ignore[arg-type]
        if diagnosis.subject not in found or diagnosis.level is not Level.OK:
            found[diagnosis.subject] = diagnosis
    return found


@pytest.fixture
def path(tmp_path: Path):
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example")
    queue.close()
    write(queue.path, "UPDATE _process SET ended_at = 1.0")
    return queue.path


def test_a_fit_place_has_no_errors(tmp_path: Path) -> None:
    """
    Before the first start the queue does not exist. That is not an error, and doctor creates nothing.
    """
    config = tmp_path / "empath.toml"
    config.write_text(configuration(free_port()))
    said = run("-c", str(config), "doctor", "--json")
    found = {line["subject"]: line for line in map(json.loads, said.out.splitlines())}
    assert (0, "empath-admin: 0 errors, 2 warnings\n") == (said.code, said.err)
    assert ("warning", "the first `empathd start` makes it") == (found["queue"]["level"], found["queue"]["remedy"])
    assert ("warning", "run `empathd start`") == (found["service"]["level"], found["service"]["remedy"])
    assert {"versions", "place", "disk", "wal", "clock", "sqliterc", "listener", "nofile", "configuration"} <= set(
        found
    )
    assert ["empath.toml"] == os.listdir(tmp_path)


def test_errors_are_exit_4(tool: AdminTool) -> None:
    """
    The table for people has a remedy for each error.
    """
    tool.config.write_text(configuration(free_port()))
    tool.queue.close()
    tool.path.chmod(0o646)
    said = tool.run("doctor")
    assert (4, True) == (said.code, said.err.startswith("empath-admin: 1 error"))
    [line] = [line for line in said.out.splitlines() if line.startswith("place ")]
    assert line.endswith(f"run `chmod o-w {tool.path}`")


def test_a_running_service_is_well(empathd) -> None:
    """
    Its listeners answer, and its processes are alive.
    """
    said = run("-c", str(empathd.config), "doctor", "--json")
    found = {line["subject"]: line["level"] for line in map(json.loads, said.out.splitlines())}
    wanted = ("service", "listener", "beats", "received", "queue")
    assert (0, dict.fromkeys(wanted, "ok")) == (said.code, {name: found[name] for name in wanted})


@pytest.mark.parametrize("network", ["127.0.0.1/32", "192.0.2.1/32"])
def test_a_listener_behind_a_proxy_on_this_host_is_asked_as_the_proxy_asks(tmp_path: Path, network: str) -> None:
    """
    It waits for the header, and closes a connection without one. Other listeners would take a header for a command.
    """
    is_proxy = network.startswith("127.")
    header: list[bytes] = []

    def serve() -> None:
        with server.accept()[0] as peer:
            header.append(peer.recv(100) if is_proxy else b"")
            peer.sendall(b"220 hello\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        file = tmp_path / "empath.toml"
        more = f'[[listener]]\naddress = "127.0.0.1:{server.getsockname()[1]}"\nproxy_protocol = ["{network}"]\n'
        file.write_text(configuration(free_port(), more))
        config = load_config(file)
        found = diagnose_answer(config, config.listeners[-1])
        thread.join()
    assert (Level.OK, [b"PROXY UNKNOWN\r\n" if is_proxy else b""]) == (found.level, header)


def test_mail_of_local_programs_that_is_stuck_is_told(tmp_path: Path) -> None:
    """
    While the service is stopped it waits as it should.
    """
    (tmp_path / "01.mail").touch()
    now = time.time()

    def look(after_s: float, *, is_running: bool) -> tuple[Level, bool]:
        diagnosis = diagnose_pickup(tmp_path, now + after_s, is_running=is_running)
        return diagnosis.level, bool(diagnosis.remedy)

    well, wrong = (Level.OK, False), (Level.WARNING, True)
    assert [well, wrong, well] == [look(0, is_running=True), look(90, is_running=True), look(90, is_running=False)]
    (tmp_path / "refused").mkdir()
    (tmp_path / "refused" / "02.mail").touch()
    assert wrong == look(0, is_running=True)
    assert wrong[0] == diagnose_pickup(tmp_path / "none", now, is_running=True).level


def test_a_log_file_that_was_removed_is_told(empathd) -> None:
    """
    The processes go on to write, and nobody can read it.
    """

    def look() -> tuple[str, str]:
        said = run("-c", str(empathd.config), "doctor", "--json")
        [log] = [line for line in map(json.loads, said.out.splitlines()) if line["subject"] == "log"]
        return log["level"], log["found"]

    assert ("ok", f"{empathd.log} is there") == look()
    moved = empathd.log.rename(empathd.log.with_name("moved"))
    assert ("warning", f"{empathd.log} was removed: the processes write to a file without a name") == look()
    moved.rename(empathd.log)


def test_a_sound_queue_is_well(path: Path) -> None:
    """
    A diagnosis without a problem has no remedy.
    """
    assert {("ok", "")} == {(d.level, d.remedy) for d in _look(path).values()}


def test_an_affected_library_is_an_error() -> None:
    """
    The remedy is the command that installs a sound library.
    """
    found = diagnose_library("3.40.1")
    assert (Level.ERROR, True) == (found.level, found.remedy.startswith("run `pip install -U apsw`"))


def test_a_full_disk_is_an_error_and_a_nearly_full_one_a_warning(path: Path) -> None:
    """
    Below the reserve new mail is refused.
    """
    free = os.statvfs(path.parent).f_bavail * os.statvfs(path.parent).f_frsize
    assert [Level.ERROR, Level.WARNING] == [
        _look(path, wanted_octets=reserve)["disk"].level for reserve in (free * 2, free * 3 // 4)
    ]


@pytest.mark.parametrize(("octets", "level"), [(65 * MIB, Level.WARNING), (2000 * MIB, Level.ERROR)])
def test_a_large_log_is_told(tmp_path: Path, octets: int, level: Level) -> None:
    """
    A program has been reading for too long.
    """
    with (tmp_path / "queue.db-wal").open("wb") as file:
        file.truncate(octets)
    assert level == _look(tmp_path / "queue.db")["wal"].level


@pytest.mark.parametrize("now", [0.0, T0])
def test_a_clock_before_this_version_is_an_error(path: Path, now: float) -> None:
    """
    Retries, expiry and certificates depend on the clock.
    """
    assert Level.ERROR == _look(path, now=now)["clock"].level


def test_a_database_that_keeps_its_free_pages_is_told_and_mended(tool: AdminTool) -> None:
    """
    A file that was made from a dump has SQLite's default, and grows for ever. The remedy is the command that mends it.
    """
    tool.queue.close()
    write(tool.path, "PRAGMA auto_vacuum = 0; VACUUM")
    found = _look(tool.path)["pages"]
    assert (Level.WARNING, True) == (found.level, "VACUUM`" in found.remedy)

    assert 0 == tool.run("sql", "--write", "PRAGMA auto_vacuum = 2", "VACUUM").code

    assert Level.OK == _look(tool.path)["pages"].level


def test_mail_from_the_future_tells_of_a_clock_that_was_set_back(path: Path) -> None:
    """
    That message is not due before its time.
    """
    assert Level.WARNING == _look(path, now=T0 - 3600)["received"].level


def test_processes_that_died_are_told(path: Path) -> None:
    """
    Without a service, the next start releases what they held. With a service, they are silent processes.
    """
    write(path, "UPDATE _process SET ended_at = NULL")
    assert (Level.WARNING, "start the service: it releases what they held") == (
        _look(path)["beats"].level,
        _look(path)["beats"].remedy,
    )
    assert Level.ERROR == _look(path, is_running=True)["beats"].level
    assert Level.OK == _look(path, is_running=True, now=T0 + 2)["beats"].level


def test_a_process_that_is_missing_is_told(path: Path) -> None:
    """
    Workers that die as soon as they start leave no silent process: none was there, and all was said to be well.
    """
    write(path, "UPDATE _process SET ended_at = NULL")
    how = {"is_running": True, "now": T0 + 2}
    one = _look(path, slots=("worker-1", "worker-2"), **how)["beats"]
    none = _look(path, slots=("acceptor-1", "worker-1"), **how)["beats"]
    assert (Level.WARNING, "only 1 of 2 workers show a sign of life") == (one.level, one.found)
    assert (Level.ERROR, "no acceptor shows a sign of life") == (none.level, none.found)


def test_a_queue_that_was_removed_under_the_service_is_told(tmp_path: Path) -> None:
    """
    Before the first start it does not exist either, but then nothing runs.
    """
    found = _look(tmp_path / "queue.db", is_running=True)["queue"]
    assert (Level.ERROR, True) == (found.level, "was removed, though the service runs" in found.found)


def test_recipients_that_empath_holds_are_told(tool: AdminTool) -> None:
    """
    They wait for a person, who gave no order and so does not know of them. A hold by order needs no word.
    """
    tool.queue.accept("a.example")
    tool.queue.accept("b.example")
    tool.queue.accept("c.example")
    write(
        tool.path, "UPDATE _recipient SET status = 'held', reason = 'no content: it was removed' WHERE recipient_id = 1"
    )
    assert 0 == tool.run("hold", "--domain", "b.example").code
    found = _look(tool.path)["recipients"]
    words = "Empath holds 1 recipient by itself: no content: it was removed"
    assert (Level.WARNING, words) == (found.level, found.found)
    command = shlex.split(found.remedy.split("`")[1])
    assert "1 recipient in 1 message" in tool.run(*command[1:]).err


def test_where_it_cannot_be_told_whether_it_runs_beats_are_evidence(path: Path) -> None:
    """
    It would be wrong to say that the processes have ended, or that the service needs a start.
    """
    write(path, "UPDATE _process SET ended_at = NULL")
    found = _look(path, is_running=None, now=T0 + 2)["beats"]
    words = "1 of 1 processes gave a sign of life in the last 30 s"
    assert (Level.OK, words) == (found.level, found.found)
    assert "0 of 1" in _look(path, is_running=None)["beats"].found


def test_rows_without_the_effect_that_they_are_for_are_told(tool: AdminTool) -> None:
    """
    A list that was forgotten refuses all mail for good, and a network that no client has lets none pass.
    """
    rules = GreylistRules(300, 3600, 86_400, 5, 24, 64)

    def found() -> list[tuple[str, Level, str]]:
        seen = diagnose_rows(tool.queue.engine, ["a.test", "b.test"], rules)
        return [
            (each.subject, each.level, each.found.partition(":")[0]) for each in seen if each.subject != "reply rules"
        ]

    tool.lines("recipient", "add", "ann@a.test")
    for network in ("192.0.2.0/24", "192.0.2.5/24", "192.0.2.1/32", "2001:db8::/64"):
        write(tool.path, f"INSERT INTO greylist (client) VALUES ('{network}')")
    assert [
        ("recipient list", Level.WARNING, "has no address in b.test"),
        ("greylist", Level.WARNING, "no client is 192.0.2.1/32, 192.0.2.5/24"),
    ] == found()
    tool.lines("recipient", "add", "bob@b.test")
    write(tool.path, "DELETE FROM greylist WHERE client LIKE '192.0.2._/%' AND client <> '192.0.2.0/24'")
    assert [("recipient list", Level.OK), ("greylist", Level.OK)] == [each[:2] for each in found()]
    assert ["reply rules"] == [each.subject for each in diagnose_rows(tool.queue.engine, [], None)]


def test_a_program_that_keeps_all_writers_waiting_is_named(path: Path) -> None:
    """
    A process of the service that is found at the same instant is not meant.
    """
    script = (
        "import apsw, sys; c = apsw.Connection(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); print(flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(path)]
    assert Level.OK is _look(path)["transactions"].level
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        found = _look(path)["transactions"]
        assert f"(pid {other.pid}) has the write lock: all clients and workers wait" in found.found
        other.communicate(b"\n")
    assert Level.WARNING is found.level


def test_edits_by_an_affected_shell_are_told(path: Path) -> None:
    """
    They may have damaged the file; fsck finds out.
    """
    row = "INSERT INTO _audit (who, engine_version, what) VALUES ('sql', '3.40.1', 'x')"
    write(path, row)
    found = _look(path)["editors"]
    assert (Level.WARNING, True) == (found.level, "1 change by SQLite 3.40.1" in found.found)


def test_a_view_that_was_dropped_is_told(path: Path) -> None:
    """
    The next start creates it again.
    """
    assert Level.OK == _look(path)["schema"].level
    write(path, "DROP VIEW history; DROP TRIGGER _lease_stays")
    found = _look(path)["schema"]
    assert (Level.ERROR, "run `empathd restart`: a start creates them again") == (found.level, found.remedy)
    assert "view history" in found.found
    assert "trigger _lease_stays" in found.found


def test_a_table_that_was_dropped_is_told(path: Path) -> None:
    """
    No start makes it again, since its rows are gone.
    """
    connection = apsw.Connection(str(path))
    connection.execute("DROP TABLE _notice")
    connection.execute("DROP INDEX _recipient_due")
    connection.execute("DROP TABLE _process")
    connection.close()
    schema = _look(path)["schema"]
    found = "missing: index _recipient_due, table _process, table _notice; a person dropped it"
    assert (Level.ERROR, found) == (schema.level, schema.found)


def test_a_strange_file_is_an_error(tmp_path: Path) -> None:
    """
    The error has a remedy, and doctor prints no traceback.
    """
    (tmp_path / "queue.db").write_bytes(b"Dear Sir or Madam,\n" * 1000)
    found = _look(tmp_path / "queue.db")["queue"]
    assert (Level.ERROR, "move the file away or name another in [queue] path") == (found.level, found.remedy)


def test_a_damaged_file_is_an_error(path: Path) -> None:
    """
    The remedy is not in the log, which has the same words.
    """
    octets = bytearray(path.read_bytes())
    octets[4096:] = b"\xa5" * len(octets[4096:])
    path.write_bytes(octets)
    found = _look(path)["queue"]
    assert (Level.ERROR, f"{path}: database disk image is malformed") == (found.level, found.found)
    assert "`empath-admin fsck`" in found.remedy


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    """
    The remedy is the command that makes it.
    """
    found = _look(tmp_path / "none" / "queue.db")
    assert (Level.ERROR, f"make it with `mkdir -p -m 750 {tmp_path}/none`") == (
        found["place"].level,
        found["place"].remedy,
    )


def test_an_unknown_user_is_an_error(path: Path) -> None:
    """
    [process] user must exist on this system.
    """
    [place] = [
        d
        for d in diagnose_queue(
            SqliteEngine(path, max_leases=20),
            "no-such-user",
            wanted_octets=0,
            log_limit_octets=1,
            is_running=False,
            slots=(),
            now=time.time(),
        )
        if d.subject == "place"
    ]
    assert (Level.ERROR, "add it with useradd") == (place.level, place.remedy)


def _service(directory: Path, more: str = "", port: int = 0, log: str = "empath.log") -> dict[str, Diagnosis]:
    file = directory / "empath.toml"
    file.write_text(configuration(port or free_port(), more).replace("empath.log", log))
    found: dict[str, Diagnosis] = {}
    for diagnosis in diagnose_machine(file, load_config(file), diagnose_answer):
        if diagnosis.subject not in found or diagnosis.level is not Level.OK:
            found[diagnosis.subject] = diagnosis
    return found


def test_a_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    """
    `ss` shows which process has it.
    """
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        found = _service(tmp_path, port=other.getsockname()[1])["listener"]
    assert (Level.ERROR, True) == (found.level, "in use by another process" in found.found)


def _limited(limit: int, number: int, entry: Callable[[], None], *argv: str) -> CommandResult:
    """A command in a process whose *limit*, soft and hard, is *number*."""

    def limited() -> None:
        resource.setrlimit(limit, (number, number))
        entry()

    return run_forked(limited, argv)


def test_a_limit_of_descriptors_that_is_too_low_is_a_warning(tmp_path: Path) -> None:
    """
    The limit matters only under load.
    """
    config = tmp_path / "empath.toml"
    config.write_text(configuration(free_port()))
    said = _limited(resource.RLIMIT_NOFILE, 1000, main, "empath-admin", "-c", str(config), "doctor", "--json")
    assert 0 == said.code, said.err
    found = {line["subject"]: line for line in map(json.loads, said.out.splitlines())}["nofile"]
    assert ("warning", "1000 descriptors a process, 1256 may be needed") == (found["level"], found["found"])


def test_a_limit_of_the_size_of_a_file_that_is_too_low_is_a_warning(tmp_path: Path) -> None:
    """
    Mail would be refused with free space on the disk. The write-ahead log alone may have a GiB.
    """
    config = tmp_path / "empath.toml"
    config.write_text(configuration(free_port()))
    limit = resource.RLIMIT_FSIZE, 10_240_000
    said = _limited(*limit, main, "empath-admin", "-c", str(config), "doctor", "--json")
    assert 0 == said.code, said.err
    found = {line["subject"]: line for line in map(json.loads, said.out.splitlines())}["fsize"]
    words = "a file may have 10240000 octets (RLIMIT_FSIZE), and the queue may need 1073741824"
    assert ("warning", words) == (found["level"], found["found"])
    said = _limited(*limit, empathd, "empathd", "-c", str(config), "check")
    line = f"empathd: {config}:5: queue.path: {words}; raise the limit (`ulimit -f`, LimitFSIZE=)\n"
    assert (0, line) == (said.code, said.err)


def test_files_and_directories_that_every_user_may_write_are_errors(tmp_path: Path) -> None:
    """
    A user that can write the configuration is root in effect.
    """
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs").chmod(0o777)
    found = _service(tmp_path, log="logs/empath.log")["directory"]
    assert (Level.ERROR, "name a directory of Empath's own in [log] file") == (found.level, found.remedy)
    (tmp_path / "empath.toml").chmod(0o666)
    assert Level.ERROR == _service(tmp_path)["configuration"].level
    assert Level.WARNING == _service(tmp_path, log="none/empath.log")["directory"].level


def test_its_help_names_the_exit_code() -> None:
    """
    Scripts decide by it.
    """
    assert "else 4" in (doctor.help or "")


def _records(tool: AdminTool) -> list[dict[str, str]]:
    return [json.loads(line) for line in tool.run("doctor", "--json").out.splitlines()]


def test_a_configuration_with_mistakes_is_an_error_and_the_queue_is_looked_at(tool: AdminTool) -> None:
    """
    Listeners and limits are not checked, because they would be the defaults.
    """
    tool.config.write_text(configuration(2525, "[receiving.limits]\ncolour = 2\n[delivery]\nworkers = 0"))
    found = _records(tool)
    assert [
        f"{tool.config}:15: receiving.limits.colour: unknown key",
        f"{tool.config}:17: delivery.workers: must be at least 1, not 0",
    ] == [line["found"] for line in found if line["level"] == "error"]
    subjects = {line["subject"] for line in found}
    assert {"service", "queue", "beats", "delivery"} <= subjects
    assert set() == subjects & {"listener", "nofile", "hostname"}


def test_settings_that_cannot_work_are_errors_with_their_line(tool: AdminTool) -> None:
    """
    The lines are those of `empathd check`.
    """
    tool.config.write_text(configuration(2525, '[process]\nuser = "no-such-user"'))
    [line] = [line for line in _records(tool) if line["subject"] == "configuration" and line["level"] == "error"]
    assert f"{tool.config}:15: process.user: there is no user 'no-such-user'; add it with useradd" == line["found"]


def _dns(tmp_path: Path, script: ScriptedDns, port: int = 25, relay: str = "") -> list[tuple[str, str, str]]:
    """Level, subject and text of the diagnoses of the DNS."""
    file = tmp_path / "empath.toml"
    table = f'[dns]\nnameservers = ["{script.address}"]\n[relay]\ndomains = [{relay}]'
    file.write_text(configuration(port, table))
    config = load_config(file)
    return [(found.level, found.subject, found.found) for found in diagnose_dns(config, resolver(config))]


def test_the_dns_knows_the_host_and_its_relay_domains(tmp_path: Path) -> None:
    """
    A host without mail from the Internet, such as a laptop, is not checked.
    """
    with ScriptedDns() as script:
        script.a("mx.example.test", "203.0.113.1").aaaa("mx.example.test", "2001:db8::1")
        script.mx("a.test", (10, "mx.example.test"), (20, "b.test")).mx("b.test", (10, "filter.test")).a(
            "c.test", "203.0.113.2"
        )
        relay = '"a.test", "b.test", "c.test", "*.d.test", "[192.0.2.1]"'
        assert [
            ("ok", "hostname", "mx.example.test has the address 203.0.113.1, 2001:db8::1"),
            ("ok", "relay domain", "a.test has the MX 10 mx.example.test, 20 b.test"),
            ("ok", "relay domain", "b.test has the MX 10 filter.test; mx.example.test is not among them"),
            ("ok", "relay domain", "c.test has no MX, so mail for it goes to its address 203.0.113.2"),
        ] == _dns(tmp_path, script, relay=relay)
        asked = len(script.asked)
        assert [] == _dns(tmp_path, script, port=2525, relay=relay)
        assert asked == len(script.asked)


def test_what_the_dns_does_not_know_is_a_warning(tmp_path: Path) -> None:
    """
    Other hosts refuse a name without address, and mail for a domain without MX goes nowhere.
    """
    with ScriptedDns() as script:
        script.mx("null.test", (0, ".")).fail("broken.test", "MX").a("broken.test", "203.0.113.1").a("empty.test")
        relay = '"null.test", "broken.test", "gone.test", "empty.test"'
        assert [
            ("warning", "hostname", "mx.example.test has no address in the DNS: NXDOMAIN"),
            ("warning", "relay domain", "null.test has a null MX: it accepts no mail"),
            ("warning", "relay domain", f"broken.test: the look-up failed: SERVFAIL from {script.address}"),
            ("warning", "relay domain", "gone.test has no MX and no address: NXDOMAIN"),
            ("warning", "relay domain", "empty.test has no MX and no address: NODATA"),
        ] == _dns(tmp_path, script, relay=relay)


def test_a_silent_name_server_holds_doctor_up_once(tmp_path: Path) -> None:
    """
    All questions are asked at once, with one deadline.
    """
    with ScriptedDns() as script:
        for name in ("mx.example.test", "a.test", "b.test"):
            for kind in ("MX", "A", "AAAA"):
                script.ignore(name, kind)
        began = time.monotonic()
        found = _dns(tmp_path, script, relay='"a.test", "b.test"')
    assert (["warning"] * 3, True) == ([level for level, _, _ in found], time.monotonic() - began < 8)
    starts = [f"{name}: the look-up failed: no answer in time" for name in ("mx.example.test", "a.test", "b.test")]
    assert starts == [words.partition(" from")[0] for _, _, words in found]


def test_a_trigger_of_a_person_is_named(path: Path) -> None:
    """
    One that raised an error stopped all leases, and doctor found nothing.
    """
    write(path, "CREATE TRIGGER mine AFTER UPDATE ON _recipient BEGIN SELECT RAISE(ABORT, 'no'); END")
    schema = _look(path)["schema"]
    assert (Level.ERROR, True) == (schema.level, "mine" in schema.found)

    write(path, "DROP TRIGGER mine; CREATE TRIGGER noted AFTER UPDATE ON _recipient BEGIN SELECT 1; END")
    schema = _look(path)["schema"]
    assert (Level.WARNING, True) == (schema.level, "noted" in schema.found)


def test_a_rule_about_replies_that_cannot_be_read_is_told(tool: AdminTool) -> None:
    """
    SQL cannot read a regular expression.
    """
    write(tool.path, "INSERT INTO bounce_rule (class, text) VALUES ('policy', '(a+)+')")
    [found] = diagnose_rows(tool.queue.engine, [], None)
    assert ("reply rules", Level.WARNING) == (found.subject, found.level)
    assert "own:1 of bounce_rule cannot be read" in found.found
    assert "DELETE FROM bounce_rule WHERE rule = 'own:1'" in str(found.remedy)


def test_filters_are_asked_what_they_want(tmp_path: Path) -> None:
    """
    One that answers, one that speaks something else, and one that is not there.
    """
    file = tmp_path / "empath.toml"
    silent = socket.create_server(("127.0.0.1", 0))
    with FilterInThread(actions=0x11) as answers, FilterInThread(O=Packet(b"c")) as other, silent:
        silent_port = silent.getsockname()[1]
        addresses = (answers.address, other.address, f"inet:127.0.0.1:{silent_port}", f"unix:{tmp_path}/none")
        tables = "".join(
            f'[[milter]]\naddress = "{address}"\nconnect_timeout = "1s"\non_failure = "{word}"\n'
            for address, word in zip(addresses, ("tempfail", "tempfail", "accept", "tempfail"), strict=True)
        )
        file.write_text(configuration(2525, tables))
        found = [(each.level, each.found.replace(str(tmp_path), "")) for each in diagnose_milters(load_config(file))]
    assert [
        (Level.OK, f"{answers.address} answers: version 6, may add fields, change fields"),
        (
            Level.ERROR,
            f"{other.address} does not speak the milter protocol: its first packet is not an answer to the offer;"
            " its mail is put off",
        ),
        (
            Level.WARNING,
            f"inet:127.0.0.1:{silent_port} cannot be reached: timed out; mail passes without it",
        ),
        (Level.ERROR, "unix:/none cannot be reached: no such file or directory; its mail is put off"),
    ] == found
