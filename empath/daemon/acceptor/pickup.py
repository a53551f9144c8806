"""
pickup - take in the messages that programs of this host left in a directory

THEORY
    Each message goes through a session of its own, over a pair of sockets: what holds for a client that logged in holds
    for a local program, and no second way leads into the queue.  The owner of the file is the account, `uid-1000`.

RULES
    A file is removed only when every recipient is decided: the message is committed under the queue id that its name
    holds, or a report to the sender is on the disk.  A file whose id the queue knows was committed before a crash.
    If recipients get different answers, the file is split before anything is committed: so no report is lost with a
    file whose message is known, and recipients that must wait keep no other waiting.  A crash within a split doubles no
    mail and loses none: see storage/drop.py.
    Every user may leave files, and as many as the disk holds.  So new files come before those that were put off, and
    of these only a few fail again in one look.
    What cannot be a message is moved to `refused/` and kept for a person.
"""

import os
import socket
import stat
import sys
import time
from _socket import socket as RawSocket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import gevent

from empath.config import Config
from empath.config.report_templates import read_report_templates
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.session import ReceivingSession
from empath.daemon.process.threads import in_thread
from empath.errors import EmpathError, StorageFailure, SyntaxViolation
from empath.mail.identity import QueueId, Timestamp
from empath.mail.reply import Reply
from empath.message.fields import Fields
from empath.message.report.compose import compose
from empath.message.report.facts import (
    Action,
    LastAttempt,
    Original,
    Report,
    ReportedMessage,
    ReportedRecipient,
    ReportKind,
)
from empath.message.report.language import wanted_languages
from empath.net.stream import Deadlines, Stream
from empath.policy.login.account import LoggedIn
from empath.smtp.client.capabilities import NO_CAPABILITIES, Capabilities
from empath.smtp.client.dot_stuffing import DotStuffer
from empath.smtp.client.reply_reader import ReplyReader
from empath.smtp.client.transaction import ClientRecipient, mail_command, rcpt_command
from empath.smtp.client.transaction import Transaction as ClientTransaction
from empath.storage.drop import (
    REFUSED,
    Drop,
    DropEnvelope,
    DropRecipient,
    Split,
    dropped,
    mend_splits,
    open_drop,
    write_drop,
)
from empath.storage.engine import Reader
from empath.storage.queue.accept import is_known
from empath.storage.spool import make_folder, sync_folder
from empath.telemetry.occurrence import Occurrence, traceback_text, words_of
from empath.telemetry.occurrences.acceptor import PickupFailed, PickupPutOff, PickupRefused, SessionCrashed

_LOOK_S: Final = 1.0
_FILES_AT_ONCE: Final = 100  # new ones, of one look
_FAILURES_AT_ONCE: Final = 10  # of one look, among files that were put off before
_LONGEST_WAIT_S: Final = 60.0
_TIMEOUT_S: Final = 60.0  # for one message in all, whose other side is in this process
_HEADER_OCTETS: Final = 16 * 1024  # of the original, in a report
_THIS_HOST: Final = IPv4Address("127.0.0.1")
_OVER_ENVELOPE: Final = 1024 * 1024


