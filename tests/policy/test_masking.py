"""Addresses lose their local parts."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.policy.masking import masked, masked_record, masked_value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@example.org", "a…@example.org"),
        ("550 5.1.1 <ann.b+x@example.org>: no such user", "550 5.1.1 <a…@example.org>: no such user"),
        ("a@b.test, müller@c.test;d@e.test", "…@b.test, m…@c.test;…@e.test"),
        ('RCPT TO:<"ann b"@example.org>', 'RCPT TO:<"…@example.org>'),
        (r'"a\"b"@example.org', '"…@example.org'),
        ('b"@example.org', "b…@example.org"),
        ("bounce+ann=example.org@mx.test", "b…@mx.test"),
        ("@example.org", "@example.org"),
        ("aa@b@c", "a…@…@c"),
        ('<"ann smith@home"@example.org> and <b@c>', '<"…@example.org> and <…@c>'),
        (r'"ann \"b@c\" d"@example.org', '"…@example.org'),
        ('say "no" to "ann b"@example.org', 'say "no" to "…@example.org'),
        ("ann&bob@example.org o'neil@d.test", "a…@example.org o…@d.test"),
        ("to 'ann@example.org'", "to 'a…@example.org'"),
        ("see https://c.test/?e=ann%40example.org", "see https:/…%40example.org"),
        ("@@", "@@"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_a_local_part_keeps_its_first_character(text: str, expected: str) -> None:
    """
    In whatever surrounds it.
    """
    assert expected == masked(text)


@given(st.from_regex(r"[a-z0-9.+=-]{2,20}", fullmatch=True), st.text("<> ,:;\n", max_size=5), st.text(max_size=20))
def test_no_local_part_is_left(local_part: str, before: str, after: str) -> None:
    """
    Of any address without quotes.
    """
    found = masked(f"{before}{local_part}@example.org{after}")
    assert f"{local_part}@" not in found
    assert found.startswith(f"{before}{local_part[0]}…@example.org")


@given(st.text("ab @\"\\<>|'", max_size=40))
def test_it_ends_and_keeps_what_stands_after_the_last_at_sign(text: str) -> None:
    """
    Whatever quotes are open. What is masked stays so: the same is shown of it.
    """
    found = masked(text)
    assert text.rpartition("@")[2] == found.rpartition("@")[2]
    assert len(found) <= len(text) + text.count("@")


def test_a_text_of_quotes_takes_no_time() -> None:
    """
    A host may say anything.
    """
    assert '"…@x' == masked('"' + r"\"@" * 200_000 + '"@x')


@dataclass(frozen=True, slots=True)
class _Mail:
    recipient: str
    subject: str | None
    size: int
    parts: Any = None


def test_a_record_is_masked_at_any_depth() -> None:
    """
    With the keys of dictionaries; what people wrote is left out.
    """
    inner = _Mail("bob@c.test", "Hello", 2)
    parts = [inner, {"ann@b.test": ("ann@b.test", 1, None, b"ann")}]
    expected = [_Mail("b…@c.test", None, 2), {"a…@b.test": ("a…@b.test", 1, None, None)}]
    assert _Mail("a…@b.test", None, 1, expected) == masked_record(_Mail("ann@b.test", "Divorce", 1, parts))
    assert _Mail is masked_record(_Mail)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ('{"subject": "x", "reply": "<ann@b.test>"}', '{"reply": "<a…@b.test>"}'),
        ('{"reply": "<ann@b.test>"}', '{"reply": "<a…@b.test>"}'),
        ("[1]", None),
        ("{", None),
    ],
)
def test_the_detail_of_an_event_has_no_words_of_people(detail: str, expected: str | None) -> None:
    """
    Of what is no JSON object nothing is left.
    """
    assert expected == masked_value("detail", detail)


def test_the_name_of_an_account_is_masked_as_an_address_is() -> None:
    """
    It says as well whose the mail is.
    """
    assert ["a…", "a…@example.org", ""] == [masked_value("account", name) for name in ("ann", "ann@example.org", "")]
