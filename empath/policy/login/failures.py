"""
failures - how many failed logins a client and an account may have

A client that fails too often is not asked for more; an account at which too many clients guess lets in only those from
which its owner has logged in before, so that guessing does not lock out the owner.  All memory is bounded: the oldest
entries go first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from empath.policy.limits.rate import Rate, exchange

MOST_KEYS: Final = 10_000

_FIRST_DELAY_S: Final = 1.0
_LAST_DELAY_S: Final = 8.0


class LoginFailures:
    """Failed logins of one process, by client and by account. Instants are Unix seconds."""

    __slots__ = ("_accounts", "_clients", "_most", "_per_account", "_per_client", "_proved")

    def __init__(self, per_client: Rate, per_account: Rate, most_keys: int = MOST_KEYS) -> None:
        self._per_client = per_client
        self._per_account = per_account
        self._most = most_keys
        self._clients: OrderedDict[Hashable, float] = OrderedDict()
        self._accounts: OrderedDict[Hashable, float] = OrderedDict()
        self._proved: OrderedDict[Hashable, None] = OrderedDict()  # pairs of client and account that logged in

    def may_try(self, client: Hashable, name: str, now: float) -> bool:
        """Whether *client* may try to log in as *name*."""
        if _is_empty(self._per_client, self._clients.get(client, 0.0), now):
            return False
        return (client, name) in self._proved or not _is_empty(self._per_account, self._accounts.get(name, 0.0), now)

    def add(self, client: Hashable, name: str, now: float) -> None:
        """A login of *client* as *name* has failed; *name* is "" where it is not known."""
        self._take(self._clients, client, self._per_client, now)
        if name:
            self._take(self._accounts, name, self._per_account, now)

    def forgive(self, client: Hashable, name: str) -> None:
        """*client* has logged in as *name*."""
        self._clients.pop(client, None)
        self._proved[client, name] = None
        self._proved.move_to_end((client, name))
        _shorten(self._proved, self._most)

    def _take(self, buckets: OrderedDict[Hashable, float], key: Hashable, rate: Rate, now: float) -> None:
        buckets[key] = exchange(rate, buckets.get(key, 0.0), now, returned=0, wanted=1).full_at
        buckets.move_to_end(key)
        _shorten(buckets, self._most)


def failure_delay_s(failures: int) -> float:
    """Seconds by which the reply to the *failures*-th failed login of a session is delayed: 1, 2, 4, 8, 8, …"""
    return min(_LAST_DELAY_S, _FIRST_DELAY_S * float(1 << min(failures - 1, 10)))


def _is_empty(rate: Rate, full_at: float, now: float) -> bool:
    return exchange(rate, full_at, now, returned=0, wanted=1).granted == 0


def _shorten(table: OrderedDict[Hashable, float] | OrderedDict[Hashable, None], most: int) -> None:
    while len(table) > most:
        table.popitem(last=False)
