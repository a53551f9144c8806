"""
run_child - a child process from its first to its last statement

The frame reads the configuration, opens what needs root, drops privileges, and makes the `Runtime` that the body gets.
An error becomes one line in the log and an exit code.
"""

import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from gevent.hub import get_hub

from empath.config import Config
from empath.daemon.process.certificates import server_tls
from empath.daemon.process.child import (
    Child,
    child_from_environment,
    drop_privileges,
    report_failure,
)
from empath.daemon.process.client_access import client_access
from empath.daemon.process.log_server import syslog_of
from empath.daemon.process.own_config import load_own_config
from empath.daemon.process.own_queue import queue_of
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.secrets import NO_SECRETS, secrets_of
from empath.daemon.process.signing import signer_of
from empath.daemon.process.tls_files import kept_tls_files
from empath.errors import CannotCreate, ConfigError, EmpathError
from empath.telemetry import standard_error
from empath.telemetry.log import log
from empath.telemetry.occurrence import traceback_text, words_of
from empath.telemetry.occurrences.process import LogAstray, ProcessCrashed, ProcessFailed
from empath.telemetry.subscribers import emitter

if TYPE_CHECKING:
    from empath.daemon.process.tracing import Tracing
    from empath.modules.loading import LoadedModule

_EX_SOFTWARE = 70
_EX_TEMPFAIL = 75


def _open_log(child: Child, config: Config) -> None:
    """Open the log. A process without one serves all the same, and writes its lines to standard error for now."""
    form, level, file = config.log.format, config.log.level, config.log.file
    syslog = syslog_of(config)
    try:
        log.configure(form, level, file, syslog)
    except CannotCreate as exc:
        assert file is not None
        log.await_file(form, level, file, syslog)
        emitter(child.slot)(LogAstray(error=str(exc)))


def run_child(
    body: Callable[[Runtime], None],
    *,
    write_deadline_s: float | None,
    serves_unregistered: bool = False,
    has_modules: bool = False,
    meets_hosts: bool = False,
    traces_mail: bool = False,
) -> None:
    """
    Run one child process from its first to its last statement; *body* returns when it has drained.

    *write_deadline_s* bounds the wait for the write lock; None takes the configured limit for acceptance.
    *serves_unregistered* as for `Runtime.begin`. *meets_hosts*: it connects to the hosts that mail goes to.
    *has_modules*: it loads the modules of [modules], before the privileges go. *traces_mail*: it takes part in
    [tracing].
    """
    standard_error.unblock()
    # Libraries warn whoever writes the program, such as of a certificate of a peer with an odd serial number.
    warnings.simplefilter("ignore")
    try:
        child = child_from_environment()
    except ConfigError as exc:  # started by hand: there is no supervisor to report to
        sys.stderr.write(f"empathd: {exc}\n")
        sys.exit(exc.exit_code)
    try:
        config = load_own_config(child)
        get_hub().threadpool.apply(bool)  # gevent imports at first use: before the privileges go
        engine = queue_of(config)  # imports too
        # OpenSSL opens files, which a process that has dropped its privileges may not.
        files = {} if child.tls_fd is None else kept_tls_files(child.tls_fd)
        tls = server_tls(config, files) if files and not meets_hosts else None
        kept = {} if child.signing_fd is None else kept_tls_files(child.signing_fd)
        signer = signer_of(config, kept) if kept else None
        secrets = secrets_of(config, kept) if kept else NO_SECRETS
        access = client_access(config, files) if meets_hosts else None
        modules = _modules(config) if has_modules and config.modules else ()
        tracing = _tracing(config) if traces_mail and config.tracing.is_on else None
        drop_privileges(config.process.user)
        _open_log(child, config)
        deadline_s = config.queue.lock_timeout_s if write_deadline_s is None else write_deadline_s
        runtime = Runtime(
            child,
            config,
            engine,
            write_deadline_s=deadline_s,
            server_tls=tls,
            client_access=access,
            modules=modules,
            signer=signer,
            secrets=secrets,
            tracing=tracing,
        )
        runtime.begin(serves_unregistered=serves_unregistered)
        body(runtime)
        runtime.end()
        if runtime.failure is not None:
            raise runtime.failure
        if runtime.is_taken_for_dead:
            sys.exit(_EX_TEMPFAIL)
    except EmpathError as exc:
        # Until the process is ready, the supervisor passes the error on to the command that started the service.
        if not report_failure(child, exc):
            emitter(child.slot)(ProcessFailed(error=str(exc)))
        sys.exit(exc.exit_code)
    except Exception as exc:  # noqa: BLE001 - top frame of the process
        emitter(child.slot)(ProcessCrashed(error=words_of(exc), exception=traceback_text(exc)))
        sys.exit(_EX_SOFTWARE)
    finally:
        log.close(child.slot)


def _tracing(config: Config) -> "Tracing":
    from empath.daemon.process.tracing import Tracing, preloaded_format  # noqa: PLC0415 - only what is configured

    preloaded_format()
    return Tracing(config)


def _modules(config: Config) -> "tuple[LoadedModule, ...]":
    from empath.daemon.process.modules import wanted_modules  # noqa: PLC0415 - only what is configured
    from empath.modules.loading import load_modules  # noqa: PLC0415 - the same

    return load_modules(wanted_modules(config))
