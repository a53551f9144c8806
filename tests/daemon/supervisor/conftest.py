"""Fixtures of the tests of the supervisor."""

import contextlib
import subprocess
import sys

import pytest

TITLED = """
import sys
from setproctitle import setproctitle
setproctitle(sys.argv[1])
print("titled", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def titled():
    """A function that starts another process with a title; its pid."""
    with contextlib.ExitStack() as stack:

        def start(title):
            command = [sys.executable, "-c", TITLED, title]
            process = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            assert process.stdout is not None
            assert b"titled\n" == process.stdout.readline()
            return process.pid

        yield start
