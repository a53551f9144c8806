"""test_redaction - what is left of addresses, subjects and clients, in each way"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.policy.audit_export import AuditEntry, record_of
from empath.policy.events.form import Event
from empath.policy.events.redacted import redacted
from empath.policy.forgetting import MOST_DEPTH, keyed_name
from empath.policy.redaction import Kind, Redaction, Way

KEY = b"k" * 32
ANN = "ann@example.org"
DIGITS = keyed_name(ANN, KEY)
QUOTED = '"ann b"@example.org'
IP_DIGITS, X_DIGITS = keyed_name("192.0.2.77", KEY), keyed_name("Xmas", KEY)
LEFT = {
    (Kind.ADDRESS, ANN): (ANN, "a…@example.org", f"hmac-{DIGITS}@example.org", ""),
    (Kind.ADDRESS, "ann"): ("ann", "a…", f"hmac-{keyed_name('ann', KEY)}", ""),
    (Kind.ADDRESS, ""): ("", "", "", ""),
    (Kind.ADDRESS, "@example.org"): ("@example.org",) * 4,
    (Kind.ADDRESS, f"forgotten-{DIGITS}@a.example"): (f"forgotten-{DIGITS}@a.example",) * 4,
    (Kind.TEXT, f"no <{ANN}>"): (f"no <{ANN}>", "no <a…@example.org>", f"no <hmac-{DIGITS}@example.org>", "no <>"),
    (Kind.TEXT, 'no "ann b"@example.org'): (
        'no "ann b"@example.org',
        'no "…@example.org',
        f"no hmac-{keyed_name(QUOTED, KEY)}@example.org",
        "no ",
    ),
    (Kind.TEXT, "no <ann@[192.0.2.1]>"): (
        "no <ann@[192.0.2.1]>",
        "no <a…@[192.0.2.1]>",
        f"no <hmac-{keyed_name('ann@[192.0.2.1]', KEY)}@[192.0.2.1]>",
        "no <>",
    ),
    (Kind.TEXT, "250 fine"): ("250 fine",) * 4,
    (Kind.SUBJECT, "Xmas"): ("Xmas", "X…", f"hmac-{X_DIGITS}", ""),
    (Kind.SUBJECT, ""): ("",) * 4,
    (Kind.CLIENT, "192.0.2.77"): ("192.0.2.77", "192.0.2.0/24", f"hmac-{IP_DIGITS}", ""),
    (Kind.CLIENT, "192.0.2.0/24"): ("192.0.2.0/24", "192.0.2.0/24", f"hmac-{keyed_name('192.0.2.0/24', KEY)}", ""),
    (Kind.CLIENT, "2001:db8:1:2::3"): (
        "2001:db8:1:2::3",
        "2001:db8:1::/48",
        f"hmac-{keyed_name('2001:db8:1:2::3', KEY)}",
        "",
    ),
    (Kind.CLIENT, "mail.example"): ("mail.example", "m…", f"hmac-{keyed_name('mail.example', KEY)}", ""),
    (Kind.PLAIN, ANN): (ANN,) * 4,
}  # fmt: skip


def redaction(way: Way) -> Redaction:
    """All in one way."""
    return Redaction(way, way, way, KEY)


@pytest.mark.parametrize(("given", "left"), LEFT.items(), ids=map(str, LEFT))
def test_what_is_left(given: tuple[Kind, str], left: tuple[str, ...]) -> None:
    """
    In the order of the ways: keep, mask, hmac, drop.
    """
    assert left == tuple(redaction(way).left(*given) for way in Way)
    assert [True, False, False, False] == [redaction(way).changes_nothing for way in Way]


@given(st.sampled_from(Kind), st.text(max_size=200), st.sampled_from(Way))
def test_to_redact_again_changes_nothing(kind: Kind, text: str, way: Way) -> None:
    """
    A sweep looks at rows that it has seen.
    """
    once = redaction(way).left(kind, text)
    if kind is not Kind.TEXT or "@" not in text:  # a mask may join with what stands next to it in odd text
        assert once == redaction(way).left(kind, once)


@pytest.mark.parametrize("text", ['no "ann b"@example.org', f"<{ANN}>, …@example.org", "u@a.example"])
def test_a_mask_stays_as_it_is(text: str) -> None:
    """
    Else each sweep would record a redaction again.
    """
    once = redaction(Way.MASK).left(Kind.TEXT, text)
    assert once == redaction(Way.MASK).left(Kind.TEXT, once)


def test_json_is_looked_through() -> None:
    """
    Members have kinds; what is nested too deeply is dropped.
    """
    kinds = {"subject": Kind.SUBJECT}
    given = {"subject": "Xmas", "n": 1, "reply": f"no {ANN}", "more": [ANN, {"subject": 2}]}
    left = {"subject": "X…", "n": 1, "reply": "no a…@example.org", "more": ["a…@example.org", {"subject": 2}]}
    assert left == redaction(Way.MASK).left_of(given, kinds)
    deep: object = [ANN]
    for _ in range(MOST_DEPTH + 1):
        deep = [deep]
    assert "ann" not in str(redaction(Way.MASK).left_of(deep, kinds))


def test_a_long_text_without_an_address_takes_no_time() -> None:
    """
    Its cost is bounded by its length.
    """
    text = "a" * 20_000
    assert text == redaction(Way.MASK).left(Kind.TEXT, text)


def test_an_event_is_redacted() -> None:
    """
    What does not apply stays away.
    """
    event = Event(
        1,
        2.0,
        "accepted",
        "01",
        1,
        ANN,
        None,
        "",
        "d",
        {"subject": "Xmas", "client_address": "192.0.2.7", "message_id": f"<{ANN}>"},
    )
    left = redacted(event, redaction(Way.MASK))
    assert ("a…@example.org", None, "") == (left.sender, left.recipient, left.account)
    assert {"subject": "X…", "client_address": "192.0.2.0/24", "message_id": f"<{ANN}>"} == left.detail
    assert event == redacted(event, Redaction())


ROW = AuditEntry(7, 1.5e9, "me", "3.51.3", 4711, None, "status", "queued", "held", "01JD", ANN, None)
OTHERS = {
    "message": ROW._replace(recipient_id=None),
    "destination": ROW._replace(recipient_id=None, queue_id=None, destination="example.org"),
    "object": ROW._replace(recipient_id=None, queue_id=None, object=f"of {ANN}"),
    "service": ROW._replace(recipient_id=None, queue_id=None),
}


def test_a_row_of_the_audit_is_a_structured_event() -> None:
    """
    Who did what to which thing, with which result.
    """
    assert {
        "version": 1,
        "id": 7,
        "at": "2017-07-14T02:40:00.000Z",
        "actor": "me",
        "action": "status",
        "result": "done",
        "resource": {"type": "recipient", "queue_id": "01JD", "recipient_id": 4711, "recipient": "a…@example.org"},
        "before": "queued",
        "after": "held",
        "metadata": {"engine_version": "3.51.3"},
    } == record_of(ROW, redaction(Way.MASK))


@pytest.mark.parametrize("kind", OTHERS)
def test_what_a_row_is_about(kind: str) -> None:
    """
    The first that applies.
    """
    assert kind == record_of(OTHERS[kind], Redaction())["resource"]["type"]


def test_values_of_each_type_have_a_form() -> None:
    """
    JSON has no octets. A refusal is no success.
    """
    row = ROW._replace(what="token refused", before=b"\x00\xff", after=2.5)
    record = record_of(row, Redaction())
    assert ("refused", "00ff", 2.5) == (record["result"], record["before"], record["after"])
