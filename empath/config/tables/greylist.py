"""
greylist - the table [greylist]: whether mail of senders that are new here must come again
"""

from functools import cached_property
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from empath.config.fields import Count, Seconds
from empath.config.reading import problem, setting
from empath.config.tables.table import Table
from empath.policy.greylist import GreylistRules


class Greylist(Table):
    """
    Mail of a client, a sender and a recipient that have not met gets 451 and passes when it comes again. This holds for
    listeners of role mx and clients outside [relay] networks. The view greylist has one row for each.
    """

    enabled: bool = Field(False, strict=True)
    """Whether new senders must come again."""

    delay_s: Seconds = setting("5m", "delay")
    """Time from the first try until another one passes."""

    window_s: Seconds = setting("2d", "window")
    """Time after which a first try is forgotten that no other one followed."""

    lifetime_s: Seconds = setting("35d", "lifetime")
    """Time after which one that has passed is forgotten, from its last mail on."""

    auto_allow: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = setting(5)
    """Deliveries after which all mail of a client passes, counted once an hour; 0 for never."""

    ipv4_prefix: Annotated[int, Field(strict=True, ge=1, le=32)] = setting(24)
    """IPv4 addresses with these leading bits in common are one client."""

    ipv6_prefix: Annotated[int, Field(strict=True, ge=1, le=128)] = setting(64)
    """IPv6 addresses with these leading bits in common are one client."""

    rows: Count = setting(100_000)
    """Most rows that are kept. Those of the clients that have the most are removed first."""

    rows_per_client: Count = setting(1_000)
    """Most first tries of one client that are kept. The oldest are removed first."""

    @cached_property
    def rules(self) -> GreylistRules:
        """The rule that these settings make."""
        return GreylistRules(
            self.delay_s,
            self.window_s,
            self.lifetime_s,
            self.auto_allow,
            self.ipv4_prefix,
            self.ipv6_prefix,
            self.rows_per_client,
        )

    @field_validator("window_s")
    @classmethod
    def _window_is_longer_than_the_delay(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("delay_s", 0.0):
            raise problem("must be longer than delay, or no second try would pass")
        return value
