"""
load - clients that send all the time, each in a thread, and record the replies

Unlike a real client, a client here does not send a mail again. So a recipient with two copies shows a duplicate that
the server made.
"""

import hashlib
import itertools
import random
import smtplib
import threading

from tests.chaos.ledger import Answer, Ledger
from tests.chaos.sink import DIGEST

_LARGE = 0.02  # share of mails that go through the spool
_SMALL_OCTETS, _LARGE_OCTETS = 4_000, 400_000
_TIMEOUT_S = 60.0
_MAILS_PER_CONNECTION = 20
_PAUSE_S = 0.02  # pause between two mails, and before the next connection


class Load:
    """*clients* threads send to *domains* through *port* until `stop()`."""

    def __init__(self, ledger: Ledger, port: int, domains: list[str], *, clients: int, seed: int) -> None:
        self._ledger = ledger
        self._port = port
        self._domains = domains
        self._is_over = threading.Event()
        self._numbers = itertools.count()
        self._threads = [threading.Thread(target=self._run, args=(seed + n,), daemon=True) for n in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each client finish its mail."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, seed: int) -> None:
        draw = random.Random(seed)
        while not self._is_over.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self._port, "client.test", timeout=_TIMEOUT_S) as connection:
                    connection.ehlo()
                    for _ in range(_MAILS_PER_CONNECTION):
                        self._send(connection, draw)
                        if self._is_over.wait(_PAUSE_S):
                            return
            except (OSError, smtplib.SMTPException):
                self._is_over.wait(_PAUSE_S)  # the acceptor was killed: there will be another

    def _send(self, connection: smtplib.SMTP, draw: random.Random) -> None:
        """
        Send one mail.

        Raises:
            OSError, SMTPException: the connection is gone; what it means for the mail is in the ledger.
        """
        number = next(self._numbers)
        wanted = [f"r{n}.{number}@{draw.choice(self._domains)}" for n in range(draw.choice((1, 1, 1, 2, 5)))]
        answer = Answer.REFUSED
        try:
            is_begun = connection.mail(f"sender-{number}@client.test")[0] == 250
            taken = [recipient for recipient in wanted if is_begun and connection.rcpt(recipient)[0] == 250]
            if taken == wanted:
                answer = Answer.UNKNOWN
                try:
                    is_taken = connection.data(_content(number, draw))[0] == 250
                except smtplib.SMTPDataError:  # the reply to DATA itself
                    is_taken = False
                answer = Answer.TAKEN if is_taken else Answer.REFUSED
            if answer is Answer.REFUSED:
                connection.rset()
        finally:
            self._ledger.answer(wanted, answer)


def _content(number: int, draw: random.Random) -> bytes:
    octets = _LARGE_OCTETS if draw.random() < _LARGE else _SMALL_OCTETS
    line = b".line %d of text that has a dot at its beginning\r\n" % number
    body = line * (octets // len(line))
    return b"Subject: chaos %d\r\n%s%s\r\n\r\n%s" % (number, DIGEST, hashlib.sha256(body).hexdigest().encode(), body)
