"""liveness - whether a process of the service lives, as far as its row and this host tell"""

import os

from empath.policy.health import SILENCE_S
from empath.storage.admin.records import ProcessRun


def liveness(run: ProcessRun, now: float, here: str) -> str:
    """`alive`, `silent`, `gone` (its pid is not there) or `ended`, at *now*; *here* is the name of this node."""
    if run.ended_at is not None:
        return "ended"
    if run.node == here and not _has_pid(run.pid):
        return "gone"
    return "alive" if now - run.beat_at <= SILENCE_S else "silent"


def _has_pid(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # a process of another user: it exists
    return True
