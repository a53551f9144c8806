"""conf/init.d/empath with a real empathd: the actions of the LSB and their exit codes."""

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.host.kit import CONF, host_config, install, shell
from tests.kit.process import Empathd
from tests.kit.waiting import eventually

SCRIPT = CONF / "init.d/empath"
Act = Callable[[str], int]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Empathd]:
    """An instance that the init script may start; stopped at the end."""
    instance = Empathd(tmp_path / "host")
    defaults = instance.directory / "defaults"
    defaults.write_text(f"EMPATHD={install(instance)}\nCONFIG={instance.config}\n")
    try:
        yield instance
        if instance.log.exists():  # it was started
            shell(SCRIPT, "stop", EMPATH_DEFAULTS=str(defaults))
    finally:
        instance.clean_up()


@pytest.fixture
def act(host: Empathd) -> Act:
    """Run one action; its exit code."""
    return lambda action: shell(SCRIPT, action, EMPATH_DEFAULTS=str(host.directory / "defaults")).returncode


def test_a_service_starts_serves_and_stops(host, act):
    """
    `start` returns when the listeners accept, because the next script at boot may send mail.
    """
    assert 3 == act("status")
    assert 0 == act("start")
    assert 0 == act("status")
    host.send("you@example.org")
    eventually(lambda: list(host.delivered()), "delivered")
    assert 0 == act("stop")
    assert 3 == act("status")
    assert {} == host.pids()


def test_what_is_so_already_is_done(host, act):
    """
    LSB: to start a running service, or to stop a stopped one, is success.
    """
    assert 0 == act("stop")
    assert 0 == act("start")
    assert 0 == act("start")
    assert 1 == len(host.named("supervisor_started"))


def test_a_restart_starts_what_does_not_run_and_a_try_restart_does_not(host, act):
    """
    LSB. Packages call `try-restart` at an upgrade.
    """
    assert 0 == act("try-restart")
    assert 3 == act("status")
    assert 0 == act("restart")
    assert 0 == act("try-restart")
    assert 2 == len(host.named("supervisor_started"))


def test_a_reload_takes_the_new_configuration(host, act):
    """
    LSB: 7 if the service does not run.
    """
    assert 7 == act("reload")
    act("start")
    host.configure(more="[delivery]\nworkers = 2")
    assert 0 == act("force-reload")
    assert 1 == host.wait_for("reload_finished")["changes"]


def test_the_log_is_opened_again_by_its_name(host, act):
    """
    An operator may have another tool than logrotate.
    """
    assert 7 == act("reopen-log")
    act("start")
    host.log.rename(host.directory / "empath.log.1")
    assert 0 == act("reopen-log")
    host.wait_for("log_reopened")


@pytest.mark.parametrize(("mistake", "code"), [("half a configu", 6), (None, 6)], ids=["unreadable", "missing"])
def test_what_is_not_configured_says_so(host, act, mistake, code):
    """
    LSB: 6. If the status cannot be found out, it is unknown, 4.
    """
    host.config.unlink() if mistake is None else host.config.write_text(mistake)
    assert code == act("start")
    assert 4 == act("status")


def test_a_mistake_in_the_file_takes_neither_status_nor_stop_nor_the_log_away(host, act):
    """
    A person may edit the file during a rotation of the log or a shutdown.
    """
    act("start")
    with host.config.open("a") as file:
        file.write("[process\nuser")
    assert (0, 6) == (act("status"), act("reload"))
    host.log.rename(host.directory / "empath.log.1")
    assert 0 == act("reopen-log")
    host.wait_for("log_reopened")
    assert 0 == act("stop")
    assert (3, {}) == (act("status"), host.pids())


