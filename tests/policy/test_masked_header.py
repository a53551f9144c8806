"""A header section loses the people and their words."""

import pytest

from empath.policy.masked_header import masked_header


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        (["Date: Mon, 1 Dec 2025 00:00:00 +0000"], ["Date: Mon, 1 Dec 2025 00:00:00 +0000"]),
        (["Received: from a.test", "\tfor <ann@b.test>; now"], ["Received: from a.test", "\tfor <a…@b.test>; now"]),
        (['From : "Ann Smith" <ann@b.test>, Bob', " (Bob) <bob@c.test>"], ["From: a…@b.test, b…@c.test"]),
        (["Resent-To: staff:ann@b.test,bob@c.test;"], ["Resent-To: a…@b.test, b…@c.test"]),
        (["To: Ann Smith"], ["To: "]),
        (["Subject: Divorce", " of Ann"], ["Subject: …"]),
        (["DKIM-Signature: z=Subject:Divorce"], ["DKIM-Signature: …"]),
        (["ann@b.test: x"], ["a…@b.test: …"]),
        (["Ann wrote: x", "Dear Ann"], ["…", "…"]),
    ],
)
def test_addresses_are_masked_and_words_are_left_out(lines: list[str], expected: list[str]) -> None:
    """
    What hosts wrote stays, so that support sees how a message came.
    """
    assert expected == masked_header(lines)


def test_a_long_field_takes_no_time() -> None:
    """
    Its time grows as its length does.
    """
    assert ["To: "] == masked_header([f"To: {'a' * 1_000_000}"])
