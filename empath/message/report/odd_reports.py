# ruff: noqa: E501 - a form is a line
"""
odd_reports - how hosts say in their own words that mail could not be delivered, as a table

A row is a host program: the words by which its text is known, the line that names a recipient, and the line from which
on its text is the message that came back.  The first row that fits decides.  The line with the reply needs no column:
in all of them it has a code (`550`) or a status (`5.1.1`), and stands below the line of its recipient.

Each pattern is for one line of at most 1,000 octets, and has no repetition in a repetition, nor two in a row that take
the same octets: a line of blanks would be split between them in every way.
"""

import re
from typing import Final, NamedTuple

_ADDRESS: Final = rb"([^\s<>()\"',;:@]{1,128}@[^\s<>()\"',;:@]{1,255}?)"


class OddForm(NamedTuple):
    """One row. Shape: name is for people; recipient has one group; is_delay: what fits tells of a delay only."""

    name: str
    mark: re.Pattern[bytes]
    recipient: re.Pattern[bytes]
    end: re.Pattern[bytes] | None = None
    is_delay: bool = False


def _form(name: str, mark: bytes, recipient: bytes, end: bytes | None = None, *, is_delay: bool = False) -> OddForm:
    found = re.compile(recipient.replace(b"ADDRESS", _ADDRESS), re.IGNORECASE)
    return OddForm(
        name, re.compile(mark, re.IGNORECASE), found, None if end is None else re.compile(end, re.IGNORECASE), is_delay
    )


FORMS: Final = (
    _form("james", rb"^Hi\. This is the James mail server", rb"^\s*ADDRESS\s*$", rb"^--- Below this line"),
    _form("qmail", rb"^Hi\. This is the ", rb"^<ADDRESS>:", rb"^--- (Below this line|Enclosed) "),
    _form("yahoo", rb"^Sorry, we were unable to deliver your message to the following address", rb"^<ADDRESS>:", rb"^--- Below this line"),
    _form("zoho", rb"^\S+ [^@]{1,60}\bERROR_CODE :", rb"^ADDRESS [^@]{1,60}?\bERROR_CODE :", rb"^Received: ?from "),
    _form("exim-delay", rb"has not yet been delivered|^The message has been in the queue|has been delayed|delivery attempts will continue", rb"^\s+ADDRESS(?:\s|$)", rb"^-{4,} This is a copy", is_delay=True),
    _form("exim", rb"^This message was created automatically by mail delivery software|^A message that you (have )?sent could not be delivered", rb"^\s*ADDRESS:?\s*$|^\"ADDRESS\":\s*$", rb"^-{3,} (This is a copy|The body of the message|The header of the original)"),
    _form("postfix", rb"^This is the (Postfix|mail system|\S{1,60} program) (program )?at host ", rb"^<ADDRESS>(?:\s\([^)]{1,300}\))?:", rb"^\s*-{6,}"),
    _form("sendmail-delay", rb"^\s*\*\*\s+THIS IS A WARNING MESSAGE ONLY|had transient non-fatal errors", rb"^<?ADDRESS>?\s*$", rb"^\s*-+ (Original message|Message header)", is_delay=True),
    _form("sendmail", rb"^\s*-+ The following addresses had permanent (fatal|delivery) errors", rb"^<?ADDRESS>?\s*$", rb"^\s*-+ (Original message|Message header|Unsent message)"),
    _form("exchange-2003", rb"^\s*Your message did not reach some or all of the intended recipients", rb"^\s*'?<?ADDRESS>?'?(?:\s\([^)]{1,300}\))? on [0-9]"),
    _form("exchange", rb"^\s*Delivery has failed to these recipients or (groups|distribution lists)|^\s*Your message (to \S+ )?couldn't be delivered", rb"^\s*+(?:[^<>@]{0,200}[<(])?(?:mailto:)?ADDRESS[>)]?(?:<mailto:[^>]{1,300}>)?\s*$", rb"^\s*Original message headers"),
    _form("gmail-delay", rb"delivery to the following recipient has been delayed|^\s*\*\* Delivery incomplete \*\*", rb"^\s+ADDRESS\s*$|\bto ADDRESS\.?(?:\s|$)", rb"^-{4,} Original message", is_delay=True),
    _form("gmail", rb"^\s*Delivery to the following recipients? (failed|has failed) permanently", rb"^\s+ADDRESS\s*$", rb"^-{4,} Original message"),
    _form("gmail-2016", rb"^\s*\*\* (Address not found|Message not delivered|Message blocked|Message rejected|Recipient inbox full)", rb"(?:delivered to|message to) ADDRESS\s"),
    _form("courier", rb"^\s*This is a delivery status notification from |^UNDELIVERABLE MAIL", rb"^<?ADDRESS>?:?\s*$", rb"^-{4,}"),
    _form("domino", rb"^\s*Your (message|document):?\s*$|^was not delivered to:", rb"^\s+ADDRESS\s*$"),
    _form("mdaemon", rb"^The attached message had PERMANENT (fatal )?(delivery )?errors|^The following data may contain sections which represent BASE64", rb"<ADDRESS>"),
    _form("groupwise", rb"^The message that you sent was undeliverable to the following", rb"^\s*(?:\S{1,100}\s\()?ADDRESS\)?"),
    _form("t-online", rb"^\|-+ Failed addresses follow: -+\|", rb"^ <?ADDRESS>?(?:\s*$| \.\.\. )", rb"^\|-+ Message (text|header) follows"),
    _form("opensmtpd-delay", rb"^\s*A message is delayed for more than", rb"^ADDRESS: ", rb"^\s*Below is a copy", is_delay=True),
    _form("opensmtpd", rb"^\s*This is the MAILER-DAEMON, please DO NOT REPLY", rb"^ADDRESS: ", rb"^\s*Below is a copy"),
    _form("dragonfly", rb"^This is the DragonFly Mail Agent", rb"^There was an error delivering your mail to <ADDRESS>", rb"^(Message headers|Original message) follow"),
    _form("smartermail", rb"^Could not deliver message to the following recipient", rb"^Failed Recipient: ADDRESS\s*$", rb"^\s*-- The header and top"),
    _form("amavis", rb"^The message WAS NOT (delivered|relayed) to:", rb"^<ADDRESS>:"),
    _form("interscan", rb"^Sent <<< RCPT TO:", rb"^Sent <<< RCPT TO: ?<ADDRESS>"),
)  # fmt: skip
