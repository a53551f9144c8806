"""The text form of a place in a trace, and the trace of a queue id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.identity import QueueId, Timestamp
from empath.policy.tracing.context import TraceContext, span_id_of, trace_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@given(trace_id=st.integers(1, 2**128 - 1), span_id=st.integers(0, 2**64 - 1), is_sampled=st.booleans(), more=st.text())
def test_what_is_written_is_read_again(trace_id, span_id, is_sampled, more):
    """
    Version 00 is exactly as long; a later one may have more behind a hyphen, W3C Trace Context §4.3.
    """
    context = TraceContext(f"{trace_id:032x}", span_id_of(span_id), is_sampled)
    assert context == TraceContext.parse(str(context))
    later = f"01{str(context)[2:]}-{more[:100]}"
    assert TraceContext.find(later) == (context if "\n" not in more[:100] else None)


def test_only_the_flag_sampled_counts():
    """
    Level 2 has a flag for random ids, and other levels may have more.
    """
    sampled = [TraceContext.parse(f"00-{TRACE}-{SPAN}-{flags}").is_sampled for flags in ("00", "01", "02", "03", "ff")]
    assert [False, True, False, True, True] == sampled


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"01-{TRACE}-{SPAN}-01-{'x' * 600}",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0\u0661",
    ],
)
def test_anything_else_is_no_traceparent(text):
    """
    W3C Trace Context §3.2: such a field does not count.
    """
    with pytest.raises(SyntaxViolation):
        TraceContext.parse(text)
    assert TraceContext.find(text) is None
    assert TraceContext.find(None) is None


@given(at=st.floats(0, 2**40), randomness=st.binary(min_size=10, max_size=10))
def test_the_trace_of_a_message_has_the_number_of_its_queue_id(at, randomness):
    """
    So each process knows it, and its end is random as sampling wants it.
    """
    trace_id = trace_id_of(str(QueueId.make(Timestamp(at), randomness)))
    assert f"{int(at * 1000):012x}{randomness.hex()}" == trace_id or int(trace_id, 16) == 1


def test_no_id_has_only_zeros():
    """
    Such ids name nothing.
    """
    assert ("0" * 31 + "1", "0" * 15 + "1") == (trace_id_of("0" * 26), span_id_of(0))
