"""
shaping - the table [shaping]: whether replies change what holds of their destinations
"""

from pydantic import Field

from empath.config.fields import Wait
from empath.config.reading import setting
from empath.config.tables.table import Table


class Shaping(Table):
    """What replies lead to for their destinations: the rows of the view `shaping_rule`."""

    enabled: bool = Field(True, strict=True)
    """Whether the rules have an effect. `empath-admin shape test` shows what they would have done."""

    longest_s: Wait = setting("1h", "longest")
    """No rule suspends or slows a destination for longer than this at once."""
