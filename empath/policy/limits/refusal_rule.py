"""
refusal_rule - which rule turned a client away, as the view `refusal` names it

A reply stands for one rule: those of limits by the table of refusal.py, the others by the words that they begin with.
"""

from collections.abc import Mapping
from typing import Final

from empath.mail.reply import Reply
from empath.policy.limits.refusal import REPLIES
from empath.smtp.server import replies

MODULE_OR_OTHER: Final = "other"  # the words of a module or a filter, or a failure of this host
PROTOCOL: Final = "protocol"
_BY_LIMIT: Final[Mapping[Reply, str]] = {reply: str(limit) for limit, reply in REPLIES.items()}
_OF_PROTOCOL: Final = frozenset(each for each in vars(replies).values() if isinstance(each, Reply))
# The first words of the reply, and the rule: where one is configured, its table in the file or its view.
_BY_WORDS: Final = (
    ("Relay access denied", "relay"),
    ("Authentication required", "auth"),
    ("Authentication credentials invalid", "auth"),
    ("Too many failed logins", "auth"),
    ("Sender address not allowed", "senders"),
    ("From address not allowed", "senders"),
    ("No such recipient", "recipients"),
    ("The next host does not know", "recipients"),
    ("This recipient cannot be verified", "recipients"),
    ("suppressed: ", "suppression"),
    ("Greylisted", "greylist"),
    ("Client [", "blocklists"),
    ("Neither SPF nor DKIM proves", "dmarc"),
    ("The author of this message is not certain", "dmarc"),
    ("No route", "routes"),
    ("A filter of this host", "modules"),
    ("A mail filter of this host", "milter"),
    ("Refused by a filter", "milter"),
    ("Put off by a filter", "milter"),
    ("Closed by a filter", "milter"),
)


def rule_of(reply: Reply) -> str:
    """The rule of a refusal."""
    limit = _BY_LIMIT.get(reply)
    if limit is not None:
        return limit
    for words, rule in _BY_WORDS:
        if reply.text.startswith(words):
            return rule
    return PROTOCOL if reply in _OF_PROTOCOL else MODULE_OR_OTHER
