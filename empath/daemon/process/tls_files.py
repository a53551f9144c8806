"""
tls_files - certificates, keys and passwords on the way from their files to the processes that use them

The supervisor reads the files together with the configuration, as root where it is root. Acceptors inherit those of
listeners in a file in memory, and workers in another one those for the hosts that mail goes to; a third one has the
keys that sign mail, and secrets. So a key need not be readable for the user of the processes, and a process that starts
again presents what was found to be usable, whatever has become of the files. This module imports no ssl: the supervisor
needs none.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from empath.config.keys import KeyPath
from empath.config.load import read_file
from empath.config.model import Config
from empath.config.workable.contradiction import Contradiction
from empath.errors import SyntaxViolation
from empath.policy.secret_list import parse_secrets

_MAX_OCTETS: Final = 2**20  # of one file
_UNREAD: Final = b"a file that cannot be read has a finding of its own"

TlsFiles = Mapping[str, bytes]  # by path
Marks = tuple[tuple[int, ...] | None, ...]  # what distinguishes a file from its next version, None without a file


def tls_paths(config: Config) -> Iterator[tuple[KeyPath, Path]]:
    """Each file of a certificate or key that *config* uses, after the setting that names it."""
    for pair in config.tls.pairs if config.uses_tls else ():
        yield (*pair.keys, "certificate"), pair.certificate
        yield (*pair.keys, "key"), pair.key


def client_paths(config: Config) -> Iterator[tuple[KeyPath, Path]]:
    """Each file that *config* uses for the hosts that mail goes to, after the setting that names it."""
    client = config.tls.client
    for key in ("certificate", "key", "ca"):
        if (path := getattr(client, key)) is not None:
            yield ("tls", "client", key), path
    for host, credentials in config.credentials.items():
        yield ("credentials", host, "password_file"), credentials.password_file


def signing_paths(config: Config) -> Iterator[tuple[KeyPath, Path]]:
    """Each file of a key that signs mail, or of secrets, after the setting that names it."""
    yield from ((file.keys, file.path) for file in config.dkim.files)
    yield from secret_paths(config)


def secret_paths(config: Config) -> Iterator[tuple[KeyPath, Path]]:
    """Each file of secrets, after the setting that names it."""
    for name, table in (("srs", config.srs), ("verp", config.verp)):
        if table.secrets_file is not None:
            yield (name, "secrets_file"), table.secrets_file


def read_tls_files(config: Config) -> tuple[TlsFiles, list[Contradiction]]:
    """Those of listeners, and a finding for each that cannot be read: a warning if this user may not."""
    return _read(tls_paths(config))


def read_client_files(config: Config) -> tuple[TlsFiles, list[Contradiction]]:
    """Those for the hosts that mail goes to, and findings in the same way."""
    return _read(client_paths(config))


def read_signing_files(config: Config) -> tuple[TlsFiles, list[Contradiction]]:
    """Those of the keys that sign mail and of secrets, and findings in the same way."""
    return _read(signing_paths(config))


def unusable_secrets(config: Config, files: TlsFiles) -> Iterator[Contradiction]:
    """The files of secrets that were read and cannot be used."""
    for keys, path in secret_paths(config):
        try:
            parse_secrets(files.get(str(path), _UNREAD))
        except SyntaxViolation as exc:
            yield Contradiction(keys, f"{path} {exc}")


def _read(paths: Iterator[tuple[KeyPath, Path]]) -> tuple[TlsFiles, list[Contradiction]]:
    files: dict[str, bytes] = {}
    findings = []
    for keys, path in paths:
        try:
            files[str(path)] = read_file(path, _MAX_OCTETS)
        except OSError as exc:
            words = f"{path} cannot be read: {exc.strerror or exc}"
            findings.append(Contradiction(keys, words, is_warning=isinstance(exc, PermissionError)))
    return files, findings


def tls_marks(config: Config) -> Marks:
    """Marks of the files that *config* uses; they differ when a file has been changed or replaced."""
    return tuple(_mark(path) for _, path in (*tls_paths(config), *client_paths(config), *signing_paths(config)))


def _mark(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def keep_tls_files(files: TlsFiles) -> int | None:
    """A file in memory with *files*, which a child can inherit; None if there are none."""
    if not files:
        return None
    fd = os.memfd_create("empath-tls", os.MFD_CLOEXEC)
    with open(fd, "w", encoding="utf-8", closefd=False) as file:
        json.dump({path: octets.decode("latin-1") for path, octets in files.items()}, file)
    return fd


def kept_tls_files(fd: int) -> TlsFiles:
    """Inverse of `keep_tls_files`."""
    octets = os.pread(fd, os.fstat(fd).st_size, 0)
    return {path: text.encode("latin-1") for path, text in json.loads(octets).items()}
