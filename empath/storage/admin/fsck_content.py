"""
fsck_content - compare the content of waiting mail with the digests from its acceptance

It reads every waiting message once, a piece at a time, without a lock. A worker compares the digest, too, before the
final dot. This check finds the damage earlier, while a backup may still have the message.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from empath.errors import ContentGone
from empath.storage.engine import Selects
from empath.storage.queue.accept import INLINE
from empath.storage.spool import open_content

_MESSAGES: Final = 500  # number of rows read at once
_PIECE_OCTETS: Final = 1024 * 1024
Progress = Callable[[int, int], object]  # number of messages read so far, and of all messages to read


def altered(session: Selects, spool: Path, on_progress: Progress) -> Iterator[dict[str, Any]]:
    """
    Rows of waiting messages whose content has the accepted length and another digest.

    Other lengths and missing content are findings of other checks.

    Raises:
        QueueBusy, StorageFailure: the spool or the database cannot be read.
    """
    done, total = 0, session.value("fsck.contents_count")
    after = 0
    while found := list(session.records("fsck.contents", {"after": after, "limit": _MESSAGES})):
        for row in found:
            size, digest = _measure(_pieces(session, spool, row))
            done += 1
            on_progress(done, max(done, total))
            # It may have been delivered and removed while it was read.
            if size == row["accepted"] and digest != row["digest"] and session.value("fsck.is_still_there", row):
                yield row
        after = found[-1]["message_id"]


def _pieces(session: Selects, spool: Path, row: dict[str, Any]) -> Iterator[bytes]:
    if row["locator"] == INLINE:
        yield session.value("fsck.inline_content", row) or b""
        return
    try:
        with open_content(spool, row["locator"]) as file:
            while piece := file.read(_PIECE_OCTETS):
                yield piece
    except ContentGone:
        return


def _measure(pieces: Iterator[bytes]) -> tuple[int, str]:
    """Length and hexadecimal SHA-256."""
    size, hashed = 0, hashlib.sha256()
    for piece in pieces:
        size += len(piece)
        hashed.update(piece)
    return size, hashed.hexdigest()
