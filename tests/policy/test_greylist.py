"""Who must come again."""

from ipaddress import ip_address

import pytest

from empath.mail.address import Address, ReversePath
from empath.policy.greylist import Entry, GreylistRules, Judgement, Note, is_client, judge, refusal, triple_of

RULES = GreylistRules(delay_s=300, window_s=86_400, lifetime_s=864_000, auto_allow=5, ipv4_prefix=24, ipv6_prefix=64)
NOW = 1_700_000_000.0
CLIENT = ip_address("192.0.2.7")
TO = Address.parse("User@Here.test")


def sender_of(text: str, client=CLIENT) -> tuple[str, ...]:
    return triple_of(RULES, client, ReversePath.parse(text), TO)


@pytest.mark.parametrize(
    ("client", "network"),
    [("192.0.2.7", "192.0.2.0/24"), ("::ffff:192.0.2.7", "192.0.2.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64")],
)
def test_a_client_is_a_network(client, network):
    """
    The next try of a large provider comes from another host.
    """
    assert (network, "a@b.test", "user@here.test") == sender_of("a@b.test", ip_address(client))


@pytest.mark.parametrize(
    ("reverse_path", "sender"),
    [
        ("A@B.test", "a@b.test"),
        ("", ""),
        ("list-bounces+user=here.test@b.test", "list-bounces@b.test"),
        ("bounce-1234-ab5-678@b.test", "bounce-#-ab5-#@b.test"),
        ("+1@b.test", "+#@b.test"),
    ],
)
def test_what_changes_from_mail_to_mail_is_left_out_of_the_sender(reverse_path, sender):
    """
    Each mail of a list has a return path of its own, and would wait anew.
    """
    assert sender == sender_of(reverse_path)[1]


def test_the_first_try_waits():
    assert Judgement(300, Note.FIRST_TRY) == judge(RULES, NOW, None, None)


def test_a_try_before_its_time_waits_for_the_rest_and_is_not_written():
    """
    A client that tries each second costs no write.
    """
    entry = Entry(NOW + 100, NOW + 1000, 0)
    assert Judgement(100, Note.NOTHING) == judge(RULES, NOW, entry, None)


def test_a_try_after_its_time_passes_and_counts():
    assert Judgement(None, Note.DELIVERY) == judge(RULES, NOW, Entry(NOW, NOW + 1000, 0), None)


def test_what_was_forgotten_waits_anew():
    assert Judgement(300, Note.FIRST_TRY) == judge(RULES, NOW, Entry(NOW - 900, NOW, 3), None)


@pytest.mark.parametrize(("age_s", "note"), [(3599, Note.NOTHING), (3600, Note.DELIVERY)])
def test_further_deliveries_count_once_an_hour(age_s, note):
    """
    A busy sender costs a write an hour.
    """
    entry = Entry(NOW - 9000, NOW - age_s + RULES.lifetime_s, 1)
    assert Judgement(None, note) == judge(RULES, NOW, entry, None)


def test_a_client_that_passes_needs_no_triple():
    client = Entry(NOW - 1, NOW + RULES.lifetime_s, 5)
    assert Judgement(None, Note.NOTHING) == judge(RULES, NOW, None, client)
    late = Entry(NOW - 9000, NOW - 9000 + RULES.lifetime_s, 5)
    assert Judgement(None, Note.CLIENT_DELIVERY) == judge(RULES, NOW, None, late)


@pytest.mark.parametrize("client", [Entry(None, NOW + 9, 4), Entry(NOW - 9, NOW, 9), Entry(NOW + 9, NOW + 99, 9)])
def test_a_client_that_does_not_pass_changes_nothing(client):
    """
    It has too few deliveries, its time is over, or an operator says so.
    """
    assert Judgement(300, Note.FIRST_TRY) == judge(RULES, NOW, None, client)


def test_what_never_expires_is_never_written():
    """
    An operator has allowed it.
    """
    assert Judgement(None, Note.NOTHING) == judge(RULES, NOW, None, Entry(0.0, None, 0))


def test_the_reply_says_how_long_to_wait():
    assert b"451 4.7.1 Greylisted, try again in 100 seconds\r\n" == refusal(99.2).octets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.0/24", True), ("2001:db8::/64", True), ("192.0.2.1/24", False), ("192.0.2.1", False),
        ("2001:db8::/48", False), ("192.0.2.x/24", False),
    ],
)  # fmt: skip
def test_a_row_of_a_person_is_for_a_network_that_clients_count_as(text, expected):
    """
    Any other lets no mail pass, and nothing would say so.
    """
    assert expected == is_client(RULES, text)
