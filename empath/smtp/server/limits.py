"""limits - the numbers that bound one session"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """
    How much one session may ask for.

    Shape: message_octets counts the content after normalization and is the SIZE of EHLO; recipients is at least 100 in
    service (RFC 5321 §4.5.3.1.8); command_octets includes the line end; line_octets is a line of content without its
    CRLF, None for no limit; errors end the session, above slow_errors the driver delays replies; junk is the number of
    NOOP, VRFY, RSET and HELP commands between two messages, each further one is an error; messages is
    the number of transactions of a session, which the driver counts, None for no limit; deliver_by_s is the
    shortest time of a deadline after which mail is returned.
    """

    message_octets: int
    recipients: int = 1000
    command_octets: int = 2048
    line_octets: int | None = 998
    errors: int = 20
    slow_errors: int = 10
    junk: int = 100
    messages: int | None = None
    deliver_by_s: int = 60

    @property
    def announced(self) -> str:
        """The limits that EHLO announces, RFC 9422 §3."""
        messages = f" MAILMAX={self.messages}" if self.messages else ""
        return f"RCPTMAX={self.recipients}{messages}"
