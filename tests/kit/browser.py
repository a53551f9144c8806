"""browser - a page as it stands in Chromium once its scripts have run"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_LONGEST_S = 120


def browse(address: str, directory: Path, *options: str) -> str:
    """What the browser writes, or nothing; *directory* is for files of its own, *options* are those of Chromium."""
    command = [*_command(directory), "--hide-scrollbars", "--virtual-time-budget=3000", *options, address]
    with _sockets() as sockets:
        environment = _environment(directory, sockets)
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False, env=environment)
    return done.stdout


def _sockets() -> tempfile.TemporaryDirectory[str]:
    """
    A place for the socket of the browser, which it leaves behind when a signal ends it. The directory of a test has too
    long a name for a socket.
    """
    return tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)


def _environment(directory: Path, sockets: str) -> dict[str, str]:
    return {**os.environ, "HOME": str(directory), "TMPDIR": sockets}


def _command(directory: Path) -> list[str]:
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    return [str(CHROMIUM), *options, f"--user-data-dir={directory}"]


def page(address: str, directory: Path) -> str:
    """The elements of the page, as HTML."""
    return browse(address, directory, "--dump-dom")


class Driven:
    """A browser that runs scripts in a page, by the protocol of Chromium's tools over two pipes."""

    def __init__(self, address: str, directory: Path) -> None:
        theirs, self._to = os.pipe()
        self._from, ours = os.pipe()
        self._sockets = _sockets()
        # It reads from descriptor 3 and writes to 4.
        command = ["bash", "-c", f'exec "$@" 3<&{theirs} 4>&{ours}', "bash", *_command(directory)]
        self._browser = subprocess.Popen(
            [*command, "--remote-debugging-pipe", "about:blank"],
            pass_fds=(theirs, ours),
            env=_environment(directory, self._sockets.name),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(ours)
        self._number, self._read = 0, b""
        self._session: dict[str, str] = {}
        [target] = [each for each in self._call("Target.getTargets")["targetInfos"] if each["type"] == "page"]
        attached = self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self._call("Page.navigate", url=address)
        self.run("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))")

    def run(self, expression: str) -> Any:
        """The value of *expression*, or of the promise that it is."""
        done = self._call("Runtime.evaluate", expression=expression, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def close(self) -> None:
        """End it."""
        self._browser.terminate()
        self._browser.wait()
        self._sockets.cleanup()
        os.close(self._to)
        os.close(self._from)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._to, json.dumps(order).encode() + b"\0")
        while True:
            while b"\0" not in self._read:
                octets = os.read(self._from, 65536)
                assert octets, "the browser has ended"
                self._read += octets
            text, _, self._read = self._read.partition(b"\0")
            answer: dict[str, Any] = json.loads(text)
            if answer.get("id") == self._number:
                result: dict[str, Any] = answer["result"]
                return result
