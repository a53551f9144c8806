"""threads - run blocking work in a native thread while the hub goes on"""

from collections.abc import Callable
from typing import TypeVar

from gevent.hub import get_hub

from empath.errors import EmpathError

T = TypeVar("T")


def in_thread(work: Callable[..., T], *arguments: object) -> T:
    """
    Run *work* in a thread, and let the greenlet wait for it.

    Raises what *work* raises. The pool of gevent prints every exception that it sees. So an EmpathError leaves the
    thread as a value: a full disk is not a bug.
    """
    result: T | EmpathError = get_hub().threadpool.apply(_caught, (work, arguments))
    if isinstance(result, EmpathError):
        raise result
    return result


def _caught(work: Callable[..., T], arguments: tuple[object, ...]) -> T | EmpathError:
    try:
        return work(*arguments)
    except EmpathError as exc:
        return exc
