# ruff: noqa: E501 - a reply is a line
"""What kind of failure a reply tells of."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.reply import Reply
from empath.policy.replies import bounce_class
from empath.policy.replies.bounce_class import MEANINGS, BounceClass, BounceRule, BounceRules, parse_class
from empath.policy.replies.reply_pattern import Heard, ReplyPattern
from empath.policy.replies.shipped_classes import SHIPPED_CLASSES
from tests.kit.cases import in_one_test

SHIPPED = BounceRules(SHIPPED_CLASSES)
GOOGLE, OUTLOOK, YAHOO = "gmail-smtp-in.l.google.com", "a-b.mail.protection.outlook.com", "mta5.am0.yahoodns.net"


def heard(line, *, host="mx.example.org", stage="rcpt", is_own=False):
    reply = Reply.of(line)
    enhanced = None if reply.enhanced is None else str(reply.enhanced)
    return Heard(stage, None if is_own else reply.code, enhanced, reply.escaped(), host)


@in_one_test(
    ("expected", "line", "place"),
    [
        # The registry.
        ("bad-mailbox", "550 5.1.1 <a@b.test>: Recipient address rejected: User unknown in virtual mailbox table", {}),
        ("bad-domain", "556 5.1.10 Recipient address has null MX", {}),
        ("inactive-mailbox", "550 5.1.6 Moved", {}),
        ("bad-sender", "450 4.1.8 <x@y.test>: Sender address rejected: Domain not found", {}),
        ("inactive-mailbox", "550 5.2.1 The mailbox cannot take mail", {}),
        ("quota", "452 4.2.2 The mailbox is over its quota", {}),
        ("too-large", "552 5.3.4 Message size exceeds fixed limit", {}),
        ("system", "452 4.3.1 Insufficient system storage", {}),
        ("too-many", "452 4.5.3 Too many recipients", {}),
        ("content", "550 5.6.0 Lone CR or LF", {"stage": "end-of-data"}),
        ("tls", "550 5.7.10 Encryption needed", {}),
        ("auth-failure", "550 5.7.25 The sending address has no PTR record", {}),
        ("rate", "421 4.7.28 Mail flood detected", {}),
        ("policy", "550 5.7.2 Not for you", {}),
        # Large providers.
        ("bad-mailbox", "550 5.1.1 The email account that you tried to reach does not exist. Please try gsmtp", {"host": GOOGLE}),
        ("rate", "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents - gsmtp", {"host": GOOGLE}),
        ("rate", "421 4.7.28 Our system has detected an unusual rate of unsolicited mail - gsmtp", {"host": GOOGLE}),
        ("auth-failure", "550 5.7.26 This mail is unauthenticated, which poses a security risk - gsmtp", {"host": GOOGLE}),
        ("spam-block", "421 4.7.0 suspicious due to the very low reputation of the sending domain", {"host": GOOGLE}),
        ("quota", "452 4.2.2 The email account that you tried to reach is over quota", {"host": GOOGLE}),
        ("inactive-mailbox", "550 5.2.1 The email account that you tried to reach is disabled", {"host": GOOGLE}),
        ("bad-mailbox", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", {"host": OUTLOOK}),
        ("rate", "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719)", {"host": OUTLOOK}),
        ("spam-block", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", {"host": OUTLOOK}),
        ("auth-failure", "550 5.7.509 Access denied, sending domain does not pass DMARC verification", {"host": OUTLOOK}),
        ("spam-block", "550 5.7.1 messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3140)", {"host": OUTLOOK}),
        ("rate", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints", {"host": YAHOO}),
        ("bad-mailbox", "554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0]", {"host": YAHOO}),
        ("inactive-mailbox", "554 30 Sorry, your message to a@aol.com cannot be delivered. This mailbox is disabled (554.30).", {"host": YAHOO}),
        # Common servers and filters.
        ("greylist", "450 4.2.0 <a@b.test>: Recipient address rejected: Greylisted, see http://postgrey.example", {}),
        ("greylist", "451 4.7.1 Please try again in 300 seconds", {}),
        ("spam-block", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", {}),
        ("spam-block", "550 Your IP 192.0.2.1 is listed in our blacklist", {}),
        ("rate", "421 4.7.0 mx.example.org Error: too many connections from 192.0.2.1", {"stage": "greeting"}),
        ("rate", "421 4.3.2 Too many open connections", {"stage": "greeting"}),
        ("virus", "550 5.7.1 Message contains a virus (Eicar-Test)", {"stage": "end-of-data"}),
        ("spam-content", "550 5.7.1 This message scored 12.4 spam points", {"stage": "end-of-data"}),
        ("auth-failure", "550 5.7.1 SPF check failed", {}),
        ("relay-denied", "554 5.7.1 <a@b.test>: Relay access denied", {}),
        ("relay-denied", "550 relay not permitted", {}),
        ("tls", "530 5.7.0 Must issue a STARTTLS command first", {"stage": "mail"}),
        ("quota", "552 mailbox is full", {}),
        ("quota", "450 Requested mail action not taken: user mailbox full", {}),
        ("inactive-mailbox", "550 This account has been disabled", {}),
        ("bad-mailbox", "550 No such user here", {}),
        ("bad-mailbox", "553 sorry, that address is not in my list of allowed recipients: unknown user", {}),
        ("bad-mailbox", "550 Unrouteable address", {}),
        ("bad-mailbox", "550 unknown user", {}),
        ("routing", "554 5.4.0 Error: too many hops", {"stage": "end-of-data"}),
        ("login", "530 Authentication required", {"stage": "mail"}),
        ("protocol", "503 Bad sequence of commands", {}),
        ("system", "421 Service not available, closing transmission channel", {}),
        ("system", "451 Internal server error", {}),
        ("policy", "554 Transaction failed: we do not want this", {"stage": "end-of-data"}),
        ("policy", "554 go away", {"stage": "greeting"}),
        ("unknown", "550 zzz", {}),
        ("bad-mailbox", "550 #5.1.0 Address rejected.", {}),
        ("bad-mailbox", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", {}),
        ("bad-mailbox", "550 Requested action not taken: mailbox unavailable", {}),
        ("auth-failure", "550 5.7.515 Access denied, sending domain does not meet the required authentication level", {"host": OUTLOOK}),
        ("auth-failure", "554 5.7.9 Message not accepted for policy reasons. See the error codes", {"host": YAHOO}),
        ("login", "530 5.7.57 Client not authenticated to send mail", {"stage": "mail"}),
        ("login", "454 4.7.0 Temporary authentication failure: Connection lost", {"stage": "auth"}),
        ("rate", "550 Connection frequency limited", {}),
        ("content", "550 maximum allowed line length is 998 octets, got 1024", {"stage": "end-of-data"}),
        ("system", "451 Internal resource temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451", {}),
        # No word of these is about the recipient, whose address must not be suppressed for them.
        ("bad-sender", "550 <s@x.test>: Sender address rejected: User unknown in local recipient table", {}),
        ("bad-sender", "450 <s@x.test>: Sender address rejected: Domain not found", {}),
        ("bad-sender", "550 5.7.1 Sender address is invalid", {}),
        ("bad-sender", "550 Sender's email address does not exist", {}),
        ("bad-sender", "550 The return-path address is not valid", {}),
        ("bad-sender", "550 5.1.0 Sender denied; user unknown", {}),
        ("bad-sender", "550 Verification failed for <s@x.test>\nNo Such User Here\nSender verify failed", {}),
        ("bad-sender", "550 User unknown", {"stage": "mail"}),
        ("bad-sender", "550 5.7.1 Your account has been suspended", {"stage": "mail"}),
        ("policy", "550 Your IP address is not recognized", {}),
        ("policy", "550 Your address 192.0.2.1 is not listed here, go away", {}),
        ("content", "550 From address in header is invalid", {"stage": "end-of-data"}),
        ("content", "554 Header From: address not found", {"stage": "end-of-data"}),
        # What this host found by itself.
        ("local", "451 4.3.5 pipe:lists is not configured", {"stage": "local", "is_own": True}),
        ("connection", "451 4.4.1 connection refused", {"stage": "connect", "is_own": True, "host": ""}),
        ("connection", "451 4.4.2 timed out", {"is_own": True}),
        ("bad-domain", "550 5.1.10 the domain takes no mail", {"stage": "dns", "is_own": True, "host": ""}),
        ("bad-domain", "550 5.4.4 no address", {"stage": "dns", "is_own": True, "host": ""}),
        ("routing", "451 4.4.3 no answer", {"stage": "dns", "is_own": True, "host": ""}),
        ("routing", "550 5.4.6 mail loops back to myself", {"stage": "dns", "is_own": True, "host": ""}),
        ("suppressed", "550 5.7.1 suppressed: bounced", {"stage": "local", "is_own": True, "host": ""}),
        ("content", "550 5.6.3 cannot be converted", {"is_own": True, "stage": "mail"}),
        ("local", "451 4.0.0 odd", {"stage": "local", "is_own": True, "host": ""}),
    ],
)  # fmt: skip
def test_the_shipped_rules_know_common_words(expected, line, place):
    """
    Words as hosts publish or send them; each class is what a postmaster would say.
    """
    assert expected == SHIPPED.class_of(heard(line, **place))


def test_every_shipped_rule_can_be_read_and_has_a_name_of_its_own():
    """
    A rule that is left out would be missed by nobody.
    """
    assert {} == SHIPPED.problems
    names = [rule.name for rule in SHIPPED_CLASSES]
    assert len(names) == len(set(names))


def test_every_class_has_a_meaning():
    """
    The documentation shows it.
    """
    assert set(BounceClass) == set(MEANINGS)


def test_the_first_rule_that_fits_decides():
    """
    So the rules of an operator, which come first, outweigh the shipped ones.
    """
    own = BounceRule("own:1", ReplyPattern(code="550"), BounceClass.POLICY)
    rules = BounceRules([own, *SHIPPED_CLASSES])

    assert BounceClass.POLICY is rules.class_of(heard("550 5.1.1 no such user"))
    assert own is rules.find(heard("550 5.1.1 no such user"))


def test_a_rule_that_cannot_be_read_is_left_out_and_named():
    """
    A plain shell may write any text; the other rules must go on.
    """
    rules = BounceRules(
        [
            BounceRule("own:1", ReplyPattern(text="(a+)+"), BounceClass.POLICY),
            BounceRule("own:2", ReplyPattern(code="550"), BounceClass.QUOTA),
        ]
    )

    assert ["own:1"] == list(rules.problems)
    assert BounceClass.QUOTA is rules.class_of(heard("550 a"))


def test_the_memory_for_replies_is_bounded(monkeypatch):
    """
    A host may give each refusal words of its own.
    """
    monkeypatch.setattr(bounce_class, "_REMEMBERED", 2)
    rules = BounceRules([BounceRule("own:2", ReplyPattern(code="550"), BounceClass.QUOTA)])

    for number in (1, 2, 2, 3):
        assert BounceClass.QUOTA is rules.class_of(heard(f"550 {number}"))


def test_a_class_is_read_by_its_name():
    """
    The sentence names what there is.
    """
    assert BounceClass.QUOTA is parse_class("quota")
    with pytest.raises(SyntaxViolation, match="bad-mailbox, "):
        parse_class("full")
