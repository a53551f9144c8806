"""
faults - let the n-th step of a storage operation fail

Every connection that the operation opens counts its steps, and the one numbered `fail_at` fails. A step is a statement,
or a write, sync or truncation that SQLite asks of the operating system. It fails once, for good (that step and every
later one), or by SIGKILL, in a child forked for it. A killed write leaves half of its octets.

The caller must hold no connection, because SQLite's locks belong to the process.
"""

import gc
import json
import os
import signal
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import apsw
from hypothesis import settings

Operation = Callable[[], str | None]
NEVER: Final = 10**9  # a step that no operation reaches


class Step(StrEnum):
    """The kind of step that is counted."""

    STATEMENT = "statement"
    DISK = "disk"


class Failure(StrEnum):
    """The kind of failure."""

    ONCE = "once"
    FOR_GOOD = "for good"
    SIGKILL = "sigkill"


@dataclass(slots=True)
class Fault:
    """The *fail_at*-th *step* fails, counted from 1."""

    step: Step
    failure: Failure
    fail_at: int
    count: int = 0

    def is_now(self) -> bool:
        """Count one step; whether it must fail."""
        self.count += 1
        return self.count == self.fail_at or (self.failure is Failure.FOR_GOOD and self.count > self.fail_at)

    @property
    def was_met(self) -> bool:
        """Whether the operation had as many steps."""
        return self.count >= self.fail_at


@dataclass(frozen=True, slots=True)
class Report:
    """The child's report: error is the operation's; was_met is whether the fault occurred."""

    error: str | None
    was_met: bool
    was_killed: bool = False


def sampled(steps: int, most: int) -> list[int]:
    """
    Which of *steps* steps fail: in `make properties` all of them, in `make test` about *most* at equal distances. The
    last one is among them.
    """
    stride = 1 if settings.get_current_profile_name() == "deep" else max(1, steps // most)
    return sorted({*range(1, steps + 1, stride), steps})


def run(operation: Operation, fault: Fault) -> Report:
    """
    Run *operation*, which returns its error or None and leaves no connection open, under *fault*.

    Raises:
        AssertionError: the child, if there is one, ended neither by a report nor by SIGKILL.
    """
    if fault.failure is Failure.SIGKILL:
        return _run_in_child(operation, fault)
    withdraw = _inject(fault)
    try:
        return Report(operation(), fault.was_met)
    finally:
        withdraw()


def steps_of(operation: Operation) -> tuple[str | None, dict[Step, int]]:
    """The error of *operation* without a fault, and its steps of each kind."""
    counts = {step: Fault(step, Failure.ONCE, NEVER) for step in Step}
    with ExitStack() as stack:
        for count in counts.values():
            stack.callback(_inject(count))
        error = operation()
    return error, {step: count.count for step, count in counts.items()}


def _run_in_child(operation: Operation, fault: Fault) -> Report:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            gc.disable()  # a collection would touch, and so copy, all memory of the parent
            withdraw = _inject(fault)
            error = operation()
            withdraw()
            os.write(writing, json.dumps(asdict(Report(error, fault.was_met))).encode())
            status = 0
        except BaseException:  # noqa: BLE001 - top frame of a process
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return Report(None, was_met=True, was_killed=True)
    assert os.WEXITSTATUS(status) == 0, "the operation raised something that is not its error"
    return Report(**json.loads(told))


def in_forks(*bodies: Callable[[], None]) -> None:
    """
    Run each of *bodies* in a process of its own, all at once.

    Raises:
        AssertionError: one of them raised.
    """
    pids = []
    for body in bodies:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                body()
                status = 0
            except BaseException:  # noqa: BLE001 - top frame of a process
                traceback.print_exc()
            finally:
                os._exit(status)
        pids.append(pid)
    assert [0] * len(pids) == [os.waitpid(pid, 0)[1] for pid in pids]


def _inject(fault: Fault) -> Callable[[], None]:
    """Put *fault* in force; the result takes it back."""
    if fault.step is Step.DISK:
        disk = _FaultyDisk(fault)
        return disk.unregister

    def trace(_cursor: object, _statement: str, _bindings: object) -> bool:
        if fault.is_now():
            _kill_if_wanted(fault)
            raise apsw.IOError("disk I/O error (injected)")
        return True

    def hook(connection: apsw.Connection) -> None:
        connection.set_exec_trace(trace)

    apsw.connection_hooks.append(hook)
    return lambda: apsw.connection_hooks.remove(hook)


def _kill_if_wanted(fault: Fault) -> None:
    if fault.failure is Failure.SIGKILL:
        os.kill(os.getpid(), signal.SIGKILL)


class _FaultyDisk(apsw.VFS):
    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        super().__init__("faulty", "unix", makedefault=True)

    def xOpen(self, name, flags):  # type: ignore[no-untyped-def]
        return _FaultyFile(self._fault, name, flags)


class _FaultyFile(apsw.VFSFile):
    def __init__(self, fault, name, flags):  # type: ignore[no-untyped-def]
        self._fault = fault
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # type: ignore[no-untyped-def]
        if self._fault.is_now():
            if self._fault.failure is Failure.SIGKILL:
                super().xWrite(bytes(data)[: len(data) // 2], offset)
            _kill_if_wanted(self._fault)
            raise apsw.FullError("database or disk is full (injected)")
        super().xWrite(data, offset)

    def xSync(self, flags):  # type: ignore[no-untyped-def]
        self._step()
        super().xSync(flags)

    def xTruncate(self, newsize):  # type: ignore[no-untyped-def]
        self._step()
        super().xTruncate(newsize)

    def excepthook(self, etype, evalue, etraceback):  # type: ignore[no-untyped-def]
        return True  # SQLite drops some errors, such as those of a checkpoint: the next step shows what they did

    def _step(self) -> None:
        if self._fault.is_now():
            _kill_if_wanted(self._fault)
            raise apsw.IOError("disk I/O error (injected)")
