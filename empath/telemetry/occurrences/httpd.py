"""httpd - what the process that serves HTTP reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import ErrorText, Traceback


@occurrence("warning")
class QueueUnread(Occurrence):
    """The queue cannot be read. Its metrics keep their last values, and say when these were read."""

    error: ErrorText


@occurrence("error")
class ServiceNotReady(Occurrence):
    """A check of the service fails: `/health/ready` answers 503. One line until it is ready again."""

    reason: Annotated[str, "the components and what is wrong with them"]


@occurrence("info")
class ServiceReadyAgain(Occurrence):
    """All checks of the service pass again."""


@occurrence("warning")
class TokenRefused(Occurrence):
    """A client of [http] showed a token that is wrong, expired or for other networks. One that goes on has one line."""

    client: Annotated[str, "IP address, or for IPv6 the network of it"]
    reason: Annotated[str, "what is wrong"]


@occurrence("error")
class RequestCrashed(Occurrence):
    """A fault in Empath ended a request of the API with 500."""

    path: Annotated[str, "path of the request"]
    error: ErrorText
    exception: Traceback
