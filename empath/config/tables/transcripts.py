"""
transcripts - the table [transcripts]: what was said in sessions that failed
"""

from pydantic import Field

from empath.config.fields import Count, Wait
from empath.config.reading import setting
from empath.config.tables.table import Table


class Transcripts(Table):
    """What both sides said in sessions that failed: attempts at hosts, and sessions of clients that were refused. Never
    content, never what a login says."""

    is_kept: bool = Field(True, alias="keep", strict=True)
    """Whether they are kept, in the view transcript; `empath-admin transcript` shows them."""

    rows: Count = setting(1_000)
    """Most of them of hosts, and as many of clients, each of at most 4 KiB. The oldest go first."""

    retention_s: Wait = setting("3d", "retention")
    """How long they stay; no longer than `[audit.redaction] after`, because they have addresses and names of
    clients."""
