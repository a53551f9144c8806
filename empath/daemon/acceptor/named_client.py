"""
named_client - the client that another one names: what XCLIENT and XFORWARD change
"""

import ipaddress
from typing import Final

from empath.daemon.acceptor.client import Client
from empath.policy.access import plain_address
from empath.policy.client_name import ClientName
from empath.smtp.server.events import PeerAttributes

_NAMES: Final = ("NAME", "REVERSE_NAME")  # in the DNS; the DNS confirms the first


def renamed(client: Client, attributes: PeerAttributes) -> Client:
    """
    The client that XCLIENT names in the place of *client*.

    What it does not say stays, but not the name in the DNS of another address.
    """
    text = attributes.get("ADDR") or client.address_text
    address = plain_address(ipaddress.ip_address(text))
    is_same = address == client.address
    return client._replace(
        address=address,
        address_text=str(address),
        ptr=client.ptr if is_same and attributes.keys().isdisjoint(_NAMES) else _name_in_dns(attributes),
        told={**(client.told if is_same else {}), **attributes},
        account=None,
    )


def greeted_by(client: Client, name: str, *, is_esmtp: bool) -> Client:
    """*client* after EHLO or HELO; what XCLIENT said of these counts more than what the one says that speaks for it."""
    if not client.told:
        return client._replace(name=name, is_esmtp=is_esmtp)
    protocol = client.told.get("PROTO")
    return client._replace(
        name=client.told.get("HELO") or name,
        is_esmtp=is_esmtp if protocol in (None, "LMTP") else protocol == "ESMTP",
    )


def _name_in_dns(attributes: PeerAttributes) -> ClientName | None:
    for key in _NAMES:
        name = attributes.get(key)
        if name is not None:
            return ClientName(name, is_verified=key == "NAME")
    return None
