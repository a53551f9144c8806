"""
qualify - the domain of this host for addresses without one in the header of a local program

Cron writes `From: root (Cron Daemon)`, others `From: monitoring <root>` and `To: root`.  On this host everybody knows
who that is; elsewhere such a field is no address, and large mail providers refuse the mail.  RFC 6409 §8.8 lets such a
field be completed where the mail begins.
"""

import re
from typing import Final

from empath.message.fields import Fields

_NAMES: Final = frozenset(
    prefix + name for prefix in (b"", b"resent-") for name in (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")
)
_BARE = re.compile(r"(?!=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")  # RFC 5322 §3.2.3 dot-atom-text, and no encoded word


def qualified(content: bytes, domain: str) -> bytes:
    """*content*, whose lines end in CRLF, with `@domain` behind each address of its header that has none."""
    end = content.find(b"\r\n\r\n")
    header = content if end < 0 else content[: end + 2]
    fields = Fields.of(header)
    if not fields.names or not (fields.names[0] or header.startswith((b"From ", b">From "))):
        return content  # text without a header
    octets = [
        _with_domain(field.decode("latin-1"), f"@{domain}").encode("latin-1") if name in _NAMES else field
        for name, field in zip(fields.names, fields.octets, strict=True)
    ]
    return b"".join(octets) + content[len(header) :]


class _Item:
    """The list item under way. Shape: each end is a place in the output, -1 before there is one."""

    def __init__(self) -> None:
        self.plain = ""  # outside of quotes, comments and brackets
        self.plain_end = -1
        self.angle = ""
        self.angle_end = -1
        self.has_quote = False

    def end_of_bare(self) -> int:
        """Where a domain is missing, -1 if nowhere."""
        if self.angle_end >= 0:
            return self.angle_end if _BARE.fullmatch(self.angle) else -1
        return self.plain_end if not self.has_quote and _BARE.fullmatch(self.plain.strip()) else -1


def _with_domain(field: str, suffix: str) -> str:
    """One *field* with its name; as it is where a quote, a comment or a bracket has no end."""
    name, colon, value = field.partition(":")
    out: list[str] = [name, colon]
    item, is_quoted, is_within, comments = _Item(), False, False, 0
    characters = iter(value)
    for char in characters:
        if char == "\\" and (is_quoted or comments):
            out.append(char + next(characters, ""))
            continue
        if char == '"' and not comments:
            is_quoted, item.has_quote = not is_quoted, True
        elif is_quoted:
            pass
        elif char in "()":
            comments = max(0, comments + (1 if char == "(" else -1))
        elif comments:
            pass
        elif char in "<>":
            if char == ">" and is_within:
                item.angle_end = len(out)
            is_within = char == "<"
        elif is_within:
            item.angle += char
        elif char == ":":
            item = _Item()
        elif char in ",;":
            _complete(out, item, suffix)
            item = _Item()
        else:
            item.plain += char
            if not char.isspace():
                item.plain_end = len(out) + 1
        out.append(char)
    if is_quoted or is_within or comments:
        return field
    _complete(out, item, suffix)
    return "".join(out)


def _complete(out: list[str], item: _Item, suffix: str) -> None:
    at = item.end_of_bare()
    if at >= 0:
        out.insert(at, suffix)
