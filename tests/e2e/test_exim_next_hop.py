"""
An Exim as Debian has it is the next host: TLS (by GnuTLS) with every demand, a login, DSN, and 8-bit content.

It needs root, and the package in .venv/debian, so `make interop` runs it and `make test` does not know it.
"""

import pytest

from tests.e2e.next_hop import CONTENT, LEVELS, NAME, Before
from tests.kit.certificates import authority, issued
from tests.kit.exim import Exim
from tests.kit.queue import select
from tests.kit.waiting import eventually

SETTINGS = """\
tls_advertise_hosts = *
tls_certificate = {directory}/certificate.pem
tls_privatekey = {directory}/key.pem
tls_try_verify_hosts = *
tls_verify_certificates = {directory}/ca.pem
"""


@pytest.fixture(scope="module")
def exim():
    server = Exim(SETTINGS)
    issued(NAME).write(server.directory)
    (server.directory / "ca.pem").write_bytes(authority().cert_pem.bytes())
    with server:
        yield server


@pytest.fixture(scope="module")
def empath(tmp_path_factory, exim):
    with Before(tmp_path_factory.mktemp("before-exim"), exim.port).running() as instance:
        yield instance


@pytest.mark.parametrize("chunking", [False, True])
def test_exim_gets_8_bit_content_and_what_the_client_asked_of_reports(empath, exim, chunking):
    """
    By DATA and by BDAT. Exim has DSN, so it reports, and this host does not.
    """
    empath.set_rule("chunking", str(chunking).lower())
    user = f"chunk{chunking}@x.test".lower()
    options = {
        "mail_options": ["BODY=8BITMIME", "RET=HDRS", "ENVID=QQ+2B314159"],
        "rcpt_options": ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;first@x.test"],
    }
    found = eventually(lambda: sent(empath, exim, user, options, chunking), "the mail")
    header, content = found
    assert content.replace(b"\r\n", b"\n") == CONTENT.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")
    assert b"Subject: caf\xc3\xa9\n" in header
    assert b"\n-dsn_envid QQ+2B314159\n-dsn_ret 2\n" in header
    assert f"\n{user} rfc822;first@x.test".encode() in header
    query = "SELECT count(*) FROM message WHERE listener = 'report'"
    assert [(0,)] == select(empath.queue, query)


def sent(empath, exim, user, options, chunking):
    """What Exim has of a new message that came in the way of the rule, which acts within a second."""
    empath.give("a@b.test", user, **options)
    eventually(lambda: [] == select(empath.queue, "SELECT 1 FROM queue WHERE recipient = ?", user), "its delivery")
    line = [line for line in exim.log().splitlines() if f"for {user}" in line][-1]
    if chunking != (" K " in line):
        return None
    return exim.stored(line.split()[2])


def test_exim_gets_addresses_that_are_not_ascii(empath, exim):
    """
    It offers SMTPUTF8.
    """
    empath.give("a@b.test", "jürgen@x.test", mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    [line] = eventually(lambda: [line for line in exim.log().splitlines() if "for jürgen@x.test" in line], "the mail")
    assert "P=utf8esmtps" in line


@pytest.mark.parametrize(("level", "outcome", "proof"), LEVELS)
def test_exim_takes_mail_as_each_level_demands(empath, exim, level, outcome, proof):
    """
    Exim sees the certificate of this host.
    """
    row = empath.attempt_under(level)
    assert (outcome, proof) == (row[0], row[4])
    assert (None if level == "none" else "TLSv1.3") == row[3]
    if outcome == "delivered" and level != "none":
        assert "X=TLS1.3" in exim.log().splitlines()[-1]


def test_a_login_goes_to_exim_inside_tls(empath, exim):
    """
    Exim offers AUTH there only.
    """
    assert "delivered" == empath.attempt_for("login.test")[0]
    assert "A=plain:relay" in exim.log().splitlines()[-1]
    assert "454 4.7.8 The host refuses our login: 535 Incorrect" == empath.refused_login()[5][:51]
