"""empathd as its users see it: verbs, exit codes, one line per error, real processes."""

import contextlib
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from empath import __version__
from empath.cli import common
from empath.cli.admin.__main__ import admin
from empath.cli.empathd import empathd as command
from empath.cli.empathd import main
from empath.cli.version import version_text
from empath.errors import ConfigError
from empath.storage.queue.process import EndProcess
from empath.storage.sqlite.schema import SCHEMA_VERSION
from tests.cli.admin.kit import AdminTool
from tests.kit.commands import ended
from tests.kit.coverage import not_measured
from tests.kit.forked import run_to_end
from tests.kit.process import EMPATHD, Empathd, configuration
from tests.kit.queue import T0, write
from tests.kit.starter import STARTER
from tests.kit.vectors import vectors
from tests.kit.waiting import DEADLINE_S, eventually
from tests.storage.migrations.kit import restore, saved

ROOT = Path(__file__).parents[2]


def run(*arguments: object, config: Path | None = None, **environment: str) -> tuple[int, str, str]:
    """
    Exit code, standard output and standard error of one command; *config* goes into EMPATH_CONFIG. A command that
    leaves no process behind and needs no environment of its own runs in this process, one that leaves a process in a
    fork of the starter.
    """
    if not environment and not {"start", "restart", "run"}.intersection(arguments):
        with CliRunner(env={"EMPATH_CONFIG": None if config is None else str(config)}).isolation() as (out, err, _):
            code = common.run(command, "empathd", [*map(str, arguments)])
            return ended(code, out.getvalue().decode(), err.getvalue().decode())
    inherited = {key: value for key, value in os.environ.items() if key != "EMPATH_CONFIG"}
    named = {"EMPATH_CONFIG": str(config)} if config is not None else {}
    if not environment:
        return run_to_end(main, ["empathd", *map(str, arguments)], inherited | named)
    done = subprocess.run(
        [*EMPATHD, *map(str, arguments)],
        env=inherited | named | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE_S,
        check=False,
    )
    return ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def detached(tmp_path):
    """An instance for `empathd start`; stopped at the end."""
    instance = Empathd(tmp_path / "detached")
    try:
        yield instance
        run("stop", config=instance.config)
    finally:
        instance.clean_up()


