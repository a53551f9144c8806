"""TLS against a real instance, by the programs that people use."""

import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path
from subprocess import PIPE

import pytest
from click.testing import CliRunner

from empath.cli.admin.__main__ import admin
from tests.e2e.client import Client
from tests.kit import certificates
from tests.kit.certificates import TABLE, issued
from tests.kit.process import Empathd, free_port
from tests.kit.run_guard import guarded
from tests.kit.waiting import DEADLINE_S, eventually

NAME = "mx.example.test"
CONTENT = b"Subject: secret\r\n\r\ntext\r\n"
SNI = '[[tls.sni]]\nnames = ["*.example.net"]\ncertificate = "other-certificate.pem"\nkey = "other-key.pem"\n'


class Secured(Empathd):
    """An instance with a listener of each kind; `ports` are theirs."""

    def __init__(self, directory: Path, more: str = "") -> None:
        self.ports = {tls: free_port() for tls in ("starttls", "required", "implicit")}
        listeners = "".join(
            f'[[listener]]\naddress = "127.0.0.1:{port}"\nrole = "internal"\ntls = "{tls}"\n'
            for tls, port in self.ports.items()
        )
        super().__init__(directory, listeners + TABLE + more)

    def presented(self, name: str = NAME) -> ssl.SSLSocket:
        """A connection to the implicit listener that asks for *name*."""
        plain = socket.create_connection(("127.0.0.1", self.ports["implicit"]), DEADLINE_S)
        return certificates.client().wrap_socket(plain, server_hostname=name)

    def expiry(self) -> str:
        """The end of the certificate that is presented now."""
        with self.presented() as connection:
            return str((connection.getpeercert() or {})["notAfter"])


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """One instance for all tests here but those that change it."""
    directory = tmp_path_factory.mktemp("tls")
    made = Secured(directory, SNI)
    issued(NAME).write(directory)
    issued("*.example.net").write(directory, "other-")
    try:
        yield made.start()
    finally:
        made.clean_up()


