"""Which token buckets a delivery draws from."""

import pytest

from empath.policy.limits.delivery import Bucket, DeliveryRates, SenderRates, gather_s
from empath.policy.limits.rate import Rate, exchange

NOW = 1_800_000_000.0
ONE, TWO, THREE, FOUR = (Rate(n, 60.0) for n in range(1, 5))
SENDERS = SenderRates.of({"a@B.example": ONE, "b.example": TWO, "*.c.example": THREE})


@pytest.mark.parametrize(
    ("reverse_path", "bucket"),
    [
        ("a@b.example", Bucket("sender a@b.example", ONE)),
        ("a@B.EXAMPLE", Bucket("sender a@b.example", ONE)),
        ("x@b.example", Bucket("sender b.example", TWO)),
        ("x@y.c.example", Bucket("sender y.c.example", THREE)),
        ("x@y.z.c.example", Bucket("sender y.z.c.example", THREE)),
        ("x@c.example", None),
        ("x@d.example", None),
        ("", None),
    ],
)
def test_the_most_exact_pattern_gives_the_rate_of_a_sender(reverse_path: str, bucket: Bucket | None) -> None:
    """
    A pattern of several domains gives each of them a bucket. Reports have none.
    """
    assert bucket == SENDERS.find(reverse_path)


def test_a_star_is_for_each_other_domain() -> None:
    """
    Each has its own bucket.
    """
    rates = SenderRates.of({"*": FOUR, "b.example": TWO})

    assert [Bucket("sender b.example", TWO), Bucket("sender x", FOUR)] == [rates.find("a@b.example"), rates.find("a@x")]


def test_buckets_of_a_destination_are_worked_out_once() -> None:
    """
    Each lease asks for them. What is remembered has a bound.
    """
    asked: list[tuple[str, tuple[str, ...]]] = []

    def find(name: str, exchangers: tuple[str, ...]) -> tuple[Bucket, ...]:
        asked.append((name, exchangers))
        return (Bucket(f"destination {name}", ONE),)

    rates = DeliveryRates(of_destination=find)

    found = [rates.find("a", hosts) for hosts in (None, None, "x y")]

    assert [("a", ()), ("a", ("x", "y"))] == asked
    assert [(Bucket("destination a", ONE),)] * 3 == found
    for number in range(10_000):
        rates.find(f"{number}", None)
    asked.clear()
    rates.find("a", None)
    assert [("a", ())] == asked


def test_rates_are_true_if_there_is_any() -> None:
    """
    Where there is none, nothing is to be done for a lease.
    """
    assert not DeliveryRates()
    assert () == DeliveryRates().find("a", None)
    assert DeliveryRates(all_mail=ONE)
    assert DeliveryRates(senders=SENDERS)
    assert DeliveryRates(of_destination=lambda *_: ())
    assert Bucket("all", ONE) == DeliveryRates(all_mail=ONE).all


@pytest.mark.parametrize(
    ("rate", "wait_s"),
    [(Rate(100, 1.0, 10), 0.04), (Rate(100, 1.0, 1), 0.0), (Rate(1000, 1.0, 500), 0.019), (Rate(1, 1.0), 0.0)],
)
def test_tokens_of_a_quick_rate_are_gathered(rate: Rate, wait_s: float) -> None:
    """
    A lease for each token would cost more than it sends. The bucket never gets full meanwhile.
    """
    assert wait_s == round(gather_s(rate), 6)
    assert gather_s(rate) < rate.fill_s


def test_a_burst_bounds_what_goes_out_at_once() -> None:
    """
    A hundred a minute, ten of them at once.
    """
    rate = Rate(100, 60.0, burst=10)

    taken = exchange(rate, 0.0, NOW, returned=0, wanted=100)

    assert (10, 6.0, 0.6) == (taken.granted, round(taken.full_at - NOW, 6), round(taken.next_s, 6))
    assert 10 == exchange(rate, taken.full_at, NOW + 60, returned=0, wanted=100).granted