def test_an_older_version_that_runs_is_named_and_can_be_stopped(tmp_path):
    """
    After an upgrade of the package, the processes and the queue are still those of the old version.
    """
    instance = Empathd(tmp_path / "older")
    restore(saved(1), instance.queue)
    hold = f"""
import fcntl, os, sys
held = open({str(instance.queue)!r} + ".lock", "w")
fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as older:
        assert older.stdout is not None
        assert "held\n" == older.stdout.readline()
        (instance.directory / "empathd.pid").write_text(f"{older.pid}\n")
        code, _, error = run("check", config=instance.config)
        assert (65, 1) == (code, error.count("\n"))
        assert error.startswith(f"empathd: another version of Empath runs, pid {older.pid}: ")
        assert "the schema is of an older Empath; `empathd restart` brings it up to date" in error
        code, _, error = run("start", config=instance.config)
        assert (75, 1) == (code, error.count(f"pid {older.pid}"))
        assert (0, f"running, pid {older.pid}\n") == run("status", config=instance.config)[:2]
        assert 0 == run("stop", config=instance.config)[0]
        assert -signal.SIGTERM == older.wait(DEADLINE_S)
    assert 0 == run("check", config=instance.config)[0]


def test_version_is_that_of_the_package():
    """
    A report of a problem begins with it.
    """
    assert (0, f"empathd {version_text()}\n", "") == run("--version")


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "reload", "status", "run", "check"])
def test_every_verb_has_help(verb):
    """
    The list of verbs is the first help for a new user.
    """
    code, out, err = run(verb, "--help")
    assert (0, "") == (code, err)
    assert out.startswith(f"Usage: empathd {verb} ")


def test_without_a_verb_the_help_is_wrong_use():
    """
    A script without a verb must notice its mistake.
    """
    code, out, err = run()
    assert (64, "") == (code, out)
    assert err.startswith("Usage: empathd ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["frob"], "No such command 'frob'."),
        (["status", "--frob"], "No such option '--frob'."),
        (["status"], "no configuration named: use -c FILE or set EMPATH_CONFIG"),
    ],
)
def test_wrong_use_is_one_line_and_ex_usage(arguments, line):
    """
    sysexits.h: 64.
    """
    code, out, err = run(*arguments)
    assert (64, "") == (code, out)
    assert [f"empathd: {line}"] == err.replace(": --frob", " '--frob'.").splitlines()


def test_the_configuration_is_named_before_or_after_the_verb_or_by_the_environment(detached):
    """
    The nearest to the verb wins.
    """
    config, other = detached.config, "/no/such/file"
    assert (3, "stopped\n", "") == run("-c", config, "status")
    assert (3, "stopped\n", "") == run("status", "--config", config)
    assert (3, "stopped\n", "") == run("status", config=config)
    assert (3, "stopped\n", "") == run("-c", config, "status", config=Path(other))
    assert (3, "stopped\n", "") == run("-c", other, "status", "-c", config)


def test_an_unreadable_configuration_is_one_line_and_ex_noinput():
    """
    sysexits.h: 66.
    """
    line = (
        "empathd: /no/such/file: the configuration cannot be read: No such file or directory; name another by -c FILE\n"
    )
    assert (66, "", line) == run("check", "-c", "/no/such/file")


def test_a_pipe_is_no_configuration(tmp_path):
    """
    The command would wait for a writer, which may never come.
    """
    os.mkfifo(tmp_path / "pipe")
    line = (
        f"empathd: {tmp_path}/pipe: the configuration cannot be read: it is a pipe, not a file; name another by -c FILE"
    )
    assert (66, "", f"{line}\n") == run("check", config=tmp_path / "pipe")


def test_a_relative_configuration_in_a_removed_directory_is_one_line(detached, tmp_path):
    """
    The shell of a person may stand in such a directory.
    """
    (tmp_path / "gone").mkdir()
    shell = 'cd "$0" && rmdir "$0" && exec "$@"'
    name = f"../{detached.directory.name}/{detached.config.name}"
    command = ["/bin/sh", "-c", shell, str(tmp_path / "gone"), *EMPATHD, "-c", name, "status"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_S, env=environment)
    line = f"empathd: {name}: the working directory was removed; name the configuration by its full path\n"
    assert (66, "", line) == ended(done.returncode, done.stdout, done.stderr)


def test_all_findings_of_a_configuration_are_told_at_once(detached):
    """
    sysexits.h: 78. Each finding has a line.
    """
    detached.configure(more="[delivery]\nworkers = 0\nsesions = 5")
    code, out, err = run("check", config=detached.config)
    assert (78, "") == (code, out)
    places = [line.split(": ")[:3] for line in err.splitlines()]
    expected = [("15", "delivery.workers"), ("16", "delivery.sesions")]
    assert [["empathd", f"{detached.config}:{line}", key] for line, key in expected] == places


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("no_such_broker", "ModuleNotFoundError: No module named 'no_such_broker'"),
        ("json", "AttributeError: module 'json' has no attribute 'event_sink'"),
    ],
)
def test_check_finds_a_module_that_takes_no_events(detached, module, words):
    """
    A start does not ask: no mail needs the module. Only the publisher would say it, event after event.
    """
    detached.configure(more=f'[events.sinks.broker]\nmodule = "{module}"')
    line = f"empathd: {detached.config}:15: events.sinks.broker.module: module {module}: {words}\n"
    assert (78, "", line) == run("check", config=detached.config)


def test_check_of_a_good_configuration_says_so(detached):
    """
    The check starts nothing.
    """
    assert (0, "", f"empathd: {detached.config}: no findings\n") == run("check", config=detached.config)
    assert (3, "stopped\n", "") == run("status", config=detached.config)


def test_check_prints_the_configuration_in_force(detached):
    """
    Standard output has a file that loads from any directory. Messages go to standard error.
    """
    words = f"empathd: {detached.config}: no findings\n"
    code, toml, err = run("check", "--effective", config=detached.config)
    assert (0, words) == (code, err)
    assert (str(detached.queue), "256KiB", "5d") == (
        (found := tomllib.loads(toml))["queue"]["path"],
        found["queue"]["inline_size"],
        found["retry"]["lifetime"],
    )
    copy = detached.directory.parent / "copy.toml"
    copy.write_text(toml)
    assert (0, toml, f"empathd: {copy}: no findings\n") == run("check", "--effective", config=copy)
    code, out, err = run("check", "--effective", "--json", config=detached.config)
    assert (0, words, 1) == (code, err, out.count("\n"))
    assert found == _without_null(json.loads(out))


def _without_null(value: Any) -> Any:
    """*value* without the settings that are not set: TOML has no null."""
    if isinstance(value, dict):
        return {key: _without_null(inner) for key, inner in value.items() if inner is not None}
    return [_without_null(inner) for inner in value] if isinstance(value, list) else value


def test_the_configuration_in_force_is_utf_8_in_every_locale(detached):
    """
    A file in the terminal's own encoding would not be TOML.
    """
    detached.configure(routes='"*" = "maildir:Jörg"')
    code, toml, _ = run("check", "--effective", config=detached.config, PYTHONIOENCODING="ascii")
    assert (0, f"maildir:{detached.directory}/Jörg") == (code, tomllib.loads(toml)["routes"]["*"])


def test_a_configuration_with_findings_is_not_printed(detached):
    """
    It cannot be in force.
    """
    detached.configure(more="[delivery]\nworkers = 0")
    code, out, _ = run("check", "--effective", config=detached.config)
    assert (78, "") == (code, out)


def test_check_has_json_for_the_configuration_only(detached):
    """
    Findings are text for people, a line each.
    """
    assert (64, "", "empathd: --json needs --effective\n") == run("check", "--json", config=detached.config)


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ('[process]\nuser = "no-such-user"', "15: process.user: there is no user 'no-such-user'; add it with useradd"),
        ('[relay]\ndomains = ["x.test"]', "15: relay.domains[1]: x.test has no route, so mail to it is refused; add"),
    ],
)
def test_check_names_file_and_line_of_what_cannot_work(detached, more, finding):
    """
    The exit code is that of a syntax error, 78 of sysexits.h.
    """
    detached.configure(more=more, routes='"example.test" = "discard:"')
    code, out, err = run("check", config=detached.config)
    assert (78, "", 1) == (code, out, err.count("\n"))
    assert err.startswith(f"empathd: {detached.config}:{finding}")


def test_check_reports_the_findings_of_the_queue_too(detached):
    """
    All at once, so that nothing is left to find at the next try.
    """
    detached.configure(more='[relay]\ndomains = ["x.test"]', routes='"example.test" = "discard:"')
    detached.directory.chmod(0o777)
    code, out, err = run("check", config=detached.config)
    assert (78, "", 2) == (code, out, err.count("\n"))
    assert ("x.test has no route" in err, "every user may write this directory" in err) == (True, True)


@pytest.mark.parametrize("verb", ["check", "start", "restart", "run", "reload"])
def test_no_verb_takes_a_pid_file_that_is_the_queue(detached, verb):
    """
    The start would overwrite the queue, and the stop would delete it. `[process]` begins at line 14.
    """
    detached.configure(more='[process]\npid_file = "queue.db"')
    code, out, err = run(verb, config=detached.config)
    queue = detached.directory / "queue.db"
    line = f"empathd: {detached.config}:15: process.pid_file: {queue} is the queue database; name another file\n"
    assert (78, "", line) == (code, out, err)
    assert not queue.exists()


@pytest.mark.parametrize("verb", ["start", "restart", "run"])
def test_a_start_for_an_unknown_user_names_file_and_line(detached, verb):
    """
    A restart leaves the running instance alone.
    """
    run("start", config=detached.config)
    detached.configure(more='[process]\nuser = "no-such-user"')
    code, out, err = run(verb, config=detached.config)
    line = f"empathd: {detached.config}:15: process.user: there is no user 'no-such-user'; add it with useradd\n"
    assert (78, "", line) == (code, out, err)
    assert 0 == run("status", config=detached.config)[0]


def test_a_mistake_in_the_file_takes_neither_status_nor_stop_away(detached):
    """
    The mistake is a warning. Commands that use the settings refuse the file.
    """
    run("start", config=detached.config)
    pid = int((detached.directory / "empathd.pid").read_text())
    text = detached.config.read_text()
    for mistake in ("colour\n[log]", "[queue]\nsize = 1", "[process]\ncolour = 1", "[process\nx = "):
        detached.config.write_text(text + mistake)
        code, out, err = run("status", config=detached.config)
        assert (0, f"running, pid {pid}\n", True) == (code, out, err.startswith(f"empathd: {detached.config}:"))
    for verb in ("check", "reload", "restart", "start", "run"):
        code, out, err = run(verb, config=detached.config)
        assert (78, "", True) == (code, out, err.startswith(f"empathd: {detached.config}:"))
    code, out, err = run("stop", config=detached.config)
    assert (0, "", {}) == (code, out, detached.pids())
    assert 3 == run("status", config=detached.config)[0]


def test_a_missing_directory_is_one_line_and_ex_cantcreat(detached):
    """
    The line has the command that makes it.
    """
    text = detached.config.read_text().replace('"queue.db"', '"no/queue.db"')
    detached.config.write_text(text)
    place = detached.directory / "no"
    line = f"empathd: {place}: no such directory; make it with `mkdir -p -m 750 {place}`\n"
    assert (73, "", line) == run("start", config=detached.config)


def test_a_directory_that_everyone_may_write_is_one_line_and_ex_noperm(detached):
    """
    Any user could replace the queue.
    """
    detached.directory.chmod(0o777)
    code, out, err = run("start", config=detached.config)
    assert (77, "", 1) == (code, out, len(err.splitlines()))
    assert err.startswith(f"empathd: {detached.directory}: every user may write this directory")


def test_an_address_in_use_is_one_line_and_ex_unavailable(detached):
    """
    The detached process reports it through the pipe to the waiting command.
    """
    with socket.create_server(("127.0.0.1", detached.port)):
        line = f"empathd: cannot listen on 127.0.0.1:{detached.port}: the address is in use by another process\n"
        assert (69, "", line) == run("start", config=detached.config)
    assert (3, "stopped\n", "") == run("status", config=detached.config)


def test_a_start_returns_when_the_listeners_accept(detached):
    """
    The next line of an init script may send mail. No started process keeps the caller's streams open.
    """
    assert (0, "", "") == run("start", config=detached.config)
    detached.send("you@example.org")
    code, out, err = run("status", config=detached.config)
    pid = int((detached.directory / "empathd.pid").read_text())
    assert (0, f"running, pid {pid}\n", "") == (code, out, err)
    assert pid == os.getsid(pid) != os.getsid(0)
    eventually(lambda: list(detached.delivered()), "delivered")


def test_a_signal_does_not_end_a_start(detached):
    """
    The supervisor lives for a while before it can hear a signal. logrotate, or a reload, may come just then.
    """
    with subprocess.Popen([*EMPATHD, "start", "-c", str(detached.config)], stdin=subprocess.DEVNULL) as starting:
        children = Path(f"/proc/{starting.pid}/task/{starting.pid}/children")

        def signals_until_it_returns() -> int | None:
            for pid in children.read_text().split():
                for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
                    os.kill(int(pid), number)
            return starting.poll()

        eventually(lambda: signals_until_it_returns() is not None, "returned")
    assert 0 == starting.returncode
    detached.wait_for("reload_finished")


def test_status_as_json_names_all_processes(detached):
    """
    For monitoring.
    """
    run("start", config=detached.config)
    one_of_each = {"acceptor": 1, "housekeeper": 1, "worker": 1}

    def status():
        code, out, _ = run("status", "--json", config=detached.config)
        return code, json.loads(out)

    eventually(lambda: status()[1]["processes"] == one_of_each, "all have registered")
    code, found = status()
    assert (0, "running") == (code, found["status"])
    assert {found["pid"], *detached.pids()} == set(found["pids"])
    assert 0 == run("stop", config=detached.config)[0]
    code, out, _ = run("status", "--json", config=detached.config)
    assert 3 == code
    assert {
        "status": "stopped", "pid": None, "pids": [], "processes": {}, "last_beat_at": None, "frozen_since": None,
        "suspended_destinations": 0, "listener_limits": 0,
    } == json.loads(out)  # fmt: skip


def test_status_names_processes_that_are_missing(detached):
    """
    "running" alone is true of a service whose workers die as soon as they start.
    """
    run("start", config=detached.config)
    detached.configure("[delivery]\nworkers = 2\n")
    words = "empathd: only 1 of 2 workers show a sign of life; see the log\n"

    def status():
        return run("status", config=detached.config)

    eventually(lambda: status()[2] == words, "all others have registered")
    assert 0 == status()[0]


@pytest.fixture
def closed() -> Iterator[AdminTool]:
    """A queue that every user may read, in a directory that this user may not list; the pid file is unreadable, too."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        tool = AdminTool(place)
        tool.config.write_text(configuration(2525, '[process]\npid_file = "run/pid"'))
        tool.queue.accept()
        for file in place.glob("queue.db*"):
            file.chmod(0o644)
        (place / "run").mkdir()
        place.chmod(0o311)
        (place / "run").chmod(0)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        yield tool
        if is_root:
            os.seteuid(0)
        place.chmod(0o755)
        (place / "run").chmod(0o755)
        tool.queue.close()


