"""
shell - the SQL shell of apsw on the queue

The shell opens the queue as Empath does: with a safe SQLite, with our wait for the write lock, and read-only unless
asked otherwise. A person at a terminal gets the usual shell; a script ends at its first error.
"""

import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import apsw
import apsw.shell

from empath.errors import StatementRefused
from empath.storage.sqlite.connection import ours
from empath.storage.sqlite.destination_ids import DestinationIds
from empath.storage.sqlite.visit import visiting

_INTRO = """Empath queue {path}, {mode}. SQLite {version}.
Views: queue message attempt destination process history audit control. Help: .help
"""


class _Script(apsw.shell.Shell):
    """A shell that raises its first error instead of printing it."""

    def handle_exception(self) -> NoReturn:
        raise  # noqa: PLE0704 - it is called where an exception is handled


def run_shell(path: Path, statements: Sequence[str], *, deadline_s: float | None) -> None:
    """
    Run *statements*, each as a line of the shell, or standard input if there are none.

    *deadline_s* bounds the wait for the write lock; None: nothing can be written.

    Raises:
        StatementRefused: a statement of a script failed; those before it are done.
        QueueBusy: another process held the write lock until the deadline.
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `visiting`.
    """
    with visiting(path, deadline_s, DestinationIds(0)) as visit:
        connection = visit.connection
        if deadline_s is None:
            connection.authorizer = _keep_read_only
        if not statements and sys.stdin.isatty():
            mode = "read-only; --write to change it" if deadline_s is None else "changes are committed at once"
            intro = _INTRO.format(path=path, mode=mode, version=apsw.sqlite_lib_version())
            apsw.shell.Shell(db=connection).cmdloop(intro=intro)  # type: ignore[no-untyped-call]
            return
        with _refusals(path):
            shell = _Script(stderr=io.StringIO(), db=connection)  # discarded, because the error has the same text
            for statement in statements:
                shell.process_complete_line(statement.strip())  # type: ignore[no-untyped-call]
            if not statements:
                shell.cmdloop()  # type: ignore[no-untyped-call]


def _keep_read_only(code: int, name: str | None, argument: str | None, *_: str | None) -> int:
    """Refuse to turn off PRAGMA query_only, which makes the shell read-only."""
    is_slip = code == apsw.SQLITE_PRAGMA and name == "query_only" and argument is not None
    return apsw.SQLITE_DENY if is_slip else apsw.SQLITE_OK


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.shell.Shell.Error as exc:
        raise StatementRefused(str(exc)) from exc
    except apsw.BusyError as exc:
        raise ours(exc, path) from exc
    except apsw.ReadOnlyError as exc:
        raise StatementRefused("the queue is open for reading only; use --write") from exc
    except OSError as exc:
        raise StatementRefused(f"{exc.filename}: {exc.strerror}") from exc
    except ValueError as exc:  # the shell's table does not fit the terminal
        raise StatementRefused(f"{exc}; '.mode line' writes each column on its own line") from exc
    except (apsw.SQLError, apsw.ConstraintError, apsw.AuthError, apsw.MismatchError, apsw.BindingsError) as exc:
        raise StatementRefused(str(exc)) from exc
