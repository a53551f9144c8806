"""
failures - how many failed logins a client and an account may have, over all acceptors

THEORY
    The two rates are rows, as those of [receiving.limits] are.  An attempt counts as a failure until it has succeeded,
    so that many at once are not more than the rate allows.  While the rows cannot be written nobody may try: no mail
    can be accepted then, and a guesser would have no bound.

    People type passwords where a name belongs.  So a row names accounts that exist, and the other names count in 65,536
    groups, from which no name can be read.
"""

import hmac
import time
from collections.abc import Hashable
from ipaddress import ip_address, ip_network

from empath.daemon.acceptor.login.accounts import Accounts
from empath.daemon.acceptor.rates import RateMeter
from empath.policy.limits.rate import Rate
from empath.policy.login.failures import KnownClients
from empath.policy.login.turns import Standing
from empath.storage.queue.accounts import Account
from empath.storage.queue.rates import RateKey

_PER_CLIENT = "failures_per_client"
_PER_ACCOUNT = "failures_per_account"
_GROUP_DIGITS = 4


class LoginFailures:
    """The failed logins of clients, each by its network, and of accounts."""

    def __init__(self, meter: RateMeter, accounts: Accounts, per_client: Rate, per_account: Rate) -> None:
        self._meter = meter
        self._accounts = accounts
        self._per_client = per_client
        self._per_account = per_account
        self._known = KnownClients(per_client.period_s)

    def begin(self, client: Hashable, name: str) -> "Attempt | None":
        """
        Count an attempt of *client*, a network, to log in as *name*, "" where it claims none; None: it may not try.

        Raises:
            BackendUnavailable: the queue cannot be read.
        """
        now = time.monotonic()
        account = self._accounts.find(name) if name else None
        standing = self._known.standing(client, name, now)
        if account is not None and _was_last(client, account):
            standing = Standing.FAMILIAR
        keys = {RateKey(_PER_CLIENT, str(client)): self._per_client}
        if name and standing is not Standing.FAMILIAR:
            keys[RateKey(_PER_ACCOUNT, name if account is not None else self._group(name))] = self._per_account
        attempt = Attempt(self, client, name, standing)
        for key, rate in keys.items():
            if not self._meter.take(key, rate, otherwise=False):
                attempt.take_back()
                return None
            attempt.taken.append(key)
        return attempt

    def take_back(self, attempt: "Attempt") -> None:
        """See `Attempt`."""
        while attempt.taken:
            self._meter.give_back(attempt.taken.pop())

    def fail(self, attempt: "Attempt") -> None:
        """See `Attempt`."""
        self._known.has_failed(attempt.client, time.monotonic())

    def succeed(self, attempt: "Attempt", name: str) -> None:
        """See `Attempt`."""
        self._known.has_logged_in(attempt.client, name)
        self.take_back(attempt)
        self._meter.forgive(RateKey(_PER_CLIENT, str(attempt.client)))

    def _group(self, name: str) -> str:
        return f"#{hmac.digest(self._accounts.decoy_secret(), name.encode(), 'sha256').hex()[:_GROUP_DIGITS]}"


class Attempt:
    """An attempt to log in, which counts as a failure from its beginning."""

    def __init__(self, failures: LoginFailures, client: Hashable, name: str, standing: Standing) -> None:
        self.client = client
        self.name = name
        self.standing = standing
        self.taken: list[RateKey] = []
        self._failures = failures

    def take_back(self) -> None:
        """The attempt was not judged: it is no failure."""
        self._failures.take_back(self)

    def fail(self) -> None:
        """The attempt has failed."""
        self._failures.fail(self)

    def succeed(self, name: str) -> None:
        """The client has logged in as *name*: what it failed before is forgiven."""
        self._failures.succeed(self, name)


def _was_last(client: Hashable, account: Account) -> bool:
    """Whether *client* is the last one that logged in to *account*, at any acceptor."""
    try:
        return ip_address(account.last_client or "") in ip_network(str(client))
    except ValueError:  # there was none, or it came by a UNIX socket
        return False
