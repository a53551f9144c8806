"""
render - one event as one line of octets

A line never holds a raw control character, whatever a peer put into a value: a log is read in terminals. Values are
text, numbers, booleans, None (left out), or lists of these; anything else is shown by its `str()`.
"""

import re
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson

# What may steer a terminal or reorder a line although JSON allows it raw: DEL, C1, line and paragraph separators, marks
# and overrides of writing direction.
_UNSAFE: Final = re.compile("[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BARE: Final = re.compile(r"[A-Za-z0-9_.:/@+<>\[\]{},;|*%^~$&()#!?-]+")  # a logfmt value that needs no quotes

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


def json_line(event: Mapping[str, Any]) -> bytes:
    """One JSON object, keys in the order given, without a line end."""
    octets = _dumps({key: value for key, value in event.items() if value is not None})
    return octets if _is_safe(octets) else _UNSAFE.sub(_escape, octets.decode()).encode()


def logfmt_line(event: Mapping[str, Any]) -> bytes:
    """`key=value` pairs, keys in the order given, without a line end; a value that is no word is a JSON string."""
    words = []
    for key, value in event.items():
        kind = type(value)
        if (kind is str and _BARE.fullmatch(value)) or kind is int or kind is float:  # nearly all of them
            words.append(f"{key}={value}")
        elif value is not None:
            words.append(f"{key}={_word(value)}")
    octets = " ".join(words).encode()
    return octets if _is_safe(octets) else _UNSAFE.sub(_escape, octets.decode()).encode()


def _word(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case list() | tuple():
            text = ",".join(map(str, value))
        case _:
            text = str(value)
    return text if _BARE.fullmatch(text) else _dumps(text).decode()


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str)
    except TypeError:  # a lone surrogate, or a key or number orjson has no form for: say it in escapes
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
