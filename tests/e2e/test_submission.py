"""Submission by the programs that people use, with each mechanism that they know, and each back end."""

import base64
import json
import shutil
import smtplib
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs

import pytest

from tests.kit.certificates import TABLE, authority, client, issued
from tests.kit.dovecot import PROGRAM, Dovecot
from tests.kit.process import Empathd, free_port
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S

ALICE, DORA, OLGA = "alice@example.org", "dora@example.org", "olga@example.org"
PASSWORD = "pencil"
GIT_SEND_EMAIL = Path("/usr/lib/git-core/git-send-email")
TOKEN = "vF9d.ft4qmT=="
MESSAGE = f"From: {ALICE}\nTo: b@elsewhere.test\nBcc: c@elsewhere.test\nSubject: x\n\ntext\n"
PATCH = f"""From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: Alice <{ALICE}>
Date: Mon, 1 Jan 2024 00:00:00 +0000
Subject: [PATCH] x

text
---
--
2.39
"""
SETTINGS = """
[relay]
networks = ["192.0.2.0/24"]
[auth]
backends = ["accounts", "dovecot:{dovecot}", "oidc:http://127.0.0.1:{endpoint}/introspect"]
mechanisms = ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "OAUTHBEARER", "XOAUTH2"]
oidc_client = "empath"
oidc_secret_file = "secret"
failures_per_client = "1000/1m"
failure_delay = "1ms"
[[listener]]
address = "127.0.0.1:{port}"
role = "submission"
tls = "starttls"
"""


class Endpoint(BaseHTTPRequestHandler):
    """An introspection endpoint that knows one token."""

    asked: ClassVar[list[str]] = []

    def do_POST(self):
        """RFC 7662 §2.1: the server has to prove that it may ask."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        [token] = form["token"]
        self.asked.append(token)
        is_known = self.headers["Authorization"] == "Basic " + base64.b64encode(b"empath:s3cret").decode()
        answer = {"active": True, "username": OLGA} if token == TOKEN else {"active": False}
        body = json.dumps(answer).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A running server where Alice has an account, Dora one of Dovecot's, and Olga a token."""
    directory = tmp_path_factory.mktemp("submission")
    endpoint = HTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    port = free_port()
    home = directory / "empath"
    dovecot = Dovecot(directory / "dovecot", {DORA: PASSWORD})
    settings = SETTINGS.format(dovecot=dovecot.socket, endpoint=endpoint.server_port, port=port)
    instance = Empathd(home, settings + TABLE)
    issued("localhost", "127.0.0.1").write(home)
    (home / "ca.pem").write_bytes(authority().cert_pem.bytes())
    (home / "secret").write_text("s3cret\n")
    (home / "message.txt").write_text(MESSAGE)
    (home / "x.patch").write_text(PATCH)
    subprocess.run(["git", "init", "-q", str(home / "repository")], check=True)
    instance.port = port
    try:
        if PROGRAM is not None:
            dovecot.__enter__()
        instance.start()
        program = STARTER.words("empath.cli.admin.__main__")
        command = [*program, "-c", str(instance.config), "account", "add", ALICE]
        subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)
        yield instance
        assert 0 == instance.stop()
    finally:
        instance.clean_up()
        endpoint.shutdown()
        endpoint.server_close()
        if PROGRAM is not None:
            dovecot.__exit__()


def swaks(server, mechanism):
    words = ["swaks", "--server", f"127.0.0.1:{server.port}", "--tls", "--auth", mechanism]
    return [*words, "-au", ALICE, "-ap", PASSWORD, "-f", ALICE, "-t", "b@elsewhere.test"]


def msmtp(server, mechanism):
    words = ["msmtp", "--file=/dev/null", "--host=localhost", f"--port={server.port}", "--tls=on", "--tls-starttls=on"]
    user, secret = (OLGA, TOKEN) if mechanism in ("oauthbearer", "xoauth2") else (ALICE, PASSWORD)
    words += [f"--tls-trust-file={server.directory}/ca.pem", f"--auth={mechanism}", f"--user={user}"]
    return [*words, f"--passwordeval=echo {secret}", f"--from={user}", "b@elsewhere.test"]


def curl(server, mechanism):
    words = ["curl", "-sS", "--ssl-reqd", "--cacert", f"{server.directory}/ca.pem", f"smtp://localhost:{server.port}/c"]
    if mechanism == "OAUTHBEARER":
        words += ["--user", f"{OLGA}:", "--oauth2-bearer", TOKEN, "--mail-from", OLGA]
    else:
        words += ["--user", f"{ALICE}:{PASSWORD}", "--mail-from", ALICE]
    words += ["--login-options", f"AUTH={mechanism}", "--mail-rcpt", "b@elsewhere.test"]
    return [*words, "-T", f"{server.directory}/message.txt"]


