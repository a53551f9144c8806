"""
fate - what was said about a recipient, and what an attempt decided for it

A reply keeps one shape, `Said`, from the client session to the row that records the attempt.
"""

from typing import NamedTuple

from empath.mail.outcome import Handover, Stage
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus


class Said(NamedTuple):
    """The reply that ended a transaction for a recipient, and the stage that it answered."""

    stage: Stage
    reply: Reply


class Fate(NamedTuple):
    """
    Decided result of one attempt for one recipient.

    Shape: next_retry_at (Unix seconds) is given exactly for DEFERRED; wants_notice: the sender hears of a final status;
    handover counts for DELIVERED; bounce_class is that of policy/replies, None for DELIVERED; its address
    is suppressed until suppressed_until, None: it is not.
    """

    recipient_id: int
    status: RecipientStatus
    said: Said
    next_retry_at: float | None = None
    wants_notice: bool = False
    handover: Handover = Handover.FINAL
    bounce_class: str | None = None
    suppressed_until: float | None = None


class Passed(NamedTuple):
    """The reply of a host for a recipient that was then tried at another host: evidence without a fate."""

    recipient_id: int
    said: Said
    bounce_class: str | None = None


class TlsEvidence(NamedTuple):
    """
    What became of TLS with one host.

    Shape: policy is the level in force and what decided it, such as `may by built-in`; version and cipher are None in
    the clear; peer is how the host proved its identity, None if it had to prove nothing; failure is why TLS failed,
    also where the mail went on without it.
    """

    policy: str
    version: str | None = None
    cipher: str | None = None
    peer: str | None = None
    failure: str | None = None


class Attempt(NamedTuple):
    """
    The facts that all recipients of one transaction share.

    Shape: started_at in Unix seconds; connect_s is the part of duration_s until the host was ready for mail, None if
    the connection was already open or was never made; host and peer_address are for people; dnssec is the security of
    the look-ups that led to the host, None where nothing is known of it; tls is None where no host was asked; source is
    the address of [sources] that the connection went out from, None where the system chose it or there was none.
    """

    destination: str
    started_at: float
    duration_s: float
    host: str | None = None
    peer_address: str | None = None
    connect_s: float | None = None
    dnssec: str | None = None
    tls: TlsEvidence | None = None
    source: str | None = None
