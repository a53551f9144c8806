"""
empathd - start, stop and ask the mail server

Results go to standard output, messages about them to standard error. The exit code is 0, or that of the error
(sysexits.h); `status` has two more. The configuration is named before or after the verb, or by EMPATH_CONFIG.
"""

import json
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import click

from empath.cli.common import config_option, configuration, lenient_configuration, open_queue, run_process, say
from empath.cli.completion import completion_of
from empath.cli.init import init
from empath.cli.pauses import pause_words
from empath.cli.version import version_text
from empath.config import Config
from empath.config.doubtful import doubts
from empath.config.effective import effective_toml, settings
from empath.config.file_uses import shared_files, unreloadable, unstartable
from empath.config.tables.tls import TlsClient
from empath.config.workable.check import contradictions, old_names
from empath.config.workable.contradiction import Contradiction, located
from empath.config.workable.machine import low_file_limit, unreadable_recipients
from empath.config.workable.server_queue import unbuilt_words
from empath.daemon.process.secrets import examine_secrets
from empath.daemon.process.slots import slots
from empath.daemon.supervisor import instance, launch, listeners, resources
from empath.daemon.supervisor.pid_file import PidFile
from empath.errors import (
    CannotCreate,
    ConfigError,
    EmpathError,
    PermissionRefused,
    QueueBusy,
    UnusableQueue,
    UsageError,
)
from empath.mail.words import count, instant, span
from empath.policy.health import SILENCE_S, Level, count_kinds, missing_processes
from empath.policy.limits.session import wanted_space_octets
from empath.storage.admin.pauses import Pauses
from empath.storage.admin.records import Beat
from empath.storage.admin.snapshot import Snapshot
from empath.storage.open import check_past_mail

NOT_RUNNING: Final = 3  # code of the LSB for a stopped service
UNKNOWN: Final = 4  # code of the LSB for a service whose state is unknown


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@config_option(envvar="EMPATH_CONFIG")
@click.version_option(version_text(), prog_name="empathd", message="%(prog)s %(version)s")
def empathd() -> None:
    """The Empath mail server."""


empathd.add_command(init)
empathd.add_command(completion_of("empathd"))


@empathd.command()
@config_option()
@click.pass_context
def start(context: click.Context) -> None:
    """Start in the background. Returns when the listeners accept."""
    file, config = _startable(context)
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
    """Stop, then start. Does not stop anything if the start would fail."""
    file, config = _startable(context)
    _hold_restartable(config)
    launch.stop(config)
    launch.start(file, config, _prepare(config))


@empathd.command()
@config_option()
@click.pass_context
def reload(context: click.Context) -> None:
    """Reload the configuration. No connection is refused. The log has the outcome."""
    file, config = configuration(context)
    wrong = [each for each in _loading_findings(config) if not each.is_warning]
    if found := [*unreloadable(config, file), *wrong]:
        raise ConfigError(located(file, found))
    say("empathd", located(file, [*old_names(config)]))
    launch.reload(config)


@empathd.command()
@config_option()
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_context
def status(context: click.Context, is_json: bool) -> None:
    """Show whether it runs. The exit code is 0 if it runs, 3 if not, and 4 if this user may not look."""
    config = lenient_configuration(context)
    found = launch.status(config)
    now = time.time()
    pauses, beats, limits = _ask_queue(config, now)
    living = [beat.slot for beat in beats if now - beat.beat_at <= SILENCE_S]
    newest = max(beats, key=lambda beat: beat.beat_at, default=None)
    if is_json:
        record = {
            "status": found.word,
            "pid": found.pid,
            "pids": found.pids,
            "processes": count_kinds(living),
            "last_beat_at": None if newest is None else instant(newest.beat_at),
            "frozen_since": None if pauses is None else pauses.frozen_since,
            "suspended_destinations": None if pauses is None else pauses.suspended,
            "listener_limits": None if pauses is None else limits,
        }
        click.echo(json.dumps(record))
    else:
        click.echo(f"{found.word}, pid {found.pid}" if found.pid is not None else found.word)
    if not found.is_known:
        say(
            "empathd",
            "cannot tell: this user may read neither the directory of the queue nor the pid file; ask as root",
        )
        say("empathd", _evidence(pauses is not None, newest, now))
    is_file = config.queue.url is None
    lost = instance.removed_under(config.queue.path, found.pids) if is_file and found.pid is not None else None
    if lost is not None:
        say("empathd", f"{lost} was removed or replaced under the service; `empath-admin doctor` says more")
    if found.pid is not None and pauses is not None:
        for _, words in missing_processes(slots(config), living):
            say("empathd", f"{words}; see the log")
    if pauses is not None:
        say("empathd", pause_words(pauses))
        if limits:
            verb = "stands" if limits == 1 else "stand"
            say("empathd", f"{count(limits, 'limit')} of listeners {verb} above the file: `empath-admin limit list`")
    if not found.is_known:
        context.exit(UNKNOWN)
    if not found.is_running:
        context.exit(NOT_RUNNING)


