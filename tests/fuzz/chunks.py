"""
chunks - any content in chunks of any size, with mistakes in between

The octets of the case are the content. Its number decides where the content is cut, and which mistakes the client
makes. Promises: each command has the reply that RFC 3030 and B6 of the server's rules give it; no octet of a chunk is
read as a command; a message that is accepted is the content in lines; all this however the octets are cut.
"""

from dataclasses import dataclass, field
from random import Random

from empath.smtp.server.events import Content, ContentEnded, ContentRefused, TransactionReset
from empath.smtp.server.limits import ServerLimits
from tests.fuzz.case import Case
from tests.kit.conversation import Conversation, cut
from tests.kit.wire import lines_of, reply_codes

LIMITS = ServerLimits(message_octets=400, line_octets=60, errors=1000)
ENVELOPE = b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n"
OUT_OF_SEQUENCE = (b"DATA\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<c@c.example>\r\n")


@dataclass
class Script:
    """What the client says, one command with its chunk an entry, and what the server must make of it."""

    random: Random
    wire: list[bytes] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    def say(self, octets: bytes, *codes: int) -> None:
        """Add octets of the client, and the replies to them."""
        self.wire.append(octets)
        self.codes += codes

    def chunk(self, octets: bytes, code: int, *, is_last: bool = False) -> None:
        """Add one BDAT, in one of its spellings."""
        word = self.random.choice([b"BDAT", b"bdat", b"Bdat"])
        last = self.random.choice([b" LAST", b"  last", b" LAST  "]) if is_last else b""
        self.say(word + b" %d" % len(octets) + last + self.random.choice([b"\r\n", b"\n"]) + octets, code)

    def message(self, content: bytes) -> None:
        """Add a transaction, with a mistake or without."""
        mistake = self.random.choice(["none"] * 4 + ["no-recipient", "no-mail", "empty", "reset", "sequence"])
        borders = [self.random.randrange(len(content) + 1) for _ in range(self.random.randint(0, 4))]
        pieces = cut(content, borders) if content else []
        if mistake == "no-mail":
            for piece in pieces:
                self.chunk(piece, 503, is_last=self.random.random() < 0.5)
            return
        if mistake == "no-recipient":
            self.say(b"MAIL FROM:<>\r\n", 250)
            for number, piece in enumerate(pieces):
                self.chunk(piece, 551 if number else 554)
            self.chunk(b"RSET\r\n", 551 if pieces else 554, is_last=True)
            return
        self.say(ENVELOPE, 250, 250)
        sent, verdict = b"", 250
        for piece in pieces:
            sent += piece
            verdict = _next_verdict(verdict, sent)
            self.chunk(piece, verdict)
            if mistake == "sequence":
                nested = self.random.choice(OUT_OF_SEQUENCE)
                self.say(nested, 503)
        if mistake == "reset":
            self.say(b"RSET\r\n", 250)
            return
        if mistake == "empty":
            self.say(b"BDAT 0\r\n", 551)
            self.chunk(b"QUIT\r\n", 551, is_last=True)
            return
        rest = self.random.choice([b"", b"\r", b"\n", b"x", b".\r\n"])
        verdict = _next_verdict(verdict, sent + rest, is_whole=True)
        self.chunk(rest, verdict, is_last=True)
        if verdict == 250:
            self.messages.append(lines_of(sent + rest))


def _next_verdict(verdict: int, sent: bytes, *, is_whole: bool = False) -> int:
    """The reply to a chunk after all of *sent*; a line end that may still come is not judged yet."""
    if verdict != 250:
        return 551
    if not is_whole:
        returns = len(sent) - len(sent.rstrip(b"\r"))
        sent = sent[: len(sent) - min(returns, 65)]
    return _breach(lines_of(sent, is_whole=is_whole)) or 250


def _breach(content: bytes) -> int:
    """The refusal of *content* for its first breach of a rule, or 0."""
    column = 0
    for place, octet in enumerate(content):
        column = 0 if octet == 0x0A else column + 1
        if octet == 0 or column >= (LIMITS.line_octets or 0) + 2:  # beyond the place of CR
            return 554
        if place >= LIMITS.message_octets:
            return 552
    return 0


def _play(script: Script, cuts: Random | None) -> tuple[list[int], list[bytes], int]:
    conversation = Conversation(LIMITS).open()
    codes: list[int] = []
    conversation.say(b"EHLO client.example\r\n")
    for octets in script.wire:
        borders = [cuts.randrange(len(octets) + 1) for _ in range(3)] if cuts else ()
        codes += reply_codes(conversation.say(*cut(octets, borders)))
    content, messages = b"", []
    for event in conversation.events:
        if isinstance(event, Content):
            content += event.octets
        elif isinstance(event, ContentEnded):
            assert event.size == len(content)
            messages.append(content)
            content = b""
        elif isinstance(event, ContentRefused | TransactionReset):
            content = b""
    assert conversation.session.held_octets == 0
    return codes, messages, conversation.session.errors


def check(case: Case) -> list[str]:
    """
    Judge one case and give the steps that it reached.

    Raises:
        AssertionError: a promise is broken.
    """
    script = Script(Random(case.choices))
    for content in case.turns:
        script.message(content)
    whole = _play(script, None)
    assert (script.codes, script.messages) == whole[:2]
    assert whole == _play(script, Random(case.choices + 1))
    return [str(code) for code in whole[0]]
