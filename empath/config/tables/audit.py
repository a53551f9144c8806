"""
audit - the table [audit]: how changes and attempts are sealed
"""

from pydantic import Field

from empath.config.fields import Wait
from empath.config.reading import setting
from empath.config.tables.table import Table


class Audit(Table):
    """How rows of the audit and attempts are sealed, so that nobody can change them later without being found out."""

    is_sealed: bool = Field(True, alias="sealed", strict=True)
    """Whether each second the new rows of the audit, and each ten seconds the new attempts, get a seal: a digest over
    them and over the seal before it. `empath-admin audit verify` checks them."""

    anchor_s: Wait = setting("1h", "anchor")
    """How often the newest seal is written to the log, as audit_sealed. A log that is kept elsewhere shows whether the
    seals themselves were replaced."""
