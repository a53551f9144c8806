"""
maildir - the transport into a Maildir on this host

A Maildir file is written under tmp/, synced, and renamed into new/, so that a reader never sees half a message.  Each
recipient gets a file, with the fields that final delivery adds (RFC 5321 §4.4).
"""

import errno
import os
import socket
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from empath.daemon.process.threads import in_thread
from empath.daemon.worker.connection import Abandoned, Permission
from empath.daemon.worker.transport.carrier import Answer, DeliveryJob, HostAttempt
from empath.errors import EmpathError
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.message.header import HeaderSplitter, loops_through
from empath.policy.attempt import outcome_of
from empath.policy.routing import MaildirRoute
from empath.storage.spool import make_folder, no_link_opener

_LOOP = Said(Stage.LOCAL, Reply.of("554 5.4.6 the message has been delivered to this recipient before"))
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_HEADER_OCTETS = 1024 * 1024
_numbers = count()


class MaildirCarrier:
    """Write a message into a Maildir, once for each recipient."""

    is_failing = False
    waits_for_hosts = False
    exchangers: tuple[str, ...] = ()

    def __init__(self, route: MaildirRoute, destination: str) -> None:
        self._folder = Path(route.path)
        self._destination = destination

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """See Carrier."""
        for recipient in job.recipients:
            started_at, began = time.time(), time.monotonic()
            where = (self._folder, job.message.mail_from, recipient.address, job.body.pieces(), job.may_end)
            said = in_thread(deliver_to_maildir, *where)
            attempt = Attempt(self._destination, started_at, time.monotonic() - began)
            is_in_doubt = said.stage is Stage.END_OF_DATA
            yield HostAttempt(attempt, [Answer(recipient, said, outcome_of(said), is_in_doubt)])


def deliver_to_maildir(
    folder: Path, reverse_path: str, address: str, pieces: Iterator[bytes], may_end: Permission
) -> Said:
    """
    Write one message for one recipient; blocks on the disk, so call it in a thread.

    The reply is 250 when file and name are durable, 4yz when the disk refuses, 5.4.6 when the message was here before.
    A 4yz at the stage END_OF_DATA leaves doubt: a reader may have the file.

    Raises:
        Abandoned: *may_end*, asked before the file gets its name in new/, said no; nothing is left of the file.
        StorageFailure: *pieces* cannot be read; nothing is left of the file.
    """
    name = f"{time.time():.6f}.P{os.getpid()}Q{next(_numbers)}.{socket.gethostname().replace('/', '_')}"
    temporary = folder / "tmp" / name
    try:
        for part in ("tmp", "new", "cur"):
            make_folder(folder / part, mode=0o700)
        with open(temporary, "xb", opener=no_link_opener(0o600)) as file:
            file.write(f"Return-Path: <{reverse_path}>\r\nDelivered-To: {address}\r\n".encode())
            splitter = HeaderSplitter(_HEADER_OCTETS)
            has_looped = False
            for piece in pieces:
                has_looped = has_looped or loops_through(splitter.feed(piece), address)
                file.write(piece)
            if has_looped or loops_through(splitter.finish(), address):
                _remove(temporary)
                return _LOOP
            file.flush()
            os.fsync(file.fileno())
        if not may_end():
            raise Abandoned("given up before the file got its name")
        # Opened before the file gets its name: a new/ that may not be read must not take a copy at each attempt.
        new = os.open(folder / "new", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.rename(temporary, folder / "new" / name)
            stage = _sync_or_take_back(new, name)
        finally:
            os.close(new)
        if stage is not None:
            return Said(stage, Reply.of(f"451 4.3.0 {folder / 'new'}: the name could not be made durable"))
    except OSError as exc:
        _remove(temporary)
        code = "452 4.3.1" if exc.errno in _FULL else "451 4.3.0"
        return Said(Stage.LOCAL, Reply.of(f"{code} {folder}: {exc.strerror or exc}"))
    except EmpathError:
        _remove(temporary)
        raise
    return Said(Stage.LOCAL, Reply.of(f"250 2.0.0 stored as {name}"))


def _sync_or_take_back(new: int, name: str) -> Stage | None:
    """Make *name* in the open directory *new* durable, or remove it; the stage of a failure, END_OF_DATA in doubt."""
    try:
        os.fsync(new)
    except OSError:
        try:
            os.unlink(name, dir_fd=new)
        except OSError:
            return Stage.END_OF_DATA  # a reader has moved it, or the disk is gone
        return Stage.LOCAL
    return None


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError:
        pass  # the folder is a file, or belongs to another user: the file was never made
