"""The unit, logrotate, users and directories agree with each other and with conf/host.toml."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from empath.config import load_config
from empath.errors import ConfigError, MissingInput, PermissionRefused, UnusableQueue, UsageError
from tests.host.kit import CONF, host_config, install, shell, table, unit
from tests.kit.process import Empathd
from tests.kit.waiting import eventually

ANALYZE = shutil.which("systemd-analyze")
LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/usr/bin")


def test_the_configuration_for_a_host_loads():
    """
    An operator copies it and changes only names.
    """
    config = load_config(CONF / "host.toml")
    assert ["0.0.0.0:25"] == [str(listener.address) for listener in config.listeners]


def test_the_unit_starts_what_the_guide_installs():
    """
    It runs in the foreground, reports when it is ready, and uses the configuration of the host.
    """
    found = unit()
    assert ["notify"] == found["Type"]
    assert ["/opt/empath/bin/empathd run -c /etc/empath/empath.toml"] == found["ExecStart"]
    assert [host_config()["process"]["user"]] == found["User"] == found["Group"]


def test_the_unit_lets_be_written_what_the_configuration_writes():
    """
    Everything else is read-only.
    """
    config, found = host_config(), unit()
    assert ["strict"] == found["ProtectSystem"]
    writable = [Path(path) for line in found["ReadWritePaths"] for path in line.split()]
    writable.append(Path("/run") / found["RuntimeDirectory"][0])
    written = [config["queue"]["path"], config["process"]["pid_file"], config["log"]["file"]]
    written += [route.removeprefix("maildir:") for route in config["routes"].values() if route.startswith("maildir:")]
    assert [] == [path for path in written if not any(Path(path).is_relative_to(place) for place in writable)]
    assert ["/var/lib/empath", "/var/log/empath"] == [
        f"/var/lib/{found['StateDirectory'][0]}", f"/var/log/{found['LogsDirectory'][0]}"
    ]  # fmt: skip


def test_the_unit_gives_one_right_and_no_way_to_more():
    """
    Only port 25 would need root.
    """
    found = unit()
    assert ["CAP_NET_BIND_SERVICE"] == found["CapabilityBoundingSet"] == found["AmbientCapabilities"]
    switches = (
        "NoNewPrivileges PrivateTmp PrivateDevices ProtectHome ProtectKernelTunables ProtectKernelModules"
        " ProtectControlGroups RestrictSUIDSGID RestrictNamespaces LockPersonality"
    )
    assert {} == {key: found.get(key) for key in switches.split() if found.get(key) != ["yes"]}


def test_the_unit_restarts_what_a_restart_may_mend():
    """
    A wrong configuration would be wrong again.
    """
    found = unit()
    assert ["on-failure"] == found["Restart"]
    mistakes = (UsageError, UnusableQueue, MissingInput, PermissionRefused, ConfigError)
    assert [str(kind.exit_code) for kind in mistakes] == found["RestartPreventExitStatus"][0].split()


def test_the_unit_waits_for_a_drain():
    """
    A kill in the middle of a delivery makes a duplicate.
    """
    from empath.daemon.process.child import DRAIN_S

    found = unit()
    assert float(found["TimeoutStopSec"][0]) > DRAIN_S + 3
    assert ["control-group"] == found["KillMode"]


def test_directories_have_the_owners_of_the_guide():
    """
    The directory of the pid file belongs to root: a user that can write the file could make root signal any process.
    """
    lines = table("tmpfiles.d/empath.conf")
    places = {path: (mode, user) for kind, path, mode, user, _, _ in lines if kind == "d"}
    assert {
        "/etc/empath": ("0755", "root"),
        "/var/lib/empath": ("0750", "empath"),
        "/var/log/empath": ("0750", "empath"),
        "/run/empath": ("0755", "root"),
        "/var/spool/empath": ("3730", "empath"),
        "/etc/empath/dkim": ("0750", "root"),
        "/etc/empath/tls": ("0750", "root"),
    } == places
    assert {("0640", "root", "empath")} == {
        (mode, user, group) for kind, _, mode, user, group, _ in lines if kind == "z"
    }
    [[kind, user, _, _, home, shell_]] = table("sysusers.d/empath.conf")
    assert ("u", "empath", "/var/lib/empath", "/usr/sbin/nologin") == (kind, user, home, shell_)


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze")
def test_systemd_knows_every_key_of_the_unit(tmp_path):
    """
    systemd ignores an unknown key, and the protection would be missing.
    """
    program = re.escape("/opt/empath/bin/empathd")
    copy = tmp_path / "empath.service"
    copy.write_text(re.sub(program, "/bin/true", (CONF / "systemd/empath.service").read_text()))
    done = subprocess.run([str(ANALYZE), "verify", str(copy)], capture_output=True, text=True, timeout=60, check=False)
    assert [] == [line for line in done.stderr.splitlines() if "empath.service" in line]


@pytest.mark.skipif(LOGROTATE is None, reason="no logrotate")
def test_a_rotation_leaves_the_old_lines_and_goes_on_in_the_new_file(tmp_path):
    """
    The test runs the shipped file with its own paths; no line is lost.
    """
    host = Empathd(tmp_path / "host")
    program = install(host)
    try:
        assert 0 == shell(program, "-c", host.config, "start").returncode
        ours = (CONF / "logrotate.d/empath").read_text()
        ours = ours.replace("/var/log/empath/empath.log", str(host.log))
        ours = ours.replace("/opt/empath/bin/empathd", str(program)).replace(
            "/etc/empath/empath.toml", str(host.config)
        )
        rules = tmp_path / "rules"
        rules.write_text(re.sub(r"create .*", "create 0640", ours))
        rules.chmod(0o644)
        # As root, logrotate wants a directory that only root's group may write.
        done = shell(str(LOGROTATE), "--force", "--state", tmp_path / "state", rules)
        assert (0, "") == (done.returncode, done.stderr)
        host.wait_for("log_reopened")
        assert "service_ready" in (host.directory / "empath.log.1").read_text()
        host.send("you@example.org")
        host.wait_for("delivered")
        eventually(lambda: 0 < os.path.getsize(host.log), "lines in the new file")
    finally:
        shell(program, "-c", host.config, "stop")
        host.clean_up()
