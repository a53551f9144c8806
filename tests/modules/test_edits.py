"""What a module may change of a message."""

from typing import Any

import pytest

from empath.mail.address import NULL_PATH, Address, ReversePath
from empath.message.edited_header import EditedHeader
from empath.modules.edits import (
    AddField,
    AddRecipient,
    ChangeField,
    Discard,
    Edited,
    Hold,
    InsertField,
    Redirect,
    RemoveField,
    RemoveRecipient,
    ReplaceBody,
    ReplaceField,
    SetRoute,
    SetSender,
    WrongEdit,
    folded_field,
)

HEADER = b"Received: x\r\nSubject: one\r\n two\r\nX-Spam: no\r\nsubject: three\r\n"


@pytest.fixture
def edited():
    """A message to two recipients."""
    return Edited([Address.parse("a@d.test"), Address.parse("b@d.test")], EditedHeader(HEADER))


def addresses(edited):
    return [str(each) for each in edited.recipients]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (AddRecipient("c@d.test"), ["a@d.test", "b@d.test", "c@d.test"]),
        (AddRecipient("a@d.test"), ["a@d.test", "b@d.test"]),
        (RemoveRecipient("a@d.test"), ["b@d.test"]),
        (RemoveRecipient("c@d.test"), ["a@d.test", "b@d.test"]),
        (Redirect(("c@d.test", "c@d.test")), ["c@d.test"]),
    ],
)
def test_recipients_are_added_removed_and_replaced(edited, edit, expected):
    """
    Each recipient gets one copy.
    """
    edited.apply(edit)
    assert expected == addresses(edited)


def test_an_added_field_leaves_the_content_as_received(edited):
    """
    What was received stays what a signature covers.
    """
    edited.apply(AddField("X-Tag", "one"))
    edited.apply(AddField("X-Tag", "two"))
    assert [b"X-Tag: one\r\n", b"X-Tag: two\r\n"] == edited.header.below
    assert not edited.header.is_content_changed


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (RemoveField("SUBJECT"), b"Received: x\r\nX-Spam: no\r\n"),
        (ReplaceField("Subject", "new"), b"Received: x\r\nSubject: new\r\nX-Spam: no\r\n"),
        (ReplaceField("X-New", "new"), b"X-New: new\r\n" + HEADER),
    ],
)
def test_fields_are_removed_and_replaced_whole(edited, edit, expected):
    """
    All fields of a name go, with their folded lines.
    """
    edited.apply(edit)
    assert expected == b"".join(edited.header.content)


def test_a_field_that_is_not_there_needs_no_new_content(edited):
    """
    Then the octets stay as received.
    """
    edited.apply(RemoveField("X-None"))
    assert not edited.header.is_content_changed


def test_fields_are_edited_in_the_order_of_the_edits(edited):
    """
    A later edit sees what an earlier one made.
    """
    edited.apply(ReplaceField("X-New", "1"))
    edited.apply(RemoveField("X-New"))
    assert HEADER == b"".join(edited.header.content)


def test_the_first_order_counts(edited):
    """
    A later module does not release what an earlier one holds.
    """
    edited.apply(Hold("looks odd"))
    edited.apply(Discard("spam"))
    assert Hold("looks odd") == edited.order


@pytest.mark.parametrize(("text", "route"), [("smtp://a.test", "smtp://a.test:25"), ("maildir:/x", "maildir:/x")])
def test_the_last_route_of_modules_counts(edited, text, route):
    """
    A later module may know better. The text is kept in the form that every version reads.
    """
    edited.apply(SetRoute("discard:"))
    edited.apply(SetRoute(text))
    assert route == edited.route


OF_OTHER_TYPES: list[tuple[Any, tuple[Any, ...]]] = [
    (AddRecipient, (None,)),
    (Redirect, (7,)),
    (Redirect, (("a@d.test", b"b@d.test"),)),
    (ReplaceField, ("X-Tag", b"x")),
    (Hold, (3,)),
]


@pytest.mark.parametrize(
    "edit",
    [
        AddRecipient("nonsense"),
        Redirect(()),
        Redirect(tuple(f"u{n}@d.test" for n in range(1001))),
        AddField("X Tag", "x"),
        AddField("X-Tag", "x\r\nBcc: y"),
        AddField("X-Tag", "ö"),
        AddField("X-Tag", "x" * 1000),
        ReplaceField("Received", "x"),
        RemoveField("received"),
        RemoveField("not a name"),
        SetRoute("smtp://"),
        SetRoute("maildir:relative"),
        Hold(""),
        Discard("x\ny"),
        Hold("x" * 201),
        *(made(*values) for made, values in OF_OTHER_TYPES),
    ],
)
def test_an_edit_that_would_break_the_message_is_refused(edited, edit):
    """
    A module can neither write a second line into the header nor hide a loop; the message stays as it was.
    """
    with pytest.raises(WrongEdit):
        edited.apply(edit)
    assert (["a@d.test", "b@d.test"], [], False, None) == (
        addresses(edited), edited.header.below, edited.header.is_content_changed, edited.order,
    )  # fmt: skip


def test_a_message_without_recipients_is_discarded_on_purpose_only(edited):
    """
    Else a mistake in a module would lose mail.
    """
    edited.apply(RemoveRecipient("a@d.test"))
    with pytest.raises(WrongEdit, match="use Discard"):
        edited.apply(RemoveRecipient("b@d.test"))


def test_a_filter_changes_single_fields_the_sender_and_the_body(edited):
    """
    Edits of filters are applied by the same rules, with fields that may have folds and any octets.
    """
    edited.make_field = folded_field
    edited.apply(InsertField(0, "X-Top", " one\n two"))
    edited.apply(ChangeField(2, "Subject", ""))
    edited.apply(ChangeField(1, "X-Spam", " caf\udcc3\udca9"))
    edited.apply(SetSender("new@d.test"))
    edited.apply(ReplaceBody((b"a", b"b")))
    assert [b"X-Top: one\r\n two\r\n"] == edited.header.above
    assert b"Received: x\r\nSubject: one\r\n two\r\nX-Spam: caf\xc3\xa9\r\n" == b"".join(edited.header.content)
    assert (ReversePath.parse("new@d.test"), (b"a", b"b")) == (edited.sender, edited.body)
    edited.apply(SetSender(""))
    assert NULL_PATH == edited.sender


@pytest.mark.parametrize(
    "edit",
    [
        SetSender("nonsense"),
        InsertField(0, "X Y", "x"),
        InsertField(0, "X", "a\0b"),
        ChangeField(1, "Received", ""),
        InsertField(0, "X" * 998, "a"),
    ],
)
def test_what_a_filter_cannot_change_is_refused(edited, edit):
    """
    The message stays as it was.
    """
    edited.make_field = folded_field
    with pytest.raises(WrongEdit):
        edited.apply(edit)
    assert ([HEADER], None) == ([b"".join(edited.header.fields)], edited.sender)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" a\r\n\tb\n\nBcc: x\n \n", b"X: a\r\n\tb\r\n\tBcc: x\r\n"),
        ("a\rb", b"X:a b\r\n"),
        ("", b"X:\r\n"),
        (" x\n " + "y" * 998, b"X: x\r\n " + b"y" * 997 + b"\r\n y\r\n"),
    ],
)
def test_a_folded_value_stays_one_field(value, expected):
    """
    What some filters write between the lines cannot begin another field, and no line is empty.
    """
    assert expected == folded_field("X", value)
