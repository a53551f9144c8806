"""
sources - where the pages read, and which recipients the filters of a page select
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from empath.daemon.httpd.history import History
from empath.storage.admin.records import Stats
from empath.storage.admin.selection import Selection
from empath.storage.engine import Engine

FILTERS: Final = ("status", "recipient", "sender", "domain", "destination")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the pages read: the queue, and what this process has counted. *node* is the name of the host."""

    engine: Engine
    node: str
    history: History
    stats: Callable[[], tuple[Stats, float] | None]  # as read last in the background, and when


def selected(given: Mapping[str, str]) -> Selection:
    """The recipients that the filters *given* select; `<>` is the null reverse-path, as empath-admin takes it."""
    return Selection(
        status=given.get("status"),
        recipient=given.get("recipient"),
        sender="" if given.get("sender") == "<>" else given.get("sender"),
        domain=given.get("domain"),
        destination=given.get("destination"),
    )
