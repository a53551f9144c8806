"""
pipe - the transport to a program on this host

A program runs once for each recipient, or once for the message.  Its exit code decides (policy/program).
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from empath.config.tables.transports import Pipe
from empath.daemon.process.threads import in_thread
from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.carrier import Answer, Body, DeliveryJob, HostAttempt
from empath.daemon.worker.transport.program import Limits, NotStarted, run_program, write_input
from empath.errors import SyntaxViolation
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.message.header import HeaderSplitter, loops_through
from empath.policy.attempt import outcome_of
from empath.policy.program import arguments_for, reply_of
from empath.storage.queue.lease import LeasedRecipient

_LOOP: Final = Said(Stage.LOCAL, Reply.of("554 5.4.6 the message has been delivered to this recipient before"))
_HEADER_OCTETS: Final = 1024 * 1024
_ROOT: Final = Path("/")


class PipeCarrier:
    """Give messages to one program."""

    waits_for_hosts = True  # a run may take minutes, and may be ended
    exchangers: tuple[str, ...] = ()

    def __init__(self, name: str, pipe: Pipe, destination: str) -> None:
        self._name = name
        self._pipe = pipe
        self._destination = destination
        directory = pipe.directory or _ROOT
        self._limits = Limits(pipe.user, directory, pipe.timeout_s, pipe.memory_octets, pipe.output_octets)
        self.is_failing = False

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """See Carrier."""
        groups = [job.recipients] if self._pipe.per == "message" else [[each] for each in job.recipients]
        for recipients in groups:
            started_at, began = time.time(), time.monotonic()
            said = self._deliver(job, recipients)
            attempt = Attempt(self._destination, started_at, time.monotonic() - began)
            is_in_doubt = said.stage is Stage.END_OF_DATA
            yield HostAttempt(attempt, [Answer(each, said, outcome_of(said), is_in_doubt) for each in recipients])

    def _deliver(self, job: DeliveryJob, recipients: list[LeasedRecipient]) -> Said:
        message, pipe = job.message, self._pipe
        addresses = [each.address for each in recipients]
        self.is_failing = False
        try:
            arguments = arguments_for(pipe.command, message.mail_from, addresses, message.queue_id)
        except SyntaxViolation as exc:
            return Said(Stage.LOCAL, Reply.of(f"550 5.1.3 pipe {self._name}: {exc}"))
        try:
            file = in_thread(_input, job.body, pipe, message.mail_from, addresses)
        except NotStarted as exc:
            return self._failed(str(exc))
        if file is None:
            return _LOOP
        with file:
            if not job.may_end():
                raise Abandoned("given up before the program was started")
            try:
                end = run_program(arguments, file, self._limits)
            except NotStarted as exc:
                return self._failed(str(exc), "4.3.5")
        self.is_failing = bool(end.stopped)
        # A program that was killed may have delivered the mail before.
        is_in_doubt = bool(end.stopped) or end.status < 0
        return Said(Stage.END_OF_DATA if is_in_doubt else Stage.LOCAL, reply_of(self._name, end))

    def _failed(self, why: str, status: str = "4.3.0") -> Said:
        self.is_failing = True
        return Said(Stage.LOCAL, Reply.of(f"451 {status} pipe {self._name}: {why}"))


def _input(body: Body, pipe: Pipe, reverse_path: str, addresses: list[str]) -> BinaryIO | None:
    """
    The file with what the program reads, None if the message has been here before; in a thread.

    Raises:
        ContentGone, StorageFailure: the content cannot be read, or is damaged.
        NotStarted: the file cannot be written.
    """
    fields = f"Return-Path: <{reverse_path}>\r\n" if pipe.return_path else ""
    fields += f"Delivered-To: {addresses[0]}\r\n" if pipe.delivered_to else ""
    pieces = body.pieces()
    if pipe.delivered_to:
        splitter, has_looped = HeaderSplitter(_HEADER_OCTETS), False
        for piece in body.pieces():
            has_looped = has_looped or loops_through(splitter.feed(piece), addresses[0])
        if has_looped or loops_through(splitter.finish(), addresses[0]):
            return None
    try:
        return write_input(_with_line_ends(fields.encode(), pieces, pipe.line_end == "lf"), body.size, body.spool)
    except OSError as exc:  # gevent would print it in the thread
        raise NotStarted(f"the message cannot be written: {exc.strerror or exc}") from exc


def _with_line_ends(fields: bytes, pieces: Iterator[bytes], is_lf: bool) -> Iterator[bytes]:
    """All octets; a CRLF that is cut by two pieces is one, too."""
    if not is_lf:
        yield fields
        yield from pieces
        return
    yield fields.replace(b"\r\n", b"\n")
    held = b""
    for piece in pieces:
        whole = held + piece
        held = b"\r" if whole.endswith(b"\r") else b""
        yield (whole[:-1] if held else whole).replace(b"\r\n", b"\n")
    yield held
