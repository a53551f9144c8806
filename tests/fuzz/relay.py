"""
relay - both roles talk to each other, over a connection that cuts the octets at random

Promises: the client counts as delivered exactly what the server accepted, for the same recipients, with the same
parameters and the same content. The octets of the case are the content.
"""

from random import Random

from empath.mail.address import ForwardPath, ReversePath
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.smtp.client.events import ContentWanted, Ready, SessionClosed, TransactionEnded
from empath.smtp.client.session import ClientSession, Transaction
from empath.smtp.server.events import Content, ContentEnded, Event, Greeted, MailOffered, RecipientOffered
from empath.smtp.server.limits import ServerLimits
from tests.fuzz.case import Case
from tests.fuzz.messages import random_content, random_transaction
from tests.fuzz.server import NO, YES
from tests.kit.conversation import Conversation, cut
from tests.kit.wire import content_of

_LIMITS = ServerLimits(message_octets=100_000, line_octets=None)


class Relay:
    """A client and a server, with what each of them counts as delivered."""

    def __init__(self, case: Case) -> None:
        self._random = Random(case.choices)
        octets = b"\r\n".join(case.turns).replace(b"\0", b"")
        self._content = content_of(octets)[0] or random_content(self._random)
        self._kindness = self._random.choice([1.0, 0.7])
        self._server = Conversation(_LIMITS, dict.fromkeys(YES, self._decide))
        self._client = ClientSession("me.test")
        self._left = self._random.randint(1, 3)
        self._offered: MailOffered | None = None
        self._accepted: list[RecipientOffered] = []
        self._taken: list[RecipientOffered] = []  # recipients that the server accepted with the message
        self._begun: Transaction | None = None
        self._seen = 0
        self.reached: list[str] = []

    def run(self) -> None:
        """Carry octets both ways until the client is done."""
        to_client = self._server.say(b"")
        is_over = False
        for _ in range(1000):
            for piece in self._cut(to_client):
                self._client.receive(piece)
            if self._server.session.is_closed:
                self._client.receive(b"")
            is_over = self._act()
            to_server = self._client.octets_to_send()
            if is_over or not (to_server or to_client):
                break
            for piece in self._cut(to_server):
                self._server.hear(piece)
            to_client = self._server.session.octets_to_send()
        assert is_over, "both sides wait for each other"

    def _cut(self, octets: bytes) -> list[bytes]:
        return cut(octets, [self._random.randrange(len(octets) + 1) for _ in range(4)]) if octets else []

    def _decide(self, event: Event) -> Reply:
        is_yes = isinstance(event, Greeted) or self._random.random() < self._kindness
        reply = self._random.choice((YES if is_yes else NO)[type(event)])
        if reply.code < 400:
            match event:
                case MailOffered():
                    self._offered, self._accepted = event, []
                case RecipientOffered():
                    self._accepted.append(event)
                case ContentEnded():
                    self._taken = self._accepted
        return reply

    def _act(self) -> bool:
        while (event := self._client.next_event()) is not None:
            self.reached.append(type(event).__name__)
            match event:
                case Ready() if self._left:
                    self._begin()
                case ContentWanted():
                    for piece in self._cut(self._content):
                        self._client.content(piece)
                    self._client.end_content()
                case TransactionEnded():
                    self._judge(event)
                    if self._client.is_ready and self._left:
                        self._begin()
                    else:
                        self._client.quit()
                case SessionClosed():
                    return True
        return False

    def _begin(self) -> None:
        self._left -= 1
        self._taken, self._offered = [], None
        self._seen = len(self._server.events)
        self._begun = random_transaction(self._random, self._content)
        self._client.begin(self._begun)

    def _judge(self, ended: TransactionEnded) -> None:
        assert self._begun is not None
        begun, self._begun = self._begun, None
        self.reached += [f"{result.stage} {result.reply.code}" for result in ended.results.values()]
        delivered = [
            begun.recipients[number]
            for number, result in ended.results.items()
            if (result.stage, result.reply.klass) == (Stage.END_OF_DATA, 2)
        ]
        assert [ForwardPath.parse(recipient.address) for recipient in delivered] == [
            taken.forward_path for taken in self._taken
        ], "delivered is not what was accepted"
        assert [(recipient.notify, recipient.original_recipient) for recipient in delivered] == [
            (taken.notify, taken.original_recipient) for taken in self._taken
        ]
        offered = self._offered
        if offered is not None:
            assert (ReversePath.parse(begun.reverse_path), begun.size, begun.dsn_return, begun.envelope_id) == (
                offered.reverse_path, offered.size, offered.dsn_return, offered.envelope_id
            )  # fmt: skip
        if delivered:
            events = self._server.events[self._seen :]
            line_end = b"" if self._content.endswith(b"\r\n") or not self._content else b"\r\n"
            arrived = b"".join(event.octets for event in events if isinstance(event, Content))
            assert self._content + line_end == arrived


def check(case: Case) -> list[str]:
    """
    Judge one case and give the steps that it reached.

    Raises:
        AssertionError: a promise is broken.
    """
    relay = Relay(case)
    relay.run()
    return relay.reached
