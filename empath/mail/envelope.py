"""
envelope - sender, recipients and parameters of one mail transaction

The parameters of MAIL and RCPT stay with their path, so that they can be passed on to the next host unchanged
(RFC 3461 §5).
"""

from enum import StrEnum
from typing import NamedTuple

from empath.mail.address import Address, ReversePath
from empath.mail.xtext import to_utf8_addr_unitext, to_xtext, utf8_addr_xtext


class BodyType(StrEnum):
    """BODY= of MAIL, RFC 6152 §2. Absent means 7BIT."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT_MIME = "8BITMIME"


class DsnReturn(StrEnum):
    """RET= of MAIL, RFC 3461 §4.3: how much of the message a failure report returns."""

    FULL = "FULL"
    HEADERS = "HDRS"


class Recipient(NamedTuple):
    """
    One recipient of an accepted message.

    Shape: notify is the NOTIFY= value in upper case (`NEVER`, or a comma list of SUCCESS, FAILURE, DELAY) or None;
    original_recipient is the ORCPT= value as it came, `type;xtext`, or None (RFC 3461 §4.1, §4.2);
    written is the forward-path as the client gave it, where an alias has replaced it; sent_as is the text form of the
    reverse-path that the next host gets, None for that of the envelope.
    """

    address: Address
    notify: str | None = None
    original_recipient: str | None = None
    written: Address | None = None
    sent_as: str | None = None


def original_recipient_of(address: Address) -> str:
    """The ORCPT= value that names *address*, for a recipient that came without one and gets another address."""
    if address.is_ascii:
        return f"rfc822;{to_xtext(str(address))}"
    return f"utf-8;{utf8_addr_xtext(to_utf8_addr_unitext(str(address)))}"


class Envelope(NamedTuple):
    """
    Envelope of one message, RFC 5321 §2.3.1.

    Shape: at least one recipient; envelope_id is the ENVID= value as it came, in xtext, or None (RFC 3461 §4.4).
    """

    reverse_path: ReversePath
    recipients: tuple[Recipient, ...]
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    dsn_return: DsnReturn | None = None
    envelope_id: str | None = None
