"""threads - blocking work in a native thread, while the hub goes on"""

from collections.abc import Callable
from typing import TypeVar

from gevent.hub import get_hub

from empath.errors import EmpathError

T = TypeVar("T")


def in_thread(work: Callable[..., T], *arguments: object) -> T:
    """
    Wait for *work* in a greenlet.

    Raises what it raises. An error of ours comes back as a value first: the pool prints those that it sees raised, and
    a full disk is no fault of the program.
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
