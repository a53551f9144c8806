"""dispatch - what all leases of a worker share"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from empath.daemon.process.runtime import Runtime
from empath.daemon.process.suppressions import Suppressions
from empath.daemon.worker.lease_ways import LeaseWays
from empath.daemon.worker.reply_rules import ReplyRules
from empath.daemon.worker.transport.carrier import Carrier
from empath.policy.destinations.rulebook import RuleBook
from empath.policy.limits.delivery import DeliveryRates
from empath.policy.routing import Route

if TYPE_CHECKING:  # only what is configured is imported
    from empath.daemon.worker.hooks import DeliveryHooks


@dataclass(slots=True)
class Dispatch:
    """What all leases of a worker share. `may_go_on` turns False when delivery is frozen or the process drains."""

    runtime: Runtime
    choose_carrier: Callable[[Route | None, str], Carrier]  # for a lease, by its route and destination
    may_go_on: bool = True
    rates: DeliveryRates = field(default_factory=DeliveryRates)  # those in force
    clock: Callable[[], float] = time.monotonic
    hooks: "DeliveryHooks | None" = None  # of modules
    # MX hosts that the queue has, by destination, with the rules by which its limit was set then.
    noted: dict[str, tuple[RuleBook, tuple[str, ...]]] = field(default_factory=dict)
    reply_rules: ReplyRules = field(init=False)
    suppressions: Suppressions = field(init=False)
    ways: LeaseWays = field(init=False)

    def __post_init__(self) -> None:
        shaping = self.runtime.config.shaping
        self.reply_rules = ReplyRules(
            self.runtime.reader,
            self.runtime.emit,
            self.clock,
            longest_s=shaping.longest_s if shaping.enabled else None,
        )
        self.suppressions = Suppressions(self.runtime.reader, self.clock)
        self.ways = LeaseWays(self.runtime.rules)
