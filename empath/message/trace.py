"""
trace - the Received field that this host adds, RFC 5321 §4.4
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from empath.mail.identity import QueueId, Timestamp
from empath.mail.protocol import Protocol
from empath.message.header import HeaderFields

_MARKS_A_FIELD: Final = 40  # within the 998 octets of a line

# Blanks, controls, and what has a meaning in the field: ends of it, quotes, and halves of a pair.
_UNSAFE = re.compile(r"""[^!-~]|["();<>\[\\\]]""")
_LITERAL = re.compile(r"\[.*\]")


class Reception(NamedTuple):
    """
    How a message came in.

    Shape: client_name is what the client said in HELO or EHLO; client_address its IP address; protocol a word of
    RFC 3848 or RFC 6531 such as ESMTP; hostname ours in A-labels; client_ptr the verified name of the client in the
    DNS, in A-labels, if it is known. Without names and addresses of the client, is_client_hidden is True.
    mt_priority is that of MT-PRIORITY, -9 to 9, None where the client gave none.
    """

    client_name: str
    client_address: str
    hostname: str
    protocol: str
    client_ptr: str | None = None
    is_client_hidden: bool = False
    mt_priority: int | None = None


def protocol_word(
    protocol: Protocol,
    *,
    is_esmtp: bool,
    is_smtputf8: bool,
    is_encrypted: bool = False,
    is_authenticated: bool = False,
) -> str:
    """The `with` word, RFC 3848 and RFC 6531 §4.3. HELO knows neither TLS nor AUTH."""
    name = protocol.upper()
    if is_smtputf8:
        name = f"UTF8{name}"
    elif not is_esmtp:
        return name
    elif protocol is Protocol.SMTP:
        name = "ESMTP"
    return name + "S" * is_encrypted + "A" * is_authenticated


def received_field(reception: Reception, queue_id: QueueId, at: Timestamp, only_recipient: str | None) -> bytes:
    """
    Compose the field with its CRLF.

    *only_recipient* is the forward-path if the message has exactly one: naming one of several would show who got a
    blind copy.
    """
    for_clause = f"\r\n\tfor <{only_recipient}>" if only_recipient else ""
    # A clause of RFC 6710.
    priority = "" if reception.mt_priority is None else f"\r\n\tPRIORITY {reception.mt_priority}"
    return f"{_beginning(reception)}{queue_id}{for_clause}{priority};\r\n\t{at.date_time()}\r\n".encode()


@lru_cache(maxsize=256)
def _beginning(reception: Reception) -> str:
    """The field up to the queue id, which the messages of one session share."""
    origin = ""
    if not reception.is_client_hidden:
        name, address = _shown(reception.client_name), reception.client_address
        literal = f"IPv6:{address}" if ":" in address else address
        known_as = f"{reception.client_ptr} " if reception.client_ptr else ""
        origin = f"from {name} ({known_as}[{literal}])\r\n\t"
    return f"Received: {origin}by {reception.hostname} (Empath) with {reception.protocol} id "


def expanded_fields(marks: Sequence[str]) -> bytes:
    """The fields that say by *marks* which aliases were expanded, so that a message that comes back is recognized."""
    lines = (marks[start : start + _MARKS_A_FIELD] for start in range(0, len(marks), _MARKS_A_FIELD))
    return b"".join(f"X-Empath-Expanded: {' '.join(line)}\r\n".encode() for line in lines)


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
