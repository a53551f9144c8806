"""
refuse_listed - refuse senders that a file lists

    [modules]
    "refuse_listed" = { file = "/etc/empath/refused-senders", on_failure = "pass" }

The file has a line for each address or domain, such as `spammer@example.net` or `@example.org`.  It is read again when
it has changed.  Without the file, mail passes: `on_failure` says so.
"""

import os

from pydantic import BaseModel, ConfigDict

from empath.modules import Reply, hookimpl

REFUSED = Reply.of("550 5.7.1 This sender is refused here")


class Settings(BaseModel):
    """What the table of this module may have."""

    model_config = ConfigDict(extra="forbid")

    file: str


class SenderList:
    """The content of the file, as it was when it last changed."""

    def __init__(self) -> None:
        self.changed_at = 0
        self.lines: frozenset[str] = frozenset()

    def refresh(self, file: str) -> None:
        """Read the file, if it has changed."""
        changed_at = os.stat(file).st_mtime_ns
        if changed_at != self.changed_at:
            with open(file, encoding="utf-8") as lines:
                self.lines = frozenset(line.strip().lower() for line in lines)
            self.changed_at = changed_at


refused = SenderList()


@hookimpl
def mail(settings: Settings, sender: str) -> Reply | None:
    """A client begins a message; *sender* is empty for a report, which has no sender to refuse."""
    refused.refresh(settings.file)
    address = sender.lower()
    domain = address[address.rfind("@") :]
    return REFUSED if sender and not refused.lines.isdisjoint((address, domain)) else None
