"""test_errors - empath-admin as a command: one line and the right exit code, light, and safe on a terminal"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw
import apsw.shell  # imported now, because in some tests the user may not read the library
import pytest
from click import Group

from empath.cli.admin.__main__ import admin
from empath.cli.admin.verbs import NAMES
from empath.storage.sqlite.schema import SCHEMA_VERSION
from tests.cli.admin.kit import COMMAND, MODULE, NEVER, AdminTool, run
from tests.kit.process import configuration
from tests.kit.queue import write
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S

WRITING = [("retry", "--id", "1"), ("freeze",), ("thaw",), ("flush",), ("hold", "--all"), ("delete", "--all", "--yes")]
VERBS = [
    ("list",),
    ("view", "1"),
    ("stats",),
    ("process",),
    ("undelete", "--all"),
    ("fsck",),
    ("sql", "SELECT 1"),
    *WRITING,
]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_missing_database_is_exit_66(tmp_path: Path, verb):
    """
    The command does not create it; only the server does.
    """
    config = tmp_path / "empath.toml"
    config.write_text(configuration(2525))
    said = run("-c", str(config), *verb)
    words = f"empath-admin: {tmp_path}/queue.db: no queue database; the first `empathd start` makes it\n"
    assert (66, "", words) == said
    assert not (tmp_path / "queue.db").exists()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_newer_schema_is_exit_65(tool: AdminTool, verb):
    """
    This version cannot know the meaning of rows of a newer Empath.
    """
    write(tool.path, "PRAGMA user_version = 999")
    said = tool.run(*verb)
    write(tool.path, f"PRAGMA user_version = {SCHEMA_VERSION}")
    assert (65, "", 1) == (said.code, said.out, said.err.count("\n"))
    assert "schema 999 is newer than this Empath" in said.err


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_file_that_is_no_queue_is_exit_65(tmp_path: Path, verb):
    """
    A file of another program stays as it is.
    """
    config = tmp_path / "empath.toml"
    config.write_text(configuration(2525))
    letter = b"Dear Sir or Madam,\n" * 1000
    (tmp_path / "queue.db").write_bytes(letter)
    said = run("-c", str(config), *verb)
    assert (65, "", 1) == (said.code, said.out, said.err.count("\n"))
    assert letter == (tmp_path / "queue.db").read_bytes()


def test_a_directory_in_its_place_is_exit_65(tmp_path: Path):
    """
    [queue] path may name a directory by mistake.
    """
    config = tmp_path / "empath.toml"
    config.write_text(configuration(2525))
    (tmp_path / "queue.db").mkdir()
    said = run("-c", str(config), "list")
    assert (65, "", f"empath-admin: {tmp_path}/queue.db: a directory, not a queue database; see [queue] path\n") == said


@pytest.mark.parametrize("verb", WRITING, ids=lambda verb: verb[0])
def test_a_busy_queue_is_exit_75(tool: AdminTool, verb):
    """
    EX_TEMPFAIL means: try again. Reading works meanwhile.
    """
    tool.queue.accept()
    holder = apsw.Connection(str(tool.path))
    holder.execute("BEGIN IMMEDIATE")
    try:
        said = tool.run(*verb, "--wait", "0.01")
        reading = tool.run("list")
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert (75, "") == (said.code, said.out)
    assert (
        f"empath-admin: {tool.path}: another process holds the write lock; try again, or end that process\n" == said.err
    )
    assert 0 == reading.code


@pytest.fixture
def foreign() -> Iterator[AdminTool]:
    """A queue of another user, in a place where the test's user can read its configuration."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        tool = AdminTool(directory)
        tool.queue.accept()
        tool.queue.close()
        is_root = os.geteuid() == 0
        yield tool
        if is_root:
            os.seteuid(0)
        directory.chmod(0o755)


def become_a_stranger(directory: Path) -> None:
    """Root gives up its rights for a while; the directory refuses any other user."""
    if os.geteuid() == 0:
        os.seteuid(65534)
    else:
        directory.chmod(0o555)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_queue_that_may_not_be_read_is_exit_77(foreign: AdminTool, verb):
    """
    The line names the file and the remedy.
    """
    foreign.path.chmod(0)
    become_a_stranger(foreign.path.parent)
    error = foreign.invoke(*verb).exception
    assert (77, f"{foreign.path}: this user may not use the queue; run it as root or as the queue's owner") == (
        getattr(error, "exit_code", None),
        str(error),
    )


