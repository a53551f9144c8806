"""
postfix - the peer: a private Postfix instance, with default settings wherever they affect speed

Deviations from the defaults: no DNS and no PTR look-ups, as neither server does any here; a log file of its own through
postlogd; no chroot, because the directory is scratch. The process limit of 100, the concurrency of 20 and the fsync are
the defaults.
"""

import os
import pwd
from pathlib import Path
from typing import Final

from .accounting import Account
from .certificate import CERTIFICATE, KEY
from .judged import start_filters
from .machine import BenchFailure, command, output_of
from .server import Server, Setup

# Postfix counts an idle session as a process; its default limit would leave 900 of 1,000 without a greeting.
SPARE_PROCESSES: Final = 200
QUEUES: Final = ("incoming", "active", "deferred", "hold")

MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {directory}/spool
data_directory = {directory}/data
command_directory = {command_directory}
daemon_directory = {daemon_directory}
mail_owner = {mail_owner}
setgid_group = {setgid_group}
myhostname = postfix.bench.example
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{sink_port}
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
message_size_limit = {message_octets}
maillog_file = {directory}/log/mail.log
maillog_file_prefixes = {directory}
"""

TLS: Final = f"""\
smtpd_tls_security_level = may
smtpd_tls_cert_file = {{directory}}/{CERTIFICATE}
smtpd_tls_key_file = {{directory}}/{KEY}
smtp_tls_security_level = may
smtp_tls_connection_reuse = yes
"""

# service type private unprivileged chroot wakeup maxproc command
MASTER: Final = """\
127.0.0.1:{port} inet n - n - {smtpd_processes} smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
tlsmgr unix - - n 1000? 1 tlsmgr
tlsproxy unix - - n - 0 tlsproxy
"""


class Postfix(Server):
    """A Postfix with configuration, queue, data and log in its directory; needs root."""

    name = "postfix"

    def __init__(self, directory: Path, account: Account, setup: Setup) -> None:
        super().__init__(directory, account, setup)
        self._etc = directory / "etc"

    def start(self) -> None:
        defaults = {
            name: output_of([command("postconf"), "-d", "-h", name]).strip()
            for name in ("command_directory", "daemon_directory", "mail_owner", "setgid_group")
        }
        for name in ("etc", "spool", "data", "log"):
            (self.directory / name).mkdir()
        owner = pwd.getpwnam(defaults["mail_owner"])
        os.chown(self.directory / "data", owner.pw_uid, owner.pw_gid)
        main = MAIN.format(
            directory=self.directory,
            sink_port=self.setup.sink_port,
            message_octets=self.setup.message_octets,
            **defaults,
        )
        if self.setup.has_tls:
            main += TLS.format(directory=self.directory)
        if self.setup.extra == "judged":
            main += start_filters(self.directory, self.account)
        if self.setup.is_held:
            main += "smtpd_client_restrictions = static:HOLD\n"
        processes = str(self.setup.sessions + SPARE_PROCESSES) if self.setup.sessions > 100 else "-"
        (self._etc / "main.cf").write_text(main)
        (self._etc / "master.cf").write_text(MASTER.format(port=self.port, smtpd_processes=processes))
        output_of(self.account.wrap(self._command("postfix", "start")))
        self.account.adopt(int((self.directory / "spool/pid/master.pid").read_text()))

    def stop(self) -> None:
        if (self.directory / "spool/pid/master.pid").exists():
            try:
                output_of(self._command("postfix", "stop"))
            except BenchFailure:
                pass  # it no longer runs; the account ends the remaining processes

    def release(self) -> None:
        output_of(self._command("postsuper", "-H", "ALL"))
        output_of(self._command("postqueue", "-f"))

    def queued(self) -> int:
        # In the order of a file's way, so that a file that moves meanwhile is counted twice rather than never.
        return sum(len(names) for queue in QUEUES for _, _, names in os.walk(self.directory / "spool" / queue))

    def proven(self) -> int:
        spool = self.directory / "spool"
        files = (Path(at, name) for queue in QUEUES for at, _, names in os.walk(spool / queue) for name in names)
        return sum(b"dmarc=pass" in file.read_bytes() for file in files)

    def log_tail(self) -> str:
        path = self.directory / "log/mail.log"
        return path.read_text(errors="replace")[-600:] if path.exists() else "no log"

    def _command(self, name: str, *arguments: str) -> list[str]:
        return [command(name), "-c", str(self._etc), *arguments]


def version() -> str:
    """Postfix's version, for the report."""
    return output_of([command("postconf"), "-d", "-h", "mail_version"]).strip()
