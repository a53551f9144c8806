"""
stand_in - what an acceptor does that cannot use the queue

At the first start such a process ends, and the command that started Empath says why.  Later on, clients are waiting: a
process that ended at once, again and again, would leave them in the backlog without a word.  So it refuses them for a
while, longer than a process must live to be replaced at once, and another one tries anew.
"""

from _socket import socket as RawSocket
from functools import partial
from typing import Final

from empath.config.tables.tls import TlsMode
from empath.daemon.acceptor.listener import Listener
from empath.daemon.process.child import Child
from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError, MissingInput, StorageFailure, UnusableQueue
from empath.mail.reply import Reply
from empath.net.stream import Stream
from empath.telemetry.occurrences.acceptor import AcceptPaused, QueueUnusable

STAND_IN_S: Final = 15.0  # longer than `young_s` of the supervisor, shorter than its `ready_s`
REFUSAL: Final = Reply.of("421 4.3.0 The queue is not available, try again later")
QUEUE_FAILURES: Final = (StorageFailure, UnusableQueue, MissingInput)
_PAUSE_S: Final = 1.0


def may_stand_in(child: Child) -> bool:
    """Whether the process replaces another one, so that clients wait for it."""
    return child.generation > 1


def stand_in(runtime: Runtime, error: EmpathError, *, wait_s: float = STAND_IN_S) -> None:
    """Report *error*, and let the process live for *wait_s* seconds, or until it is told to end."""
    runtime.emit(QueueUnusable(error=str(error)))
    runtime.draining.clear()  # the failure of the registration has set it
    runtime.draining.wait(wait_s)


def refuse_all(runtime: Runtime, error: EmpathError, *, wait_s: float = STAND_IN_S) -> None:
    """Refuse all clients in place of the banner, as `stand_in` lets the process live."""
    modes = {listener.text: listener.tls for listener in runtime.config.listeners}
    listeners: list[Listener] = []

    def pause(reason: str) -> None:
        runtime.emit(AcceptPaused(reason=reason, pause_s=_PAUSE_S))
        for listener in listeners:
            listener.pause(_PAUSE_S)

    for inherited in runtime.child.listeners:
        refuse = partial(_refuse, runtime, modes.get(inherited.address) is not TlsMode.IMPLICIT)
        listeners.append(Listener(inherited.address, inherited.fd, refuse, pause))
    for listener in listeners:
        listener.start()
    try:
        stand_in(runtime, error, wait_s=wait_s)
    finally:
        for listener in listeners:
            listener.close()


def _refuse(runtime: Runtime, is_readable: object, raw: RawSocket, peer: tuple[object, ...]) -> None:
    stream = Stream(raw, str(peer[0]), runtime.deadlines)
    if is_readable:
        stream.send_now(REFUSAL.octets)
    stream.close()
