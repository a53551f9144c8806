"""
health - the table [health]: from when on the service is not ready for mail
"""

from typing import Annotated, Literal

from pydantic import Field

from empath.config.fields import Seconds
from empath.config.reading import setting
from empath.config.tables.table import Table

Component = Literal["listeners", "database", "processes", "dns", "queue", "disk", "log"]


class Health(Table):
    """What `/health/ready` and `empath-admin health` look at."""

    queue_depth: Annotated[int, Field(strict=True, ge=0)] | None = setting(None, example=100_000)
    """Waiting recipients above which the service is not ready. Not set: any number."""

    queue_age_s: Seconds | None = setting(None, "queue_age", example="2d")
    """Age of the oldest message in the queue above which the service is not ready. Not set: any age."""

    without: tuple[Component, ...] = setting([])
    """Components that are not looked at: "listeners", "database", "processes", "dns", "queue", "disk", "log"."""

    @property
    def has_bounds(self) -> bool:
        """Whether there is a bound for the queue."""
        return self.queue_depth is not None or self.queue_age_s is not None
