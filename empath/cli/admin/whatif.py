"""
whatif - how the queue goes on, as it is and after a change that is only proposed

It reads the queue at one instant and writes nothing.  storage/admin/whatif.py counts the mail, this module finds what
holds of each destination before and after the change, and policy/forecast.py does the rest.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC
from pathlib import Path
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SHARE, ParsedType, json_option, selecting
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, configuration, open_queue, say
from empath.config import Config, load_config
from empath.config.workable.delivering import obstacle_to_rule
from empath.config.zones import zone_named
from empath.errors import SyntaxViolation, UsageError
from empath.mail.status import LIVE, RecipientStatus
from empath.mail.words import count, span
from empath.policy.destinations.rulebook import DestinationPattern, RuleBook, RuleRow, domain_and_next_hop
from empath.policy.destinations.settings import SETTINGS, DestinationSettings
from empath.policy.forecast import Cohort, Forecast, Terms, forecast
from empath.policy.retry import RetrySchedule, Steps, parse_steps
from empath.policy.routing import NO_ROUTE
from empath.policy.warmup import WarmupPlan, WarmupPlans, layered
from empath.storage.admin import whatif as storage
from empath.storage.admin.pauses import frozen_since
from empath.storage.admin.plans import ACTS_ON, PlanVerb, selected
from empath.storage.admin.selection import Selection
from empath.storage.admin.short_ids import whole_selection
from empath.storage.engine import Visit
from empath.storage.queue.destination_rules import rules_in_force
from empath.storage.queue.warmup import warmup_plans

_COLUMNS: Final = (
    *(Column("DESTINATION", 0, 16), Column(""), Column("RCPTS"), Column("DUE", 2), Column("HELD", 4)),
    *(Column("FIRST", 5), Column("TRIED", 1), Column("DRAINED"), Column("TRIES", 3), Column("EXPIRE")),
)
_LIVE: Final = tuple(status.value for status in RecipientStatus if status in LIVE)
_HORIZON_S: Final = 30 * 86_400.0
_SHOWN: Final = 20  # destinations in the table
_UNKNOWN_LATENCY_S: Final = 1.0
_SHORTEST_S: Final = 0.001


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


@click.command()
@config_option("-c")
@selecting(_LIVE, is_order=False)
@click.option(
    "--config",
    "proposal",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="Another configuration. The one in force is named by -c, before the verb, or by EMPATH_CONFIG.",
)
@click.option(
    "--rule",
    "rules",
    nargs=3,
    multiple=True,
    metavar="PATTERN SETTING VALUE",
    help="Another rule of destinations, as `rule set` takes it. May be given more than once.",
)
@click.option(
    "--retry",
    "steps",
    type=ParsedType("delays", parse_steps),
    metavar="DELAYS",
    help='Other delays between attempts, such as "1m 5m*2 1h*3", instead of those of [retry].',
)
@click.option("--hold", "is_hold", is_flag=True, help="Hold the mail that the filters select.")
@click.option(
    "--final",
    "share",
    type=SHARE,
    metavar="SHARE",
    help="Share of attempts that hosts do not defer, 0 to 1. Without it: of the last attempts at each destination.",
)
@click.option("--every", "is_every", is_flag=True, help="Show all destinations, also those that stay as they are.")
@json_option()
@click.pass_context
def whatif(
    context: click.Context,
    *,
    selection: Selection,
    is_all: bool,
    proposal: Path | None,
    rules: tuple[tuple[str, str, str], ...],
    steps: Steps | None,
    is_hold: bool,
    share: float | None,
    is_every: bool,
    is_json: bool,
) -> None:
    """
    Forecast what a change would do to the mail that waits.

    Nothing is changed. Without a proposed change it forecasts the queue as it is.
    """
    _, config = configuration(context)
    if is_hold != (is_all or selection.has_conditions):
        raise UsageError("filters and --hold go together: they select the mail that would be held")
    proposed = config if proposal is None else load_config(proposal)
    rows = [_rule(config, number, *words) for number, words in enumerate(rules, 1)]
    engine, now = open_queue(config), time.time()
    wanted = whole_selection(engine, selection)
    with engine.visiting(None) as visit, visit.one_instant():
        in_force = rules_in_force(visit, now)
        plans = warmup_plans(visit)
        before = _Setup(
            config,
            config.rule_book(in_force),
            config.retry.schedule,
            WarmupPlans(layered(config.warmup_plans, plans)),
        )
        usual = proposed.retry.schedule
        after = _Setup(
            proposed,
            proposed.rule_book([*in_force, *rows]),
            usual if steps is None else replace(usual, steps=steps),
            WarmupPlans(layered(proposed.warmup_plans, plans)),
        )
        held = frozenset(selected(visit, ACTS_ON[PlanVerb.HOLD], wanted)) if is_hold else frozenset()
        compared = _Comparing(visit, before, after, now=now, share=share).run(held)
    if is_json:
        output.write_json(compared)
        return
    has_change = proposal is not None or bool(rows) or steps is not None or is_hold
    _write(compared, has_change=has_change, is_every=is_every or not has_change)


def _rule(config: Config, number: int, pattern: str, setting: str, value: str) -> RuleRow:
    """
    A row that stands in for one of destination_rule, with a number below 0.

    Raises:
        UsageError: it is none.
    """
    try:
        found = DestinationPattern.parse(pattern)
        if setting not in SETTINGS:
            raise SyntaxViolation(f"there is no setting {setting!r}; they are {', '.join(SETTINGS)}")
        SETTINGS[setting].refuse_pattern(str(found))
        SETTINGS[setting].read(value)
    except SyntaxViolation as exc:
        raise UsageError(f"--rule: {exc}") from exc
    if words := obstacle_to_rule(config, setting, value):
        say(NAME, f"--rule {pattern} {setting}: {words}")
    return RuleRow(-number, str(found), setting, value)


@dataclass(frozen=True, slots=True)
class _Setup:
    """What holds before or after the change: configuration, rules, usual schedule of retries, and warm-up plans."""

    config: Config
    book: RuleBook
    usual: RetrySchedule
    warmups: WarmupPlans


class _Comparing:
    """The forecasts of both setups for the queue that *visit* sees."""

    def __init__(self, visit: Visit, before: _Setup, after: _Setup, *, now: float, share: float | None) -> None:
        self._visit = visit
        self._before = before
        self._after = after
        self._now = now
        self._share = share
        self._known = storage.known_destinations(visit)
        self._measured = storage.measured_destinations(visit)
        self._uses = storage.warmup_uses(visit)
        self._frozen_since = frozen_since(visit)
        attempts = sum(each.attempts for each in self._measured.values())
        seconds = sum(each.attempts * each.latency_s for each in self._measured.values())
        self._latency_s = seconds / attempts if attempts else _UNKNOWN_LATENCY_S

    def run(self, held: frozenset[int]) -> Comparison:
        """Compare; *held* are numbers of recipients that the change holds."""
        router = self._after.config.router_by(self._after.book)
        is_same = router.tables.digest() == self._before.config.router_by(self._before.book).tables.digest()
        change = storage.Change(None if is_same else router, held)
        by_domain = any(setup.book.gives("retry") for setup in (self._before, self._after))
        worlds = storage.read_worlds(self._visit, change, now=self._now, by_domain=by_domain)
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

    def _compare(self, name: str, worlds: storage.Worlds) -> Compared:
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

    def _terms(self, setup: _Setup, name: str, mail: Mapping[Cohort, int]) -> Terms:
        known = self._known.get(name, storage.Known())
        measured = self._measured.get(name)
        settings = setup.book.of_destination(name, known.exchangers)
        rates = setup.config.delivery_rates(setup.book)
        zone = None if settings.schedule is None else zone_named(settings.schedule.zone)
        share = self._share
        if name == NO_ROUTE:
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
                (bucket.rate, storage.bucket_full_at(self._visit, bucket.name))
                for bucket in rates.find(name, " ".join(known.exchangers))
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
        self, setup: _Setup, settings: DestinationSettings, name: str, known: storage.Known
    ) -> tuple[tuple[WarmupPlan, int], ...]:
        """The plan of each address that mail goes out from, with what has gone out today; none if one has no plan."""
        pools = [setup.config.source_pools.get(each) for each in (settings.source, settings.overflow) if each]
        domain, next_hop = domain_and_next_hop(name)
        host = known.exchangers[0] if known.exchangers else domain or str(next_hop).split(":")[1]
        found = []
        for member in (member for pool in pools if pool is not None for member in pool.members):
            plan = setup.warmups.find(member.address, host)
            if plan is None:
                return ()
            found.append((plan, self._uses.get((member.address, plan.counted_as, plan.day(self._now)), 0)))
        return tuple(found)

    def _total(self, setup: _Setup, outcomes: Sequence[Outcome]) -> Outcome:
        """All destinations together, which share the workers' connections and the rate of all mail."""
        counted = [each.name for each in fields(Outcome) if each.default == 0]
        sums = {name: sum(getattr(each, name) for each in outcomes) for name in counted}
        waiting = [each for each in outcomes if each.recipients]
        firsts = [each.first_at for each in waiting if each.first_at is not None]
        tried = [each.tried_at for each in waiting]
        drained = [each.drained_at for each in waiting]
        delivery = setup.config.delivery
        floor_s = sums["attempts"] * self._latency_s / (delivery.workers * delivery.sessions)
        if delivery.rate is not None:
            floor_s = max(floor_s, (sums["messages"] - delivery.rate.capacity) * delivery.rate.interval_s)
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


