"""worker - what a process that delivers mail reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence, shared_fields
from empath.telemetry.occurrences.fields import (
    Attempt,
    Destination,
    DurationS,
    ErrorText,
    LeaseId,
    QueueId,
    Recipient,
    Recipients,
    ReplyText,
    Sender,
    Stage,
    Traceback,
)

_BounceClass = Annotated[str, "kind of the failure, as in the view `attempt`"]
_Host = Annotated[str | None, "host or address that answered, if there was one"]
_TlsVersion = Annotated[str | None, "version of TLS, if the host was asked inside it"]
_TlsFailure = Annotated[str | None, "reason why TLS failed, also where the mail went on without it"]
_Source = Annotated[str | None, "address of [sources] that the connection went out from, if one was chosen"]
_NextRetryAt = Annotated[str | None, "instant of the next attempt, if there will be one"]


@shared_fields
class _RecipientFate(Occurrence):
    """The outcome of one attempt for one recipient."""

    queue_id: QueueId
    recipient: Recipient
    destination: Destination
    host: _Host
    attempt: Attempt
    stage: Stage
    reply: ReplyText
    tls_version: _TlsVersion
    tls_failure: _TlsFailure
    source: _Source
    next_retry_at: _NextRetryAt
    duration_s: DurationS


@occurrence("debug")
class HostDialogue(Occurrence):
    """
    This host said something to another one, or heard it. Passwords and content are never shown, only their sizes.
    """

    queue_id: Annotated[str | None, "queue id of the message"]
    destination: Destination
    host: Annotated[str, "host or address, and port"]
    speaker: Annotated[str, "`client`, which is this host, `server`, or `note` for what happened in between"]
    text: Annotated[str, "the command, or one line of a reply"]


@occurrence("debug")
class LeaseTaken(Occurrence):
    """The worker took a lease, and delivers its messages one after another over one connection."""

    lease_id: LeaseId
    destination: Destination
    messages: Annotated[int, "number of messages"]
    recipients: Recipients


@occurrence("info")
class Delivered(_RecipientFate):
    """The next hop took the message for this recipient."""

    age_s: Annotated[float, "seconds since the message was accepted"]


@shared_fields
class _RecipientFailure(_RecipientFate):
    """The outcome of one attempt for one recipient that did not get the mail."""

    bounce_class: _BounceClass


@occurrence("info")
class Deferred(_RecipientFailure):
    """The attempt failed for now. Empath tries again at `next_retry_at`."""


@occurrence("info")
class Bounced(_RecipientFailure):
    """The attempt failed for good."""


@occurrence("info")
class Expired(_RecipientFailure):
    """The attempt failed for now, and the recipient's lifetime is over."""


@occurrence("error")
class LoginRefused(Occurrence):
    """A host refuses the login of [credentials], or offers none. Mail waits until it is right; it does not bounce."""

    queue_id: QueueId
    destination: Destination
    host: _Host
    reply: ReplyText


@occurrence("info")
class HostFailed(Occurrence):
    """One host did not take the message for this recipient. Empath tries the next host."""

    queue_id: QueueId
    recipient: Recipient
    destination: Destination
    host: _Host
    stage: Stage
    reply: ReplyText
    duration_s: DurationS
    bounce_class: _BounceClass


@occurrence("warning")
class Shaped(Occurrence):
    """A rule of `shaping_rule` has acted: a destination is suspended or slowed, a recipient is not tried again, or a
    source address rests."""

    destination: Destination
    rule: Annotated[str, "name of the rule, as the view has it"]
    action: Annotated[str, "suspend, slow, bounce or rest"]
    source: Annotated[str | None, "address of [sources] that rests, for rest"]
    until: Annotated[str | None, "end of the effect, if it has one"]
    reply: ReplyText


@occurrence("info")
class WarmupUsedUp(Occurrence):
    """The warm-up of the source addresses has no room for more mail today. The mail of the destination waits."""

    destination: Destination
    source: Annotated[str, "addresses, and the host"]
    until: Annotated[str, "begin of the next day of the plan"]


@occurrence("info")
class FeedbackHeard(Occurrence):
    """A report about mail that went out was read, see the view feedback."""

    queue_id: QueueId
    kind: Annotated[str, "`failure`, `delay`, `success`, `complaint`, `answer` or `unknown`"]
    about: Annotated[str | None, "queue id of the message that it is about, if that is known"]
    recipient: Recipient
    bounce_class: Annotated[str | None, "class of the failure"]
    reply: Annotated[str | None, "what the report says"]
    is_suppressed: Annotated[bool, "whether the address gets no more mail for now"]


@occurrence("info")
class Suppressed(Occurrence):
    """A host refused this address for good, with a class that [suppression] names. It gets no more mail for now."""

    recipient: Recipient
    bounce_class: _BounceClass
    until: Annotated[str, "end of the suppression"]


@occurrence("warning")
class ReplyRuleUnusable(Occurrence):
    """A row of `bounce_rule` or `shaping_rule` cannot be read, so it counts as switched off."""

    rule: Annotated[str, "name of the rule, as the view has it, after `shaping` for one of `shaping_rule`"]
    error: ErrorText


@occurrence("warning")
class BreakerOpened(Occurrence):
    """
    Connections to this destination fail. Its mail waits until `until`, with no attempt counted. Then one message goes
    as a probe.
    """

    destination: Destination
    until: Annotated[str, "instant of the probe"]
    openings: Annotated[int, "times that it opened in a row"]
    reply: ReplyText


@occurrence("info")
class BreakerClosed(Occurrence):
    """The destination takes connections again. Its mail goes out."""

    destination: Destination


