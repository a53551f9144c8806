"""
apart - a server of a Debian package in a mount namespace of its own, where only it sees the package's paths and users

Exim, OpenSMTPD and Postfix exclude each other, so the packages are not installed: `make interop` loads them into
.venv/debian, and they are unpacked here. Paths that a program has compiled in lead to directories of the test.
"""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.kit.waiting import DEADLINE_S, eventually

PACKAGES = Path(__file__).parents[2] / ".venv" / "debian"
_BIND = 'for pair in $1; do mount --bind "${pair%%=*}" "${pair#*=}" || exit 71; done; shift; exec "$@"'


class Apart:
    """
    One server from *packages*. To be used in a `with`, by root. Every user may enter `directory`.

    *users* are added to those of this host, in the namespace only. *elsewhere* maps a directory of the system to one
    below `directory`.
    """

    def __init__(
        self, packages: Sequence[str], users: Sequence[str], elsewhere: dict[str, str], directory: Path | None = None
    ) -> None:
        """*directory* is to have all its files; by default a new one."""
        self.directory = directory or Path(tempfile.mkdtemp(prefix=f"{packages[0]}-"))
        self.directory.chmod(0o755)
        for package in packages:
            [archive] = PACKAGES.glob(f"{package}_*.deb")
            subprocess.run(["dpkg-deb", "-x", archive, self.directory / "root"], check=True)
        accounts = {"passwd": "{name}:x:{number}:{number}::/:/bin/false\n", "group": "{name}:x:{number}:\n"}
        self._binds = {f"/etc/{file}": self.directory / file for file in accounts}
        for file, line in accounts.items():
            added = "".join(line.format(name=name, number=64900 + number) for number, name in enumerate(users))
            (self.directory / file).write_text(Path("/etc", file).read_text() + added)
        for path, below in elsewhere.items():
            self._binds[path] = self.directory / below
            self._binds[path].mkdir(parents=True, exist_ok=True)

    def argv(self, program: str, *arguments: str) -> list[str]:
        """The command line that runs the *program* of the package where it sees its paths and users."""
        binds = " ".join(f"{ours}={path}" for path, ours in self._binds.items())
        return [
            "unshare",
            "--mount",
            "sh",
            "-c",
            _BIND,
            "sh",
            binds,
            str(self.directory / "root" / program),
            *arguments,
        ]

    def start(self, program: str, *arguments: str, port: int) -> None:
        """Start the *program* of the package in the foreground, and wait until *port* of 127.0.0.1 answers."""
        with (self.directory / "output").open("wb") as output:
            self._process = subprocess.Popen(
                self.argv(program, *arguments), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            eventually(lambda: _answers(port) or self._process.poll() is not None, "the start of the server")
            assert self._process.poll() is None, self.log()
        except BaseException:
            self.__exit__()
            raise

    def log(self) -> str:
        """What it has printed so far, or written to a log in its spool."""
        files = [self.directory / "output", *(self.directory / "spool").glob("mainlog")]
        return "".join(file.read_text(errors="replace") for file in files)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE_S)
        shutil.rmtree(self.directory)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return 0 == probe.connect_ex(("127.0.0.1", port))
