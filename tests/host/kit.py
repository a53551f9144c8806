"""
kit - shared parts of tests/host: the files for a host, their values, and Empath installed in a directory of the test
"""

import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from tests.kit.process import Empathd
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"


def host_config() -> dict[str, Any]:
    """The content of conf/host.toml."""
    return tomllib.loads((CONF / "host.toml").read_text())


def unit() -> dict[str, list[str]]:
    """Settings of the systemd unit: key -> values in their order, sections laid together."""
    found: dict[str, list[str]] = {}
    for line in (CONF / "systemd/empath.service").read_text().splitlines():
        key, separator, value = line.partition("=")
        if separator and not line.startswith(("#", "[")):
            found.setdefault(key, []).append(value)
    return found


def table(file: str) -> list[list[str]]:
    """Fields of the lines of a tmpfiles.d or sysusers.d file under conf/."""
    lines = (CONF / file).read_text().splitlines()
    return [shlex.split(line) for line in lines if line and not line.startswith("#")]


def install(instance: Empathd) -> Path:
    """`empathd` as a program in the directory of *instance*, as /opt/empath/bin has it."""
    program = instance.directory / "empathd"
    STARTER.install_program(program, "empath.cli.empathd")
    return program


def shell(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command as an init system runs it: without a terminal, with little in its environment."""
    return subprocess.run(
        command,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE_S,
        check=False,
    )
