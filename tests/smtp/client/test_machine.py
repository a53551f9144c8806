"""The client session against a model of its peer: replies of any class, and every kind of end."""

from collections import deque

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from empath.mail.outcome import Stage
from empath.smtp.client.events import ContentWanted, HostFailed, Ready, SessionClosed, TransactionEnded
from empath.smtp.client.session import ClientSession
from tests.kit import strategies
from tests.kit.wire import content_of
from tests.smtp.client.kit import EXTENSIONS, ONE_AT_A_TIME, greeting, transaction

# Answers of a peer; after most of them the dialogue goes on.
ANSWERS = st.sampled_from([250, 250, 250, 250, 251, 354, 450, 452, 550, 554])
MAX_MURMURS = 20
FITTING = {b"DATA": 354, b"QUIT": 221}


class ClientMachine(RuleBasedStateMachine):
    """
    A peer that answers each command in order with any class, and a driver that begins one transaction after another.

    The model knows commands and the codes of their replies, but no states.
    """

    def __init__(self) -> None:
        super().__init__()
        self.connect(EXTENSIONS)

    def connect(self, extensions: tuple[str, ...] | None) -> None:
        """Make a session that is ready for a transaction, and a model of it."""
        self.session = ClientSession("me.test")
        self.unanswered: deque[bytes] = deque()  # commands without an answer yet
        self.answered: list[tuple[bytes, int]] = []  # commands of this transaction and their codes
        self.events: list[object] = []
        self.recipients: list[str] = []
        self.is_under_way = False
        self.is_content_wanted = False
        self.is_broken = False  # after a breach of the protocol or a lost connection
        self.number = 0
        self.murmurs = 0  # since the last reply
        self.session.receive(b"220 peer.test\r\n")
        self.take()
        assert [b"EHLO me.test"] == list(self.unanswered)
        if extensions is None:
            self.session.receive(b"502 5.5.1 No\r\n")
            self.take()
        self.unanswered.clear()
        self.session.receive(greeting(extensions or ()))
        self.take()
        assert [Ready()] == self.events

    # --- the wire

    def take(self) -> None:
        """Take new octets and events of the session."""
        octets = self.session.octets_to_send()
        assert octets == b"" or octets.endswith(b"\r\n")
        self.unanswered += octets.split(b"\r\n")[:-1]
        while (event := self.session.next_event()) is not None:
            assert SessionClosed() not in self.events
            self.events.append(event)
            match event:
                case Ready():
                    assert not self.is_under_way
                case ContentWanted():
                    self.is_content_wanted = True
                case HostFailed():
                    assert not self.is_under_way
                case TransactionEnded():
                    self.judge(event)

    def judge(self, ended: TransactionEnded) -> None:
        """Check that each recipient's result follows from its own replies, RFC 5321 §4.2.1 and §3.3."""
        assert self.is_under_way
        self.is_under_way = self.is_content_wanted = False
        codes = dict(self.answered)
        for address, result in zip(self.recipients, ended.results.values(), strict=True):
            own = codes.get(f"RCPT TO:<{address}>".encode())
            is_delivered = (result.stage, result.reply.klass) == (Stage.END_OF_DATA, 2)
            assert is_delivered or result.reply.klass in (4, 5)
            whole = [codes.get(b"MAIL"), own, codes.get(b"DATA"), codes.get(b".")]
            assert is_delivered == ([2, 2, 3, 2] == [code and code // 100 for code in whole])
            if own is not None and own >= 400 and own != 421 and codes.get(b"MAIL", 0) // 100 == 2:
                assert (Stage.RCPT, own) == (result.stage, result.reply.code)

    # --- the peer

    @precondition(lambda self: self.unanswered and not self.is_broken)
    @rule(code=ANSWERS, is_fitting=st.booleans(), tail=st.sampled_from([b" x\r\n", b"\r\n", b"-a\r\n%d b\r\n"]))
    def answer(self, code: int, is_fitting: bool, tail: bytes) -> None:
        command = self.unanswered.popleft()
        self.murmurs = 0
        if is_fitting:
            code = FITTING.get(command, 250)
        word = command.partition(b" ")[0]
        self.answered.append((command if word == b"RCPT" else word, code))
        self.session.receive(b"%d" % code + (tail % code if b"%" in tail else tail))
        self.take()

    @precondition(lambda self: self.unanswered and not self.is_broken)
    @rule(count=st.integers(2, 8), odd=st.integers(0, 20), code=ANSWERS)
    def answer_a_group(self, count: int, odd: int, code: int) -> None:
        for place in range(count):
            if self.unanswered and not self.is_broken:
                self.answer(code, place != odd, b" x\r\n")

    @precondition(lambda self: not self.is_broken)
    @rule(how=st.sampled_from(["no"] * 12 + [b"421 4.3.2 Bye\r\n", b"600 x\r\n", b"what\r\n", b"", None]))
    def break_off(self, how: bytes | str | None) -> None:
        if isinstance(how, str):
            return  # not yet
        # Before the answer to a message, and on a connection without groups, a line that is no reply stands for none.
        is_noise = list(self.unanswered) == [b"."] or not self.session.extensions.has_pipelining
        if how == b"what\r\n" and is_noise:
            self.murmur(how)
            return
        self.is_broken = True
        if how is None:
            self.session.lost("60 s", is_timeout=True)
        else:
            self.session.receive(how)
        self.take()
        assert SessionClosed() == self.events[-1]
        assert not self.is_under_way

    def murmur(self, noise: bytes) -> None:
        """Say what is not a reply, where nothing else waits for an answer; it changes nothing."""
        if self.murmurs < MAX_MURMURS:
            self.murmurs += 1
            count = len(self.events)
            self.session.receive(noise)
            self.take()
            assert count == len(self.events)

    @precondition(lambda self: SessionClosed() in self.events)
    @rule(octets=st.binary(max_size=20), extensions=st.sampled_from([EXTENSIONS, EXTENSIONS, ONE_AT_A_TIME, None]))
    def say_more_and_come_back(self, octets: bytes, extensions: tuple[str, ...] | None) -> None:
        count = len(self.events)
        self.session.receive(octets)
        self.take()
        assert count == len(self.events)
        self.connect(extensions)

    # --- the driver

    @precondition(lambda self: self.session.is_ready)
    @rule(count=st.integers(1, 4))
    def begin(self, count: int) -> None:
        self.number += 1
        self.recipients = [f"r{self.number}.{place}@x.test" for place in range(count)]
        self.answered.clear()
        self.is_under_way = True
        self.session.begin(transaction(*self.recipients))
        self.take()

    @precondition(lambda self: self.is_content_wanted)
    @rule(content=strategies.contents, data=st.data())
    def send_content(self, content: bytes, data: st.DataObject) -> None:
        self.is_content_wanted = False
        for piece in data.draw(strategies.pieces(content)):
            self.session.content(piece)
        self.session.end_content()
        assert (content, True) == content_of(self.session.octets_to_send())
        self.unanswered.append(b".")

    @precondition(lambda self: self.session.is_ready)
    @rule(is_sure=st.sampled_from([False] * 9 + [True]))
    def leave(self, is_sure: bool) -> None:
        if is_sure:
            self.session.quit()
        self.take()

    # --- invariants

    @invariant()
    def the_session_waits_for_the_peer_or_the_driver(self) -> None:
        is_closed = SessionClosed() in self.events
        assert is_closed or self.unanswered or self.is_content_wanted or self.session.is_ready or not self.events

    @invariant()
    def a_ready_session_owes_nothing(self) -> None:
        if self.session.is_ready:
            assert ([], False) == (list(self.unanswered), self.is_under_way)
            assert self.session.is_usable


TestClient = ClientMachine.TestCase
