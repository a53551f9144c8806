"""
template_keeper - one template process while the configuration asks for it

A template that ends, hangs or cannot load is replaced, at growing intervals if it ends young again and again. While
there is none, children are started by exec. While one loads, they wait: a program that is executed would load as long.
"""

import errno
import os
import time
from collections.abc import Callable
from typing import Final

from empath.daemon.process.fork_request import ForkRequest
from empath.daemon.supervisor.ending import Ending
from empath.daemon.supervisor.patience import Patience
from empath.daemon.supervisor.restart_delay import RestartDelay
from empath.daemon.supervisor.template import TemplateProcess
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.supervisor import TemplateEnded, TemplateReady, TemplateRefused

LOAD_S: Final = 20.0  # a template that takes longer hangs
_NEVER: Final = float("inf")


class TemplateKeeper:
    """Keeps at most one template. Its times are monotonic seconds."""

    def __init__(
        self,
        emit: Callable[[Occurrence], None],
        make: Callable[[], TemplateProcess] | None = TemplateProcess,
        *,
        first: TemplateProcess | None = None,
    ) -> None:
        """*make* starts a template; None: children are started by exec. *first* is one that loads already."""
        self._emit = emit
        self._make = make
        self._template = first
        self._delay = RestartDelay(Patience())
        self._is_wanted = False

    def keep(self, *, is_wanted: bool, now: float) -> None:
        """Start, replace or end the template, as it is due."""
        self._is_wanted = is_wanted and self._make is not None
        template = self._template
        if template is None:
            if self._is_wanted and now >= self._delay.not_before:
                self._start(now)
        elif not self._is_wanted or (self.is_loading and now >= template.started_at + LOAD_S):
            template.kill()

    @property
    def is_loading(self) -> bool:
        """Whether children should wait for the template."""
        template = self._template
        return template is not None and not template.is_loaded and not template.has_failed

    @property
    def due_at(self) -> float:
        """When `keep` has something to do, if nothing happens before."""
        if self._template is None:
            return self._delay.not_before if self._is_wanted else _NEVER
        return self._template.started_at + LOAD_S if self.is_loading else _NEVER

    @property
    def loading_fd(self) -> int | None:
        """Readable when the template has loaded; None while none loads."""
        return self._template.fileno() if self._template is not None and self.is_loading else None

    def hear(self) -> None:
        """Read what the template that loads has said."""
        template = self._template
        if template is not None and template.hear():
            self._emit(TemplateReady(pid=template.pid, duration_s=_age_s(template)))

    def fork(self, request: ForkRequest) -> int | None:
        """
        Pid of a new child; None if there is no template that could be asked.

        Raises:
            OSError: the template could not make one.
        """
        template = self._template
        if not self._is_wanted or template is None or not template.is_loaded or template.has_failed:
            return None
        return template.fork(request)

    def ended(self, pid: int, ending: Ending, now: float) -> bool:
        """Take note of the end of the process *pid*, if it was the template; whether it was."""
        template = self._template
        if template is None or pid != template.pid:
            return False
        template.close()
        self._template = None
        if self._is_wanted:
            self._delay.died(template.started_at, now)
            self._emit(TemplateEnded(pid=pid, code=ending.code, signal=ending.signal, age_s=_age_s(template)))
        return True

    def close(self) -> None:
        """End the template, and keep none any more."""
        self._is_wanted, self._make = False, None
        if self._template is not None:
            self._template.kill()

    def _start(self, now: float) -> None:
        assert self._make is not None
        try:
            self._template = self._make()
        except OSError as exc:
            self._delay.refused(now)
            self._emit(TemplateRefused(error=exc.strerror or os.strerror(exc.errno or errno.EIO)))


def _age_s(template: TemplateProcess) -> float:
    return round(time.monotonic() - template.started_at, 3)
