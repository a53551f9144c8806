"""
conversation - what one session and one filter have to say to each other

THEORY
    The filter hears of the session at the latest with its first message: a connection that breaks is replaced, and the
    new one is told of the client and its greeting again.  So a filter that fails in one message may judge the next.

    A filter that accepts a session, or a message, is not asked again about it.  One that refuses a session refuses all
    messages in it.  One that fails is answered for by its `on_failure`: at once, and up to the end of the message.
"""

from collections.abc import Mapping
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

from empath.daemon.acceptor.milters.connection import FilterConnection, FilterFailed
from empath.daemon.acceptor.milters.filter import Filter
from empath.mail.reply import Reply
from empath.smtp.milter.answers import Answer, Replied, Verdict
from empath.smtp.milter.flags import Stage, Step
from empath.smtp.milter.requests import connected, greeted

_PUT_OFF: Final = Reply.of("451 4.7.1 Put off by a filter of this host, try again later")
_SHUT_DOWN: Final = Reply.of("421 4.7.0 Closed by a filter of this host, try again later")
# The replies to a client whose filter gives no words; a refusal in place of the banner has a code of its own.
REPLIES: Final = {
    Verdict.REJECT: Reply.of("550 5.7.1 Refused by a filter of this host"),
    Verdict.TEMPFAIL: _PUT_OFF,
    Verdict.SHUTDOWN: _SHUT_DOWN,
}
_AT_CONNECT: Final = {
    Verdict.REJECT: Reply.of("554 5.7.1 Refused by a filter of this host"),
    Verdict.TEMPFAIL: Reply.of("421 4.7.1 Put off by a filter of this host, try again later"),
    Verdict.SHUTDOWN: _SHUT_DOWN,
}


class SessionFacts(NamedTuple):
    """What a filter hears of a session. Shape: greeting is "" before HELO; is_secured, whether it is inside TLS."""

    client_name: str
    address: IPv4Address | IPv6Address
    greeting: str
    is_secured: bool
    macros: Mapping[str, str]


class Interest(Enum):
    """Whether a filter wants to hear more of a message."""

    ASKED = "asked"
    ACCEPTED = "accepted"  # or left out, after a failure
    DISCARDED = "discarded"


