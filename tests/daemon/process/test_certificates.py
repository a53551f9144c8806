"""The certificates of a configuration, as `empathd check` and `empath-admin doctor` see them."""

import os
import time

import pytest

from empath.config.load import parse_config
from empath.daemon.acceptor.expiry import report_expiry
from empath.daemon.process.certificates import diagnose_certificate, examine_certificates, server_tls
from empath.daemon.process.tls_files import keep_tls_files, kept_tls_files, read_tls_files, tls_marks
from empath.mail.identity import Timestamp
from empath.policy.health import Level
from empath.telemetry.occurrence import Emitter, Occurrence
from empath.telemetry.occurrences.acceptor import CertificateExpires
from tests.kit.certificates import TABLE, Pem, issued
from tests.kit.process import configuration

SNI = '[[tls.sni]]\nnames = ["*.example.net"]\ncertificate = "other-certificate.pem"\nkey = "other-key.pem"\n'


@pytest.fixture
def read(tmp_path):
    """Reads a configuration with these certificates, one with *tls* for its listener."""

    def read(days=90, tls="starttls"):
        issued("mx.example.test", days=days).write(tmp_path)
        issued("*.example.net").write(tmp_path, "other-")
        text = configuration(2525, TABLE + SNI).replace('role = "internal"', f'role = "internal"\ntls = "{tls}"')
        return parse_config(text.encode(), "empath.toml", str(tmp_path))

    return read


def test_files_reach_a_process_that_could_not_read_them(read, tmp_path):
    """
    The supervisor reads them as root, and they stay as they were read.
    """
    config = read()
    files, findings = read_tls_files(config)
    fd = keep_tls_files(files)
    assert fd is not None
    try:
        for path in tmp_path.glob("*.pem"):
            path.unlink()
        tls = server_tls(config, kept_tls_files(fd))
    finally:
        os.close(fd)
    assert [] == findings
    assert tls is not None
    assert [("mx.example.test",), ("*.example.net",)] == [each.names for each in tls.certificates]


def test_without_a_listener_that_speaks_tls_no_file_is_read(read, tmp_path):
    """
    A table that nothing uses needs no files, and costs nothing.
    """
    config = read(tls="none")
    (tmp_path / "key.pem").unlink()
    assert (({}, []), (), None) == (read_tls_files(config), tls_marks(config), keep_tls_files({}))
    assert server_tls(config, {}) is None
    assert ((), ()) == (examine_certificates(config).presented, examine_certificates(config).wrong)


def test_what_is_wrong_is_said_with_its_setting(read, tmp_path):
    """
    Each finding has a line of its own; the other certificates are examined all the same.
    """
    config = read(days=12)
    (tmp_path / "other-key.pem").unlink()
    found = examine_certificates(config)
    words = f"{tmp_path}/other-key.pem cannot be read: No such file or directory"
    assert [(("tls", "sni", 0, "key"), words, False)] == list(found.wrong)
    [warning] = found.expiring(time.time())
    assert (("tls", "certificate"), f"{tmp_path}/certificate.pem expires in 12 days; renew it", True) == warning
    Pem(issued("mx.example.test").certificate, issued("other.test").key).write(tmp_path, "other-")
    [mismatch] = examine_certificates(config).wrong
    assert (("tls", "sni", 0, "certificate"), "the key is not that of the certificate") == (
        mismatch.keys,
        mismatch.words.rpartition(": ")[2],
    )


def test_a_certificate_for_other_names_than_its_clients_ask_for_is_a_warning(read, tmp_path):
    """
    The service presents it all the same: its owner may have a certificate that lacks one name.
    """
    config = read()
    assert () == examine_certificates(config).wrong
    issued("a.example.net").write(tmp_path, "other-")
    [found] = examine_certificates(config).wrong
    words = (
        f"{tmp_path}/other-certificate.pem is for a.example.net, not for *.example.net; clients that check it go away"
    )
    assert (("tls", "sni", 0, "names", 0), words, True) == found


@pytest.mark.parametrize(("days", "level"), [(90, Level.OK), (12, Level.WARNING), (-1, Level.ERROR)])
def test_doctor_says_how_long_a_certificate_lasts(read, days, level):
    """
    The exit code of doctor is an error once it has expired.
    """
    _, certificate = examine_certificates(read(days)).presented[0]
    diagnosis = diagnose_certificate(certificate, time.time())
    assert (level, bool(diagnosis.remedy)) == (diagnosis.level, level is not Level.OK)


def test_the_log_has_a_line_for_each_certificate_that_must_be_renewed(read):
    """
    A person who never runs doctor reads it there.
    """
    emitted: list[Occurrence] = []
    emit = Emitter("acceptor-1", (lambda _, what: emitted.append(what),))
    certificates = [certificate for _, certificate in examine_certificates(read(days=3)).presented]
    report_expiry(certificates, emit, Timestamp(time.time()))
    [line] = emitted
    assert isinstance(line, CertificateExpires)
    assert ("mx.example.test", "expires in 3 days") == (line.names, line.state)
