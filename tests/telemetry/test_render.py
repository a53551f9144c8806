"""One event is one line, whatever its values are."""

import json
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.telemetry.render import coloured_text_line, instant, json_line, logfmt_line, logfmt_values, text_line

VALUES = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(), st.characters(), st.lists(st.text()), st.binary()
)
EVENTS = st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True), VALUES)


@pytest.mark.parametrize("line", [json_line, logfmt_line])
@given(event=EVENTS)
def test_a_line_holds_nothing_that_steers_a_terminal(line, event):
    """
    A peer chooses much of the logged text, and people read logs in terminals.
    """
    text = line({}, event).decode()
    assert [] == [character for character in text if character < " " or "\x7f" <= character <= "\x9f"]
    assert [] == [character for character in text if character in "\u2028\u2029\u200e\u200f\u202e\u2066"]


@given(event=EVENTS)
def test_a_json_line_reads_back(event):
    """
    JSON's own escapes give a program the original text.
    """
    assert list(event) == list(json.loads(json_line({}, event)))


@given(text=st.text())
def test_text_reads_back_from_json_as_it_was(text):
    """
    This holds for each value.
    """
    assert text == json.loads(json_line({}, {"key": text}))["key"]


def test_a_logfmt_line_has_words_bare_and_the_rest_quoted():
    """
    grep finds `queue_id=01JD…`, and a reader sees the end of each value.
    """
    event = {
        "n": 1,
        "s": 1.5,
        "yes": True,
        "no": False,
        "word": "a@b.c",
        "text": "250 2.0.0 Ok",
        "empty": "",
    }
    expected = b'n=1 s=1.5 yes=true no=false word=a@b.c text="250 2.0.0 Ok" empty=""'
    assert expected == logfmt_line({}, event)
    assert 7 == len(shlex.split(expected.decode()))


HEAD = {"at": "2025-11-22T12:40:00.123Z", "level": "info", "event": "accepted", "process": "acceptor-1"}
USUAL = st.sampled_from(["a@b.c", "250 2.0.0 Ok", "two words", "", 'a"b', 1, 0.5, None, True, "\x7f", "é"])


@given(values=st.lists(st.lists(USUAL, min_size=3, max_size=3), max_size=4))
def test_the_line_of_an_occurrence_is_that_of_its_fields(values):
    """
    What a line looks like does not depend on the lines before it, or on how it was made.
    """
    names = ("host", "reply", "age_s")
    for each in values:
        fields = {name: value for name, value in zip(names, each, strict=True) if value is not None}
        assert logfmt_line(HEAD, fields) == logfmt_values(HEAD, names, tuple(each))


def test_the_value_with_spaces_may_be_another_one():
    """
    The reply of a host has them, and an address may.
    """
    names = ("recipient", "reply")
    lines = [
        ("a@b.c", "250 Ok"),
        ("a@b.c", "250 Ok"),
        ("a b@c", "Ok"),
        ("a b@c", "Ok"),
        ("a b@c", "250 Ok"),
        ("a@b.c", "Ok"),
    ]
    expected = [logfmt_line(HEAD, dict(zip(names, each, strict=True))) for each in lines]
    assert expected == [logfmt_values(HEAD, names, each) for each in lines]


@pytest.mark.parametrize("line", [json_line, logfmt_line])
def test_the_head_comes_first(line):
    """
    People read the line from the left.
    """
    text = line({"at": "now", "event": "accepted"}, {"at_last": 1}).decode()
    assert sorted(["now", "accepted", "at_last"], key=text.index) == ["now", "accepted", "at_last"]


def test_lists_and_our_own_types_are_shown_by_their_text():
    """
    A caller need not convert values.
    """
    event = {"rcpts": ("a@b", "c d@e"), "bytes": b"\xff"}
    assert b'rcpts="a@b,c d@e" bytes="b\'\\\\xff\'"' == logfmt_line({}, event)
    assert {"rcpts": ["a@b", "c d@e"], "bytes": "b'\\xff'"} == json.loads(json_line({}, event))


def test_what_json_has_no_form_for_is_still_a_line():
    """
    The line of an odd mail is the one that people look for.
    """
    event = {"surrogate": "\ud800", "huge": 2**70, "nested": {1: ["\udcff", None, 1.5, True, 7]}}
    expected = {"surrogate": "\\ud800", "huge": str(2**70), "nested": {"1": ["\\udcff", None, 1.5, True, 7]}}
    assert expected == json.loads(json_line({}, event))
    assert b'key="\\\\ud800"' == logfmt_line({}, {"key": "\ud800"})


def test_an_instant_is_utc_to_the_millisecond():
    """
    It sorts the lines of several processes.
    """
    assert "2025-11-22T12:40:00.123Z" == instant(1763815200.1239)
    assert "2025-11-22T12:40:00.999Z" == instant(1763815200.9999)
    assert "2025-11-22T12:40:01.000Z" == instant(1763815201)


def test_the_form_for_people_has_columns_and_no_date():
    """
    Who looks at a terminal reads one line after another; the day is known.
    """
    line = text_line(HEAD, {"queue_id": "01J", "text": "two words"})
    assert b'12:40:00.123 info     acceptor-1   accepted queue_id=01J text="two words"' == line


def test_a_traceback_is_readable_in_the_form_for_people():
    """
    A developer reads it in the terminal of `make run`. What could steer the terminal is still escaped.
    """
    lines = text_line(HEAD, {"exception": "Traceback:\n  File x\n\x1b[2J\ud800"}).decode().split("\n")
    assert ["    Traceback:", "      File x", '    "\\u001b[2J\\\\ud800"'] == lines[1:]


@given(event=EVENTS)
def test_colours_are_the_only_escapes_of_the_form_for_terminals(event):
    """
    With colours or without, the words are the same.
    """
    assert text_line(HEAD, event) == re.sub(rb"\x1b\[[0-9;]+m", b"", coloured_text_line(HEAD, event))
    assert b"\x1b" not in text_line(HEAD, event)
