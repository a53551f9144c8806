"""
Certificates of an authority, as docs/howto/certificates.md says: certbot and lego ask a pebble of the test's own.

It needs the Debian packages pebble, certbot and lego, so `make interop` runs it and `make test` does not know it. What
differs from the page is what a test may not use: the folders of /etc, port 80, and an authority of the Internet.
"""

import json
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from tests.docs.pages import blocks
from tests.kit.certificates import authority, issued, self_signed
from tests.kit.dns import ScriptedDns
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import DEADLINE_S, eventually

MISSING = [name for name in ("pebble", "certbot", "lego") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs the Debian packages {' '.join(MISSING)}")

CERTBOT, LEGO = blocks("docs/howto/certificates.md", "sh")
NAME = "mail.example.org"
FOLDER = Path("/etc/empath/tls")


class Pebble:
    """An authority that issues certificates for whoever answers on `http_port` of 127.0.0.1, whatever the name."""

    def __init__(self, directory: Path, dns: ScriptedDns) -> None:
        self.port, self.http_port = free_port(), free_port()
        pair = issued("localhost")
        (directory / "pebble.pem").write_bytes(pair.certificate)
        (directory / "pebble.key").write_bytes(pair.key)
        self.anchor = directory / "anchor.pem"
        authority().cert_pem.write_to_path(str(self.anchor))
        settings = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{free_port()}",
            "certificate": str(directory / "pebble.pem"),
            "privateKey": str(directory / "pebble.key"),
            "httpPort": self.http_port,
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        (directory / "pebble.json").write_text(json.dumps({"pebble": settings}))
        self._log = (directory / "pebble.log").open("wb")
        self._process = subprocess.Popen(
            ["pebble", "-config", directory / "pebble.json", "-dnsserver", dns.address],
            # No pause before it looks, and no nonce that it refuses for a try.
            env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"},
            stdout=self._log,
            stderr=self._log,
        )
        self.directory = f"https://localhost:{self.port}/dir"

    def is_ready(self) -> bool:
        """Whether it answers."""
        with socket.socket() as probe:
            return 0 == probe.connect_ex(("127.0.0.1", self.port))

    def end(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(DEADLINE_S)
        self._log.close()


class Visitor:
    """A client that asks for TLS again and again, and keeps the serial numbers of the certificates, in their order."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.serials: list[int] = []
        self.refused: list[str] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._visit)
        self._thread.start()

    def _visit(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        while not self._is_over.wait(0.05):
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=DEADLINE_S) as session:
                    session.starttls(context=context)
                    assert isinstance(session.sock, ssl.SSLSocket)
                    octets = session.sock.getpeercert(binary_form=True)
                    session.noop()
            except (OSError, smtplib.SMTPException) as exc:
                self.refused.append(repr(exc))
                continue
            serial = x509.load_der_x509_certificate(octets or b"").serial_number
            if [serial] != self.serials[-1:]:
                self.serials.append(serial)

    def end(self) -> None:
        """End the visits."""
        self._is_over.set()
        self._thread.join()


@pytest.fixture
def pebble(tmp_path: Path) -> Iterator[Pebble]:
    """An authority for which each name is this host."""
    with ScriptedDns().a(NAME, "127.0.0.1") as dns:
        made = Pebble(tmp_path, dns)
        eventually(made.is_ready, "the start of pebble")
        yield made
        made.end()


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    """Where the server reads its certificate, with one of its own for the time before the first of the authority."""
    folder = tmp_path / "tls"
    folder.mkdir()
    own = self_signed(NAME)
    (folder / "fullchain.pem").write_bytes(own.certificate)
    (folder / "privkey.pem").write_bytes(own.key)
    return folder


@pytest.fixture
def server(tls: Path, make_empathd) -> Empathd:
    """A server with that certificate, as on the page."""
    made: Empathd = make_empathd(more=f'[tls]\ncertificate = "{tls}/fullchain.pem"\nkey = "{tls}/privkey.pem"')
    made.config.write_text(made.config.read_text().replace("[[listener]]\n", '[[listener]]\ntls = "starttls"\n', 1))
    return made.start()


def placed(hook: str, tls: Path, file: Path) -> Path:
    """The *hook* of the page as a program, with the folders of the test, and the group of its user."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(hook.replace(str(FOLDER), str(tls)).replace("-o root -g empath", f"-g {os.getegid()}"))
    file.chmod(0o755)
    return file


def serial_of(tls: Path) -> int:
    """That of the certificate in the folder."""
    return x509.load_pem_x509_certificate((tls / "fullchain.pem").read_bytes()).serial_number


def follow(server: Empathd, tls: Path, *commands: list[str | Path], **environment: str) -> None:
    """Run *commands*, each of which brings another certificate, and hold that clients see all of them, none in vain."""
    visitor = Visitor(server.port)
    try:
        eventually(lambda: visitor.serials, "the first visit")
        wanted = [serial_of(tls)]
        for command in commands:
            done = subprocess.run(
                command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=90
            )
            assert 0 == done.returncode, done.stdout + done.stderr
            assert serial_of(tls) not in wanted, done.stdout + done.stderr
            wanted.append(serial_of(tls))
            eventually(lambda: visitor.serials[-1] == wanted[-1], "the new certificate")
    finally:
        visitor.end()
    assert (wanted, []) == (visitor.serials, visitor.refused)


def test_certbot_brings_a_certificate_and_renews_it(server, pebble, tls, tmp_path):
    """
    The first one by `certonly`, the next by `renew`, as the timer of the package calls it.
    """
    home = tmp_path / "letsencrypt"
    hook = placed(CERTBOT, tls, home / "renewal-hooks/deploy/empath")
    folders = [f"--{kind}-dir={home}{below}" for kind, below in (("config", ""), ("work", "/work"), ("logs", "/logs"))]
    common = ["--non-interactive", "--no-verify-ssl", f"--http-01-port={pebble.http_port}", *folders]
    first = ["--agree-tos", "--register-unsafely-without-email", f"--server={pebble.directory}"]
    follow(
        server,
        tls,
        ["certbot", "certonly", "--standalone", "--domain", NAME, "--deploy-hook", hook, *first, *common],
        ["certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew", *common],
    )


def test_lego_brings_a_certificate_and_renews_it(server, pebble, tls, tmp_path):
    """
    Each of its commands has the hook.
    """
    hook = placed(LEGO, tls, tmp_path / "lego-hook")
    own = [f"--path={tmp_path}/lego", f"--server={pebble.directory}", f"--http.port=127.0.0.1:{pebble.http_port}"]
    common = ["lego", *own, "--accept-tos", "--email", "ann@example.org", "--domains", NAME, "--http"]
    follow(
        server,
        tls,
        [*common, "run", "--run-hook", hook],
        [*common, "renew", "--days", "3650", "--no-random-sleep", "--renew-hook", hook],
        LEGO_CA_CERTIFICATES=str(pebble.anchor),
    )