def as_stranger(*command: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command of a user without rights."""
    done = subprocess.run(
        [*map(str, command)],
        user=65534, group=65534, extra_groups=[], capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def installed() -> Iterator[Empathd]:
    """
    A running instance, and `empathd`, in the layout of INSTALL.md; every user may read the configuration and the pid
    file only.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        instance = Empathd(place / "lib", more=f'[process]\npid_file = "{place}/run/empathd.pid"')
        config = place / "empath.toml"
        text = instance.config.read_text().replace('"queue.db"', f'"{instance.queue}"')
        config.write_text(text.replace('"empath.log"', f'"{instance.log}"'))
        instance.config = config
        STARTER.install_program(place / "empathd", "empath.cli.empathd")
        instance.start()
        try:
            yield instance
            assert 0 == instance.stop()
        finally:
            instance.clean_up()


@not_measured  # coverage cannot write its file as this user, and says so
@pytest.mark.skipif(os.geteuid() != 0, reason="root can become another user")
def test_any_user_who_may_read_the_configuration_may_ask_for_the_status(installed):
    """
    Only root and the service's user may enter the directory of the queue.
    """
    assert installed.process is not None
    program = installed.config.with_name("empathd")
    pid = installed.process.pid
    assert (0, f"running, pid {pid}\n", "") == as_stranger(program, "status", "-c", installed.config)
    record = json.loads(as_stranger(program, "status", "--json", "-c", installed.config)[1])
    assert ("running", pid, [pid]) == (record["status"], record["pid"], record["pids"])
    words = f"{installed.queue}: this user may not use the queue; run it as root or as the queue's owner"
    code, _, err = as_stranger(program, "check", "-c", installed.config)
    assert (0, f"empathd: the queue was not checked: {words}") == (code, err.splitlines()[0])
    for verb in ("stop", "reload"):
        code, _, err = as_stranger(program, verb, "-c", installed.config)
        assert (77, f"empathd: process {pid} belongs to another user; ask as root\n") == (code, err)
    assert 0 == installed.stop()
    assert (3, "stopped\n", "") == as_stranger(program, "status", "-c", installed.config)
    code, _, err = as_stranger(program, "start", "-c", installed.config)
    assert (77, 1, True) == (code, err.count("\n"), err.endswith("ask as root\n"))


@not_measured
@pytest.mark.skipif(os.geteuid() != 0, reason="root can become another user")
def test_a_configuration_that_this_user_may_not_read_is_one_line_and_ex_noperm(installed):
    """
    sysexits.h: 77. The file is there, so 66 would send a person to look for it.
    """
    installed.config.chmod(0o640)
    program = installed.config.with_name("empathd")
    line = "this user may not read the configuration; ask as root, or as a member of the file's group"
    for verb in ("check", "status", "stop", "reload"):
        said = as_stranger(program, verb, "-c", installed.config)
        assert (77, "", f"empathd: {installed.config}: {line}\n") == said


def test_status_that_cannot_tell_says_what_the_queue_says(closed):
    """
    "stopped" would be a guess; the last beats are evidence.
    """
    code, out, err = run("status", config=closed.config)
    assert (4, "unknown\n") == (code, out)
    first, second = err.splitlines()
    assert "cannot tell: this user may read neither the directory of the queue nor the pid file" in first
    assert re.fullmatch(r"empathd: in the queue the last sign of life is of worker-1, pid 1, \d+ d ago", second)
    record = json.loads(run("status", "--json", config=closed.config)[1])
    assert ("unknown", "2023-11-14T22:13:20Z") == (record["status"], record["last_beat_at"])


def test_status_that_cannot_tell_says_that_all_processes_ended(closed):
    """
    The service was stopped, or a new one has not registered yet.
    """
    closed.queue.run(EndProcess(1, now=T0))
    assert "in the queue no process has an open run" in run("status", config=closed.config)[2]


def test_status_that_cannot_read_the_queue_says_so(closed):
    """
    There is no other evidence.
    """
    stranger = os.geteuid()
    os.seteuid(os.getuid())
    closed.path.chmod(0)
    os.seteuid(stranger)
    assert "the queue cannot be read either" in run("status", config=closed.config)[2]


def test_a_stop_returns_when_the_last_process_is_gone(detached):
    """
    The next line of a script may move the queue.
    """
    run("start", config=detached.config)
    assert (0, "", "") == run("stop", config=detached.config)
    assert {} == detached.pids()
    assert (0, "", "empathd: not running\n") == run("stop", config=detached.config)


def test_a_service_that_drains_is_stopping(detached):
    """
    A client holds its transaction open for the time of the drain. Nothing can be ordered of the service then, and a
    start waits for its end.
    """
    run("start", config=detached.config)
    pid = int((detached.directory / "empathd.pid").read_text())
    with contextlib.closing(smtplib.SMTP("127.0.0.1", detached.port, timeout=DEADLINE_S)) as client:
        client.ehlo()
        client.mail("a@example.org")
        client.rcpt("b@example.org")
        client.putcmd("DATA")
        client.getreply()
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: "stopping" in run("status", config=detached.config)[1], "stopping")
        assert (3, f"stopping, pid {pid}\n") == run("status", config=detached.config)[:2]
        line = f"empathd: stopping, pid {pid}; wait until it has ended, then `empathd start`\n"
        assert (69, "", line) == run("reload", config=detached.config)
        with CliRunner().isolation() as (_, err, _):
            assert 69 == common.run(admin, "empath-admin", ["-c", str(detached.config), "reload"])
            assert b"the service is stopping, so the order was not given" in err.getvalue()
    assert (0, "") == run("start", config=detached.config)[:2]
    assert pid != int((detached.directory / "empathd.pid").read_text())


