"""
content - from the octets behind 354 or BDAT to those of the message, RFC 5321 §4.1.1.4 and §4.5.2, RFC 3030 §2

Only CRLF "." CRLF ends the data.  A lenient server might take a bare LF or CR for a line end.  So the reader turns a
bare LF into CRLF and a bare CR into a space, and no stored message carries a nonstandard end of data to the next host
(SMTP smuggling).  A few CRs before CRLF belong to the line end: some programs write CR CR LF at the end of each line.

Content that comes in chunks has a length in place of an end of data, and no dots of transparency.  As BINARYMIME is not
offered it consists of lines, too, and the same rules hold: only so can DATA carry it to the next host.

The readers work on whole pieces with operations of `bytes`; only content with CR CR LF costs a loop over lines.  They
hold what may be a line end or the beginning of the end of data until more octets decide.
"""

import re
from typing import Final

from empath.mail.reply import Reply
from empath.smtp.server import replies

_END_OF_DATA: Final = b"\r\n.\r\n"
# Longest first. A bare LF waits too: a dot after it would be a dot of transparency.
_UNDECIDED: Final = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r", b"\n")
_BARE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")
_MORE_RETURNS: Final = 64  # CRs that may come before CRLF


class _Rules:
    """
    The rules that hold for the content of one message.

    `size` counts the octets of content so far; `refusal` is the reply to a message that broke a rule, else None.  The
    first breach in the message decides, however the octets were cut; no content follows it.
    """

    __slots__ = ("_line_octets", "_message_octets", "_open_octets", "_takes_bare_lf", "refusal", "size")

    def __init__(self, message_octets: int, line_octets: int | None, *, takes_bare_lf: bool = True) -> None:
        """
        Limits of the message and of one line without its CRLF, both in octets of content; None: no limit.

        Without *takes_bare_lf* a bare LF breaks a rule.
        """
        self._takes_bare_lf = takes_bare_lf
        self.size = 0
        self.refusal: Reply | None = None
        self._message_octets = message_octets
        self._line_octets = line_octets
        self._open_octets = 0  # length so far of the unfinished line

    def _until_bare_lf(self, wire: bytes) -> bytes:
        """*wire* itself, or what stands before its first bare LF."""
        found = _BARE_LINE_FEED.search(wire)
        return wire if found is None else wire[: found.start()]

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


class ContentReader(_Rules):
    """
    Reader of one message that comes by DATA.

    `is_ended` says that the reader saw the end of data, then `rest` is what followed it.
    """

    __slots__ = ("_held", "_is_first", "is_ended", "rest")

    def __init__(self, message_octets: int, line_octets: int | None, *, takes_bare_lf: bool = True) -> None:
        super().__init__(message_octets, line_octets, takes_bare_lf=takes_bare_lf)
        self.is_ended = False
        self.rest = b""
        # The CRLF of the DATA command begins the first line: a lone dot there is an empty message.
        self._held = b"\r\n"
        self._is_first = True

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
        taken = decided if self._takes_bare_lf else self._until_bare_lf(decided)
        content = _lines(taken)
        # A line end that was none on the wire may have a dot after it.
        if dot not in (-1, end) or content is not taken:
            content = content.replace(b"\r\n.", b"\r\n")
        if self._is_first:
            self._is_first = False
            content = content[2:]
        content = self._sound(content)
        if taken is not decided and self.refusal is None:
            self.refusal = replies.BARE_LINE_FEED
        self.size += len(content)
        return content


class ChunkReader(_Rules):
    """Reader of one message that comes by BDAT: its chunks are one run of octets, wherever they are cut."""

    __slots__ = ("_held", "_is_line_open")

    def __init__(self, message_octets: int, line_octets: int | None, *, takes_bare_lf: bool = True) -> None:
        super().__init__(message_octets, line_octets, takes_bare_lf=takes_bare_lf)
        self._held = b""
        self._is_line_open = False

    def feed(self, octets: bytes, *, is_last: bool) -> bytes:
        """Take octets of a chunk, give the octets of the message that are certain by now. The last line gets an end."""
        wire = self._held + octets
        self._held = b""
        if not is_last:
            border = len(wire) - _undecided_returns(wire)
            self._held = wire[border:]
            wire = wire[:border]
        elif wire[-1:] != b"\n" and (wire or self._is_line_open):
            wire += b"\r\n"
        if self.refusal is not None or not wire:
            return b""
        self._is_line_open = not wire.endswith(b"\n")
        taken = wire if self._takes_bare_lf else self._until_bare_lf(wire)
        content = self._sound(_lines(taken))
        if taken is not wire and self.refusal is None:
            self.refusal = replies.BARE_LINE_FEED
        self.size += len(content)
        return content


def _undecided_octets(wire: bytes) -> int:
    for beginning in _UNDECIDED:
        if wire.endswith(beginning):
            border = len(wire) - len(beginning)
            before = wire[max(0, border - _MORE_RETURNS) : border]
            return len(beginning) + len(before) - len(before.rstrip(b"\r"))
    return 0


def _undecided_returns(wire: bytes) -> int:
    end = wire[-_MORE_RETURNS - 1 :]
    return len(end) - len(end.rstrip(b"\r"))


def _lines(wire: bytes) -> bytes:
    """*wire* itself if each of its line ends is CRLF, else a copy in which this is so."""
    text = wire.replace(b"\r\n", b"")  # half the time of counting
    if b"\r" not in text and b"\n" not in text:
        return wire
    if b"\r\r\n" in wire:
        *lines, rest = wire.split(b"\n")
        most = _MORE_RETURNS + 1
        wire = b"\n".join([*(line[:-most] + line[-most:].rstrip(b"\r") for line in lines), rest])
    else:
        wire = wire.replace(b"\r\n", b"\n")
    return wire.replace(b"\r", b" ").replace(b"\n", b"\r\n")
