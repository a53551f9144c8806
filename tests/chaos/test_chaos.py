"""test_chaos - the promise of a 250 holds, whichever process dies"""

from pathlib import Path

from tests.chaos.course import run


def test_two_kills_lose_nothing_and_double_nothing_without_a_record(tmp_path: Path) -> None:
    """
    A short run of `make chaos KILLS=500`.
    """
    verdict = run(tmp_path / "instance", kills=2, seed=7, clients=2)

    assert {} == verdict.broken
    assert verdict.taken > 0
