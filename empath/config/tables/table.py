"""
table - what all tables of the configuration have in common
"""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the file: no key that is not defined here, no change once read."""

    # Deferred: one validator is built for the whole when a file is read, and none by a command that reads none.

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
