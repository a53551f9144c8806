"""housekeeper - what the process that tidies up reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import (
    Destination,
    ErrorText,
    QueueId,
    Recipient,
    Recipients,
    Sender,
    Slot,
    WalFile,
    Who,
)

TrackFile = Annotated[str, "file of the index"]


@occurrence("warning")
class RuleUnusable(Occurrence):
    """A row of the view `destination_rule` cannot be used, and is left out."""

    rule: Annotated[int, "number of the rule"]
    pattern: Annotated[str, "its pattern of destinations"]
    error: ErrorText


@occurrence("info")
class AuditSealed(Occurrence):
    """The newest seal over the audit and the attempts. `empath-admin audit verify --log` compares it with the queue."""

    seal: Annotated[int, "number of the seal"]
    digest: Annotated[str, "its SHA-256, in hexadecimal digits"]


@occurrence("info")
class HoursFollowed(Occurrence):
    """Destinations were closed or opened by their settings `schedule` or `not_before`."""

    closed: Annotated[int, "number of destinations that get no mail until their hours begin"]
    opened: Annotated[int, "number of destinations that get mail again"]


@occurrence("warning")
class LeasesReleased(Occurrence):
    """The recipients that a dead process had leased are due again."""

    slot: Slot
    cause: Annotated[str, "how the death was noticed: `reaped`, `earlier run` or `silent`"]
    recipients: Recipients
    held: Annotated[int, "number of recipients among them that are held now"]


@occurrence("critical")
class RecipientsHeld(Occurrence):
    """Recipients have lost their lease three times. They are held until a person looks."""

    slot: Slot
    recipients: Recipients


@occurrence("error")
class ReleaseFailed(Occurrence):
    """The leases of a dead process could not be released. The housekeeper tries again."""

    slot: Slot
    error: ErrorText


@occurrence("info")
class ReportQueued(Occurrence):
    """A report of a failure or a delay is queued for the sender."""

    queue_id: QueueId
    report: Annotated[str, "queue id of the report"]
    kind: Annotated[str, "kind of the report"]
    recipients: Recipients
    to: Annotated[str, "address that gets the report"]


@occurrence("info")
class ReportShortened(Occurrence):
    """A host refused a report for its content. It is queued again, with the header of the original alone."""

    queue_id: QueueId
    report: Annotated[str, "queue id of the shorter report"]
    to: Annotated[str, "address that gets the report"]


@occurrence("info")
class DigestQueued(Occurrence):
    """A digest of failed mail without a sender is queued for the postmaster."""

    report: Annotated[str, "queue id of the digest"]
    messages: Annotated[int, "number of messages that it names"]
    unnamed: Annotated[int, "number of further messages that failed"]
    to: Annotated[str, "address that gets the digest"]


@occurrence("warning")
class ReportDiscarded(Occurrence):
    """A message without a sender failed. There is no address to which a report could go."""

    queue_id: QueueId
    sender: Sender
    recipients: Recipients


@occurrence("error")
class ReportWithoutContent(Occurrence):
    """The content that a report returns cannot be read. The report goes out without it."""

    queue_id: QueueId
    error: ErrorText


@occurrence("error")
class ReportTemplateUnusable(Occurrence):
    """A template for reports cannot be used. The text that is built in takes its place."""

    error: ErrorText


@occurrence("error")
class ReportFailed(Occurrence):
    """A report could not be queued. The housekeeper tries again each second."""

    queue_id: QueueId
    error: ErrorText


@occurrence("error")
class HousekeepingFailed(Occurrence):
    """A round of one duty failed. The next round comes in its turn."""

    duty: Annotated[str, "name of the duty"]
    error: ErrorText


@occurrence("info")
class Forgotten(Occurrence):
    """Rows whose retention is over were removed."""

    recipients: Recipients
    messages: Annotated[int, "number of messages"]
    contents: Annotated[int, "number of contents, of messages whose rows stay"]
    audit_rows: Annotated[int, "number of rows of the audit"]


@occurrence("info")
class RecordsRedacted(Occurrence):
    """Old records no longer say whom they are about, as [audit.redaction] wants."""

    rows: Annotated[int, "number of rows"]
    tables: Annotated[str, "kinds of records, with blanks between them"]


@occurrence("info")
class DestinationsForgotten(Occurrence):
    """Destinations that no mail needs any more were removed."""

    destinations: Annotated[int, "number of destinations"]


@occurrence("warning")
class ClockStepped(Occurrence):
    """
    The wall clock was set, or the machine slept.

    After a step back, waiting mail becomes due earlier by the same time, so that it keeps its schedule.
    """

    step_s: Annotated[float, "seconds; negative: it was set back"]
    recipients: Annotated[int, "number of waiting recipients that are due earlier now"]


@occurrence("info")
class RoutesFollowed(Occurrence):
    """The table of routes has changed. Waiting mail was moved to the destinations of the new table."""

    recipients: Recipients


@occurrence("critical")
class GarbageStuck(Occurrence):
    """A spool file that no message needs could not be removed, three times or more."""

    locator: Annotated[str, "path below the spool"]
    tries: Annotated[int, "number of tries"]
    error: ErrorText


@occurrence("warning")
class OrphansFound(Occurrence):
    """The spool holds files, over an hour old, that no message names. They are removed."""

    files: Annotated[int, "number of files"]


@occurrence("warning")
class OrphansKept(Occurrence):
    """
    The spool holds files, over an hour old, that no message names. They are from before this queue took the spool, or
    the spool has another owner by now, so they are not removed.
    """

    files: Annotated[int, "number of files"]
    spool: Annotated[str, "path of the spool"]


@occurrence("critical")
class SpoolFileMissing(Occurrence):
    """The spool file of a message that waits for delivery is not there."""

    queue_id: QueueId
    file: Annotated[str, "path of the spool file"]


@occurrence("error")
class DueBoundRepaired(Occurrence):
    """A bug in Empath was repaired: no worker would have looked at the destination when its next recipient was due."""

    destination: Destination
    due_at: Annotated[str | None, "instant before which no worker would have looked, if there was one"]
    earliest: Annotated[str, "instant at which its next recipient is due"]


@occurrence("warning")
class WalLarge(Occurrence):
    """The write-ahead log is larger than 64 MiB or than its limit. The housekeeper truncates it."""

    file: WalFile
    octets: Annotated[int, "size of the file"]


@occurrence("info")
class WalTruncated(Occurrence):
    """The write-ahead log was truncated to nothing."""

    file: WalFile


@occurrence("error")
class WalKept(Occurrence):
    """The write-ahead log could not be truncated, because a program has been reading the queue for long."""

    file: WalFile
    octets: Annotated[int, "size of the file"]
    readers: Annotated[str, "processes that read now"]


@occurrence("warning")
class TransactionLong(Occurrence):
    """A program other than the service has had a transaction open on the queue for long."""

    pid: Annotated[int, "its process"]
    program: Annotated[str, "its name"]
    does: Annotated[str, "reads: the write-ahead log cannot be reused; writes: all clients and workers wait for it"]
    seconds: Annotated[float, "for how long at least"]


@occurrence("info")
class SpaceReturned(Occurrence):
    """The disk is nearly full. Free pages of the database went back to it."""

    octets: Annotated[int, "size of the returned space"]


@occurrence("info")
class StatusOrdered(Occurrence):
    """An order gave a recipient its status: by SQL, by empath-admin, or at the end of the lease that it waited for."""

    queue_id: QueueId
    recipient: Recipient
    before: Annotated[str | None, "status before, if there was one"]
    after: Annotated[str, "status that it has now"]
    who: Who


@occurrence("debug")
class QueueEdited(Occurrence):
    """An order changed something other than a status. Fields that do not apply are left out."""

    queue_id: Annotated[str | None, "queue id of the message"]
    recipient: Annotated[str | None, "address of the recipient"]
    destination: Annotated[str | None, "next hop or domain by which the queue groups recipients"]
    object: Annotated[str | None, "row of another view, such as the name of an account"]
    what: Annotated[str, "what changed, as in the view `audit`"]
    before: Annotated[str | None, "value before, at most 200 characters"]
    after: Annotated[str | None, "value that it has now, at most 200 characters"]
    who: Who


@occurrence("warning")
class DeliveryFrozen(Occurrence):
    """All delivery stops until a `thaw`."""

    who: Who


@occurrence("info")
class DeliveryThawed(Occurrence):
    """Delivery goes on."""

    who: Who


@occurrence("warning")
class DestinationSuspended(Occurrence):
    """A destination gets no mail for a time."""

    destination: Destination
    until: Annotated[str, "instant of the end"]
    who: Who


@occurrence("info")
class DestinationResumed(Occurrence):
    """The suspension of a destination was ended before its time."""

    destination: Destination
    who: Who


@occurrence("info")
class ServiceOrdered(Occurrence):
    """An order to the service was given. The view `control` tells its outcome."""

    verb: Annotated[str, "the order"]
    argument: Annotated[str | None, "argument of the order, if it has one"]
    who: Who


@occurrence("error")
class SpaceKept(Occurrence):
    """The disk is nearly full, and the database cannot give free pages back; `empath-admin doctor` says what to do."""

    file: Annotated[str, "path of the queue"]
    octets: Annotated[int, "size of the free pages"]


@occurrence("warning")
class StatisticsRemoved(Occurrence):
    """A program ran ANALYZE or PRAGMA optimize on the queue. Its statistics, which slow a queue down, were removed."""

    file: Annotated[str, "path of the queue"]


_Kind = Annotated[str, "kind of the report: `dmarc` or `tls`"]
_Domain = Annotated[str, "domain that it is about"]


@occurrence("info")
class DomainReportQueued(Occurrence):
    """A report about a period is on its way to another domain."""

    kind: _Kind
    domain: _Domain
    report: Annotated[str | None, "queue id of its message, if there is one"]
    to: Annotated[str, "addresses or URLs that get it, with blanks between them"]
    messages: Annotated[int, "number of messages (`dmarc`) or sessions (`tls`) that it tells of"]


@occurrence("info")
class DomainReportDropped(Occurrence):
    """There is no report to a domain about a period, though something was counted for it."""

    kind: _Kind
    domain: _Domain
    error: ErrorText


@occurrence("warning")
class DomainReportPutOff(Occurrence):
    """A report to another domain could not be made, and will be tried again."""

    kind: _Kind
    domain: _Domain
    error: ErrorText


@occurrence("info")
class TrackBegun(Occurrence):
    """The index of past mail reads the queue from its beginning: it is new, was removed, or the queue was restored."""

    file: TrackFile
    kept: Annotated[int, "number of the last recipient up to which older rows of the index stay"]


@occurrence("warning")
class TrackUnkept(Occurrence):
    """The index of past mail is not written. Mail is not concerned; the index goes on once the cause is gone."""

    file: TrackFile
    error: ErrorText


@occurrence("info")
class TrackKept(Occurrence):
    """The index of past mail is written again."""

    file: TrackFile


@occurrence("warning")
class TrackDamaged(Occurrence):
    """The index of past mail was damaged. It is made again of what the queue knows; the old file is kept aside."""

    file: TrackFile
    aside: Annotated[str, "where the damaged file is now"]
    error: ErrorText
