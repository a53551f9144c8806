"""
add_field - add a header field to each message

    [modules]
    "add_field" = { name = "X-Our-Host", value = "received for example.org" }
"""

from pydantic import BaseModel, ConfigDict

from empath.modules import AddField, hookimpl


class Settings(BaseModel):
    """What the table of this module may have."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: str


@hookimpl
def data(settings: Settings) -> AddField:
    """The message has arrived whole."""
    return AddField(settings.name, settings.value)
