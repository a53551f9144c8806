"""
conversation - a driver for ServerSession that needs no socket

It answers each event from a table and keeps all events. `say` is one turn of a client that waits for its replies: the
octets may come in any pieces, and the replies are taken after all of them.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Final

from empath.mail.reply import Reply
from empath.smtp.server.events import (
    ClientNamed,
    Connected,
    Content,
    ContentEnded,
    DataOffered,
    Event,
    Greeted,
    MailOffered,
    OriginNamed,
    RecipientOffered,
    StartTls,
)
from empath.smtp.server.extensions import ALL, KNOWN, STARTTLS, Extensions, Security
from empath.smtp.server.limits import ServerLimits
from empath.smtp.server.session import ServerSession

Answer = Callable[[Event], Reply]
LIMITS = ServerLimits(message_octets=10_000)
BANNER = Reply.of("220 mx.example.test ESMTP")
WITHIN_TLS = Extensions(tuple(extension for extension in KNOWN if extension is not STARTTLS), security=Security.ACTIVE)
_OK = Reply.of("250 2.0.0 Ok")
ACCEPTANCE: Final[Mapping[type, Reply]] = {
    Connected: BANNER,
    Greeted: Reply.of("250 mx.example.test"),
    ClientNamed: BANNER,
    OriginNamed: _OK,
    StartTls: Reply.of("220 2.0.0 Go ahead"),
    MailOffered: _OK,
    RecipientOffered: _OK,
    DataOffered: Reply.of("354 Go ahead"),
    ContentEnded: _OK,
}


class Conversation:
    """One session with its driver. *answers* replaces the acceptance of some types of event."""

    def __init__(
        self,
        limits: ServerLimits = LIMITS,
        answers: dict[type, Reply | Answer] | None = None,
        extensions: Extensions = ALL,
        *,
        is_lenient: bool = False,
        takes_bare_lf: bool = True,
    ) -> None:
        self.session = ServerSession(
            "mx.example.test", limits, extensions, is_lenient=is_lenient, takes_bare_lf=takes_bare_lf
        )
        self.answers: dict[type, Reply | Answer] = {**ACCEPTANCE, **(answers or {})}
        self.events: list[Event] = []
        self.greeting = b""

    def open(self) -> "Conversation":
        """Take the banner."""
        self.greeting = self.say(b"")
        return self

    def say(self, *pieces: bytes) -> bytes:
        """Give *pieces* to the session and act on every event; the replies."""
        self.hear(*pieces)
        return self.session.octets_to_send()

    def hear(self, *pieces: bytes) -> None:
        """As `say`, but the replies stay in the session."""
        for piece in pieces:
            if piece:
                self.session.receive(piece)
            self._act()

    def secure(self, extensions: Extensions) -> None:
        """End the handshake after STARTTLS."""
        self.session.offer(extensions)
        self.session.begin_anew()

    def hang_up(self) -> bytes:
        """Send the end of file; the replies."""
        self.session.receive(b"")
        return self.say(b"")

    def message(self) -> bytes:
        """All content so far."""
        return b"".join(event.octets for event in self.events if isinstance(event, Content))

    def _act(self) -> None:
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
            answer = self.answers.get(type(event))
            if answer is not None:
                self.session.answer(answer if isinstance(answer, Reply) else answer(event))


def merged(events: Iterable[Event]) -> list[Event]:
    """The events with each run of Content made one."""
    result: list[Event] = []
    for event in events:
        if isinstance(event, Content) and result and isinstance(result[-1], Content):
            result[-1] = Content(result[-1].octets + event.octets)
        else:
            result.append(event)
    return result


def cut(octets: bytes, borders: Iterable[int]) -> list[bytes]:
    """*octets* in pieces that end at those *borders* that lie inside."""
    inside = sorted({border for border in borders if 0 < border < len(octets)})
    return [octets[start:end] for start, end in pairwise([0, *inside, len(octets)])]
