"""test_dump - what the sqlite3 of the system writes out and reads again is the whole queue"""

import subprocess
from pathlib import Path

import pytest

from empath.storage.sqlite.schema import prepare
from tests.kit.queue import dump
from tests.kit.sqlites import SHELL
from tests.kit.waiting import DEADLINE_S
from tests.storage.migrations.kit import restore, saved


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
def test_a_copy_by_the_shell_has_every_row(tmp_path: Path) -> None:
    """
    A CHECK that another release of SQLite judges otherwise would lose the rows: json_valid(NULL) was one.
    """
    path, copy = tmp_path / "queue.db", tmp_path / "copy.db"
    restore(saved(5), path)
    prepare(path)
    script = f"{SHELL} {path} .dump | {SHELL} {copy}"

    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=DEADLINE_S, check=False)

    assert "" == done.stderr
    before, after = dump(path), dump(copy)
    tables = before.keys() - {"schema", "pragmas"}
    assert len(before["_message"]) > 5
    assert {name: before[name] for name in tables} == {name: after[name] for name in tables}
