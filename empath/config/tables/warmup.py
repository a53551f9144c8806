"""
warmup - one entry of the table [warmup]: how much mail may go out from a new address on each day
"""

from pydantic import Field

from empath.config.fields import Instant, SourceIp, TransportName, WarmupDays, WarmupProvider
from empath.config.reading import setting
from empath.config.tables.table import Table
from empath.policy.warmup import WarmupPlan


class Warmup(Table):
    """A plan for a new address of [sources], by a name of your choice. Rows of the view `warmup` for the same address
    and provider replace it."""

    address: SourceIp = Field(examples=["192.0.2.10"])
    """The address."""

    provider: WarmupProvider = setting("*")
    """The hosts whose mail it counts: the name of a host, "*.domain", or "*" for all. Of the plans of an address, the
    one with the most exact provider counts a message."""

    started_at: Instant = Field(examples=["2026-12-01 00:00"])
    """Begin of day 1, in UTC. A day has 24 hours. With another start the messages are counted anew."""

    days: WarmupDays = Field(examples=["50 100 200*3 400"])
    """Most messages of each day, from day 1 on; "200*3" stands for three days. After the last day there is no limit."""

    def plan(self, name: str) -> WarmupPlan:
        """The plan called *name* that this is."""
        return WarmupPlan(self.address, self.provider, self.started_at, self.days, name)


Warmups = dict[TransportName, Warmup]
