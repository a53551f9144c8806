"""
forecast_setup - what a forecast takes from a configuration and from rules
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from empath.policy.destinations.rulebook import RuleBook
from empath.policy.limits.delivery import DeliveryRates
from empath.policy.limits.rate import Rate
from empath.policy.retry import RetrySchedule
from empath.policy.router import Router
from empath.policy.sources import SourcePool
from empath.policy.warmup import WarmupPlans


@dataclass(frozen=True, slots=True)
class Setup:
    """
    What holds before or after a change.

    Shape: rate is that of all mail, which is one of rates, too; usual is the schedule of retries where no rule has
    one; pools are those of [sources] by name; connections is
    how many all workers have at once; zone_named gives a time zone, None for one that this machine does not know.
    """

    book: RuleBook
    router: Router
    rates: DeliveryRates
    rate: Rate | None
    usual: RetrySchedule
    warmups: WarmupPlans
    pools: Mapping[str, SourcePool]
    connections: int
    zone_named: Callable[[str], tzinfo | None]
