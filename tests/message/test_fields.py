"""A header section as a list of fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.fields import Fields, unfolded

HEADER = b"Received: one\r\n\ttwo\r\nX-Y : \r\nno field\r\nRECEIVED: three\r\n"
sections = st.lists(
    st.sampled_from(
        [b"Subject: a", b" more", b"\tmore", b"", b":", b"no field", b"A-B\t:c:d", b"\xff: x", b"\r", b"\n"]
    )
).map(b"\r\n".join)


def test_a_field_has_a_name_in_lower_case_and_keeps_its_octets():
    """
    Names compare without case, RFC 5322 §1.2.2. A signature covers the octets as they came.
    """
    fields = Fields.of(HEADER)
    assert [
        (b"received", b"Received: one\r\n\ttwo\r\n"),
        (b"x-y", b"X-Y : \r\n"),
        (b"", b"no field\r\n"),
        (b"received", b"RECEIVED: three\r\n"),
    ] == list(zip(fields.names, fields.octets, strict=True))


def test_fields_are_found_by_name():
    """
    The list gives the first field of a name, all of them, and their number.
    """
    fields = Fields.of(HEADER)
    assert (b"one\r\n\ttwo", [b"one\r\n\ttwo", b"three"], 2, True, b"") == (
        fields.find(b"received"),
        fields.values(b"received"),
        fields.count(b"received"),
        b"x-y" in fields,
        fields.find(b"x-y"),
    )


def test_a_name_within_a_value_is_no_field():
    """
    It may follow another name, or be on a continuation line.
    """
    fields = Fields.of(b"X: Subject: no\r\n Subject: no\r\n")
    assert (None, [], 0, False) == (
        fields.find(b"subject"),
        fields.values(b"subject"),
        fields.count(b"subject"),
        b"subject" in fields,
    )


@given(sections, st.sampled_from([b"", b"\r\n"]))
def test_the_fields_put_together_are_the_section(section, end):
    """
    This holds even if lines are not fields or the section was cut within a line.
    """
    fields = Fields.of(section + end)
    assert (section + end, len(fields.octets)) == (b"".join(fields.octets), len(fields.names))


@pytest.mark.parametrize(("value", "line"), [(b"a", b"a"), (b"a\r\n\t b\r\n c", b"a b c"), (b"a  b", b"a  b")])
def test_each_fold_becomes_one_space(value, line):
    """
    RFC 5322 §2.2.3.
    """
    assert line == unfolded(value)
