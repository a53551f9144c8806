"""
recipients - the tables that say where mail goes instead, and how recipients are found
"""

from pydantic import Field, field_validator

from empath.config.fields import problem, setting
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
