"""
modules - one entry of the table [modules]: a module, its deadline, and what it wants to know itself
"""

from typing import Any, Literal

from pydantic import ConfigDict

from empath.config.fields import ModuleName, Wait, setting
from empath.config.tables.table import Table

OnFailure = Literal["451", "pass"]


class Module(Table):
    """One module. Keys other than these two are its own settings."""

    model_config = ConfigDict(extra="allow")

    deadline_s: Wait = setting("2s", "deadline")
    """Longest time of one call."""

    on_failure: OnFailure = "451"
    """What a client hears if a call fails or takes too long: "451", or nothing with "pass"."""

    @property
    def own_settings(self) -> dict[str, Any]:
        """The settings of the module itself."""
        return {**(self.model_extra or {})}


Modules = dict[ModuleName, Module]
