"""
blind_copies - Bcc and Resent-Bcc, which a submission server takes out, RFC 5322 §3.6.3

Programs that hand their text over as it is leave the field in, and every recipient would read who else got the message.
Some also write lines that are no fields, such as `X Mailer: y`; many readers go on to the blank line, and so does this.
"""

import re
from typing import Final

_END: Final = b"\r\n\r\n"
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_BLIND = re.compile(rb"(?:resent-)?bcc[ \t]*:", re.IGNORECASE)
_MAX_STRAY_LINES: Final = 100  # among the fields; then it is no header but text, which costs too much to search
_DECIDED_OCTETS: Final = 998  # of a line, RFC 5322 §2.1.1: a name is not longer


class BlindCopies:
    """
    Takes both fields out of content that arrives in pieces, as long as lines are those of a header section.

    The result does not depend on how the content is cut.
    """

    __slots__ = ("_has_ended", "_held", "_is_blind", "_is_first", "_is_within_line", "_stray_lines")

    def __init__(self) -> None:
        self._has_ended = False
        self._held = b""  # the beginning of a line that does not yet say what it is
        self._is_blind = False  # the field under way is taken out
        self._is_first = True
        self._is_within_line = False  # the line under way is decided
        self._stray_lines = 0

    def feed(self, octets: bytes) -> bytes:
        """Take the next piece of content, and give what is certain of it by now."""
        if self._has_ended:
            return octets
        octets, self._held = self._held + octets, b""
        if self._is_first and (end := octets.find(_END)) >= 0 and b"bcc" not in octets[:end].lower():
            self._has_ended = True  # nearly all content: a whole header that names no such field
            return octets
        kept, at = [], 0
        while at < len(octets):
            end = octets.find(b"\n", at) + 1
            if not self._is_within_line:
                if not end and len(octets) - at < _DECIDED_OCTETS:
                    self._held = octets[at:]
                    break
                self._decide(octets, at)
                if self._has_ended:
                    kept.append(octets[at:])
                    break
            stop = end or len(octets)
            self._is_within_line = not end
            if not self._is_blind:
                kept.append(octets[at:stop])
            at = stop
        return b"".join(kept)

    def finish(self) -> bytes:
        """The content has ended: give what was held back."""
        held, self._held = self._held, b""
        if held:
            self._decide(held, 0)
        return b"" if self._is_blind and not self._has_ended else held

    def _decide(self, octets: bytes, at: int) -> None:
        """What the line is that begins at *at*."""
        is_first, self._is_first = self._is_first, False
        if octets.startswith((b" ", b"\t"), at) and not is_first:
            return
        self._is_blind = _BLIND.match(octets, at) is not None
        if _FIELD.match(octets, at) is None:
            self._stray_lines += 1
            self._has_ended = is_first or octets.startswith(b"\r\n", at) or self._stray_lines > _MAX_STRAY_LINES
