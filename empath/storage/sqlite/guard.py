"""
guard - SQL that a person wrote reads and does nothing else

It is compiled and run under an authorizer that allows reading only.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Final

import apsw

from empath.errors import UsageError

_READING: Final = {apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE}
_STEPS: Final = 100_000  # period in steps of SQLite's virtual machine: some milliseconds
# Text that only SET understands. In a comparison it is plain text, above or below every instant.
_UNTRUE: Final = re.compile(r"""(\w+)_at["`\]]?\s*(?:[<>=!]+|\bBETWEEN\b)\s*'(?:now|[-+])""", re.IGNORECASE)


def check_instants(where: str) -> None:
    """
    Check that *where* compares no instant with `'now'` or a shift, which would be true of every row or of none.

    Raises:
        UsageError: it does.
    """
    found = _UNTRUE.search(where)
    if found is not None:
        words = f"{found[1]}_at is text, and 'now' or a shift means nothing there"
        raise UsageError(f"--where: {words}; compare {found[1]}_unix with unixepoch(), as in unixepoch() + 3600")


@contextlib.contextmanager
def reading_only(connection: apsw.Connection, view: str) -> Iterator[None]:
    """
    Allow only reading on *connection*; *view* is named in errors.

    Raises:
        UsageError: the SQL of the body is not an expression over the view, or does not only read.
    """
    connection.authorizer = _authorize
    connection.set_progress_handler(_go_on, _STEPS)
    try:
        yield
    except (apsw.SQLError, apsw.AuthError, apsw.BindingsError, apsw.MismatchError, apsw.TooBigError, KeyError) as exc:
        raise UsageError(_sentence(exc, view)) from exc
    except UnicodeEncodeError as exc:
        raise UsageError("--where: the text is not UTF-8") from exc
    finally:
        connection.authorizer = None
        connection.set_progress_handler(None)


def _sentence(exc: Exception, view: str) -> str:
    if isinstance(exc, apsw.AuthError):
        return "--where: it may only read: an expression without PRAGMA, ATTACH or a write"
    if isinstance(exc, KeyError | apsw.BindingsError):
        return "--where: it takes no parameter; write the value itself, text in single quotes"
    words = str(exc).partition("\n")[0]
    return f'--where: {words}; it takes one SQL expression over the columns of {view}, such as "attempts > 3"'


def _authorize(operation: int, *_: str | None) -> int:
    return apsw.SQLITE_OK if operation in _READING else apsw.SQLITE_DENY


def _go_on() -> bool:
    """Python handles signals before it calls this, so that Ctrl-C ends a long statement."""
    return False
