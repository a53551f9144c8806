"""
doctor - whether this checkout is fit for work: `make doctor`

It needs nothing but a Python, of any version from 3.9 on, so that it can say what is wrong with that. Each finding has
what to do. Exit codes: 0; 1 if something is missing without which the tests do not run. A program that only some tests
need is no such thing: without it they are skipped.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEAST_PYTHON = (3, 11)
LEAST_FILES = 1024
LEAST_FREE = 2 * 2**30  # octets, for .venv and the directories of tests
PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


def findings(root):
    """(is it well, is it needed, words) for each thing that was looked at."""
    yield from _python()
    yield from environment(root)
    yield from _limits()
    yield from programs(root / ".ci/programs")


def _python():
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < LEAST_PYTHON:
        yield False, True, f"Python {version} is older than 3.11: name another, PYTHON=python3.12 make setup"
    else:
        yield True, True, f"Python {version}, {sys.executable}"
    for module, package in (("venv", "python3-venv"), ("ensurepip", "python3-venv"), ("sqlite3", "python3")):
        try:
            __import__(module)
        except ImportError:
            yield False, True, f"no module {module}: apt install {package}"


def environment(root):
    ready, python = root / ".venv/ready", root / ".venv/bin/python"
    if not ready.exists():
        yield False, True, "no .venv: make setup"
        return
    made = ready.stat().st_mtime
    newer = [name for name in ("setup.py", "pyproject.toml") if (root / name).stat().st_mtime > made]
    if newer:
        yield False, True, f".venv is older than {' and '.join(newer)}: make setup"
    done = _said(str(python), "-m", "pip", "check", "--disable-pip-version-check")
    if done is None or done.returncode:
        words = "its Python does not start" if done is None else (done.stdout + done.stderr).strip().splitlines()[0]
        yield False, True, f".venv: {words}: rm -r .venv, then make setup"
    else:
        yield True, True, ".venv: all packages are there, and fit together"


def _limits():
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    well = files == resource.RLIM_INFINITY or files >= LEAST_FILES
    yield well, True, f"{files} open files" if well else f"only {files} open files: ulimit -n {LEAST_FILES}"
    for folder in (ROOT, Path(tempfile.gettempdir())):
        free = shutil.disk_usage(str(folder)).free
        well = free >= LEAST_FREE
        yield well, True, f"{free / 2**30:.0f} GiB free at {folder}" + ("" if well else ": make room, 2 GiB at least")


def programs(file):
    missing: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        program, package, target = line.split()
        if not os.path.exists(program) and shutil.which(program, path=PATH) is None:
            missing.setdefault(target, []).append(package)
        else:
            missing.setdefault(target, [])
    for target, packages in missing.items():
        if packages:
            yield False, False, f"make {target} lacks something: apt install {' '.join(packages)}"
        else:
            yield True, False, f"make {target}: all programs are there"


def _said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return None


def main():
    """Print all findings."""
    is_fit = True
    for is_well, is_needed, words in findings(ROOT):
        print(f"{'ok  ' if is_well else 'FAIL' if is_needed else 'note'}  {words}")
        is_fit = is_fit and (is_well or not is_needed)
    return 0 if is_fit else 1


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
    sys.exit(code)
