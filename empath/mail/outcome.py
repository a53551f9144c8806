"""
outcome - what the reply of one host means for one recipient

A closed set: policy/attempt gives one of these to each recipient after each host, and nothing else in the system does.
"""

from enum import Enum, StrEnum, auto


class Stage(StrEnum):
    """Where in the SMTP dialogue something happened; each has a timeout of its own (RFC 5321 §4.5.3.2)."""

    DNS = "dns"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"  # STARTTLS and its handshake
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"
    END_OF_DATA = "end-of-data"
    QUIT = "quit"
    LOCAL = "local"  # a Maildir or another transport without a dialogue


class Handover(StrEnum):
    """Who has a delivered message now, and so what a report of success says, RFC 3461 §5.2."""

    FINAL = "final"  # a mailbox, a program, or another place where its way ends
    RELAYED = "relayed"  # a host that sends no report of success
    REPORTING = "reporting"  # a host that got NOTIFY=, and makes the report itself


class Outcome(Enum):
    """What follows for a recipient."""

    DELIVERED = auto()  # the host took responsibility: a 2yz to the end of data
    DEFERRED = auto()  # a later attempt, or the end of the lifetime
    BOUNCED = auto()  # a failure for good
    NEXT_HOST = auto()  # another host of the same destination, in the same attempt