class Pickup:
    """The files of one directory. `clock` gives monotonic seconds."""

    def __init__(
        self,
        directory: Path,
        context: ListenerContext,
        reader: Reader,
        deadlines: Deadlines,
        *,
        clock: Callable[[], float] = time.monotonic,
        new_session: Callable[..., ReceivingSession] = ReceivingSession,
    ) -> None:
        """*context* is that of a submission listener without a socket; *new_session* makes its sessions."""
        self._directory = directory
        self._context = context
        self._reader = reader
        self._deadlines = deadlines
        self._clock = clock
        self._new_session = new_session
        self._put_off: dict[str, tuple[float, float]] = {}  # by name: when it is tried again, and its wait before

    @property
    def _most_octets(self) -> int:
        return self._context.configured.message_octets + _OVER_ENVELOPE

    def run(self) -> None:
        """Look for files again and again."""
        is_readable = True
        while True:
            try:
                self.look()
                is_readable = True
            except EmpathError as exc:
                if is_readable:
                    self._emit(PickupFailed(error=str(exc)))
                is_readable = False
            gevent.sleep(_LOOK_S)

    def look(self) -> None:
        """
        Take in what is there.

        Raises:
            StorageFailure: the directory cannot be read.
        """
        names = in_thread(_names, self._directory, _FILES_AT_ONCE + len(self._put_off), self._most_octets)
        there = set(names)
        self._put_off = {name: wait for name, wait in self._put_off.items() if name in there}
        before, now = dict(self._put_off), self._clock()
        for name in [name for name in names if name not in before][:_FILES_AT_ONCE]:
            if self._context.is_draining:
                return
            self._take(name)
        failures = 0
        for due_at, name in sorted((due_at, name) for name, (due_at, _) in before.items() if due_at <= now):
            if self._context.is_draining or failures == _FAILURES_AT_ONCE:
                return
            self._take(name)
            failures += self._put_off.get(name, (due_at, 0.0))[0] != due_at

    def _take(self, name: str) -> None:
        path = self._directory / name
        try:
            drop = in_thread(_opened, path, self._most_octets)
        except SyntaxViolation as exc:
            self._set_aside(path, str(exc))
            return
        except EmpathError as exc:
            self._wait(name, str(exc))
            return
        if drop is None:
            return
        try:
            if is_known(self._reader, drop.queue_id):
                self._remove(path)
            else:
                self._submit(path, drop)
        except SyntaxViolation as exc:
            self._set_aside(path, str(exc))
        except (EmpathError, OSError) as exc:
            self._wait(name, str(exc))
        except Exception as exc:  # noqa: BLE001 - a bug that one message meets must not keep the others waiting
            self._emit(SessionCrashed(client=_account(drop), error=words_of(exc), exception=traceback_text(exc)))
            self._wait(name, "a fault in Empath; its log has the cause")
        finally:
            drop.close()

    def _submit(self, path: Path, drop: Drop) -> None:
        with _Dialogue(self._new_session, self._context, drop, self._deadlines) as dialogue:
            refusal = dialogue.begin()
            if refusal is not None:
                self._end(path, drop, dict.fromkeys(drop.envelope.recipients, refusal))
                return
            replies = {recipient: dialogue.offer(recipient) for recipient in drop.envelope.recipients}
            first = next(iter(replies.values())).klass
            others = [recipient for recipient, reply in replies.items() if reply.klass != first]
            if others:
                self._split(path, drop, others)
            elif first != 2:
                self._end(path, drop, replies)
            else:
                reply = dialogue.send_content()
                self._end(path, drop, {} if reply.klass == 2 else dict.fromkeys(replies, reply))

    def _end(self, path: Path, drop: Drop, replies: dict[DropRecipient, Reply]) -> None:
        """Do with the file what the *replies* to recipients that were not accepted say."""
        waiting = next((reply for reply in replies.values() if reply.klass != 5), None)
        if waiting is not None:
            self._wait(path.name, str(waiting))
            return
        for recipient, reply in replies.items():
            self._emit(
                PickupRefused(
                    queue_id=str(drop.queue_id), account=_account(drop), recipient=recipient.address, reply=str(reply)
                )
            )
        if replies and drop.envelope.reverse_path:
            in_thread(_report, self._directory, self._context.config, drop, replies)
            self._remove(path)
        elif replies:
            self._set_aside(path, "no recipient was accepted, and there is no sender to tell")
        else:
            self._remove(path)

    def _split(self, path: Path, drop: Drop, others: list[DropRecipient]) -> None:
        """Make two files of one, so that all recipients of each have the same answer."""
        in_thread(_split_file, path, drop, frozenset(others))
        self._put_off.pop(path.name, None)

    def _wait(self, name: str, reason: str) -> None:
        _, before_s = self._put_off.get(name, (0.0, _LOOK_S / 2))
        wait_s = min(2 * before_s, _LONGEST_WAIT_S)
        self._put_off[name] = (self._clock() + wait_s, wait_s)
        self._emit(PickupPutOff(file=name, reason=reason, wait_s=wait_s))

    def _remove(self, path: Path) -> None:
        in_thread(_unlink, path)
        self._put_off.pop(path.name, None)

    def _set_aside(self, path: Path, reason: str) -> None:
        try:
            kept = in_thread(_move_aside, path)
        except EmpathError as exc:
            self._wait(path.name, str(exc))
        else:
            self._emit(PickupFailed(error=f"{path.name}: {reason}; it is kept as {kept}"))

    def _emit(self, happened: Occurrence) -> None:
        self._context.emit(happened)