def test_the_words_of_empathd_stand_on_lines_of_their_own(host, act):
    """
    The output used to be "Stopping mail server: empathempathd: not running".
    """
    done = shell(SCRIPT, "stop", EMPATH_DEFAULTS=str(host.directory / "defaults"))
    assert (0, "empathd: not running\n") == (done.returncode, done.stderr)
    assert "empathd" not in done.stdout
    assert done.stdout.endswith("\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="root can become another user")
def test_another_user_is_refused_with_the_code_for_rights(host, act):
    """
    LSB: 4 for an order that needs rights; the status is for any user. Only that user may not enter the queue.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        config, defaults = place / "empath.toml", place / "defaults"
        text = host.config.read_text().replace('"queue.db"', f'"{host.queue}"')
        config.write_text(f'{text}\n[process]\npid_file = "{place}/run/empathd.pid"\n')
        config.write_text(config.read_text().replace('"empath.log"', f'"{host.log}"'))
        program = place / "empathd"
        shutil.copy(host.directory / "empathd", program)
        program.chmod(0o755)
        defaults.write_text(f"EMPATHD={program}\nCONFIG={config}\n")

        def as_stranger(action: str) -> int:
            command = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", SCRIPT, action)
            return shell(*command, EMPATH_DEFAULTS=str(defaults)).returncode

        assert 0 == shell(SCRIPT, "start", EMPATH_DEFAULTS=str(defaults)).returncode
        codes = {
            action: as_stranger(action) for action in ("status", "start", "stop", "reload", "reopen-log", "restart")
        }
        assert 0 == shell(SCRIPT, "stop", EMPATH_DEFAULTS=str(defaults)).returncode
        assert {"status": 0, "start": 0, "stop": 4, "reload": 4, "reopen-log": 4, "restart": 4} == codes
        assert (3, 4) == (as_stranger("status"), as_stranger("start"))
        config.chmod(0o600)
        assert (4, 4) == (as_stranger("status"), as_stranger("start"))


@pytest.mark.parametrize("action", ["reload", "force-reload", "try-restart"])
def test_an_action_on_what_runs_says_what_is_wrong(host, action):
    """
    LSB: 6, with the message of empathd. An unknown status does not mean that no service runs.
    """
    host.config.write_text("half a configu")
    done = shell(SCRIPT, action, EMPATH_DEFAULTS=str(host.directory / "defaults"))
    assert (6, True) == (done.returncode, str(host.config) in done.stderr)


def test_a_start_that_fails_says_why(host, act):
    """
    An init system keeps standard error.
    """
    with socket.create_server(("127.0.0.1", host.port)):
        done = shell(SCRIPT, "start", EMPATH_DEFAULTS=str(host.directory / "defaults"))
    assert 1 == done.returncode
    assert f"empathd: cannot listen on 127.0.0.1:{host.port}: the address is in use" in done.stderr


def test_a_program_that_is_not_there_is_not_installed(host, act):
    """
    LSB: 5. `stop` succeeds, because a package may be gone while its script is still there.
    """
    (host.directory / "empathd").unlink()
    assert [5, 5, 5, 4, 0] == [act(action) for action in ("start", "restart", "reload", "status", "stop")]


def test_an_action_that_is_none_is_wrong_use(act):
    """
    LSB: 2.
    """
    assert 2 == act("frob")
    assert 2 == act("")


def test_the_head_is_that_of_the_lsb():
    """
    insserv reads it to order the scripts.
    """
    text = SCRIPT.read_text()
    head = re.search(r"^### BEGIN INIT INFO\n((?:# .+\n)+)### END INIT INFO$", text, re.MULTILINE)
    assert head is not None
    keys = {key: value for key, _, value in (line[2:].partition(":") for line in head[1].splitlines())}
    wanted = {"Provides", "Required-Start", "Required-Stop", "Default-Start", "Default-Stop", "Short-Description"}
    assert set() == wanted - set(keys)
    assert {"$local_fs", "$network"} <= set(keys["Required-Start"].split())
    assert SCRIPT.stat().st_mode & 0o111


def test_the_paths_are_those_of_the_guide():
    """
    The guide installs the program and the configuration there.
    """
    text = SCRIPT.read_text()
    assert "\nEMPATHD=/opt/empath/bin/empathd\n" in text
    assert "\nCONFIG=/etc/empath/empath.toml\n" in text
    assert "empath" == host_config()["process"]["user"]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck")
def test_the_script_is_clean_shell():
    """
    It runs as root at boot, unattended.
    """
    done = shell("shellcheck", SCRIPT)
    assert (0, "") == (done.returncode, done.stdout)
