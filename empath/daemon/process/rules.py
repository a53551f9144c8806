"""
rules - what holds of destinations, as this process knows it

`book` is replaced when a person or a rule of Empath has changed the view destination_rule, or when a row of it ends,
and `router` when the routes in it have changed.  A greenlet looks a few times a second whether anything was committed,
and only then for the number of changes.
While the rows cannot be read, the last book stays in force.
"""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Final, Protocol

from empath.config import Config
from empath.config.zones import zone_named
from empath.errors import EmpathError
from empath.mail.identity import Timestamp
from empath.policy.destinations.hours import Turn, closed_until
from empath.policy.destinations.settings import DestinationSettings
from empath.policy.hold_rules import HoldBook
from empath.policy.warmup import WarmupPlan, WarmupPlans, layered
from empath.storage.engine import NewDestination, Reader
from empath.storage.queue.destination_rules import CLOSED_BY, rests, revision, rules_in_force
from empath.storage.queue.hold_rules import holds_in_force
from empath.storage.queue.warmup import warmup_plans
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import RulesUnread

LOOK_S: Final = 0.25  # pause between two looks


class Follower(Protocol):
    """What follows other rows, and looks when the rules are looked at."""

    def follow(self, reader: Reader, now: Timestamp, *, has_news: bool) -> None:
        """Read its rows again if *has_news*, which is True when something was committed, or if one has ended."""


def turn_of(settings: DestinationSettings, now: Timestamp) -> Turn:
    """Whether mail may go to a destination at *now*, and until when. A zone that this machine does not know is open."""
    hours = settings.schedule
    zone = zone_named(hours.zone) if hours is not None else UTC
    if zone is None:
        hours, zone = None, UTC
    return closed_until(hours, zone, settings.not_before, now)


def hours_of(settings: DestinationSettings, now: Timestamp) -> str:
    """Why a destination is closed at *now*, for people."""
    if settings.not_before is not None and now < settings.not_before:
        return f"{CLOSED_BY}not_before {settings.not_before.iso8601()}"
    return f"{CLOSED_BY}schedule {settings.schedule}"


class Rules:
    """The rule book in force."""

    def __init__(
        self,
        config: Config,
        reader: Reader,
        emit: Emitter,
        now: Callable[[], Timestamp],
        levels: Follower | None = None,
    ) -> None:
        """
        *now* is the wall clock, by which rows end. *levels* looks along.
        """
        self._followers = [] if levels is None else [levels]
        self._config = config
        self.reader = reader
        self._emit = emit
        self._now = now
        self._news: int | None = None
        self._revision: int | None = None
        self._is_unread = False
        self.book = config.rule_book()
        self.router = config.router  # by the routes of the book
        self.warmups = WarmupPlans(config.warmup_plans)
        self.holds = HoldBook()
        self.rests: Mapping[str, Timestamp] = {}  # ends of the rests of addresses of [sources]

    def begin_with(self, destination: str) -> NewDestination:
        """What a *destination* that is new begins with, by its name; for any thread."""
        settings, now = self.book.of_destination(destination), self._now()
        turn = turn_of(settings, now)
        if turn.is_open:
            return NewDestination(settings.concurrency)
        return NewDestination(settings.concurrency, turn.until, hours_of(settings, now))

    @property
    def file_warmups(self) -> tuple[WarmupPlan, ...]:
        """The plans of the file."""
        return self._config.warmup_plans

    def look_along(self, follower: Follower) -> None:
        """Have *follower* look now, and whenever the rules are looked at."""
        self._followers.append(follower)
        self._news = None
        self.look()

    def look(self) -> None:
        """Read the rows again if they have changed, or if one has ended."""
        try:
            self._follow(self.reader)
            self._is_unread = False
        except EmpathError as exc:
            self._news = None
            if not self._is_unread:
                self._emit(RulesUnread(error=str(exc)))
            self._is_unread = True

    def _follow(self, reader: Reader) -> None:
        news = reader.news()
        for follower in self._followers:
            follower.follow(reader, self._now(), has_news=news != self._news)
        ends = [end for end in (self.book.ends_at, self.holds.ends_at) if end is not None]
        has_ended = bool(ends) and min(ends) <= self._now()
        if news == self._news and not has_ended:
            return
        changes = revision(reader)
        if changes != self._revision or has_ended:
            self.book = self._config.rule_book(rules_in_force(reader, self._now()))
            router = self._config.router_by(self.book)
            if router.tables != self.router.tables:
                self.router = router
            self.holds = holds_in_force(reader, self._now())
            self.rests = rests(reader, self._now())
            self.warmups = WarmupPlans(layered(self._config.warmup_plans, warmup_plans(reader)))
        self._news, self._revision = news, changes
