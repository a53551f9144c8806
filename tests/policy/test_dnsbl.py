"""Which clients the lists of the DNS speak against."""

from ipaddress import ip_address

import pytest

from empath.errors import SyntaxViolation
from empath.mail.lookup import Absent, Addresses, Failed, Kind, Question
from empath.policy.dnsbl import Blocklist, BlocklistPolicy, Verdict, asked_of, refusal

CLIENT = ip_address("192.0.2.1")
CLIENT_6 = ip_address("2001:db8::1")
NIBBLES = ".".join("20010db8000000000000000000000001"[::-1])
ABSENT = Absent("NXDOMAIN", 60)


def listed(*records: str) -> Addresses:
    return Addresses(records, 60)


def policy(threshold: int = 3, **weights: int) -> BlocklistPolicy:
    """Lists by the first label of their zones."""
    return BlocklistPolicy(tuple((Blocklist(f"{name}.test"), weight) for name, weight in weights.items()), threshold)


def judged(lists: BlocklistPolicy, **answers) -> Verdict:
    return lists.judge(CLIENT, {asked_of(f"{name}.test", CLIENT): answer for name, answer in answers.items()})


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (CLIENT, "1.2.0.192.zen.test"),
        (ip_address("::ffff:192.0.2.1"), "1.2.0.192.zen.test"),
        (CLIENT_6, f"{NIBBLES}.zen.test"),
    ],
)
def test_the_address_is_asked_in_reverse(client, name):
    """
    RFC 5782 §2.1 and §2.4.
    """
    assert [Question(name, Kind.A)] == policy(zen=2).questions(client)


def test_weights_of_all_lists_that_name_the_client_are_added():
    lists = policy(a=2, b=1, c=4)
    assert Verdict(3, "a.test") == judged(lists, a=listed("127.0.0.2"), b=listed("127.0.0.9"), c=ABSENT)


def test_a_list_of_good_hosts_has_a_negative_weight():
    """
    It is never named as what speaks against a client.
    """
    lists = policy(bad=2, good=-5)
    assert Verdict(-3, "bad.test") == judged(lists, bad=listed("127.0.0.2"), good=listed("127.0.0.2"))
    assert Verdict(-5, None) == judged(lists, bad=ABSENT, good=listed("127.0.0.2"))


def test_a_list_that_fails_names_no_client():
    """
    An outage of a list must not stop the mail of all.
    """
    assert Verdict(0, None) == judged(policy(a=9, b=9), a=Failed("timeout"))


@pytest.mark.parametrize("code", ["127.255.255.252", "127.255.255.254", "127.255.255.255"])
def test_a_list_that_refuses_to_answer_names_no_client(code):
    """
    Lists answer so where one asks through an open resolver, or too often: all mail would be refused.
    """
    assert Verdict(0, None, (("a.test", code),)) == judged(policy(a=9), a=listed(code))


def test_an_answer_outside_127_names_no_client():
    """
    The domain of a list that was given up answers everything with the address of its new owner.
    """
    assert Verdict(0, None) == judged(policy(a=9), a=listed("198.51.100.7"))


def test_a_zone_in_another_zone_has_its_own_answer():
    lists = BlocklistPolicy(((Blocklist("example.test"), 1), (Blocklist("zen.example.test"), 2)), 3)
    answers = {asked_of("zen.example.test", CLIENT): listed("127.0.0.2")}
    assert Verdict(2, "zen.example.test") == lists.judge(CLIENT, answers)


def test_one_zone_may_have_a_weight_for_each_of_its_answers():
    """
    Lists that are several in one answer by the last octet. The zone is asked once.
    """
    spam, policies = Blocklist.parse("zen.test=127.0.0.[2..3]"), Blocklist.parse("zen.test=127.0.0.[10;11]")
    lists = BlocklistPolicy(((spam, 3), (policies, 1)), 3)
    assert 1 == len(lists.questions(CLIENT))
    assert [3, 1, 4, 0] == [
        judged(lists, zen=listed(*records)).score
        for records in (["127.0.0.2"], ["127.0.0.11"], ["127.0.0.3", "127.0.0.10"], ["127.0.0.4"])
    ]


@pytest.mark.parametrize(
    ("text", "counting", "others"),
    [
        ("a.test", ["127.0.0.2", "127.9.9.9"], ["128.0.0.2", "127.255.255.1"]),
        ("a.test=127.0.0.2", ["127.0.0.2"], ["127.0.0.3", "127.0.1.2"]),
        ("a.test=127.0.[0..1].[2..4;9]", ["127.0.1.3", "127.0.0.9"], ["127.0.2.3", "127.0.0.5"]),
        ("A.Test.=127.0.0.[1;3..5]", ["127.0.0.4"], ["127.0.0.2"]),
    ],
)
def test_a_pattern_says_which_answers_count(text, counting, others):
    """
    As in postscreen_dnsbl_sites of Postfix.
    """
    blocklist = Blocklist.parse(text)
    assert "a.test" == blocklist.zone
    assert [True] * len(counting) + [False] * len(others) == [blocklist.counts(each) for each in counting + others]


@pytest.mark.parametrize(
    "text",
    [
        *("", "a b", "a.test=", "a.test=127.0.0", "a.test=127.0.0.2.3", "a.test=127.0.0.256", "a.test=127.0.0.[5..2]"),
        *("a.test=127.0.0.[]", "a.test=127.0.0.[2", "a.test=127.0.0.2]", "a.test=127.0.0.[2.3]", "a.test=127.0.0.x"),
        *("a.test=127.0.0.[2;]", "a.test=127.0.0.2 ", "x." * 95 + "test"),
    ],
)
def test_what_is_neither_zone_nor_pattern_is_refused(text):
    with pytest.raises(SyntaxViolation):
        Blocklist.parse(text)


def test_the_reply_names_the_zone_and_its_reason():
    reply = refusal(CLIENT, "zen.test", " See https://zen.test/?192.0.2.1\n")
    assert b"550 5.7.1 Client [192.0.2.1] is blocked by zen.test: See https://zen.test/?192.0.2.1\r\n" == reply.octets
    assert b"550 5.7.1 Client [192.0.2.1] is blocked by zen.test\r\n" == refusal(CLIENT, "zen.test", "").octets


def test_the_reason_of_a_list_cannot_make_a_reply_of_its_own():
    """
    The text comes from elsewhere: it is printable ASCII in one line, and bounded.
    """
    reply = refusal(CLIENT, "zen.test", "a\r\n250 2.0.0 Ok\x1b[2J\xe9" + "x" * 1000)
    assert r": a\r\n250 2.0.0 Ok\x1b[2J\xe9xxx" in reply.text
    assert 1 == reply.octets.count(b"\n")
    assert len(reply.octets) < 512
    assert reply.octets.isascii()