def test_a_restart_is_another_run_and_starts_what_is_not_running(detached):
    """
    Init scripts expect this.
    """
    assert (0, "", "") == run("restart", config=detached.config)
    assert (0, "", "") == run("restart", config=detached.config)
    assert 2 == len({event["instance"] for event in detached.named("supervisor_started")})


def test_a_restart_with_a_bad_configuration_leaves_the_instance_alone(detached):
    """
    A mistake in the file must not stop the service.
    """
    run("start", config=detached.config)
    good = detached.config.read_text()
    detached.config.write_text("half a configu")
    assert 78 == run("restart", config=detached.config)[0]
    detached.config.write_text(good)
    assert 0 == run("status", config=detached.config)[0]
    assert 1 == len(detached.named("supervisor_started"))


def test_a_reload_takes_the_new_configuration(make_empathd):
    """
    The log reports it, and mail takes the new route.
    """
    empathd = make_empathd().start()
    empathd.configure(routes='"*" = "maildir:other"')
    assert (0, "", "") == run("reload", config=empathd.config)
    empathd.wait_for("reload_finished")
    empathd.wait_for("process_exited", slot="acceptor-1", generation=1)
    empathd.wait_for("process_exited", slot="worker-1", generation=1)
    empathd.send("you@example.org")
    eventually(lambda: list(empathd.directory.glob("other/new/*")), "delivered to the other Maildir")
    assert 0 == empathd.stop()


