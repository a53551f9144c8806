"""How much mail may go out from a new address each day."""

import pytest

from empath.policy.warmup import DAY_S, WarmupPlan, WarmupPlans

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
