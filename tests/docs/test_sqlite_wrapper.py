"""bin/empath-sqlite3: the shell of the system never opens the queue without its settings."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

pytestmark = pytest.mark.skipif(shutil.which("sqlite3") is None, reason="no sqlite3 shell of the system")


def test_the_settings_are_read_from_any_directory(tmp_path: Path) -> None:
    """
    With `-init conf/sqliterc` the shell only says "cannot open" elsewhere, and then checkpoints itself.
    """
    command = [str(ROOT / "bin/empath-sqlite3"), "queue.db", "PRAGMA wal_autocheckpoint"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "0" in done.stdout
    assert "1000" not in done.stdout


def test_without_its_settings_the_shell_does_not_start(tmp_path: Path) -> None:
    """
    A copy of the script alone must fail.
    """
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/empath-sqlite3"
    shutil.copy(ROOT / "bin/empath-sqlite3", script)
    script.write_text(script.read_text().replace("/etc/empath", str(tmp_path)))
    done = subprocess.run([str(script), str(tmp_path / "queue.db")], capture_output=True, text=True, check=False)
    assert (66, "", False) == (done.returncode, done.stdout, (tmp_path / "queue.db").exists())


@pytest.mark.parametrize("place", ["share/empath/sqliterc", None])
def test_an_installed_copy_finds_the_settings(tmp_path: Path, place: str | None) -> None:
    """
    A wheel brings them along; an editable installation has them in the checkout, which its Python knows.
    """
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/empath-sqlite3"
    shutil.copy(ROOT / "bin/empath-sqlite3", script)
    script.write_text(script.read_text().replace("/etc/empath", str(tmp_path)))
    if place is not None:
        (tmp_path / place).parent.mkdir(parents=True)
        shutil.copy(ROOT / "conf/sqliterc", tmp_path / place)
    else:
        python = tmp_path / "bin/python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
    command = [str(script), "queue.db", "PRAGMA wal_autocheckpoint"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    assert "1000" not in done.stdout
