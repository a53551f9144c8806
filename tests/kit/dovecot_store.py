"""dovecot_store - a Dovecot of the test's own that stores mail: over LMTP, and by its delivery agent"""

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.kit.process import free_port
from tests.kit.waiting import DEADLINE_S, eventually

PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/bin:/usr/local/sbin")
LMTP = Path("/usr/lib/dovecot/lmtp")
_CONFIGURATION = """
protocols = lmtp
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
ssl = no
hostname = store.example.test
postmaster_address = postmaster@example.test
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{directory}/mail/%u
lda_mailbox_autocreate = yes
service lmtp {{
  user = {user}
  chroot =
  unix_listener lmtp {{
    mode = 0666
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
service auth {{
  user = {user}
  unix_listener auth-userdb {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {directory}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {directory}/users
}}
"""


class DovecotStore:
    """
    To be used in a `with`. `socket` and `port` speak LMTP; *addresses* have mailboxes.

    A Dovecot that root starts stores mail as nobody, who may not enter the directory of a test.
    """

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._place = tempfile.TemporaryDirectory()
        self._directory = directory = Path(self._place.name)
        directory.chmod(0o755)
        (directory / "mail").mkdir()
        self.socket = directory / "run" / "lmtp"
        self.port = free_port()
        self.config = directory / "dovecot.conf"
        names = {"user": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}
        owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        uid, gid = owner.pw_uid, owner.pw_gid
        os.chown(directory / "mail", uid, gid)
        self.config.write_text(_CONFIGURATION.format(directory=directory, port=self.port, **names))
        lines = [f"{each}:{{PLAIN}}x:{uid}:{gid}::{directory}/mail/{each}::\n" for each in addresses]
        (directory / "users").write_text("".join(lines))

    def stored(self, address: str) -> list[bytes]:
        """The mails of *address*."""
        folder = self._directory / "mail" / address / "new"
        return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.exists() else []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([str(PROGRAM), "-F", "-c", str(self.config)], stdin=subprocess.DEVNULL)
        try:
            eventually(self.socket.exists, "the LMTP socket of Dovecot")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE_S)
        self._place.cleanup()
