"""
failures - what a process remembers of clients that have logged in, or could not

A client that has logged in to an account before may go on, though others guess at it: so guessing does not lock out
the owner.  One that has failed comes after those that have not.  All memory is bounded: the oldest entries go first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from empath.policy.login.turns import Standing

MOST_KEYS: Final = 10_000

_MOST_TIMES: Final = 8  # by which the first delay is multiplied


class KnownClients:
    """Clients that have logged in to an account, and clients that failed. Instants are seconds of any clock."""

    __slots__ = ("_failed_until", "_memory_s", "_most", "_proved")

    def __init__(self, memory_s: float, most_keys: int = MOST_KEYS) -> None:
        """A failure is remembered for *memory_s* seconds."""
        self._memory_s = memory_s
        self._most = most_keys
        self._proved: OrderedDict[Hashable, None] = OrderedDict()  # pairs of client and account that logged in
        self._failed_until: OrderedDict[Hashable, float] = OrderedDict()

    def standing(self, client: Hashable, name: str, now: float) -> Standing:
        """What is known of *client*, which is about to try as *name*."""
        if (client, name) in self._proved:
            return Standing.FAMILIAR
        return Standing.FAILED if self._failed_until.get(client, now) > now else Standing.NEW

    def has_failed(self, client: Hashable, now: float) -> None:
        """*client* could not log in."""
        self._failed_until[client] = now + self._memory_s
        self._failed_until.move_to_end(client)
        _shorten(self._failed_until, self._most)

    def has_logged_in(self, client: Hashable, name: str) -> None:
        """*client* has logged in as *name*."""
        self._failed_until.pop(client, None)
        self._proved[client, name] = None
        self._proved.move_to_end((client, name))
        _shorten(self._proved, self._most)


def failure_delay_s(first_s: float, failures: int) -> float:
    """Seconds by which the reply to the *failures*-th failed login of a session is delayed: twice as long each time."""
    return first_s * min(_MOST_TIMES, 1 << min(failures - 1, _MOST_TIMES))


def _shorten(table: OrderedDict[Hashable, float] | OrderedDict[Hashable, None], most: int) -> None:
    while len(table) > most:
        table.popitem(last=False)
