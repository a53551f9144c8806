"""
sinks - what a module of one's own has that takes events: a message broker, a database, a bucket

The module has a function `event_sink`, which gets the `settings` of its table and gives an EventSink. Both run in the
process that sends events, which carries no mail.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast, runtime_checkable

from empath.errors import ConfigError

_FUNCTION = "event_sink"


class EventsRefused(Exception):
    """One of these events can never be taken; others can. Any other exception means that none can be taken now."""


@runtime_checkable
class EventSink(Protocol):
    """A place that takes events."""

    def send(self, events: list[dict[str, Any]]) -> None:
        """
        Take *events*, in their order, or raise. Once it returns they are safe there: they are not sent again.

        Raises:
            EventsRefused: one of them can never be taken.
        """


def find_maker(name: str) -> Callable[[dict[str, Any]], object]:
    """
    The function of the module *name* that gives its sink. It is not called.

    Raises:
        ConfigError: the module cannot be imported, or has no such function.
    """
    try:
        found = getattr(importlib.import_module(name), _FUNCTION)
    except Exception as exc:
        raise ConfigError(f"module {name}: {type(exc).__name__}: {exc}") from exc
    if not callable(found):
        raise ConfigError(f"module {name}: {_FUNCTION} is not a function")
    return cast("Callable[[dict[str, Any]], object]", found)


def open_sink(name: str, settings: Mapping[str, Any]) -> EventSink:
    """
    The sink of the module *name*.

    Raises:
        ConfigError: the module has none.
    """
    maker = find_maker(name)
    try:
        found = maker(dict(settings))
    except Exception as exc:
        raise ConfigError(f"module {name}: {type(exc).__name__}: {exc}") from exc
    if not isinstance(found, EventSink):
        raise ConfigError(f"module {name}: {_FUNCTION} gives no object with a method send")
    return found
