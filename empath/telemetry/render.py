"""
render - one event as one line of octets

A line never holds a raw control character, whatever a peer put into a value: a log is read in terminals. A line has a
head of bare words and then fields. A value is text, a number, a boolean or a list of these; anything else is shown by
its `str()`.

The form for terminals shows the time, the level, the process and the event in columns. A traceback follows on lines of
its own.
"""

import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import orjson

# Characters that JSON allows raw, but that may control a terminal or reorder a line: DEL, C1, line and paragraph
# separators, marks and overrides of writing direction.
_UNSAFE: Final = re.compile("[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# A value that logfmt writes without quotes, and values that it writes as they are, in quotes where a space is in them.
_is_bare: Final = re.compile(r"[A-Za-z0-9_.:/@+<>\[\]{},;|*%^~$&()#!?-]+").fullmatch
_is_bare_or_spaced: Final = re.compile(r"[A-Za-z0-9_.:/@+<>\[\]{},;|*%^~$&()#!? -]*").fullmatch

_NUMBERS_AND_TEXT: Final = frozenset({int, float, str})
_PLAIN: Final = _NUMBERS_AND_TEXT | {type(None)}

# A line of an occurrence: its head, and the names and values of its fields, of which those that are None are left out.
Line = Callable[[dict[str, str], tuple[str, ...], tuple[Any, ...]], bytes]

_second: int = -1
_second_text: str = ""


def instant(unix: float) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`; the text of the running second is made once."""
    global _second, _second_text  # noqa: PLW0603 - one memo for the process; a race would only compute it twice
    whole, part = divmod(int(unix * 1000), 1000)
    if whole != _second:
        _second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
        _second = whole
    return f"{_second_text}.{part:03}Z"


def json_line(head: dict[str, str], fields: dict[str, Any]) -> bytes:
    """One JSON object, keys in the order given, without a line end."""
    octets = _dumps(head | fields)
    return octets if _is_safe(octets) else _UNSAFE.sub(_escape, octets.decode()).encode()


def logfmt_line(head: dict[str, str], fields: dict[str, Any]) -> bytes:
    """`key=value` pairs, keys in the order given, without a line end; a value that is not a word is a JSON string."""
    values = [*fields.values()]
    texts = [value for value in values if type(value) is str]
    whole = "".join(texts)
    # In most lines no value has anything to escape, and one look at all of them together says so.
    if not _NUMBERS_AND_TEXT.issuperset(map(type, values)) or "" in texts or not _is_bare_or_spaced(whole):
        values = [_word(value) for value in values]
    elif " " in whole:  # as in the reply of a host
        values = [f'"{value}"' if type(value) is str and " " in value else value for value in values]
    octets = (_form((*head, *fields)) % (*head.values(), *values)).encode()
    return octets if _is_safe(octets) else _UNSAFE.sub(_escape, octets.decode()).encode()


def by_name(line: Callable[[dict[str, str], dict[str, Any]], bytes]) -> Line:
    """*line* for the fields of an occurrence: those that are None are left out."""
    return lambda head, names, values: line(head, _known(names, values))


def logfmt_values(head: dict[str, str], names: tuple[str, ...], values: tuple[Any, ...]) -> bytes:
    """
    As `logfmt_line`, of the fields of an occurrence: those that are None are left out.

    Each mail has some lines. Nearly always those of one kind have values of the same types, and spaces in the same one
    of them, which is the reply of a host: then no value is looked at by itself.
    """
    layout = _layout(names, (*map(type, values),))
    if layout is not None:
        texts = layout.texts(values)
        whole = "".join(texts)
        if "" not in texts and _is_bare_or_spaced(whole) and layout.knows_spaces(values, whole.count(" ")):
            form = layout.spaced_form if " " in whole else layout.form
            return (form % (*head.values(), *layout.shown(values))).encode()
    return logfmt_line(head, _known(names, values))


class _Layout:
    """
    How the fields of a kind of occurrence become a line, where their values have certain types.

    Shape: texts and shown give the values that are text, and those that are not None; form is of a line without spaces
    in its values, spaced_form of one that has them in the value at the place spaced.
    """

    __slots__ = ("_names", "form", "shown", "spaced", "spaced_form", "texts")

    def __init__(self, names: tuple[str, ...], types: tuple[type, ...]) -> None:
        shown = [place for place, each in enumerate(types) if each in _NUMBERS_AND_TEXT]
        texts = [place for place in shown if types[place] is str]
        self.texts: Callable[[tuple[Any, ...]], tuple[str, ...]] = itemgetter(*texts)
        self.shown: Callable[[tuple[Any, ...]], tuple[Any, ...]] = itemgetter(*shown)
        self.spaced = texts[0]
        self._names = {place: names[place] for place in shown}
        self.form = self._form()
        self.spaced_form = self._form(self.spaced)

    def knows_spaces(self, values: tuple[Any, ...], number: int) -> bool:
        """Whether all *number* spaces are in the value at `spaced`; else the next line of this layout may have them."""
        if not number or values[self.spaced].count(" ") == number:
            return True
        self.spaced = next(place for place in self._names if type(values[place]) is str and " " in values[place])
        self.spaced_form = self._form(self.spaced)
        return False

    def _form(self, quoted: int = -1) -> str:
        fields = (f'{name}="%s"' if place == quoted else f"{name}=%s" for place, name in self._names.items())
        return " ".join((*_HEAD, *fields))


_HEAD: Final = ("at=%s", "level=%s", "event=%s", "process=%s")


@lru_cache(maxsize=512)
def _layout(names: tuple[str, ...], types: tuple[type, ...]) -> _Layout | None:
    """None: some values need a look of their own, or there is too little to save."""
    return _Layout(names, types) if types.count(str) > 1 and _PLAIN.issuperset(types) else None


def _known(names: tuple[str, ...], values: tuple[Any, ...]) -> dict[str, Any]:
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


_COLOURS: Final = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}


def text_line(head: dict[str, str], fields: dict[str, Any]) -> bytes:
    """A line for people, and the lines of a traceback behind it."""
    return _text(head, fields, lambda text, _: text)


def coloured_text_line(head: dict[str, str], fields: dict[str, Any]) -> bytes:
    """The same for a terminal that shows colours."""
    return _text(head, fields, lambda text, colour: f"\x1b[{colour}m{text}\x1b[0m")


def _text(head: dict[str, str], fields: dict[str, Any], paint: Callable[[str, str], str]) -> bytes:
    colour = _COLOURS[head["level"]]
    words = [
        paint(head["at"][11:-1], "2"),
        paint(f"{head['level']:<8}", colour),
        f"{head['process']:<12}",
        paint(head["event"], "1" if colour in {"2", "32"} else colour),
    ]
    words += [f"{paint(key + '=', '2')}{_safe(_word(value))}" for key, value in fields.items() if key != "exception"]
    lines = [" ".join(words)]
    if "exception" in fields:
        lines += [f"    {_shown(line)}" for line in str(fields["exception"]).split("\n")]
    return "\n".join(lines).encode()


def _shown(line: str) -> str:
    """A line of a traceback as it is, if it is plain text."""
    return line if line.isprintable() else _quoted(line)


def _safe(text: str) -> str:
    return _UNSAFE.sub(_escape, text)


@lru_cache(maxsize=256)
def _form(keys: tuple[str, ...]) -> str:
    return " ".join(f"{key}=%s" for key in keys)


def _word(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            text = ",".join(map(str, value))
        case _:
            text = str(value)
    return text if _is_bare(text) else _quoted(text)


def _quoted(text: str) -> str:
    return _dumps(text).decode()


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str)
    except TypeError:  # a lone surrogate, or a key or number that orjson cannot encode
        return orjson.dumps(_plain(value))


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(_plain(key)): _plain(member) for key, member in value.items()}
        case list() | tuple():
            return [_plain(member) for member in value]
        case None | bool() | float():
            return value
        case int() if value.bit_length() < 64:
            return value
        case _:
            return str(value).encode("utf-8", "backslashreplace").decode()


def _is_safe(octets: bytes) -> bool:
    return octets.isascii() and b"\x7f" not in octets


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
