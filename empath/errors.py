"""
errors - the errors that end a command, each with its exit code

Every error is an EmpathError. Its text is one line for a person: what happened, where, what to do.
The codes are those of sysexits.h; docs/exit-codes.md explains them to operators.
"""


class EmpathError(Exception):
    """Base of all errors of Empath. `exit_code` (sysexits.h) is the exit code of a command that ends with it."""

    exit_code = 70  # EX_SOFTWARE


class UsageError(EmpathError):
    """The command line asks for something that is not offered."""

    exit_code = 64  # EX_USAGE


class DriverError(EmpathError):
    """A protocol session was called out of turn; the code that drives it has a defect."""


class SyntaxViolation(EmpathError):
    """Text does not match its grammar. The caller decides whose fault that is."""

    exit_code = 65  # EX_DATAERR


class UnusableQueue(EmpathError):
    """The file is not a queue database of this version: its schema is newer, or it is of another application."""

    exit_code = 65  # EX_DATAERR


class StatementRefused(EmpathError):
    """A statement that a person gave is not SQL, or the queue refuses it. It changed nothing."""

    exit_code = 65  # EX_DATAERR


class MissingInput(EmpathError):
    """A file that must be read is not there or may not be read, or no row has the id that was given."""

    exit_code = 66  # EX_NOINPUT


class ServiceUnavailable(EmpathError):
    """A required resource is unavailable: a listening address, a sound SQLite library, a running instance."""

    exit_code = 69  # EX_UNAVAILABLE


class CannotCreate(EmpathError):
    """A file or directory that Empath must write cannot be created."""

    exit_code = 73  # EX_CANTCREAT


class StorageFailure(EmpathError):
    """SQLite or the file system failed in a read or a write; whether a commit took place may be unknown."""

    exit_code = 74  # EX_IOERR


class WriteRefused(StorageFailure):
    """The database refuses a value of the write, today and tomorrow. Nothing was committed."""


class ContentGone(StorageFailure):
    """The content of an accepted message is not where its row says, or not what was accepted: a person must look."""


class DamagedQueue(StorageFailure):
    """The database is damaged; `damage` says how, without naming it."""

    def __init__(self, location: str, damage: str) -> None:
        super().__init__(f"{location}: {damage}")
        self.damage = damage


class QueueBusy(EmpathError):
    """Another process held a needed resource until the deadline. A later try may succeed."""

    exit_code = 75  # EX_TEMPFAIL


class PermissionRefused(EmpathError):
    """The owner or mode of a path is unsafe, or this user lacks the right."""

    exit_code = 77  # EX_NOPERM


class ConfigError(EmpathError):
    """
    The configuration cannot be used.

    Shape: the text has one line per finding, each `file:line: key: what is wrong`.
    """

    exit_code = 78  # EX_CONFIG
