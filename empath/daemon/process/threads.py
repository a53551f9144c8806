"""threads - run blocking work in a native thread while the hub goes on"""

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import gevent
from gevent.hub import get_hub

from empath.errors import EmpathError, StorageFailure

T = TypeVar("T")
_LOOK_S = 0.01


def in_thread(work: Callable[..., T], *arguments: object) -> T:
    """
    Run *work* in a thread, and let the greenlet wait for it.

    Raises what *work* raises. The pool of gevent prints every exception that it sees. So an EmpathError leaves the
    thread as a value: a full disk is not a bug.

    Raises:
        StorageFailure: no thread can be started, at a limit of processes or memory; *work* is never done.
    """
    task = _Task(partial(work, *arguments))
    try:
        under_way = get_hub().threadpool.spawn(task)
    except (RuntimeError, MemoryError) as exc:
        if task.withdraw():
            raise StorageFailure(f"no thread can be started: {exc}") from exc
        while not task.is_over:  # a thread that was free meanwhile has begun it
            gevent.sleep(_LOOK_S)
        return task.outcome()
    under_way.get()
    return task.outcome()


class _Task(Generic[T]):
    """Work that is begun or withdrawn, whichever comes first: the pool keeps it though it could start no thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = [work]  # `pop` is atomic
        self.is_over = False
        self._results: list[T | EmpathError] = []  # none after an error that the pool reports

    def __call__(self) -> None:
        """Do the work, in a thread."""
        try:
            work = self._work.pop()
        except IndexError:
            return
        try:
            self._results.append(work())
        except EmpathError as exc:
            self._results.append(exc)
        finally:
            self.is_over = True

    def withdraw(self) -> bool:
        """Whether the work was not begun; it never will be."""
        try:
            self._work.pop()
        except IndexError:
            return False
        return True

    def outcome(self) -> T:
        """The result, or the error raised."""
        [result] = self._results
        if isinstance(result, EmpathError):
            raise result
        return result
