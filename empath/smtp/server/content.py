"""
content - from the octets behind 354 to those of the message, RFC 5321 §4.1.1.4 and §4.5.2

Only CRLF "." CRLF ends the data.  A lenient server might take a bare LF or CR for a line end.  So the reader turns a
bare LF into CRLF and a bare CR into a space, and no stored message carries a nonstandard end of data to the next host
(SMTP smuggling).  A few CRs before CRLF belong to the line end: some programs write CR CR LF at the end of each line.

The reader works on whole pieces with operations of `bytes`; only content with CR CR LF costs a loop over lines.  It
holds what may be a line end or the beginning of the end of data until more octets decide.
"""

from typing import Final

from empath.mail.reply import Reply
from empath.smtp.server import replies

_END_OF_DATA: Final = b"\r\n.\r\n"
# Longest first. A bare LF waits too: a dot after it would be a dot of transparency.
_UNDECIDED: Final = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r", b"\n")
_MORE_RETURNS: Final = 64  # CRs that may come before CRLF


class ContentReader:
    """
    Reader of one message.

    `is_ended` says that the reader saw the end of data, then `rest` is what followed it; `size` counts the octets of
    content so far; `refusal` is the reply to a message that broke a rule, else None.  The first breach in the message
    decides, however the octets were cut; no content follows it.
    """

    __slots__ = (
        "_held",
        "_is_first",
        "_line_octets",
        "_message_octets",
        "_open_octets",
        "is_ended",
        "refusal",
        "rest",
        "size",
    )

    def __init__(self, message_octets: int, line_octets: int | None) -> None:
        """Limits of the message and of one line without its CRLF, both in octets of content; None: no limit."""
        self.is_ended = False
        self.rest = b""
        self.size = 0
        self.refusal: Reply | None = None
        self._message_octets = message_octets
        self._line_octets = line_octets
        # The CRLF of the DATA command begins the first line: a lone dot there is an empty message.
        self._held = b"\r\n"
        self._is_first = True
        self._open_octets = 0  # length so far of the unfinished line

    def feed(self, octets: bytes) -> bytes:
        """Take octets from the wire, give the octets of the message that are certain by now; these may be none."""
        wire = self._held + octets
        dot = wire.find(b"\r\n.")
        end = wire.find(_END_OF_DATA, dot) if dot >= 0 else -1
        if end >= 0:
            self.is_ended = True
            self.rest = wire[end + 5 :]
            self._held = b""
            decided = wire[: end + 2]
        else:
            border = len(wire) - _undecided_octets(wire)
            self._held = wire[border:]
            decided = wire[:border]
        if self.refusal is not None or not decided:
            return b""
        content = _normalized(decided, has_dots=dot not in (-1, end))
        if self._is_first:
            self._is_first = False
            content = content[2:]
        content = self._sound(content)
        self.size += len(content)
        return content

    def _sound(self, content: bytes) -> bytes:
        """Give *content* up to the first breach of a rule."""
        room = self._message_octets - self.size
        nul = content.find(0)
        too_long = self._find_long_line(content)
        if nul < 0 and too_long < 0 and len(content) <= room:
            return content
        breaches = [(nul, replies.HAS_NUL), (too_long, replies.LINE_TOO_LONG)]
        if len(content) > room:
            breaches.append((room, replies.TOO_BIG))
        at, self.refusal = min((breach for breach in breaches if breach[0] >= 0), key=lambda breach: breach[0])
        return content[:at]

    def _find_long_line(self, content: bytes) -> int:
        """Find the place where a line gets longer than the limit, or -1."""
        if self._line_octets is None:
            return -1
        # From the start of a line, hop to the last line end within reach. The lines in between are shorter than the
        # reach, so a hop starts at every line that is too long.
        start, reach = -self._open_octets, self._line_octets + 2
        while (line_end := content.rfind(b"\n", max(start, 0), start + reach)) >= 0:
            start = line_end + 1
        self._open_octets = len(content) - start
        return start + reach - 1 if self._open_octets >= reach else -1


def _undecided_octets(wire: bytes) -> int:
    for beginning in _UNDECIDED:
        if wire.endswith(beginning):
            border = len(wire) - len(beginning)
            before = wire[max(0, border - _MORE_RETURNS) : border]
            return len(beginning) + len(before) - len(before.rstrip(b"\r"))
    return 0


def _normalized(wire: bytes, has_dots: bool) -> bytes:
    text = wire.replace(b"\r\n", b"")  # half the time of counting
    if b"\r" in text or b"\n" in text:
        if b"\r\r\n" in wire:
            *lines, rest = wire.split(b"\n")
            most = _MORE_RETURNS + 1
            wire = b"\n".join([*(line[:-most] + line[-most:].rstrip(b"\r") for line in lines), rest])
        else:
            wire = wire.replace(b"\r\n", b"\n")
        wire = wire.replace(b"\r", b" ").replace(b"\n", b"\r\n")
        has_dots = True  # a new line end may have a dot after it
    return wire.replace(b"\r\n.", b"\r\n") if has_dots else wire
