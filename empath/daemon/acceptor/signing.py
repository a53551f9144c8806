"""
signing - the signatures of DKIM over one message that is received

Mail of accounts and trusted networks is signed, by the author in From; what others wrote never is.  The body is hashed
while it arrives, and the signatures are made when nothing more changes.
"""

import time

from empath.authentication.canonical import BodyForm, SignedFields
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.signer import Signer
from empath.daemon.acceptor.content import IncomingContent
from empath.mail.domain import Domain
from empath.message.fields import Fields
from empath.policy.login.account import LoggedIn


class MessageSigning:
    """The signatures of one message. After `sign`: signed_by names the keys, for the log; None without any."""

    __slots__ = ("_account", "_signer", "signed_by")

    def __init__(self, signer: Signer, account: LoggedIn | None) -> None:
        """*account* is the one that sends the message."""
        self._signer = signer
        self._account = account
        self.signed_by: str | None = None

    def wanted(self, fields: SignedFields) -> tuple[BodyForm, ...]:
        """The form of the body to be hashed, if a message with this header is signed."""
        return (SIGNED_FORM,) if self._signer.domains(fields, self._may_sign_for) else ()

    def sign(self, added: bytes, content: IncomingContent, header_octets: int) -> bytes:
        """
        The signatures over *content* below the fields *added*; its header may have been edited meanwhile.

        Raises:
            StorageFailure: the header cannot be read.
        """
        if SIGNED_FORM not in content.body_digests:
            return b""
        fields = SignedFields(Fields.of(added + content.header(header_octets)))
        domains = self._signer.domains(fields, self._may_sign_for)
        if not domains:
            return b""
        self.signed_by = self._signer.selectors(domains)
        return self._signer.sign(fields, content.body_digests, domains, time.time())

    def _may_sign_for(self, domain: Domain) -> bool:
        account = self._account
        return account is None or account.senders is None or account.senders.may_speak_for(domain)