def _ask_queue(config: Config, now: float) -> tuple[Pauses | None, list[Beat], int]:
    """
    The pauses, the processes that have not ended, and the number of limits of listeners that stand above the file;
    None, an empty list and 0 if the queue cannot be read.
    """
    try:
        with Snapshot(open_queue(config)) as snapshot:
            return snapshot.pauses(now), snapshot.beats(), snapshot.listener_limits(now)
    except EmpathError:
        return None, [], 0


def _evidence(is_read: bool, newest: Beat | None, now: float) -> str:
    """What the queue shows about a service that the system does not show."""
    if not is_read:
        return "the queue cannot be read either"
    if newest is None:
        return "in the queue no process has an open run: it was stopped in order"
    return f"in the queue the last sign of life is of {newest.slot}, pid {newest.pid}, {span(now - newest.beat_at)} ago"


@empathd.command()
@config_option()
@click.pass_context
def run(context: click.Context) -> None:
    """Serve in the foreground. For a terminal (Ctrl-C) or a service manager."""
    file, config = _startable(context)
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
    shared = list(shared_files(config, file))
    found = [
        *contradictions(config), *doubts(config), *(shared or _pid_file(config)), *low_file_limit(config),
        *_loading_findings(config),
    ]  # fmt: skip
    warnings = located(file, [each for each in found if each.is_warning])
    wrong = located(file, [each for each in found if not each.is_warning])
    try:
        if not unstartable(config, file):  # whose queue it would be, or whether it is one, cannot be told
            _check_queue(config)
            warnings = "\n".join(filter(None, (warnings, _space_warning(config))))
    except EmpathError as exc:
        if not wrong:
            raise
        raise ConfigError(f"{wrong}\n{exc}") from exc
    finally:
        say("empathd", warnings)
    if wrong:
        raise ConfigError(wrong)
    say("empathd", "\n".join(f"not built for PostgreSQL yet: {words}" for words in unbuilt_words(config)))
    if not warnings:
        say("empathd", f"{file}: no findings")


def _loading_findings(config: Config) -> list[Contradiction]:
    """What is wrong with the files that processes load at their start: certificates, and modules."""
    return [
        *_certificate_findings(config),
        *_client_findings(config),
        *_module_findings(config),
        *_sink_findings(config),
        *_signing_findings(config),
        *examine_secrets(config),
    ]


def _signing_findings(config: Config) -> list[Contradiction]:
    """What is wrong with the keys that sign mail."""
    if not config.dkim.sign:
        return []
    from empath.daemon.process.signing import examine_signing  # noqa: PLC0415 - it loads cryptography

    return [*examine_signing(config)]


def _client_findings(config: Config) -> list[Contradiction]:
    """What is wrong with what the file names for the hosts that mail goes to."""
    if config.tls.client == TlsClient() and not (
        config.credentials
        or config.webhooks
        or config.sources
        or config.events.webhooks
        or any(config.events.each_broker())
        or config.tracing.is_on
    ):
        return []
    from empath.daemon.process.next_hop_files import examine_next_hops  # noqa: PLC0415 - it loads ssl

    return examine_next_hops(config)


def _module_findings(config: Config) -> list[Contradiction]:
    """The modules that cannot be used."""
    if not config.modules:
        return []
    from empath.daemon.process.modules import wrong_modules  # noqa: PLC0415 - only what is configured

    return [*wrong_modules(config)]


def _sink_findings(config: Config) -> Iterator[Contradiction]:
    """The modules of [events.sinks] that cannot be used. No mail needs them, so a start does not ask."""
    if not config.events.sinks:
        return
    from empath.modules.sinks import find_maker  # noqa: PLC0415 - only what is configured

    for name, sink in config.events.sinks.items():
        try:
            find_maker(sink.module)
        except ConfigError as exc:
            yield Contradiction(("events", "sinks", name, "module"), str(exc))


