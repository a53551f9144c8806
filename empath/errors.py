"""
errors - what ends a command, and the exit code it ends with

Every error of ours is an EmpathError whose text is one line for a person: what, where, what to do.
The codes are those of sysexits.h; docs/exit-codes.md explains them to operators.
"""


class EmpathError(Exception):
    """Root of all ours. `exit_code` (sysexits.h) is what a command returns when it meets one."""

    exit_code = 70  # EX_SOFTWARE


class UsageError(EmpathError):
    """The command line asks for something that is not offered."""

    exit_code = 64  # EX_USAGE


class DriverError(EmpathError):
    """A protocol session was called out of turn; the code that drives it has a defect."""


class SyntaxViolation(EmpathError):
    """Text is not in the grammar it claims; the caller decides whose fault that is."""

    exit_code = 65  # EX_DATAERR


class UnusableQueue(EmpathError):
    """The file is no queue database that this version can work on: a newer schema, another application's file."""

    exit_code = 65  # EX_DATAERR


class StatementRefused(EmpathError):
    """A statement that a person gave is no SQL, or the queue does not let it be done; nothing of it was."""

    exit_code = 65  # EX_DATAERR


class MissingInput(EmpathError):
    """A file that must be read is not there or may not be read, or no row has the id that was given."""

    exit_code = 66  # EX_NOINPUT


class ServiceUnavailable(EmpathError):
    """Something that Empath needs is not to be had: a listening address, a sound SQLite, a running instance."""

    exit_code = 69  # EX_UNAVAILABLE


class CannotCreate(EmpathError):
    """A file or directory that Empath must write cannot be made."""

    exit_code = 73  # EX_CANTCREAT


class StorageFailure(EmpathError):
    """SQLite or the file system failed in a read or a write; whether a commit took place may be unknown."""

    exit_code = 74  # EX_IOERR


class QueueBusy(EmpathError):
    """Another process holds what is needed, and held it until the deadline; trying again later is right."""

    exit_code = 75  # EX_TEMPFAIL


class PermissionRefused(EmpathError):
    """A path's owner or mode is unsafe, or this user lacks the right."""

    exit_code = 77  # EX_NOPERM


class ConfigError(EmpathError):
    """
    The configuration cannot be used.

    Shape: the text has one line per finding, each `file:line: key: what is wrong`.
    """

    exit_code = 78  # EX_CONFIG