def git(server, mechanism):
    trust = f"sendemail.smtpSslCertPath={server.directory}/ca.pem"
    words = ["git", "-C", f"{server.directory}/repository", "-c", trust]
    words += ["send-email", "--smtp-server=localhost", f"--smtp-server-port={server.port}", "--smtp-encryption=tls"]
    words += [f"--smtp-user={ALICE}", f"--smtp-pass={PASSWORD}", f"--smtp-auth={mechanism}", f"--from={ALICE}"]
    return [*words, "--to=b@elsewhere.test", "--confirm=never", "--quiet", f"{server.directory}/x.patch"]


@pytest.mark.parametrize(
    ("make", "mechanism", "account"),
    [
        (swaks, "PLAIN", ALICE),
        (swaks, "LOGIN", ALICE),
        (msmtp, "plain", ALICE),
        (msmtp, "login", ALICE),
        (msmtp, "scram-sha-256", ALICE),
        (msmtp, "oauthbearer", OLGA),
        (msmtp, "xoauth2", OLGA),
        (curl, "PLAIN", ALICE),
        (curl, "LOGIN", ALICE),
        (curl, "OAUTHBEARER", OLGA),
        (git, "PLAIN", ALICE),
    ],
)
def test_a_program_submits(server, make, mechanism, account):
    """
    Done when: each with each mechanism that it knows. The account is on the message, and no secret is in the log.
    """
    command = make(server, mechanism)
    if shutil.which(command[0]) is None or (make is git and not GIT_SEND_EMAIL.exists()):
        pytest.skip(f"no {make.__name__}")
    before = len(server.named("accepted"))
    done = subprocess.run(
        command, input=MESSAGE, text=True, capture_output=True, timeout=DEADLINE_S, check=False, cwd=server.directory
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    accepted = server.named("accepted")[before:]
    assert [(account, True)] == [(line["account"], line["tls_version"].startswith("TLSv1")) for line in accepted]
    assert mechanism.upper() == server.named("login_succeeded")[-1]["mechanism"]
    log = server.log.read_text()
    assert PASSWORD not in log
    assert TOKEN not in log


@pytest.mark.skipif(PROGRAM is None, reason="no dovecot")
def test_dovecot_proves_a_password(server):
    """
    By its own protocol. A name that it does not know, or another password, is 535 as ever.
    """
    with smtplib.SMTP("127.0.0.1", server.port, timeout=DEADLINE_S) as session:
        session.starttls(context=unchecked())
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            session.login(DORA, "pen")
        assert (535, b"5.7.8 Authentication credentials invalid") == (refused.value.smtp_code, refused.value.smtp_error)
        assert 235 == session.login(DORA, PASSWORD)[0]
        session.sendmail(DORA, ["b@elsewhere.test"], MESSAGE)
        with pytest.raises(smtplib.SMTPSenderRefused) as sender:
            session.sendmail(ALICE, ["b@elsewhere.test"], MESSAGE)
        assert 553 == sender.value.smtp_code


def test_the_endpoint_is_asked_once_for_a_token_while_its_answer_holds(server):
    """
    A busy client logs in for each mail.
    """
    other = base64.b64encode(b"n,,\x01auth=Bearer other\x01\x01").decode()
    for _ in range(2):
        with smtplib.SMTP("127.0.0.1", server.port, timeout=DEADLINE_S) as session:
            session.starttls(context=unchecked())
            session.ehlo()
            assert 334 == session.docmd("AUTH", f"OAUTHBEARER {other}")[0]
            assert 535 == session.docmd("AQ==")[0]
    assert 1 == Endpoint.asked.count("other")


def test_auth_is_absent_before_tls_and_state_is_forgotten_after(server):
    """
    C3, C4. Channel binding is offered within TLS only.
    """
    with smtplib.SMTP("127.0.0.1", server.port, timeout=DEADLINE_S) as session:
        session.ehlo()
        assert not session.has_extn("auth")
        assert 502 == session.docmd("AUTH", "PLAIN")[0]
        session.starttls(context=unchecked())
        session.ehlo()
        assert "SCRAM-SHA-256-PLUS" in session.esmtp_features["auth"]
        assert 530 == session.docmd("MAIL", f"FROM:<{ALICE}>")[0]


def unchecked():
    """The context of a client that trusts any name of the authority."""
    context = client()
    context.check_hostname = False
    return context
