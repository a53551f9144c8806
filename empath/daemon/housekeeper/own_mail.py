"""
own_mail - messages of this host itself: whom they go to, and as what they come into the queue
"""

import hashlib

from empath.daemon.process.recipients import Recipients, recipients_of_reports
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.signing import SigningKeys, signed_report
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import BodyType, Envelope, Recipient, original_recipient_of
from empath.mail.identity import QueueId, Timestamp
from empath.mail.reply import Reply
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.router import SentBy
from empath.storage.engine import Reader
from empath.storage.queue.accept import INLINE, NewMessage

_LINES_PER_SECOND = 20  # of the log, about aliases that cannot be used


class OwnMail:
    """Makes messages of what this host has to say; with a signature, if there is a key for the domain in From."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._signing = SigningKeys(runtime.signer, reader)
        self._recipients: Recipients | None = recipients_of_reports(
            runtime.config, reader, runtime.emit, RefusalMeter(_LINES_PER_SECOND, _LINES_PER_SECOND)
        )

    def message(
        self,
        queue_id: QueueId,
        recipients: tuple[Recipient, ...],
        reverse_path: ReversePath,
        content: bytes,
        *,
        listener: str,
        is_smtputf8: bool = False,
        requires_tls: bool | None = None,
        traceparent: str | None = None,
    ) -> NewMessage:
        """
        The message *content*; *listener* stands in place of the listener that other messages name, and *traceparent* is
        its place in a trace.
        """
        now = self._runtime.now()
        config = self._runtime.config
        signatures = signed_report(self._signing.signer(), content, now)
        has_8bit = not content.isascii()
        addresses = [recipient.address for recipient in recipients]
        sent_by = SentBy(str(reverse_path))
        return NewMessage(
            queue_id=queue_id,
            node=config.node.name,
            envelope=Envelope(
                reverse_path=reverse_path,
                recipients=recipients,
                body_type=BodyType.EIGHT_BIT_MIME if has_8bit else BodyType.SEVEN_BIT,
                is_smtputf8=is_smtputf8 or not all(each.is_ascii for each in addresses),
            ),
            destinations=tuple(
                self._runtime.rules.router.decide(str(each), each.domain, sent_by).destination(str(each.domain))
                for each in addresses
            ),
            content=content,
            locator=INLINE,
            size=len(signatures) + len(content),
            added_fields=signatures,
            digest=hashlib.sha256(content).hexdigest(),
            has_8bit=has_8bit,
            received_at=now,
            expires_at=Timestamp(now + config.retry.bounce_lifetime_s),
            listener=listener,
            client_address="",
            client_name=str(config.hostname),
            header_message_id=f"<{queue_id}@{config.hostname}>",
            subject=None,
            requires_tls=requires_tls,
            traceparent=traceparent,
        )

    def recipients_for(self, to: Address) -> tuple[Recipient, ...]:
        """
        The recipients of a message to *to*, whose alias may have others.

        One that nothing here knows, or whose alias cannot be used, gets it all the same: the next host decides.
        """
        if self._runtime.config.is_for_postmaster(to):
            to = self._runtime.config.postmaster
        targets = None if self._recipients is None else self._recipients.resolve(to)
        if targets is None or isinstance(targets, Reply) or (*targets,) == (to,):
            return (Recipient(to),)
        original = original_recipient_of(to)
        return tuple(Recipient(target, None, original, to) for target in targets)
