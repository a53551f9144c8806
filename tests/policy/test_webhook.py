"""What the answer of an HTTP endpoint means."""

import hashlib
import hmac

import pytest

from empath.policy.webhook import begin_signature, header_text, reply_of, retry_after_s, signature_field

NOW = 1_445_412_440.0  # Wed, 21 Oct 2015 07:27:20 GMT


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "250 2.0.0"), (204, "250 2.0.0"),
        (301, "451 4.3.5"), (308, "451 4.3.5"), (401, "451 4.3.5"), (407, "451 4.3.5"),
        (400, "550 5.3.0"), (403, "550 5.3.0"), (404, "550 5.3.0"), (410, "550 5.3.0"), (422, "550 5.3.0"),
        (405, "451 4.3.5"), (421, "451 4.3.5"), (426, "451 4.3.5"),
        (408, "451 4.3.0"), (423, "451 4.3.0"), (425, "451 4.3.0"), (429, "451 4.3.0"),
        (500, "451 4.3.0"), (503, "451 4.3.0"), (599, "451 4.3.0"), (101, "451 4.3.0"),
    ],
)  # fmt: skip
def test_the_status_decides(status, expected):
    """
    What refuses this host and not the mail bounces nothing.
    """
    assert f"{expected} hook.test: HTTP status {status}: no box" == str(reply_of("hook.test", status, b"\nno box\nx"))


def test_an_answer_without_words_is_recorded_by_its_status():
    """
    And one with others than printable words does not reach a log.
    """
    assert "250 2.0.0 hook.test: HTTP status 200" == str(reply_of("hook.test", 200, b""))
    assert str(reply_of("h", 500, b"a\x1bb" + b"c" * 999)).endswith("a?b" + "c" * 297)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0), (" 0 ", 0.0), ("999999999", 86_400.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 40.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0), ("Fri, 21 Oct 2050 07:28:00 GMT", 86_400.0),
        ("", None), ("soon", None), ("-5", None), ("1.5", None), ("\u0662", None), ("Wed, 99 Oct 2015", None),
    ],
)  # fmt: skip
def test_a_wait_is_read_in_both_forms(value, expected):
    """
    RFC 9110 §10.2.3. A wish for longer than a day is one for a day.
    """
    assert expected == retry_after_s(value, NOW)


def test_an_address_fits_into_a_field():
    """
    No address can end a field, or mean another.
    """
    assert "a%25%0D%0A%20%C3%A4@b.test" == header_text("a%\r\n ä@b.test")


def test_a_signature_covers_the_instant_and_what_is_added():
    """
    `printf '1700000000.{}' | openssl dgst -sha256 -hmac secret` gives the same.
    """
    signature = begin_signature(b"secret", 1_700_000_000)
    signature.update(b"{}")
    expected = hmac.new(b"secret", b"1700000000.{}", hashlib.sha256).hexdigest()
    assert ("Empath-Signature", f"sha256={expected}") == signature_field(signature)
