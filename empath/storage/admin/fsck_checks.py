"""
fsck_checks - the table of faults that a queue must never have

Each check has a statement of the same name in sql/queries/fsck.sql. Its sentence says what was found and what to do;
names in braces are columns of the statement. A repairable check has a statement `mend_<name>` there, or
storage/admin/fsck.py repairs it with the daemons' own code. Checks are repaired in the order of the table: a check
comes after those whose repair may reveal its faults.
"""

from dataclasses import dataclass
from typing import Final

from empath.storage.queries import blocks

_STATEMENTS: Final = frozenset(name for name, _ in blocks("queries", "fsck"))
_MENDED_IN_PYTHON: Final = frozenset(
    {"lease_without_process", "leased_without_lease", "content_missing", "content_damaged"}
)


# The repair of a key's faults reveals faults of its value. A repair of the first includes the second.
REVEALS: Final = {"lease_without_destination": "leased_without_lease"}


@dataclass(frozen=True, slots=True)
class Check:
    """
    One kind of fault.

    Shape: sentence is a template over the statement's columns. what is the name of the repair in the audit: `status`
    where a recipient's status changes, else the check's name.
    """

    name: str
    sentence: str
    what: str = ""

    @property
    def is_repairable(self) -> bool:
        """Whether `--repair` can repair it."""
        return self.name in _MENDED_IN_PYTHON or f"mend_{self.name}" in _STATEMENTS

    @property
    def audit_name(self) -> str:
        """Value of the column `what` of the audit."""
        return self.what or f"fsck {self.name}"


