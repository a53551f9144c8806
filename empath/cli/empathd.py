"""
empathd - start, stop and ask the mail server

Words go to standard error, results to standard output; the exit code is 0, that of the error met (sysexits.h), or 3
from `status` when nothing runs. The configuration is named before or after the verb, or by EMPATH_CONFIG.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from empath import __version__
from empath.config import Config, load_config
from empath.daemon.supervisor import instance, launch
from empath.errors import EmpathError, UsageError

NOT_RUNNING: Final = 3  # the LSB's code for a service that does not run


def _remember(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    """Both places of -c write to one; the one after the verb is read later and wins."""
    if value is not None:
        context.ensure_object(dict)["config"] = value


def _config_option(**attributes: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The configuration, a TOML file. Default: the environment's EMPATH_CONFIG.",
        expose_value=False,
        callback=_remember,
        **attributes,
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@_config_option(envvar="EMPATH_CONFIG")
@click.version_option(__version__, prog_name="empathd", message="%(prog)s %(version)s")
def empathd() -> None:
    """The Empath mail server."""


@empathd.command()
@_config_option()
@click.pass_context
def start(context: click.Context) -> None:
    """Start in the background. Returns when the listeners accept."""
    file, config = _configuration(context)
    launch.start(file, config, _prepare(config))


@empathd.command()
@_config_option()
@click.pass_context
def stop(context: click.Context) -> None:
    """Drain and stop. Returns when the last process is gone."""
    _, config = _configuration(context)
    if not launch.stop(config):
        _say("not running")


@empathd.command()
@_config_option()
@click.pass_context
def restart(context: click.Context) -> None:
    """Stop, then start. A configuration that cannot be read leaves the running instance alone."""
    file, config = _configuration(context)
    launch.stop(config)
    launch.start(file, config, _prepare(config))


@empathd.command()
@_config_option()
@click.pass_context
def reload(context: click.Context) -> None:
    """Take the configuration anew. No connection is refused; the log tells how it went."""
    _, config = _configuration(context)
    launch.reload(config)


@empathd.command()
@_config_option()
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_context
def status(context: click.Context, is_json: bool) -> None:
    """Say whether it runs. Exit code 0 if so, else 3."""
    _, config = _configuration(context)
    found = launch.status(config)
    if is_json:
        click.echo(json.dumps({"status": found.word, "pid": found.pid, "pids": found.pids}))
    else:
        click.echo(f"{found.word}, pid {found.pid}" if found.pid is not None else found.word)
    if found.pid is None:
        context.exit(NOT_RUNNING)


@empathd.command()
@_config_option()
@click.pass_context
def run(context: click.Context) -> None:
    """Serve in the foreground. For a terminal (Ctrl-C) or a service manager."""
    file, config = _configuration(context)
    launch.run(file, _prepare(config))


@empathd.command()
@_config_option()
@click.pass_context
def check(context: click.Context) -> None:
    """Check configuration and queue. Says every finding, starts nothing."""
    file, config = _configuration(context)
    if launch.find_supervisor(config) is None:  # the queue of a running instance has passed
        os.close(_prepare(config))
    _say(f"{file}: no findings")


def _configuration(context: click.Context) -> tuple[Path, Config]:
    file: Path | None = context.ensure_object(dict).get("config")
    if file is None:
        raise UsageError("no configuration named: use -c FILE or set EMPATH_CONFIG")
    return file, load_config(file)


def _prepare(config: Config) -> int:
    """Lock the queue, make or migrate it, and return the lock; done here since the supervisor opens no database."""
    from empath.storage.checks import check_queue  # noqa: PLC0415 - only these verbs need SQLite

    lock_fd = instance.acquire(config.queue.path)
    check_queue(config.queue.path, config.process.user)
    return lock_fd


def _say(text: str) -> None:
    for line in text.splitlines():
        click.echo(f"empathd: {line}", err=True)


def main() -> None:
    """Entry of the command: every error is a line on standard error and an exit code, never a traceback."""
    try:
        code = empathd.main(prog_name="empathd", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = UsageError.exit_code
    except click.ClickException as error:
        _say(error.format_message())
        code = UsageError.exit_code
    except click.Abort:
        code = 130
    except EmpathError as error:
        _say(str(error))
        code = error.exit_code
    sys.exit(code)


if __name__ == "__main__":
    main()
