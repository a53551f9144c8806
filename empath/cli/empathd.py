"""
empathd - start, stop and ask the mail server

Results go to standard output, messages about them to standard error. The exit code is 0, or that of the error
(sysexits.h); `status` has two more. The configuration is named before or after the verb, or by EMPATH_CONFIG.
"""

import json
import os
from functools import partial
from typing import Final

import click

from empath import __version__
from empath.cli.common import config_option, configuration, lenient_configuration, open_queue, run_process, say
from empath.config import Config
from empath.config.effective import effective_toml, settings
from empath.config.workable import contradictions
from empath.daemon.supervisor import instance, launch
from empath.errors import ConfigError, EmpathError, QueueBusy, UnusableQueue, UsageError

NOT_RUNNING: Final = 3  # code of the LSB for a stopped service
UNKNOWN: Final = 4  # code of the LSB for a service whose state is unknown


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@config_option(envvar="EMPATH_CONFIG")
@click.version_option(__version__, prog_name="empathd", message="%(prog)s %(version)s")
def empathd() -> None:
    """The Empath mail server."""


@empathd.command()
@config_option()
@click.pass_context
def start(context: click.Context) -> None:
    """Start in the background. Returns when the listeners accept."""
    file, config = configuration(context)
    launch.start(file, config, _prepare(config))


@empathd.command()
@config_option()
@click.pass_context
def stop(context: click.Context) -> None:
    """Drain and stop. Returns when the last process is gone."""
    config = lenient_configuration(context)
    if not launch.stop(config):
        say("empathd", "not running")


@empathd.command()
@config_option()
@click.pass_context
def restart(context: click.Context) -> None:
    """Stop, then start. Does not stop anything if the configuration cannot be read."""
    file, config = configuration(context)
    launch.stop(config)
    launch.start(file, config, _prepare(config))


@empathd.command()
@config_option()
@click.pass_context
def reload(context: click.Context) -> None:
    """Reload the configuration. No connection is refused. The log has the outcome."""
    _, config = configuration(context)
    launch.reload(config)


@empathd.command()
@config_option()
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_context
def status(context: click.Context, is_json: bool) -> None:
    """Show whether it runs. The exit code is 0 if it runs, 3 if not, and 4 if this user may not look."""
    config = lenient_configuration(context)
    found = launch.status(config)
    if is_json:
        click.echo(json.dumps({"status": found.word, "pid": found.pid, "pids": found.pids}))
    else:
        click.echo(f"{found.word}, pid {found.pid}" if found.pid is not None else found.word)
    if not found.is_known:
        say("empathd", "this user may read neither the directory of the queue nor the pid file; ask as root")
        context.exit(UNKNOWN)
    if found.pid is None:
        context.exit(NOT_RUNNING)


@empathd.command()
@config_option()
@click.pass_context
def run(context: click.Context) -> None:
    """Serve in the foreground. For a terminal (Ctrl-C) or a service manager."""
    file, config = configuration(context)
    launch.run(file, _prepare(config))


@empathd.command()
@config_option()
@click.option("--effective", "is_effective", is_flag=True, help="Print the configuration, defaults included, as TOML.")
@click.option("--json", "is_json", is_flag=True, help="With --effective: as one JSON object.")
@click.pass_context
def check(context: click.Context, is_effective: bool, is_json: bool) -> None:
    """Check the configuration and the queue. Reports every finding and starts nothing."""
    if is_json and not is_effective:
        raise UsageError("--json needs --effective")
    file, config = configuration(context)
    if is_effective:  # before the check of the queue, whose finding it may explain
        text = json.dumps(settings(config)) + "\n" if is_json else effective_toml(config)
        click.echo(text.encode(), nl=False)  # TOML is UTF-8 whatever the terminal's encoding
    pid = launch.find_supervisor(config)
    if pid is None:
        os.close(_prepare(config))
    else:  # the queue of a running instance has passed, unless that is of before an upgrade
        _hold_same_version(config, pid)
    if found := contradictions(config):
        raise ConfigError("\n".join(f"{file}: {line}" for line in found))
    say("empathd", f"{file}: no findings")


def _hold_same_version(config: Config, pid: int) -> None:
    try:
        open_queue(config).open_reader().close()
    except UnusableQueue as exc:
        raise UnusableQueue(f"another version of Empath runs, pid {pid}: {exc}") from exc
    except EmpathError:
        pass  # this user may not look, or not now


def _prepare(config: Config) -> int:
    """Lock the queue, make or migrate it, and return the lock. Done here because the supervisor opens no database."""
    pid = launch.find_supervisor(config)
    if pid is not None:  # a running supervisor keeps the lock; children of a killed one release it soon
        raise QueueBusy(f"already running on {config.queue.path}: pid {pid}")
    lock_fd = instance.acquire(config.queue.path)
    open_queue(config).prepare(config.process.user, say=partial(say, "empathd"))
    return lock_fd


def main() -> None:
    """Entry of the command."""
    run_process(empathd, "empathd")


if __name__ == "__main__":
    main()
