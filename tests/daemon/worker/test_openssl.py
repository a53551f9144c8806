"""TLS with the server of OpenSSL, `openssl s_server`, which asks for a new handshake in the middle of a session."""

import shutil
import subprocess
import threading
from typing import Any

import pytest

from empath.daemon.worker.session_needs import SessionNeeds
from empath.policy.hosts.search import Host
from empath.policy.tls_demand import HostDemand, TlsLevel
from tests.daemon.worker.kit import MAIL, said
from tests.kit.certificates import issued
from tests.kit.process import free_port
from tests.kit.waiting import eventually

PROGRAM = shutil.which("openssl")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no openssl here")
REPLIES = {"EHLO": "250 x", "MAIL": "250 Ok", "RCPT": "250 Ok", "DATA": "354 Go", ".": "250 2.0.0 Ok"}


class SServer:
    """A server within TLS 1.2, whose lines come from here. Before its answer to *verb* it asks for a new handshake."""

    def __init__(self, directory, verb):
        issued("peer.test").write(directory)
        self.port = free_port()
        self._verb = verb
        self.heard = []
        where = ["-accept", f"127.0.0.1:{self.port}", "-cert", "certificate.pem", "-key", "key.pem"]
        self._process: Any = subprocess.Popen(
            [str(PROGRAM), "s_server", *where, "-tls1_2", "-crlf"],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        eventually(lambda: "ACCEPT" in self.heard, "the server")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._thread.join()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()

    def _serve(self):
        for line in self._process.stdout:
            word = line.split()[0].upper() if line.split() else ""
            self.heard.append(word)
            if word == "CIPHER":  # among the last lines about a handshake
                self._say("220 x")
            elif word in REPLIES:
                if word == self._verb:
                    self._say("R")
                self._say(REPLIES[word])

    def _say(self, line):
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended


@pytest.mark.parametrize(("verb", "is_taken"), [("", True), ("MAIL", False)])
def test_a_host_that_asks_for_a_new_handshake_takes_no_mail(make_pool, tmp_path, verb, is_taken):
    """
    Renegotiation could change who the host is, in the middle of a session. It is refused, and the mail waits.
    """
    demand = HostDemand(TlsLevel.ENCRYPT, server_name="peer.test")
    with SServer(tmp_path, verb) as server:
        host = Host("peer.test", "127.0.0.1", server.port, is_tls=True)
        pool = make_pool(mail_timeout="3s", rcpt_timeout="3s", data_timeout="3s")
        result = pool.send(host, MAIL, lambda: iter((b"text\r\n",)), lambda: True, needs=SessionNeeds(demand))
        pool.close_idle(all_of_them=True)
    assert is_taken == (said(result)[1:] == ("end-of-data", "250 2.0.0"))
    assert "TLSv1.2" == (result.tls and result.tls.version)
