"""The table of the client is complete, and each row leads to the state that it names."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from empath.mail.outcome import Stage
from empath.mail.protocol import Protocol
from empath.smtp.client.events import SessionClosed, TransactionEnded
from empath.smtp.client.opening import IN_CLEAR, Opening, TlsUse
from empath.smtp.client.plan import GROUP_OCTETS
from empath.smtp.client.session import ClientSession
from empath.smtp.client.states import SIGNALS, STAGES, ClientSignal, ClientState
from empath.smtp.client.table import CALLS, NEXT, ClientAction
from empath.smtp.sasl.client import ClientLogin
from empath.smtp.sasl.mechanisms import Mechanism
from tests.kit import strategies
from tests.smtp.client.kit import EXTENSIONS, ONE_AT_A_TIME, Dialogue, greeting, ready, transaction

SAID = {
    ClientSignal.OK: b"250 Ok\r\n",
    ClientSignal.GO_ON: b"354 Go\r\n",
    ClientSignal.TRANSIENT: b"450 Later\r\n",
    ClientSignal.PERMANENT: b"550 No\r\n",
    ClientSignal.OUT_OF_SEQUENCE: b"503 No\r\n",
    ClientSignal.SHUTDOWN: b"421 Bye\r\n",
    ClientSignal.GARBAGE: b"HTTP/1.1 400\r\n",
    ClientSignal.LOST: b"",
}
HOSTS = [
    (EXTENSIONS, Protocol.SMTP, "b"),
    (EXTENSIONS, Protocol.SMTP, "b" * GROUP_OCTETS),
    (ONE_AT_A_TIME, Protocol.SMTP, "b"),
    (EXTENSIONS, Protocol.LMTP, "b"),
    (ONE_AT_A_TIME, Protocol.LMTP, "b"),
    ((*EXTENSIONS, "CHUNKING"), Protocol.SMTP, "b"),
    ((*ONE_AT_A_TIME, "CHUNKING"), Protocol.SMTP, "b"),
]  # peers that take one group, two, or one for each command; or the content in a chunk
Peer = tuple[tuple[str, ...], Protocol, str]
_OK, _GO_ON = ClientSignal.OK, ClientSignal.GO_ON
DELIVERED = [_OK, _OK, None, _OK, _OK, _OK, _GO_ON, None, _OK]  # None is an act of the driver
# A reply of these leads where 5yz leads once EHLO is over, so only 5yz is followed.
_LIKE_PERMANENT = (ClientSignal.TRANSIENT, ClientSignal.OUT_OF_SEQUENCE)


@dataclass
class Driver(Dialogue):
    """A driver that begins a transaction or sends its content when the session waits for it."""

    extensions: tuple[str, ...] = EXTENSIONS
    protocol: Protocol = Protocol.SMTP
    local_part: str = "b"
    states: list[ClientState] = field(default_factory=list)
    opening: Opening = IN_CLEAR

    def __post_init__(self) -> None:
        self.session = ClientSession("me.test", frozenset({"me.test"}), self.protocol, self.opening)

    @property
    def may_act(self) -> bool:
        """Whether the session waits for its driver."""
        return self.session.is_ready or self.session.state in (ClientState.CONTENT, ClientState.HANDSHAKE)

    def act(self) -> None:
        """Make the call for which the session waits."""
        if self.session.is_ready:
            self.begin(transaction(f"{self.local_part}@x.test", "c@x.test", may_chunk=True))
        elif self.session.state is ClientState.HANDSHAKE:
            self.session.secured({})
            self.note()
        else:
            self.send(b"content")

    def meet(self, signal: ClientSignal) -> None:
        """Let *signal* happen."""
        if signal is ClientSignal.TIMED_OUT:
            self.session.lost("60 s", is_timeout=True)
        elif signal is ClientSignal.OK and self.session.state in (ClientState.EHLO, ClientState.LHLO):
            self.session.receive(greeting(self.extensions))
        elif signal is ClientSignal.GO_ON and self.session.state is ClientState.AUTH:
            self.session.receive(b"334 \r\n")
        else:
            self.session.receive(SAID[signal])
        self.note()


def test_the_table_has_every_state_with_every_signal():
    """
    The peer may do anything at any time.
    """
    assert {(state, signal) for state in ClientState for signal in ClientSignal} == set(NEXT)


def test_every_state_can_be_reached():
    """
    A state that no row leads to is dead code.
    """
    led_to = {state for step in NEXT.values() for state in step.leads_to}
    assert set(ClientState) == led_to | set(CALLS.values()) | {ClientState.GREETING}


def test_every_state_has_a_stage_and_every_class_of_reply_a_signal():
    """
    A driver never lacks a timeout.
    """
    assert (set(ClientState), {2, 3, 4, 5}) == (set(STAGES), set(SIGNALS))
    assert set(Stage) - {Stage.DNS, Stage.CONNECT, Stage.LOCAL} == set(STAGES.values())


def test_every_action_has_a_row():
    """
    An action that no row names is dead code.
    """
    assert set(ClientAction) == {step.action for step in NEXT.values()}


def test_no_row_leads_out_of_the_end():
    """
    A driver that saw SessionClosed is done.
    """
    assert {(ClientState.CLOSED,)} == {NEXT[ClientState.CLOSED, signal].leads_to for signal in ClientSignal}


def test_every_row_is_walked_and_leads_where_it_says():
    """
    The test plays all dialogues of one transaction with two recipients, in a new session and after a delivery. The peer
    may also be this host.
    """
    walked: dict[tuple[ClientState, ClientSignal], set[ClientState]] = defaultdict(set)
    for peer in HOSTS:
        walk([], peer, walked)
    for extensions in (EXTENSIONS, ONE_AT_A_TIME):
        walk(DELIVERED, (extensions, Protocol.SMTP, "b"), walked)
        walk([*DELIVERED, _OK], (extensions, Protocol.LMTP, "b"), walked)
    walk_openings(walked)
    for count in range(3):
        session = replay([_OK, ClientSignal.PERMANENT, None][:count], HOSTS[0]).session
        before = session.state
        session.receive(b"250 me.test\r\n")
        walked[before, _OK].add(session.state)
    for count in range(2):
        session = replay([_OK][:count], HOSTS[3]).session
        before = session.state
        session.receive(b"250 me.test\r\n")
        walked[before, _OK].add(session.state)
    assert {row: set(step.leads_to) for row, step in NEXT.items()} == walked


def walk(
    script: list[ClientSignal | None],
    peer: Peer,
    walked: dict[tuple[ClientState, ClientSignal], set[ClientState]],
) -> None:
    """
    Record where every signal leads after *script* (None is an act of the driver), and continue from there; after an end
    once for each row that leads to it.
    """
    for signal in ClientSignal:
        driver = replay(script, peer)
        before, known = driver.session.state, {*walked[driver.session.state, signal]}
        driver.meet(signal)
        walked[before, signal].add(driver.session.state)
        if driver.session.state is ClientState.CLOSED and ClientState.CLOSED in known:
            continue
        has_moved = before not in (driver.session.state, ClientState.CLOSED)
        is_new = has_moved or before in (ClientState.RCPT, ClientState.RCPT_IN_VAIN)
        if is_new and signal not in _LIKE_PERMANENT and not (driver.session.is_ready and None in script):
            walk([*script, signal], peer, walked)
    if replay(script, peer).may_act:
        walk([*script, None], peer, walked)


OPENING = (
    *(ClientState.EHLO, ClientState.LHLO),
    *(ClientState.STARTTLS, ClientState.HANDSHAKE, ClientState.AUTH),
)


def walk_openings(walked: dict[tuple[ClientState, ClientSignal], set[ClientState]]) -> None:
    """Record where every signal leads in a session that begins TLS and logs in, until it is ready."""
    login = ClientLogin("user", "secret", (Mechanism.LOGIN,))
    offered = ("STARTTLS", "AUTH LOGIN")
    openings = [
        Opening(TlsUse.IF_OFFERED),
        Opening(TlsUse.REQUIRED),
        Opening(TlsUse.IF_OFFERED, login=login, may_log_in_clear=True),
        Opening(TlsUse.NEVER, login=login, may_log_in_clear=True),
    ]
    to_auth = [_OK, _OK, _OK, None, _OK]
    scripts = [to_auth[:count] for count in range(len(to_auth) + 1)]
    scripts += [[_OK, _OK], [_OK, _OK, _GO_ON], [_OK, _OK, _GO_ON, _GO_ON]]
    for opening, script, protocol in product(openings, scripts, Protocol):
        for signal in ClientSignal:
            driver = replay(script, (offered, protocol, "b"), opening)
            before = driver.session.state
            if before in OPENING:
                driver.meet(signal)
                walked[before, signal].add(driver.session.state)
    injected = replay([_OK, _OK], (offered, Protocol.SMTP, "b"), openings[0]).session
    injected.receive(b"220 Go\r\n25")
    walked[ClientState.STARTTLS, _OK].add(injected.state)
    for signal, reply in ((ClientSignal.TRANSIENT, b"432 Now\r\n"), (ClientSignal.PERMANENT, b"504 What\r\n")):
        several = Opening(TlsUse.NEVER, login=ClientLogin("user", "secret"), may_log_in_clear=True)
        session = replay([_OK, _OK], (("AUTH PLAIN LOGIN",), Protocol.SMTP, "b"), several).session
        session.receive(reply)
        walked[ClientState.AUTH, signal].add(session.state)


def replay(script: Sequence[ClientSignal | None], peer: Peer, opening: Opening = IN_CLEAR) -> Driver:
    """A session with *peer* after *script*."""
    extensions, protocol, local_part = peer
    driver = Driver(extensions=extensions, protocol=protocol, local_part=local_part, opening=opening)
    for signal in script:
        driver.act() if signal is None else driver.meet(signal)
    return driver


@given(script=st.lists(st.sampled_from(ClientSignal)), host=st.sampled_from(HOSTS))
def test_every_transaction_that_began_ends_with_a_result_for_each_recipient(script, host):
    """
    A recipient without a result would be leased for ever.
    """
    driver = replay([ClientSignal.OK, ClientSignal.OK, None], host)
    for signal in [*script, ClientSignal.LOST]:
        driver.meet(signal)
        if driver.session.state is ClientState.CONTENT:
            driver.act()
    ended = [event for event in driver.events if isinstance(event, TransactionEnded)]
    assert ([2], [SessionClosed()]) == ([len(event.results) for event in ended], driver.events[-1:])


replies = st.lists(strategies.replies().map(lambda reply: reply.octets), max_size=8)


@given(data=st.data(), script=replies, tail=st.binary(max_size=20), host=st.sampled_from([EXTENSIONS, ONE_AT_A_TIME]))
def test_events_do_not_depend_on_how_octets_are_cut(data, script, tail, host):
    """
    TCP has no message borders: any reads give what one read gives, as long as nothing is sent between them.
    """
    octets = b"".join(script) + tail
    whole, cut = (ready(host).begin(transaction("b@x.test", "c@x.test")) for _ in range(2))
    whole.hear(octets or b"250 Ok\r\n")
    for piece in data.draw(strategies.pieces(octets)) or [b"250 Ok\r\n"]:
        cut.session.receive(piece)
    cut.note()
    assert whole.events == cut.events


@given(data=st.data(), content=strategies.contents)
def test_a_delivery_does_not_depend_on_how_replies_are_cut(data, content):
    """
    The same, with a driver that acts in between.
    """
    dialogues = [Dialogue(), Dialogue()]
    turns = [
        b"220 x\r\n",
        greeting(EXTENSIONS),
        b"250 2.1.0 Ok\r\n550 No\r\n250 Ok\r\n354 Go\r\n",
        b"250-a\r\n250 b\r\n",
    ]
    for dialogue, cut in zip(
        dialogues, (lambda turn: [turn], lambda turn: data.draw(strategies.pieces(turn))), strict=True
    ):
        for turn in turns:
            dialogue.hear(*cut(turn))
            if dialogue.session.is_ready and turn is turns[1]:
                dialogue.begin(transaction("b@x.test", "c@x.test"))
            elif dialogue.session.state is ClientState.CONTENT:
                dialogue.send(*cut(content))
    once, often = dialogues
    assert (once.events, b"".join(once.sent)) == (often.events, b"".join(often.sent))


@given(
    octets=st.binary(max_size=100), before=st.sampled_from([(), (b"220 x\r\n",), (b"220 x\r\n", greeting(EXTENSIONS))])
)
def test_no_octets_make_an_exception(octets, before):
    """
    The peer may be no SMTP server.
    """
    dialogue = Dialogue().hear(*before)
    dialogue.hear(octets, b"")
    assert SessionClosed() == dialogue.events[-1]


def test_a_session_is_made_for_one_connection():
    """
    Two sessions share nothing.
    """
    first, second = ClientSession("me.test"), ClientSession("me.test")
    first.receive(b"220 x\r\n")
    assert (ClientState.EHLO, ClientState.GREETING) == (first.state, second.state)
