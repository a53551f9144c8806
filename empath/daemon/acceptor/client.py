"""client - the peer of a receiving session"""

from types import MappingProxyType
from typing import NamedTuple

from empath.mail.reply import Reply
from empath.net.tls import TlsParameters
from empath.policy.access import ClientAddress
from empath.policy.client_name import ClientName
from empath.policy.login.account import LoggedIn
from empath.smtp.server.events import PeerAttributes


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
