"""docs/ONBOARDING.md: its change, typed as printed in a copy of the checkout, fails first and passes then."""

import re
import shutil
import subprocess
import sys

from tests.docs.pages import ROOT, text
from tests.kit.waiting import DEADLINE_S

PARTS = ("empath", "sql", "conf", "tests", "tox.ini", "pyproject.toml", "setup.py")


def test_the_change_of_the_page_works(tmp_path):
    """
    The first half hour of a newcomer decides whether there is a second one.
    """
    for part in PARTS:
        if part in ("empath", "tests"):
            ignored = shutil.ignore_patterns("vendor", "corpus", "results", "e2e", "fuzz", "bench", "shapes")
            shutil.copytree(ROOT / part, tmp_path / part, symlinks=True, ignore=ignored)
        else:
            (tmp_path / part).symlink_to(ROOT / part)
    _, _, change = text("docs/ONBOARDING.md").partition("## A change")
    steps = re.findall(r"^\$ (.*)$", change.partition("## Hand it in")[0], re.MULTILINE)
    edit, run = "sed", ".venv/bin/pytest"
    assert [edit, run, edit, run] == [step.split()[0] for step in steps]
    codes = []
    for step in steps:
        command = step.replace(run, f"{sys.executable} -m pytest -p no:cacheprovider")
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, check=False, capture_output=True, timeout=4 * DEADLINE_S
        )
        codes.append(done.returncode)
    assert [0, 1, 0, 0] == codes, done.stdout.decode()