def run(*command: object) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself at the end of its input."""
    words = [str(word) for word in command]
    return subprocess.run(
        words, input="QUIT\r\n", capture_output=True, text=True, timeout=DEADLINE_S, check=False, errors="replace"
    )


@pytest.mark.parametrize("tls", ["starttls", "required", "implicit"])
def test_pythons_smtplib_sends_within_tls(secured, tls):
    """
    The trace field says so, RFC 3848.
    """
    context, port = certificates.client(), secured.ports[tls]
    if tls == "implicit":
        client: smtplib.SMTP = smtplib.SMTP_SSL(timeout=DEADLINE_S, context=context)
    else:
        client = smtplib.SMTP(timeout=DEADLINE_S)
    client._host = NAME  # type: ignore[attr-defined]  # the name that the certificate must have
    client.connect("127.0.0.1", port)
    with client:
        if tls != "implicit":
            client.starttls(context=context)
        client.sendmail("a@a.example", f"{tls}@b.example", CONTENT)
    eventually(lambda: any(f"for <{tls}@b.example>".encode() in mail for mail in secured.delivered()), "delivery")
    [mail] = [mail for mail in secured.delivered() if f"for <{tls}@b.example>".encode() in mail]
    assert b" with ESMTPS id " in mail
    assert "TLSv1.3" == secured.wait_for("accepted", tls_version="TLSv1.3")["tls_version"]


def test_doctor_finds_listeners_that_answer_and_certificates_that_last(secured):
    """
    A listener with implicit TLS has no greeting in the clear, and is well all the same.
    """
    result = CliRunner().invoke(admin, ["-c", str(secured.config), "doctor", "--json"])
    found = [json.loads(line) for line in result.stdout.splitlines()]
    levels = [line["level"] for line in found if line["subject"] in ("listener", "certificate")]
    assert ["ok"] * (1 + len(secured.ports) + 2) == levels, found


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")
@pytest.mark.parametrize(("tls", "option"), [("starttls", "--tls"), ("implicit", "--tls-on-connect")])
def test_swaks_sends_within_tls(secured, tls, option):
    """
    The tool of many an operator, on GnuTLS or OpenSSL by way of Perl.
    """
    port = secured.ports[tls]
    done = run("swaks", option, "--server", "127.0.0.1", "--port", port, "--from", "a@a.example", "--to", "b@b.example")
    assert 0 == done.returncode, done.stdout
    assert "<~  250 2.0.0 Ok: queued as" in done.stdout


def test_only_versions_of_today_are_spoken(secured):
    """
    RFC 8996: TLS 1.0 and 1.1 are refused, whatever the client would accept.
    """
    offered = {"-tls1": False, "-tls1_1": False, "-tls1_2": True, "-tls1_3": True}
    target = ("-connect", f"127.0.0.1:{secured.ports['starttls']}", "-starttls", "smtp")
    spoken = {
        option: "Cipher is (NONE)"
        not in run("openssl", "s_client", *target, option, "-cipher", "ALL:@SECLEVEL=0").stdout
        for option in offered
    }
    assert offered == spoken


def test_a_client_cannot_renegotiate(secured):
    """
    A handshake costs this host more than its client, so each connection has one. The greeting is awaited first: in the
    middle of a handshake it would end the client before the answer.
    """
    port = secured.ports["implicit"]
    command = ("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2")
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as client:
        assert client.stdout is not None
        assert any(line.startswith("220 ") for line in client.stdout)
        _, errors = client.communicate("R\n", DEADLINE_S)
    assert "no renegotiation" in errors


def test_the_name_that_a_client_asks_for_chooses_the_certificate(secured):
    """
    RFC 6066 §3, with the client's own check of the name.
    """
    for name in (NAME, "a.example.net"):
        with secured.presented(name) as connection:
            assert b"220 " == connection.recv(4)


def test_a_name_that_is_not_ascii_leaves_no_traceback(secured):
    """
    Python prints one for each such handshake: a stranger could fill the disk.
    """
    hello = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        certificates.client().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="aaaa.example.net").do_handshake()
    with socket.create_connection(("127.0.0.1", secured.ports["implicit"]), DEADLINE_S) as client:
        client.sendall(hello.read().replace(b"aaaa", b"\xff\xfe\x1b["))
        assert client.recv(1)
        secured.wait_for("tls_not_begun", error="callback failed")
    assert "" == (secured.directory / "stderr").read_text()


def test_c1_commands_injected_behind_starttls_are_not_carried_out(secured):
    """
    CVE-2011-0411, against the running server: the injected MAIL would else belong to the client's secured session.
    """
    client = Client(secured.ports["starttls"])
    with client:
        client.say("EHLO c.example")
        client.push(b"STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\n")
        assert "220 2.0.0" == client.reply()[:9]
        with certificates.client().wrap_socket(client.socket, server_hostname=NAME) as within:
            within.sendall(b"RCPT TO:<b@b.example>\r\n")
            assert b"503 5.5.1 Send EHLO first\r\n" == within.recv(4096)


def test_a_session_is_resumed_by_a_ticket(secured):
    """
    OpenSSL's own tickets, RFC 8446 §2.2: a client that comes again spares the certificate.
    """
    context = certificates.client()

    def connect(session=None):
        plain = socket.create_connection(("127.0.0.1", secured.ports["implicit"]), DEADLINE_S)
        with context.wrap_socket(plain, server_hostname=NAME, session=session) as within:
            within.recv(4096)  # the ticket comes with the banner
            return within.session, within.session_reused

    session, is_reused = connect()
    assert (False, True) == (is_reused, connect(session)[1])


def test_a_reload_presents_the_new_certificate_or_keeps_the_old_one(tmp_path):
    """
    A pair that does not fit is one line, and no client notices it.
    """
    service = Secured(tmp_path / "reload")
    issued(NAME).write(service.directory)
    try:
        service.start()
        before = service.expiry()
        (service.directory / "key.pem").write_bytes(issued("other.example").key)
        service.signal(signal.SIGHUP)
        finding = service.wait_for("reload_refused")["finding"]
        assert "the key is not that of the certificate" == finding.rpartition(": ")[2]
        assert before == service.expiry()
        issued(NAME, days=60).write(service.directory)
        service.signal(signal.SIGHUP)
        service.wait_for("reload_finished")
        service.wait_for("process_exited", slot="acceptor-1", generation=1)
        assert before != service.expiry()
    finally:
        service.clean_up()


def test_a_certificate_that_cannot_be_used_prevents_the_start_in_one_line(tmp_path):
    """
    The operator reads it where he gave the command.
    """
    service = Secured(tmp_path / "broken")
    issued(NAME).write(service.directory)
    (service.directory / "key.pem").write_text("no key")
    service.spawn()
    eventually(service.has_ended, "the end")
    code, text = service.end()
    assert (78, f"empathd: {service.directory}/key.pem: has no private key in PEM form\n") == (code, text)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has files that others cannot read")
def test_a_key_of_root_serves_processes_that_are_not_root():
    """
    Programs that renew certificates write the key for root alone.
    """
    user = pwd.getpwnam("nobody")
    directory = Path(tempfile.mkdtemp(prefix="empathd-"))
    os.chown(directory, user.pw_uid, user.pw_gid)
    service = Secured(directory, f'[process]\nuser = "{user.pw_name}"\n')
    issued(NAME).write(directory)
    (directory / "key.pem").chmod(0o600)
    with guarded(directory):
        try:
            service.start()
            before = service.expiry()
            issued(NAME, days=60).write(directory)
            service.wait_for("certificates_changed")
            service.wait_for("reload_finished")
            service.wait_for("process_exited", slot="acceptor-1", generation=1)
            assert before != service.expiry()
        finally:
            service.clean_up()
            shutil.rmtree(directory)
