"""
recipients - the tables that say where mail goes instead, and how recipients are found
"""

from pydantic import Field, field_validator

from empath.config.fields import Count, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table


class Aliases(Table):
    """Aliases of recipients: the rows of the view `alias`, which `empath-admin alias` changes."""

    enabled: bool = Field(False, strict=True)
    """Whether recipients are looked up there."""

    delimiter: str = setting("+")
    """Begins the tag of a local part, as in user+tag: aliases and lists of recipients are searched for the whole
    address, then without the tag. "" for no tags."""

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if value not in ("", "+", "-", "=", "_", "#", "."):
            raise problem('must be one of "+", "-", "=", "_", "#", "." or empty')
        return value


class Verification(Table):
    """How the next host is asked whether an address exists, in domains with the rule "verify" of [recipients]."""

    deadline_s: Wait = setting("10s", "deadline")
    """Wait for the answer, in all. Then the client hears 450 4.4.3."""

    known_lifetime_s: Wait = setting("7d", "known_lifetime")
    """How long an address that exists is not asked about again."""

    unknown_lifetime_s: Wait = setting("1h", "unknown_lifetime")
    """How long one that does not exist is not."""

    probes: Count = setting(5)
    """Questions to one destination at once, of each acceptor."""

    rows: Count = setting(100_000)
    """Most answers that are kept. Those that expire first are removed first."""
