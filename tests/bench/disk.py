"""
disk - the file system that a run works on: a fresh one of its own, or a directory whose price of a file is known

Postfix makes and moves a file for each mail. On a file system that has held and lost many files, as tests and runs of
this bench leave it, a new file can cost thirty times what it costs on a fresh one, and Empath looks better than it is.
So a run gets a file system of its own where this user may mount one.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .machine import find_command

MOST_FILE_MS: Final = 0.1  # of CPU for a new file, above which ratios to other servers say nothing
_OCTETS: Final = 4 * 2**30  # of the image, which takes from the disk only what is written to it
_LEAST_FREE: Final = 2 * 2**30
_FILES: Final = 500


@contextmanager
def fresh_file_system(parent: Path) -> Iterator[Path | None]:
    """
    A new ext4 in a file below *parent*, mounted and removed afterwards; None where this user or this kernel cannot have
    one. Only one run at a time may work in *parent*: what a killed run left there is removed first.
    """
    image, place = parent / "disk.img", parent / "disk"
    _remove(image, place)
    is_there = os.geteuid() == 0 and shutil.disk_usage(parent).free >= _LEAST_FREE and _mount(image, place)
    try:
        yield place if is_there else None
    finally:
        _remove(image, place)


def file_ms(directory: Path) -> float:
    """CPU milliseconds, user and system, to make a file of one octet in *directory* and to remove it."""
    place = directory / "probe"
    place.mkdir()
    began = _own_cpu_s()
    for number in range(_FILES):
        path = f"{place}/{number}"
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(descriptor, b".")
        os.close(descriptor)
        os.unlink(path)
    ended = _own_cpu_s()
    place.rmdir()
    return (ended - began) / _FILES * 1e3


def _own_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _mount(image: Path, place: Path) -> bool:
    if find_command("mkfs.ext4") is None or find_command("mount") is None:
        return False
    with image.open("wb") as file:
        file.truncate(_OCTETS)
    place.mkdir()
    return _runs("mkfs.ext4", "-q", "-F", str(image)) and _runs("mount", "-o", "loop", str(image), str(place))


def _remove(image: Path, place: Path) -> None:
    if os.path.ismount(place):
        _runs("umount", "--lazy", str(place))
    if place.is_dir():
        place.rmdir()
    image.unlink(missing_ok=True)


def _runs(name: str, *arguments: str) -> bool:
    path = find_command(name) or name
    done = subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0
