"""
timing - what the parameters HOLDFOR, HOLDUNTIL, BY and MT-PRIORITY of MAIL mean for the queue

A hold moves the first attempt, and the lifetime counts from there.  A deadline with by-mode R is the end of the
lifetime; with by-mode N the report of the delay is due then.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from empath.mail.identity import Timestamp
from empath.mail.reply import Reply
from empath.mail.timing import DeliverBy, Hold

TOO_LONG_A_HOLD = Reply.of("501 5.5.4 This mail may not be held for so long")
OVER = Reply.of("501 5.5.4 BY: the time is over")
TOO_NEAR = Reply.of("555 5.5.4 BY: the deadline is too near")
HELD_TOO_LONG = Reply.of("501 5.5.4 BY: the deadline is before the release")

_DAY_S = 86_400
USUAL_PRIORITY = 2  # class of mail without MT-PRIORITY
_LEAST_OF_CLASS = (4, 1, 0, -3)  # least MT-PRIORITY of the classes 0 to 3; class 4 has the rest


@dataclass(frozen=True, slots=True)
class TimingLimits:
    """Shape: hold_s is the longest hold, deliver_by_s the shortest time of a deadline with by-mode R, in seconds."""

    hold_s: float
    deliver_by_s: float


class Timing(NamedTuple):
    """
    When a message is due.

    Shape: release_at is the instant of the first attempt; delay_report_at is the instant from which a delay is
    reported, None for the usual one.
    """

    release_at: Timestamp
    expires_at: Timestamp
    delay_report_at: Timestamp | None


@lru_cache(maxsize=8)
def latest_release(day: int, hold_s: float) -> str:
    """
    The last instant until which mail may be held, as EHLO names it on *day*, counted from 1970.

    RFC 4865 §4 wants an instant. That of the beginning of the day serves for the whole day.
    """
    return Timestamp(day * _DAY_S + hold_s).iso8601()


def day_of(now: Timestamp) -> int:
    """The day of *now*, counted from 1970, UTC."""
    return int(now // _DAY_S)


def find_refusal(hold: Hold | None, by: DeliverBy | None, now: Timestamp, limits: TimingLimits) -> Reply | None:
    """The refusal of a MAIL command with such wishes at *now*, None if they can be kept."""
    if hold is not None and hold.release_at(now) > now + limits.hold_s:
        return TOO_LONG_A_HOLD
    if by is None or not by.returns:
        return None
    if by.by_s <= 0:
        return OVER
    if by.by_s < limits.deliver_by_s:
        return TOO_NEAR
    if hold is not None and hold.release_at(now) >= now + by.by_s:
        return HELD_TOO_LONG
    return None


def timing(
    hold: Hold | None, by: DeliverBy | None, now: Timestamp, *, lifetime_s: float, delay_warning_s: float
) -> Timing:
    """When a message that came at *now* is due. A release that is past means at once."""
    if hold is None and by is None:
        return Timing(now, Timestamp(now + lifetime_s), None)
    release_at = now if hold is None else Timestamp(max(now, hold.release_at(now)))
    expires_at = Timestamp(release_at + lifetime_s)
    report_at = Timestamp(release_at + delay_warning_s) if release_at > now and delay_warning_s else None
    if by is not None:
        deadline = Timestamp(now + by.by_s)
        if by.returns:
            expires_at = min(expires_at, deadline)
        else:
            report_at = deadline
    return Timing(release_at, expires_at, report_at)


def priority_class(mt_priority: int) -> int:
    """The class, 0 (first) to 4, of mail with this MT-PRIORITY, -9 to 9; 0 is the usual one."""
    for number, least in enumerate(_LEAST_OF_CLASS):
        if mt_priority >= least:
            return number
    return len(_LEAST_OF_CLASS)
