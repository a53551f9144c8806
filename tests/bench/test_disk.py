"""What a file costs where a run works, and that nothing of a run's own file system is left."""

import os
from pathlib import Path

from .disk import file_ms, fresh_file_system


def test_a_file_has_a_price_and_leaves_nothing(tmp_path: Path):
    """The directory is as it was."""
    assert file_ms(tmp_path) > 0
    assert [] == list(tmp_path.iterdir())


def test_a_run_has_a_file_system_of_its_own_and_leaves_nothing(tmp_path: Path):
    """Neither the image nor the place is left, also of a run that was killed."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk.img").write_text("of a run that was killed")
    with fresh_file_system(tmp_path) as disk:
        if disk is not None:
            assert os.path.ismount(disk)
            (disk / "file").write_text("there")
    assert [] == list(tmp_path.iterdir())
