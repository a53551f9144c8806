"""Which events a consumer wants, and the form in which it gets them."""

import json

import pytest

from empath.errors import SyntaxViolation
from empath.policy.events.filter import EventFilter, parse_party, parse_type
from empath.policy.events.form import Event, gap, record_of

BOUNCED = Event(
    7, 1_700_000_000.5, "bounced", "01JD3KQ9XWV5N8T2RZC4E6MBHA", 3, "News@Shop.example", "a@Example.org", "shop", "d",
    {"code": 550},
)  # fmt: skip
SUPPRESSED = Event(8, 1_700_000_000.0, "suppressed", recipient="a@example.org")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, True),
        ({"types": ["bounced", "held"]}, True),
        ({"types": ["held"]}, False),
        ({"senders": ["shop.example"]}, True),
        ({"senders": ["news@shop.example"]}, True),
        ({"senders": ["example"]}, False),
        ({"recipients": ["example.org"]}, True),
        ({"recipients": ["b@example.org", "example.net"]}, False),
        ({"accounts": ["shop"]}, True),
        ({"accounts": ["other"]}, False),
        ({"accounts": ["shop"], "types": ["held"]}, False),
    ],
)
def test_all_conditions_must_hold(words, expected):
    """
    Of one condition, one word is enough. Domains and addresses are folded.
    """
    assert expected is EventFilter.of(**words).takes(BOUNCED)


def test_an_event_without_a_sender_fits_no_sender():
    """
    A consumer that asks for one sender wants nothing of others.
    """
    assert not EventFilter.of(senders=["shop.example"]).takes(SUPPRESSED)
    assert EventFilter.of(recipients=["example.org"]).takes(SUPPRESSED)


def test_a_gap_fits_every_filter():
    """
    It may hide what the consumer wants.
    """
    assert EventFilter.of(types=["held"], senders=["x"]).takes(gap(3, 9, 1.0))


def test_the_form_leaves_out_what_does_not_apply():
    """
    And has the members of its type next to those of all.
    """
    assert {
        "version": 1,
        "id": 7,
        "at": "2023-11-14T22:13:20.500Z",
        "type": "bounced",
        "queue_id": "01JD3KQ9XWV5N8T2RZC4E6MBHA",
        "recipient_id": 3,
        "sender": "News@Shop.example",
        "recipient": "a@Example.org",
        "account": "shop",
        "destination": "d",
        "code": 550,
    } == record_of(BOUNCED)
    assert {"version": 1, "id": 9, "at": "1970-01-01T00:00:01.000Z", "type": "gap", "first_id": 3, "last_id": 9} == (
        json.loads(json.dumps(record_of(gap(3, 9, 1.0))))
    )


def test_words_are_read_once():
    """
    A wrong one is named.
    """
    assert ("bounced", "example.org", "a@example.org") == (
        parse_type("bounced"),
        parse_party("@Example.org"),
        parse_party("A@example.org"),
    )


@pytest.mark.parametrize("text", ["", "@", "<>", "a b", "a\n", "x" * 1025])
def test_what_is_no_party_is_refused(text):
    """
    It would match nothing.
    """
    with pytest.raises(SyntaxViolation, match="not an address or a domain"):
        parse_party(text)


def test_an_unknown_type_is_refused():
    """
    With all that there are.
    """
    with pytest.raises(SyntaxViolation, match="one of accepted, expanded"):
        parse_type("bonced")


def test_the_work_of_operators_is_for_those_who_ask_for_it():
    """
    A consumer of all events is told of mail.
    """
    audited = Event(9, 1.0, "audited", recipient="user@example.org")
    assert not EventFilter.of().takes(audited)
    assert EventFilter.of(types=["audited"]).takes(audited)
