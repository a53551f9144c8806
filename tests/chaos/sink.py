"""
sink - a next hop that records mail in the ledger and refuses a part of it for a while

Some sinks behave worse: they drip their replies octet by octet, say 250 or 421 where no reply is due, or limit the
messages of a session and the recipients of a message. One takes mail inside TLS only.
A sink refuses before it records an arrival, and answers 250 after it: a recorded mail whose 250 was lost may come
again.
"""

import hashlib
import random
import socketserver
import ssl
import threading
import time
from contextlib import suppress
from enum import Enum, auto
from functools import cache
from io import BufferedIOBase

import trustme

from tests.chaos.ledger import Ledger

DIGEST = b"X-Digest: "
_REFUSED = b"451 4.7.1 Not now\r\n"
_DRIP_S = 0.002
_LATE_S = 0.01  # pause before an unasked reply, so that it comes alone
_UNASKED = 0.2  # share of the chances for an unasked reply that an early-talking sink takes
_MESSAGES = 3  # most messages of one session of a limited sink
_RECIPIENTS = 2  # most recipients of one message of a limited sink


class Behaviour(Enum):
    """How a sink answers."""

    PLAIN = auto()
    DRIPPING = auto()
    EARLY_TALKING = auto()
    LIMITED = auto()
    SECURED = auto()


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("sink.test").configure_cert(context)
    return context


class Sink(socketserver.ThreadingTCPServer):
    """Listens on a free port of 127.0.0.1 while it is entered; *refusal* is the share of mails that it refuses."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ledger: Ledger, refusal: float, seed: int, behaviour: Behaviour = Behaviour.PLAIN) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.behaviour = behaviour
        self.ledger = ledger
        self._refusal = refusal
        self._random = random.Random(seed)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self.server_address[1])

    def refuses(self, share: float = 1.0) -> bool:
        """Draw whether to refuse the next mail; *share* of the refusals happen here."""
        return self._random.random() < self._refusal * share

    def speaks_unasked(self, share: float = 1.0) -> bool:
        """Draw whether to send an unasked reply now; *share* of the chances count here."""
        return self.behaviour is Behaviour.EARLY_TALKING and self._random.random() < _UNASKED * share

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: the peer was killed on purpose."""


class _Session(socketserver.StreamRequestHandler):
    server: Sink
    disable_nagle_algorithm = True

    def handle(self) -> None:
        recipients: list[str] = []
        messages = 0
        needs_tls = self.server.behaviour is Behaviour.SECURED
        is_limited = self.server.behaviour is Behaviour.LIMITED
        self._say(b"220 sink.test\r\n")
        while line := self.rfile.readline(4096):
            verb = line[:4].upper()
            if verb == b"EHLO":
                # Seldom: a host that turns each fifth session away gets one connection at a time.
                early = b"421 4.3.2 Closing\r\n" * self.server.speaks_unasked(share=0.1)
                offer = b"250-STARTTLS\r\n" * needs_tls
                extensions = b"250-PIPELINING\r\n250-8BITMIME\r\n" + offer + b"250 SIZE 104857600\r\n"
                self._say(b"250-sink.test\r\n" + extensions + early)
                if early:
                    return
            elif needs_tls and verb == b"STAR":
                self._say(b"220 2.0.0 Go\r\n")
                if not self._secure():
                    return
                needs_tls = False
            elif needs_tls and verb != b"QUIT":
                self._say(b"530 5.7.0 Inside TLS only\r\n")
            elif verb == b"MAIL" and is_limited and messages == _MESSAGES:
                self._say(b"451 4.7.0 Enough for one session\r\n")
            elif verb == b"RCPT":
                if is_limited and len(recipients) == _RECIPIENTS:
                    self._say(b"452 4.5.3 Too many recipients\r\n")
                    continue
                if self.server.refuses(share=0.5):
                    self._say(_REFUSED)
                    continue
                recipients.append(line.partition(b"<")[2].partition(b">")[0].decode())
                self._say(b"250 2.1.5 Ok\r\n")
            elif verb == b"DATA" and recipients:
                # The early reply is false: the sink refuses the message in any case.
                is_early = self.server.speaks_unasked()
                self._say(b"354 Go on\r\n" + b"250 2.0.0 Ok\r\n" * is_early)
                damage = _damage(self.rfile)
                if damage == "":
                    return
                if is_early or self.server.refuses(share=0.5):
                    self._say(_REFUSED)
                else:
                    messages += 1
                    self.server.ledger.arrive(recipients, damage)
                    self._say(b"250 2.0.0 Ok\r\n" + b"250 2.0.0 Ok\r\n" * self.server.speaks_unasked())
                    if self.server.speaks_unasked():
                        time.sleep(_LATE_S)
                        self._say(b"250 2.0.0 Ok\r\n")
                recipients = []
            elif verb == b"QUIT":
                self._say(b"221 2.0.0 Bye\r\n")
                return
            else:
                if verb in (b"MAIL", b"RSET"):
                    recipients = []
                self._say(b"503 5.5.1 No recipients\r\n" if verb == b"DATA" else b"250 2.0.0 Ok\r\n")

    def finish(self) -> None:
        with suppress(OSError):  # the peer was killed
            super().finish()
        self.connection.close()

    def _secure(self) -> bool:
        """Go on inside TLS; False if the handshake failed, as it does where a worker was killed in its middle."""
        try:
            self.connection = _tls().wrap_socket(self.connection, server_side=True)
        except OSError:
            return False
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        return True

    def _say(self, reply: bytes) -> None:
        if self.server.behaviour is not Behaviour.DRIPPING:
            self.wfile.write(reply)
            return
        for octet in reply:
            self.wfile.write(bytes((octet,)))
            time.sleep(_DRIP_S)


def _damage(file: BufferedIOBase) -> str | None:
    """Read content up to the final dot: None if its body has the digest its header tells, "" if it has no end."""
    told, body, is_body = b"", hashlib.sha256(), False
    while line := file.readline(65536):
        if line == b".\r\n":
            found = body.hexdigest().encode()
            return None if found == told else f"digest {found.decode()}, told {told.decode() or 'nothing'}"
        if is_body:
            body.update(line[1:] if line.startswith(b".") else line)
        elif line.startswith(DIGEST):
            told = line[len(DIGEST) :].strip()
        elif line == b"\r\n":
            is_body = True
    return ""