class _Dialogue:
    """A session with this process itself about one message."""

    def __init__(
        self,
        new_session: Callable[..., ReceivingSession],
        context: ListenerContext,
        drop: Drop,
        deadlines: Deadlines,
    ) -> None:
        self._drop = drop
        self._ours, theirs = (Stream(raw, str(_THIS_HOST), deadlines) for raw in _pair())
        self._ours.deadline_at = time.monotonic() + _TIMEOUT_S
        account = LoggedIn(_account(drop), None)
        # No number of refusals ends this session: each one is reported to the sender.
        limits = replace(context.limits, errors=sys.maxsize, slow_errors=sys.maxsize)
        own = replace(context, queue_id=drop.queue_id, limits=limits)
        self._session = gevent.spawn(new_session(own, theirs, _THIS_HOST, account=account).run)
        self._reader = ReplyReader()
        self._peer = NO_CAPABILITIES

    def __enter__(self) -> "_Dialogue":
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._session.join()

    def begin(self) -> Reply | None:
        """Greet and give the sender; the reply that refuses it."""
        envelope, drop = self._drop.envelope, self._drop
        reply = self._reply()
        if reply.klass == 2:
            reply = self._say(f"EHLO {_account(drop)}\r\n".encode())
            self._peer = Capabilities.parse(reply)
        if reply.klass == 2:
            has_8bit = envelope.body_type != "7BIT"
            transaction = ClientTransaction(
                reverse_path=envelope.reverse_path,
                recipients={n: _client_recipient(r) for n, r in enumerate(envelope.recipients)},
                size=drop.size,
                body_type=envelope.body_type,
                is_smtputf8=envelope.is_smtputf8,
                has_8bit=has_8bit,
                dsn_return=envelope.dsn_return,
                envelope_id=envelope.envelope_id,
            )
            reply = self._say(mail_command(transaction, self._peer))
        return None if reply.klass == 2 else reply

    def offer(self, recipient: DropRecipient) -> Reply:
        """Give one recipient."""
        return self._say(rcpt_command(_client_recipient(recipient), self._peer))

    def send_content(self) -> Reply:
        """Send the content; the reply to its end, after which an accepted message is durable."""
        reply = self._say(b"DATA\r\n")
        if reply.code != 354:
            return reply
        stuffer, pieces = DotStuffer(), self._drop.pieces()
        while piece := in_thread(next, pieces, b""):
            self._ours.send(stuffer.stuff(piece))
        return self._say(stuffer.end())

    def _say(self, octets: bytes) -> Reply:
        self._ours.send(octets)
        return self._reply()

    def _reply(self) -> Reply:
        while (reply := self._reader.next_reply()) is None:
            octets = self._ours.receive()
            if not octets:
                raise StorageFailure("the session with this process ended")
            self._reader.receive(octets)
        return reply


def _pair() -> list[RawSocket]:
    """Two connected sockets, as `Stream` takes them."""
    pair = []
    for each in socket.socketpair():
        raw = RawSocket(each.family, each.type, each.proto, each.detach())
        raw.setblocking(False)
        pair.append(raw)
    return pair


def _account(drop: Drop) -> str:
    return f"uid-{drop.uid}"


def _client_recipient(recipient: DropRecipient) -> ClientRecipient:
    return ClientRecipient(recipient.address, recipient.notify, recipient.original_recipient)


def _names(directory: Path, limit: int, most_octets: int) -> list[str]:
    mend_splits(directory, max_octets=most_octets)
    return dropped(directory, limit=limit)


def _opened(path: Path, max_octets: int) -> Drop | None:
    try:
        return open_drop(path, max_octets=max_octets)
    except FileNotFoundError:
        return None


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def _move_aside(path: Path) -> Path:
    refused = path.parent / REFUSED
    try:
        make_folder(refused, mode=0o700)
        status = os.lstat(refused)
        # Any user may make names here: a link would lead the file to wherever root may write.
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise StorageFailure(f"{refused}: it is not a directory of the server; remove it")
        kept = refused / path.name
        os.rename(path, kept)
        sync_folder(refused)
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc
    return kept


def _split_file(path: Path, drop: Drop, others: frozenset[DropRecipient]) -> None:
    split = Split(path, drop, others, lambda: QueueId.make(Timestamp(time.time()), os.urandom(10)))
    split.write_part()
    split.shorten()
    split.release()


def _report(directory: Path, config: Config, drop: Drop, replies: dict[DropRecipient, Reply]) -> None:
    """Leave a report to the sender, which goes the same way."""
    now = Timestamp(time.time())
    queue_id, envelope = QueueId.make(now, os.urandom(10)), drop.envelope
    header = next(drop.pieces(), b"")[:_HEADER_OCTETS].split(b"\r\n\r\n", 1)[0] + b"\r\n"
    report = Report(
        kind=ReportKind.FAILURE,
        message=ReportedMessage(str(drop.queue_id), now, envelope.is_smtputf8, envelope.envelope_id, None),
        recipients=tuple(
            ReportedRecipient(
                recipient.address,
                Action.FAILED,
                recipient.address,
                recipient.original_recipient,
                last_attempt=LastAttempt(
                    now, str(reply.enhanced) if reply.enhanced else None, reply.escaped(), None, is_from_host=False
                ),
            )
            for recipient, reply in replies.items()
        ),
        original=Original(header, is_whole=False),
        hostname=str(config.hostname),
        to=envelope.reverse_path,
        queue_id=str(queue_id),
        at=now,
        boundary=os.urandom(16).hex(),
    )
    to = DropEnvelope("", (DropRecipient(envelope.reverse_path),), envelope.body_type, envelope.is_smtputf8)
    templates = read_report_templates(config.reports.templates).usable
    template = templates.find(report.kind, wanted_languages(Fields.of(header)))
    write_drop(directory, queue_id, to, compose(report, template))
