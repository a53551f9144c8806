"""
transcript - what both sides of a session say, in words that a person may read

A transcript never has a secret or the content of a message: of an exchange of AUTH, of content and of a command that is
none it has the size alone. A client that lost step may well send a password where a command is due.
"""

import re
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from empath.mail.printable import printable
from empath.mail.reply import Reply

MOST_LINES: Final = 1_000  # between two calls of `take`
MOST_CHARACTERS: Final = 1_000  # of a line
MOST_RECENT: Final = 40  # commands, replies and notes that are kept of a session in case that it fails
_SHORT_OCTETS: Final = 320  # of a command that is kept as it came: a path and its parameters
_MAY_BE_AUTH: Final = (b"A", b"a")  # no other command begins so
_REPLY_OCTETS: Final = 2_000
_LEFT_OUT: Final = "(what came in between is left out)"
CLIENT: Final = "C"
SERVER: Final = "S"
NOTE: Final = "-"
SPEAKERS: Final = {CLIENT: "client", SERVER: "server", NOTE: "note"}
_VERBS: Final = frozenset(
    b"EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP STARTTLS AUTH XCLIENT XFORWARD ETRN".split()
)
# What is kept of a line until it is to be text; a number is the size of content, replies are those that came together.
_Kept = bytes | str | int | tuple[Reply, ...]

# What must follow these. Anything else is free text, and perhaps a line of content: "Help yourself …".
_ARGUMENTS: Final = {
    **dict.fromkeys(b"RSET NOOP QUIT VRFY EXPN HELP STARTTLS DATA".split(), re.compile(b"$")),
    b"MAIL": re.compile(rb"(?i)\s*FROM:"),
    b"RCPT": re.compile(rb"(?i)\s*TO:"),
}
_LOGIN: Final = re.compile(rb"(?i)(\bLOGIN=)\S+")


class TranscriptLine(NamedTuple):
    """One line. Shape: speaker is CLIENT, SERVER, or NOTE for what happened in between; text may have any character."""

    speaker: str
    text: str


class Transcript:
    """The lines of one session that nobody has taken yet."""

    __slots__ = ("_left_out", "_lines")

    def __init__(self) -> None:
        self._lines: list[TranscriptLine] = []
        self._left_out = 0

    def command(self, line: bytes, *, is_response: bool = False) -> None:
        """Add a command of the client, or its response in an exchange of AUTH, with its line end or without."""
        line = line.rstrip(b"\r\n")
        verb, _, rest = line.partition(b" ")
        if is_response:
            self._add(CLIENT, f"(response of {len(line)} octets)")
        elif line == b".":  # the end of content that the client does not send after all
            self._add(CLIENT, ".")
        elif verb.upper() not in _VERBS:
            self._add(CLIENT, f"(unknown command of {len(line)} octets)")
        elif verb.upper() == b"AUTH":
            mechanism, has_response, response = rest.partition(b" ")
            shown = verb + b" " + mechanism[:20]  # longer than any mechanism
            self._add(CLIENT, f"{_text(shown)} ({len(response)} octets)" if has_response else _text(shown))
        elif (argument := _ARGUMENTS.get(verb.upper())) is not None and argument.match(rest) is None:
            self._add(CLIENT, f"{_text(verb)} ({len(rest)} octets)")
        else:
            self._add(CLIENT, _text(_LOGIN.sub(rb"\1...", line)))

    def group(self, octets: bytes, *, is_login: bool) -> None:
        """Add commands that go out together; *is_login*: a line that is no AUTH is a response to a challenge."""
        for line in octets.removesuffix(b"\r\n").split(b"\r\n"):
            self.command(line, is_response=is_login and line[:5].upper() != b"AUTH ")

    def heard(self, *replies: Reply) -> None:
        """Add replies of the server that came together."""
        for reply in replies:
            self.reply(reply.octets)

    def reply(self, octets: bytes) -> None:
        """Add one or more replies of the server."""
        for line in octets.removesuffix(b"\r\n").split(b"\r\n"):
            if line.startswith(b"334"):
                self._add(SERVER, f"334 (challenge of {len(line[4:])} octets)")
            else:
                self._add(SERVER, _text(line))

    def content(self, octets: int) -> None:
        """Add that content of this size was sent."""
        self._add(CLIENT, f"(content of {octets} octets)")

    def note(self, text: str) -> None:
        """Add what happened."""
        self._add(NOTE, text)

    def extend(self, lines: Iterable[TranscriptLine]) -> None:
        """Add lines of another transcript."""
        for line in lines:
            self._add(*line)

    def take(self) -> list[TranscriptLine]:
        """The lines since the last call."""
        lines, self._lines = self._lines, []
        if self._left_out:
            lines.append(TranscriptLine(NOTE, f"({self._left_out} lines are left out)"))
            self._left_out = 0
        return lines

    def _add(self, speaker: str, text: str) -> None:
        if len(self._lines) < MOST_LINES:
            self._lines.append(TranscriptLine(speaker, text))
        else:
            self._left_out += 1


