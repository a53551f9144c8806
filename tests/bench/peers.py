"""
peers - servers other than Postfix: an Exim and an OpenSMTPD as Debian has them, with settings that let them be fast

Their packages exclude Postfix, so they are loaded by `make interop-apart` and unpacked for the run. Neither is a gate.
"""

import os
import subprocess
from abc import abstractmethod
from pathlib import Path
from typing import Final

from tests.kit.apart import PACKAGES, Apart

from .accounting import Account
from .machine import BenchFailure, output_of
from .server import Server, Setup

# Limits that would make a client come again are high, and nothing is looked up.
_EXIM: Final = """\
primary_hostname = exim.bench.example
exim_path = {program}
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = {directory}/spool
log_file_path = {directory}/spool/%slog
pid_file_path = {directory}/spool/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
smtp_accept_max = {sessions}
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
smtp_connect_backlog = 1000
split_spool_directory
message_size_limit = {message_octets}
tls_advertise_hosts =
host_lookup =
keep_environment =
acl_smtp_rcpt = accept
acl_smtp_data = accept
queue_only = {is_held}
begin routers
next_hop:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = {sink_port}
  allow_localhost
begin retry
* * F,5d,1h
"""
_OPENSMTPD: Final = """\
smtp max-message-size "{message_octets}"
smtp limit max-mails 1000000
listen on 127.0.0.1 port {port} hostname opensmtpd.bench.example
action "out" relay host "smtp://127.0.0.1:{sink_port}"
match from any for any action "out"
"""
# The paths that OpenSMTPD has compiled in.
_ELSEWHERE: Final = {"/var/spool": "spool", "/var/lib": "lib", "/run": "run", "/usr/libexec": "root/usr/libexec"}
_FIRST_USER: Final = 64900  # of those that only the server sees


class _Unpacked(Server):
    """A server from packages that are not installed; needs root."""

    def __init__(self, directory: Path, account: Account, setup: Setup) -> None:
        super().__init__(directory, account, setup)
        self._apart = self._unpack()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _unpack(self) -> Apart:
        """The files of the packages in its directory."""

    def _serve(self, program: str, *arguments: str) -> None:
        """Start the server in the foreground."""
        with (self.directory / "output").open("wb") as output:
            argv = self.account.wrap(self._apart.argv(program, *arguments))
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self.account.adopt(self._process.pid)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self.account.end()
            self._process.wait()

    def proven(self) -> int:
        raise BenchFailure(f"{self.name} judges nothing here")

    def log_tail(self) -> str:
        path = self.directory / "output"
        return path.read_text(errors="replace")[-600:] if path.exists() else "no log"

    def _write(self, name: str, template: str, **more: str) -> Path:
        """Write the configuration, and return its path."""
        path = self.directory / name
        setup = self.setup
        given = {"directory": self.directory, "port": self.port, "sink_port": setup.sink_port}
        path.write_text(template.format(**given, message_octets=setup.message_octets, **more))
        return path


class Exim(_Unpacked):
    """Each message is delivered by a process of its own, at once."""

    name = "exim"
    _PROGRAM: Final = "usr/sbin/exim4"

    def _unpack(self) -> Apart:
        return Apart(("exim4-daemon-light",), ("Debian-exim",), {}, self.directory)

    def start(self) -> None:
        (self.directory / "spool/input").mkdir(parents=True)
        for path in (self.directory / "spool", self.directory / "spool/input"):
            os.chown(path, _FIRST_USER, _FIRST_USER)
        self._config = self._write(
            "exim.conf",
            _EXIM,
            program=str(self.directory / "root" / self._PROGRAM),
            sessions=str(self.setup.sessions + 200),
            is_held=str(self.setup.is_held).lower(),
        )
        self._serve(self._PROGRAM, "-bdf", "-C", str(self._config))

    def release(self) -> None:
        output_of(self.account.wrap(self._apart.argv(self._PROGRAM, "-C", str(self._config), "-qff")))

    def queued(self) -> int:
        return sum(name.endswith("-H") for *_, names in os.walk(self.directory / "spool/input") for name in names)


class OpenSmtpd(_Unpacked):
    """It answers 250 before any sync, so its figures are of mail that a power cut may lose."""

    name = "opensmtpd"

    def _unpack(self) -> Apart:
        return Apart(("opensmtpd",), ("opensmtpd", "opensmtpq"), _ELSEWHERE, self.directory)

    def start(self) -> None:
        (self.directory / "lib/opensmtpd/empty").mkdir(parents=True)
        (self.directory / "spool/smtpd").mkdir(mode=0o711)
        control = self.directory / "root/usr/sbin/smtpctl"
        os.chown(control, 0, _FIRST_USER + 1)
        control.chmod(0o2555)
        config = self._write("smtpd.conf", _OPENSMTPD)
        self._serve("usr/sbin/smtpd", "-d", "-f", str(config), *(("-P", "mta") if self.setup.is_held else ()))

    def release(self) -> None:
        output_of(self._apart.argv("usr/sbin/smtpctl", "resume", "mta"))

    def queued(self) -> int:
        # Each recipient is a file next to that of the message.
        places = self.directory / "spool/smtpd/queue"
        return sum(name != "message" for *_, names in os.walk(places) for name in names)


PEERS: Final = {peer.name: peer for peer in (Exim, OpenSmtpd)}


def peer_version(name: str) -> str:
    """
    The version of the package that was loaded.

    Raises:
        BenchFailure: it was not.
    """
    package = {"exim": "exim4-daemon-light"}.get(name, name)
    found = sorted(PACKAGES.glob(f"{package}_*.deb"))
    if not found:
        raise BenchFailure(f"{package} is not loaded: make .venv/debian")
    return found[-1].name.split("_")[1]
