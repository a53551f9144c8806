"""The header of a message that filters and modules change."""

import pytest

from empath.message.edited_header import EditedHeader

OURS = b"Authentication-Results: us; none\r\n"
DATE = b"Date: x\r\n"
HEADER = b"Subject: one\r\n two\r\nX-Spam: no\r\nsubject: three\r\n"
NEW = b"X-New: y\r\n"


@pytest.fixture
def header():
    """Two fields of this host, and three of the content."""
    return EditedHeader(HEADER, above=[OURS], below=[DATE], hidden=OURS)


@pytest.mark.parametrize(
    ("place", "above", "below", "is_content_changed"),
    [
        (0, [NEW, OURS], [DATE], False),
        (1, [NEW, OURS], [DATE], False),
        (2, [OURS], [NEW, DATE], False),
        (3, [OURS], [DATE, NEW], False),
        (4, [OURS], [DATE], True),
        (9, [OURS], [DATE], True),
    ],
)
def test_a_place_counts_the_fields_that_are_seen(header, place, above, below, is_content_changed):
    """
    At the top nothing of the content is written anew; further down the field stands where the filter wants it.
    """
    seen = header.fields
    header.insert(place, NEW)
    assert (above, below, is_content_changed) == (header.above, header.below, header.is_content_changed)
    at = max(0, place - 1)
    assert [*seen[:at], NEW, *seen[at:]] == header.fields


def test_without_fields_of_this_host_a_place_may_be_the_top_of_all():
    """
    0 is above the Received field, 1 below it.
    """
    header = EditedHeader(HEADER)
    header.insert(1, NEW)
    header.insert(0, DATE)
    assert ([DATE], [NEW]) == (header.above, header.below)


@pytest.mark.parametrize(
    ("number", "name", "new", "content"),
    [
        (1, b"subject", NEW, [NEW, b"X-Spam: no\r\n", b"subject: three\r\n"]),
        (2, b"subject", b"", [b"Subject: one\r\n two\r\n", b"X-Spam: no\r\n"]),
        (0, b"x-spam", b"", [b"Subject: one\r\n two\r\n", b"subject: three\r\n"]),
    ],
)
def test_one_field_of_a_name_is_changed(header, number, name, new, content):
    """
    The others of the name stay, and 0 counts as the first.
    """
    header.change(number, name, new)
    assert [OURS, DATE, *content] == header.fields


def test_a_field_of_this_host_is_changed_without_the_content(header):
    """
    A filter sees the results of this host, and may change them.
    """
    header.change(1, b"authentication-results", NEW)
    header.change(1, b"date", b"")
    assert ([NEW], [], False) == (header.above, header.below, header.is_content_changed)


def test_a_field_that_is_not_there_is_added_or_left(header):
    """
    As Sendmail and Postfix do it.
    """
    header.change(3, b"subject", NEW)
    header.change(1, b"x-none", b"")
    assert ([DATE, NEW], False) == (header.below, header.is_content_changed)


def test_all_fields_of_a_name_are_replaced_wherever_they_are(header):
    """
    Those that filters added are seen, that of this host is hidden.
    """
    header.append(b"Subject: of a filter\r\n")
    header.replace_all(b"subject", NEW)
    assert [OURS, DATE, NEW, b"X-Spam: no\r\n"] == header.fields
    header.replace_all(b"authentication-results", b"")
    header.replace_all(b"x-none", b"")
    assert OURS in header.fields
    header.replace_all(b"x-other", b"X-Other: z\r\n")
    assert [OURS, DATE, NEW, b"X-Other: z\r\n", b"X-Spam: no\r\n"] == header.fields
    assert DATE + NEW + b"X-Other: z\r\nX-Spam: no\r\n" == header.visible


def test_the_size_is_that_of_all_fields(header):
    """
    A limit on the header holds for what is sent on.
    """
    assert len(OURS + DATE + HEADER) == header.size
    header.change(1, b"x-spam", b"")
    assert len(b"".join(header.fields)) == header.size


def test_a_copy_changes_on_its_own(header):
    """
    Edits that cannot be carried out whole are not carried out at all.
    """
    header.change(1, b"x-spam", b"")
    other = header.copy()
    before = header.fields
    other.insert(0, NEW)
    other.change(1, b"subject", b"")
    assert before == header.fields


def test_what_was_written_is_the_original_of_the_next_change(header):
    """
    The next filter begins with it.
    """
    header.change(1, b"subject", b"")
    header.settle()
    assert (b"X-Spam: no\r\nsubject: three\r\n", False) == (header.original, header.is_content_changed)
    fresh = EditedHeader(HEADER).copy()
    fresh.settle()
    assert HEADER == fresh.original