class RecentTranscript:
    """
    What was said last in a session, for the case that it fails.

    A session that succeeds pays for one entry of a list for each command and reply: they become text when `lines` is
    asked for. Of a response of AUTH not even that is kept. The lines before the first call of `begin` stay: they are
    the opening of the session.
    """

    __slots__ = ("_last", "_opening")

    def __init__(self) -> None:
        self._opening: tuple[tuple[str, _Kept], ...] | None = None
        self._last: deque[tuple[str, _Kept]] = deque(maxlen=MOST_RECENT)

    def command(self, line: bytes, *, is_response: bool = False) -> None:
        """As `Transcript.command`."""
        if is_response or len(line) > _SHORT_OCTETS or line[:1] in _MAY_BE_AUTH:
            words = Transcript()
            words.command(line, is_response=is_response)
            self._last.extend(words.take())
        else:
            self._last.append((CLIENT, line))

    def group(self, octets: bytes, *, is_login: bool) -> None:
        """As `Transcript.group`; of very many commands the last ones are kept."""
        if is_login:
            words = Transcript()
            words.group(octets, is_login=True)
            self._last.extend(words.take())
            return
        if len(octets) > _REPLY_OCTETS:
            octets = octets[-_REPLY_OCTETS:].partition(b"\r\n")[2]
        self._last.append((CLIENT, octets))

    def heard(self, *replies: Reply) -> None:
        """As `Transcript.heard`."""
        self._last.append((SERVER, replies))

    def reply(self, octets: bytes) -> None:
        """As `Transcript.reply`."""
        self._last.append((SERVER, octets[:_REPLY_OCTETS]))

    def content(self, octets: int) -> None:
        """As `Transcript.content`."""
        self._last.append((CLIENT, octets))

    def note(self, text: str) -> None:
        """As `Transcript.note`."""
        self._last.append((NOTE, text))

    def extend(self, lines: Iterable[TranscriptLine]) -> None:
        """Add lines of another transcript of the session."""
        self._last.extend(lines)

    def begin(self, *, is_asked: bool = False) -> None:
        """Forget the transaction before this one; *is_asked*: the last line is the first of this one."""
        last = self._last
        first = last.pop() if is_asked and last else None
        if self._opening is None:
            self._opening = tuple(last)
        last.clear()
        if first is not None:
            last.append(first)

    def lines(self) -> list[TranscriptLine]:
        """What is kept, the oldest first."""
        words = Transcript()
        for speaker, what in self._opening or ():
            _add(words, speaker, what)
        if len(self._last) == MOST_RECENT:
            words.note(_LEFT_OUT)
        for speaker, what in self._last:
            _add(words, speaker, what)
        return words.take()


Scribe = Transcript | RecentTranscript  # what a session tells of what is said


def bounded_text(lines: Iterable[TranscriptLine], octets: int) -> str:
    """
    *lines* as text, one below the other, each with its speaker: `C: QUIT`.

    A text above *octets* loses lines in its middle: a session shows at its beginning who spoke, and at its end why.
    """
    texts = [f"{speaker}: {printable(text)}" for speaker, text in lines]
    sizes = [len(text.encode()) + 1 for text in texts]
    gap = f"{NOTE}: {_LEFT_OUT}"
    left, first, last = octets - len(gap) - 1, 0, len(texts)
    if sum(sizes) > octets:
        while first < len(texts) and sum(sizes[: first + 1]) <= left // 4:
            first += 1
        left -= sum(sizes[:first])
        while last > first and sizes[last - 1] <= left:
            last -= 1
            left -= sizes[last]
        texts[first:last] = [gap]
    return "\n".join(texts)


def _add(words: Transcript, speaker: str, what: _Kept) -> None:
    if isinstance(what, str):
        words.extend([TranscriptLine(speaker, what)])
    elif isinstance(what, int):
        words.content(what)
    elif isinstance(what, tuple):
        for reply in what:
            words.reply(reply.octets[:_REPLY_OCTETS])
    elif speaker == CLIENT:
        words.group(what, is_login=False)
    else:
        words.reply(what)


def _text(line: bytes) -> str:
    text = line[: 4 * MOST_CHARACTERS].decode(errors="backslashreplace")
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
