"""How long a process that died young waits."""

from empath.daemon.supervisor.patience import Patience
from empath.daemon.supervisor.restart_delay import RestartDelay


def test_each_early_death_in_a_row_doubles_the_wait_up_to_the_limit():
    delay = RestartDelay(Patience(young_s=10, delay_s=0.5, max_delay_s=3))
    assert [0.5, 1.0, 2.0, 3.0, 3.0] == [delay.died(started_at=at, now=at + 1) for at in range(100, 150, 10)]
    assert (5, 144.0) == (delay.failures, delay.not_before)


def test_a_process_that_lived_starts_again_at_once():
    delay = RestartDelay(Patience(young_s=10, delay_s=0.5))
    delay.died(started_at=0, now=1)
    assert 0 == delay.died(started_at=2, now=12)
    assert (0, 12) == (delay.failures, delay.not_before)


def test_what_the_system_could_not_start_waits_as_long_as_after_many_deaths():
    delay = RestartDelay(Patience(max_delay_s=30))
    delay.refused(now=100)
    assert (0, 130) == (delay.failures, delay.not_before)


def test_a_thousand_deaths_count_without_end():
    """
    2 to the power of their number would leave what a float can hold.
    """
    delay = RestartDelay(Patience(delay_s=0.5, max_delay_s=30))
    assert 30 == [delay.died(started_at=0, now=1) for _ in range(2000)][-1]
