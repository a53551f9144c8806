"""
transaction - one mail transaction, from MAIL to the reply to the final dot

It collects the envelope, takes the content, composes the fields that this host adds, and commits the whole.
"""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from empath.authentication.arriving import ArrivingMessage, Wanted
from empath.authentication.canonical import BodyForm, SignedFields
from empath.authentication.disposition import Action
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.verp import Verp
from empath.daemon.acceptor.authentication import Judged, MessageCheck
from empath.daemon.acceptor.content import IncomingContent
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.signing import MessageSigning
from empath.errors import EmpathError
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import Envelope, Recipient, original_recipient_of
from empath.mail.identity import QueueId, Timestamp
from empath.mail.reply import EnhancedStatus, Reply
from empath.mail.status import RecipientStatus
from empath.message.authors import authors
from empath.message.edited_header import EditedHeader
from empath.message.fields import Fields
from empath.message.report.facts import ReportKind
from empath.message.trace import Reception, expanded_fields, missing_fields, protocol_word, received_field
from empath.net.tls import TlsParameters
from empath.policy.access import ClientAddress, Role
from empath.policy.bounce import merged_notify, notify_of_targets, wants_notice
from empath.policy.client_name import ClientName
from empath.policy.limits.refusal import ALIAS_LOOP, HEADER_TOO_LARGE, TOO_MANY_HOPS
from empath.policy.login.account import LoggedIn
from empath.policy.router import ROUTE_KEY, SentBy
from empath.policy.routing import route_text
from empath.policy.timing import USUAL_PRIORITY, priority_class, timing
from empath.smtp.server.events import MailOffered, PeerAttributes, RecipientOffered
from empath.smtp.server.peer_attributes import origin_text
from empath.storage.queue.accept import Accept, ArrivalOrder, NewMessage
from empath.storage.queue.dedup import AcceptOnce
from empath.storage.spool import SpoolFile
from empath.telemetry.occurrences.acceptor import Accepted, Deduplicated, Disposed, MessageRefused, OriginKnown

_LEAST_RECIPIENTS = 100
_RECIPIENT_OCTETS = 512  # memory for one recipient besides the local part, which a client chooses
_OK = EnhancedStatus(2, 0, 0)
_DMARC: Final = "dmarc"  # author of a hold
_NO_RECIPIENTS: Final[Mapping[Address, Recipient]] = MappingProxyType({})
_NO_WORDS: Final[Mapping[str, str]] = MappingProxyType({})
_NOT_NOW = Reply.of("451 4.3.0 The message could not be stored, try again later")


class Client(NamedTuple):
    """
    The peer of a session, as far as it has introduced itself.

    Shape: address_text is the address as logs and the queue have it; name is the argument of HELO or EHLO, or
    the address literal of a client that gave none; tls is what the handshake agreed on, None in the clear; ptr is its
    name in the DNS, None where it has none or none was looked up; told and origin are what another client says, by
    XCLIENT about this one, by XFORWARD about the next message. account is
    the one by which it has logged in. listed is the refusal of most of its recipients, if blocklists name it.
    """

    address: ClientAddress
    address_text: str
    name: str = ""
    is_esmtp: bool = False
    tls: TlsParameters | None = None
    ptr: ClientName | None = None
    told: PeerAttributes = MappingProxyType({})
    origin: PeerAttributes | None = None
    account: LoggedIn | None = None
    listed: Reply | None = None

    @property
    def verified_name(self) -> str | None:
        """The name in the DNS, if the DNS confirms it."""
        return self.ptr.name if self.ptr is not None and self.ptr.is_verified else None


