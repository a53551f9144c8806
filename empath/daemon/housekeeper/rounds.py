"""
rounds - how a duty goes through many rows or files without making others wait

A round reads slice by slice in the hub, writes only where it found something, and rests between two slices, so that
neither the beat of this process nor other writers wait for it.  Calls that may block on the disk run in a thread.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from gevent.hub import get_hub

from empath.daemon.process.runtime import Runtime

T = TypeVar("T")

_REST_S: Final = 0.01  # pause between two slices


def rest(runtime: Runtime) -> bool:
    """Pause, so that others can work. Returns whether the round may go on."""
    return not runtime.draining.wait(_REST_S)


def in_thread(body: Callable[..., T], *arguments: object) -> T:
    """The result of *body*, which runs in a thread."""
    result: T = get_hub().threadpool.apply(body, arguments)
    return result