def _certificate_findings(config: Config) -> list[Contradiction]:
    """What is wrong with the certificates of *config*; a warning if one expires, or if this user may not read it."""
    if not config.uses_tls:
        return []
    from empath.daemon.process.certificates import examine_certificates  # noqa: PLC0415 - it loads ssl

    examined = examine_certificates(config)
    return [*examined.wrong, *examined.expiring(time.time())]


def _space_warning(config: Config) -> str:
    """A line if the disk has so little space that MAIL gets 452, else empty."""
    wanted = wanted_space_octets(config.queue.reserve_octets, config.largest_message_octets)
    try:
        free = open_queue(config).free_octets()
    except OSError:
        return ""  # the check of the queue says more
    if free >= wanted:
        return ""
    words = "the larger of [queue] reserve and 1.5 times [receiving.limits] message_size"
    return f"{config.queue.path.parent}: {free >> 20} MiB are free; below {wanted >> 20} MiB, {words}, MAIL gets 452"


def _startable(context: click.Context) -> tuple[Path, Config]:
    file, config = configuration(context)
    # A process that cannot read a file, or load a module, names neither configuration nor line.
    if found := unstartable(config, file) or [*unreadable_recipients(config), *_module_findings(config)]:
        raise ConfigError(located(file, found))
    say("empathd", located(file, [*old_names(config)]))
    return file, config


def _check_queue(config: Config) -> None:
    pid = launch.find_supervisor(config)
    if pid is None:
        os.close(_prepare(config))
    elif _hold_same_version(config, pid):  # the queue of a running instance has passed, but before an upgrade perhaps
        _hold_place(config)  # a person may have changed it since


def _hold_place(config: Config) -> None:
    wrong = [found for found in open_queue(config).diagnose_owners(config.process.user) if found.level is Level.ERROR]
    if wrong:
        raise CannotCreate("\n".join(f"{found.found}; {found.remedy}" for found in wrong))


def _pid_file(config: Config) -> list[Contradiction]:
    """What a start would find in the place of the pid file."""
    try:
        own_pid = launch.find_supervisor(config)
    except PermissionRefused:
        return []
    words = PidFile(config.process.pid_file).obstacle(own_pid)
    return [] if words is None else [Contradiction(("process", "pid_file"), f"{config.process.pid_file}: {words}")]


def _hold_restartable(config: Config) -> None:
    """Refuse a restart that would end a running service and could not start it again."""
    found = launch.status(config)
    if found.pid is None:
        return
    launch.check_may_signal(found.pid)
    resources.check_log(config)
    listeners.check([*config.listeners, *([config.http] if config.http.is_served else [])], found.pids)
    open_queue(config).check_version()


def _hold_same_version(config: Config, pid: int) -> bool:
    """Refuse a queue of another version; False if this user may not look."""
    try:
        with open_queue(config).visiting(None):
            return True
    except UnusableQueue as exc:
        raise UnusableQueue(f"another version of Empath runs, pid {pid}: {exc}") from exc
    except EmpathError as exc:
        say("empathd", f"the queue was not checked: {exc}")
        return False


def _prepare(config: Config) -> int:
    """Lock the queue, make or migrate it, and return the lock. Done here because the supervisor opens no database."""
    _hold_free(config)
    try:
        lock_fd = instance.acquire(config.queue.path, until=lambda: _serving_pid(config) is not None)
    except QueueBusy:
        _hold_free(config)  # another start was quicker
        raise
    try:
        if config.track.is_kept:
            check_past_mail()
        open_queue(config).prepare(config.process.user, say=partial(say, "empathd"))
    except BaseException:
        os.close(lock_fd)
        raise
    return lock_fd


def _hold_free(config: Config) -> None:
    """Refuse a start where a supervisor serves: it keeps the lock. Children of a killed one release it soon."""
    pid = _serving_pid(config)
    if pid is not None:
        raise QueueBusy(f"already running on {config.queue.path}: pid {pid}")


def _serving_pid(config: Config) -> int | None:
    """Pid of the supervisor, None if there is none or it ends."""
    # In this order: one that ends in between was stopping before, and is not there after. The other way it would serve.
    return None if instance.is_stopping(config.queue.path) else launch.find_supervisor(config)


def main() -> None:
    """Entry of the command."""
    run_process(empathd, "empathd")


if __name__ == "__main__":
    main()