_RECIPIENT = "recipient {recipient_id} of {id}"
CHECKS: Final = (
    Check(
        "actor_left",
        "the audit names {who} for changes by any shell, because the table _actor was not cleared: use --repair",
    ),
    Check(
        "redaction_without_order",
        "{rows} rows of the audit and attempts were redacted by audit row {audit_id}, which is missing: see which of"
        " them `empath-admin audit verify` names",
    ),
    Check(
        "recipient_without_destination",
        "recipient {recipient_id} <{address}> ({status}) has no destination, so no worker delivers to it: use"
        " --repair to put it under {domain}",
    ),
    Check(
        "lease_without_destination",
        "lease {lease_id} of process {process_id} has no destination: use --repair to end it",
    ),
    Check(
        "lease_without_process",
        "lease {lease_id} at {destination} holds {recipients} recipients for process {process_id}, which has ended: use"
        " --repair to make them due again",
    ),
    Check(
        "lease_without_recipient",
        "lease {lease_id} takes a connection of {destination} and holds no recipient for more than an hour: use"
        " --repair to end it",
    ),
    Check(
        "leased_without_lease",
        f"{_RECIPIENT} is leased under lease {{lease_id}}, which does not exist, so no worker delivers to it: use"
        " --repair to make it due again",
        "status",
    ),
    Check(
        "lease_without_being_leased",
        f"{_RECIPIENT} is {{status}} but names lease {{before}}: use --repair to clear the name of the lease",
    ),
    Check(
        "leased_elsewhere",
        f"{_RECIPIENT} waits for {{destination}} and is leased for {{lease_destination}}: wait for the end of lease"
        " {lease_id}, or restart the service",
    ),
    Check(
        "content_missing",
        f"{_RECIPIENT} is {{before}}, and its content is missing: use --repair to find it again or to hold the"
        " recipient, and ask the sender to send it again",
        "status",
    ),
    Check(
        "content_damaged",
        f"{_RECIPIENT} is {{before}}, and the content has {{octets}} octets but {{accepted}} were accepted: use"
        " --repair to hold the recipient, and ask the sender to send it again",
        "status",
    ),
    Check(
        "content_unnamed",
        "{size_octets} octets of content of {id} are kept, but no recipient needs them: use --repair to remove them",
    ),
    Check(
        "content_without_message",
        "{size_octets} octets of content belong to message number {message_id}, which does not exist: save them from"
        " the table _content and find out who the recipients are",
    ),
    Check(
        "garbage_needed",
        "the file {locator} is to be removed, and {id} needs it: use --repair to keep it",
    ),
    Check(
        "recipient_without_message",
        "recipient {recipient_id} <{address}> ({status}) belongs to message number {message_id}, which does not exist:"
        " cancel it, and look for the message in a backup",
    ),
    Check(
        "message_without_recipient",
        "{id} has no recipients, and retention will remove it: if a person removed them, find out now what they were",
    ),
    Check(
        "attempt_without_recipient",
        "attempt {attempt_id} is for recipient {recipient_id}, which does not exist: use --repair to remove it",
    ),
    Check(
        "notice_without_recipient",
        "a report of {before} is due for recipient {recipient_id}, which does not exist: use --repair to remove it",
    ),
    Check(
        "dmarc_count_without_report",
        "{before} rows are counted for report {report_period_id} of DMARC, which is made or does not exist: use"
        " --repair to remove them",
    ),
    Check(
        "tls_count_without_report",
        "{before} rows are counted for report {report_period_id} about TLS, which is made or does not exist: use"
        " --repair to remove them",
    ),
    Check(
        "received_report_miscounted",
        "received report {received_report_id} says that it has {before} rows, but it has {rows}: use --repair to count"
        " again",
    ),
    Check(
        "notice_without_failure",
        f"a report of failure is due for {_RECIPIENT}, but it is {{status}}: use --repair to withdraw the report",
    ),
    Check(
        "notice_old",
        f"the report of {{kind}} for {_RECIPIENT} has been due for {{age_s:.0f}} s: find out from the log why the"
        " housekeeper does not send it",
    ),
    Check(
        "order_misplaced",
        f"{_RECIPIENT} is {{status}} but has an order ({{before}}) for the end of a lease: use --repair to remove the"
        " order, then give it again",
    ),
    Check(
        "status_unknown",
        f"{_RECIPIENT} has the status {{status}}, but _recipient_transition has no move to it: restore the rows of"
        " that table from schema.sql of the engine",
    ),
    Check(
        "is_live_wrong",
        f"{_RECIPIENT} is {{status}} and marked with is_live = {{before}}, so that the view queue does not fit: use"
        " --repair to correct it",
    ),
    Check(
        "status_unexplained",
        f"{_RECIPIENT} is {{status}}, and neither an attempt nor the audit explains it: find out which program writes"
        " to private tables, and look for {id} in the log",
    ),
    Check(
        "attempts_miscounted",
        f"{_RECIPIENT} counts {{before}} attempts and has {{after}}: use --repair to count again",
    ),
    Check(
        "lost_leases_miscounted",
        f"{_RECIPIENT} counts {{before}} lost leases and has {{after}}: use --repair to count again",
    ),
    Check(
        "due_at_late",
        "mail for {destination} is due, but no worker looks at the destination yet: use --repair to make it due",
    ),
    Check(
        "is_full_wrong",
        "{destination} has {leases} of {max_leases} connections, but its marks do not say so: use --repair to correct"
        " them",
    ),
    Check(
        "ready_at_wrong",
        "{destination} has a ready_at that does not follow from its columns: use --repair to compute it again, and"
        " check the disk and the memory of this machine",
    ),
    Check(
        "event_type_wrong",
        "the mark of the events of type {type} does not say whether a consumer wants them: use --repair to correct it",
    ),
    Check(
        "event_stuck",
        "event {event_id} about {id} waits for an earlier one that {consumer} no longer waits for: use --repair to send"
        " it",
    ),
    Check(
        "slots_over_limit",
        "{destination} has {leases} connections and may have {max_leases}: restart the service, unless the limit was"
        " lowered a moment ago",
    ),
)
FILE_MISSING: Final = Check(
    "file_missing",
    "the file of {id} is not in the spool (waiting recipients: {waiting}): restore it from a backup, or use"
    " --repair to hold them",
    "status",
)
FILE_DAMAGED: Final = Check(
    "file_damaged",
    "the file of {id} has {octets} octets but {accepted} were accepted (waiting recipients: {waiting}): restore"
    " it from a backup, or use --repair to hold them",
    "status",
)
CONTENT_ALTERED: Final = Check(
    "content_altered",
    "the content of {id} has another SHA-256 than the accepted content (waiting recipients: {waiting}): restore"
    " it from a backup, or use --repair to hold them",
    "status",
)
FILE_LOST: Final = Check(
    "file_lost",
    "the file of {id} is not in the spool, but no recipient waits for it: retention will remove the message, which"
    " cannot be sent again",
)
FILE_WITHOUT_MESSAGE: Final = Check(
    "file_without_message",
    "the file {file} is more than an hour old and no message names it: use --repair, or let the housekeeper remove it",
)
FILE_OF_ANOTHER: Final = Check(
    "file_of_another",
    "no message names the file {file}, which may be the content of another queue: it was there before this queue took"
    " the spool, or the spool has another owner by now; remove it if no other queue needs it",
)
INTEGRITY: Final = Check(
    "integrity",
    "the database is damaged ({text}): stop the service, save queue.db and queue.db-wal, and restore them from a"
    " backup or by `sqlite3 queue.db .recover`; in PostgreSQL, REINDEX what is an index, else restore the server",
)
FOREIGN_KEYS: Final = Check(
    "foreign_keys",
    "row {rowid} of {table} refers to a row of {parent} that does not exist: find out what removed it",
)
SCHEMA: Final = Check(
    "schema",
    "{text} was dropped or changed: run `empathd restart`, which creates it again; in PostgreSQL, create it again from"
    " sql/postgresql of the source",
)
TRACK_DAMAGED: Final = Check(
    "track_damaged",
    "the index of past mail is damaged ({text}), and the queue is not concerned: remove {file}, also while the service"
    " runs, and it is made again of what the queue knows",
)
ALL: Final = (
    INTEGRITY,
    FOREIGN_KEYS,
    SCHEMA,
    *CHECKS,
    FILE_MISSING,
    FILE_DAMAGED,
    FILE_LOST,
    FILE_WITHOUT_MESSAGE,
    FILE_OF_ANOTHER,
    CONTENT_ALTERED,
    TRACK_DAMAGED,
)
