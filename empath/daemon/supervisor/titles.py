"""titles - what a process of an instance shows of itself in its command line"""

import os
from pathlib import Path
from typing import Final

TITLE: Final = "empathd: "  # before the slot
SUPERVISOR_TITLE: Final = f"{TITLE}supervisor"


def title_of(pid: int) -> str:
    """The command line of *pid*, or what the process has set instead; empty if it is gone."""
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).rstrip("\0")
    except OSError:
        return ""