class Conversation:
    """
    One session, and the messages in it. `interest` is in the message under way. `refused_by_filter` says that the last
    refusal was the wish of the filter, not the answer to its failure.
    """

    __slots__ = (
        "_connection", "_has_accepted_session", "_is_message_open", "_refusal", "_session_refusal", "_told",
        "asked", "interest", "refused_by_filter",
    )  # fmt: skip

    def __init__(self, asked: Filter) -> None:
        self.asked = asked
        self.interest = Interest.ASKED
        self.refused_by_filter = False
        self._connection: FilterConnection | None = None
        self._told: tuple[str, bool] | None = None  # the greeting that the filter knows
        self._has_accepted_session = False
        self._is_message_open = False  # whether the filter knows of a message that has not ended for it
        self._session_refusal: Reply | None = None
        self._refusal: Reply | None = None  # of the message, since the filter failed

    @property
    def connection(self) -> FilterConnection:
        """The connection, after a stage that was not refused."""
        if self._connection is None:
            raise RuntimeError("there is no connection to the filter")
        return self._connection

    @property
    def wants_content(self) -> bool:
        """Whether the filter hears of the message under way."""
        return self._is_message_open and self.interest is Interest.ASKED

    @property
    def wants_refused_recipients(self) -> bool:
        """Whether the filter hears of recipients that others refuse."""
        return self.wants_content and Step.REFUSED_RECIPIENTS in self.connection.agreement.steps

    def introduce(self, facts: SessionFacts) -> Reply | None:
        """
        Tell of the session, as far as it is known; the reply that refuses it. A failure shows at the first message.
        """
        self.refused_by_filter = False
        try:
            self._introduce(facts)
        except FilterFailed as exc:
            self._drop(Stage.CONNECT if self._told is None else Stage.HELO, exc)
        return self._session_refusal

    def ask(self, stage: Stage, data: bytes, facts: SessionFacts, macros: Mapping[str, str]) -> Reply | None:
        """Tell of a stage of a message; the reply that refuses it."""
        self.refused_by_filter = False
        if stage is Stage.MAIL:
            self._begin_message()
        if self._refusal is not None or self._is_done():
            return self._refusal
        try:
            self._introduce(facts)
            if self._session_refusal is not None or self._is_done():
                return self._session_refusal
            if stage is Stage.MAIL:
                self.connection.begin()
            self._is_message_open = True
            return self.take(self.connection.ask(stage, data, macros), stage)
        except FilterFailed as exc:
            return self.fail(stage, exc)

    def take(self, answer: Answer, stage: Stage) -> Reply | None:
        """
        Take a verdict of the filter about a message; the reply if it refuses.

        Raises:
            FilterFailed: the filter gives up.
        """
        if isinstance(answer, Replied):
            self.refused_by_filter = True
            return answer.reply
        match answer:
            case Verdict.ACCEPT:
                self.interest = Interest.ACCEPTED
            case Verdict.DISCARD:
                self.interest = Interest.DISCARDED
            case Verdict.CONNECTION_FAILED:
                raise FilterFailed(f"it gives up at {stage}")
            case Verdict.REJECT | Verdict.TEMPFAIL | Verdict.SHUTDOWN:
                self.refused_by_filter = True
                return REPLIES[answer]
        return None

    def fail(self, stage: Stage, error: FilterFailed) -> Reply | None:
        """The filter has failed in a message: its `on_failure` answers up to the end of it."""
        self._drop(stage, error)
        self.interest = Interest.ACCEPTED
        self._refusal = self.asked.refusal
        return self._refusal

    def tell_refused(self, data: bytes, macros: Mapping[str, str]) -> None:
        """Tell of a recipient that others refuse; the answer does not matter."""
        try:
            self.connection.ask(Stage.RCPT, data, macros)
        except FilterFailed as exc:
            self.fail(Stage.RCPT, exc)

    def end_at_filter(self) -> None:
        """The filter has heard the end of the message, and has answered it."""
        self._is_message_open = False

    def hang_up(self) -> None:
        """Close the connection in the middle of what the filter says."""
        self.connection.close()
        self._connection, self._is_message_open = None, False

    def end_message(self) -> None:
        """The message is over, whatever became of it."""
        if self._is_message_open and self._connection is not None:
            try:
                self._connection.abort()
            except FilterFailed as exc:
                self._drop(Stage.END_OF_MESSAGE, exc)
        self._is_message_open = False
        self.interest = Interest.ASKED
        self._refusal = None

    def end_session(self) -> None:
        """The session is over, or becomes another."""
        self.end_message()
        if self._connection is not None:
            self.asked.give_back(self._connection)
        self._connection = self._told = self._session_refusal = None
        self._has_accepted_session = False

    def _is_done(self) -> bool:
        return self._has_accepted_session or self.interest is not Interest.ASKED

    def _begin_message(self) -> None:
        self.interest = Interest.ASKED
        self._refusal = None

    def _introduce(self, facts: SessionFacts) -> None:
        """Connect and say who the client is, where that is not done."""
        if self._session_refusal is not None or self._has_accepted_session:
            return
        if self._connection is None:
            self._told = None
            self._connect(facts)
        greeting = (facts.greeting, facts.is_secured)
        if facts.greeting and self._told != greeting and not self._is_settled():
            self.connection.begin()
            self._take_of_session(self.connection.ask(Stage.HELO, greeted(facts.greeting), facts.macros), Stage.HELO)
            self._told = greeting

    def _is_settled(self) -> bool:
        return self._session_refusal is not None or self._has_accepted_session

    def _connect(self, facts: SessionFacts) -> None:
        data = connected(facts.client_name, facts.address, 0)
        connection = self._connection = self.asked.connection()
        try:
            answer = connection.ask(Stage.CONNECT, data, facts.macros)
        except FilterFailed:
            if not connection.is_used:
                raise
            connection.close()  # the filter had given up on it meanwhile
            connection = self._connection = self.asked.connection(is_new=True)
            answer = connection.ask(Stage.CONNECT, data, facts.macros)
        self._told = ("", facts.is_secured)
        self._take_of_session(answer, Stage.CONNECT)

    def _take_of_session(self, answer: Answer, stage: Stage) -> None:
        replies = _AT_CONNECT if stage is Stage.CONNECT else REPLIES
        if isinstance(answer, Replied):
            self._session_refusal = answer.reply
        elif answer is Verdict.ACCEPT:
            self._has_accepted_session = True
        elif answer is Verdict.CONNECTION_FAILED:
            raise FilterFailed(f"it gives up at {stage}")
        elif isinstance(answer, Verdict):
            self._session_refusal = replies.get(answer)
        self.refused_by_filter = self._session_refusal is not None

    def _drop(self, stage: Stage, error: FilterFailed) -> None:
        self.asked.failed(stage, error)
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._is_message_open = False
