"""
transaction - one mail transaction, from MAIL to the reply to the final dot

It collects the envelope, takes the content, judges the whole, and commits it with the fields that this host adds.
"""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from empath.authentication.arriving import ArrivingMessage, Wanted
from empath.authentication.canonical import BodyForm, SignedFields
from empath.authentication.disposition import Action
from empath.authentication.sign import SIGNED_FORM
from empath.daemon.acceptor.added_fields import AddedFields
from empath.daemon.acceptor.authentication import MessageCheck
from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.collected_recipients import CollectedRecipients
from empath.daemon.acceptor.content import IncomingContent
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.onward import forwarded_places, onward
from empath.daemon.acceptor.signing import MessageSigning
from empath.errors import EmpathError
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import Envelope, Recipient
from empath.mail.identity import QueueId, Timestamp
from empath.mail.reply import EnhancedStatus, Reply
from empath.mail.status import RecipientStatus
from empath.message.authors import authors
from empath.policy.access import Role, is_within
from empath.policy.limits.refusal import ALIAS_LOOP, HEADER_TOO_LARGE, TOO_MANY_HOPS
from empath.policy.router import ROUTE_KEY, SentBy
from empath.policy.routing import route_text
from empath.policy.timing import USUAL_PRIORITY, priority_class, timing
from empath.smtp.server.events import MailOffered
from empath.smtp.server.peer_attributes import origin_text
from empath.storage.queue.accept import Accept, ArrivalOrder, NewMessage
from empath.storage.queue.dedup import AcceptOnce
from empath.storage.spool import SpoolFile
from empath.telemetry.occurrences.acceptor import Accepted, Deduplicated, Disposed, MessageRefused, OriginKnown

if TYPE_CHECKING:  # only what is configured is imported
    from empath.daemon.acceptor.reception_trace import ReceptionTrace

_OK = EnhancedStatus(2, 0, 0)
_DMARC: Final = "dmarc"  # author of a hold
_NO_RECIPIENTS: Final[Mapping[Address, Recipient]] = MappingProxyType({})
_NO_WORDS: Final[Mapping[str, str]] = MappingProxyType({})
_NOT_NOW = Reply.of("451 4.3.0 The message could not be stored, try again later")