def test_a_reload_with_a_log_whose_directory_is_gone_orders_nothing(empathd, tmp_path):
    """
    Neither command gives an order that the service would refuse. The exit code is EX_CONFIG.
    """
    file = tmp_path / "other.toml"
    file.write_text(
        empathd.config.read_text()
        .replace('"queue.db"', f'"{empathd.queue}"')
        .replace('"empath.log"', '"gone/empath.log"')
    )
    code, out, err = run("reload", config=file)
    words = f": log.file: there is no directory {tmp_path}/gone; create it for the user of the process\n"
    assert (78, "", True) == (code, out, err.endswith(words))
    done = CliRunner().invoke(admin, ["-c", str(file), "reload"], standalone_mode=False)
    assert (ConfigError, words.strip()) == (type(done.exception), str(done.exception)[-len(words.strip()) :])


def test_a_reload_of_nothing_is_ex_unavailable(detached):
    """
    sysexits.h: 69.
    """
    assert (69, "", "empathd: not running\n") == run("reload", config=detached.config)


@pytest.mark.parametrize("verb", ["start", "run"])
def test_a_start_of_what_runs_is_refused_with_its_pid(empathd, verb):
    """
    The exit code is EX_TEMPFAIL, and the instance runs on.
    """
    code, out, err = run(verb, config=empathd.config)
    assert (75, "", f"empathd: already running on {empathd.queue}: pid {empathd.process.pid}\n") == (code, out, err)
    assert 0 == run("status", config=empathd.config)[0]


