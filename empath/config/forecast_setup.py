"""
forecast_setup - a configuration and proposed rules, as forecasts take them
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from empath.config.model import Config
from empath.config.workable.delivering import obstacle_to_rule
from empath.config.zones import zone_named
from empath.errors import SyntaxViolation
from empath.policy.destinations.rulebook import DestinationPattern, RuleRow
from empath.policy.destinations.settings import SETTINGS
from empath.policy.forecast_setup import Setup
from empath.policy.retry import Steps
from empath.policy.warmup import WarmupPlan, WarmupPlans, layered


@dataclass(frozen=True, slots=True)
class ProposedRule:
    """A row that stands in for one of destination_rule, and why it cannot work here; words is empty if it can."""

    row: RuleRow
    words: str


def proposed_rule(config: Config, number: int, pattern: str, setting: str, value: str) -> ProposedRule:
    """
    The rule that *setting* has *value* for *pattern*. The row has the number below 0 that -*number* is.

    Raises:
        SyntaxViolation: it is none.
    """
    found = DestinationPattern.parse(pattern)
    if setting not in SETTINGS:
        raise SyntaxViolation(f"there is no setting {setting!r}; they are {', '.join(SETTINGS)}")
    SETTINGS[setting].refuse_pattern(str(found))
    SETTINGS[setting].read(value)
    return ProposedRule(RuleRow(-number, str(found), setting, value), obstacle_to_rule(config, setting, value))


def setup_of(config: Config, rows: Iterable[RuleRow], plans: Sequence[WarmupPlan], steps: Steps | None = None) -> Setup:
    """What holds by *config*, by *rows* of rules and *plans* of the queue, and with other *steps* between retries."""
    book, usual = config.rule_book(rows), config.retry.schedule
    return Setup(
        book=book,
        router=config.router_by(book),
        rates=config.delivery_rates(book),
        rate=config.delivery.rate,
        usual=usual if steps is None else replace(usual, steps=steps),
        warmups=WarmupPlans(layered(config.warmup_plans, plans)),
        pools=config.source_pools,
        connections=config.delivery.workers * config.delivery.sessions,
        zone_named=zone_named,
    )
