"""
sink - a next hop that takes mail into the ledger and refuses a part of it for a while

It refuses before it writes an arrival down, and answers 250 after: a mail that it wrote down and whose 250 nobody heard
may come again.
"""

import hashlib
import random
import socketserver
import threading
from io import BufferedIOBase

from tests.chaos.ledger import Ledger

DIGEST = b"X-Digest: "
_REFUSED = b"451 4.7.1 Not now\r\n"


class Sink(socketserver.ThreadingTCPServer):
    """Listens on a free port of 127.0.0.1 while it is entered; *refusal* is the share of mails that it refuses."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ledger: Ledger, refusal: float, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.ledger = ledger
        self._refusal = refusal
        self._random = random.Random(seed)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def refuses(self, share: float = 1.0) -> bool:
        """Draw whether the next thing is refused; *share* of the refusals fall to it."""
        return self._random.random() < self._refusal * share

    def handle_error(self, request: object, client_address: object) -> None:
        """The other side was killed; that is what this is about."""


class _Session(socketserver.StreamRequestHandler):
    server: Sink
    disable_nagle_algorithm = True

    def handle(self) -> None:
        recipients: list[str] = []
        self._say(b"220 sink.test\r\n")
        while line := self.rfile.readline(4096):
            verb = line[:4].upper()
            if verb == b"EHLO":
                self._say(b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 104857600\r\n")
            elif verb == b"RCPT":
                if self.server.refuses(share=0.5):
                    self._say(_REFUSED)
                    continue
                recipients.append(line.partition(b"<")[2].partition(b">")[0].decode())
                self._say(b"250 2.1.5 Ok\r\n")
            elif verb == b"DATA" and recipients:
                self._say(b"354 Go on\r\n")
                damage = _damage(self.rfile)
                if damage == "":
                    return
                if self.server.refuses(share=0.5):
                    self._say(_REFUSED)
                else:
                    self.server.ledger.arrive(recipients, damage)
                    self._say(b"250 2.0.0 Ok\r\n")
                recipients = []
            elif verb == b"QUIT":
                self._say(b"221 2.0.0 Bye\r\n")
                return
            else:
                if verb in (b"MAIL", b"RSET"):
                    recipients = []
                self._say(b"503 5.5.1 No recipients\r\n" if verb == b"DATA" else b"250 2.0.0 Ok\r\n")

    def _say(self, reply: bytes) -> None:
        self.wfile.write(reply)


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
