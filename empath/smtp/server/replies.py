"""
replies - what the server session says without asking the driver

Codes and enhanced codes are a contract with clients, the words are not.
"""

from typing import Final

from empath.mail.reply import Reply

OK: Final = Reply.of("250 2.0.0 Ok")
CANNOT_VERIFY: Final = Reply.of("252 2.0.0 Cannot verify, but will accept a message and attempt delivery")

# RFC 3463 §3.6: x.5.2 for a command that is not understood, x.5.1 out of sequence, x.5.4 for wrong parameters.
UNKNOWN_COMMAND: Final = Reply.of("500 5.5.2 Command not recognized")
COMMAND_TOO_LONG: Final = Reply.of("500 5.5.2 Command line too long")
NOT_UTF8: Final = Reply.of("500 5.5.2 Command is not UTF-8")
NOT_OFFERED: Final = Reply.of("502 5.5.1 Command not offered")
BDAT_NOT_OFFERED: Final = Reply.of("521 5.5.1 BDAT not offered, closing connection")
BDAT_MALFORMED: Final = Reply.of("521 5.5.4 Syntax: BDAT octets [LAST], closing connection")
EMPTY_CHUNK: Final = Reply.of("551 5.7.1 Empty chunk without LAST")
CHUNK_DISCARDED: Final = Reply.of("551 5.0.0 Chunk discarded after an earlier error")
CHUNK_OK: Final = Reply.of("250 2.0.0 Ok")
BAD_SEQUENCE: Final = Reply.of("503 5.5.1 Bad sequence of commands")
GREETING_NEEDED: Final = Reply.of("503 5.5.1 Send EHLO first")
LHLO_NEEDED: Final = Reply.of("503 5.5.1 Send LHLO first")
MAIL_NEEDED: Final = Reply.of("503 5.5.1 Send MAIL first")
NESTED_MAIL: Final = Reply.of("503 5.5.1 Nested MAIL command")
NO_VALID_RECIPIENTS: Final = Reply.of("554 5.5.1 No valid recipients")
NO_VALID_RECIPIENTS_LMTP: Final = Reply.of("503 5.5.1 No valid recipients")  # RFC 2033 §4.2
NO_ARGUMENT_ALLOWED: Final = Reply.of("501 5.5.4 This command takes no argument")
ARGUMENT_NEEDED: Final = Reply.of("501 5.5.4 This command needs an argument")
BAD_GREETING_NAME: Final = Reply.of("501 5.5.4 Give a domain name or an address literal")
MAIL_SYNTAX: Final = Reply.of("501 5.5.4 Syntax: MAIL FROM:<address>")
RCPT_SYNTAX: Final = Reply.of("501 5.5.4 Syntax: RCPT TO:<address>")
BAD_PARAMETER: Final = Reply.of("501 5.5.4 Bad value of a parameter")
BAD_ATTRIBUTE: Final = Reply.of("501 5.5.4 Bad attribute of a client")
UNKNOWN_PARAMETER: Final = Reply.of("555 5.5.4 Parameter not recognized")
TLS_NEEDED: Final = Reply.of("530 5.7.0 Must issue a STARTTLS command first")  # RFC 3207 §4
TLS_ACTIVE: Final = Reply.of("554 5.5.1 TLS is already active")
DSN_NOT_OFFERED: Final = Reply.of("501 5.7.1 DSN parameters are not offered")

AUTH_SYNTAX: Final = Reply.of("501 5.5.4 Syntax: AUTH mechanism")
BAD_BASE64: Final = Reply.of("501 5.5.2 The response is not base64")
AUTH_CANCELLED: Final = Reply.of("501 5.7.0 Authentication cancelled")
RESPONSE_TOO_LONG: Final = Reply.of("500 5.5.6 The response is too long")

BAD_SENDER: Final = Reply.of("501 5.1.7 Bad sender address syntax")
BAD_RECIPIENT: Final = Reply.of("501 5.1.3 Bad recipient address syntax")
SMTPUTF8_NEEDED: Final = Reply.of("553 5.6.7 Address needs SMTPUTF8")
TOO_MANY_RECIPIENTS: Final = Reply.of("452 4.5.3 Too many recipients")

BARE_LINE_FEED: Final = Reply.of("521 5.5.2 Bare LF received, closing connection")
TOO_BIG: Final = Reply.of("552 5.3.4 Message too big")
HAS_NUL: Final = Reply.of("554 5.6.0 Message has a NUL octet")
LINE_TOO_LONG: Final = Reply.of("554 5.6.0 Message has a line that is too long")

OUT_OF_STEP: Final = Reply.of("554 5.5.0 SMTP protocol synchronization")
FORBIDDEN: Final = Reply.of("221 2.7.0 This is SMTP, goodbye")
TOO_MANY_ERRORS: Final = Reply.of("421 4.7.0 Too many errors")