@pytest.mark.parametrize("verb", WRITING, ids=lambda verb: verb[0])
def test_a_queue_that_may_not_be_written_is_exit_77(foreign: AdminTool, verb):
    """
    The user may read the queue, but not write it.
    """
    foreign.path.chmod(0o444)
    become_a_stranger(foreign.path.parent)
    assert 77 == getattr(foreign.invoke(*verb).exception, "exit_code", None)


def test_the_configuration_is_named_before_or_after_the_verb_or_by_the_environment(tool: AdminTool):
    """
    All three places work; the option nearest to the verb wins.
    """
    file, missing = str(tool.config), str(tool.config.with_name("missing.toml"))
    assert [0, 0, 0, 0, 66] == [
        run("-c", file, "stats").code,
        run("stats", "--config", file).code,
        run("stats", EMPATH_CONFIG=file).code,
        run("-c", missing, "stats", "-c", file, EMPATH_CONFIG=missing).code,
        run("-c", missing, "stats", EMPATH_CONFIG=file).code,
    ]


def test_no_configuration_is_exit_64(tmp_path: Path):
    """
    empath-admin does not guess a path.
    """
    assert (64, "", "empath-admin: no configuration named: use -c FILE or set EMPATH_CONFIG\n") == run("list")


@pytest.mark.parametrize("table", ["receiving.limits", "queue", "process"])
@pytest.mark.parametrize("verb", [("list",), ("freeze",), ("stats",), ("sql", ".tables"), ("fsck",)])
def test_a_mistake_in_the_file_is_a_warning(tool: AdminTool, verb: tuple[str, ...], table: str):
    """
    People must see and change the queue also while somebody edits the file.
    """
    text = configuration(2525)
    head = f"[{table}]\ncolour = 2\n"
    tool.config.write_text(text.replace("[queue]\n", head) if table == "queue" else text + head)
    said = tool.run(*verb)
    assert (0, True) == (said.code, f": {table}.colour: unknown key\n" in said.err)


def test_a_faulty_configuration_is_exit_78(tmp_path: Path):
    """
    Each finding has a line.
    """
    config = tmp_path / "empath.toml"
    config.write_text(configuration(2525, "[dns]\nsize = 1\ncolour = 2"))
    said = run("-c", str(config), "dns", "example.org")
    assert (78, "", 2) == (said.code, said.out, said.err.count("\n"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("list", "--status", "delivered"),
        ("list", "--limit", "0"),
        ("list", "--after", "-1"),
        ("list", "--domain", "no domain"),
        ("list", "--domain", "[1]"),
        ("retry",),
        ("retry", "--id", "x"),
        ("view",),
        ("freeze", "--wait", "-1"),
    ],
)
def test_a_wrong_command_line_is_exit_64(tool: AdminTool, arguments):
    """
    The command prints one line and does nothing.
    """
    said = tool.run(*arguments)
    assert (64, "", 1) == (said.code, said.out, said.err.count("\n"))


def test_no_verb_shows_the_help(tmp_path: Path):
    """
    The exit code is 64, so that a script without a verb notices its mistake.
    """
    said = run()
    assert (64, "", True) == (said.code, said.out, "See the mail:" in said.err)


def test_the_commands_start_light(tool: AdminTool):
    """
    They run in loops and completions. In a pipe none loads a part of the server or the drawing of tables.
    """
    tool.queue.accept()
    tool.queue.close()
    code = (
        "import sys; before = set(sys.modules); from empath.cli.admin.__main__ import admin\n"
        f"for verb in {VERBS!r}:\n"
        f"    admin.main(['-c', {str(tool.config)!r}, *verb], standalone_mode=False)\n"
        "    heavy = {'gevent', 'rich', 'dns', 'asyncio', 'ssl'} & (set(sys.modules) - before)\n"
        "    assert not heavy, (verb, heavy)\n"
    )
    said = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert 0 == said.returncode, said.stderr


