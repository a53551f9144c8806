"""placed - a configuration for a host, with its paths, users and addresses made into those of a test"""

import os
import pwd
import re
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.kit import certificates

_PATH = re.compile(r'(?<=[":])/(?:etc|run|usr|var)/[^"]+')
_CERTIFICATES = ("fullchain.pem", "snakeoil.pem")
_KEYS = ("privkey.pem", "snakeoil.key")


def here(file: str, root: Path) -> str:
    """
    *file* for this machine: paths below *root*, the user of the tests, source addresses of the loopback interface, and
    names that `check` does not take for those of an example.
    """
    found = _PATH.sub(lambda path: f"{root}{path[0]}", file).replace("example.", "ours.")
    found = found.replace('queue.db"', 'queue.db"\nreserve = "1MiB"')  # a disk of a laptop may be full
    found = found.replace('user = "empath"', f'user = "{pwd.getpwuid(os.geteuid()).pw_name}"')
    return re.sub(r"\b192\.0\.2\.(?=\d\d\b)", "127.0.0.", found)


def make_files(file: str, root: Path, stack: ExitStack) -> None:
    """What the paths in *file* name, each for the kind that its name says."""
    pair = certificates.issued("mail.ours.org", "*.ours.dev")
    content = {".secret": b"secret\n", ".secrets": b"sixteen characters or more\n", "recipients": b"ann@ours.org\n"}
    content |= dict.fromkeys(_CERTIFICATES, pair.certificate) | dict.fromkeys(_KEYS, pair.key)
    for path in map(Path, re.findall(rf"{root}[^\"\n]+", file)):
        path.parent.mkdir(parents=True, exist_ok=True)
        octets = next((octets for end, octets in content.items() if path.name.endswith(end)), None)
        if octets is not None:
            path.write_bytes(octets)
            path.chmod(0o600)
        elif "bin" in path.parts:
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
        elif {"dovecot", "private"} & {*path.parts} and not path.exists():
            stack.enter_context(socket.socket(socket.AF_UNIX)).bind(str(path))
        elif path == root / "var/spool/empath":
            path.mkdir(exist_ok=True)
            path.chmod(0o3730)
