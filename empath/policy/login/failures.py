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
from empath.policy.login.turns import Standing

MOST_KEYS: Final = 10_000

_MOST_TIMES: Final = 8  # by which the first delay is multiplied


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

    def begin(self, client: Hashable, name: str, now: float) -> bool:
        """
        Whether *client* may try to log in as *name*, "" where it claims no name.

        The attempt counts as a failure from here on, so that many at once are not more than the rate allows.
        """
        is_limited = self._is_limited(client, name)
        if not self._has_room(self._clients, client, self._per_client, now):
            return False
        if is_limited and not self._has_room(self._accounts, name, self._per_account, now):
            return False
        self._exchange(self._clients, client, self._per_client, now, wanted=1)
        if is_limited:
            self._exchange(self._accounts, name, self._per_account, now, wanted=1)
        return True

    def standing(self, client: Hashable, name: str, now: float) -> Standing:
        """What is known of *client*, which is about to try."""
        if not self._is_limited(client, name) and name != "":
            return Standing.FAMILIAR
        return Standing.FAILED if self._clients.get(client, 0.0) > now else Standing.NEW

    def take_back(self, client: Hashable, name: str, now: float) -> None:
        """The attempt has succeeded, or was not judged: it is no failure."""
        self._exchange(self._clients, client, self._per_client, now, returned=1)
        if self._is_limited(client, name):
            self._exchange(self._accounts, name, self._per_account, now, returned=1)

    def forgive(self, client: Hashable, name: str) -> None:
        """*client* has logged in as *name*."""
        self._clients.pop(client, None)
        self._proved[client, name] = None
        self._proved.move_to_end((client, name))
        _shorten(self._proved, self._most)

    def _is_limited(self, client: Hashable, name: str) -> bool:
        """Whether failures at the account *name* count for *client*."""
        return name != "" and (client, name) not in self._proved

    def _has_room(self, buckets: OrderedDict[Hashable, float], key: Hashable, rate: Rate, now: float) -> bool:
        return exchange(rate, buckets.get(key, 0.0), now, returned=0, wanted=1).granted == 1

    def _exchange(
        self,
        buckets: OrderedDict[Hashable, float],
        key: Hashable,
        rate: Rate,
        now: float,
        *,
        returned: int = 0,
        wanted: int = 0,
    ) -> None:
        buckets[key] = exchange(rate, buckets.get(key, 0.0), now, returned=returned, wanted=wanted).full_at
        buckets.move_to_end(key)
        _shorten(buckets, self._most)


def failure_delay_s(first_s: float, failures: int) -> float:
    """Seconds by which the reply to the *failures*-th failed login of a session is delayed: twice as long each time."""
    return first_s * min(_MOST_TIMES, 1 << min(failures - 1, _MOST_TIMES))


def _shorten(table: OrderedDict[Hashable, float] | OrderedDict[Hashable, None], most: int) -> None:
    while len(table) > most:
        table.popitem(last=False)
