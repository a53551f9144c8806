"""The server session against a model: in any order, each command has exactly the reply of the model."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from empath.mail.reply import Reply
from empath.smtp.server.events import (
    Closed,
    Connected,
    Content,
    ContentEnded,
    Event,
    Greeted,
    MailOffered,
    RecipientOffered,
    StartTls,
)
from empath.smtp.server.session import ServerSession
from tests.kit import strategies
from tests.kit.conversation import ACCEPTANCE, LIMITS, WITHIN_TLS, Conversation
from tests.kit.wire import content_of, reply_codes

SMALL = replace(LIMITS, message_octets=100, recipients=2, line_octets=40, errors=6, junk=3)
CONTENTS = st.lists(
    st.sampled_from([b"", b".", b"..", b"a", b"\xff", b"x" * 41, b"x" * 39, b"\0"]), min_size=1, max_size=5
).map(lambda lines: b"".join(line + b"\r\n" for line in lines))
ENDS = st.sampled_from([b".\r\n", b"\n.\n\r\n.\r\n", b"\r.\r\r\n.\r\n", b"a\r\n.\r\n"])
YES_OR_NO = st.sampled_from(["yes", "yes", "yes", "450", "550"])
REFUSALS = {"450": Reply.of("450 4.0.0 Later"), "550": Reply.of("550 5.0.0 No")}


@dataclass
class Model:
    """The state that RFC 5321 §4.1.4 lets a server remember."""

    is_greeted: bool = False
    has_mail: bool = False
    recipients: int = 0
    errors: int = 0
    junk: int = 0
    is_secured: bool = False
    is_closed: bool = False

    def forget(self) -> None:
        """The transaction is over."""
        self.has_mail, self.recipients = False, 0


class ServerMachine(RuleBasedStateMachine):
    """A client that says anything at any time, and a driver that refuses at random."""

    def __init__(self) -> None:
        super().__init__()
        self.connect()

    def connect(self) -> None:
        """A new session, and a model of it."""
        self.word = "yes"
        kinds = (Greeted, MailOffered, RecipientOffered, ContentEnded, StartTls)
        self.conversation = Conversation(SMALL, dict.fromkeys(kinds, self.decide))
        self.model = Model()
        self.stored: list[bytes] = []  # contents that the model accepts
        self.accepted: list[bytes] = []
        self.seen = 0
        assert [220] == reply_codes(self.conversation.open().greeting)

    def decide(self, event: Event) -> Reply:
        """The driver's answer."""
        return REFUSALS.get(self.word) or ACCEPTANCE[type(event)]

    def say(self, octets: bytes, expected: int) -> None:
        """Say one command; its reply must be the one that the model gives."""
        model = self.model
        if expected >= 500:
            model.errors += 1
        if model.errors >= SMALL.errors:
            model.is_closed = True
        codes = reply_codes(self.conversation.say(octets))
        assert [expected, *([421] if model.is_closed and expected != 221 else [])] == codes

    @property
    def session(self) -> ServerSession:
        """The session under test."""
        return self.conversation.session

    @precondition(lambda self: not self.model.is_closed)
    @rule(word=YES_OR_NO, verb=st.sampled_from([b"EHLO", b"HELO"]), is_sound=st.sampled_from([True] * 5 + [False]))
    def greet(self, word: str, verb: bytes, is_sound: bool) -> None:
        self.word = word
        if not is_sound:
            self.say(verb + b" 192.0.2.1\r\n", 501)
            return
        expected = 250 if word == "yes" else int(word)
        if word == "yes":
            self.model.forget()
            self.model.is_greeted = True
        self.say(verb + b" client.example\r\n", expected)

    @precondition(lambda self: not self.model.is_closed)
    @rule(word=YES_OR_NO, behind=st.binary(max_size=20))
    def starttls(self, word: str, behind: bytes) -> None:
        self.word, model = word, self.model
        if model.is_secured:
            self.say(b"STARTTLS\r\n", 554)
        elif word != "yes":
            self.say(b"STARTTLS\r\n", int(word))
        else:
            model.forget()
            model.is_greeted, model.is_secured = False, True
            self.say(b"STARTTLS\r\n" + behind, 220)
            self.conversation.secure(WITHIN_TLS)

    @precondition(lambda self: not self.model.is_closed)
    @rule(word=YES_OR_NO, path=strategies.reverse_paths, is_sound=st.sampled_from([True] * 5 + [False]))
    def mail(self, word: str, path: object, is_sound: bool) -> None:
        self.word, model = word, self.model
        parameters = " SMTPUTF8" if is_sound else " FOO"
        if not model.is_greeted or model.has_mail:
            expected = 503
        elif not is_sound:
            expected = 555
        else:
            expected = 250 if word == "yes" else int(word)
            model.has_mail = word == "yes"
        self.say(f"MAIL FROM:<{path}>{parameters}\r\n".encode(), expected)

    @precondition(lambda self: not self.model.is_closed)
    @rule(word=YES_OR_NO, path=strategies.forward_paths, is_sound=st.sampled_from([True] * 5 + [False]))
    def rcpt(self, word: str, path: object, is_sound: bool) -> None:
        self.word, model = word, self.model
        if not model.has_mail:
            expected = 503
        elif not is_sound:
            expected = 501
        elif model.recipients >= SMALL.recipients:
            expected = 452
        else:
            expected = 250 if word == "yes" else int(word)
            model.recipients += word == "yes"
        self.say(f"RCPT TO:{'<' if is_sound else ''}{path}>\r\n".encode(), expected)

    @precondition(lambda self: not self.model.is_closed)
    @rule(word=YES_OR_NO, content=CONTENTS, end=ENDS, count=st.integers(1, 3), data=st.data())
    def deliver(self, word: str, content: bytes, end: bytes, count: int, data: st.DataObject) -> None:
        """Say all commands of a message, as most clients do."""
        steps = [lambda: self.greet("yes", b"EHLO", True)] if not self.model.is_greeted else []
        if not self.model.has_mail:
            steps.append(lambda: self.mail("yes", data.draw(strategies.reverse_paths), True))
        steps += [lambda: self.rcpt("yes", data.draw(strategies.forward_paths), True)] * count
        for step in [*steps, lambda: self.message(word, content, end)]:
            if not self.model.is_closed:
                step()
                self.what_was_accepted_is_what_was_sent()

    @precondition(lambda self: not self.model.is_closed)
    @rule(word=YES_OR_NO, content=CONTENTS, end=ENDS)
    def message(self, word: str, content: bytes, end: bytes) -> None:
        self.word, model = word, self.model
        if not model.recipients:
            self.say(b"DATA\r\n", 554 if model.has_mail else 503)
            return
        self.say(b"DATA\r\n", 354)
        wire = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + end
        meant, is_ended = content_of(wire)
        assert is_ended
        assert SMALL.line_octets is not None
        model.forget()
        lines = meant.split(b"\r\n")
        is_sound = b"\0" not in meant and max(map(len, lines)) <= SMALL.line_octets
        if is_sound and len(meant) <= SMALL.message_octets:
            expected = 250 if word == "yes" else int(word)
        else:
            expected = 554 if is_sound is False else 552
        if expected == 250:
            model.errors = model.junk = 0
            self.stored.append(meant)
        if expected == 554 and len(meant) > SMALL.message_octets:
            # The message breaks two rules; the first breach decides.
            self.take_either(wire, (552, 554))
        else:
            self.say(wire, expected)

    def take_either(self, wire: bytes, allowed: tuple[int, ...]) -> None:
        """Content that breaks two rules is refused for one of them."""
        self.model.errors += 1
        self.model.is_closed = self.model.errors >= SMALL.errors
        code, *rest = reply_codes(self.conversation.say(wire))
        assert code in allowed
        assert rest == [421] * self.model.is_closed

    @precondition(lambda self: not self.model.is_closed)
    @rule(line=st.sampled_from([(b"NOOP", 250), (b"RSET", 250), (b"VRFY a", 252), (b"HELP", 214)]))
    def junk(self, line: tuple[bytes, int]) -> None:
        command, expected = line
        self.model.junk += 1
        self.model.errors += self.model.junk > SMALL.junk
        if command == b"RSET":
            self.model.forget()
        self.say(command + b"\r\n", expected)

    @precondition(lambda self: not self.model.is_closed)
    @rule(line=st.sampled_from([(b"FOO", 500), (b"\xff", 500), (b"AUTH x", 502), (b"EXPN a", 502)]))
    def misuse(self, line: tuple[bytes, int]) -> None:
        command, expected = line
        self.say(command + b"\r\n", expected)

    @precondition(lambda self: not self.model.is_closed)
    @rule(command=st.sampled_from([b"NOOP"] * 8 + [b"QUIT", b"GET / HTTP/1.0"]))
    def leave(self, command: bytes) -> None:
        if command == b"NOOP":
            return  # not yet
        self.model.is_closed = True
        self.say(command + b"\r\n", 221)

    @precondition(lambda self: self.model.is_closed)
    @rule(octets=st.binary(min_size=1, max_size=20))
    def say_more_and_come_back(self, octets: bytes) -> None:
        assert b"" == self.conversation.say(octets)
        self.what_was_accepted_is_what_was_sent()
        self.connect()

    @invariant()
    def the_session_is_where_the_model_is(self) -> None:
        session, model = self.session, self.model
        assert model.is_closed == session.is_closed
        assert model.is_closed or (model.has_mail, model.errors) == (session.has_transaction, session.errors)
        assert 0 == session.held_octets

    @invariant()
    def what_was_accepted_is_what_was_sent(self) -> None:
        content = b""
        for event in self.conversation.events[self.seen :]:
            if isinstance(event, Content):
                content += event.octets
            elif isinstance(event, ContentEnded) and self.word == "yes":
                self.accepted.append(content)
        self.seen = len(self.conversation.events)
        assert self.stored == self.accepted

    @invariant()
    def the_first_and_the_last_event_are_what_they_are(self) -> None:
        events = self.conversation.events
        assert [Connected()] == [event for event in events if isinstance(event, Connected)] == events[:1]
        closed = [event for event in events if isinstance(event, Closed)]
        assert (events[-1:] if self.model.is_closed else []) == closed


TestServer = ServerMachine.TestCase