class Transaction:
    """
    One mail transaction: recipients first, then the content. Call `close` last, however it ended.

    `refusal_at_data` is the reply to DATA, if the driver knows already that it refuses the message. Each of `reviews`
    judges the whole message before it is committed, and may edit it; `header` has the fields as they leave them.
    `order` is carried out at once, and `metadata` is the JSON object that the queue keeps with it. Each of
    `body_wanted` is shown the header as soon as it has arrived, and says which forms of the body are to be hashed on
    their way. `check` finds out who vouches for the message, if the listener wants to know.
    """

    __slots__ = (
        "_client", "_content", "_context", "_destinations", "_expanded", "_forwarded_as", "_held", "_judged", "_marks",
        "_offer", "_places", "_queue_id", "_recipients", "_refusal", "_sealed_by", "_signing", "body_wanted", "check",
        "header", "metadata", "order", "refusal_at_data", "reviews",
    )  # fmt: skip

    def __init__(self, context: ListenerContext, client: Client, offer: MailOffered) -> None:
        self._context = context
        self._client = client
        self._offer = offer
        self._recipients: list[Recipient] = []
        self._destinations: list[str] = []
        self._expanded: dict[Address, Recipient] = {}  # recipients with several targets, whose sender hears of that
        self._places: dict[Address, int] = {}  # of the recipients
        self._marks: dict[str, None] = {}  # of the aliases that were expanded
        self._held = 0  # octets of memory for the recipients
        self._content: IncomingContent | None = None
        self.check: MessageCheck | None = None
        self._judged: Judged | None = None
        self.refusal_at_data: Reply | None = None
        self.reviews: list[Callable[[IncomingContent], Reply | None]] = []
        self._signing: MessageSigning | None = None
        self.body_wanted: list[Wanted] = []
        if context.signer is not None and self._is_of_user:
            self._signing = MessageSigning(context.signer(), client.account)
            self.body_wanted.append(self._signing.wanted)
        if context.sealing is not None:
            self.body_wanted.append(self._to_be_sealed)
        self.metadata = "{}"
        self.header: EditedHeader | None = None  # None while nobody edits it
        self.order: ArrivalOrder | None = None
        self._sealed_by: str | None = None  # the key that sealed it, for the log
        self._forwarded_as: str | None = None  # its sender where an alias leads elsewhere, for the log
        self._queue_id = context.queue_id
        self._refusal: Reply | None = None  # the reply to the end of data, where it is known before

    @property
    def size(self) -> int:
        """The number of recipients."""
        return len(self._recipients)

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

    @property
    def addresses(self) -> list[Address]:
        """The addresses of the recipients."""
        return [recipient.address for recipient in self._recipients]

    def has_room(self, more: int) -> bool:
        """
        Whether the memory that the process has for unfinished messages takes *more* recipients. Each transaction has
        the number of RFC 5321 §4.5.3.1.8.
        """
        budget = self._context.budget
        return len(self._recipients) + more <= _LEAST_RECIPIENTS or budget.held_octets <= budget.limit_octets

    def change_sender(self, reverse_path: ReversePath) -> None:
        """Make *reverse_path* the sender. Call `deliver_to` after it: routes may depend on the sender."""
        self._offer = self._offer._replace(reverse_path=reverse_path)

    def deliver_to(self, addresses: Sequence[Address], more: Mapping[Address, Recipient] = _NO_RECIPIENTS) -> None:
        """
        Make *addresses* the recipients; each of them has a route. Those of the client keep what it asked for, and
        *more* has what is asked for others.
        """
        known = {**more, **{each.address: each for each in self._recipients}}
        router, sent_by = self._context.rules.router, self.sent_by
        self._destinations = []
        for address in addresses:
            decision = router.decide(str(address), address.domain, sent_by)
            if decision.route is None:
                raise RuntimeError("an edit added a recipient without a route")
            self._destinations.append(decision.destination(str(address.domain)))
        self._recipients = [known.get(address) or Recipient(address) for address in addresses]

    def add_expansion(
        self, written: Address, targets: Sequence[Address], offer: RecipientOffered, destinations: Sequence[str]
    ) -> None:
        """Add the *targets* of the alias of *written*, which the client gave, RFC 3461 §5.2.7."""
        recipients = self._context.recipients
        if recipients is not None and written not in targets:  # one that names itself may come back from its mailbox
            self._marks[recipients.loop_mark(written)] = None
        original = offer.original_recipient or original_recipient_of(written)
        notify = offer.notify
        if len(targets) > 1 and wants_notice(notify, ReportKind.SUCCESS):
            self._expanded.setdefault(written, Recipient(written, notify, original))
            notify = notify_of_targets(notify)
        offer = offer._replace(notify=notify, original_recipient=original)
        for target, destination in zip(targets, destinations, strict=True):
            self.add_recipient(target, offer, destination, written)

    def add_recipient(
        self, address: Address, offer: RecipientOffered, destination: str, written: Address | None = None
    ) -> None:
        """
        Add one recipient. One that is given twice gets one copy; the notices of both are wanted. *written* is what the
        client gave, where that is another address.
        """
        place = self._places.setdefault(address, len(self._recipients))
        if place == len(self._recipients):
            self._recipients.append(Recipient(address, offer.notify, offer.original_recipient, written))
            self._destinations.append(destination)
            octets = _RECIPIENT_OCTETS + 4 * len(address.local_part) + len(offer.original_recipient or "")
            self._held += octets
            self._context.budget.held_octets += octets
        else:
            known = self._recipients[place]
            self._recipients[place] = known._replace(notify=merged_notify(known.notify, offer.notify))

    def begin_content(self) -> None:
        """Expect content from now on; DATA was accepted."""
        config = self._context.config
        self._content = IncomingContent(
            self._context.budget,
            partial(SpoolFile, config.queue.spool, config.node.name, self.queue_id),
            queue_id=self.queue_id,
            begun_at=Timestamp(time.time()),
            strips_blind_copies=self._context.role is Role.SUBMISSION,
            header_octets=self._context.configured.header_octets,
            arriving=self._arriving(),
        )

    def _arriving(self) -> ArrivingMessage | None:
        if not self.body_wanted:
            return None
        return ArrivingMessage(self._context.configured.header_octets, self.body_wanted)

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
        content = self._begun_content()
        if self._refusal is not None:
            return self._refusal
        try:
            content.finish()
            if content.is_header_too_large:
                return self._refuse(HEADER_TOO_LARGE)
            if content.fields.received_hops >= self._context.configured.received_hops:
                return self._refuse(TOO_MANY_HOPS)
            if not self._marks.keys().isdisjoint(content.fields.expansions):
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
            if self._judged is not None and self._judged.disposition.action is Action.QUARANTINE_ROUTE:
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
        try:
            self._context.writer.commit(accept)
        finally:
            # A row may name the spool file, too, when it is unknown whether the commit took place.
            content.is_kept = accept.error is None or accept.may_be_committed
        if accept.first is not None:
            content.is_kept = False
        return accept.first

    def close(self) -> None:
        """Release what the transaction holds."""
        self._context.budget.held_octets -= self._held
        self._held = 0
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
        return sealing.seals_all or bool(self._forwarded_places())

    def _sealed(self, added: bytes, content: IncomingContent) -> bytes:
        """The set of ARC over *content* below the fields *added*, where there is one to be."""
        sealing, judged = self._context.sealing, self._judged
        if sealing is None or not self._wants_seal:
            return b""
        chain, results = (None, b"") if judged is None else (judged.findings.arc, judged.field)
        fields = SignedFields(Fields.of(added + content.header(self._context.configured.header_octets)))
        made = sealing.seal(content.queue_id, fields, content.body_digests, chain, results)
        if made is None:
            return b""
        self._sealed_by = made.words
        return made.fields

    def _author_refusal(self, content: IncomingContent) -> Reply | None:
        account = self._client.account
        if account is None or account.senders is None or not self._context.config.auth.check_from:
            return None
        return account.senders.author_refusal(map(authors, content.fields.from_fields))

    def _judge(self, check: MessageCheck, content: IncomingContent) -> Reply | None:
        """Find out who vouches for *content*; the reply if it is refused for that."""
        judged = self._judged = check.judge(content, self._context.configured.header_octets)
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
        self.deliver_to(self.addresses)

    def _refuse(self, reply: Reply, failure: str | None = None) -> Reply:
        """Drop the content. *reply* answers the end of data; *failure* says what this host could not do."""
        self._refusal = reply
        content = self._begun_content()
        if failure is not None:
            refused = MessageRefused(queue_id=str(content.queue_id), client=self._client.address_text, reason=failure)
            self._context.emit(refused)
        content.close()
        return reply

    def _begun_content(self) -> IncomingContent:
        if self._content is None:
            raise RuntimeError("content came before DATA was accepted")
        return self._content

    def _added_fields(self, content: IncomingContent) -> bytes:
        """
        What this host adds above *content*, which is complete.

        Text without a header gets an empty line: without it, a first line that begins with a blank would continue the
        last field of this host.
        """
        client = self._client
        hostname = str(self._context.hostname)
        is_logged_in = client.account is not None
        protocol = self._context.received_with or protocol_word(
            self._context.listener.protocol,
            is_esmtp=client.is_esmtp,
            is_smtputf8=self._offer.is_smtputf8,
            is_encrypted=client.tls is not None,
            is_authenticated=is_logged_in,
        )
        reception = Reception(
            client.name,
            client.address_text,
            hostname,
            protocol,
            client.verified_name,
            is_client_hidden=is_logged_in and self._context.listener.hides_clients,
            mt_priority=self._offer.mt_priority,
        )
        only = str(self._recipients[0].address) if len(self._recipients) == 1 else None
        results, header = b"" if self._judged is None else self._judged.field, self.header
        added = results if header is None else b"".join(header.above)
        added += received_field(reception, content.queue_id, content.begun_at, only)
        added += self._missing_fields(content)
        added += expanded_fields([*self._marks])
        added += b"" if header is None else b"".join(header.below)
        added += content.mailbox_fields
        if self._signing is not None:
            added = self._signing.sign(added, content, self._context.configured.header_octets) + added
        added = self._sealed(added, content) + added
        return added + b"\r\n" if content.is_headerless else added

    def _missing_fields(self, content: IncomingContent) -> bytes:
        """Date and Message-ID, where a submission has none."""
        if self._context.role is not Role.SUBMISSION:
            return b""
        missing = missing_fields(content.fields, str(self._context.hostname), content.queue_id, content.begun_at)
        if not missing or self.header is None:
            return missing
        seen, fields = Fields(self.header.below), Fields.of(missing)
        return b"".join(
            octets for name, octets in zip(fields.names, fields.octets, strict=True) if name not in seen.names
        )

    def edited_header(self, content: IncomingContent) -> EditedHeader:
        """
        The header of *content*, which is complete, for those who edit it: with the results of authentication on top,
        and the fields that a submission gets. The Received field of this host is not in it.

        Raises:
            StorageFailure: the header cannot be read.
        """
        if self.header is None:
            results = b"" if self._judged is None else self._judged.field
            self.header = EditedHeader(
                content.header(self._context.configured.header_octets),
                above=[results] if results else [],
                below=Fields.of(self._missing_fields(content)).octets,
                hidden=results,
            )
        return self.header

    def _message(self, content: IncomingContent) -> NewMessage:
        config, offer, client = self._context.config, self._offer, self._client
        is_null = offer.reverse_path.is_null
        lifetime_s = config.retry.bounce_lifetime_s if is_null else config.retry.lifetime_s
        now = Timestamp(time.time())
        due = timing(
            offer.hold, offer.deliver_by, now, lifetime_s=lifetime_s, delay_warning_s=config.retry.delay_warning_s
        )
        added_fields = self._added_fields(content)
        return NewMessage(
            queue_id=content.queue_id,
            node=config.node.name,
            envelope=Envelope(
                reverse_path=offer.reverse_path,
                recipients=self._sent_recipients(content.queue_id),
                body_type=offer.body_type,
                is_smtputf8=offer.is_smtputf8,
                dsn_return=offer.dsn_return,
                envelope_id=offer.envelope_id,
            ),
            destinations=tuple(self._destinations),
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
            expanded=tuple(self._expanded.values()),
        )

    def _authentication_columns(self) -> str | None:
        if self._judged is None or self._sealed_by is None:
            return None if self._judged is None else self._judged.columns
        return json.dumps({**json.loads(self._judged.columns), "sealed_by": self._sealed_by})

    def _forwarded_places(self) -> list[int]:
        """The places of the recipients whose mail is forwarded: it leaves this house, and nobody here has sent it."""
        is_own, is_of_user = self._context.config.is_own_domain, self._is_of_user
        # A client that may not relay reaches an address elsewhere by an alias or a module only.
        return [
            place
            for place, each in enumerate(self._recipients)
            if (each.written is not None or not is_of_user) and not is_own(each.address.domain)
        ]

    def _sent_recipients(self, queue_id: QueueId) -> tuple[Recipient, ...]:
        """The recipients, with the sender under which the mail of each goes on."""
        forwarder, verp = self._context.forwarder, self._verp
        if (forwarder is None and verp is None) or self._offer.reverse_path.is_null:
            return tuple(self._recipients)
        recipients = [*self._recipients]
        if verp is not None:
            is_own = self._context.config.is_own_domain
            for place, each in enumerate(recipients):
                if not is_own(each.address.domain):
                    recipients[place] = each._replace(sent_as=verp.sender(queue_id, each.address))
        places = [] if forwarder is None else self._forwarded_places()
        if forwarder is None or not places:
            return tuple(recipients)
        sender = self._forwarded_as = forwarder.sender(self._offer.reverse_path, time.time())
        if sender is not None:
            for place in places:
                recipients[place] = recipients[place]._replace(sent_as=sender)
        return tuple(recipients)

    @property
    def _verp(self) -> Verp | None:
        """What gives each recipient a sender, if that is wanted for this account."""
        verp, account = self._context.verp, self._client.account
        if verp is None or account is None:
            return None
        accounts = self._context.config.verp.accounts
        return verp if "*" in accounts or account.name in accounts else None

    def _log_acceptance(self, message: NewMessage, begun_at: Timestamp) -> None:
        words = _NO_WORDS if self._judged is None else self._judged.words
        self._context.emit(
            Accepted(
                queue_id=str(message.queue_id),
                sender=str(message.envelope.reverse_path),
                recipients=len(message.destinations),
                size=message.size,
                client=message.client_address,
                protocol=(self._context.received_with or self._context.listener.protocol).lower(),
                account=message.account,
                name=message.client_name,
                ptr=self._client.verified_name,
                message_id=message.header_message_id,
                signed_by=None if self._signing is None else self._signing.signed_by,
                forwarded_as=self._forwarded_as,
                sealed_by=self._sealed_by,
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
