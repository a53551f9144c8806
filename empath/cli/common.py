"""
common - what empathd and empath-admin share

The configuration is named before or after the verb, or by EMPATH_CONFIG.  Every error is a line on standard error and
an exit code of sysexits.h, never a traceback.
"""

import errno
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from empath.config import Config, load_config
from empath.daemon.process.own_queue import queue_of
from empath.errors import EmpathError, StatementRefused, StorageFailure, UsageError
from empath.mail.printable import printable
from empath.storage.engine import Engine, NewDestination

FINDINGS = 4  # code of fsck(8) for errors left uncorrected
READER_GONE = 141  # exit code of a shell for a command ended by SIGPIPE
INTERRUPTED = 130  # exit code of a shell for a command ended by SIGINT
_OUTPUT_FAILS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def config_option(*names: str, **attributes: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The option -c FILE, for the group and for each verb; *names* are its names where --config means another file."""
    return click.option(
        *(names or ("-c", "--config")),
        "config",
        type=click.Path(path_type=Path, readable=False),
        metavar="FILE",
        help="The configuration, a TOML file. Default: the environment's EMPATH_CONFIG.",
        expose_value=False,
        callback=_remember,
        **attributes,
    )


def examples(*lines: str) -> str:
    """The end of a verb's help: command lines as a person types them, which are not wrapped."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def configuration(context: click.Context) -> tuple[Path, Config]:
    """
    The configuration file that was named, and its content.

    Raises:
        UsageError: none was named.
        ConfigError, MissingInput: see `load_config`.
    """
    file = named_file(context)
    return file, load_config(file)


def lenient_configuration(context: click.Context) -> Config:
    """
    The usable part of the configuration, for a command that needs the queue and the pid file only.

    Mistakes in other tables are warnings on standard error.

    Raises:
        UsageError, ConfigError, MissingInput: see `configuration`.
    """
    from empath.config.salvage import load_leniently  # noqa: PLC0415 - not for the commands that need all of it

    config, findings = load_leniently(named_file(context))
    if findings:
        say(str(context.find_root().info_name), findings)
    return config


def open_queue(config: Config) -> Engine:
    """
    The queue that *config* names.

    Raises:
        UsageError: the verb of this command line is not built for it.
    """
    if config.queue.url is not None:
        _hold_built(config)
    book = config.rule_book()
    engine = queue_of(config)
    engine.begin_destinations(lambda destination: NewDestination(book.of_destination(destination).concurrency))
    return engine


def _hold_built(config: Config) -> None:
    """Refuse a verb that does not work yet where a server keeps the queue."""
    from empath.config.workable.server_queue import refusal_of_verb  # noqa: PLC0415 - a queue in a file needs it not

    context = click.get_current_context(silent=True)
    words = context.command_path.split() if context is not None else []
    refusal = refusal_of_verb(config, words[1]) if words[:1] == ["empath-admin"] and len(words) > 1 else None
    if refusal is not None:
        raise UsageError(refusal)


def say(command: str, text: str) -> None:
    """
    Write the lines of *text* for a person to standard error, each escaped and with the name of the command.

    Lines that it does not take are lost: the exit code tells the outcome.
    """
    try:
        for line in text.rstrip("\n").split("\n") if text else ():
            click.echo(f"{command}: {printable(line)}", err=True)
    except OSError:
        _drop(2)


def run_process(command: click.Command, name: str) -> NoReturn:
    """Be the process of one command line."""
    gc.freeze()  # no garbage collection of the modules at the exit, a fifth of the run time of a command
    sys.exit(run(command, name, sys.argv[1:]))


def run(command: click.Command, name: str, arguments: Sequence[str]) -> int:
    """Run one command line to its end; the exit code of its process."""
    _open_standard_descriptors()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for an address that the terminal's encoding lacks
    try:
        code = command.main(arguments, prog_name=name, standalone_mode=False) or 0
        sys.stdout.flush()
        return code
    except click.exceptions.NoArgsIsHelpError as error:
        _show_help(error)
        return UsageError.exit_code
    except click.ClickException as error:
        say(name, _explained(UsageError(" ".join(error.format_message().split()))))  # some have a list below the line
        return UsageError.exit_code
    except click.Abort:
        return INTERRUPTED
    except EmpathError as error:
        say(name, _explained(error))
        return error.exit_code
    except SystemExit:  # by click, when the reader of standard output is gone
        return READER_GONE
    except BrokenPipeError:
        _drop(1)
        return READER_GONE
    except OSError as error:
        if error.errno not in _OUTPUT_FAILS:
            raise
        _drop(1)
        say(name, _explained(StorageFailure(f"standard output cannot be written: {error.strerror}")))
        return StorageFailure.exit_code


def _explained(error: EmpathError) -> str:
    """The text of *error*, with the code of its sentence behind each line."""
    # Most commands refuse nothing, and start quickly.
    from empath.config.refusals import with_codes  # noqa: PLC0415
    from empath.storage.refusals import with_code  # noqa: PLC0415

    is_of_view = isinstance(error, StatementRefused | StorageFailure)
    return with_codes(error, with_code(str(error)) if is_of_view else str(error))


def _open_standard_descriptors() -> None:
    """
    Open /dev/null for each standard descriptor that the caller closed: a file opened later would take its place.

    A write to standard output still fails. One to standard error is lost, as the caller wanted.
    """
    for fd, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(fd)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)  # it gets the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - until the end of the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - until the end of the process


def _show_help(error: click.exceptions.NoArgsIsHelpError) -> None:
    try:
        click.echo(error.format_message(), err=True)
    except OSError:
        _drop(2)


def _drop(fd: int) -> None:
    """Python flushes again at its end, and would report the failure once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), fd)


def named_file(context: click.Context) -> Path:
    """
    The configuration file that was named.

    Raises:
        UsageError: none was named.
    """
    file: Path | None = context.ensure_object(dict).get("config")
    if file is None:
        raise UsageError("no configuration named: use -c FILE or set EMPATH_CONFIG")
    return file


def _remember(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    """Store the value of -c. The one after the verb is read last and wins."""
    if value is not None:
        context.ensure_object(dict)["config"] = value
