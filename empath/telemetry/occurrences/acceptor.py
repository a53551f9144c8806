"""acceptor - what the process that receives mail reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import (
    Client,
    ClientName,
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
    name: ClientName
    message_id: Annotated[str | None, "Message-ID of the header, if it has one"]
    duration_s: DurationS


@occurrence("info")
class Refused(Occurrence):
    """A client got a 4yz or 5yz reply, or was sent away because it does not speak SMTP."""

    client: Client
    name: ClientName
    sender: Annotated[str | None, "reverse path as the client gave it"]
    recipient: Annotated[str | None, "forward path as the client gave it, where RCPT was refused"]
    stage: Annotated[str, "the command, `end of data`, or what ended the session"]
    reply: ReplyText


@occurrence("warning")
class RefusalsLeftOut(Occurrence):
    """Too many refusals came within a second for a line each."""

    count: Annotated[int, "number of refusals that have no line"]


@occurrence("debug")
class SessionBegan(Occurrence):
    """A client was admitted."""

    client: Client
    listener: Annotated[str, "address of the listener"]


@occurrence("debug")
class SessionEnded(Occurrence):
    """A session with a client is over."""

    client: Client
    name: ClientName
    reason: Annotated[str, "why it ended"]
    messages: Annotated[int, "number of messages accepted"]
    duration_s: DurationS


@occurrence("warning")
class MessageRefused(Occurrence):
    """A message was refused for now because this host could not store it."""

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
    """
    Disk space ran low and MAIL is refused, or there is space again and MAIL is accepted. It needs `[queue] reserve`, or
    one and a half times `[limits] message_size`, whichever is more.
    """

    has_space: Annotated[bool, "whether MAIL is accepted"]


@occurrence("error")
class SpaceUnknown(Occurrence):
    """The free disk space cannot be read, and MAIL is refused."""

    error: ErrorText


@occurrence("critical")
class QueueGone(Occurrence):
    """A file of the queue was removed or replaced while Empath had it open. MAIL is refused, nothing is delivered."""

    error: ErrorText


@occurrence("error")
class OrdersUnread(Occurrence):
    """Orders given by INSERT INTO control could not be read or finished. The acceptor tries again."""

    error: ErrorText
