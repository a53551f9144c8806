"""How much mail may go out from a new address each day."""

import pytest

from empath.errors import SyntaxViolation
from empath.policy.warmup import (
    DAY_S,
    WarmupPlan,
    WarmupPlans,
    days_text,
    layered,
    parse_days,
    parse_provider,
    plans_text,
)

PLAN = WarmupPlan("192.0.2.10", "*", 1000.0, ((1, 50), (2, 100), (5, 400)))


@pytest.mark.parametrize(
    ("days", "day", "most"),
    [(-0.1, 0, 0), (0.0, 1, 50), (0.99, 1, 50), (1.0, 2, 100), (3.5, 4, 100), (4.0, 5, 400), (5.0, 6, None)],
)
def test_a_number_holds_until_the_next_one_and_the_plan_ends_after_the_last(days, day, most):
    """
    A plan says less than one row a day where the number stays.
    """
    now = 1000.0 + days * DAY_S
    assert (day, most) == (PLAN.day(now), PLAN.most(now))


def test_the_next_day_begins_a_whole_number_of_days_after_the_start():
    assert [1000.0, 1000.0 + DAY_S, 1000.0 + 3 * DAY_S] == [
        PLAN.next_day_at(now) for now in (1.0, 1000.0, 1000.0 + 2.5 * DAY_S)
    ]


def test_before_the_first_number_nothing_goes_out():
    assert 0 == WarmupPlan("192.0.2.10", "*", 1000.0, ((3, 50),)).most(1000.0)


def test_the_most_exact_provider_counts():
    """
    A plan for all hosts stands beside one for a provider that wants less.
    """
    plans = WarmupPlans(
        WarmupPlan("192.0.2.10", provider, 0.0, ((1, 1),))
        for provider in ("*", "*.b.test", "*.mx.b.test", "mx1.mx.b.test")
    )

    def found(host, address="192.0.2.10"):
        plan = plans.find(address, host)
        return None if plan is None else plan.provider

    assert ["*", "*.b.test", "*.mx.b.test", "mx1.mx.b.test", "*"] == [
        found(host) for host in ("a.test", "MX.b.test", "mx2.mx.b.test", "mx1.mx.b.test", "b.test")
    ]
    assert found("a.test", "192.0.2.11") is None
    assert WarmupPlans().find("192.0.2.10", "a.test") is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("50", ((1, 50),)),
        ("50 100 200*3 400", ((1, 50), (2, 100), (3, 200), (6, 400))),
        ("0*2 10*2", ((1, 0), (3, 10), (4, 10))),
        ("10*1000", ((1, 10), (1000, 10))),
    ],
)
def test_the_days_of_a_plan_are_written_in_a_line(text, days):
    """
    The plan ends after its last day, also where several days have the same number.
    """
    assert days == parse_days(text)
    assert text == days_text(days)


@pytest.mark.parametrize("text", ["", "x", "-5", "5*0", "1000000001", "5*1001", "5*600 5*401", "5,6"])
def test_what_is_no_number_of_a_day_is_refused(text):
    with pytest.raises(SyntaxViolation):
        parse_days(text)


def test_a_provider_has_the_form_that_hosts_have():
    assert ["*", "*.b.test", "mx.b.test"] == [parse_provider(text) for text in ("*", "*.B.test", "MX.b.test")]
    for text in ("", "*b.test", "*.", "mx*.test"):
        with pytest.raises(SyntaxViolation):
            parse_provider(text)


def test_rows_stand_in_for_a_plan_of_the_file():
    """
    Its messages are counted apart, so that the one does not use up the other.
    """
    of_file = [WarmupPlan("192.0.2.10", provider, 1000.0, ((1, 5),), "new") for provider in ("*", "*.b.test")]
    assert [PLAN, of_file[1]] == layered(of_file, [PLAN])
    assert ["*", "* @1000"] == [PLAN.counted_as, of_file[0].counted_as]


def test_the_text_of_plans_is_that_of_what_they_say():
    """
    Their order says nothing, a day does.
    """
    one, two = WarmupPlan("192.0.2.1", "*", 1.0, ((1, 5),)), WarmupPlan("192.0.2.2", "*", 1.0, ((1, 5),))
    other = WarmupPlan("192.0.2.2", "*", 1.0, ((1, 6),))
    assert (True, False) == (
        plans_text([one, two]) == plans_text([two, one]),
        plans_text([one, two]) == plans_text([one, other]),
    )
