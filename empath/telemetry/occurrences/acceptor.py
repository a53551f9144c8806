"""acceptor - what the process that receives mail reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import (
    Client,
    DurationS,
    ErrorText,
    QueueId,
    Recipients,
    ReplyText,
    Sender,
    Traceback,
)


@occurrence("info")
class Accepted(Occurrence):
    """A message is durably queued, and the client gets 250."""

    queue_id: QueueId
    sender: Sender
    recipients: Recipients
    size: Annotated[int, "octets of the message"]
    client: Client
    duration_s: DurationS


@occurrence("warning")
class MessageRefused(Occurrence):
    """A message was refused after DATA."""

    queue_id: QueueId
    client: Client
    reason: Annotated[str, "why"]


@occurrence("warning")
class ConnectionRefused(Occurrence):
    """A connection was refused because a limit of connections is reached."""

    client: Client
    reply: ReplyText


@occurrence("error")
class SessionCrashed(Occurrence):
    """A bug in Empath ended a session."""

    client: Client
    error: ErrorText
    exception: Traceback


@occurrence("error")
class AcceptPaused(Occurrence):
    """The system lacks file descriptors or memory. New clients wait until the pause is over."""

    reason: Annotated[str, "error of the system"]
    pause_s: Annotated[float, "length of the pause in seconds"]


@occurrence("warning")
class SpaceChanged(Occurrence):
    """Disk space ran low and MAIL is refused, or there is space again and MAIL is accepted."""

    has_space: Annotated[bool, "whether MAIL is accepted"]


@occurrence("error")
class SpaceUnknown(Occurrence):
    """The free disk space cannot be read, and MAIL is refused."""

    error: ErrorText


@occurrence("error")
class OrdersUnread(Occurrence):
    """Orders given by INSERT INTO control could not be read or finished. The acceptor tries again."""

    error: ErrorText
