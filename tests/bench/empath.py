"""
empath - Empath from a checkout, driven only by its documented commands

PYTHONPATH chooses the checkout, and commands are started as modules. So one virtual environment serves every revision:
its installed commands have the entry points of only one.
"""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Final

import apsw

from .accounting import Account, name_of
from .certificate import CERTIFICATE, KEY
from .collector import RATIOS, Collector
from .judged import DOMAIN, NAME_SERVER, write_keys
from .machine import BenchFailure, output_of, wait_for
from .server import Factory, Server, Setup

CONFIG: Final = """\
hostname = "empath.bench.example"
postmaster = "postmaster@bench.example"
[process]
pid_file = "empath.pid"
[queue]
path = "queue.db"
[[listener]]
address = "127.0.0.1:{port}"
role = "internal"
[routes]
"*" = "smtp://127.0.0.1:{sink_port}"
[delivery]
workers = 2
[log]
file = "empath.log"
"""
TLS: Final = f"""\
[tls]
certificate = "{CERTIFICATE}"
key = "{KEY}"
"""
# What a configuration may have beyond the usual, and a file that only checkouts have that know it.
EXTRAS: Final[dict[str, tuple[str, str]]] = {
    # Of each destination, and so high that no mail waits. Breakers are always on.
    "rates": ('[destinations."*"]\nrate = "1000000/1s burst 1000000"\n', "empath/policy/limits/delivery.py"),
    "metrics": ('[http]\naddress = "unix:http"\n', "empath/daemon/httpd/__main__.py"),
    **{
        f"traces-{ratio}": (
            f'[tracing]\nendpoint = "http://127.0.0.1:{{http_port}}"\nratio = {ratio}\n',
            "empath/daemon/process/tracing.py",
        )
        for ratio in RATIOS
    },
    "inject": ('[http]\naddress = "127.0.0.1:{http_port}"\n', "empath/daemon/httpd/injection/injector.py"),
    "console": (
        '[http]\naddress = "127.0.0.1:{http_port}"\nopen_console = true\n',
        "empath/daemon/httpd/console/app.py",
    ),
    "events": (
        '[http]\naddress = "127.0.0.1:{http_port}"\n[events]\nstream = true\n',
        "empath/daemon/httpd/api/stream.py",
    ),
    "judged": ("", "empath/daemon/acceptor/judging.py"),
    "submission": ('[relay]\nnetworks = ["127.0.0.1/32"]\n', "empath/authentication/signer.py"),
    "signed": (
        f'[dkim]\nkeys = "dkim"\n[dkim.sign]\n"{DOMAIN}" = ["s1", "s2"]\n[relay]\nnetworks = ["127.0.0.1/32"]\n',
        "empath/authentication/signer.py",
    ),
}
EXTRAS["signed-submission"] = EXTRAS["signed"]
JUDGED: Final = f"""\
role = "mx"
[listener.authentication]
spf = true
dkim = true
arc = true
dmarc = "reject"
[authentication]
authserv_id = "empath.bench.example"
[dns]
nameservers = ["{NAME_SERVER}"]
[relay]
networks = []
domains = ["sink.example"]
"""
MODULES: Final = {"empathd": "empath.cli.empathd", "empath-admin": "empath.cli.admin"}
# Defaults, except where the scenario is about the limit itself.
MESSAGE_SIZE: Final = 'message_size = "{message_octets}B"\n'
CONNECTIONS: Final = "connections = {sessions}\n"
# Its module may be elsewhere in an older checkout, which is interpreted in any case.
_PROBE: Final = """
from importlib.util import find_spec
import apsw, empath, empath.smtp.server as server
hot = find_spec("empath.smtp.server.session") if hasattr(server, "__path__") else None
form = "interpreted," if hot is None or hot.origin.endswith(".py") else "compiled,"
print(empath.__file__, empath.__version__, form, "SQLite", apsw.sqlite_lib_version())
"""
_VERBS: Final = 5  # commands whose CPU is counted
_REPLACED: Final = re.compile(r"event=process_ready \S+ slot=worker-1 generation=2 .*duration_s=([0-9.]+)")


