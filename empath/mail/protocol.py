"""protocol - the protocol that a listener or a next hop speaks"""

from enum import StrEnum


class Protocol(StrEnum):
    """SMTP (RFC 5321), or LMTP (RFC 2033), whose end of data has a reply for each recipient."""

    SMTP = "smtp"
    LMTP = "lmtp"
