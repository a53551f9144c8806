"""
A Postfix as Debian has it is the next host: mail goes to it inside TLS, with every demand, and with a login.

It needs the Postfix of the host, and root, so `make interop` runs it and `make test` does not know it.
"""

import hashlib
import smtplib
import ssl
from itertools import count

import pytest

from tests.kit.certificates import authority, issued
from tests.kit.dovecot import Dovecot
from tests.kit.postfix import Postfix
from tests.kit.process import Empathd
from tests.kit.queue import select, write
from tests.kit.waiting import DEADLINE_S, eventually

SETTINGS = """
smtpd_tls_security_level = may
smtpd_tls_chain_files = {directory}/both.pem
smtpd_tls_CAfile = {directory}/ca.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_loglevel = 1
smtpd_recipient_restrictions = check_recipient_access static:HOLD, permit_mynetworks
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = ../dovecot/run/auth-client
smtpd_tls_auth_only = yes
"""
CLIENT = """
[credentials."localhost"]
username = "relay"
password_file = "secret"
[tls.client]
certificate = "certificate.pem"
key = "key.pem"
ca = "ca.pem"
[retry]
base = "1h"
"""
NAME = "127.0.0.1"


@pytest.fixture(scope="module")
def postfix(tmp_path_factory):
    directory = tmp_path_factory.mktemp("of-postfix")
    pem = issued(NAME)
    (directory / "both.pem").write_bytes(pem.key + pem.certificate)
    (directory / "ca.pem").write_bytes(authority().cert_pem.bytes())
    with Postfix(SETTINGS.format(directory=directory)) as running:
        with Dovecot(running.directory / "dovecot", {"relay": "pencil"}) as dovecot:
            dovecot.socket.chmod(0o666)
            for folder in (running.directory / "dovecot", dovecot.socket.parent):
                folder.chmod(0o755)
            yield running


@pytest.fixture(scope="module")
def empath(tmp_path_factory, postfix):
    directory = tmp_path_factory.mktemp("before-postfix")
    issued("me.example.test").write(directory)
    (directory / "ca.pem").write_bytes(authority().cert_pem.bytes())
    (directory / "secret").write_text("pencil\n")
    routes = f'"*" = "smtp://{NAME}:{postfix.port}"\n"login.test" = "smtp://localhost:{postfix.port}"'
    instance = Empathd(directory, CLIENT, routes=routes)
    try:
        instance.start()
        yield instance
        assert 0 == instance.stop()
    finally:
        instance.clean_up()


def attempt_for(empath, domain="x.test"):
    """Outcome, stage and TLS of the attempt for a new message."""
    recipient = f"user{next(NUMBERS)}@{domain}"
    with smtplib.SMTP("127.0.0.1", empath.port, timeout=DEADLINE_S) as client:
        client.sendmail("a@b.test", [recipient], b"Subject: x\r\n\r\ntext\r\n")
    query = "SELECT outcome, stage, tls_policy, tls_version, tls_peer, text FROM attempt WHERE recipient = ?"
    return eventually(lambda: select(empath.queue, query, recipient), "the attempt")[-1]


NUMBERS = count(1)
DIGEST = hashlib.sha256(
    ssl.PEM_cert_to_DER_cert(issued(NAME).certificate.decode().partition("-----END")[0] + "-----END CERTIFICATE-----")
).hexdigest()


@pytest.mark.parametrize(
    ("level", "outcome", "proof"),
    [
        ("may", "delivered", None),
        ("encrypt", "delivered", None),
        ("verify", "delivered", f"certificate for {NAME}"),
        (f"fingerprint:SHA256:{DIGEST}", "delivered", f"fingerprint SHA256:{DIGEST}"),
        ("none", "delivered", None),
        # Last: the failure opens the breaker of the destination.
        (f"fingerprint:SHA256:{'00' * 32}", "deferred", None),
    ],
)
def test_postfix_takes_mail_as_each_level_demands(empath, postfix, level, outcome, proof):
    """
    The level is a row, which acts within a second. Postfix sees the certificate of this host.
    """
    target = f"smtp:{NAME}:{postfix.port}"
    write(empath.queue, "DELETE FROM destination_rule WHERE setting = 'tls'")
    write(empath.queue, "INSERT INTO destination_rule (pattern, setting, value) VALUES (?, 'tls', ?)", target, level)
    row = eventually(lambda: in_force(empath, level), "the rule")
    assert (outcome, proof) == (row[0], row[4])
    assert (None if level == "none" else "TLSv1.3") == row[3]
    if level != "none":
        assert "Trusted TLS connection established from localhost[127.0.0.1]: TLSv1.3" in postfix.log()


def in_force(empath, level):
    """An attempt that was made under *level*: one may come before the rule acts."""
    row = attempt_for(empath)
    [(rule,)] = select(empath.queue, "SELECT max(rule_id) FROM _destination_rule")
    return row if row[2].startswith(f"{level.partition(':')[0]} by rule {rule} ") else None


def test_a_login_goes_to_postfix_inside_tls(empath, postfix):
    """
    Postfix offers AUTH there only. A wrong password defers the mail; the right one is read without a reload.
    """
    assert "delivered" == attempt_for(empath, "login.test")[0]
    assert "sasl_method=PLAIN, sasl_username=relay" in postfix.log()
    (empath.directory / "new").write_text("pen")
    (empath.directory / "new").rename(empath.directory / "secret")
    empath.wait_for("reload_finished")
    row = eventually(lambda: refused(empath), "the login that is refused")
    assert "454 4.7.8 The host refuses our login: 535 5.7.8 Error" == row[5][:53]
    assert "localhost" == empath.wait_for("login_refused")["host"]


def refused(empath):
    """An attempt of a worker that has the new password: one that drains may take the mail before."""
    row = attempt_for(empath, "login.test")
    return row if ("deferred", "auth") == row[:2] else None
