"""Refusals that cost no mail."""

import pytest

from empath.mail.outcome import Outcome
from empath.mail.reply import Reply
from empath.policy.soft_bounce import soft_outcome, softened


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("550 5.1.1 Who?", "450 4.1.1 Who?"),
        ("554 no", "454 no"),
        ("521 5.3.2 Bye", "421 4.3.2 Bye"),
        ("452 4.3.1 Full", "452 4.3.1 Full"),
        ("250 2.0.0 Ok", "250 2.0.0 Ok"),
    ],
)
def test_f13_a_refusal_for_good_becomes_one_for_now(reply, expected):
    """
    The text stays, because it says what is wrong.
    """
    assert expected == str(softened(Reply.of(reply)))


def test_f13_a_bounce_becomes_a_deferral():
    """
    All other outcomes stay.
    """
    expected = dict(zip(Outcome, Outcome, strict=True)) | {Outcome.BOUNCED: Outcome.DEFERRED}
    assert expected == {outcome: soft_outcome(outcome) for outcome in Outcome}
