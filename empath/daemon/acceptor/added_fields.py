"""
added_fields - what this host adds above one message that it receives

From the top: the seal of ARC, the signatures of DKIM, the results of authentication, Received, and what a submission
lacks.  Nothing of it changes the octets that came: they are stored as they are, with these fields apart.
"""

from empath.authentication.canonical import SignedFields
from empath.daemon.acceptor.authentication import Judged
from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.content import IncomingContent
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.sealing import Sealing
from empath.daemon.acceptor.signing import MessageSigning
from empath.message.edited_header import EditedHeader
from empath.message.fields import Fields
from empath.message.trace import Reception, expanded_fields, missing_fields, protocol_word, received_field
from empath.policy.access import Role
from empath.smtp.server.events import MailOffered


class AddedFields:
    """
    The fields above one message.

    Shape: judged is what was found out about who vouches for it, None for nothing; header has its fields as those who
    edit them leave them, None while nobody does; signing signs it, None for nothing; sealed_by names the key of its
    seal once it is composed, None for none.
    """

    __slots__ = ("_client", "_context", "_limits", "_offer", "header", "judged", "sealed_by", "signing")

    def __init__(
        self, context: ListenerContext, client: Client, offer: MailOffered, signing: MessageSigning | None
    ) -> None:
        self._context = context
        self._limits = context.configured  # of the whole message, whatever rows change meanwhile
        self._client = client
        self._offer = offer
        self.signing = signing
        self.judged: Judged | None = None
        self.header: EditedHeader | None = None
        self.sealed_by: str | None = None

    def edited_header(self, content: IncomingContent) -> EditedHeader:
        """
        The header of *content*, which is complete, for those who edit it: with the results of authentication on top,
        and the fields that a submission gets. The Received field of this host is not in it.

        Raises:
            StorageFailure: the header cannot be read.
        """
        if self.header is None:
            results = self._results
            self.header = EditedHeader(
                content.header(self._limits.header_octets),
                above=[results] if results else [],
                below=Fields.of(self._missing(content)).octets,
                hidden=results,
            )
        return self.header

    def compose(self, content: IncomingContent, only: str | None, marks: list[str], sealing: Sealing | None) -> bytes:
        """
        The fields above *content*, which is complete. *only* is the recipient, where there is one alone; *marks* are
        those of the aliases that led there; *sealing* seals the whole, None for no seal.

        Text without a header gets an empty line: without it, a first line that begins with a blank would continue the
        last field of this host.

        Raises:
            StorageFailure: the header cannot be read.
        """
        header = self.header
        added = self._results if header is None else b"".join(header.above)
        added += received_field(self._reception(), content.queue_id, content.begun_at, only)
        added += self._missing(content)
        added += expanded_fields(marks)
        added += b"" if header is None else b"".join(header.below)
        added += content.mailbox_fields
        if self.signing is not None:
            added = self.signing.sign(added, content, self._limits.header_octets) + added
        if sealing is not None:
            added = self._seal(sealing, added, content) + added
        return added + b"\r\n" if content.is_headerless else added

    @property
    def _results(self) -> bytes:
        return b"" if self.judged is None else self.judged.field

    def _reception(self) -> Reception:
        context, client = self._context, self._client
        is_logged_in = client.account is not None
        protocol = context.received_with or protocol_word(
            context.listener.protocol,
            is_esmtp=client.is_esmtp,
            is_smtputf8=self._offer.is_smtputf8,
            is_encrypted=client.tls is not None,
            is_authenticated=is_logged_in,
        )
        return Reception(
            client.name,
            client.address_text,
            str(context.hostname),
            protocol,
            client.verified_name,
            is_client_hidden=is_logged_in and context.listener.hides_clients,
            mt_priority=self._offer.mt_priority,
        )

    def _missing(self, content: IncomingContent) -> bytes:
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

    def _seal(self, sealing: Sealing, added: bytes, content: IncomingContent) -> bytes:
        """The set of ARC over *content* below the fields *added*; nothing where it cannot be made."""
        chain = None if self.judged is None else self.judged.findings.arc
        fields = SignedFields(Fields.of(added + content.header(self._limits.header_octets)))
        made = sealing.seal(content.queue_id, fields, content.body_digests, chain, self._results)
        if made is None:
            return b""
        self.sealed_by = made.words
        return made.fields
