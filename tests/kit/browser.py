"""browser - a page as it stands in Chromium once its scripts have run"""

import os
import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_LONGEST_S = 120


def browse(address: str, directory: Path, *options: str) -> str:
    """What the browser writes, or nothing; *directory* is for files of its own, *options* are those of Chromium."""
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        *(f"--user-data-dir={directory}", "--hide-scrollbars", "--virtual-time-budget=3000", *options, address),
    ]
    environment = {**os.environ, "HOME": str(directory)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False, env=environment)
    return done.stdout


def page(address: str, directory: Path) -> str:
    """The elements of the page, as HTML."""
    return browse(address, directory, "--dump-dom")
