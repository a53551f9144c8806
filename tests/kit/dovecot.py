"""dovecot - a Dovecot of the test's own that serves nothing but its authentication socket"""

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Self

from tests.kit.waiting import DEADLINE_S, eventually

PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/bin:/usr/local/sbin")
_CONFIGURATION = """
protocols =
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
ssl = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
auth_mechanisms = plain
auth_failure_delay = 0
disable_plaintext_auth = no
service auth {{
  user = {user}
  unix_listener auth-client {{
    mode = 0600
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
"""


class Dovecot:
    """To be used in a `with`. *passwords* are those of its users; `socket` is its path."""

    def __init__(self, directory: Path, passwords: dict[str, str]) -> None:
        directory.mkdir()
        self.socket = directory / "run" / "auth-client"
        self._config = directory / "dovecot.conf"
        names = {"user": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}
        self._config.write_text(_CONFIGURATION.format(directory=directory, **names))
        lines = [f"{name}:{{PLAIN}}{password}::::::\n" for name, password in passwords.items()]
        (directory / "users").write_text("".join(lines))

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([str(PROGRAM), "-F", "-c", str(self._config)], stdin=subprocess.DEVNULL)
        try:
            eventually(self.socket.exists, "the socket of Dovecot")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE_S)