def test_of_three_starts_at_once_two_name_the_third(detached):
    """
    They do not wait for a lock that will be kept, nor blame an instance that they do not know.
    """
    command = [*STARTER.words("empath.cli.empathd"), "-c", str(detached.config), "start"]
    starts = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [start.communicate(timeout=2 * DEADLINE_S)[1] for start in starts]
    ends = [ended(start.returncode, "", err) for start, err in zip(starts, said, strict=True)]
    pid = json.loads(run("status", "--json", config=detached.config)[1])["pid"]
    refused = (75, "", f"empathd: already running on {detached.queue}: pid {pid}\n")
    assert sorted([(0, "", ""), refused, refused]) == sorted(ends)


def test_a_second_instance_on_the_queue_is_refused_with_the_pid(empathd, tmp_path):
    """
    The exit code is EX_TEMPFAIL, at once. Another pid file does not hide the supervisor: the kernel finds it by its
    lock.
    """
    other = Empathd(tmp_path / "other", more=f'[process]\npid_file = "{tmp_path}/other.pid"')
    other.config.write_text(other.config.read_text().replace('"queue.db"', f'"{empathd.queue}"'))
    code, out, err = run("start", config=other.config)
    assert (75, "", f"empathd: already running on {empathd.queue}: pid {empathd.process.pid}\n") == (code, out, err)


