"""publisher - what the process that sends events reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import ErrorText

_Consumer = Annotated[str, "name of the endpoint or file in [events]"]


@occurrence("debug")
class EventsSent(Occurrence):
    """A consumer took events."""

    consumer: _Consumer
    events: Annotated[int, "number of events"]


@occurrence("warning")
class ConsumerFails(Occurrence):
    """A consumer of events does not take any. They wait for it; one line until it answers again."""

    consumer: _Consumer
    error: ErrorText


@occurrence("info")
class ConsumerAnswersAgain(Occurrence):
    """A consumer of events that failed takes them again."""

    consumer: _Consumer
    requests: Annotated[int, "number of requests that failed"]


@occurrence("error")
class ConsumerGone(Occurrence):
    """An endpoint answered 410: it wants no more events, and gets none until an operator resumes it."""

    consumer: _Consumer
    error: ErrorText


@occurrence("error")
class EventDead(Occurrence):
    """A consumer refused an event until it was given up: it is a dead letter."""

    consumer: _Consumer
    event_id: Annotated[int, "number of the event"]
    tries: Annotated[int, "number of tries"]
    error: ErrorText


@occurrence("error")
class EventsLost(Occurrence):
    """Events ended by the bounds of [events] before a consumer took them. It was told of the gap."""

    consumer: _Consumer
    events: Annotated[int, "number of events"]


@occurrence("warning")
class OutboxUnread(Occurrence):
    """The queue cannot be read or written, so that a consumer gets no events now. One line until it can."""

    consumer: _Consumer
    error: ErrorText
