"""docs/sql.md: every column of every view, and examples that work in the shell of the system."""

import shutil
import subprocess

import pytest

from empath.storage import reference
from empath.storage.settle import Status
from tests.docs.pages import blocks, text
from tests.kit.queue import Queue, select

SHELL = shutil.which("sqlite3", path="/usr/bin")
ULID = "01JD3KQ9XWV5N8T2RZC4E6MBHA"


@pytest.fixture
def queue(tmp_path):
    """Mail in each state that the examples ask for."""
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example", "b.example")
    for lease in queue.lease():
        queue.run(queue.new_settle(lease, Status.DEFERRED))
    queue.accept("a.example", "b.example")
    yield queue
    queue.close()


def test_the_reference_is_up_to_date():
    """
    `python -m empath.storage.reference docs/sql.md` was run.
    """
    page = text("docs/sql.md")
    assert reference.renewed(page) == page
    assert reference.tables() in page


def test_every_column_of_every_view_is_in_the_reference(queue):
    """
    The reference is read from comments; what SQLite sees is the truth.
    """
    seen = {
        view: [column for (column,) in select(queue.path, "SELECT name FROM pragma_table_info(?)", view)]
        for (view,) in select(queue.path, "SELECT name FROM sqlite_schema WHERE type = 'view' AND name NOT GLOB '_*'")
    }
    assert seen == {view.name: [column for column, _ in view.columns] for view in reference.views()}


def test_what_the_issue_of_the_view_promises_is_there():
    """
    Others script against these names.
    """
    promised = (
        "id recipient_id sender recipient domain destination status ordered priority next_retry_at next_retry_unix"
        " expires_at attempts last_reply received_at size"
    )
    [queue] = [view for view in reference.views() if view.name == "queue"]
    assert set() == set(promised.split()) - {column for column, _ in queue.columns}


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
@pytest.mark.parametrize("statement", blocks("docs/sql.md", "sql"), ids=lambda text: text.split("\n")[0][:40])
def test_an_example_works_in_the_shell_of_the_system(queue, statement):
    """
    Examples are copied. They run read-only, as the page says, and find something.
    """
    [(ulid,)] = select(queue.path, "SELECT id FROM queue LIMIT 1")
    done = subprocess.run(
        [SHELL, "-readonly", "-batch", "-bail", str(queue.path)],
        input=statement.replace(ULID, ulid).replace("unixepoch() + 86400", "4e9"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
def test_the_shell_as_shown_cannot_write(queue):
    """
    The page promises that `-readonly` keeps an affected shell from harm.
    """
    done = subprocess.run(
        [SHELL, "-readonly", "-batch", str(queue.path)],
        input="UPDATE _destination SET due_at = NULL; PRAGMA wal_checkpoint;",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "readonly" in done.stderr
    assert "0|" not in done.stdout
