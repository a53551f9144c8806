"""
reply_reader - replies from the octets of a peer, RFC 5321 §4.2

The reader gives a reply only when it is whole; its meaning does not depend on how its octets were cut.  The reader
allows two things that the grammar forbids, because peers do them daily: a line may end in LF alone, and it may be
longer than 512 octets.  A loader, a shell or a filter of some peers writes lines of its own; others begin a reply with
a byte order mark, NUL or options of telnet.  Where the caller allows noise, the reader skips both.  Any other octets
that are not a reply end the session: with pipelining, a guess about one reply would be a guess about all that follow.
If the lines of one reply disagree, the last line decides.  Of a very long reply the reader keeps the first
line and the last ones.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.reply import EnhancedStatus, Reply

MAX_LINE_OCTETS = 64 * 1024
MAX_REPLY_OCTETS = 1024 * 1024
MAX_REPLY_LINES = 10_000
KEPT_LINES = 128
KEPT_CHARACTERS = 64 * 1024
_MAX_CACHED_OCTETS = 100  # a longer line seldom comes twice, and the cache must stay small
_MAX_TOGETHER_OCTETS = 400  # the same of replies that come together
_MAX_SHOWN_OCTETS = 60

# Not noise: no SMTP will follow another protocol, and no other reply one whose code no reply has.
_NOT_NOISE = re.compile(rb"HTTP/|SSH-|RFB |\+OK|-ERR|\* (?:OK|NO|BYE|PREAUTH)|[0-9]{3}[ \r\n-]")
# Octets that no line of text begins with, and options of telnet (RFC 854: IAC, a verb, the number of the option).
_STRAY = re.compile(rb"(?:\xff[\xfb-\xfe].|[^!-~])*+", re.DOTALL)
_STATUS = rb"([245]\.(?:0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2}))"
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])((?:" + _STATUS + rb"(?: |$))?(.*))?)?", re.DOTALL)


class _Line(NamedTuple):
    """
    One line of a reply.

    Shape: rest is text without its enhanced status, where that counts; alone is the reply if the line is all of it.
    """

    code: int
    is_last: bool
    enhanced: EnhancedStatus | None
    text: str
    rest: str
    alone: Reply


class ReplyReader:
    """
    Cuts the stream of a peer into replies.

    Bounds: a line has at most 65,536 octets with its end, a reply 1,048,576 octets and 10,000 lines. Of a reply the
    reader keeps at most 128 lines and 65,536 characters.
    """

    def __init__(self, noise_lines: int = 0) -> None:
        """
        Begin a stream. Up to *noise_lines* lines that are not a reply may come before and within each one, and stray
        octets at the beginning of a line.
        """
        self._noise_lines = self._noise_left = noise_lines
        self._buffer = b""
        self._start = 0  # start of the unread octets in the buffer
        self._searched = 0  # place up to which the buffer has no LF
        self._lines: list[_Line] = []  # lines of the reply under way
        self._count = 0  # of its lines, with those not kept
        self._octets = 0  # in those lines
        self._characters = 0  # kept

    @property
    def is_midway(self) -> bool:
        """Whether part of a reply has come and the rest has not."""
        return len(self._buffer) > self._start or bool(self._lines)

    def receive(self, octets: bytes) -> None:
        """Take what the peer sent."""
        self._buffer = self._buffer[self._start :] + octets if len(self._buffer) > self._start else octets
        self._searched -= self._start
        self._start = 0

    def taken_whole(self, octets: bytes) -> tuple[Reply, ...] | None:
        """
        The replies that *octets* are: whole ones of a line each, as hosts answer the usual message. None: take them by
        `receive` and `next_reply`.
        """
        if len(octets) > _MAX_TOGETHER_OCTETS or self._lines or len(self._buffer) > self._start:
            return None
        replies = _together(octets)
        if replies is not None:
            self._noise_left, self._octets = self._noise_lines, 0
        return replies

    def allow_noise(self, lines: int) -> None:
        """From now on, up to *lines* lines that are not a reply may come; 0: any such line ends the stream."""
        self._noise_lines = self._noise_left = lines

    def next_reply(self) -> Reply | None:
        """
        Give the next whole reply, or None until more octets come. Text is decoded as UTF-8.

        Raises:
            SyntaxViolation: the peer sent something that is not a reply, or one out of bounds; the stream ends here.
        """
        try:
            buffer = self._buffer
            while end := buffer.find(b"\n", self._searched) + 1:
                octets = buffer[self._start : end]
                self._start = self._searched = end
                if len(octets) <= _MAX_CACHED_OCTETS and not self._lines:  # the usual case
                    line = _parsed(octets)
                    if line is not None and line.is_last:
                        self._noise_left, self._octets = self._noise_lines, 0
                        return line.alone
                reply = self._take_line(octets)
                if reply is not None:
                    return reply
            self._searched = len(buffer)
            if self._searched > self._start:
                self._check_bounds(self._searched - self._start)
        except SyntaxViolation:
            # The rest may be endless too.
            self._buffer = b""
            self._start = self._searched = 0
            self._begin_reply()
            raise
        return None

    def _begin_reply(self) -> None:
        self._lines.clear()
        self._count = self._octets = self._characters = 0

    def _take_line(self, octets: bytes) -> Reply | None:
        """Take a line; the reply, if it is the last line of one."""
        self._octets += len(octets)
        self._check_bounds(len(octets))
        if self._noise_lines:
            octets = _STRAY.sub(b"", octets, count=1)
        line = _parsed(octets) if len(octets) <= _MAX_CACHED_OCTETS else _parse(octets)
        if line is None:
            if self._noise_left == 0 or _NOT_NOISE.match(octets):
                shown = octets[:_MAX_SHOWN_OCTETS].decode("utf-8", "surrogateescape").rstrip("\r\n")
                raise SyntaxViolation(f'not a reply: "{shown}"')
            self._noise_left -= 1
            return None
        if not line.is_last:
            self._keep(line)
            return None
        self._noise_left = self._noise_lines
        if not self._lines:
            self._octets = 0
            return line.alone
        reply = _reply(self._lines, line)
        self._begin_reply()
        return reply

    def _keep(self, line: _Line) -> None:
        self._count += 1
        self._lines.append(line)
        self._characters += len(line.text)
        # The first line has the name of the peer. The last line is still to come.
        while len(self._lines) > 1 and (len(self._lines) >= KEPT_LINES or self._characters > KEPT_CHARACTERS):
            self._characters -= len(self._lines.pop(1).text)

    def _check_bounds(self, line_octets: int) -> None:
        if line_octets > MAX_LINE_OCTETS:
            raise SyntaxViolation(f"a line of over {MAX_LINE_OCTETS} octets")
        if self._octets > MAX_REPLY_OCTETS or self._count >= MAX_REPLY_LINES:
            raise SyntaxViolation(f"a reply of over {MAX_REPLY_OCTETS} octets or {MAX_REPLY_LINES} lines")


def _reply(lines: list[_Line], last: _Line) -> Reply:
    if last.enhanced is None:
        return Reply(last.code, None, "\n".join(line.text for line in (*lines, last)), is_from_host=True)
    # RFC 2034 §4 repeats the status on every line; a Reply has it once.
    texts = (line.rest if line.enhanced == last.enhanced else line.text for line in (*lines, last))
    return Reply(last.code, last.enhanced, "\n".join(texts), is_from_host=True)


def _parse(octets: bytes) -> _Line | None:
    """The line; None if it is not one of a reply."""
    match = _LINE.fullmatch(octets.removesuffix(b"\n").removesuffix(b"\r"))
    if match is None:
        return None
    code, separator, text, status, rest = match.groups()
    whole = left = (text or b"").decode("utf-8", "surrogateescape")
    enhanced = None
    # A status whose class is not that of the code breaks RFC 2034 §4; it stays part of the text.
    if status and status[0] == code[0]:
        enhanced, left = _status(status), rest.decode("utf-8", "surrogateescape")
    alone = Reply(int(code), enhanced, left, is_from_host=True)
    return _Line(int(code), separator != b"-", enhanced, whole, left, alone)


@lru_cache(maxsize=256)
def _status(octets: bytes) -> EnhancedStatus:
    return EnhancedStatus.parse(octets.decode("ascii"))


_parsed = lru_cache(maxsize=512)(_parse)


@lru_cache(maxsize=256)
def _together(octets: bytes) -> tuple[Reply, ...] | None:
    *lines, rest = octets.split(b"\n")
    if rest or any(len(line) >= _MAX_CACHED_OCTETS for line in lines):
        return None
    parse = _parsed if len(lines) > 1 else _parse  # one that comes alone is kept here
    found = [parse(line + b"\n") for line in lines]
    replies = tuple(line.alone for line in found if line is not None and line.is_last)
    return replies if len(replies) == len(lines) else None
