"""
A Postfix as Debian has it is the next host: mail goes to it inside TLS, with every demand, and with a login.

It needs the Postfix of the host, and root, so `make interop` runs it and `make test` does not know it.
"""

import pytest

from tests.e2e.next_hop import LEVELS, NAME, Before
from tests.kit.certificates import authority, issued
from tests.kit.dovecot import Dovecot
from tests.kit.postfix import Postfix

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
    with Before(tmp_path_factory.mktemp("before-postfix"), postfix.port).running() as instance:
        yield instance


@pytest.mark.parametrize(("level", "outcome", "proof"), LEVELS)
def test_postfix_takes_mail_as_each_level_demands(empath, postfix, level, outcome, proof):
    """
    The level is a row, which acts within a second. Postfix sees the certificate of this host.
    """
    row = empath.attempt_under(level)
    assert (outcome, proof) == (row[0], row[4])
    assert (None if level == "none" else "TLSv1.3") == row[3]
    if level != "none":
        assert "Trusted TLS connection established from localhost[127.0.0.1]: TLSv1.3" in postfix.log()


def test_a_login_goes_to_postfix_inside_tls(empath, postfix):
    """
    Postfix offers AUTH there only. A wrong password defers the mail; the right one is read without a reload.
    """
    assert "delivered" == empath.attempt_for("login.test")[0]
    assert "sasl_method=PLAIN, sasl_username=relay" in postfix.log()
    row = empath.refused_login()
    assert "454 4.7.8 The host refuses our login: 535 5.7.8 Error" == row[5][:53]
    assert "localhost" == empath.wait_for("login_refused")["host"]
