"""
doctor_pickup - whether mail of local programs is stuck in the directory where they leave it
"""

import os
import sys
from pathlib import Path
from typing import Final

from empath.errors import EmpathError
from empath.policy.health import Diagnosis, Level
from empath.storage.drop import REFUSED, dropped

_LATE_S: Final = 60.0


def diagnose_pickup(directory: Path, now: float, *, is_running: bool | None) -> Diagnosis:
    """Whether mail of local programs is stuck in *directory*, at *now* in Unix seconds."""
    try:
        names = dropped(directory, limit=sys.maxsize)
        kept = len(os.listdir(directory / REFUSED)) if os.path.isdir(directory / REFUSED) else 0
    except (EmpathError, OSError):
        return Diagnosis("pickup", Level.WARNING, f"{directory} cannot be looked into", "ask as root")
    late = sum(1 for name in names if _age_s(directory / name, now) > _LATE_S)
    found = f"{len(names)} messages of local programs wait in {directory}"
    if kept:
        remedy = "read them, and remove them; pickup_failed in the log says why each is there"
        return Diagnosis("pickup", Level.WARNING, f"{found}, and {kept} files are kept in {REFUSED}/", remedy)
    if late and is_running:
        words = f"{found}, {late} of them for more than a minute"
        return Diagnosis("pickup", Level.WARNING, words, "see pickup_put_off in the log for what each waits for")
    return Diagnosis("pickup", Level.OK, found)


def _age_s(file: Path, now: float) -> float:
    try:
        return now - file.stat().st_mtime
    except OSError:
        return 0.0  # the server has taken it
