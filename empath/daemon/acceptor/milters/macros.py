"""
macros - what filters learn about a session besides the commands of the client

The names are those of Sendmail, in the form in which they go over the wire.  A macro without a value is not sent.
"""

from collections.abc import Mapping

from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.transaction import Transaction
from empath.mail.address import ReversePath

_MAILER = "esmtp"
_NAME = "Empath"


def session_macros(context: ListenerContext, client: Client, mechanism: str) -> dict[str, str]:
    """What is known of a session; *mechanism* is that of a login."""
    endpoint = context.listener.endpoint
    name = client.verified_name
    account = "" if client.account is None else client.account.name
    return {
        "j": str(context.hostname),
        "v": _NAME,
        "_": f"{name or 'unknown'} [{client.address_text}]",
        "{daemon_name}": context.address if endpoint is None else str(context.role),
        "{daemon_addr}": "" if endpoint is None else endpoint.host,
        "{daemon_port}": "" if endpoint is None else str(endpoint.port),
        "{if_name}": str(context.hostname),
        "{client_addr}": client.address_text,
        "{client_name}": name or "unknown",
        "{client_ptr}": client.ptr.name if client.ptr is not None and client.ptr.name else "unknown",
        "{client_resolve}": "OK" if name else "FAIL",
        "s": client.name,
        "{tls_version}": "" if client.tls is None else client.tls.version,
        "{cipher}": "" if client.tls is None else client.tls.cipher,
        "{auth_authen}": account,
        "{auth_type}": mechanism if account else "",
        "{auth_author}": account,
    }


def message_macros(session: Mapping[str, str], transaction: Transaction) -> dict[str, str]:
    """What is known of a message besides."""
    path: ReversePath = transaction.reverse_path
    address = path.address
    return {
        **session,
        "i": str(transaction.queue_id),
        "f": str(path),
        "{mail_addr}": str(path) or "<>",
        "{mail_host}": "" if address is None else str(address.domain),
        "{mail_mailer}": _MAILER,
    }


def recipient_macros(message: Mapping[str, str], path: str, refusal: str = "") -> dict[str, str]:
    """What is known of a recipient besides; *refusal* is the reply that refuses it."""
    return {
        **message,
        "{rcpt_addr}": refusal or path,
        "{rcpt_host}": refusal.split(" ")[1] if refusal.count(" ") else path.rpartition("@")[2],
        "{rcpt_mailer}": "error" if refusal else _MAILER,
    }
