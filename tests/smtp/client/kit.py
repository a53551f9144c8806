"""kit - a client session and a peer that is a list of replies, without a socket"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from empath.smtp.client.events import ClientEvent
from empath.smtp.client.session import ClientRecipient, ClientSession, Transaction

EXTENSIONS = ("PIPELINING", "SIZE 100000", "8BITMIME", "SMTPUTF8", "DSN")
ONE_AT_A_TIME = ("SIZE 100000", "8BITMIME", "SMTPUTF8", "DSN")

OK = b"250 2.0.0 Ok\r\n"
GO_ON = b"354 Go ahead\r\n"
NO = b"550 5.1.1 No\r\n"
LATER = b"450 4.2.1 Later\r\n"
BYE = b"421 4.3.2 Bye\r\n"
DELIVERED = ("end-of-data", "250 2.0.0 Ok")


def greeting(extensions: Iterable[str]) -> bytes:
    """The answer to EHLO with these extensions."""
    lines = ["peer.test", *extensions]
    return b"".join(f"250{'-' if line is not lines[-1] else ' '}{line}\r\n".encode() for line in lines)


def transaction(*addresses: str, **parameters: Any) -> Transaction:
    """A small message from a@example.org."""
    recipients = dict(enumerate(map(ClientRecipient, addresses or ("b@example.net",))))
    usual: dict[str, Any] = {"reverse_path": "a@example.org", "recipients": recipients, "size": 5}
    return Transaction(**usual | parameters)


@dataclass
class Dialogue:
    """A session, the octets that it sent, and its events so far."""

    session: ClientSession = field(default_factory=lambda: ClientSession("me.test", frozenset({"me.test"})))
    sent: list[bytes] = field(default_factory=list)
    events: list[ClientEvent] = field(default_factory=list)

    def hear(self, *replies: bytes) -> "Dialogue":
        """Send *replies* of the peer, one after the other; an empty one closes the connection."""
        for octets in replies:
            self.session.receive(octets)
            self.note()
        return self

    def note(self) -> "Dialogue":
        """Record new octets and events of the session."""
        if octets := self.session.octets_to_send():
            self.sent.append(octets)
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
        return self

    def begin(self, what: Transaction) -> "Dialogue":
        """Start a transaction."""
        self.session.begin(what)
        return self.note()

    def send(self, *pieces: bytes) -> "Dialogue":
        """Send content and its end."""
        for piece in pieces:
            self.session.content(piece)
        self.session.end_content()
        return self.note()

    def forget(self) -> "Dialogue":
        """Empty the record."""
        self.sent.clear()
        self.events.clear()
        return self


def ready(extensions: Iterable[str] = EXTENSIONS) -> Dialogue:
    """A session that is ready for a transaction."""
    return Dialogue().hear(b"220 peer.test ESMTP\r\n", greeting(extensions)).forget()


def delivered(extensions: Iterable[str] = EXTENSIONS) -> Dialogue:
    """A session that is ready again after it has delivered a message."""
    return ready(extensions).begin(transaction()).hear(OK, OK, GO_ON).send(b"a").hear(OK).forget()


def fates(dialogue: Dialogue) -> list[tuple[str, str]]:
    """Stage and reply of each recipient, from the last event with results."""
    *_, ended = (event for event in dialogue.events if hasattr(event, "results"))
    return [(str(result.stage), result.reply.escaped()) for result in ended.results.values()]
