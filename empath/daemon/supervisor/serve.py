"""serve - the top frame of a supervisor: lock, log, pid file, loop, and the report of the outcome"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from setproctitle import setproctitle

from empath.daemon.process.child import UMASK
from empath.daemon.supervisor import instance, resources
from empath.daemon.supervisor.children import Failure
from empath.daemon.supervisor.handed_on import START_FD
from empath.daemon.supervisor.kinds import COMMANDS
from empath.daemon.supervisor.loop import SLOT, Supervisor
from empath.daemon.supervisor.patience import Patience
from empath.daemon.supervisor.pid_file import PidFile
from empath.daemon.supervisor.plan import read_snapshot
from empath.daemon.supervisor.template import TemplateProcess
from empath.daemon.supervisor.template_keeper import TemplateKeeper
from empath.daemon.supervisor.titles import SUPERVISOR_TITLE
from empath.errors import EmpathError
from empath.mail.identity import QueueId, Timestamp
from empath.mail.printable import printable
from empath.telemetry import standard_error
from empath.telemetry.log import log
from empath.telemetry.occurrences.supervisor import NofileLow, ServiceFailed
from empath.telemetry.subscribers import emitter


def serve(
    config_file: str,
    commands: Mapping[str, Sequence[str]] = COMMANDS,
    patience: Patience | None = None,
    *,
    make_template: Callable[[], TemplateProcess] | None = TemplateProcess,
    template: TemplateProcess | None = None,
) -> int:
    """
    Run one instance from lock to last child; returns the exit code of the process.

    *template* is a template process that loads already.
    """
    setproctitle(SUPERVISOR_TITLE)
    os.umask(UMASK)
    standard_error.unblock()
    starter = Starter()
    templates = TemplateKeeper(emitter(SLOT), make_template, first=template)
    try:
        failure = _serve(Path(config_file).absolute(), starter, commands, patience, templates)
    except EmpathError as error:
        failure = Failure(str(error), error.exit_code)
    finally:
        templates.close()
    if failure is None:
        return 0
    starter.fail(failure)
    return failure.exit_code


def _serve(
    config_file: Path,
    starter: "Starter",
    commands: Mapping[str, Sequence[str]],
    patience: Patience | None,
    templates: TemplateKeeper,
) -> Failure | None:
    snapshot = read_snapshot(config_file)
    config = snapshot.config
    lock_fd = instance.inherited() or instance.acquire(config.queue.path)
    mark = instance.SupervisorMark(config.queue.path)
    resources.open_log(config)
    emit = emitter(SLOT)
    limit, needed = resources.raise_open_files(config)
    if limit < needed:
        emit(NofileLow(limit=limit, needed=needed))
    run = QueueId.make(Timestamp(time.time()), os.urandom(10))
    supervisor = Supervisor(
        config_file=config_file,
        lock_fd=lock_fd,
        instance=str(run),
        on_ready=starter.ready,
        on_stop=mark.stopping,
        commands=commands,
        templates=templates,
        patience=patience,
    )
    pid_file = PidFile(config.process.pid_file)
    pid_file.write(os.getpid())
    try:
        failure = supervisor.run(snapshot)
    except EmpathError as error:
        failure = Failure(str(error), error.exit_code)
    finally:
        pid_file.remove(os.getpid())
    if failure is not None:
        emit(ServiceFailed(error=failure.text, exit_code=failure.exit_code))
    log.close(SLOT)
    return failure


class Starter:
    """Receives the outcome of the start: a process at the other end of EMPATH_START_FD, or else standard error."""

    def __init__(self) -> None:
        text = os.environ.pop(START_FD, None)
        self._fd = int(text) if text is not None else None
        if self._fd is not None:
            os.set_inheritable(self._fd, False)

    def ready(self) -> None:
        """All first children are ready."""
        if self._fd is not None:
            self._report("ready")

    def fail(self, failure: Failure) -> None:
        """The start, or a first child, ended for this reason."""
        if self._fd is not None:
            self._report(json.dumps({"error": failure.text, "exit_code": failure.exit_code}))
        else:
            for line in failure.text.splitlines():
                print(f"empathd: {printable(line)}", file=sys.stderr)

    def _report(self, line: str) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            try:
                os.write(fd, line.encode() + b"\n")
            except BrokenPipeError:
                pass  # the starter was interrupted; the log has the outcome too
            os.close(fd)
