"""Fixtures that more than one directory of tests uses."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kit.process import Empathd


@pytest.fixture(scope="session")
def empathd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Empathd]:
    """
    One running instance per pytest process, for tests that leave it as it was. A test that kills or stops takes
    `make_empathd`.
    """
    instance = Empathd(tmp_path_factory.mktemp("empathd", numbered=True))
    try:
        yield instance.start()
        assert instance.stop() == 0
    finally:
        instance.clean_up()


@pytest.fixture
def make_empathd(tmp_path: Path) -> Iterator[Callable[..., Empathd]]:
    """Makes instances of the test's own, not started yet; none outlives the test."""
    made: list[Empathd] = []

    def make(**attributes: object) -> Empathd:
        made.append(Empathd(tmp_path / f"empathd-{len(made)}", **attributes))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for instance in made:
        instance.clean_up()
