"""The rule that turned a client away, by its reply."""

import pytest

from empath.authentication import disposition
from empath.authentication.dmarc import DmarcResult, DmarcVerdict
from empath.authentication.findings import Findings, SentFrom
from empath.daemon.acceptor import judging, verify
from empath.daemon.acceptor.login import logins
from empath.daemon.acceptor.milters import conversation
from empath.daemon.process import recipients
from empath.daemon.process.module_calls import calls
from empath.mail.reply import Reply
from empath.policy import access, senders
from empath.policy.limits.refusal import FILTER_UNAVAILABLE, REPLIES, Limit
from empath.policy.limits.refusal_rule import rule_of
from empath.policy.suppression import Suppressed, refusal
from empath.smtp.server import replies


def unproven(author: str) -> Reply:
    """The refusal of a message of *author*, whom nothing proves."""
    found = Findings(
        SentFrom("192.0.2.1", "", "", None, None), (), (), None, DmarcVerdict(DmarcResult.FAIL, author), b""
    )
    return disposition.refusal(found, disposition.Disposition(disposition.Action.REJECT, "not certain"))


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (access.RELAY_DENIED, "relay"),
        (access.AUTHENTICATION_REQUIRED, "auth"),
        (logins.WRONG, "auth"),
        (logins.TOO_MANY_FAILURES, "auth"),
        (senders.SENDER_NOT_ALLOWED, "senders"),
        (senders.AUTHOR_NOT_ALLOWED, "senders"),
        (recipients.UNKNOWN, "recipients"),
        (verify.UNKNOWN, "recipients"),
        (verify.UNVERIFIED, "recipients"),
        (refusal(Suppressed("a@b.test", "closed", None)), "suppression"),
        (Reply.of("451 4.7.1 Greylisted, try again in 300 seconds"), "greylist"),
        (Reply.of("550 5.7.1 Client [192.0.2.1] is blocked by dnsbl.test"), "blocklists"),
        (unproven("a.example"), "dmarc"),
        (unproven(""), "dmarc"),
        (judging.NO_ROUTE, "routes"),
        (calls.UNAVAILABLE, "modules"),
        (FILTER_UNAVAILABLE, "milter"),
        *((reply, "milter") for reply in conversation.REPLIES.values()),
        (replies.BAD_SEQUENCE, "protocol"),
        (Reply.of("554 5.7.1 We do not like this"), "other"),
    ],
    ids=str,
)
def test_a_reply_tells_of_its_rule(reply: Reply, rule: str) -> None:
    """
    The replies are those that the places which refuse have, so that a change of their words is noticed.
    """
    assert rule == rule_of(reply)


@pytest.mark.parametrize("limit", Limit)
def test_a_limit_is_its_own_rule(limit: Limit) -> None:
    """
    Also where the protocol has the reply.
    """
    assert str(limit) == rule_of(REPLIES[limit])
