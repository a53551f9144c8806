"""
steering - a deep queue as people use it: empath-admin as processes, statements of docs/sql.md, large edits, fsck

No service runs meanwhile, so a figure is that of the statement. Edits are rolled back, and counted in CPU time, because
a commit waits for the disk.
"""

import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import apsw

from ..empath import environment
from ..floors import Verdict
from ..machine import BenchFailure, find_command, output_of
from .verdicts import at_most, least_s, shown

LIST_S: Final = 0.3
STATS_S: Final = 2.0
QUICK_S: Final = 0.05  # limit for a query that uses an index
COUNT_S: Final = 0.3  # limit for a count by domain or destination
BULK_ROWS: Final = 100_000
BULK_US: Final = 10.0
TRIES: Final = 5
CONFIG: Final = """\
hostname = "empath.bench.example"
postmaster = "postmaster@bench.example"
[queue]
path = "queue.db"
[[listener]]
address = "127.0.0.1:2525"
"""
# (what, statement).
EDITS: Final = (
    ("hold", "UPDATE queue SET status = 'held'"),
    ("release and retry", "UPDATE queue SET status = 'queued'"),
    ("retry", "UPDATE queue SET next_retry_at = '+1 hour'"),
    ("priority", "UPDATE queue SET priority = 1"),
    ("expires_at", "UPDATE queue SET expires_at = '+2 days'"),
    ("cancel", "DELETE FROM queue"),
    ("bounce and report", "UPDATE queue SET status = 'bounced'"),
)
_SET_UP: Final = "PRAGMA temp_store = memory; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 0; BEGIN;"


def steering(name: str, queue: Path, tree: Path) -> list[Verdict]:
    """All figures of the queue at *queue*, which is called *name*; the file is left as it was."""
    (queue.parent / "empath.toml").write_text(CONFIG)
    found = _commands(name, queue, tree)
    found += _queries(name, queue, tree)
    for engine, edit in (("apsw", _edit_by_apsw), ("sqlite3", _edit_by_shell)):
        if engine == "sqlite3" and find_command("sqlite3") is None:
            continue
        found += _edits(name, queue, engine, edit)
    return found


def admin_of(queue: Path) -> list[str]:
    """The command `empath-admin`, with the configuration beside *queue*."""
    return [str(Path(sys.executable).parent / "empath-admin"), "-c", str(queue.parent / "empath.toml")]


def _commands(name: str, queue: Path, tree: Path) -> list[Verdict]:
    admin = admin_of(queue)

    def seconds(*arguments: str, tries: int = TRIES) -> float:
        return least_s(tries, lambda: output_of([*admin, *arguments], cwd=queue.parent, env=environment(tree)))

    found = [
        at_most(name, "empath-admin list --limit 50, s", seconds("list", "--limit", "50"), LIST_S),
        at_most(name, "empath-admin stats, s", seconds("stats", tries=3), STATS_S),
    ]
    if " fsck" in output_of([*admin, "--help"], cwd=queue.parent, env=environment(tree)):
        found.append(shown(name, "empath-admin fsck, s", seconds("fsck", tries=1)))
    return found


def _queries(name: str, queue: Path, tree: Path) -> list[Verdict]:
    """The statements of docs/sql.md that read: those that look up or take the top are quick, the others walk."""
    page = (tree / "docs" / "sql.md").read_text()
    found = []
    connection = apsw.Connection(str(queue), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        for statement in re.findall(r"^```sql\n(SELECT.*?)^```$", page, re.MULTILINE | re.DOTALL):
            seconds = least_s(2, partial(_walk, connection, statement))
            what = " ".join(statement.split())[:60] + "…, s"
            limit_s = QUICK_S if is_quick_query(statement) else COUNT_S if is_counted(statement) else None
            found.append(shown(name, what, seconds) if limit_s is None else at_most(name, what, seconds, limit_s))
    finally:
        connection.close()
    return found


def _walk(connection: apsw.Connection, statement: str) -> None:
    connection.execute(statement).fetchall()


def is_quick_query(statement: str) -> bool:
    """
    Whether a statement asks for a row by its key, or for the first rows in an order. Any other statement walks the
    queue.
    """
    if "GROUP BY" in statement:
        return False
    return "LIMIT" in statement or re.search(r"\b(id|recipient_id) = ", statement) is not None


def is_counted(statement: str) -> bool:
    """Whether a statement asks a view that counts the live mail, or the roll-up of the past."""
    return re.search(r"FROM (stuck|queue_by_\w+|throughput)\b", statement) is not None


def _edits(name: str, queue: Path, engine: str, edit: Callable[[Path, str], float]) -> list[Verdict]:
    found = []
    first = _first_live(queue)
    for what, statement in EDITS:
        rows = f"{statement} WHERE recipient_id BETWEEN {first} AND {first + BULK_ROWS - 1}"
        us = min(edit(queue, rows) for _ in range(3)) / BULK_ROWS * 1e6
        label = f"{engine}: {what}, CPU us/row"
        found.append(at_most(name, label, us, BULK_US, is_gate=engine == "apsw"))
    return found


def _first_live(queue: Path) -> int:
    """The number of the oldest recipient that waits."""
    connection = apsw.Connection(str(queue), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        first: Any = connection.execute("SELECT recipient_id FROM queue ORDER BY recipient_id LIMIT 1").get
        return int(first)
    finally:
        connection.close()


def _edit_by_apsw(queue: Path, statement: str) -> float:
    connection = apsw.Connection(str(queue), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.execute(_SET_UP).fetchall()
        start = time.process_time()
        connection.execute(statement).fetchall()
        seconds = time.process_time() - start
        connection.execute("ROLLBACK")
        return seconds
    finally:
        connection.close()


def _edit_by_shell(queue: Path, statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        ["sqlite3", "-batch", "-bail", str(queue)],
        input=f"{_SET_UP}\n{statement};\nROLLBACK;\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or done.stderr:
        raise BenchFailure(f"sqlite3: {done.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
