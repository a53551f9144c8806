"""
session - a receiving session that asks the modules

Empath decides first; the modules are asked about what it would accept.  Without modules no session is of this class,
and none of this costs anything.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from empath.daemon.acceptor.content import IncomingContent
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.editing import MessageEditing
from empath.daemon.acceptor.judging import JudgedRecipient
from empath.daemon.acceptor.session import ANSWERS, REFUSED_S, ReceivingSession
from empath.daemon.acceptor.transaction import Transaction
from empath.daemon.process.module_calls.calls import CallFailed, ModuleCalls, ModuleEdit
from empath.daemon.process.module_calls.metadata import Metadata
from empath.errors import SyntaxViolation
from empath.mail.reply import Reply
from empath.modules.edits import MAX_EDITS, SetRoute, WrongEdit
from empath.modules.hooks import Context, Message
from empath.net.stream import Stream
from empath.policy.access import ClientAddress
from empath.policy.login.account import LoggedIn
from empath.policy.router import ROUTE_KEY
from empath.smtp.server.events import (
    ClientNamed,
    Connected,
    ContentEnded,
    Greeted,
    MailOffered,
    StartTls,
)


class ModuleSession(ReceivingSession):
    """One client's connection, with modules. `overridden` are the answers that ask them."""

    overridden: ClassVar[Mapping[type, Any]]

    def __init__(
        self,
        calls: ModuleCalls,
        context: ListenerContext,
        stream: Stream,
        address: ClientAddress,
        number: int = 0,
        *,
        account: LoggedIn | None = None,
    ) -> None:
        super().__init__(context, stream, address, number, account=account)
        self._calls = calls
        self._metadata = Metadata()
        self._edits: list[ModuleEdit] = []
        self._arrived: tuple[Context, Message] | None = None  # the message for the observers

    def run(self) -> None:
        """See `ReceivingSession`."""
        try:
            super().run()
        finally:
            self._calls.ask("ended", self._seen(), self._metadata, reason=self._reason)

    def _seen(self) -> Context:
        """The session as a module sees it."""
        client, transaction = self._client, self._transaction
        return Context(
            listener=self._context.address,
            role=self._context.role,
            client_address=client.address_text,
            client_name=client.name,
            client_ptr=client.verified_name,
            tls=None if client.tls is None else client.tls.version,
            account=None if client.account is None else client.account.name,
            sender=None if transaction is None else str(transaction.reverse_path),
            recipients=() if transaction is None else tuple(map(str, transaction.recipients.addresses)),
            metadata=self._metadata.value,
        )

    def take_metadata(self, text: str) -> None:
        """See `ReceivingSession`; modules find it in theirs."""
        super().take_metadata(text)
        self._metadata = Metadata.of(text)

    def _ask(self, hook: str, **more: object) -> Reply | None:
        """What the modules have against it; their edits are kept."""
        if not self._calls.has(hook):
            return None
        answer = self._calls.ask(hook, self._seen(), self._metadata, **more)
        self._edits += answer.edits
        return answer.reply

    def _connected(self, event: Connected) -> Reply:
        reply = super()._connected(event)
        refusal = self._ask("connect") if reply.code == 220 else None
        if refusal is not None:
            self._deadlines.hurry(REFUSED_S)
        return refusal or reply

    def _client_named(self, event: ClientNamed) -> Reply:
        reply = super()._client_named(event)
        refusal = self._ask("connect") if reply.code == 220 else None
        if refusal is not None:  # the session ends: it is too late for another banner
            return replace(refusal, code=421 if refusal.klass == 4 else 521)
        return reply

    def _greeted(self, event: Greeted) -> Reply:
        reply = super()._greeted(event)
        return self._ask("ehlo", name=self._client.name) or reply

    def _starttls_asked(self, event: StartTls) -> Reply:
        return self._ask("starttls") or super()._starttls_asked(event)

    def _log_in(self, reply: Reply) -> Reply:
        reply = super()._log_in(reply)
        account = self._logins.account
        if account is None:
            return reply
        refusal = self._ask("auth", account=account.name)
        if refusal is None:
            return reply
        self._client = self._client._replace(account=None)
        self._offer()
        return refusal

    def _mail_offered(self, event: MailOffered) -> Reply:
        reply = super()._mail_offered(event)
        if self._transaction is None:
            return reply
        self._transaction.reviews.append(self._review)
        self._metadata.begin_message()
        refusal = self._ask("mail", sender=str(event.reverse_path))
        if refusal is not None:
            self._end_transaction()
        return refusal or reply

    def _take_recipient(self, recipient: JudgedRecipient) -> Reply:
        return self._ask("rcpt", recipient=str(recipient.address)) or super()._take_recipient(recipient)

    def _content_ended(self, event: ContentEnded) -> Reply:
        reply = super()._content_ended(event)
        arrived, self._arrived = self._arrived, None
        if reply.code == 250 and arrived is not None:
            context, message = arrived
            # By now the message may be delivered, and its content gone.
            self._calls.ask("accepted", context, Metadata(), message=replace(message, chunks=lambda: iter(())))
        return reply

    def _end_transaction(self) -> None:
        super()._end_transaction()
        self._edits.clear()
        self._metadata.end_message()

    def _review(self, content: IncomingContent) -> Reply | None:
        """Show a message to the modules, and carry out their edits; the reply that refuses it, if one does."""
        transaction = self._open_transaction()
        if self._edits or self._calls.has("data") or self._calls.has("accepted"):
            header = transaction.added.edited_header(content).visible
            message = Message(str(content.queue_id), content.size, header, content.chunks)
            refusal = self._ask("data", message=message) or self._edit(transaction, content)
            if refusal is not None:
                return refusal
            context = self._seen()
            self._arrived = replace(context, metadata=dict(context.metadata)), message
        transaction.metadata = self._metadata.text
        return None

    def _edit(self, transaction: Transaction, content: IncomingContent) -> Reply | None:
        """Carry out the edits; a module whose edit cannot be has failed."""
        if not self._edits:
            return None
        editing = MessageEditing(self._context, transaction, content)
        ordered_by = ""
        for place, each in enumerate(self._edits):
            try:
                if place >= MAX_EDITS:
                    raise WrongEdit(f"a message has at most {MAX_EDITS} edits")
                editing.apply(each.edit)
                if isinstance(each.edit, SetRoute):
                    self._set_route(transaction, editing.edited.route)
            except WrongEdit as exc:
                refusal = self._calls.fail(each.module, each.hook, CallFailed(f"{type(each.edit).__name__}: {exc}"))
                if refusal is not None:
                    return refusal
            else:
                each.module.in_a_row[each.hook] = 0
            if editing.edited.order is each.edit:
                ordered_by = each.module.module.wanted.name
        editing.carry_out(f"module:{ordered_by}")
        return None

    def _set_route(self, transaction: Transaction, route: str | None) -> None:
        """Keep *route* with the message: each lease reads it there."""
        self._metadata.value[ROUTE_KEY] = route
        try:
            self._metadata.keep()
        except SyntaxViolation as exc:
            self._metadata.restore()
            raise WrongEdit(str(exc)) from exc
        transaction.metadata = self._metadata.text


ModuleSession.overridden = {
    Connected: ModuleSession._connected,
    ClientNamed: ModuleSession._client_named,
    Greeted: ModuleSession._greeted,
    StartTls: ModuleSession._starttls_asked,
    MailOffered: ModuleSession._mail_offered,
    ContentEnded: ModuleSession._content_ended,
}
ModuleSession.answers = {**ANSWERS, **ModuleSession.overridden}
