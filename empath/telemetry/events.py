"""
events - the catalogue of log events

Event names are an interface: people grep for them and alert on them. A name is a noun and what became of it, in the
past tense; a test holds that the code logs no other. `python -m empath.telemetry.events docs/logging.md` renews the
tables there.

Fields common to all lines: at, level, event, process (slot name), and what the logger was bound with.
"""

import sys
from pathlib import Path
from typing import Final

START: Final = "<!-- events: begin (generated, do not edit) -->"
END: Final = "<!-- events: end -->"

_ATTEMPT: Final = "`queue_id`, `recipient`, `destination`, `host`, `stage`, `reply`, `duration_s`; `attempt`."

EVENTS: Final[dict[str, dict[str, str]]] = {
    "Supervisor": {
        "supervisor_started": "The instance lock is held. `pid`, `version`, `instance` (ULID of this run), `config`.",
        "listening": "An address is bound. `address`, `role`.",
        "nofile_low": "The hard limit of open files is below what the configured limits need. `limit`, `needed`.",
        "process_started": "A child was spawned. `slot`, `generation`, `pid`.",
        "process_ready": "A child does its work. `slot`, `generation`, `pid`, `duration_s` since its spawn.",
        "process_failed": "A child ended itself with a reason. `slot`, `generation`, `error`, `exit_code`.",
        "process_exited": "A child was reaped. `slot`, `generation`, `pid`, `code` or `signal`, `ordered`, `age_s`.",
        "process_delayed": "A child that died young is spawned again after `delay_s`. `slot`, `failures` in a row.",
        "process_killed": "A child did not end within the drain time and was killed. `slot`, `generation`, `pid`.",
        "service_ready": "The first children are all ready; listeners accept. `duration_s` since the start.",
        "service_failed": "The start ended. `error`, `exit_code`.",
        "reload_started": "A new configuration is read, its listeners bound; new children start beside the old.",
        "reload_refused": "The configuration stays as it was. One line per finding: `finding`.",
        "setting_changed": "What came into force with a reload. `key`, `before` and `after` unless there is none.",
        "reload_finished": "All new children are ready, the old ones drain. `duration_s`, `changes`: 0 if none.",
        "log_reopened": "The log file was opened again by its name.",
        "stop_started": "The service drains. `cause`.",
        "service_stopped": "The last child is gone. `duration_s` of the stop, `run_s` since the start.",
    },
    "Every process": {
        "log_kept": "The log file could not be opened again; the old one stays in use. `error`.",
        "process_failed": "What the process works with failed for good; it ends, and another follows. `error`.",
        "process_crashed": "A fault of ours ended the process. `error`, `exception`.",
        "process_end_unrecorded": "The queue could not be told of the end; the housekeeper will find out. `error`.",
        "beat_failed": "The beat was not written; after 20 s the process sends nothing more. `error`.",
        "taken_for_dead": "Others took this process for dead and released its work; it ends with code 75.",
    },
    "Acceptor": {
        "accepted": "250: a message is durably queued. `queue_id`, `sender`, `recipients`, `size`, `client`.",
        "message_refused": "A message was refused for a reason on our side. `queue_id`, `client`, `reason`.",
        "connection_refused": "A limit of connections is reached. `client`, `reply`.",
        "session_crashed": "A fault of ours ended a session. `client`, `error`, `exception`.",
        "accept_paused": "The system lacks descriptors or memory; clients wait. `reason`, `pause_s`.",
        "space_changed": "MAIL is refused for lack of space, or taken again. `has_space`.",
        "orders_unread": "Orders by INSERT INTO control could not be read or finished; tried again. `error`.",
        "space_unknown": "Free space cannot be read, MAIL is refused. `error`.",
    },
    "Worker": {
        "delivered": "The next hop took the mail for this recipient. " + _ATTEMPT,
        "deferred": "It will be tried again at `next_retry_at`. " + _ATTEMPT,
        "bounced": "It failed for good. " + _ATTEMPT,
        "expired": "It failed for the time being, and its lifetime is over. " + _ATTEMPT,
        "host_failed": "One host did not take it, the next is tried. " + _ATTEMPT,
        "delivery_in_doubt": "No answer to the final dot: the mail will be tried again, and may be delivered multiple"
        " times. `queue_id`, `recipients`, `destination`, `host`, `reply`.",
        "rerouted": "The route changed since acceptance; put back unsent. `queue_id`, `recipients`.",
        "not_deliverable": "A row holds what no command can carry; the recipient is held. `queue_id`, `error`.",
        "content_missing": "The content of a queued message is gone; the recipient is held. `queue_id`, `error`.",
        "settle_failed": "The fate could not be written, and is until it can. `destination`, `error`.",
        "stale_result": "The lease was gone at settle: no state changed. `lease_id`, `destination`.",
        "lease_failed": "No lease could be taken. `error`.",
        "strays_kept": "Leases of a failed commit, if there are any, could not be given back; tried again. `error`.",
        "lease_abandoned": "The queue cannot be read, or this process may be taken for dead. `destination`, `error`.",
        "lease_crashed": "A fault of ours ended a delivery. `destination`, `lease_id`, `error`, `exception`.",
        "leases_abandoned": "Deliveries that were not over at the end of the drain. `leases`.",
    },
    "Housekeeper": {
        "leases_released": "The leases of a dead process are due again. `slot`, `cause`, `recipients`, `held`.",
        "recipients_held": "Recipients whose lease was lost three times wait for a person. `slot`, `recipients`.",
        "order_obeyed": "What was asked by INSERT INTO control was done. `verb`, `argument`, `who`, `result`.",
        "release_failed": "As `leases_released`, but the write failed; tried again. `slot`, `error`.",
        "report_queued": "A sender is told of a failure or a delay. `queue_id`, `report` (the queue id of the report),"
        " `kind`, `recipients` that it names, `to`, `is_double_bounce`.",
        "report_discarded": "A failure that nobody can be told of any more. `queue_id`, `sender`, `recipients`.",
        "report_without_content": "The content that a report returns cannot be read; it is sent without. `queue_id`,"
        " `error`.",
        "report_failed": "A report could not be queued; tried again each second. `queue_id`, `error`.",
        "housekeeping_failed": "A round of one duty could not be done; the next one comes. `duty`, `error`.",
        "forgotten": "Retention is over for what was removed. `recipients`, `messages`, `contents` of others.",
        "garbage_stuck": "A file nobody needs could not be removed in three `tries` or more. `locator`, `error`.",
        "orphans_found": "Files in the spool, over an hour old, that no message names; they are removed. `files`.",
        "spool_file_missing": "The content of a message that waits is not there. `queue_id`, `file`.",
        "due_bound_repaired": "A bug: the destination would have slept too long. `destination`, `due_at`, `earliest`.",
        "wal_large": "The write-ahead log is over 64 MiB, or its limit; now it is cut. `file`, `octets`.",
        "wal_truncated": "The write-ahead log was cut to nothing. `file`.",
        "space_returned": "The disk is nearly full, and has got free pages of the database. `octets`.",
        "wal_kept": "It could not be cut: somebody has been reading for long. `file`, `octets`, `readers` now.",
    },
}


def names() -> frozenset[str]:
    """All event names."""
    return frozenset(name for group in EVENTS.values() for name in group)


def tables() -> str:
    """The catalogue as Markdown, one table per group of processes."""
    parts = []
    for group, events in EVENTS.items():
        rows = "\n".join(f"| `{name}` | {text} |" for name, text in events.items())
        parts.append(f"### {group}\n\n| event | meaning and fields |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def renewed(page: str) -> str:
    """*page* with the tables between its two markers replaced by the present ones."""
    head, _, rest = page.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n\n{tables()}\n{END}{tail}"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(renewed(file.read_text(encoding="utf-8")), encoding="utf-8")
