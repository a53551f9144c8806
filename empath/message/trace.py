"""
trace - the Received field that this host adds, RFC 5321 §4.4
"""

import re
from dataclasses import dataclass

from empath.mail.identity import QueueId, Timestamp
from empath.message.header import HeaderFields

# Blanks, controls, and what has a meaning in the field: ends of it, quotes, and halves of a pair.
_UNSAFE = re.compile(r"""[^!-~]|["();<>\[\\\]]""")
_LITERAL = re.compile(r"\[.*\]")


@dataclass(frozen=True, slots=True)
class Reception:
    """
    How a message came in.

    Shape: client_name is what the client said in HELO or EHLO; client_address its IP address; protocol a word of
    RFC 3848 or RFC 6531 such as ESMTP; hostname ours in A-labels.
    """

    client_name: str
    client_address: str
    hostname: str
    protocol: str


def protocol_word(*, is_esmtp: bool, is_smtputf8: bool) -> str:
    """The `with` word, RFC 3848 and RFC 6531 §4.3."""
    if is_smtputf8:
        return "UTF8SMTP"
    return "ESMTP" if is_esmtp else "SMTP"


def received_field(reception: Reception, queue_id: QueueId, at: Timestamp, only_recipient: str | None) -> bytes:
    """
    Compose the field with its CRLF.

    *only_recipient* is the forward-path if the message has exactly one: naming one of several would show who got a
    blind copy.
    """
    name = _shown(reception.client_name)
    literal = f"IPv6:{reception.client_address}" if ":" in reception.client_address else reception.client_address
    for_clause = f"\r\n\tfor <{only_recipient}>" if only_recipient else ""
    return (
        f"Received: from {name} ([{literal}])\r\n"
        f"\tby {reception.hostname} (Empath) with {reception.protocol} id {queue_id}{for_clause};\r\n"
        f"\t{at.date_time()}\r\n"
    ).encode()


def _shown(client_name: str) -> str:
    """The name without the octets that could forge or break the field; an address literal keeps its brackets."""
    if _LITERAL.fullmatch(client_name):
        return f"[{_UNSAFE.sub('?', client_name[1:-1])}]"
    return _UNSAFE.sub("?", client_name) or "unknown"


def missing_fields(fields: HeaderFields, hostname: str, queue_id: QueueId, at: Timestamp) -> bytes:
    """Fields that a submission server adds if the sender left them out of *fields*, RFC 6409 §8.2 and §8.3."""
    date = "" if fields.has_date else f"Date: {at.date_time()}\r\n"
    message_id = "" if fields.message_id is not None else f"Message-ID: <{queue_id}@{hostname}>\r\n"
    return (date + message_id).encode()
