"""The real supervisor over fake children."""

import json
import os
import sys
from ast import literal_eval
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from empath.daemon.process.child import Child
from tests.daemon import fake_supervisor
from tests.kit.process import Empathd
from tests.kit.waiting import eventually

QUICK = {"young_s": 60.0, "delay_s": 0.05, "max_delay_s": 0.2, "ready_s": 20.0, "drain_s": 5.0}


class Supervised(Empathd):
    """An instance with fake children; see fake_child for their behaviour and the files that they leave."""

    DELIVERY = ""

    def __init__(
        self,
        directory: Path,
        more: str = "",
        environment: dict[str, str] | None = None,
        descriptors: int | None = None,
        **patience: float,
    ) -> None:
        self._patience = json.dumps(QUICK | patience)
        command: tuple[str, ...] = ()
        if descriptors is not None:
            script = (sys.executable, fake_supervisor.__file__, self._patience)
            command = ("/bin/sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *script)
            environment = {"PYTHONPATH": str(Path(__file__).parents[2]), **(environment or {})}
        directory.mkdir(mode=0o750, exist_ok=True)
        self._python = directory / "python"
        self.mend_children()
        super().__init__(directory, more, command=command, environment=environment)

    def program(self) -> tuple[Callable[[], None], *tuple[str, ...]]:
        """The supervisor with fake children."""
        return fake_supervisor.main, fake_supervisor.__file__, self._patience, str(self.config)

    def break_children(self) -> None:
        """Make every later spawn fail."""
        self._python.unlink()

    def mend_children(self) -> None:
        """Children can be spawned again."""
        self._python.symlink_to(os.path.realpath(sys.executable))

    def behave(self, word: str, slot: str | None = None) -> None:
        """Set the behaviour of children spawned later, of all or of one slot."""
        (self.directory / (f"{slot}.behaviour" if slot else "behaviour")).write_text(word)

    def inherited(self, slot: str, generation: int = 1) -> Child:
        """The inheritance of one incarnation."""
        return Child.from_json((self.directory / f"{slot}.{generation}.json").read_text())

    def frame(self, slot: str, generation: int = 1) -> dict[str, Any]:
        """What one incarnation has besides its inheritance."""
        frame: dict[str, Any] = literal_eval((self.directory / f"{slot}.{generation}.frame").read_text())
        return frame

    def seen(self, slot: str, generation: int = 1) -> list[str]:
        """The record of one incarnation."""
        file = self.directory / f"{slot}.{generation}.seen"
        return file.read_text().splitlines() if file.exists() else []

    def wait_seen(self, what: str, slot: str, generation: int = 1) -> None:
        """Wait until the record of one incarnation has *what*."""
        eventually(lambda: what in self.seen(slot, generation), f"{slot} {generation} sees {what}")


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """Makes instances with fake children, not started yet; none outlives the test."""
    numbers = count()
    with ExitStack() as ends:

        def make(**attributes: Any) -> Supervised:
            made = Supervised(tmp_path / f"supervised-{next(numbers)}", **attributes)
            ends.callback(made.clean_up)
            return made

        yield make


@pytest.fixture(autouse=True)
def _no_greenlet_outlives_its_test() -> Iterator[None]:
    """
    End what a test has left running: a look-up that goes on, for example, would hold the hub of a later test. What
    fixtures of a module or a session started stays.
    """
    gevent = sys.modules.get("gevent")
    if gevent is None:
        yield
        return
    started: list[Any] = []
    gevent.Greenlet.add_spawn_callback(started.append)
    try:
        yield
    finally:
        gevent.Greenlet.remove_spawn_callback(started.append)
        gevent.killall([each for each in started if not each.dead], timeout=5)
