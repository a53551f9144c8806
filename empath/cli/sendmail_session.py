"""
sendmail_session - SMTP on standard input and output, for `sendmail -bs`

Each accepted message is left for the server as one file, as that of a plain `sendmail`.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

from empath.errors import EmpathError
from empath.mail.identity import QueueId, Timestamp
from empath.mail.reply import Reply
from empath.smtp.server.events import (
    Connected,
    Content,
    ContentEnded,
    ContentRefused,
    DataOffered,
    Event,
    Greeted,
    MailOffered,
    RecipientOffered,
    TransactionReset,
)
from empath.smtp.server.extensions import (
    DSN,
    EIGHT_BIT_MIME,
    ENHANCED_STATUS_CODES,
    LIMITS,
    PIPELINING,
    SIZE,
    SMTPUTF8,
    Extensions,
)
from empath.smtp.server.limits import ServerLimits
from empath.smtp.server.session import ServerSession
from empath.smtp.server.states import ServerState
from empath.storage.drop import DropEnvelope, DropRecipient, write_drop

_OK: Final = Reply.of("250 2.1.0 Ok")
_GO_AHEAD: Final = Reply.of("354 End data with <CR><LF>.<CR><LF>")
_NOT_HERE: Final = Reply.of("503 5.5.1 Not offered here")
_READ_OCTETS: Final = 65_536
_LONE_DOT: Final = (b".\r\n", b".\n")
# What a dropped message can keep. Chunks do not end with a line, and a read of a line would wait for more.
_OFFERED: Final = Extensions((PIPELINING, SIZE, EIGHT_BIT_MIME, SMTPUTF8, ENHANCED_STATUS_CODES, DSN, LIMITS))


class LocalSession:
    """One session of a local program, whose mail goes to *directory* under the sender that it names."""

    def __init__(self, hostname: str, postmaster: str, limits: ServerLimits, directory: Path) -> None:
        self._hostname = hostname
        self._postmaster = postmaster
        self._directory = directory
        self._session = ServerSession(hostname, limits, _OFFERED, is_lenient=True)
        self._mail: MailOffered | None = None
        self._recipients: list[DropRecipient] = []
        self._pieces: list[bytes] = []
        self._answers: dict[type, Callable[[Any], Reply | None]] = {
            Connected: lambda _: Reply.of(f"220 {hostname} ESMTP Empath"),
            Greeted: lambda _: Reply(250, None, hostname),
            MailOffered: self._begin,
            RecipientOffered: self._add,
            DataOffered: lambda _: _GO_AHEAD,
            Content: lambda event: self._pieces.append(event.octets),
            ContentEnded: self._end,
            ContentRefused: lambda _: self._forget(),
            TransactionReset: lambda _: self._forget(),
        }

    def run(self, stdin: BinaryIO, stdout: BinaryIO) -> None:
        """Serve until QUIT or the end of the input."""
        session = self._session
        while True:
            while (event := session.next_event()) is not None:
                self._answer(event)
            session.take_refusals()
            stdout.write(session.octets_to_send())
            stdout.flush()
            if session.is_closed:
                return
            # A line at a time: a batch of commands in a file waits for no reply, and means no harm.
            in_content = session.state is ServerState.CONTENT
            session.receive(_content_lines(stdin) if in_content else stdin.readline(_READ_OCTETS))

    def _answer(self, event: Event) -> None:
        answer = self._answers.get(type(event), lambda _: None)(event)
        if answer is not None:
            self._session.answer(answer)

    def _begin(self, event: MailOffered) -> Reply:
        self._forget()
        self._mail = event
        return _OK

    def _add(self, event: RecipientOffered) -> Reply:
        address = str(event.forward_path.address or self._postmaster)
        self._recipients.append(DropRecipient(address, event.notify, event.original_recipient))
        return _OK

    def _end(self, _: ContentEnded) -> Reply:
        mail, recipients, content = self._mail, tuple(self._recipients), b"".join(self._pieces)
        self._forget()
        assert mail is not None
        envelope = DropEnvelope(
            str(mail.reverse_path), recipients, mail.body_type, mail.is_smtputf8, mail.dsn_return, mail.envelope_id
        )
        queue_id = QueueId.make(Timestamp(time.time()), os.urandom(10))
        try:
            write_drop(self._directory, queue_id, envelope, content)
        except EmpathError as exc:
            return Reply.of(f"451 4.3.0 The message could not be stored: {exc}")
        return Reply.of(f"250 2.0.0 Ok: queued as {queue_id}")

    def _forget(self) -> None:
        self._mail = None
        self._recipients, self._pieces = [], []


def _content_lines(stdin: BinaryIO) -> bytes:
    """Lines up to the end of data, or many of them: each has its price in the session."""
    lines: list[bytes] = []
    octets = 0
    while octets < _READ_OCTETS and (line := stdin.readline(_READ_OCTETS)):
        lines.append(line)
        octets += len(line)
        if line in _LONE_DOT:
            break
    return b"".join(lines)