def test_without_a_log_file_a_detached_instance_logs_beside_the_queue(detached):
    """
    A detached process must not keep its caller's standard error.
    """
    text = detached.config.read_text().replace('file = "empath.log"', "")
    detached.config.write_text(text)
    assert (0, "", "") == run("start", config=detached.config)
    log = detached.directory / "empathd.log"
    assert "service_ready" in log.read_text()
    assert 0o640 == stat.S_IMODE(log.stat().st_mode) | 0o640  # the log names senders and recipients


def test_run_serves_without_the_standard_descriptors(make_empathd):
    """
    A socket or the lock of the queue would take the number of a closed one, and lines for people would go there.
    """
    closed = "0<&- 1>&- 2>&-"
    made = make_empathd(command=("/bin/sh", "-c", f'exec "$@" {closed}', "sh", *EMPATHD, "run", "-c"))
    made.start()
    made.send("user@example.test")
    eventually(lambda: list(made.delivered()), "delivered")
    opened = {
        os.readlink(f"/proc/{pid}/fd/{fd[0]}") for pid in (made.process.pid, *made.pids()) for fd in closed.split()
    }
    assert {"/dev/null"} == opened


def test_run_stays_in_the_foreground_and_ends_by_sigint_with_0(make_empathd):
    """
    A person presses Ctrl-C at a terminal.
    """
    empathd = make_empathd().start()
    empathd.signal(signal.SIGINT)
    assert (0, "") == empathd.end()


