"""repro - one message and what decides about it, exported as a small queue that a test can load"""

import hashlib
from pathlib import Path
from typing import Final

from empath.errors import CannotCreate, MissingInput, StorageFailure
from empath.storage.admin.manifest import DATABASE, SPOOL
from empath.storage.admin.records import Reference
from empath.storage.admin.short_ids import whole
from empath.storage.admin.spool_copy import SpoolCopy, spooled
from empath.storage.engine import Engine
from empath.storage.open import open_engine
from empath.storage.spool import make_folder

STAND_IN: Final = b"Subject: the content was left out\r\n\r\nThe content was left out.\r\n"


def export(
    engine: Engine, spool: Path, reference: Reference, target: Path, *, has_content: bool, masks: bool
) -> list[str]:
    """
    Export the message that *reference* names into the new directory *target*; what was left out of it, in words.

    Not *has_content*: another text takes the place of the content. *masks*: so it does, and the local parts of its
    addresses are replaced as well.

    Raises:
        MissingInput: there is no such message.
        CannotCreate: *target* is there, or cannot be made.
        PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        reference = whole(visit, reference)
        by = "admin.message_by_ulid" if reference.recipient_id is None else "admin.message_by_recipient"
        message_id = visit.value(by, reference.keys)
        if message_id is None:
            raise MissingInput(f"no {reference} in the queue database: it never existed, or its retention is over")
        addresses = [address for row in visit.rows("backup.addresses", {"message_id": message_id}) for address in row]
    if target.exists():
        raise CannotCreate(f"{target}: there is something; name a new directory")
    try:
        make_folder(target, mode=0o700)
    except OSError as exc:
        raise CannotCreate(f"{target}: {exc.strerror}") from exc
    engine.export_message(target / DATABASE, message_id)
    small = open_engine(target / DATABASE, max_leases=0)
    keeps = has_content and not masks
    missing = _copy_file(small, spool, target) if keeps else []
    named = [address for address in dict.fromkeys(addresses) if "@" in address]
    mask = {address: _masked(address, number) for number, address in enumerate(named)}
    if not keeps:
        small.leave_out(STAND_IN, hashlib.sha256(STAND_IN).hexdigest(), mask if masks else {})
    small.close_log()
    return [f"{name}: its file is not in the spool" for name in missing]


def _copy_file(small: Engine, spool: Path, target: Path) -> list[str]:
    copy = SpoolCopy(spool, target / SPOOL, copies=True)
    try:
        (target / SPOOL).mkdir(mode=0o750, exist_ok=True)
    except OSError as exc:
        raise StorageFailure(f"{target}: {exc.strerror}") from exc
    with small.visiting(None) as visit:
        rows = [*spooled(visit)]
    return [row.locator for row in copy.add(rows)]


def _masked(address: str, number: int) -> str:
    """*address* with another local part."""
    return f"masked{number}@{address.rpartition('@')[2]}"