def _last(instants: Sequence[float | None], at_least: float = 0.0) -> float | None:
    known = [each for each in instants if each is not None]
    return max(*known, at_least) if known and len(known) == len(instants) else None


def _write(compared: Comparison, *, has_change: bool, is_every: bool) -> None:
    now = compared.now_at
    if compared.moves:
        rows = [(each.recipients, each.from_destination, each.to_destination) for each in compared.moves[:_SHOWN]]
        output.write_table((Column("MOVE"), Column("FROM"), Column("TO")), rows)
        click.echo()
    chosen = [each for each in compared.destinations if is_every or each.before != each.after]
    chosen.sort(key=lambda each: max(each.before.recipients, each.after.recipients), reverse=True)
    rows_ = [row for each in chosen[:_SHOWN] for row in _rows(each.destination, each.before, each.after, now)]
    output.write_table(_COLUMNS, [*rows_, *_rows("in all", compared.before, compared.after, now)])
    if len(chosen) > _SHOWN:
        say(NAME, f"and {count(len(chosen) - _SHOWN, 'destination')} more: --json has all")
    if not is_every and len(chosen) < len(compared.destinations):
        say(NAME, f"{count(len(compared.destinations) - len(chosen), 'destination')} not shown would stay as they are")
    if compared.newly_held:
        say(NAME, f"{count(compared.newly_held, 'recipient')} would be held")
    for sentence in compared.assumptions:
        say(NAME, f"assumed: {sentence}")
    if has_change:
        say(NAME, "a forecast: nothing was changed")


def _rows(name: str, before: Outcome, after: Outcome, now: float) -> list[tuple[object, ...]]:
    if before == after:
        return [(name, "", *_cells(before, now))]
    return [(name, "before", *_cells(before, now)), (name, "after", *_cells(after, now))]


def _cells(outcome: Outcome, now: float) -> tuple[object, ...]:
    instants = (outcome.first_at, outcome.tried_at, outcome.drained_at)
    return (
        *(outcome.recipients, outcome.due, outcome.held),
        *(_span(at, now) if outcome.recipients else "" for at in instants),
        outcome.attempts,
        outcome.expired,
    )


def _span(at: float | None, now: float) -> str:
    return "never" if at is None else span(at - now)


VERBS: Final = (whatif,)
