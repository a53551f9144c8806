"""The times of the stages of a connection."""

from hypothesis import given
from hypothesis import strategies as st

from empath.mail.outcome import Stage
from empath.policy.tracing.spans import OF_STAGE
from empath.policy.tracing.stages import stage_times

_S = Stage


def times(*marks):
    """The stages of *marks* as tuples."""
    return [tuple(each) for each in stage_times(marks)]


def test_each_stage_lasts_until_the_next_one():
    """
    The content goes out between two replies that belong together, and a greeting is waited for as the reply to EHLO is.
    """
    marks = [
        (_S.DNS, 0.0), (None, 1.0), (_S.CONNECT, 1.5), (_S.GREETING, 2.0), (_S.EHLO, 3.0), (_S.TLS, 4.0), (_S.TLS, 4.5),
        (_S.EHLO, 5.0), (_S.MAIL, 6.0), (_S.RCPT, 7.0), (_S.RCPT, 7.5), (_S.DATA, 8.0), (_S.CONTENT, 9.0),
        (_S.END_OF_DATA, 10.0), (None, 11.0), (_S.QUIT, 11.0), (None, 11.0),
    ]  # fmt: skip
    assert [
        (_S.DNS, 0.0, 1.0), (_S.CONNECT, 1.5, 2.0), (_S.EHLO, 2.0, 4.0), (_S.TLS, 4.0, 5.0), (_S.EHLO, 5.0, 6.0),
        (_S.MAIL, 6.0, 7.0), (_S.RCPT, 7.0, 8.0), (_S.DATA, 8.0, 11.0), (_S.QUIT, 11.0, 11.0),
    ] == times(*marks)  # fmt: skip


def test_commands_that_are_answered_together_last_equally_long():
    """
    RFC 2920: they went out together, too.
    """
    marks = ((_S.MAIL, 1.0), (_S.CONTENT, 2.0), (_S.END_OF_DATA, 3.0), (None, 4.0))
    assert [(_S.MAIL, 1.0, 2.0), (_S.RCPT, 1.0, 2.0), (_S.DATA, 2.0, 4.0)] == times(*marks)


@given(st.lists(st.tuples(st.sampled_from([*Stage, None]), st.floats(0, 10)), max_size=30))
def test_any_marks_give_stages(marks):
    """
    Whatever a host does to a session.
    """
    assert {each.stage for each in stage_times(marks)} <= {*Stage}
    assert [] == stage_times(marks[:1])


def test_each_stage_of_a_dialogue_has_a_span():
    """
    Local delivery has none, and its stages are no dialogue.
    """
    whole = [(stage, float(place)) for place, stage in enumerate([*Stage, None]) if stage is not _S.LOCAL]
    assert {each.stage for each in stage_times(whole)} <= OF_STAGE.keys()
