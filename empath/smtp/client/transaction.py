"""
transaction - a message for a peer, and the commands in the form that its extensions allow

Where the peer lacks an extension that a message needs, there is an objection instead of a command: the reply that the
peer would have given to that command.  It is a temporary one if the peer may have the extension in another session.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.reply import Reply
from empath.mail.xtext import utf8_addr_xtext
from empath.smtp.client.capabilities import Capabilities

# C0, DEL and C1 could end a command or a log line; a surrogate has no UTF-8.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_EIGHT_BIT_MIME = BodyType.EIGHT_BIT_MIME
_TOO_BIG = Reply.of("552 5.3.4 The message is larger than the next host accepts")
_NO_REQUIRETLS = Reply.of("550 5.7.30 The message needs REQUIRETLS and the next host does not offer it inside TLS")
_NO_REQUIRETLS_NOW = Reply.of("451 4.7.30 The message needs REQUIRETLS and the next host does not offer it now")
_8BITMIME_MISSING = "The message has 8-bit content and the next host does not offer 8BITMIME"
_SMTPUTF8_MISSING = "The message needs SMTPUTF8 and the next host does not offer it"
_NO_SMTPUTF8 = {True: Reply.of(f"553 5.6.7 {_SMTPUTF8_MISSING}"), False: Reply.of(f"451 4.6.7 {_SMTPUTF8_MISSING} now")}


class ClientRecipient(NamedTuple):
    """
    One recipient of a transaction.

    Shape: address is the text form of a forward path; notify and original_recipient are the NOTIFY= and ORCPT= values
    in their form on the wire, or None (RFC 3461 §4.1, §4.2).
    """

    address: str
    notify: str | None = None
    original_recipient: str | None = None


class Transaction(NamedTuple):
    """
    One message for one peer, without its content.

    Shape: reverse_path is the text form of a reverse path, empty for the null path; recipients have the numbers that
    `TransactionEnded` uses; size is the octets of the content before dot-stuffing, announced only if is_size_exact;
    has_8bit says whether the header or the body has octets beyond ASCII, and why_not_converted says why they are still
    there; envelope_id is the ENVID= value in xtext, or None (RFC 3461 §4.4). may_chunk lets content go by BDAT.
    """

    reverse_path: str
    recipients: Mapping[int, ClientRecipient]
    size: int
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    has_8bit: bool = False
    dsn_return: DsnReturn | None = None
    envelope_id: str | None = None
    is_size_exact: bool = True
    why_not_converted: str = ""
    requires_tls: bool = False
    may_chunk: bool = False


def objection(transaction: Transaction, peer: Capabilities) -> Reply | None:
    """
    Say why the peer cannot take the message, or None.

    The reasons are 5.3.4 (RFC 1870), 5.7.30 (RFC 8689), x.6.3 (RFC 6152) and x.6.7 (RFC 6531).
    """
    if transaction.requires_tls and not peer.has_requiretls:
        return _NO_REQUIRETLS if peer.is_known else _NO_REQUIRETLS_NOW
    if peer.size_limit is not None and transaction.size > peer.size_limit:
        return _TOO_BIG
    # A message that asked for SMTPUTF8 and is all ASCII does not need it.
    if not peer.has_smtputf8 and (
        not transaction.reverse_path.isascii() or (transaction.is_smtputf8 and transaction.has_8bit)
    ):
        return _NO_SMTPUTF8[peer.is_known]
    if transaction.has_8bit and not peer.takes_8bit:
        words = f"554 5.6.3 {_8BITMIME_MISSING}" if peer.is_known else f"451 4.6.3 {_8BITMIME_MISSING} now"
        why = transaction.why_not_converted
        return Reply.of(f"{words}; {why}" if why else words)
    return None


def recipient_objection(recipient: ClientRecipient, peer: Capabilities) -> Reply | None:
    """Say why the peer cannot take this recipient, or None: x.6.7 (RFC 6531 §3.2)."""
    return None if peer.has_smtputf8 or recipient.address.isascii() else _NO_SMTPUTF8[peer.is_known]


def mail_command(transaction: Transaction, peer: Capabilities) -> bytes:
    """
    Compose MAIL with the parameters that the peer offers.

    Raises:
        SyntaxViolation: the path or a parameter has a control character.
    """
    line = f"MAIL FROM:<{transaction.reverse_path}>"
    if peer.has_size and transaction.is_size_exact:
        line += f" SIZE={transaction.size}"
    if peer.has_8bitmime and (transaction.has_8bit or transaction.body_type is _EIGHT_BIT_MIME):
        line += " BODY=8BITMIME"
    if peer.has_smtputf8 and (transaction.is_smtputf8 or not _is_ascii(transaction)):
        line += " SMTPUTF8"
    if transaction.requires_tls:
        line += " REQUIRETLS"
    if peer.has_dsn:
        if transaction.dsn_return is not None:
            line += f" RET={transaction.dsn_return}"
        if transaction.envelope_id is not None:
            line += f" ENVID={transaction.envelope_id}"
    return _octets(line)


def rcpt_command(recipient: ClientRecipient, peer: Capabilities) -> bytes:
    """
    Compose RCPT with the parameters that the peer offers.

    Raises:
        SyntaxViolation: the path or a parameter has a control character.
    """
    line = f"RCPT TO:<{recipient.address}>"
    if peer.has_dsn:
        if recipient.notify is not None:
            line += f" NOTIFY={recipient.notify}"
        if recipient.original_recipient is not None:
            line += f" ORCPT={_original_recipient(recipient.original_recipient, peer)}"
    return _octets(line)


def chunk_command(transaction: Transaction, peer: Capabilities) -> bytes | None:
    """The one BDAT that has all content, RFC 3030 §2; None for DATA. Its size comes first, so it must be known."""
    if not transaction.may_chunk or not peer.has_chunking or not transaction.is_size_exact:
        return None
    return b"BDAT %d LAST\r\n" % transaction.size


def _original_recipient(value: str, peer: Capabilities) -> str:
    if peer.has_smtputf8 or value.isascii():
        return value
    return utf8_addr_xtext(value)


def _is_ascii(transaction: Transaction) -> bool:
    return transaction.reverse_path.isascii() and all(r.address.isascii() for r in transaction.recipients.values())


def _octets(line: str) -> bytes:
    # isprintable() is fast and false for every control character, but also for letters of people's names.
    if not line.isprintable() and _CONTROL.search(line):
        raise SyntaxViolation(f"a command has a control character: {line!r}")
    return line.encode() + b"\r\n"
