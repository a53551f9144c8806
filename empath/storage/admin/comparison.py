"""
comparison - how the queue goes on, as it is and after a change that is only proposed

It reads the queue at one instant and writes nothing.  whatif.py counts the mail, this module finds what holds of each
destination before and after the change, and policy/forecast.py does the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC
from typing import Final

from empath.mail.words import span
from empath.policy.destinations.rulebook import RuleRow, domain_and_next_hop
from empath.policy.destinations.settings import DestinationSettings
from empath.policy.forecast import Cohort, Forecast, Terms, forecast
from empath.policy.forecast_setup import Setup
from empath.policy.routing import NO_ROUTE
from empath.policy.warmup import WarmupPlan
from empath.storage.admin.pauses import frozen_since
from empath.storage.admin.plans import ACTS_ON, PlanVerb, selected
from empath.storage.admin.selection import Selection
from empath.storage.admin.short_ids import whole_selection
from empath.storage.admin.whatif import (
    Change,
    Known,
    Worlds,
    bucket_full_at,
    known_destinations,
    measured_destinations,
    read_worlds,
    warmup_uses,
)
from empath.storage.engine import Engine, Visit
from empath.storage.queue.destination_rules import rules_in_force
from empath.storage.queue.warmup import warmup_plans

_HORIZON_S: Final = 30 * 86_400.0
_BY_CONNECTIONS: Final = frozenset({"smtp", "smtps", "smtp+mx", "lmtp"})
_UNKNOWN_LATENCY_S: Final = 1.0
_SHORTEST_S: Final = 0.001

MakeSetup = Callable[[Sequence[RuleRow], Sequence[WarmupPlan]], Setup]  # of the rules and plans that the queue has


@dataclass(slots=True)
class Outcome(Forecast):
    """A Forecast with the number of held recipients, which are not part of it, and of messages that wait."""

    held: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """One destination as it is, and after the change."""

    destination: str
    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True)
class Move:
    """Recipients that other routes would move."""

    recipients: int
    from_destination: str
    to_destination: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it. Shape: newly_held counts recipients that the change would hold; destinations are by name."""

    now_at: float
    before: Outcome
    after: Outcome
    newly_held: int
    moves: list[Move] = field(default_factory=list)
    destinations: list[Compared] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    A change, which may be none.

    Shape: before and after say what holds then; hold selects the mail that the change holds, None for none; share is
    the share of attempts that hosts do not defer, None for that of the last attempts at each destination.
    """

    before: MakeSetup
    after: MakeSetup
    hold: Selection | None = None
    share: float | None = None


def compare(engine: Engine, proposal: Proposal, *, now: float, go_on: Callable[[], None] = lambda: None) -> Comparison:
    """
    The forecasts of the queue at *now* without and with *proposal*. *go_on* is called many times; what it raises ends
    the work.

    Raises:
        MissingInput, UsageError: see `whole_selection` and `selected`.
    """
    wanted = None if proposal.hold is None else whole_selection(engine, proposal.hold)
    with engine.visiting(None) as visit, visit.one_instant():
        held = frozenset[int]() if wanted is None else frozenset(selected(visit, ACTS_ON[PlanVerb.HOLD], wanted))
        return _Comparing(visit, proposal, now=now, go_on=go_on).run(held)


class _Comparing:
    """The forecasts of both setups for the queue that *visit* sees."""

    def __init__(self, visit: Visit, proposal: Proposal, *, now: float, go_on: Callable[[], None]) -> None:
        rows, plans = rules_in_force(visit, now), warmup_plans(visit)
        self._visit = visit
        self._before = proposal.before(rows, plans)
        self._after = proposal.after(rows, plans)
        self._now = now
        self._go_on = go_on
        self._share = proposal.share
        self._known = known_destinations(visit)
        self._measured = measured_destinations(visit)
        self._uses = warmup_uses(visit)
        self._frozen_since = frozen_since(visit)
        attempts = sum(each.attempts for each in self._measured.values())
        seconds = sum(each.attempts * each.latency_s for each in self._measured.values())
        self._latency_s = seconds / attempts if attempts else _UNKNOWN_LATENCY_S

    def run(self, held: frozenset[int]) -> Comparison:
        """Compare; *held* are numbers of recipients that the change holds."""
        router = self._after.router
        is_same = router.tables.digest() == self._before.router.tables.digest()
        change = Change(None if is_same else router, held)
        by_domain = any(setup.book.gives("retry") for setup in (self._before, self._after))
        worlds = read_worlds(self._visit, change, now=self._now, by_domain=by_domain, go_on=self._go_on)
        names = {*worlds.before.cohorts, *worlds.before.held, *worlds.after.cohorts, *worlds.after.held}
        destinations = [self._compare(name, worlds) for name in sorted(names)]
        moves = [Move(number, *pair) for pair, number in worlds.moves.most_common()]
        return Comparison(
            self._now,
            self._total(self._before, [each.before for each in destinations]),
            self._total(self._after, [each.after for each in destinations]),
            worlds.newly_held,
            moves,
            destinations,
            self._assumptions(worlds.grain_s),
        )

    def _compare(self, name: str, worlds: Worlds) -> Compared:
        self._go_on()
        mail = [dict(world.cohorts.get(name, {})) for world in (worlds.before, worlds.after)]
        terms = [self._terms(setup, name, each) for setup, each in zip((self._before, self._after), mail, strict=True)]
        before = self._forecast(mail[0], terms[0], worlds.grain_s)
        is_same = mail[0] == mail[1] and terms[0] == terms[1]
        after = before if is_same else self._forecast(mail[1], terms[1], worlds.grain_s)
        held = (worlds.before.held[name], worlds.after.held[name])
        return Compared(name, replace(before, held=held[0]), replace(after, held=held[1]))

    def _forecast(self, mail: Mapping[Cohort, int], terms: Terms, grain_s: float) -> Outcome:
        found = forecast(mail, terms, now=self._now, horizon_s=_HORIZON_S, grain_s=grain_s)
        return Outcome(**{name: getattr(found, name) for name in Forecast.__slots__}, messages=sum(mail.values()))

    def _terms(self, setup: Setup, name: str, mail: Mapping[Cohort, int]) -> Terms:
        known = self._known.get(name, Known())
        measured = self._measured.get(name)
        settings = setup.book.of_destination(name, known.exchangers)
        zone = None if settings.schedule is None else setup.zone_named(settings.schedule.zone)
        share = self._share
        lacks_pool = settings.source is not None and settings.source not in setup.pools
        if name == NO_ROUTE or (lacks_pool and _is_reached_from_sources(name)):
            share = 0.0  # a worker defers such mail itself
        elif share is None:
            share = 1.0 if measured is None else measured.final_share
        return Terms(
            schedules={
                domain: setup.book.retries_of(setup.usual, name, domain or None, known.exchangers)
                for domain in dict.fromkeys(("", *(each.domain for each in mail)))
            },
            concurrency=settings.concurrency,
            standing=known.standing,
            buckets=tuple(
                (bucket.rate, bucket_full_at(self._visit, bucket.name))
                for bucket in setup.rates.find(name, " ".join(known.exchangers))
            ),
            latency_s=max(self._latency_s if measured is None else measured.latency_s, _SHORTEST_S),
            final_share=share,
            reaches_hosts=share > 0.0 or not known.is_failing,
            suspended_until=known.suspended_until,
            hours=None if zone is None else settings.schedule,
            zone=zone or UTC,
            not_before=settings.not_before,
            warmups=self._warmups(setup, settings, name, known),
        )

    def _warmups(
        self, setup: Setup, settings: DestinationSettings, name: str, known: Known
    ) -> tuple[tuple[WarmupPlan, int], ...]:
        """The plan of each address that mail goes out from, with what has gone out today; none if one has no plan."""
        pools = [setup.pools.get(each) for each in (settings.source, settings.overflow) if each]
        domain, next_hop = domain_and_next_hop(name)
        host = known.exchangers[0] if known.exchangers else domain or str(next_hop).split(":")[1]
        found = []
        for member in (member for pool in pools if pool is not None for member in pool.members):
            plan = setup.warmups.find(member.address, host)
            if plan is None:
                return ()
            found.append((plan, self._uses.get((member.address, plan.counted_as, plan.day(self._now)), 0)))
        return tuple(found)

    def _total(self, setup: Setup, outcomes: Sequence[Outcome]) -> Outcome:
        """All destinations together, which share the workers' connections and the rate of all mail."""
        counted = [each.name for each in fields(Outcome) if each.default == 0]
        sums = {name: sum(getattr(each, name) for each in outcomes) for name in counted}
        waiting = [each for each in outcomes if each.recipients]
        firsts = [each.first_at for each in waiting if each.first_at is not None]
        tried = [each.tried_at for each in waiting]
        drained = [each.drained_at for each in waiting]
        floor_s = sums["attempts"] * self._latency_s / setup.connections
        rate = setup.rate
        if rate is not None:
            floor_s = max(floor_s, (sums["messages"] - rate.capacity) * rate.interval_s)
        return Outcome(
            **sums,
            first_at=min(firsts, default=None),
            tried_at=_last(tried),
            drained_at=_last(drained, self._now + floor_s),
        )

    def _assumptions(self, grain_s: float) -> list[str]:
        share = "as many attempts are deferred as of the last ones at the destination"
        if self._share is not None:
            share = f"hosts defer {1 - self._share:.0%} of all attempts"
        found = [
            f"{share}; each takes as long as those did; no mail comes in",
            "delays are in the middle of their jitter; classes, sender rates and rules about replies are left out",
            "destinations share nothing but, in the last line, the workers' connections and the rate of all mail",
        ]
        if self._frozen_since is not None:
            found.append(f"delivery, frozen since {self._frozen_since}, is thawed now")
        if grain_s:
            found.append(f"instants are rounded up to {span(grain_s)}, because the queue is large")
        return found


def _is_reached_from_sources(name: str) -> bool:
    """Whether a connection to another host is made for the destination *name*."""
    domain, next_hop = domain_and_next_hop(name)
    kind, _, rest = (next_hop or "").partition(":")
    return domain is not None or (kind in _BY_CONNECTIONS and not rest.startswith("/"))


def _last(instants: Sequence[float | None], at_least: float = 0.0) -> float | None:
    known = [each for each in instants if each is not None]
    return max(*known, at_least) if known and len(known) == len(instants) else None