def test_a_reader_that_goes_away_ends_it_without_a_word(tool: AdminTool):
    """
    `empath-admin list | head -1` is daily use.
    """
    tool.queue.accept(count=3000)
    tool.queue.close()
    with subprocess.Popen(
        [*STARTER.words(MODULE), "-c", str(tool.config), "list", "--limit", "3000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert b"" == process.stderr.read()
        process.wait(DEADLINE_S)


@pytest.mark.parametrize("width", [60, 80, 100, 132, 200])
def test_a_table_fits_the_terminal(tool: AdminTool, width: int):
    """
    A line that the terminal wraps breaks the table. Ids stay whole, so that people can copy them.
    """
    tool.queue.accept("a-rather-long-name-of-a-destination.example", "b.example")
    write(tool.path, "UPDATE _recipient SET last_reply = ?", "451 4.7.1 [red]later[/red], please \x1b[31m" * 5)
    [(ulid,)] = tool.queue.select("SELECT ulid FROM _message")
    lines = tool.on_a_terminal(width, "list")
    assert [] == [line for line in lines if len(line) > width]
    assert 2 == sum(ulid in line for line in lines)
    assert "\x1b" not in "".join(lines)


def test_view_and_stats_fit_the_terminal(tool: AdminTool):
    """
    A subject of 200 characters folds next to its name.
    """
    tool.queue.accept("a.example", subject="long " * 40)
    lines = tool.on_a_terminal(50, "view", "1") + tool.on_a_terminal(50, "stats")
    assert [] == [line for line in lines if len(line) > 50]
    assert "subject" in {line.split()[0] for line in lines if line.strip()}


def test_a_queue_in_use_is_read_and_written(tool: AdminTool):
    """
    The server keeps a connection that writes, like the writer of this test.
    """
    tool.queue.accept(count=2)
    write(tool.path, "UPDATE _recipient SET next_retry_at = ?", NEVER)
    assert [] == tool.queue.lease()  # keeps its connection open
    file = str(tool.config)
    assert (0, 0) == (run("-c", file, "list").code, run("-c", file, "retry", "--id", "1", "--id", "2").code)
    [lease] = tool.queue.lease(now=NEVER / 2)
    assert 2 == len(lease.messages)


def test_a_number_needs_no_option(tool: AdminTool):
    """
    People type `retry 4` first.
    """
    said = tool.run("retry", "4")
    assert 66 == said.code
    assert said.err.startswith("empath-admin: no recipient 4 in the queue database")


@pytest.mark.parametrize("verb", ["list", "retry", "hold", "release", "delete", "bounce", "flush"])
def test_an_unknown_destination_is_named(tool: AdminTool, verb: str):
    """
    An empty list would mean that no mail waits there, and "0 of 0 changed" that nothing was wrong.
    """
    sure = ["--yes"] if verb in {"delete", "bounce"} else []
    said = tool.run(verb, "--destination", "smtp:nowhere", *sure)
    words = "no destination smtp:nowhere in the queue database; `empath-admin stats` names some"
    assert (66, "", f"empath-admin: {words}\n") == (said.code, said.out, said.err)


def test_a_domain_whose_mail_goes_by_a_next_hop_is_no_dead_end(tool: AdminTool):
    """
    Who suspends a domain at night learns which command names its destination.
    """
    said = tool.run("suspend", "slow.example", "--for", "1h")
    assert 66 == said.code
    assert "and `empath-admin explain slow.example` says where mail for it goes\n" in said.err


@pytest.mark.parametrize("verb", ["list", "retry", "hold", "release", "delete"])
def test_an_unknown_id_is_named(tool: AdminTool, verb: str):
    """
    For a list as for an order: a misspelt id is not an empty queue.
    """
    said = tool.run(verb, "--id", "4711", *(["--yes"] if verb == "delete" else []))
    words = "no recipient 4711 in the queue database: it never existed, or its retention is over"
    assert (66, "", f"empath-admin: {words}\n") == (said.code, said.out, said.err)


@pytest.mark.parametrize(("redirection", "code", "lines"), [(">/dev/full", 74, 1), (">&-", 74, 1), ("| true", 141, 0)])
def test_an_output_that_cannot_be_written_is_no_traceback(tool: AdminTool, redirection: str, code: int, lines: int):
    """
    A full disk is one line and exit code 74; a missing reader is 141, as in a shell.
    """
    tool.queue.accept(count=200)
    command = f"{' '.join(COMMAND)} -c {tool.config} stats {redirection}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (code, lines) == (done.returncode, done.stderr.count("\n")), done.stderr


@pytest.mark.parametrize("group", [(), *((name,) for name in NAMES if isinstance(admin.verb(name), Group))])
def test_the_help_cuts_no_summary(tool: AdminTool, group: tuple[str, ...]):
    """
    A newcomer chooses the verb by it.
    """
    said = tool.run(*group, "--help")
    assert (0, []) == (said.code, [line for line in said.out.splitlines()[1:] if line.endswith("...")])
