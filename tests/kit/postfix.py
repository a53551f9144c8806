"""postfix - a Postfix of the test's own, as Debian has it, that relays to a host of the test"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.kit.process import free_port
from tests.kit.waiting import eventually

PROGRAM = shutil.which("postfix", path="/usr/sbin:/usr/local/sbin")
_DEFAULTS = ("command_directory", "daemon_directory", "mail_owner", "setgid_group")
_MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/spool
data_directory = {directory}/data
command_directory = {command_directory}
daemon_directory = {daemon_directory}
mail_owner = {mail_owner}
setgid_group = {setgid_group}
maillog_file = {directory}/log/mail.log
maillog_file_prefixes = {directory}
myhostname = postfix.example.test
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtputf8_autodetect_classes = all
{settings}
"""
# service, type, private, unprivileged, chroot, wakeup, maxproc, command
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
tlsmgr unix - - n 1000? 1 tlsmgr
"""


class Postfix:
    """
    To be used in a `with`, by root. *settings* are lines of main.cf; the server listens on `port` of 127.0.0.1.

    Its users must be able to enter the directory, which they cannot below one of pytest's.
    """

    def __init__(self, settings: str) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="postfix-"))
        self.directory.chmod(0o755)
        for name in ("etc", "spool", "data", "log"):
            (self.directory / name).mkdir()
        defaults = {name: _output("postconf", "-d", "-h", name).strip() for name in _DEFAULTS}
        owner = pwd.getpwnam(defaults["mail_owner"])
        os.chown(self.directory / "data", owner.pw_uid, owner.pw_gid)
        main = _MAIN.format(directory=self.directory, settings=settings, **defaults)
        (self.directory / "etc/main.cf").write_text(main)
        (self.directory / "etc/master.cf").write_text(_MASTER.format(port=self.port))

    def __enter__(self) -> Self:
        self._postfix("start")
        return self

    def __exit__(self, *_: object) -> None:
        pid = int((self.directory / "spool/pid/master.pid").read_text())
        self._postfix("stop")
        eventually(lambda: not Path(f"/proc/{pid}").exists(), "the end of Postfix")
        shutil.rmtree(self.directory)

    def log(self) -> str:
        """The log so far."""
        return (self.directory / "log/mail.log").read_text(errors="replace")

    def _postfix(self, order: str) -> None:
        _output(str(PROGRAM), "-c", str(self.directory / "etc"), order)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout
