"""
shell - the SQL shell of apsw on the queue

The shell opens the queue as Empath does: with a safe SQLite, with our wait for the write lock, and read-only unless
asked otherwise. No statement can drop or alter what Empath made, or set a pragma that the queue depends on. A person at
a terminal gets the usual shell; a script ends at its first error.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

import apsw
import apsw.shell
import apsw.unicode

from empath.errors import StatementRefused
from empath.mail.printable import printable
from empath.storage.sqlite.connection import ours
from empath.storage.sqlite.destination_ids import DestinationIds
from empath.storage.sqlite.masked import masked_connection
from empath.storage.sqlite.migration import names_of_schema, public_views
from empath.storage.sqlite.session import TranslatingSession
from empath.storage.sqlite.shell_statements import each_statement, recorded
from empath.storage.sqlite.track import attach_text, track_path
from empath.storage.sqlite.visit import visiting

_INTRO = """Empath queue {path}, {mode}. SQLite {version}.
Views: {views}. Help: .help
"""

_WIDTH: Final = 80
_ON_A_LINE: Final = re.compile(r"[^\n\t]+")
_DROPS: Final = {
    apsw.SQLITE_DROP_TABLE: "DROP TABLE", apsw.SQLITE_DROP_VIEW: "DROP VIEW",
    apsw.SQLITE_DROP_TRIGGER: "DROP TRIGGER", apsw.SQLITE_DROP_INDEX: "DROP INDEX",
    apsw.SQLITE_DROP_VTABLE: "DROP TABLE",
}  # fmt: skip
_HARMLESS: Final = frozenset({
    ".bail", ".echo", ".exit", ".header", ".headers", ".help", ".mode", ".nullvalue", ".print", ".prompt", ".quit",
    ".separator", ".show", ".timer", ".version", ".width",
})  # fmt: skip
# To read them is harmless. A value would change the file for good, or what the constraints and triggers hold.
_KEPT_PRAGMAS: Final = frozenset({
    "application_id", "foreign_keys", "ignore_check_constraints", "journal_mode", "recursive_triggers",
    "schema_version", "synchronous", "user_version", "writable_schema",
})  # fmt: skip
_OF_THE_QUEUE: Final = (
    apsw.BusyError, apsw.IOError, apsw.CorruptError, apsw.NotADBError, apsw.FullError, apsw.NoMemError,
)  # fmt: skip


class _Shell(apsw.shell.Shell):
    """The shell of apsw. A table that is wider than the terminal becomes a line for each value."""

    session: TranslatingSession | None = None  # of a shell that writes: the audit has its statements

    def process_sql(self, sql: str, bindings: Any = None, internal: bool = False, summary: Any = None) -> None:
        """Processes SQL text, statement by statement"""
        if internal or self.session is None:
            super().process_sql(sql, bindings, internal, summary)
            return
        for statement, is_writing in each_statement(self.db, sql):
            with recorded(self.session, self.db, statement) if is_writing else contextlib.nullcontext():
                super().process_sql(statement, bindings, internal, summary)

    def command_restore(self, cmd: Sequence[str]) -> None:
        """restore: refused, because it replaces the queue by another file"""
        raise self.Error(".restore would replace the queue while it is in use; docs/INSTALL.md has the steps")

    def command_dbconfig(self, cmd: Sequence[str]) -> None:
        """dbconfig: refused, because it turns off what protects the queue"""
        raise self.Error(".dbconfig is refused: it can turn off what protects the queue")

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns or _WIDTH
        except (OSError, ValueError):  # standard output is not a terminal, or has no descriptor
            return _WIDTH

    def output_box(self, column_names: Sequence[str], rows: "Sequence[Sequence[apsw.SQLiteValue]]") -> None:
        """Outputs using line drawing, or a line for each value if that is too wide"""
        if self.box_options["quote"]:
            super().output_box(column_names, rows)  # type: ignore[no-untyped-call]
            return
        cells = [[printable(name) for name in column_names]]
        cells += [[self.nullvalue or "NULL" if value is None else _text(value) for value in row] for row in rows]
        widths = [max(_width(cell) for cell in column) for column in zip(*cells, strict=True)]
        if sum(widths) + 3 * len(widths) + 1 <= self.width:
            self.box_options["string_sanitize"] = str  # escaped already
            super().output_box(cells[0], cells[1:])  # type: ignore[no-untyped-call]
            return
        longest = max(map(len, cells[0]))
        for row in cells[1:]:
            lines = (f"{name:>{longest}} = {cell}" for name, cell in zip(cells[0], row, strict=True))
            self.stdout.write("\n".join(lines) + "\n\n")

    output_box.all_at_once = True  # type: ignore[attr-defined]


class _Masked(_Shell):
    """A shell whose commands open and write no file, and run no program."""

    def process_command(self, command: str) -> None:
        """Processes a dot command, if it is a harmless one"""
        name = command.strip().partition(" ")[0]
        if name not in _HARMLESS:
            raise self.Error(f"{name} is refused with --masked; there are {' '.join(sorted(_HARMLESS))}")
        super().process_command(command)  # type: ignore[no-untyped-call]


class _Script(_Shell):
    """A shell that raises its first error instead of printing it."""

    def handle_exception(self) -> NoReturn:
        raise  # noqa: PLE0704 - it is called where an exception is handled


class _MaskedScript(_Masked, _Script):
    """Both."""


class _Stream:
    """A stream of the process. A subclass replaces one method."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Terminal(_Stream):
    """Standard output on a terminal. Escapes characters of data that would steer the terminal."""

    def write(self, text: str) -> None:
        """Write."""
        self._stream.write(_ON_A_LINE.sub(lambda match: printable(match[0]), text))


class _Ended(_Stream):
    """Standard input with a semicolon added at its end, so that the last statement of a script needs none."""

    _is_over = False

    def readline(self) -> str:
        """The next line, empty at the end."""
        line = self._stream.readline()
        if line or self._is_over:
            return line
        self._is_over = True
        return ";\n"


def run_shell(path: Path, statements: Sequence[str], *, deadline_s: float | None, masks: bool = False) -> None:
    """
    Run *statements*, each as a line of the shell, or standard input if there are none.

    *deadline_s* bounds the wait for the write lock; None: nothing can be written. *masks*: only the public views can be
    read, and addresses in them are masked; see masked.py.

    Raises:
        StatementRefused: a statement of a script failed; those before it are done.
        QueueBusy: another process held the write lock until the deadline.
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `visiting`.
    """
    stdout: Any = _Terminal(sys.stdout) if sys.stdout.isatty() else sys.stdout
    with visiting(path, deadline_s, DestinationIds(0)) as visit:
        connection = visit.connection
        _attach_past(connection, path)
        connection.authorizer = _keep_read_only if deadline_s is None else _keep_schema
        if masks:
            connection = masked_connection(connection)
        if not statements and sys.stdin.isatty():
            mode = "read-only; --write to change it" if deadline_s is None else "changes are committed at once"
            mode = "read-only, addresses masked" if masks else mode
            views = " ".join(public_views())
            intro = _INTRO.format(path=path, mode=mode, version=apsw.sqlite_lib_version(), views=views)
            conversing = (_Masked if masks else _Shell)(stdout=stdout, db=connection)
            conversing.session = None if deadline_s is None else visit
            _converse(conversing, intro)
            return
        with _refusals(path):
            errors = io.StringIO()  # discarded, because the error has the same text
            stdin: Any = _Ended(sys.stdin)
            shell = (_MaskedScript if masks else _Script)(stdin=stdin, stdout=stdout, stderr=errors, db=connection)
            shell.session = None if deadline_s is None else visit
            shell.command_colour(["off"])  # type: ignore[no-untyped-call]
            for statement in statements:
                shell.process_complete_line(statement.strip())  # type: ignore[no-untyped-call]
            if not statements:
                shell.cmdloop()  # type: ignore[no-untyped-call]


def _attach_past(connection: apsw.Connection, path: Path) -> None:
    """Attach the index of past mail as `track`; one that cannot be opened keeps nobody from the queue."""
    past = track_path(path)
    if os.access(past, os.R_OK):
        with contextlib.suppress(apsw.Error):
            connection.execute(attach_text(past))


def _converse(shell: apsw.shell.Shell, intro: str) -> None:
    shell.command_colour(["off"])  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as directory:
        home = os.path.expanduser("~")
        if not (os.path.isdir(home) and os.access(home, os.W_OK)):  # as of the user of a service: no history is kept
            shell.history_file = str(Path(directory) / "history")
        shell.cmdloop(intro=intro)  # type: ignore[no-untyped-call]


def _text(value: "apsw.SQLiteValue") -> str:
    """A value in the form of a cell; line ends in text stay unescaped."""
    if isinstance(value, bytes):
        return f"[ {len(value)} bytes ]"
    return _ON_A_LINE.sub(lambda match: printable(match[0]), str(value))


def _width(cell: str) -> int:
    return max((apsw.unicode.text_width(line) for line in cell.split("\n")), default=0)


def _keep_read_only(code: int, name: str | None, argument: str | None, *_: str | None) -> int:
    """Refuse to turn off PRAGMA query_only, which makes the shell read-only."""
    is_slip = code == apsw.SQLITE_PRAGMA and name == "query_only" and argument is not None
    return apsw.SQLITE_DENY if is_slip else apsw.SQLITE_OK


def _keep_schema(code: int, name: str | None, argument: str | None, database: str | None, _inner: str | None) -> int:
    """
    Refuse to drop or alter what Empath made, and pragmas that the queue depends on.

    Raises:
        StatementRefused: the statement would do that.
    """
    if code == apsw.SQLITE_PRAGMA and name is not None and argument is not None and name.lower() in _KEPT_PRAGMAS:
        raise StatementRefused(f"PRAGMA {name} is not changed here, because the queue depends on it")
    if code == apsw.SQLITE_PRAGMA and str(name).lower() == "auto_vacuum" and argument not in (None, "2", "incremental"):
        raise StatementRefused("PRAGMA auto_vacuum stays 2: else the queue cannot give back space in small parts")
    what, owned, place = _DROPS.get(code), name, database
    if code == apsw.SQLITE_ALTER_TABLE:
        what, owned, place = "ALTER TABLE", argument, name
    if what is not None and place == "main" and owned in names_of_schema():
        raise StatementRefused(f"{what} {owned}: it is a part of Empath; drop and alter only what you created")
    return apsw.SQLITE_OK


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.shell.Shell.Error as exc:
        raise StatementRefused(str(exc)) from exc
    except apsw.ReadOnlyError as exc:
        raise StatementRefused("the queue is open for reading only; use --write") from exc
    except _OF_THE_QUEUE as exc:
        raise ours(exc, path) from exc
    except OSError as exc:
        if exc.filename is None:  # of standard output
            raise
        raise StatementRefused(f"{exc.filename}: {exc.strerror}") from exc
    except (apsw.Error, ValueError) as exc:  # ValueError: a script that is not text
        raise StatementRefused(str(exc)) from exc
