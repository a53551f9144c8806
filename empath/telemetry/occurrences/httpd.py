"""httpd - what the process that serves HTTP reports"""

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import ErrorText


@occurrence("warning")
class QueueUnread(Occurrence):
    """The queue cannot be read. Its metrics keep their last values, and say when these were read."""

    error: ErrorText
