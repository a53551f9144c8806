"""Blocking work in native threads."""

import _thread
from collections.abc import Iterator

import pytest
from gevent.hub import get_hub
from gevent.threadpool import ThreadPool

from empath.daemon.process.threads import in_thread
from empath.errors import StorageFailure

_TOO_LARGE = 1 << 46  # octets of stack that no thread can have


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    """A pool of the hub that has no thread yet."""
    hub = get_hub()
    before, hub.threadpool = hub.threadpool, ThreadPool(2, hub=hub)
    yield hub.threadpool
    _thread.stack_size(0)
    hub.threadpool.kill()
    hub.threadpool = before


@pytest.mark.usefixtures("pool")
def test_a_thread_that_cannot_be_started_is_a_failure_of_this_host() -> None:
    """
    At a limit of threads or memory, RuntimeError counted as a fault of the message, and sessions crashed.
    """
    done: list[str] = []
    _thread.stack_size(_TOO_LARGE)
    with pytest.raises(StorageFailure, match="no thread can be started"):
        in_thread(done.append, "late")
    _thread.stack_size(0)

    in_thread(done.append, "next")

    assert ["next"] == done
