"""
repro - one message of a queue, and what decides about it, as a small queue

THEORY
    The new file has the same schema.  The queue is attached to it, and rows are copied table by table, in an order in
    which each finds what it names.  So the result is a queue as any other: it can be leased, checked and steered, in a
    test too.

    Where addresses are masked, the local part of each recipient and of the sender becomes another word, in all rows
    that have it, in any form in which a reply or a rewritten sender has it.  Records cannot be changed in a queue; so
    their triggers are dropped for that, and `prepare` makes them again.  VACUUM then writes the file anew, without what
    the rows had before.
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, Final

import apsw

from empath.mail.address import Address
from empath.policy.forgetting import Forms
from empath.storage.sqlite.connection import open_writer, rows, transaction, translated
from empath.storage.sqlite.schema import prepare
from empath.storage.sqlite.session import statements

_WAIT_S: Final = 5.0
# Tables with the statement that gives the keys of what is copied; None: all of it.
_COPIED: Final = (
    ("_destination", "repro.destinations"),
    ("_config_revision", "repro.config_revisions"),
    ("_process", "repro.processes"),
    ("_lease", "repro.leases"),
    ("_message", "repro.message"),
    ("_content", "repro.message"),
    ("_recipient", "repro.recipients"),
    ("_attempt", "repro.attempts"),
    ("_notice", "repro.notices"),
    ("_audit", "repro.audit"),
    ("_suppression", "repro.suppressions"),
    ("_sts_policy", "repro.sts_policies"),
    ("_dns_cache", "repro.dns"),
    ("_effective_setting", None),
    ("_destination_rule", None),
    ("_bounce_rule", None),
    ("_shaping_rule", None),
    ("_source_rest", None),
    ("_warmup", None),
)
_KEYS: Final = {"_suppression": "address", "_sts_policy": "domain"}  # others: the rowid
_RECORDS: Final = ("_attempt_not_changed", "_audit_not_changed")
# Columns that may have an address or a part of the content.
_TOLD: Final = (
    ("_message", ("reverse_path",)),
    ("_recipient", ("address", "original", "original_recipient", "last_reply", "reason", "sent_as")),
    ("_attempt", ("text",)),
    ("_audit", ("address", "before", "after", "object")),
    ("_suppression", ("address", "reason")),
)


def copy_message(source: Path, target: Path, message_id: int) -> None:
    """
    Make the queue *target* from one message of the queue *source*.

    Raises:
        CannotCreate, StorageFailure: it cannot be made.
    """
    prepare(target)
    with translated(target):
        connection = open_writer(target, deadline_s=_WAIT_S)
        try:
            connection.execute("ATTACH ? AS source", (str(source.resolve()),))
            with connection:  # not BEGIN IMMEDIATE, which would lock the queue, too
                for table, name in _COPIED:
                    _copy(connection, table, name, {"message_id": message_id})
            connection.execute("DETACH source")
        finally:
            connection.close()


def change(target: Path, stand_in: bytes, digest: str, masks: Mapping[str, str]) -> None:
    """
    Replace the content of *target* by *stand_in*, whose SHA-256 is *digest*, and each address that is a key of *masks*
    by its value.

    Raises:
        StorageFailure: it cannot be changed.
    """
    with translated(target):
        connection = open_writer(target, deadline_s=_WAIT_S)
        try:
            with transaction(connection):
                keys = {"octets": stand_in, "digest": digest}
                rows(connection, statements()["repro.leave_content_out"].text, keys)
                rows(connection, statements()["repro.stand_in"].text, {"octets": stand_in})
                if masks:
                    _mask(connection, masks)
            connection.execute("VACUUM")
        finally:
            connection.close()
    prepare(target)


def _mask(connection: apsw.Connection, masks: Mapping[str, str]) -> None:
    for trigger in _RECORDS:
        connection.execute(f"DROP TRIGGER {trigger}")
    rows(connection, statements()["repro.leave_headers_out"].text)
    forms = [Forms(Address.parse(address), masks[address]) for address in sorted(masks, key=len, reverse=True)]

    def replaced(*values: Any) -> Any:
        [value] = values
        if not isinstance(value, str):
            return value
        return masks.get(value) or reduce(lambda text, each: each.replaced(text), forms, value)

    connection.create_scalar_function("replaced", replaced, 1, deterministic=True)
    for table, columns in _TOLD:
        changes = ", ".join(f"{name} = replaced({name})" for name in columns)
        rows(connection, f"UPDATE {table} SET {changes}")


def _copy(connection: apsw.Connection, table: str, name: str | None, keys: Mapping[str, Any]) -> None:
    columns = ", ".join(_columns(connection, table))
    key = _KEYS.get(table, "rowid")
    chosen = "" if name is None else f" WHERE {key} IN ({statements()[name].text.rstrip(';')})"
    rows(connection, f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM source.{table}{chosen}", keys)


def _columns(connection: apsw.Connection, table: str) -> Iterable[str]:
    """Without those that SQLite computes."""
    found = rows(connection, "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,))
    return [str(name) for (name,) in found]
