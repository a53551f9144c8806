"""The domains in From."""

import pytest

from empath.authentication.author import author_domains
from tests.kit.vectors import cases


@pytest.mark.parametrize("case", cases("from-domain"))
def test_from_has_one_reading_or_none(case):
    """
    A forged author must not be proven by the domain that another reader does not see.
    """
    fields = [b"From: " + field.encode() for field in case["fields"]]
    expected = None if case["domains"] is None else tuple(case["domains"])
    assert expected == author_domains(fields)


def test_two_fields_have_no_reading():
    assert author_domains([b"From: a@a.example", b"From: a@a.example"]) is None
