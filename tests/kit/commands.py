"""
commands - a command of Empath in a process of its own, which a fork makes

A start of Python and the imports cost twenty times what most commands do; a fork has both behind it. The command has
its own arguments, environment and standard streams, and ends with the exit code that its user sees. A command that is
refused says so with a code, wherever it runs in a test.
"""

import gc
import io
import os
import re
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Final, NamedTuple, NoReturn

from empath.config.refusals import AREAS, refusals
from tests.kit.waiting import DEADLINE_S

_CODED: Final = re.compile(r" \[(E-[A-Z]+-\d{3})\]$", re.MULTILINE)


class CommandResult(NamedTuple):
    """The end of a command."""

    code: int
    out: str
    err: str


def ended(code: int, out: str, err: str) -> CommandResult:
    """
    The end of a command, whose lines on standard error are without the codes behind them: tests are about the words.

    One of sysexits.h comes with a line that has a code of the program, or of a view; that of no verb, with the help.
    """
    is_coded = re.search(r"\[E-[A-Z-]+-\d{3}\]$", err, re.MULTILINE) or err.startswith("Usage: ")
    assert is_coded or code not in AREAS, f"a refusal without a code: {err}"
    return CommandResult(code, out, _CODED.sub(lambda found: "" if found[1] in refusals() else found[0], err))


def run_forked(
    main: Callable[[], None], argv: Sequence[str], text: bytes = b"", environment: Mapping[str, str] | None = None
) -> CommandResult:
    """
    Run *main*, the entry of a command, with *argv*, its name first, *text* at its standard input and *environment*.

    The caller has closed its connections to the queue: SQLite would take their locks for the command's.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(text)
        given.seek(0)
        pid = os.fork()
        if pid == 0:
            be_command(main, argv, os.environ if environment is None else environment, (given, out, err))
        return ended(_exit_code(pid), _content(out), _content(err))


def be_command(
    main: Callable[[], None], argv: Sequence[str], environment: Mapping[str, str], streams: Sequence[IO[bytes]]
) -> NoReturn:
    """Become the command, in a new fork, with these standard streams."""
    code = 1
    try:
        take_place(argv, environment, streams)
        main()
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except BaseException:  # noqa: BLE001 - top frame of a process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def take_place(argv: Sequence[str], environment: Mapping[str, str], streams: Sequence[IO[bytes]]) -> None:
    """Have, in a new fork, the standard streams, arguments and environment of a command."""
    gc.disable()  # a collection would touch, and so copy, all memory of the parent
    for fd, (name, stream) in enumerate(zip(("stdin", "stdout", "stderr"), streams, strict=True)):
        os.dup2(stream.fileno(), fd)
        raw = io.FileIO(fd, "wb" if fd else "rb", closefd=False)
        raw.name = f"<{name}>"
        buffer = io.BufferedWriter(raw) if fd else io.BufferedReader(raw)
        setattr(sys, name, io.TextIOWrapper(buffer, line_buffering=name == "stderr"))
    sys.argv = list(argv)
    named = dict(environment)
    os.environ.clear()
    os.environ.update(named)


def _exit_code(pid: int) -> int:
    ended = os.pidfd_open(pid)
    try:
        if not select.select([ended], [], [], DEADLINE_S)[0]:
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(ended)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _content(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()
