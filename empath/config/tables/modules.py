"""
modules - one entry of the table [modules]: a module, its deadline, and what it wants to know itself
"""

import math
from typing import Any, Literal, Self

from pydantic import ConfigDict, model_validator

from empath.config.fields import ModuleName, Wait
from empath.config.reading import problem, setting
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

    @model_validator(mode="after")
    def _own_settings_can_be_written(self) -> Self:
        for key, value in self.own_settings.items():
            if not _can_be_written(value):
                raise problem("must be text, a number, a boolean, a list or a table of them", key)
        return self


def _can_be_written(value: object) -> bool:
    """Whether TOML and JSON both have the value; a list has tables or other values, not both."""
    if isinstance(value, dict):
        return all(map(_can_be_written, value.values()))
    if isinstance(value, list):
        return all(map(_can_be_written, value)) and len({isinstance(each, dict) for each in value}) <= 1
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


Modules = dict[ModuleName, Module]
