"""
switch - modules that are off, as this process's row in the view `process` shows them

A person takes a name out of the row, and the module is called again.  The row is read while a module is off, and never
before it shows that module.
"""

from typing import Final

import gevent

from empath.daemon.process.module_calls.calls import ModuleCalls
from empath.daemon.process.orders import LOOK_S
from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.storage.queue.process import RecordModules, modules_off
from empath.telemetry.occurrences.process import ModulesUnrecorded

_NONE: Final[frozenset[str]] = frozenset()


class ModuleSwitch:
    """The row of this process, and what follows from it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._shown = _NONE

    def record(self, names: tuple[str, ...]) -> None:
        """Show which modules are off, if the queue can be written: the log has it, too."""
        gevent.spawn(self._record, names)

    def run(self, calls: ModuleCalls) -> None:
        """Body of a greenlet: look at the row while a module is off."""
        while True:
            gevent.sleep(LOOK_S)
            self.look(calls)

    def look(self, calls: ModuleCalls) -> None:
        """Switch on what the row does not show any more."""
        if not self._shown:
            return
        try:
            left = frozenset(modules_off(self._runtime.reader, self._runtime.process_id))
        except EmpathError:
            return  # the next look may succeed
        for name in sorted(self._shown - left):
            calls.switch_on(name)
        self._shown &= left

    def _record(self, names: tuple[str, ...]) -> None:
        try:
            self._runtime.writer.commit(RecordModules(self._runtime.process_id, names))
        except EmpathError as exc:
            self._runtime.emit(ModulesUnrecorded(error=str(exc)))
        else:
            self._shown = frozenset(names)
