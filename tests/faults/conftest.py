"""Disks that can be filled and clocks that can be set, for one instance."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client, code_of
from tests.kit.process import Empathd

MIB = 1024 * 1024
# Each interpreter reads it first.
_SHIFTED = """
import time
_true = time.time
def _shifted():
    with open({file!r}) as file:
        return _true() + float(file.read())
time.time = _shifted
"""


class Disk:
    """A file system of its own, in memory. `fill` takes all free space, `free` gives it back."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._filler = directory / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            for octets in (MIB, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * octets)
                except OSError:
                    continue

    def free(self) -> None:
        self._filler.unlink()


class Clock:
    """The time of the Python of an instance; `step` sets it, `environment` puts it in force."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._file = directory / "seconds"
        (directory / "sitecustomize.py").write_text(_SHIFTED.format(file=str(self._file)))
        self.environment = {"PYTHONPATH": str(directory)}
        self.step(0)

    def step(self, hours: float) -> None:
        """Shift the clock by *hours* from now on."""
        beside = self._file.with_suffix(".new")
        beside.write_text(str(hours * 3600))
        beside.rename(self._file)


@pytest.fixture
def new_disk(tmp_path: Path) -> Iterator[Callable[[int], Disk]]:
    """Make a disk of a given size in MiB; only for root, and only where root may mount."""
    numbers = count()
    with ExitStack() as ends:

        def make(mebibytes: int) -> Disk:
            directory = tmp_path / f"disk{next(numbers)}"
            directory.mkdir()
            command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0755", "none", str(directory)]
            if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
                pytest.skip("only root can mount a disk to fill")
            ends.callback(subprocess.run, ["umount", "--lazy", str(directory)], check=True)
            return Disk(directory)

        yield make


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """A clock to set."""
    return Clock(tmp_path / "clock")


@pytest.fixture
def new_instance() -> Iterator[Callable[..., Empathd]]:
    """Make an instance; no process of it is left at the end."""
    with ExitStack() as ends:

        def make(*arguments: Any, **options: Any) -> Empathd:
            made = Empathd(*arguments, **options)
            ends.callback(made.clean_up)
            return made

        yield make


def offer(instance: Empathd, recipient: str, content: bytes = b"Subject: test\r\n\r\ntext\r\n") -> str:
    """Offer one mail; code and enhanced code of the reply that decided it."""
    with Client(instance.port) as client:
        client.say("EHLO client.example.test")
        for command in ("MAIL FROM:<a@example.org>", f"RCPT TO:<{recipient}>"):
            said = code_of(client.say(command))
            if said[0] != "2":
                return said
        return code_of(client.content(content))
