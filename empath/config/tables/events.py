"""
events - the table [events]: how long events are kept, and who is told
"""

from pydantic import Field

from empath.config.fields import Count, Wait
from empath.config.reading import setting
from empath.config.tables.table import Table
from empath.policy.events.consumer import STREAM, ConsumerOfFile


class Events(Table):
    """What happened to mail, for programs that listen. Where no one does, no event is written."""

    stream: bool = Field(False, strict=True)
    """Whether clients of the HTTP API may follow the events, by `GET /api/v1/events`."""

    retention_s: Wait = setting("3d", "retention")
    """How long an event stays, whether or not it was sent."""

    rows: Count = setting(500_000)
    """Most events that are kept. The oldest ones go first, and a consumer that has not seen them hears of the gap."""

    @property
    def consumers(self) -> tuple[ConsumerOfFile, ...]:
        """The consumers that these settings name."""
        return (ConsumerOfFile(STREAM, STREAM),) if self.stream else ()
