"""
fsck_checks - the table of what must never be found in a queue

Each check is a statement of sql/queries/fsck.sql of the same name. Its sentence says what was found and what to do;
names in braces are columns of the statement. A repairable check has a statement `mend_<name>` there, or
storage/admin/fsck.py repairs it with the daemons' own code. The order of the table is the order of repair: a check
comes after those whose repair may reveal its faults.
"""

from dataclasses import dataclass
from typing import Final

from empath.storage.queries import blocks

_STATEMENTS: Final = frozenset(name for name, _ in blocks("queries", "fsck"))
_MENDED_IN_PYTHON: Final = frozenset({"lease_without_process", "content_missing", "content_damaged"})


# The repair of the first check reveals faults of the second, which are then repaired as well.
BROUGHT_TO_LIGHT: Final = {"lease_without_destination": "leased_without_lease"}


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
        "what a shell does is put down to {who}, who did not clear the table _actor: use --repair",
    ),
    Check(
        "recipient_without_destination",
        "recipient {recipient_id} <{address}> ({status}) has no destination, so no worker delivers to it: use"
        " --repair to let it wait under {domain}",
    ),
    Check(
        "lease_without_destination",
        "lease {lease_id} of process {process_id} has no destination: use --repair to end it",
    ),
    Check(
        "lease_without_process",
        "lease {lease_id} at {destination} holds {recipients} recipients for process {process_id}, which has ended: use"
        " --repair to let them be tried again",
    ),
    Check(
        "lease_without_recipient",
        "lease {lease_id} takes a connection of {destination} and holds no recipient for more than an hour: use"
        " --repair to end it",
    ),
    Check(
        "leased_without_lease",
        f"{_RECIPIENT} is leased under lease {{lease_id}}, which does not exist, so no worker delivers to it: use"
        " --repair to let it be tried again",
        "status",
    ),
    Check(
        "lease_without_being_leased",
        f"{_RECIPIENT} is {{status}} and names lease {{before}} all the same: use --repair to forget the lease",
    ),
    Check(
        "leased_elsewhere",
        f"{_RECIPIENT} waits for {{destination}} and is leased for {{lease_destination}}: wait for the end of lease"
        " {lease_id}, or restart the service",
    ),
    Check(
        "content_missing",
        f"{_RECIPIENT} is {{before}}, and there is no content to send: use --repair to find it again or to hold the"
        " recipient, and ask the sender to send it anew",
        "status",
    ),
    Check(
        "content_damaged",
        f"{_RECIPIENT} is {{before}}, and the content has {{octets}} octets where {{accepted}} were accepted: use"
        " --repair to hold the recipient, and ask the sender to send it anew",
        "status",
    ),
    Check(
        "content_unnamed",
        "{size_octets} octets of content of {id} are kept, but no recipient needs them: use --repair to remove them",
    ),
    Check(
        "content_without_message",
        "{size_octets} octets of content belong to message number {message_id}, which is not there: save them from the"
        " table _content and find out who their recipients are",
    ),
    Check(
        "garbage_needed",
        "the file {locator} is to be removed, and {id} needs it: use --repair to keep it",
    ),
    Check(
        "recipient_without_message",
        "recipient {recipient_id} <{address}> ({status}) is of message number {message_id}, which is not there: cancel"
        " it, and look for the message in a backup",
    ),
    Check(
        "message_without_recipient",
        "{id} has no recipient: retention will remove it, so if it was removed by hand look now what became of them",
    ),
    Check(
        "attempt_without_recipient",
        "attempt {attempt_id} was made for recipient {recipient_id}, which does not exist: use --repair to remove it",
    ),
    Check(
        "notice_without_recipient",
        "a report of {before} is due for recipient {recipient_id}, which does not exist: use --repair to remove it",
    ),
    Check(
        "notice_without_failure",
        f"the sender is to hear that {_RECIPIENT} failed, and it is {{status}}: use --repair to take the report back",
    ),
    Check(
        "notice_old",
        f"the report of {{kind}} on {_RECIPIENT} has been owed for {{age_s:.0f}} s: look in the log why the"
        " housekeeper does not send it",
    ),
    Check(
        "order_misplaced",
        f"{_RECIPIENT} is {{status}} and has an order ({{before}}) for the end of a lease: use --repair to forget the"
        " order, then give it again",
    ),
    Check(
        "status_unknown",
        f"{_RECIPIENT} has the status {{status}}, which no move leads to: _recipient_transition was changed;"
        " restore its rows from sql/sqlite/schema.sql",
    ),
    Check(
        "status_unexplained",
        f"{_RECIPIENT} is {{status}}, and neither an attempt nor the audit says why: ask who writes to private tables,"
        " and look in the log for {id}",
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
        "mail for {destination} is due before the destination is looked at: use --repair to wake it up",
    ),
    Check(
        "is_full_wrong",
        "{destination} has {leases} of {max_leases} connections and is marked otherwise: use --repair to mark it anew",
    ),
    Check(
        "ready_at_wrong",
        "{destination} is ready at another time than its columns say: use --repair to work it out anew, and check the"
        " disk and the memory of this machine",
    ),
    Check(
        "slots_over_limit",
        "{destination} has {leases} connections and may have {max_leases}: if the limit was not lowered a moment ago"
        " restart the service",
    ),
)
FILE_MISSING: Final = Check(
    "file_missing",
    "the file of {id} is not in the spool, and {waiting} recipients wait for it: bring it back from a backup, or use"
    " --repair to hold them",
    "status",
)
FILE_DAMAGED: Final = Check(
    "file_damaged",
    "the file of {id} has {octets} octets where {accepted} were accepted, and {waiting} recipients wait for it: bring"
    " it back from a backup, or use --repair to hold them",
    "status",
)
FILE_LOST: Final = Check(
    "file_lost",
    "the file of {id} is not in the spool, but no recipient waits for it: it cannot be sent again, and retention will"
    " forget it",
)
FILE_WITHOUT_MESSAGE: Final = Check(
    "file_without_message",
    "the file {file} is more than an hour old and no message names it: use --repair, or let the housekeeper remove it",
)
INTEGRITY: Final = Check(
    "integrity",
    "the database file is damaged ({text}): stop the service, save queue.db and queue.db-wal, and restore them from a"
    " backup or by `sqlite3 queue.db .recover`",
)
FOREIGN_KEYS: Final = Check(
    "foreign_keys",
    "row {rowid} of {table} refers to {parent}, where there is no such row: look what removed it",
)
SCHEMA: Final = Check(
    "schema",
    "{text} was dropped or changed: run `empathd restart`, whose start makes it anew",
)
ALL: Final = (INTEGRITY, FOREIGN_KEYS, SCHEMA, *CHECKS, FILE_MISSING, FILE_DAMAGED, FILE_LOST, FILE_WITHOUT_MESSAGE)