class Empath(Server):
    """An Empath of the checkout *tree*; all its files are in its directory."""

    name = "empath"

    def __init__(self, directory: Path, account: Account, setup: Setup, tree: Path) -> None:
        super().__init__(directory, account, setup)
        text, known_by = EXTRAS[setup.extra] if setup.extra else ("", "")
        is_known = (tree / known_by).exists()
        self._extra = text.format(http_port=self.http_port) if is_known else ""
        self._is_judging = setup.extra == "judged" and is_known
        self._environment = environment(tree)
        self._collector: Collector | None = None
        self._config = directory / "empath.toml"

    def configuration(self) -> str:
        """The text of its configuration file."""
        default = Setup(sink_port=0)
        limits = ""
        if self.setup.message_octets != default.message_octets:
            limits += MESSAGE_SIZE.format(message_octets=self.setup.message_octets)
        if self.setup.sessions > default.sessions:
            limits += CONNECTIONS.format(sessions=self.setup.sessions + default.sessions)
        config = CONFIG.format(port=self.port, sink_port=self.setup.sink_port)
        if self.setup.has_tls:
            config = config.replace("[routes]", 'tls = "starttls"\n[routes]') + TLS
        if self._is_judging:
            config = config.replace('role = "internal"\n', JUDGED)
        if "[dkim]" in self._extra:
            config = config.replace('role = "internal"\n', 'role = "internal"\nsign = true\n')
        if self.setup.extra in ("submission", "signed-submission"):
            config = config.replace('role = "internal"', 'role = "submission"')
        config += self._extra
        # The old name of [receiving.limits]: a comparison runs an older revision with the same text.
        return config + (f"[limits]\n{limits}" if limits else "")

    def start(self) -> None:
        self._config.write_text(self.configuration())
        if "[dkim]" in self._extra:
            write_keys(self.directory / "dkim")
        if "[tracing]" in self._extra:
            self._collector = Collector(self.http_port)
            self._collector.__enter__()
        self._run(self.account.wrap(self._command("empathd", "start")))
        self.account.adopt(int((self.directory / "empath.pid").read_text().split()[0]))
        if self.setup.is_held:
            self._run(self._command("empath-admin", "freeze"))

    def stop(self) -> None:
        if (self.directory / "empath.pid").exists():
            try:
                self._run(self._command("empathd", "stop"))
            except BenchFailure:
                pass  # it no longer runs; the account ends the remaining processes
        if self._collector is not None:
            self._collector.__exit__(None, None, None)

    def release(self) -> None:
        self._run(self._command("empath-admin", "thaw"))

    def queued(self) -> int:
        # One recipient for each message, so rows of the view are messages.
        return self._count("SELECT count(*) FROM queue")

    def proven(self) -> int:
        return self._count("SELECT count(*) FROM authentication WHERE dmarc = 'pass'")

    def signed(self) -> int:
        return self._count("SELECT count(*) FROM _message WHERE CAST(added_fields AS TEXT) LIKE '%DKIM-Signature:%'")

    def own_figures(self) -> dict[str, float]:
        """The time until a worker that was killed is replaced, and the CPU of `empath-admin list`."""
        [worker] = [pid for pid in self.account.pids() if "worker-1" in name_of(pid)]
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: bool(self._replaced()), 10, "a worker in place of one that was killed")
        began = os.times()
        for _ in range(_VERBS):
            self._run(self._command("empath-admin", "list"))
        ended = os.times()
        cpu_s = sum(ended[2:4]) - sum(began[2:4])  # of children that have ended
        return {"replaced_ms": self._replaced()[0] * 1e3, "verb_ms": cpu_s / _VERBS * 1e3}

    def _replaced(self) -> list[float]:
        """Seconds from the start of a worker in place of one that died until it works, by the log."""
        text = (self.directory / "empath.log").read_text(errors="replace")
        return [float(seconds) for seconds in _REPLACED.findall(text)]

    def token(self, role: str = "inject") -> str:
        output = output_of(
            self._command("empath-admin", "token", "add", "bench", "--role", role),
            cwd=self.directory,
            env=self._environment,
        )
        return output.split()[0]

    def _count(self, statement: str) -> int:
        connection = apsw.Connection(str(self.directory / "queue.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(5000)
            ((count,),) = connection.execute(statement)
            return int(count)
        finally:
            connection.close()

    def log_tail(self) -> str:
        path = self.directory / "empath.log"
        return path.read_text(errors="replace")[-600:] if path.exists() else "no log"

    def _command(self, name: str, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", MODULES[name], "-c", str(self._config), *arguments]

    def _run(self, argv: list[str]) -> None:
        output_of(argv, cwd=self.directory, env=self._environment)


def empath_of(tree: Path) -> Factory:
    """Makes servers that run the code of the checkout *tree*."""
    return lambda directory, account, setup: Empath(directory, account, setup, tree)


def environment(tree: Path) -> dict[str, str]:
    """The environment in which commands run the code of *tree*."""
    return os.environ | {"PYTHONPATH": str(tree)}


def version(tree: Path, scratch: Path) -> str:
    """
    Empath's and SQLite's version, for the report, and whether Empath's hot modules are compiled.

    Raises:
        BenchFailure: the commands would run other code than that of *tree*.
    """
    output = output_of([sys.executable, "-c", _PROBE], cwd=scratch, env=environment(tree))
    path, text = output.strip().split(" ", 1)
    if not Path(path).is_relative_to(tree):
        raise BenchFailure(f"the commands would run {path}, not the code of {tree}")
    return text
