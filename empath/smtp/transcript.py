"""
transcript - what both sides of a session say, in words that a person may read

A transcript never has a secret or the content of a message: of an exchange of AUTH, of content and of a command that is
none it has the size alone. A client that lost step may well send a password where a command is due.
"""

from typing import Final, NamedTuple

MOST_LINES: Final = 1_000  # between two calls of `take`
MOST_CHARACTERS: Final = 1_000  # of a line
CLIENT: Final = "C"
SERVER: Final = "S"
NOTE: Final = "-"
SPEAKERS: Final = {CLIENT: "client", SERVER: "server", NOTE: "note"}
_VERBS: Final = frozenset(
    b"EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP STARTTLS AUTH XCLIENT XFORWARD ETRN".split()
)


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
        else:
            self._add(CLIENT, _text(line))

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


def _text(line: bytes) -> str:
    text = line[: 4 * MOST_CHARACTERS].decode(errors="backslashreplace")
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
