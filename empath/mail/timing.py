"""timing - the wishes of a client about when its mail is delivered"""

from dataclasses import dataclass

from empath.mail.identity import Timestamp


@dataclass(frozen=True, slots=True)
class Hold:
    """
    HOLDFOR or HOLDUNTIL of MAIL, RFC 4865 §4.

    Shape: exactly one is set; for_s is whole seconds, at least 1.
    """

    for_s: int | None = None
    until: Timestamp | None = None

    def release_at(self, now: Timestamp) -> Timestamp:
        """The instant before which the mail is not sent, for a MAIL command that came at *now*."""
        return Timestamp(now + (self.for_s or 0)) if self.until is None else self.until


@dataclass(frozen=True, slots=True)
class DeliverBy:
    """
    BY of MAIL, RFC 2852 §4.

    Shape: by_s is whole seconds, at most nine digits, negative when the time is already over; returns says what happens
    then: the mail goes back (by-mode R), or the sender gets a report and delivery goes on (N); is_traced: the sender
    wants a report of each relaying.
    """

    by_s: int
    returns: bool
    is_traced: bool = False