class Transaction:
    """
    One mail transaction: recipients first, then the content. Call `close` last, however it ended.

    `refusal_at_data` is the reply to DATA, if the driver knows already that it refuses the message. Each of `reviews`
    judges the whole message before it is committed, and may edit it. `order` is carried out at once, and `metadata` is
    the JSON object that the queue keeps with it. Each of `body_wanted` is shown the header as soon as it has arrived,
    and says which forms of the body are to be hashed on their way. `check` finds out who vouches for the message, if
    the listener wants to know.
    """

    __slots__ = (
        "_client", "_content", "_context", "_forwarded_as", "_limits", "_offer", "_queue_id", "_refusal", "added",
        "body_wanted", "check", "metadata", "order", "recipients", "refusal_at_data", "reviews", "trace",
    )  # fmt: skip

    def __init__(self, context: ListenerContext, client: Client, offer: MailOffered) -> None:
        self._context = context
        self._limits = context.configured  # of the whole message, whatever rows change meanwhile
        self._client = client
        self._offer = offer
        self.recipients = CollectedRecipients(context.budget, context.recipients)
        self._content: IncomingContent | None = None
        self.check: MessageCheck | None = None
        self.trace: ReceptionTrace | None = None  # of a process that traces mail
        self.refusal_at_data: Reply | None = None
        self.reviews: list[Callable[[IncomingContent], Reply | None]] = []
        self.body_wanted: list[Wanted] = []
        signing = None
        # Without a key the header need not be read for one: a tenth of what a short message takes.
        if context.signer is not None and self._is_of_user and (signer := context.signer()):
            signing = MessageSigning(signer, client.account)
            self.body_wanted.append(signing.wanted)
        if context.sealing is not None:
            self.body_wanted.append(self._to_be_sealed)
        self.added = AddedFields(context, client, offer, signing)
        self.metadata = "{}"
        self.order: ArrivalOrder | None = None
        self._forwarded_as: str | None = None  # its sender where an alias leads elsewhere, for the log
        self._queue_id = context.queue_id
        self._refusal: Reply | None = None  # the reply to the end of data, where it is known before

    @property
    def queue_id(self) -> QueueId:
        """The id that the message gets."""
        if self._queue_id is None:
            self._queue_id = QueueId.make(Timestamp(time.time()), os.urandom(10))
        return self._queue_id

    @property
    def offer(self) -> MailOffered:
        """What the client said at MAIL."""
        return self._offer

    @property
    def reverse_path(self) -> ReversePath:
        """The reverse-path of MAIL."""
        return self._offer.reverse_path

    @property
    def sent_by(self) -> SentBy:
        """What its route may depend on besides the recipients."""
        account = self._client.account
        return SentBy(str(self._offer.reverse_path), None if account is None else account.name, self.metadata)

    def change_sender(self, reverse_path: ReversePath) -> None:
        """Make *reverse_path* the sender. Call `deliver_to` after it: routes may depend on the sender."""
        self._offer = self._offer._replace(reverse_path=reverse_path)

    def deliver_to(self, addresses: Sequence[Address], more: Mapping[Address, Recipient] = _NO_RECIPIENTS) -> None:
        """Make *addresses* the recipients, see `CollectedRecipients.replace`."""
        self.recipients.replace(addresses, self._context.rules.router, self.sent_by, more)

    def begin_content(self) -> None:
        """Expect content from now on; DATA was accepted."""
        config = self._context.config
        self._content = IncomingContent(
            self._context.budget,
            partial(SpoolFile, config.queue.spool, config.node.name, self.queue_id),
            queue_id=self.queue_id,
            begun_at=Timestamp(time.time()),
            strips_blind_copies=self._context.role is Role.SUBMISSION,
            header_octets=self._limits.header_octets,
            arriving=self._arriving(),
        )

    def _arriving(self) -> ArrivingMessage | None:
        if not self.body_wanted:
            return None
        return ArrivingMessage(self._limits.header_octets, self.body_wanted)

    def add_content(self, octets: bytes) -> None:
        """Take the next piece of content. The client learns of a failure at the end of data."""
        content = self._begun_content()
        if content.is_closed:
            return
        try:
            content.add(octets)
        except EmpathError as exc:
            self._refuse(_NOT_NOW, str(exc))
        else:
            if content.is_header_too_large:
                self._refuse(HEADER_TOO_LARGE)

    def end_content(self) -> Reply:
        """Commit the message; the reply to the end of data."""
        return self._end_content() if self.trace is None else self._traced_end(self.trace)

    def _traced_end(self, trace: "ReceptionTrace") -> Reply:
        content, client, context = self._begun_content(), self._client, self._context
        traceparent = content.fields.traceparent
        if traceparent is not None and not is_within(client.address, context.listener.trust_traceparent):
            traceparent = None
        trace.content_ended(str(content.queue_id), traceparent)
        reply = _NOT_NOW
        try:
            reply = self._end_content()
        finally:
            if trace.is_kept(reply):
                trace.finish(reply, client, self._protocol)
        return reply

    def _end_content(self) -> Reply:
        content = self._begun_content()
        if self._refusal is not None:
            return self._refusal
        try:
            content.finish()
            if content.is_header_too_large:
                return self._refuse(HEADER_TOO_LARGE)
            if content.fields.received_hops >= self._limits.received_hops:
                return self._refuse(TOO_MANY_HOPS)
            if not self.recipients.marks.keys().isdisjoint(content.fields.expansions):
                return self._refuse(ALIAS_LOOP)
            author_refusal = self._author_refusal(content)
            if author_refusal is not None:
                return self._refuse(author_refusal)
            if self.check is not None:
                false_refusal = self._judge(self.check, content)
                if false_refusal is not None:
                    return self._refuse(false_refusal)
            for review in self.reviews:
                review_refusal = review(content)
                if review_refusal is not None:
                    return self._refuse(review_refusal)
            if self.added.judged is not None and self.added.judged.disposition.action is Action.QUARANTINE_ROUTE:
                self._send_to_quarantine()
            message = self._message(content)
            first = self._commit(content, message)
        except EmpathError as exc:
            return self._refuse(_NOT_NOW, str(exc))
        if first is not None:
            content.close()
            sender, client = str(message.envelope.reverse_path), self._client.address_text
            self._context.emit(Deduplicated(queue_id=str(first), sender=sender, client=client))
            return Reply(250, _OK, f"Ok: queued as {first}")
        self._context.space.take(message.size)
        self._log_acceptance(message, content.begun_at)
        return Reply(250, _OK, f"Ok: queued as {message.queue_id}")

    def _commit(self, content: IncomingContent, message: NewMessage) -> QueueId | None:
        """Commit *message*; or give the id of the same message that came before."""
        window_s = self._context.config.dedup.window_s
        is_once = window_s > 0 and self._context.listener.has_deduplication
        accept = AcceptOnce(message, window_s) if is_once else Accept(message)
        if self.trace is not None:
            self.trace.commit_begins(message)
        try:
            self._context.writer.commit(accept)
        finally:
            if self.trace is not None:
                self.trace.commit_ended()
            # A row may name the spool file, too, when it is unknown whether the commit took place.
            content.is_kept = accept.error is None or accept.may_be_committed
        if accept.first is not None:
            content.is_kept = False
        return accept.first

    def close(self) -> None:
        """Release what the transaction holds."""
        self.recipients.release()
        if self.check is not None:
            self.check.close()
        if self._content is not None:
            self._content.close()

    @property
    def _is_of_user(self) -> bool:
        """Whether the client may relay: the mail of others is never signed."""
        return self._client.account is not None or self._context.config.relay.policy.is_trusted(self._client.address)

    def _to_be_sealed(self, _fields: SignedFields) -> tuple[BodyForm, ...]:
        return (SIGNED_FORM,) if self.check is not None and self._wants_seal else ()

    @property
    def _wants_seal(self) -> bool:
        sealing = self._context.sealing
        if sealing is None or self._is_of_user:  # mail of users is signed, and was not judged
            return False
        return sealing.seals_all or bool(
            forwarded_places(self._context.config, self.recipients.all, is_of_user=self._is_of_user)
        )

    def _author_refusal(self, content: IncomingContent) -> Reply | None:
        account = self._client.account
        if account is None or account.senders is None or not self._context.config.auth.check_from:
            return None
        return account.senders.author_refusal(map(authors, content.fields.from_fields))

    def _judge(self, check: MessageCheck, content: IncomingContent) -> Reply | None:
        """Find out who vouches for *content*; the reply if it is refused for that."""
        verp, now = self._context.verp, time.time()
        is_report = verp is not None and all(verp.has_given_out(each, now) for each in self.recipients.addresses)
        judged = self.added.judged = check.judge(content, self._limits.header_octets, is_report=is_report)
        action, reason = judged.disposition.action, judged.disposition.reason
        if action is Action.HOLD:
            self.order = ArrivalOrder(RecipientStatus.HELD, _DMARC, reason)
        if action is not Action.TAG:
            words = judged.words
            self._context.emit(
                Disposed(
                    queue_id=str(content.queue_id),
                    client=self._client.address_text,
                    sender=str(self.reverse_path),
                    author=" ".join(judged.findings.authors or ()),
                    action=action,
                    reason=reason,
                    spf=words.get("spf"),
                    dkim=words.get("dkim"),
                    arc=words.get("arc"),
                    dmarc=words.get("dmarc"),
                )
            )
        return judged.refusal

    def _send_to_quarantine(self) -> None:
        """Give the message the route of the quarantine, unless a module has given it one."""
        route = self._context.config.authentication.quarantine_route
        metadata = json.loads(self.metadata)
        if route is None or ROUTE_KEY in metadata:
            return
        self.metadata = json.dumps({**metadata, ROUTE_KEY: route_text(route)})
        self.deliver_to(self.recipients.addresses)

    def _refuse(self, reply: Reply, failure: str | None = None) -> Reply:
        """Drop the content. *reply* answers the end of data; *failure* says what this host could not do."""
        self._refusal = reply
        content = self._begun_content()
        if failure is not None:
            refused = MessageRefused(queue_id=str(content.queue_id), client=self._client.address_text, reason=failure)
            self._context.emit(refused)
        content.close()
        return reply

    @property
    def _protocol(self) -> str:
        return (self._context.received_with or self._context.listener.protocol).lower()

    def _begun_content(self) -> IncomingContent:
        if self._content is None:
            raise RuntimeError("content came before DATA was accepted")
        return self._content

    def _message(self, content: IncomingContent) -> NewMessage:
        config, offer, client = self._context.config, self._offer, self._client
        is_null = offer.reverse_path.is_null
        lifetime_s = config.retry.bounce_lifetime_s if is_null else config.retry.lifetime_s
        now = Timestamp(time.time())
        due = timing(
            offer.hold, offer.deliver_by, now, lifetime_s=lifetime_s, delay_warning_s=config.retry.delay_warning_s
        )
        recipients = self.recipients
        sealing = self._context.sealing if self._wants_seal else None
        added_fields = self.added.compose(content, recipients.only, [*recipients.marks], sealing)
        sent, self._forwarded_as = onward(
            self._context,
            recipients.all,
            offer.reverse_path,
            content.queue_id,
            client.account,
            destinations=recipients.destinations,
            is_of_user=self._is_of_user,
        )
        return NewMessage(
            queue_id=content.queue_id,
            node=config.node.name,
            envelope=Envelope(
                reverse_path=offer.reverse_path,
                recipients=sent,
                body_type=offer.body_type,
                is_smtputf8=offer.is_smtputf8,
                dsn_return=offer.dsn_return,
                envelope_id=offer.envelope_id,
            ),
            destinations=tuple(recipients.destinations),
            content=content.content,
            locator=content.locator,
            size=len(added_fields) + content.size,
            digest=content.digest,
            has_8bit=content.has_8bit or not added_fields.isascii(),
            received_at=now,
            expires_at=due.expires_at,
            release_at=due.release_at,
            delay_report_at=due.delay_report_at,
            priority=USUAL_PRIORITY if offer.mt_priority is None else priority_class(offer.mt_priority),
            requires_tls=True if offer.requires_tls else False if content.fields.is_tls_optional else None,
            listener=self._context.address,
            client_address=client.address_text,
            client_name=client.name,
            header_message_id=content.fields.message_id,
            subject=content.fields.subject,
            added_fields=added_fields,
            account=client.account.name if client.account is not None else None,
            tls_version=None if client.tls is None else client.tls.version,
            tls_cipher=None if client.tls is None else client.tls.cipher,
            metadata=self.metadata,
            authentication=self._authentication_columns(),
            order=self.order,
            expanded=tuple(recipients.expanded.values()),
            traceparent=None if self.trace is None else self.trace.traceparent(),
        )

    def _authentication_columns(self) -> str | None:
        judged, sealed_by = self.added.judged, self.added.sealed_by
        if judged is None or sealed_by is None:
            return None if judged is None else judged.columns
        return json.dumps({**json.loads(judged.columns), "sealed_by": sealed_by})

    def _log_acceptance(self, message: NewMessage, begun_at: Timestamp) -> None:
        added = self.added
        words = _NO_WORDS if added.judged is None else added.judged.words
        self._context.emit(
            Accepted(
                queue_id=str(message.queue_id),
                sender=str(message.envelope.reverse_path),
                recipients=len(message.destinations),
                size=message.size,
                client=message.client_address,
                protocol=self._protocol,
                account=message.account,
                name=message.client_name,
                ptr=self._client.verified_name,
                message_id=message.header_message_id,
                signed_by=None if added.signing is None else added.signing.signed_by,
                forwarded_as=self._forwarded_as,
                sealed_by=added.sealed_by,
                tls_version=message.tls_version,
                tls_cipher=message.tls_cipher,
                duration_s=round(time.time() - begun_at, 4),
                spf=words.get("spf"),
                dkim=words.get("dkim"),
                arc=words.get("arc"),
                dmarc=words.get("dmarc"),
            )
        )
        if self._client.origin is not None:
            self._context.emit(OriginKnown(queue_id=str(message.queue_id), origin=origin_text(self._client.origin)))
