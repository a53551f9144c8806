"""The table of the kinds of children."""

from pathlib import Path

import pytest

import empath.daemon
from empath.config.load import load_config
from empath.daemon.process.slots import COUNTS, slots
from empath.daemon.supervisor.kinds import COMMANDS, KINDS, kind_of
from tests.kit.process import configuration

DAEMON = Path(empath.daemon.__file__).parent


def test_every_kind_has_its_program_and_every_program_its_kind():
    """
    A program without a row would never run; a row without a program would fail each start.
    """
    programs = {file.parent.name for file in DAEMON.glob("*/__main__.py")} - {"supervisor", "template"}
    assert programs == {kind.name for kind in KINDS}
    assert list(COUNTS) == [kind.name for kind in KINDS]
    assert {f"empath.daemon.{name}" for name in programs} == {command[-1] for command in COMMANDS.values()}


def test_the_number_of_workers_is_the_configured_one(tmp_path):
    """
    Each slot gets one process.
    """
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525, "[delivery]\nworkers = 3\n"))
    assert ("housekeeper-1", "worker-1", "worker-2", "worker-3", "acceptor-1") == slots(load_config(file))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_slot_names_its_kind(kind):
    """
    The log and the queue know only the name of a slot.
    """
    assert kind is kind_of(f"{kind.name}-12")
