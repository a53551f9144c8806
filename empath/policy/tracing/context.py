"""
context - the place of a message in a trace, and its text form `traceparent`, W3C Trace Context §3.2

The trace of a message has the number of its queue id: both have 128 bits, and the last 80 of a queue id are random. So
a message that nobody has traced yet has an id for its trace, which no process has to write down.
"""

import re
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation

_DIGITS: Final = bytes.maketrans(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", b"0123456789abcdefghijklmnopqrstuv")
_FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_LONGEST: Final = 512
_NO_VERSION: Final = "ff"
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
_SAMPLED: Final = 1


class TraceContext(NamedTuple):
    """
    One span of one trace.

    Shape: trace_id has 32 hexadecimal digits in lower case, span_id 16, neither only zeros; is_sampled says whether the
    trace is kept.
    """

    trace_id: str
    span_id: str
    is_sampled: bool

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.is_sampled:02x}"

    @classmethod
    def parse(cls, text: str) -> "TraceContext":
        """
        Read a `traceparent`. One of a later version may be longer (§4.3); flags other than `sampled` do not count.

        Raises:
            SyntaxViolation: *text* is none.
        """
        match = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
        if match is None:
            raise SyntaxViolation(f"not a traceparent: {text[:80]!r}")
        version, trace_id, span_id, flags, more = match.groups()
        if version == _NO_VERSION or trace_id == _NO_TRACE or span_id == _NO_SPAN or (version == "00" and more):
            raise SyntaxViolation(f"not a traceparent: {text[:80]!r}")
        return cls(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))

    @classmethod
    def find(cls, text: str | None) -> "TraceContext | None":
        """The context that *text* names, None if it names none."""
        try:
            return None if text is None else cls.parse(text)
        except SyntaxViolation:
            return None


def trace_number_of(queue_id: str) -> int:
    """The number of the trace that begins with the message *queue_id*, a ULID in upper case; it has 128 bits."""
    return int(queue_id.encode().translate(_DIGITS), 32) or 1


def trace_id_of(queue_id: str) -> str:
    """The id of the trace that begins with the message *queue_id*, a ULID in upper case."""
    return f"{trace_number_of(queue_id):032x}"


def span_id_of(number: int) -> str:
    """The id of a span by a random *number* of 64 bits."""
    return f"{number or 1:016x}"
