"""
dot_stuffing - content made transparent for DATA, RFC 5321 §4.5.2

Content is whole lines with CRLF, in pieces of any size.  The wire must not show where it was cut, so the last two
octets of a piece decide about the first octet of the next.  Each piece costs one replace(), not a loop over lines.
"""

_CRLF = b"\r\n"


class DotStuffer:
    """Doubles the dot at the start of a line, over one message."""

    def __init__(self) -> None:
        self._tail = _CRLF  # last two octets of content; CRLF before the first line

    def stuff(self, octets: bytes) -> bytes:
        """Give the next piece of content in its form on the wire."""
        tail = self._tail
        self._tail = octets[-2:] if len(octets) > 1 else (tail + octets)[-2:]
        stuffed = octets.replace(b"\r\n.", b"\r\n..")
        if tail == _CRLF and stuffed.startswith(b"."):
            return b"." + stuffed
        if tail.endswith(b"\r") and stuffed.startswith(b"\n."):
            return b"\n." + stuffed[1:]
        return stuffed

    def end(self) -> bytes:
        """Give the end of data: a CRLF where the last line lacks it, then the lone dot."""
        return b".\r\n" if self._tail == _CRLF else b"\r\n.\r\n"
