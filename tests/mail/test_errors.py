"""The errors that end a command."""

import os

import pytest

from empath import errors

CODES = {
    errors.EmpathError: os.EX_SOFTWARE,
    errors.UsageError: os.EX_USAGE,
    errors.DriverError: os.EX_SOFTWARE,
    errors.SyntaxViolation: os.EX_DATAERR,
    errors.UnusableQueue: os.EX_DATAERR,
    errors.StatementRefused: os.EX_DATAERR,
    errors.MissingInput: os.EX_NOINPUT,
    errors.ServiceUnavailable: os.EX_UNAVAILABLE,
    errors.CannotCreate: os.EX_CANTCREAT,
    errors.StorageFailure: os.EX_IOERR,
    errors.ContentGone: os.EX_IOERR,
    errors.WriteRefused: os.EX_IOERR,
    errors.DamagedQueue: os.EX_IOERR,
    errors.QueueBusy: os.EX_TEMPFAIL,
    errors.PermissionRefused: os.EX_NOPERM,
    errors.ConfigError: os.EX_CONFIG,
}


@pytest.mark.parametrize(("error", "code"), CODES.items())
def test_an_error_has_its_code_of_sysexits(error, code):
    """
    Scripts decide by it whether to try again.
    """
    assert code == error.exit_code


def test_every_error_is_in_the_table():
    """
    A new one needs a code, and a row in docs/exit-codes.md.
    """
    found = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == errors.__name__
    }
    assert set(CODES) == found
