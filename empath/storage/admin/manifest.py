"""
manifest - what a backup says of itself

A backup is a directory with `queue.db`, `spool/` and `manifest.json`.  The manifest is written last, so a directory
with one is a whole backup.  It has the SHA-256 of the database file; the database has that of each content.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from empath.errors import MissingInput, StorageFailure, SyntaxViolation, UnusableQueue
from empath.storage.spool import no_link_opener, sync_folder

FORMAT: Final = 1
DATABASE: Final = "queue.db"
SPOOL: Final = "spool"
MANIFEST: Final = "manifest.json"
_MAX_OCTETS: Final = 1024 * 1024
_PIECE_OCTETS: Final = 1024 * 1024
_NONE_OF_OURS: Final = "not a manifest of empath-admin backup"


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    One backup.

    Shape: format is FORMAT; at is the instant that it shows, in Unix seconds; key is that of the queue and its spool,
    empty where it has none; queue_file is the name that the database had; recipients are numbers by status;
    database_octets, sha256: of the database file; files, files_octets: of the spool; faults are what fsck said of it.
    """

    format: int
    empath: str
    schema: int
    at: float
    node: str
    key: str
    queue_file: str
    messages: int
    recipients: dict[str, int]
    files: int
    files_octets: int
    database_octets: int
    sha256: str
    faults: list[str]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """
    Write it into *folder*, durably.

    Raises:
        OSError: the disk is full or failed.
    """
    with open(folder / MANIFEST, "xb", opener=no_link_opener(0o640)) as file:
        file.write(json.dumps(asdict(manifest), indent=1).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)


def read_manifest(folder: Path) -> Manifest:
    """
    The manifest of the backup in *folder*.

    Raises:
        MissingInput: there is none.
        SyntaxViolation: it is no manifest.
        UnusableQueue: a newer Empath has written it.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            octets = file.read(_MAX_OCTETS + 1)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise MissingInput(f"{path}: {exc.strerror}; name a directory that `empath-admin backup` has made") from exc
    except OSError as exc:
        raise MissingInput(f"{path}: {exc.strerror}") from exc
    return parse_manifest(octets, path)


def parse_manifest(octets: bytes, path: Path) -> Manifest:
    """
    Read *octets*, the content of *path*.

    Raises:
        SyntaxViolation, UnusableQueue: see `read_manifest`.
    """
    try:
        found: Any = json.loads(octets) if len(octets) <= _MAX_OCTETS else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("format"), int):
        raise SyntaxViolation(f"{path}: {_NONE_OF_OURS}")
    if found["format"] > FORMAT:
        raise UnusableQueue(
            f"{path}: format {found['format']} is newer than this Empath, which knows {FORMAT}; upgrade"
        )
    if not all(_fits(found.get(field.name), str(field.type)) for field in fields(Manifest)):
        raise SyntaxViolation(f"{path}: {_NONE_OF_OURS}")
    manifest = Manifest(**{field.name: found[field.name] for field in fields(Manifest)})
    if manifest.queue_file in ("", ".", "..") or "/" in manifest.queue_file or "\0" in manifest.queue_file:
        raise SyntaxViolation(f"{path}: {_NONE_OF_OURS}")
    return manifest


def _fits(value: Any, kind: str) -> bool:
    match kind:
        case "<class 'int'>":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "<class 'float'>":
            return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 253_402_300_800
        case "<class 'str'>":
            return isinstance(value, str)
        case "list[str]":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case _:
            return isinstance(value, dict) and all(_fits(each, "<class 'int'>") for each in value.values())


def sha256_of(path: Path) -> tuple[int, str]:
    """
    Length and SHA-256 of the file *path*; no process of this host may have it open as a database.

    Raises:
        StorageFailure: it cannot be read.
    """
    size, hashed = 0, hashlib.sha256()
    try:
        with open(path, "rb", buffering=0, opener=no_link_opener(0)) as file:
            while piece := file.read(_PIECE_OCTETS):
                size += len(piece)
                hashed.update(piece)
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc
    return size, hashed.hexdigest()
