"""
whatif - what forecasts of the whole queue start from, read at one instant

The mail of each destination becomes cohorts, once as it waits and once as it would wait after a change: held, or moved
by other routes.  Nothing is written.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from empath.policy.concurrency import Standing
from empath.policy.forecast import Cohort, grain_for
from empath.policy.router import Router
from empath.storage.admin.rerouting import Moves
from empath.storage.engine import Row, Selects
from empath.storage.queue.clock import last_recipient
from empath.storage.queue.destination_rules import CLOSED_BY
from empath.storage.queue.hold_rules import held_of, holds_in_force
from empath.storage.queue.rerouting import RECIPIENTS, elsewhere, waiting
from empath.storage.queue.warmup import WAITS_FOR_DAY

_ATTEMPTS: Final = 20_000  # the last ones, which the measures are of


@dataclass(frozen=True, slots=True)
class Known:
    """
    What the queue knows of a destination.

    Shape: suspended_until is of a suspension that neither hours nor a warm-up have made, None without one; exchangers
    are its MX hosts.
    """

    suspended_until: float | None = None
    exchangers: tuple[str, ...] = ()
    is_failing: bool = False
    standing: Standing = Standing()  # noqa: RUF009 - a tuple does not change


@dataclass(frozen=True, slots=True)
class Measured:
    """The last attempts: their number, mean seconds of one, and the share of those that settled the recipient."""

    attempts: int
    latency_s: float
    final_share: float


@dataclass(slots=True)
class World:
    """The mail by name of its destination: cohorts of what waits, and the number of held recipients."""

    cohorts: dict[str, Counter[Cohort]] = field(default_factory=lambda: defaultdict(Counter))
    held: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Change:
    """
    What may become of single recipients.

    Shape: router decides new destinations, None where routes stay; held are numbers of recipients.
    """

    router: Router | None = None
    held: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.router is not None or bool(self.held)


@dataclass(slots=True)
class Worlds:
    """The mail as it waits, and after a change; moves and newly_held count recipients that the change is about."""

    before: World = field(default_factory=World)
    after: World = field(default_factory=World)
    moves: Moves = field(default_factory=Counter)
    newly_held: int = 0
    grain_s: float = 0.0


def read_worlds(
    selects: Selects, change: Change, *, now: float, by_domain: bool, go_on: Callable[[], None] = lambda: None
) -> Worlds:
    """
    The mail of all destinations; instants are rounded up to the grain that suits its size.

    What rows of hold_rule hold when its turn comes counts as held from the start. *by_domain*: retry schedules may
    depend on the domains of recipients. *go_on* is called at each page.
    """
    [(recipients, destinations)] = selects.rows("whatif.size")
    worlds = Worlds(grain_s=grain_for(recipients, destinations))
    names = {number: name for number, name, *_ in selects.rows("whatif.destinations")}
    holds = holds_in_force(selects, now)
    if not change:
        worlds.after = worlds.before
    for after in range(0, last_recipient(selects), RECIPIENTS):
        go_on()
        rows = selects.rows("whatif.recipients", {"after": after, "last": after + RECIPIENTS})
        page = _Page(names, now, worlds.grain_s, by_domain=by_domain)
        last = after + RECIPIENTS
        standing = frozenset(held_of(selects, holds, after=after, last=last)) if holds else frozenset()
        page.add_to(worlds.before, rows, {}, standing)
        if change:
            found = [] if change.router is None else elsewhere(change.router, waiting(selects, after))
            moved = {each.recipient_id: new for each, new in found}
            for row in rows:
                if row[0] in moved:
                    worlds.moves[names[row[2]], moved[row[0]]] += 1
                worlds.newly_held += row[0] in change.held and not row[4] and row[0] not in standing
            page.add_to(worlds.after, rows, moved, change.held | standing)
    return worlds


class _Page:
    """Recipients become cohorts of messages."""

    def __init__(self, names: Mapping[int, str], now: float, grain_s: float, *, by_domain: bool) -> None:
        self._names = names
        self._now = now
        self._grain_s = grain_s
        self._by_domain = by_domain

    def add_to(self, world: World, rows: list[Row], moved: Mapping[int, str], held: frozenset[int]) -> None:
        """Add *rows* to *world*, as if some were moved to other destinations, or held."""
        names, now, grain_s, by_domain = self._names, self._now, self._grain_s, self._by_domain
        sizes: dict[tuple[str, int, float, int, float, str], int] = {}
        for recipient_id, message_id, destination_id, domain, is_held, due_at, attempts, expires_at in rows:
            name = moved[recipient_id] if recipient_id in moved else names[destination_id]
            if is_held or recipient_id in held:
                world.held[name] += 1
                continue
            if due_at <= now:
                due_at = now  # noqa: PLW2901 - late is as good as due
            elif grain_s:
                due_at = -(-due_at // grain_s) * grain_s  # noqa: PLW2901
            if grain_s:
                expires_at = -(-expires_at // grain_s) * grain_s  # noqa: PLW2901
            key = (name, message_id, due_at, attempts, expires_at, domain if by_domain and ":" in name else "")
            sizes[key] = sizes.get(key, 0) + 1
        for (name, _, due_at, attempts, expires_at, domain), size in sizes.items():
            world.cohorts[name][Cohort(due_at, attempts, expires_at, size, domain)] += 1


def known_destinations(selects: Selects) -> dict[str, Known]:
    """What the queue knows of each destination, by name."""
    found = {}
    for row in selects.rows("whatif.destinations"):
        _, name, suspended_until, reason, exchangers, is_failing, breaker_until, window, *counts = row
        successes, failed_windows, openings = counts
        is_by_rules = reason is not None and reason.startswith((CLOSED_BY, WAITS_FOR_DAY))
        found[name] = Known(
            None if is_by_rules else suspended_until,
            tuple((exchangers or "").split()),
            bool(is_failing),
            Standing(window, successes, failed_windows, openings, breaker_until),
        )
    return found


def measured_destinations(selects: Selects) -> dict[str, Measured]:
    """What the last attempts were like, by destination."""
    return {name: Measured(*rest) for name, *rest in selects.rows("whatif.measured", {"limit": _ATTEMPTS})}


def bucket_full_at(selects: Selects, name: str) -> float:
    """The state of a token bucket, as `policy.limits.rate.exchange` takes it."""
    return selects.value("tokens.full_at", {"name": name}) or 0.0


def warmup_uses(selects: Selects) -> dict[tuple[str, str, int], int]:
    """The messages that have gone out by plans, by address, `counted_as` and day."""
    return {(address, provider, day): number for address, provider, day, number in selects.rows("whatif.warmups")}
