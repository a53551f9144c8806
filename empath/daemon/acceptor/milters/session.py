"""
session - a receiving session that asks filters

Empath decides first, and the filters of the listener are asked in the order of the file about what it would accept.
Where modules are configured, too, filters see a message before them.  A listener without filters has sessions of
another class, and none of this costs it anything.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.content import IncomingContent
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.judging import JudgedRecipient
from empath.daemon.acceptor.milters.changes import Given
from empath.daemon.acceptor.milters.conversation import Conversation, Interest, SessionFacts
from empath.daemon.acceptor.milters.macros import message_macros, recipient_macros, session_macros
from empath.daemon.acceptor.milters.message import FilteredMessage
from empath.daemon.acceptor.session import ANSWERS, REFUSED_S, ReceivingSession
from empath.mail.envelope import BodyType
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.net.stream import Stream
from empath.policy.access import ClientAddress
from empath.policy.login.account import LoggedIn
from empath.smtp.milter.flags import Stage
from empath.smtp.milter.requests import path_given
from empath.smtp.server.events import (
    AuthOffered,
    ClientNamed,
    Connected,
    DataOffered,
    Greeted,
    MailOffered,
    RecipientOffered,
)
from empath.storage.queue.accept import ArrivalOrder
from empath.telemetry.occurrences.acceptor import MilterDecided

_DISCARDED: Final = "discarded by the filter"


class MilterSession(ReceivingSession):
    """One client's connection, with filters."""

    def __init__(
        self,
        context: ListenerContext,
        stream: Stream,
        address: ClientAddress,
        number: int = 0,
        *,
        account: LoggedIn | None = None,
    ) -> None:
        super().__init__(context, stream, address, number, account=account)
        self._conversations = [Conversation(each) for each in context.milters]
        self._mechanism = ""  # of the last login that was tried
        self._facts_of: Client | None = None
        self._known_facts: SessionFacts | None = None
        self._message_macros: Mapping[str, str] = {}
        self._given: Given = {}  # recipients that the filters have accepted
        self._was_asked = False  # whether the filters were asked about the last recipient

    def run(self) -> None:
        """See `ReceivingSession`."""
        try:
            super().run()
        finally:
            for conversation in self._conversations:
                conversation.end_session()

    def _connected(self, event: Connected) -> Reply:
        reply = super()._connected(event)
        refusal = self._introduce_filters(Stage.CONNECT) if reply.code == 220 else None
        if refusal is not None:
            self._deadlines.hurry(REFUSED_S)
        return refusal or reply

    def _client_named(self, event: ClientNamed) -> Reply:
        reply = super()._client_named(event)
        if reply.code != 220:
            return reply
        for conversation in self._conversations:
            conversation.end_session()
        refusal = self._introduce_filters(Stage.CONNECT)
        if refusal is not None:  # the session ends: it is too late for another banner
            return replace(refusal, code=421 if refusal.klass == 4 else 521)
        return reply

    def _greeted(self, event: Greeted) -> Reply:
        reply = super()._greeted(event)
        return self._introduce_filters(Stage.HELO) or reply

    def _auth_offered(self, event: AuthOffered) -> Reply:
        self._mechanism = event.mechanism
        return super()._auth_offered(event)

    def _mail_offered(self, event: MailOffered) -> Reply:
        reply = super()._mail_offered(event)
        transaction = self._transaction
        if transaction is None:
            return reply
        transaction.reviews.append(self._show)
        self._message_macros = message_macros(self._facts().macros, transaction)
        data = path_given(str(transaction.reverse_path), _mail_parameters(transaction.offer))
        refusal = self._ask_filters(Stage.MAIL, data, self._message_macros)
        if refusal is not None:
            self._end_transaction()
        return refusal or reply

    def _recipient_offered(self, event: RecipientOffered) -> Reply:
        self._was_asked = False
        reply = super()._recipient_offered(event)
        if reply.code >= 400 and not self._was_asked:
            self._tell_refused(event, reply)
        return reply

    def _take_recipient(self, recipient: JudgedRecipient) -> Reply:
        self._was_asked = True
        path = str(recipient.offer.forward_path)
        macros = recipient_macros(self._message_macros, path)
        refusal = self._ask_filters(Stage.RCPT, path_given(path, _rcpt_parameters(recipient.offer)), macros)
        if refusal is not None:
            return refusal
        self._given = {**self._given, path: recipient.targets}
        return super()._take_recipient(recipient)

    def _data_offered(self, event: DataOffered) -> Reply:
        if self._open_transaction().refusal_at_data is None:
            refusal = self._ask_filters(Stage.DATA, b"", self._message_macros)
            if refusal is not None:
                return refusal
        return super()._data_offered(event)

    def _end_transaction(self) -> None:
        super()._end_transaction()
        for conversation in self._conversations:
            conversation.end_message()
        self._given = {}

    def _facts(self) -> SessionFacts:
        """What filters hear of the session as it is now."""
        client = self._client
        if self._known_facts is None or self._facts_of is not client:
            self._facts_of = client
            self._known_facts = SessionFacts(
                client_name=client.verified_name or f"[{client.address_text}]",
                address=client.address,
                greeting=client.name,
                is_secured=client.tls is not None,
                macros=session_macros(self._context, client, self._mechanism),
            )
        return self._known_facts

    def _introduce_filters(self, stage: Stage) -> Reply | None:
        """Tell the filters of the session; the first refusal."""
        for conversation in self._conversations:
            refusal = conversation.introduce(self._facts())
            if refusal is not None:
                self._report_decision(conversation, stage, refusal)
                return refusal
        return None

    def _ask_filters(self, stage: Stage, data: bytes, macros: Mapping[str, str]) -> Reply | None:
        """Ask the filters, up to the first that refuses or discards."""
        for conversation in self._conversations:
            refusal = conversation.ask(stage, data, self._facts(), macros)
            if refusal is not None:
                self._report_decision(conversation, stage, refusal)
                return refusal
            if conversation.interest is Interest.DISCARDED:
                break
        return None

    def _tell_refused(self, event: RecipientOffered, reply: Reply) -> None:
        """Tell filters that want to know of a recipient that is refused; their answer does not matter."""
        if self._transaction is None:
            return
        path = str(event.forward_path)
        macros = recipient_macros(self._message_macros, path, str(reply))
        for conversation in self._conversations:
            if conversation.wants_refused_recipients:
                conversation.tell_refused(path_given(path, _rcpt_parameters(event)), macros)

    def _show(self, content: IncomingContent) -> Reply | None:
        """Show a whole message to the filters; the first refusal."""
        transaction = self._open_transaction()
        message = FilteredMessage(self._context, transaction, content, macros=self._message_macros, given=self._given)
        for conversation in self._conversations:
            most = conversation.asked.settings.message_octets
            if conversation.wants_content and (most is None or content.size <= most):
                found = message.show(conversation)
                if found.refusal is not None:
                    self._report_decision(conversation, found.stage, found.refusal)
                    return found.refusal
                if found.changed:
                    self._report_decision(conversation, found.stage, None, found.changed)
            if conversation.interest is Interest.DISCARDED:
                transaction.order = ArrivalOrder(
                    RecipientStatus.CANCELLED, f"milter:{conversation.asked.name}", _DISCARDED
                )
                self._report_decision(conversation, Stage.END_OF_MESSAGE, None, ("discard",))
                break
        return None

    def _report_decision(
        self, conversation: Conversation, stage: Stage, refusal: Reply | None, changed: tuple[str, ...] = ()
    ) -> None:
        """Count and log what a filter decided; the answer to its failure is no decision."""
        if refusal is not None and not conversation.refused_by_filter:
            return
        name, transaction = conversation.asked.name, self._transaction
        verdict = "changed" if refusal is None else "put off" if refusal.klass == 4 else "refused"
        for what in ("discard", "hold"):
            verdict = what if what in changed else verdict
        conversation.asked.verdicts[name, verdict] += 1
        if refusal is not None and not self._context.refusals.admit(f"milter {self._client.address}", time.monotonic()):
            return
        self._context.emit(
            MilterDecided(
                queue_id=None if transaction is None else str(transaction.queue_id),
                milter=name,
                client=self._client.address_text,
                sender=None if transaction is None else str(transaction.reverse_path),
                stage=str(stage),
                verdict=verdict,
                changed=" ".join(changed) or None,
                reply=None if refusal is None else str(refusal),
            )
        )


def _mail_parameters(offer: MailOffered) -> str:
    found = [] if offer.size is None else [f"SIZE={offer.size}"]
    if offer.body_type is not BodyType.SEVEN_BIT:
        found.append(f"BODY={offer.body_type}")
    if offer.is_smtputf8:
        found.append("SMTPUTF8")
    if offer.dsn_return is not None:
        found.append(f"RET={offer.dsn_return}")
    if offer.envelope_id is not None:
        found.append(f"ENVID={offer.envelope_id}")
    return " ".join(found)


def _rcpt_parameters(offer: RecipientOffered) -> str:
    found = [] if offer.notify is None else [f"NOTIFY={offer.notify}"]
    if offer.original_recipient is not None:
        found.append(f"ORCPT={offer.original_recipient}")
    return " ".join(found)


OVERRIDDEN: Final[dict[type, Any]] = {
    Connected: MilterSession._connected,
    ClientNamed: MilterSession._client_named,
    Greeted: MilterSession._greeted,
    AuthOffered: MilterSession._auth_offered,
    MailOffered: MilterSession._mail_offered,
    RecipientOffered: MilterSession._recipient_offered,
    DataOffered: MilterSession._data_offered,
}
MilterSession.answers = {**ANSWERS, **OVERRIDDEN}
