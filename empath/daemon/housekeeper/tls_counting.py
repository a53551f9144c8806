"""tls_counting - the duty that counts sessions of TLS for reports to the domains that they went to"""

from empath.daemon.process.runtime import Runtime
from empath.storage.engine import Reader
from empath.storage.queue.tls_counts import DAY_S, count_tls


class TlsCounting:
    """Counts attempts that are new."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader

    def count(self) -> None:
        """
        Count those that are new, slice by slice.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written.
        """
        is_going = True
        while is_going:
            work = count_tls(self._reader, DAY_S)
            if work is not None:
                self._runtime.writer.commit(work)
            is_going = work is not None and work.is_slice_full and not self._runtime.draining.wait(0.01)
