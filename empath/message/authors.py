"""authors - the addresses in a From field, RFC 5322 §3.6.2"""

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.message.header import FIELD_OCTETS
from empath.message.mailbox_list import mailboxes


def authors(field: bytes) -> list[Address] | None:
    """
    The addresses of one *field*, given with its name; None where they are not certain.

    That is: the grammar is broken, an address is not one, or the field was cut because it is long.
    """
    if len(field) >= FIELD_OCTETS:
        return None
    try:
        return [Address.parse(text) for text in mailboxes(field.partition(b":")[2].decode())]
    except (SyntaxViolation, UnicodeDecodeError):
        return None
