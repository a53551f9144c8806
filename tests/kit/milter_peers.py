"""
milter_peers - filters of Debian on sockets of a test: rspamd, OpenDKIM, clamav-milter, and one of libmilter in Python

Each is a context manager with the `address` that [[milter]] has for it. Nothing of them is installed or configured on
this machine: their files are in a directory of the test.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from empath.errors import SyntaxViolation
from empath.mail.endpoint import Endpoint, UnixSocket
from empath.net.milter_probe import agreement_with
from tests.kit.process import free_port
from tests.kit.waiting import eventually

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PYTHON = "/usr/bin/python3"  # that of Debian, which has python3-milter
_RSPAMD = """\
options {{
  pidfile = "{folder}/pid"; tempdir = "{folder}"; dns {{ nameserver = ["127.0.0.1:{dns}"]; timeout = 0.1s; }}
  filters = "dkim"; dynamic_conf = "{folder}/dynamic"; local_addrs = [];
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "info"; }}
worker "rspamd_proxy" {{
  bind_socket = "127.0.0.1:{port}"; milter = yes; count = 1; timeout = 30s;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
actions {{ reject = 15; add_header = 6; }}
metric {{ name = "default"; }}
milter_headers {{
  use = ["x-spamd-bar", "x-spam-level", "x-spamd-result"]; skip_local = false; skip_authenticated = false;
}}
dkim {{ check_local = true; }}
arc {{ }}
modules {{
  path = "/usr/share/rspamd/plugins/milter_headers.lua"; path = "/usr/share/rspamd/plugins/arc.lua";
}}
lua = "/usr/share/rspamd/rules/rspamd.lua";
"""
_OPENDKIM = """\
Mode {mode}
Domain example.com
Selector s
KeyFile {folder}/key.pem
RequireSafeKeys no
Canonicalization simple/simple
InternalHosts {internal}
TestDNSData {folder}/keys
SendReports no
Syslog no
UserID root
PidFile {folder}/pid
AuthservID opendkim.example.test
Socket {socket}
"""
_CLAMD = """\
LocalSocket {folder}/clamd.sock
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
Foreground yes
User root
"""
_CLAMAV_MILTER = """\
MilterSocket unix:{folder}/milter.sock
ClamdSocket unix:{folder}/clamd.sock
OnInfected Reject
RejectMsg virus %v
AddHeader Replace
Foreground yes
User root
"""
# The test file of EICAR, in two parts: a scanner on the machine of a developer must not find it here.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
_LIBMILTER = """\
import sys, Milter

class Filter(Milter.Base):
    def connect(self, name, family, address): self.seen = [f"connect {name} {address}"]; return Milter.CONTINUE
    def hello(self, name): self.seen.append(f"helo {name}"); return Milter.CONTINUE
    def envfrom(self, path, *parameters):
        self.seen.append(f"mail {path} {self.getsymval('i') is not None}")
        if path == "<reply@b.test>":
            self.setreply("451", "4.7.1", "wait", "a 100%% little")
            return Milter.TEMPFAIL
        return Milter.CONTINUE
    def envrcpt(self, path, *parameters):
        self.seen.append(f"rcpt {path}")
        return Milter.REJECT if path.startswith("<no@") else Milter.CONTINUE
    def header(self, name, value): self.seen.append(f"header {name}"); return Milter.CONTINUE
    def eoh(self): self.octets = 0; return Milter.CONTINUE
    def body(self, piece): self.octets += len(piece); return Milter.CONTINUE
    def eom(self):
        self.progress()
        for line in [*self.seen, f"body {self.octets}"]:
            self.addheader("X-Log", line)
        self.addheader("X-Folded", "one\\n two", 0)
        self.chgheader("Subject", 1, "changed")
        self.addrcpt("<new@d.test>")
        self.delrcpt("<c@d.test>")
        self.chgfrom("<other@b.test>")
        self.replacebody(b"new body\\r\\n" * 10000)
        if self.octets > 1000:
            self.quarantine("long")
        return Milter.ACCEPT

Milter.factory = Filter
Milter.set_flags(Milter.ADDHDRS | Milter.CHGHDRS | Milter.CHGBODY | Milter.ADDRCPT | Milter.DELRCPT
                 | Milter.QUARANTINE | Milter.CHGFROM)
Milter.runmilter("empath-test", sys.argv[1], 60)
"""


class MilterPeer:
    """A filter that runs while the context is open."""

    def __init__(self, address: Endpoint | UnixSocket, command: Sequence[object], folder: Path) -> None:
        self.address = f"inet:{address}" if isinstance(address, Endpoint) else str(address)
        self._where = address
        self._command = [str(word) for word in command]
        self._output = folder / "output"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        try:
            eventually(self._answers, f"{self._command[0]} answers")
        except BaseException:
            self.__exit__(None, None, None)
            sys.stderr.write(self._output.read_text())
            raise
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._output.read_text()
        try:
            agreement_with(self._where, 5.0)
        except (OSError, SyntaxViolation):
            return False
        return True


def rspamd(folder: Path, dns_port: int) -> MilterPeer:
    """Rspamd with few modules, which asks the resolver at *dns_port*."""
    port = free_port()
    (folder / "rspamd.conf").write_text(_RSPAMD.format(folder=folder, port=port, dns=dns_port))
    return MilterPeer(
        Endpoint("127.0.0.1", port), [_program("rspamd"), "-f", "-i", "-c", folder / "rspamd.conf"], folder
    )


def opendkim_filter(folder: Path, mode: str, private_key: str, texts: Mapping[str, str]) -> MilterPeer:
    """OpenDKIM that signs for example.com with *private_key* (mode "s"), or verifies by the keys of *texts* ("v")."""
    (folder / "key.pem").write_text(private_key)
    (folder / "key.pem").chmod(0o600)
    (folder / "keys").write_text("".join(f"{name} {text}\n" for name, text in texts.items()))
    port = free_port()
    internal = "127.0.0.1" if mode == "s" else "192.0.2.1"
    text = _OPENDKIM.format(folder=folder, mode=mode, internal=internal, socket=f"inet:{port}@127.0.0.1")
    (folder / "opendkim.conf").write_text(text)
    command = [_program("opendkim"), "-f", "-x", folder / "opendkim.conf"]
    return MilterPeer(Endpoint("127.0.0.1", port), command, folder)


@contextmanager
def clamav_filter(folder: Path) -> Iterator[MilterPeer]:
    """clamav-milter with a clamd whose only signature is that of EICAR."""
    (folder / "signatures").mkdir()
    (folder / "signatures" / "eicar.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    (folder / "clamd.conf").write_text(_CLAMD.format(folder=folder))
    (folder / "milter.conf").write_text(_CLAMAV_MILTER.format(folder=folder))
    with (folder / "clamd.output").open("wb") as output:
        clamd = subprocess.Popen([_program("clamd"), "-c", folder / "clamd.conf"], stdout=output, stderr=output)
    try:
        eventually((folder / "clamd.sock").exists, "clamd listens")
        command = [_program("clamav-milter"), "-c", folder / "milter.conf"]
        with MilterPeer(UnixSocket(str(folder / "milter.sock")), command, folder) as peer:
            yield peer
    finally:
        clamd.terminate()
        clamd.wait(20)


def libmilter_filter(folder: Path) -> MilterPeer:
    """A filter of Sendmail's libmilter that changes whatever can be changed."""
    (folder / "filter.py").write_text(_LIBMILTER)
    path = folder / "filter.sock"
    return MilterPeer(UnixSocket(str(path)), [_PYTHON, folder / "filter.py", f"unix:{path}"], folder)


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found is not None, f"install the Debian package {name}"
    return found
