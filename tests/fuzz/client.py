"""
client - the sending session with any octets from its peer

Promises: no exception; no transaction in a session that is over; the same events and octets however the peer's octets
are cut; every transaction that begins ends once, with a result for each recipient; no recipient counts as delivered
before the whole message was sent and the peer said 2yz to its end; the session sends only commands, or content with one
end.
"""

import re
from collections.abc import Callable, Iterable
from random import Random

from empath.mail.outcome import Stage
from empath.smtp.client.events import ContentWanted, HostFailed, Ready, SessionClosed, TransactionEnded
from empath.smtp.client.session import ClientSession, Transaction
from empath.smtp.client.states import ClientState
from empath.smtp.transcript import Transcript
from tests.fuzz.case import Case
from tests.fuzz.messages import random_content, random_transaction
from tests.kit.conversation import cut
from tests.kit.wire import content_of, may_smuggle

_COMMANDS = re.compile(rb"(?:(?:EHLO|HELO|MAIL|RCPT|DATA|RSET|QUIT|\.)(?:[ :][ -~\x80-\xff]*)?\r\n)*")
_MAX_TRANSACTIONS = 3


class Session:
    """One session with its driver, under watch."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._random = Random(case.choices)
        self._session = ClientSession("me.test")
        self._session.transcript = Transcript() if case.choices % 3 == 0 else None
        self._transaction: Transaction | None = None
        self._content = b""
        self._wire: list[bytes] | None = None  # octets of content so far
        self._is_whole = False  # whether the end of data was sent
        self._is_over = False
        self._left = self._random.randint(1, _MAX_TRANSACTIONS)
        self.events: list[object] = []
        self.sent: list[bytes] = []

    def run(self, pieces_of: Callable[[bytes], Iterable[bytes]]) -> tuple[object, ...]:
        """Give it the case, each turn in pieces; all that a peer and a driver can see."""
        for turn in self._case.turns:
            for piece in pieces_of(turn):
                if piece:
                    self._session.receive(piece)
            self._take()
            self._act()
        if self._random.random() < 0.5:
            self._session.lost("60 s", is_timeout=True)
        self._session.receive(b"")
        self._take()
        assert self._is_over, "a connection is gone and the session is not over"
        assert self._transaction is None, "a transaction began and never ended"
        session = self._session
        assert (ClientState.CLOSED, False, False) == (session.state, session.is_ready, session.is_usable)
        return self.events, b"".join(self.sent)

    def _act(self) -> None:
        """The actions of a driver that has read all that was there."""
        session = self._session
        if session.state in (ClientState.READY, ClientState.QUIT, ClientState.CLOSED):
            if self._left == 0:
                session.quit()
            else:
                self._left -= 1
                wanted = random_transaction(self._random)
                self._transaction = wanted if session.is_ready else None
                self._is_whole = False
                assert session.begin(wanted) == (self._transaction is not None)
        elif session.state is ClientState.CONTENT and self._random.random() < 0.8:
            self._send_content()
        self._take()

    def _send_content(self) -> None:
        self._take()
        content = random_content(self._random)
        for piece in cut(content, [self._random.randrange(len(content) + 1) for _ in range(3)]):
            self._session.content(piece)
        self._session.end_content()
        wire = self._session.octets_to_send()
        self.sent.append(wire)
        if self._session.state is ClientState.END_OF_DATA:
            self._is_whole = True
            line_end = b"" if content.endswith(b"\r\n") or not content else b"\r\n"
            assert not may_smuggle(wire)
            assert (content + line_end, True) == content_of(wire)

    def _take(self) -> None:
        octets = self._session.octets_to_send()
        assert _COMMANDS.fullmatch(octets), f"no commands: {octets!r}"
        self.sent.append(octets)
        while (event := self._session.next_event()) is not None:
            assert not self._is_over, f"an event after the last: {event}"
            self.events.append(event)
            match event:
                case Ready() | HostFailed():
                    assert self._transaction is None
                case ContentWanted():
                    assert self._transaction is not None
                case TransactionEnded():
                    self._judge(event)
                case SessionClosed():
                    self._is_over = True

    def _judge(self, ended: TransactionEnded) -> None:
        assert self._transaction is not None, "a transaction ended twice"
        assert self._transaction.recipients.keys() == ended.results.keys()
        for result in ended.results.values():
            assert result.reply.text != "No answer"
            if result.reply.klass < 4:
                assert (Stage.END_OF_DATA, 2) == (result.stage, result.reply.klass)
                assert self._is_whole, "delivered before it was sent"
            assert result.reply.escaped().isprintable()
        self._transaction = None


def check(case: Case) -> list[str]:
    """
    Judge one case; returns what it reached, for the driver to tell new from old.

    Raises:
        AssertionError: a promise is broken.
    """
    first = Session(case)
    whole = first.run(lambda turn: [turn])
    assert whole == Session(case).run(lambda turn: cut(turn, range(len(turn)))), "the octets, one by one, differ"
    random = Random(case.choices + 1)
    assert whole == Session(case).run(lambda turn: cut(turn, [random.randrange(len(turn) + 1) for _ in range(3)]))
    reached = [type(event).__name__ for event in first.events]
    for event in first.events:
        if isinstance(event, TransactionEnded):
            reached += [f"{result.stage} {result.reply.klass}" for result in event.results.values()]
        elif isinstance(event, HostFailed):
            reached.append(f"{event.stage} {event.reply.klass}")
    return reached
