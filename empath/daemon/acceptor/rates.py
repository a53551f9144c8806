"""
rates - how often clients and accounts do things, kept to together by all acceptors

THEORY
    The use of a rate is a row of the queue (policy/limits/rate.py).  An acceptor does not touch the row for each
    message: it takes tokens in advance, its share of the rate, and uses one for each message, connection, recipient or
    error.  After a second it returns what is left and takes anew.  So a row is touched once a second at most, the
    rate holds over all acceptors, and a reload does not reset it.

    Who asks waits for the commit of the exchange, once a second.  Where it does not come in time, as while another
    program holds the write lock, the acceptor admits: no mail can be accepted then, so a rate has nothing to protect.

    A rate that is not configured costs one look-up in a dictionary.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

import gevent
from gevent.event import Event

from empath.config.tables.limits import Limits
from empath.daemon.process.hub_writer import HubWriter
from empath.errors import EmpathError
from empath.mail.reply import Reply
from empath.policy.access import ClientAddress
from empath.policy.limits.connections import client_network
from empath.policy.limits.rate import Exchange, Rate, portion
from empath.policy.limits.refusal import REPLIES, Limit
from empath.policy.login.account import LoggedIn
from empath.storage.queue.rates import ExchangeTokens, RateKey, SweepRates, Trade

_HOLD_S: Final = 1.0  # time for which tokens are held, and between two exchanges with one row
_WAIT_S: Final = 2.0  # longest wait for an exchange
_SWEEP_S: Final = 10.0
_MOST_KEYS: Final = 50_000  # rows of which this acceptor holds tokens

# The rate of each limit in the configuration, and its key there, which is the name of its rows.
_Setting = tuple[str, Callable[[Limits], Rate | None]]
_PER_CLIENT: Final[dict[Limit, _Setting]] = {
    Limit.CONNECTION_RATE: ("connection_rate_per_client", lambda limits: limits.connection_rate_per_client),
    Limit.MESSAGE_RATE: ("message_rate_per_client", lambda limits: limits.message_rate_per_client),
    Limit.RECIPIENT_RATE: ("recipient_rate_per_client", lambda limits: limits.recipient_rate_per_client),
    Limit.ERROR_RATE: ("error_rate_per_client", lambda limits: limits.error_rate_per_client),
}
_PER_ACCOUNT: Final[dict[Limit, _Setting]] = {
    Limit.MESSAGE_RATE: ("message_rate_per_account", lambda limits: limits.message_rate_per_account),
    Limit.RECIPIENT_RATE: ("recipient_rate_per_account", lambda limits: limits.recipient_rate_per_account),
    Limit.ERROR_RATE: ("error_rate_per_account", lambda limits: limits.error_rate_per_account),
}
# The rates that an account may have for itself alone.
_OWN: Final[dict[Limit, Callable[[LoggedIn], Rate | None]]] = {
    Limit.MESSAGE_RATE: lambda account: account.message_rate,
    Limit.RECIPIENT_RATE: lambda account: account.recipient_rate,
}


class _Held:
    """
    What this acceptor holds of one row: tokens until held_until, on the monotonic clock.

    Shape: has_more says that the row had more tokens than were taken; answered is None unless an exchange is under way;
    is_unknown says that the row could not be written, and is_forgiven that all of the rate is to be given back.
    """

    __slots__ = ("answered", "has_more", "held_until", "is_forgiven", "is_unknown", "is_used", "rate", "tokens")

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.tokens = 0
        self.held_until = 0.0
        self.has_more = True
        self.is_used = True
        self.is_unknown = False
        self.is_forgiven = False
        self.answered: Event | None = None

    @property
    def returned(self) -> int:
        """The tokens that the next exchange returns."""
        return self.rate.count if self.is_forgiven else self.tokens


class RateMeter:
    """The tokens that this process holds, by row."""

    def __init__(self, writer: HubWriter, processes: int, clock: Callable[[], float] = time.monotonic) -> None:
        """*processes* is the number of acceptors; *clock* gives monotonic seconds."""
        self._writer = writer
        self._processes = processes
        self._clock = clock
        self._held: dict[RateKey, _Held] = {}
        self._sweep_at: float | None = None  # None: nothing was written since the last sweep

    def take(self, key: RateKey, rate: Rate, *, otherwise: bool = True) -> bool:
        """
        Use the rate once; False if none of it is left. May wait for a commit. The answer is *otherwise* if none comes.
        """
        held = self._held.get(key)
        if held is None or held.rate != rate:
            if len(self._held) >= _MOST_KEYS:
                return False
            held = self._held[key] = _Held(rate)
        while True:
            now = self._clock()
            if held.answered is not None:
                if not held.answered.wait(_WAIT_S):
                    return otherwise
            elif held.is_unknown and now < held.held_until and not otherwise:
                return False
            elif now >= held.held_until:
                self._exchange([(key, held)])
            elif held.tokens > 0:
                held.tokens -= 1
                held.is_used = True
                return True
            elif held.has_more:  # the rest of the row belongs to this second of all acceptors
                gevent.sleep(held.held_until - now)
            else:
                return False

    def give_back(self, key: RateKey) -> None:
        """Undo a `take` that returned True."""
        held = self._held.get(key)
        if held is not None:
            held.tokens += 1

    def forgive(self, key: RateKey) -> None:
        """Give all of the rate back, with the next exchange; what this acceptor holds stays as it is until then."""
        held = self._held.get(key)
        if held is not None:
            held.is_forgiven = True

    def run(self) -> None:
        """Body of a greenlet: once a second, return the tokens that no client has asked for."""
        while True:
            gevent.sleep(_HOLD_S)
            self.settle()

    def settle(self) -> None:
        """Return the tokens of each row that was not used since the last call, and sweep now and then."""
        now = self._clock()
        idle = [(key, held) for key, held in self._held.items() if not held.is_used and held.answered is None]
        for held in self._held.values():
            held.is_used = False
        for key, _ in idle:
            del self._held[key]
        self._exchange([(key, held) for key, held in idle if held.tokens or held.is_forgiven], wants=False)
        if self._sweep_at is not None and now >= self._sweep_at:
            self._sweep_at = None
            try:
                self._writer.commit(SweepRates(now=time.time()))
            except EmpathError:
                self._sweep_at = now + _SWEEP_S

    def _exchange(self, rows: Iterable[tuple[RateKey, _Held]], *, wants: bool = True) -> None:
        rows = list(rows)
        if not rows:
            return
        trades = [
            Trade(key, held.rate, held.returned, portion(held.rate, self._processes) if wants else 0)
            for key, held in rows
        ]
        answered = Event()
        for _, held in rows:
            held.answered, held.tokens, held.is_forgiven = answered, 0, False
        results = self._results(trades)
        is_unknown = results is None
        if results is None:
            results = [Exchange(trade.wanted, 0.0, 0.0) for trade in trades]
        held_until = self._clock() + _HOLD_S
        for (_, held), result in zip(rows, results, strict=True):
            held.answered, held.is_unknown = None, is_unknown
            held.tokens, held.has_more = result.granted, result.next_s == 0
            held.held_until = held_until
        answered.set()

    def _results(self, trades: list[Trade]) -> list[Exchange] | None:
        """What comes of *trades*; None if they cannot be written."""
        if self._sweep_at is None:
            self._sweep_at = self._clock() + _SWEEP_S
        exchange = ExchangeTokens(trades, now=time.time())
        try:
            with gevent.Timeout(_WAIT_S):
                self._writer.commit(exchange)
        except (EmpathError, gevent.Timeout):
            return None
        return exchange.results


class ListenerRates:
    """The rates of one listener."""

    def __init__(
        self, meter: RateMeter, limits: Limits, scope: str, is_trusted: Callable[[ClientAddress], bool]
    ) -> None:
        """
        *scope* is the address of the listener if it counts apart from the others, else "". Clients for which
        *is_trusted* is true have no rates; their accounts have.
        """
        self._meter = meter
        self._ipv6_prefix = limits.ipv6_prefix
        self._is_trusted = is_trusted
        self.change(limits, scope)

    def change(self, limits: Limits, scope: str) -> None:
        """Have the rates of *limits* from now on, also for sessions that are under way."""
        self._scope = scope
        self._per_client = _configured(limits, _PER_CLIENT)
        self._per_account = _configured(limits, _PER_ACCOUNT)

    def take(self, limit: Limit, client: ClientAddress, account: LoggedIn | None = None) -> Reply | None:
        """Use a rate of *client*, and of the *account* by which it logged in, once; the refusal if none is left."""
        rate = self._per_client.get(limit)
        if rate is not None and not self._is_trusted(client) and not self._meter.take(self._key(limit, client), rate):
            return REPLIES[limit]
        if account is not None:
            own = _OWN.get(limit)
            rate = (own(account) if own is not None else None) or self._per_account.get(limit)
            if rate is not None and not self._meter.take(RateKey(_PER_ACCOUNT[limit][0], account.name), rate):
                return REPLIES[limit]
        return None

    def admit(self, client: ClientAddress) -> Reply | None:
        """Use the rate of connections of *client* once; the refusal if none is left, or none of its rate of errors."""
        rate = self._per_client.get(Limit.ERROR_RATE)
        if rate is not None and not self._is_trusted(client):
            key = self._key(Limit.ERROR_RATE, client)
            if not self._meter.take(key, rate):
                return REPLIES[Limit.ERROR_RATE]
            self._meter.give_back(key)
        return self.take(Limit.CONNECTION_RATE, client)

    def _key(self, limit: Limit, client: ClientAddress) -> RateKey:
        return RateKey(_PER_CLIENT[limit][0], str(client_network(client, self._ipv6_prefix)), self._scope)


def _configured(limits: Limits, settings: dict[Limit, _Setting]) -> dict[Limit, Rate]:
    found = {limit: read(limits) for limit, (_, read) in settings.items()}
    return {limit: rate for limit, rate in found.items() if rate is not None}
