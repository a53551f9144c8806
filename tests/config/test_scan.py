"""The scanner that finds the line of each key."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.config.scan import scan

DOCUMENT = '''\
# comment with = and [header]
name = "a # no comment"   # comment
dotted.key = 1
"quoted key" = 'literal # \\'

[queue]   # header
path = """
two lines with \\""" = inside """""
size = 3
literal = \'\'\'
x = 1
\'\'\'\'
when = 1979-05-27 07:32:00

[[listener]]
address = "one"
inline = { role = "mx", deep = { a = [1, 2] } }
[listener.limits]
count = 1
[[listener]]
address = "two"
[ relay . "sub.key" ]
networks = [ # comment ]
  "a, ]",

  "b", [1, {x = 2}],
]
empty = []
none = {}
'''

LINES = {
    ("name",): 2,
    ("dotted",): 3,
    ("dotted", "key"): 3,
    ("quoted key",): 4,
    ("queue",): 6,
    ("queue", "path"): 7,
    ("queue", "size"): 9,
    ("queue", "literal"): 10,
    ("queue", "when"): 13,
    ("listener",): 15,
    ("listener", 0): 15,
    ("listener", 0, "address"): 16,
    ("listener", 0, "inline"): 17,
    ("listener", 0, "inline", "role"): 17,
    ("listener", 0, "inline", "deep"): 17,
    ("listener", 0, "inline", "deep", "a"): 17,
    ("listener", 0, "inline", "deep", "a", 0): 17,
    ("listener", 0, "inline", "deep", "a", 1): 17,
    ("listener", 0, "limits"): 18,
    ("listener", 0, "limits", "count"): 19,
    ("listener", 1): 20,
    ("listener", 1, "address"): 21,
    ("relay", "sub.key"): 22,
    ("relay", "sub.key", "networks"): 23,
    ("relay", "sub.key", "networks", 0): 24,
    ("relay", "sub.key", "networks", 1): 26,
    ("relay", "sub.key", "networks", 2): 26,
    ("relay", "sub.key", "networks", 2, 0): 26,
    ("relay", "sub.key", "networks", 2, 1): 26,
    ("relay", "sub.key", "networks", 2, 1, "x"): 26,
    ("relay", "sub.key", "empty"): 28,
    ("relay", "sub.key", "none"): 29,
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_key_has_its_line(end):
    """
    An error message that names a wrong line is worse than one without.
    """
    text = DOCUMENT.replace("\n", end)
    tomllib.loads(text)
    assert LINES == scan(text)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", "a = 1", "[a]", "[[a]]", "a = [1,2]", "a = {b = 1}"])
def test_a_file_may_end_anywhere(text):
    """
    The last line often lacks its line end.
    """
    assert set(paths(tomllib.loads(text))) == set(scan(text))


def paths(value, path=()):
    """All paths in *value*, as the scanner names them."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def written(value):
    """*value* as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", # ]\n".join(map(written, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text):
    """*text* in one of the four kinds of quotes."""
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=True)


# No lone surrogates: they are not Unicode scalar values. No astral characters: JSON escapes them as surrogate pairs.
TEXTS = st.text(st.characters(max_codepoint=0xD7FF), max_size=6) | st.text("#=[]{}\"'\\,.\n ", max_size=6)
LEAVES = TEXTS | st.integers(-9, 9) | st.booleans()
# A line end is not allowed in an inline table, so lists with their comments stay outside of them.
TABLES = st.recursive(LEAVES, lambda inner: st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6)
VALUES = st.recursive(TABLES, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


@given(document=st.dictionaries(TEXTS, st.dictionaries(TEXTS, VALUES, max_size=3), max_size=3))
def test_the_scanner_finds_what_the_reader_finds(document):
    """
    Both read the same grammar. They would differ first at a string that looks like a header.
    """
    text = "\n".join(
        f"[{quoted(table)}]\n" + "".join(f"{quoted(key)}={written(value)}\n" for key, value in keys.items())
        for table, keys in document.items()
    )
    assert document == tomllib.loads(text)
    assert set(paths(document)) == set(scan(text))
