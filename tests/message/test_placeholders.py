"""Placeholders: each recipient has a value of its own."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.message.placeholders import Placeholders


def test_values_take_the_place_of_names():
    made = Placeholders("Dear {{name}}, {{ name }} has {{x.y-1}} points")
    assert {"name", "x.y-1"} == made.names
    assert "Dear Ann, Ann has 7 points" == made.filled({"name": "Ann", "x.y-1": "7"})
    assert "Dear <A>, <A> has <7> points" == made.filled({"name": "A", "x.y-1": "7"}, lambda text: f"<{text}>")


def test_what_is_no_placeholder_is_text():
    text = "{{}} {{1}} {name} {{a b}} {{ {{"
    assert text == Placeholders(text).filled({})
    assert not Placeholders(text).names


def test_a_name_without_a_value_is_an_error():
    with pytest.raises(SyntaxViolation, match=r"there is no value for \{\{name\}\}"):
        Placeholders("{{name}}").filled({"other": "x"})


def test_a_long_value_at_many_places_is_refused():
    """
    It is much more than what a client sent, and is refused before it is made.
    """
    made = Placeholders("{{a}}" * 1000)
    assert 1000 == len(made.filled({"a": "x"}, most=1000))
    with pytest.raises(SyntaxViolation, match="more than 1000 characters"):
        made.filled({"a": "x" * 10_000_000}, most=1000)
    numbers = itertools.count()
    assert "0" * 1000 == made.filled({"a": "x"}, lambda _: str(next(numbers)))  # a value is escaped once


@given(st.text())
def test_a_value_is_never_read_again(value):
    """
    Otherwise a recipient could ask for the value of another name.
    """
    assert f"<{value}>{value}" == Placeholders("<{{a}}>{{a}}").filled({"a": value})