@occurrence("info")
class RateReached(Occurrence):
    """As much mail went out as a rate allows. What is left waits, with no attempt counted. Logged once a minute."""

    rate: Annotated[str, "the rate: 'all', or the kind and name of what it is for"]


@occurrence("info")
class WindowShrunk(Occurrence):
    """A connection failed or was lost, so the destination gets fewer at once."""

    destination: Destination
    window: Annotated[int, "most connections at once, from now on"]
    reply: ReplyText


@occurrence("warning")
class DeliveryInDoubt(Occurrence):
    """The host did not answer the final dot. Empath tries again, and the message may arrive more than once."""

    queue_id: QueueId
    recipients: Recipients
    destination: Destination
    host: _Host
    reply: ReplyText


@occurrence("info")
class Rerouted(Occurrence):
    """The route has changed since the message was accepted. The recipients go back to the queue, unsent."""

    queue_id: QueueId
    recipients: Recipients


@occurrence("info")
class HeldByRule(Occurrence):
    """
    A rule of the view `hold_rule` is about recipients whose turn had come. They are held until a person lets them go.
    """

    queue_id: QueueId
    rule: Annotated[int, "number of the rule"]
    recipients: Recipients
    reason: Annotated[str, "the rule, and its reason"]


@occurrence("error")
class NotDeliverable(Occurrence):
    """A row holds a value that no SMTP command can carry. The recipients are held."""

    queue_id: QueueId
    error: ErrorText


@occurrence("critical")
class ContentMissing(Occurrence):
    """The content of a queued message is gone or damaged, and was not sent. The recipients are held."""

    queue_id: QueueId
    error: ErrorText


@occurrence("error")
class ContentUnreadable(Occurrence):
    """The content of a queued message cannot be read now. Empath tries again later, as after any failed attempt."""

    queue_id: QueueId
    error: ErrorText


@occurrence("error")
class SettleFailed(Occurrence):
    """The fates of an attempt could not be written. The worker tries until they are."""

    destination: Destination
    error: ErrorText


@occurrence("critical")
class ResultRefused(Occurrence):
    """The database refuses the result of an attempt: a row of the recipient has an absurd value. It is held."""

    destination: Destination
    error: ErrorText


@occurrence("error")
class StaleResult(Occurrence):
    """The lease had ended before the result was written, so that no recipient changed."""

    lease_id: LeaseId
    destination: Destination


@occurrence("error")
class LeaseFailed(Occurrence):
    """The worker could not take leases."""

    error: ErrorText


@occurrence("error")
class StraysKept(Occurrence):
    """Leases of a failed commit, if there are any, could not be given back. The worker tries again."""

    error: ErrorText


@occurrence("error")
class LeaseAbandoned(Occurrence):
    """
    A lease ended early: the queue cannot be read, this process can open no further connection, or others may take it
    for dead.
    """

    destination: Destination
    error: ErrorText


@occurrence("critical")
class DeliveryCrashed(Occurrence):
    """A bug in Empath ended an attempt. Empath tries again later, and holds recipients after five of these in a row."""

    queue_id: QueueId
    destination: Destination
    error: ErrorText
    exception: Traceback


@occurrence("critical")
class LeaseCrashed(Occurrence):
    """A bug in Empath ended a delivery."""

    destination: Destination
    lease_id: LeaseId
    error: ErrorText
    exception: Traceback


@occurrence("info")
class ConnectionsCounted(Occurrence):
    """How connections were used in the last minute. Without a connection in that time there is no such line."""

    reused: Annotated[int, "number of messages that went over a connection which waited for mail"]
    opened: Annotated[int, "number of messages for which none waited"]
    ended: Annotated[int, "number of connections that waited, and ended without a further message"]


@occurrence("warning")
class LeasesAbandoned(Occurrence):
    """
    The drain was nearly over, and deliveries were still under way.

    Their recipients go back to the queue, and no attempt is counted. If a host has not answered the final dot of a
    message, the message is deferred: it may have been delivered.
    """

    leases: Annotated[int, "number of leases"]


_StsDomain = Annotated[str, "domain of the recipients"]
_StsPolicyId = Annotated[str, "id of the policy, from the TXT record of the domain"]


@occurrence("info")
class StsPolicyRead(Occurrence):
    """The MTA-STS policy of a domain was read, for the first time or anew."""

    domain: _StsDomain
    policy: _StsPolicyId
    mode: Annotated[str, "`enforce`, `testing` or `none`"]
    max_age_s: Annotated[int, "seconds for which it holds"]


@occurrence("warning")
class StsPolicyFailed(Occurrence):
    """A domain has a TXT record of MTA-STS, and its policy could not be read. Empath tries again after five minutes."""

    domain: _StsDomain
    error: ErrorText
    is_kept: Annotated[bool, "whether a policy that was read before holds meanwhile; without one there is no policy"]


@occurrence("warning")
class StsHostUnlisted(Occurrence):
    """
    A host gets mail though the MTA-STS policy of the domain does not list it: the policy is in mode `testing`. Reported
    once for each policy and host.
    """

    domain: _StsDomain
    policy: _StsPolicyId
    host: Annotated[str, "name of the host"]


@occurrence("info")
class DomainReportReceived(Occurrence):
    """A report of another host about a domain of ours was read."""

    queue_id: QueueId
    kind: Annotated[str, "kind of the report: `dmarc` or `tls`"]
    domain: Annotated[str, "domain that it is about"]
    org_name: Annotated[str, "who reports"]
    messages: Annotated[int, "number of messages (`dmarc`) or sessions (`tls`) that it tells of"]


@occurrence("warning")
class DomainReportUnreadable(Occurrence):
    """A message for an address of reports has no report that can be read. It was dropped."""

    queue_id: QueueId
    sender: Sender
    error: ErrorText