@pytest.mark.parametrize("name", ["empathd", "empath-admin"])
def test_the_scripts_of_a_checkout_need_no_installation(tmp_path, name):
    """
    They work from any directory and through a link, and ignore a module of the same name in the working directory.
    """
    (tmp_path / "empath").mkdir()
    (tmp_path / "empath" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    (tmp_path / "link").symlink_to(ROOT / "bin" / name)
    done = subprocess.run(["./link", "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (0, f"{name} {__version__}\n", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("name", ["empathd", "empath-admin"])
def test_a_script_of_a_fresh_checkout_says_what_to_run(tmp_path, name):
    """
    Without `make run` there are no modules: Python ended with a traceback.
    """
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin" / name, tmp_path / "bin" / name)
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    command = [tmp_path / "bin" / name, "--version"]
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)
    words = f"{name}: its modules are not installed: run `make run` or `make setup` in {tmp_path}\n"
    assert (69, "", words) == (done.returncode, done.stdout, done.stderr)


def test_a_full_standard_error_leaves_the_exit_code(detached):
    """
    A script decides by it. Python ended with 1 and a traceback that nobody saw.
    """
    with open("/dev/full", "w") as full:
        quick = STARTER.words("empath.cli.empathd")
        for words, verb, code in ((quick, "check", 0), (EMPATHD, "reload", 69), (quick, "nonsense", 64)):
            command = [*words, "-c", str(detached.config), verb]
            assert code == subprocess.run(command, stderr=full, check=False).returncode


def test_make_clean_leaves_the_queue_of_a_running_server(detached, tmp_path):
    """
    It removed queue and mails under the server, which then refused all mail.
    """
    assert 0 == run("start", config=detached.config)[0]
    makefile = (ROOT / "Makefile").read_text()
    folder = tmp_path / "checkout"
    (folder / "var").mkdir(parents=True)
    (folder / "Makefile").write_text(makefile)
    (folder / "bin").mkdir()
    STARTER.install_program(folder / "bin/empathd", "empath.cli.empathd")
    command = ["make", "-C", str(folder), "clean", f"CONFIG={detached.config}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (2, True) == (done.returncode, (folder / "var").is_dir())
    assert "a server runs on the queue in var/: stop it first, by Ctrl-C" in done.stderr

    assert 0 == run("stop", config=detached.config)[0]
    assert 0 == subprocess.run(command, capture_output=True, check=False).returncode
    assert not (folder / "var").exists()


def test_a_restart_that_would_fail_stops_nothing(detached):
    """
    The old service was gone before the new one found that it could not start.
    """
    assert 0 == run("start", config=detached.config)[0]
    pid = run("status", config=detached.config)[1]
    text = detached.config.read_text()

    detached.config.write_text(text.replace('"empath.log"', '"none/empath.log"'))
    assert 73 == run("restart", config=detached.config)[0]
    detached.config.write_text(text.replace("127.0.0.1:", "192.0.2.1:"))
    code, _, error = run("restart", config=detached.config)
    assert (69, 1) == (code, error.count("\n"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        detached.config.write_text(text.replace(str(detached.port), str(other.getsockname()[1])))
        assert 69 == run("restart", config=detached.config)[0]
    detached.config.write_text(text)
    write(detached.queue, "PRAGMA user_version = 99")
    assert 65 == run("restart", config=detached.config)[0]
    write(detached.queue, f"PRAGMA user_version = {SCHEMA_VERSION}")

    assert pid == run("status", config=detached.config)[1]
    assert 0 == run("restart", config=detached.config)[0]


def test_check_names_a_pid_file_that_a_start_could_not_write(detached):
    """
    The start would be the first to say so.
    """
    (detached.directory / "empathd.pid").mkdir()
    code, _, error = run("check", config=detached.config)
    assert (78, 1) == (code, error.count("\n"))
    assert "there is a directory; name a file in it by [process] pid_file" in error


def test_check_looks_at_the_place_of_a_running_service(detached):
    """
    After `chmod` by a person, large mail got 451 and no command said why.
    """
    assert 0 == run("start", config=detached.config)[0]
    spool = detached.directory / "spool"
    spool.chmod(0o777)
    code, _, error = run("check", config=detached.config)
    assert (73, True) == (code, f"{spool}: every user may write this directory" in error)
    spool.chmod(0o750)
    assert 0 == run("check", config=detached.config)[0]


def test_check_looks_at_the_keys_that_sign_mail(detached):
    """
    A service does not start without one, and a key that all users can read is no secret.
    """
    detached.configure(more='[dkim]\nkeys = "keys"\n[dkim.sign]\n"example.com" = ["r"]\n')
    file = detached.directory / "keys" / "example.com.r.key"
    code, _, err = run("check", config=detached.config)
    assert 78 == code
    assert f"{file} cannot be read: No such file or directory" in err
    assert ': dkim.sign."example.com"' in err
    file.parent.mkdir()
    file.write_bytes(vectors("dkim-signed")["private_keys"]["r"].encode())
    file.chmod(0o644)
    code, toml, err = run("check", "--effective", config=detached.config)
    assert (0, {"example.com": ["r"]}) == (code, tomllib.loads(toml)["dkim"]["sign"])
    assert "can be read by every user of this machine" in err
