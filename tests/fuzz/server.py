"""
server - the receiving session with any octets and any decisions of its driver

Promises: no exception; the same events, replies and state however the octets are cut; small buffers; well-formed
replies; events in an order that the protocol allows; content as RFC 5321 defines it, with a single end when it is sent
on, even for lenient hosts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from empath.mail.address import ForwardPath, ReversePath
from empath.mail.reply import Reply
from empath.smtp.client.dot_stuffing import DotStuffer
from empath.smtp.server.events import (
    AuthOffered,
    AuthResponded,
    ClientNamed,
    Closed,
    Connected,
    Content,
    ContentEnded,
    ContentRefused,
    DataOffered,
    Event,
    Greeted,
    MailOffered,
    OriginNamed,
    RecipientOffered,
    StartTls,
    TransactionReset,
)
from empath.smtp.server.extensions import ALL, XCLIENT, XFORWARD, Extensions
from empath.smtp.server.limits import ServerLimits
from empath.smtp.server.session import ServerSession
from empath.smtp.transcript import Transcript
from tests.fuzz.case import Case
from tests.kit.conversation import WITHIN_TLS, cut, merged
from tests.kit.wire import content_of, may_smuggle, reply_codes
from tests.smtp.server.kit import WITH_AUTH, WITHOUT_CHUNKING

NAMES_CLIENTS = Extensions((*WITHOUT_CHUNKING.offered, XCLIENT, XFORWARD))
OFFERS = [
    (
        ServerLimits(message_octets=200, recipients=2, command_octets=80, line_octets=40, errors=5, junk=3),
        WITH_AUTH,
    ),
    (ServerLimits(message_octets=10_000, recipients=100, errors=100), NAMES_CLIENTS),
    (ServerLimits(message_octets=10_000, recipients=100, errors=100, line_octets=None), WITHOUT_CHUNKING),
    (ServerLimits(message_octets=200, recipients=100, errors=100), ALL),
]
RESPONSE_OCTETS = 12_288  # RFC 4954 §4
UNDECIDED_OCTETS = 4  # octets of content that may wait for more: a line end and a dot
YES: dict[type, list[Reply]] = {
    Connected: [Reply.of("220 mx.example.test ESMTP")],
    Greeted: [Reply.of("250 mx.example.test"), Reply.of("250 one\ntwo")],
    StartTls: [Reply.of("220 2.0.0 Go ahead")],
    AuthOffered: [Reply.of("235 2.7.0 Ok"), Reply.of("334 Z28=")],
    AuthResponded: [Reply.of("235 2.7.0 Ok"), Reply.of("334 ")],
    ClientNamed: [Reply.of("220 mx.example.test ESMTP")],
    OriginNamed: [Reply.of("250 2.0.0 Ok")],
    MailOffered: [Reply.of("250 2.1.0 Ok")],
    RecipientOffered: [Reply.of("250 2.1.5 Ok")],
    DataOffered: [Reply.of("354 Go ahead")],
    ContentEnded: [Reply.of("250 2.0.0 Ok: queued")],
}
NO: dict[type, list[Reply]] = {
    Connected: [Reply.of("421 4.3.2 Later"), Reply.of("554 5.3.2 No")],
    Greeted: [Reply.of("550 5.7.1 No"), Reply.of("421 4.3.2 Later")],
    StartTls: [Reply.of("454 4.7.0 Later"), Reply.of("421 4.3.2 Later")],
    AuthOffered: [Reply.of("535 5.7.8 No"), Reply.of("504 5.5.4 No")],
    AuthResponded: [Reply.of("535 5.7.8 No"), Reply.of("454 4.7.0 Later")],
    ClientNamed: [Reply.of("421 4.7.0 Too many"), Reply.of("521 5.7.1 No"), Reply.of("454 4.7.0 Later")],
    OriginNamed: [Reply.of("451 4.3.0 Later")],
    MailOffered: [Reply.of("452 4.3.1 Full"), Reply.of("521 5.3.2 No")],
    RecipientOffered: [Reply.of("450 4.2.1 Later"), Reply.of("550 5.1.1 No")],
    DataOffered: [Reply.of("451 4.3.0 Later")],
    ContentEnded: [Reply.of("451 4.3.0 Later"), Reply.of("554 5.6.0 No")],
}
STOPPING = Reply.of("421 4.3.2 Service is stopping")


@dataclass
class Envelope:
    """The known part of one session and its transaction, against which the next event is judged."""

    is_greeted: bool = False
    mail: MailOffered | None = None
    recipients: int = 0
    content: bytearray | None = None


class Session:
    """One session with its driver; each event is judged."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._random = Random(case.choices)
        self._limits, extensions = self._random.choice(OFFERS)
        self._has_chunks = extensions is ALL
        self._command_octets = RESPONSE_OCTETS if extensions is WITH_AUTH else self._limits.command_octets
        self._kindness = self._random.choice([1.0, 0.95, 0.6])
        is_lenient = case.choices % 2 == 1
        self._session = ServerSession("mx.example.test", self._limits, extensions, is_lenient=is_lenient)
        self._session.transcript = Transcript() if case.choices % 3 == 0 else None
        self._at = Envelope()
        self._turn = 0
        self._first_turn = 0  # turn in which the present content began
        self._is_over = False
        self._is_shaking_hands = False
        self.events: list[Event] = []

    def run(self, pieces_of: Callable[[bytes], Iterable[bytes]]) -> tuple[list[bytes], list[Event], int]:
        """Play the case, each turn in pieces; all that a client and a driver can see."""
        session = self._session
        self._act()
        replies = [session.octets_to_send()]
        for number, turn in enumerate(self._case.turns):
            self._turn = number
            for piece in pieces_of(turn):
                if piece:
                    session.receive(piece)
                self._act()
                is_in_data = session.is_in_content and not self._has_chunks
                held = UNDECIDED_OCTETS if is_in_data else self._command_octets - 1
                assert session.held_octets <= held
            replies.append(session.octets_to_send())
            if self._is_shaking_hands:
                self._secure()
            if self._random.random() < 0.02:
                session.terminate(STOPPING)
                self._act()
                replies.append(session.octets_to_send())
        session.receive(b"")
        self._act()
        replies.append(session.octets_to_send())
        assert session.is_closed
        assert self._is_over
        return replies, merged(self.events), session.errors

    def _act(self) -> None:
        session = self._session
        while (event := session.next_event()) is not None:
            assert not self._is_over, f"an event after the last: {event}"
            self.events.append(event)
            self._judge(event)
            if type(event) in YES:
                session.answer(self._decide(event))
        assert session.is_closed or session.has_transaction == (self._at.mail is not None)

    def _secure(self) -> None:
        """End the handshake after STARTTLS; nothing that came before it is left."""
        self._is_shaking_hands = False
        assert self._session.is_closed or self._session.held_octets == 0
        self._session.offer(WITHIN_TLS)
        self._session.begin_anew()
        self._act()

    def _decide(self, event: Event) -> Reply:
        reply = self._random.choice((YES if self._random.random() < self._kindness else NO)[type(event)])
        if reply.code < 400:
            match event:
                case Greeted():
                    self._at = Envelope(is_greeted=True)
                case ClientNamed():
                    self._at = Envelope()
                case StartTls():
                    self._at = Envelope()
                    self._is_shaking_hands = True
                case MailOffered():
                    self._at.mail = event
                case RecipientOffered():
                    self._at.recipients += 1
                case DataOffered():
                    self._at.content = bytearray()
                    self._first_turn = self._turn + 1  # content together with DATA is out of step
        return reply

    def _judge(self, event: Event) -> None:
        at = self._at
        match event:
            case ClientNamed() | OriginNamed():
                assert at.mail is None
                assert all(value is None or value.isprintable() for value in event.attributes.values())
            case AuthOffered() | AuthResponded():
                assert at.is_greeted
                assert at.mail is None
            case MailOffered():
                assert at.is_greeted
                assert at.mail is None
                assert event.reverse_path == ReversePath.parse(str(event.reverse_path))
                assert event.is_smtputf8 or str(event.reverse_path).isascii()
                assert event.size is None or event.size <= self._limits.message_octets
            case RecipientOffered():
                assert at.mail is not None
                assert at.content is None
                assert at.recipients < self._limits.recipients
                assert event.forward_path == ForwardPath.parse(str(event.forward_path))
                assert at.mail.is_smtputf8 or str(event.forward_path).isascii()
            case DataOffered():
                assert at.recipients
            case Content():
                assert event.octets
                assert at.content is not None
                at.content += event.octets
            case ContentEnded():
                self._judge_message(event.size)
            case ContentRefused():
                self._judge_end()
            case TransactionReset():
                self._at = Envelope(is_greeted=not self._is_shaking_hands)
            case Closed():
                self._is_over = True

    def _judge_end(self) -> tuple[bytes, bytes]:
        """Check the place of the end of data; give the content of the events, and that of the octets before it."""
        content, is_ended = content_of(b"".join(self._case.turns[self._first_turn : self._turn + 1]))
        assert self._at.content is not None
        given, self._at = bytes(self._at.content), Envelope(is_greeted=True)
        if self._has_chunks:  # `chunks` judges what they mean
            return given, given
        assert is_ended, "an end of data that is none"
        return given, content

    def _judge_message(self, size: int) -> None:
        content, meant = self._judge_end()
        assert meant == content
        assert size == len(content) <= self._limits.message_octets
        lines = content.split(b"\r\n")
        assert lines.pop() == b"", "content that does not end a line"
        assert not any(octet in line for line in lines for octet in b"\r\n\0")
        assert self._limits.line_octets is None or all(len(line) <= self._limits.line_octets for line in lines)
        stuffer = DotStuffer()
        wire = stuffer.stuff(content) + stuffer.end()
        assert not may_smuggle(wire)
        assert content_of(wire) == (content, True)


def check(case: Case) -> list[str]:
    """
    Judge one case and give the steps that it reached.

    Raises:
        AssertionError: a promise is broken.
    """
    whole = Session(case).run(lambda turn: [turn])
    by_octet = Session(case).run(lambda turn: cut(turn, range(len(turn))))
    assert whole == by_octet, "the octets, one by one, mean something else than together"
    random = Random(case.choices + 1)
    assert whole == Session(case).run(lambda turn: cut(turn, [random.randrange(len(turn) + 1) for _ in range(3)]))
    replies, events, _ = whole
    codes = [reply_codes(octets) for octets in replies]
    return [type(event).__name__ for event in events] + [str(code) for turn in codes for code in turn]
