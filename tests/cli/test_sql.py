"""empath-sql: the shell of the system, on the queue of the configuration and with our settings."""

import os
import shutil
from pathlib import Path

import pytest

from empath.cli.sql import NAME, main
from tests.cli.admin.kit import AdminTool
from tests.kit.commands import CommandResult
from tests.kit.forked import run_to_end

pytestmark = pytest.mark.skipif(shutil.which("sqlite3") is None, reason="no sqlite3 shell of the system")


def _run(config: Path, *arguments: str) -> CommandResult:
    return run_to_end(main, [NAME, *arguments], {**os.environ, "EMPATH_CONFIG": str(config)}, b"")


@pytest.fixture
def tool(tmp_path: Path) -> AdminTool:
    """A queue with one recipient."""
    tool = AdminTool(tmp_path)
    tool.queue.accept("a.example")
    tool.queue.close()
    return tool


def test_the_configuration_names_the_queue_and_the_shell_has_our_settings(tool: AdminTool) -> None:
    """
    Without conf/sqliterc the shell would checkpoint, and options of the shell must reach it.
    """
    said = _run(tool.config, "--csv", "PRAGMA wal_autocheckpoint; SELECT domain FROM queue")
    assert (0, ["wal_autocheckpoint", "0", "domain", "a.example"], "") == (said.code, said.out.split(), said.err)


def test_it_reads_only_unless_asked_otherwise(tool: AdminTool) -> None:
    """
    A slip in a shell that only looks changes nothing.
    """
    said = _run(tool.config, "DELETE FROM queue")
    assert said.code != 0
    assert "readonly" in said.err
    assert 1 == len(tool.record("list")["recipients"])
    assert 0 == _run(tool.config, "--write", "DELETE FROM queue").code
    assert [] == tool.record("list")["recipients"]


def test_without_a_queue_no_shell_makes_one(tool: AdminTool) -> None:
    """
    sqlite3 makes an empty file of a name that is not there.
    """
    tool.path.unlink()
    said = _run(tool.config)
    assert (66, True) == (said.code, said.err.startswith("empath-sql: "))
    assert not tool.path.exists()
