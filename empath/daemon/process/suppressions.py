"""
suppressions - which addresses are suppressed, as one process sees it

Most queues have no such row.  Whether there is any is looked up once a second at most; only then each address costs a
look-up.  While the rows cannot be read, no address is suppressed: the mail goes its usual way.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from empath.errors import EmpathError
from empath.policy.suppression import Suppressed, best, keys_of
from empath.storage.engine import Reader
from empath.storage.queue.suppression import find_suppressed, is_any_suppressed

_LOOK_S: Final = 1.0


class Suppressions:
    """Looks addresses up."""

    def __init__(self, reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
        """*clock* gives monotonic seconds."""
        self._reader = reader
        self._clock = clock
        self._look_at = clock()
        self._is_any = False

    @property
    def is_any(self) -> bool:
        """Whether there is any row; `find` tells which."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            try:
                self._is_any = is_any_suppressed(self._reader)
            except EmpathError:
                self._is_any = False
        return self._is_any

    def find(self, addresses: Sequence[str]) -> dict[str, Suppressed]:
        """The row that suppresses each of *addresses*, forward-paths in text form; those without one are left out."""
        keys = {key for address in addresses for key in keys_of(address)}
        try:
            rows = find_suppressed(self._reader, sorted(keys), time.time())
        except EmpathError:
            return {}
        found = {address: best(rows, address) for address in addresses} if rows else {}
        return {address: row for address, row in found.items() if row is not None}
