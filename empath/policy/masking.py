"""
masking - addresses in texts lose their local parts, for people who may see the mail but not whose it is

The first of several characters stays, and the domain: `ann@example.org` becomes `a…@example.org`.  Of a record each
text is masked, and what repeats the words of people is left out, by the names of columns, fields and members.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

EMPTY: Final = frozenset({"subject", "metadata", "predicate"})  # they repeat what people wrote
_ACCOUNT: Final = "account"  # its name says as well whose mail it is
_DETAIL: Final = "detail"  # of an event, as JSON

# What is not part of a local part without quotes; further characters only do not begin one in texts.
_ENDS: Final = frozenset(' \t\r\n\f\v<>()[],;:"')
_NO_BEGIN: Final = "'|&"
_AT: Final = re.compile("@|%40")  # the second is that of links in replies
_MASK: Final = "…"


def masked(text: str) -> str:
    """
    *text* with the local part of each address masked; its time grows as its length does.

    A local part ends at the at sign of its address, and begins where its characters do, or its quotes, between which at
    signs are characters like others. Where that is not sure, more is masked rather than less.
    """
    ends = [match.span() for match in _AT.finditer(text)]
    if not ends:
        return text
    quotes = [match.start() for match in re.finditer('"', text) if text[match.start() - 1 : match.start()] != "\\"]
    spans: list[tuple[int, int]] = []
    after = 0
    for end, next_after in ends:
        begin = _begin(text, after, end, quotes)
        while spans and spans[-1][0] >= begin:
            spans.pop()
        spans.append((max(begin, spans[-1][1]) if spans else begin, end))
        after = next_after
    parts, after = [], 0
    for begin, end in spans:
        parts += [text[after:begin], _short(text[begin:end])]
        after = end
    return "".join([*parts, text[after:]])


def masked_value(name: str, value: Any) -> Any:
    """The *value* of the column or field *name*, masked; None for one that is left out, and for octets."""
    if name in EMPTY or isinstance(value, bytes):
        return None
    if not isinstance(value, str):
        return value
    if name == _ACCOUNT and "@" not in value:
        return _short(value)
    text = _without_words(value) if name == _DETAIL else value
    return text if text is None else masked(text)


def masked_record(value: Any, name: str = "") -> Any:
    """*value*, a tree of dataclasses, dictionaries, lists and tuples, masked; *name* is that of its field."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{each.name: masked_record(getattr(value, each.name), each.name) for each in fields(value)}
        )
    if isinstance(value, dict):
        return {masked_value("", key): masked_record(part, key) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(masked_record(part, name) for part in value)
    return masked_value(name, value)


def _without_words(text: str) -> str | None:
    """The JSON object *text* without members that repeat what people wrote; of what is none, nothing."""
    try:
        members = json.loads(text)
    except ValueError:
        return None
    if not isinstance(members, dict):
        return None
    return text if EMPTY.isdisjoint(members) else json.dumps({k: v for k, v in members.items() if k not in EMPTY})


def _short(local_part: str) -> str:
    """The mask of a local part; nothing is no local part, and one character would be all of it."""
    return local_part[:1] + _MASK if len(local_part) > 1 else _MASK[: len(local_part)]


def _begin(text: str, after: int, end: int, quotes: Sequence[int]) -> int:
    """Where the local part begins that ends before *end*; one without quotes begins after *after*."""
    if text[after:end].endswith('"'):
        number = bisect_left(quotes, end - 1)
        return quotes[number - 1] if number else after
    begin = end
    while begin > after and text[begin - 1] not in _ENDS:
        begin -= 1
    while begin < end and text[begin] in _NO_BEGIN:
        begin += 1
    return begin
