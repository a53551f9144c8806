"""
traceparent - a place in a trace, a file of header fields, or any other octets

Promises: text is a place in a trace or it is none, without another exception; what is read is written in one form,
which means the same; no field of a file can end a line of a request.
"""

from empath.errors import SyntaxViolation
from empath.policy.tracing.context import TraceContext
from empath.policy.tracing.headers import parse_headers
from tests.fuzz.case import Case


def check(case: Case) -> list[str]:
    """
    Read each turn.

    Raises:
        AssertionError: a promise is broken.
    """
    return [f"{_context(turn.decode('utf-8', 'replace'))}, {_fields(turn)}" for turn in case.turns]


def _context(text: str) -> str:
    context = TraceContext.find(text)
    if context is None:
        return "no trace"
    written = str(context)
    assert (55, context) == (len(written), TraceContext.parse(written))
    assert written.isascii()
    return "sampled" if context.is_sampled else "not sampled"


def _fields(octets: bytes) -> str:
    try:
        fields = parse_headers(octets)
    except SyntaxViolation:
        return "no fields"
    for name, value in fields:
        assert name
        assert f"{name}{value}".isprintable() or "\t" in value
        assert not {"\r", "\n", "\0"} & {*name, *value}
    return f"{len(fields)} fields"
