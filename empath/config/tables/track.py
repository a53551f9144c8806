"""
track - the table [track]: an index of mail that was, for longer than the queue remembers it
"""

from pydantic import Field

from empath.config.fields import Rows, Wait
from empath.config.reading import setting
from empath.config.tables.table import Table


class Track(Table):
    """An index of all mail by its words, in track.db next to the queue: addresses, Message-ID, subject, host, reply. It
    remembers mail that the queue has forgotten; `empath-admin find` looks there, too."""

    is_kept: bool = Field(False, alias="keep", strict=True)
    """Whether there is one. It takes some 700 octets of the disk for each recipient, and none of the time of mail that
    comes or goes."""

    retention_s: Wait = setting("90d", "retention")
    """How long it remembers, from the acceptance on; no longer than `[audit.redaction] after`, because it has addresses
    and subjects. Longer than [retention], or it is of no use."""

    rows: Rows = setting(5_000_000)
    """Most recipients in it. The oldest go first."""
