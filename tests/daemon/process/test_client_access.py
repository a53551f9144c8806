"""What this host shows to the hosts that mail goes to: its certificate, and its logins."""

import pytest

from empath.config import load_config
from empath.config.keys import dotted
from empath.config.workable.check import contradictions
from empath.daemon.process.client_access import client_access, examine_client_access
from empath.daemon.process.tls_files import keep_tls_files, kept_tls_files, read_client_files, tls_marks
from empath.errors import ConfigError
from empath.mail.protocol import Protocol
from empath.policy.hosts.search import Host, socket_host
from empath.policy.routing import SocketRoute
from empath.smtp.sasl.mechanisms import Mechanism
from tests.kit.certificates import authority, issued, self_signed
from tests.kit.process import configuration

CREDENTIALS = '[credentials."relay.test"]\nusername = "me"\npassword_file = "secret"\n'


@pytest.fixture
def make(tmp_path):
    """Makes a configuration next to a password, a certificate and an authority."""
    issued("me.test").write(tmp_path)
    (tmp_path / "ca.pem").write_bytes(authority().cert_pem.bytes())
    (tmp_path / "secret").write_text("pass word\n")

    def config(text):
        file = tmp_path / "empath.toml"
        file.write_text(configuration(2525, text))
        return load_config(file)

    return config


def access(config):
    files, findings = read_client_files(config)
    assert [] == findings
    return client_access(config, files)


@pytest.mark.parametrize(
    ("key", "name", "port", "found"),
    [
        ("relay.test", "relay.test", 25, True),
        ("Relay.Test", "relay.test", 587, True),
        ("relay.test:587", "relay.test", 587, True),
        ("relay.test:587", "relay.test", 25, False),
        ("other.test", "relay.test", 25, False),
        ("192.0.2.1", "192.0.2.1", 25, True),
        ("[2001:db8::1]:587", "2001:db8::1", 587, True),
        ("[2001:db8::1]", "2001:db8::1", 25, True),
    ],
)
def test_a_login_is_for_a_host_as_its_route_names_it(make, key, name, port, found):
    config = make(CREDENTIALS.replace("relay.test", key))
    login = access(config).login_of(Host(name, name if ":" in name else "192.0.2.1", port))
    assert found == (login is not None)
    if login is not None:
        assert ("me", "pass word", False) == (login.login.username, login.login.password, login.may_go_in_clear)


def test_the_port_is_more_exact_than_the_host(make):
    second = CREDENTIALS.replace("relay.test", "relay.test:587").replace('"me"', '"you"')
    logins = access(make(CREDENTIALS + second))
    assert ["me", "you"] == [
        login.login.username for port in (25, 587) if (login := logins.login_of(Host("relay.test", "192.0.2.1", port)))
    ]


def test_an_exchanger_gets_no_login(make):
    """
    The owner of a domain could name the host of a route.
    """
    logins = access(make(CREDENTIALS))
    assert logins.login_of(Host("relay.test", "192.0.2.1", 25, preference=10)) is None
    assert logins.login_of(socket_host(SocketRoute("/run/relay.test", Protocol.SMTP))) is None


@pytest.mark.parametrize(("address", "is_set", "may"), [("127.0.0.1", False, True), ("192.0.2.1", True, True)])
def test_a_login_may_go_in_the_clear_over_loopback_or_if_a_setting_says_so(make, address, is_set, may):
    login = access(make(CREDENTIALS + "in_clear = true" * is_set)).login_of(Host("relay.test", address, 25))
    assert login is not None
    assert may == login.may_go_in_clear


def test_mechanisms_are_those_of_a_client(make):
    config = make(CREDENTIALS + 'mechanisms = ["PLAIN"]')
    assert (Mechanism.PLAIN,) == config.credentials["relay.test"].mechanisms
    with pytest.raises(ConfigError, match="not a mechanism of a client: 'XOAUTH2'"):
        make(CREDENTIALS + 'mechanisms = ["XOAUTH2"]')


@pytest.mark.parametrize("key", ["", "a b", "relay.test:0", "relay.test/x", "user@relay.test"])
def test_a_key_that_no_route_can_name_is_refused(make, key):
    with pytest.raises(ConfigError, match="credentials"):
        make(CREDENTIALS.replace("relay.test", key))


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "the password is empty"),
        (b"one\ntwo\n", "the password needs one line"),
        (b"\xff\n", "the password is not UTF-8"),
        (b"a\tb\n", "the password has a control character"),
    ],
)
def test_a_file_without_a_password_is_found(make, tmp_path, octets, words):
    (tmp_path / "secret").write_bytes(octets)
    config = make(CREDENTIALS)
    [finding] = examine_client_access(config)
    assert ('credentials."relay.test".password_file', False) == (dotted(finding.keys), finding.is_warning)
    assert words in finding.words
    with pytest.raises(ConfigError, match=words):
        access(config)


CLIENT = '[tls.client]\ncertificate = "certificate.pem"\nkey = "key.pem"\nca = "ca.pem"\n'


def test_a_certificate_and_authorities_are_read(make):
    config = make(CLIENT)
    assert [] == examine_client_access(config)
    tls = access(config).tls
    assert 1 == len(tls.verified.get_ca_certs())


@pytest.mark.parametrize(("file", "key"), [("certificate.pem", "certificate"), ("key.pem", "key"), ("ca.pem", "ca")])
def test_a_file_that_cannot_be_used_is_found(make, tmp_path, file, key):
    (tmp_path / file).write_text("nothing")
    config = make(CLIENT)
    assert [f"tls.client.{key}"] == [dotted(finding.keys) for finding in examine_client_access(config)]
    (tmp_path / file).unlink()
    assert [f"tls.client.{key}"] == [dotted(finding.keys) for finding in examine_client_access(config)]


def test_a_key_of_another_certificate_is_found(make, tmp_path):
    (tmp_path / "key.pem").write_bytes(self_signed("me.test").key)
    [finding] = examine_client_access(make(CLIENT))
    assert "the key is not that of the certificate" in finding.words


@pytest.mark.parametrize("given", ["certificate", "key"])
def test_a_certificate_needs_its_key(make, given):
    other = {"certificate": "key", "key": "certificate"}[given]
    config = make(f'[tls.client]\n{given} = "{given}.pem"\n')
    assert [(("tls", "client", given), f"needs {other}, which is not set")] == [
        (each.keys, each.words) for each in contradictions(config)
    ]


def test_files_reach_the_process_as_they_were_read(make, tmp_path):
    """
    The supervisor reads them as root, and a worker need not be able to.
    """
    config = make(CLIENT + CREDENTIALS)
    files, _ = read_client_files(config)
    fd = keep_tls_files(files)
    assert fd is not None
    assert files == kept_tls_files(fd)
    before = tls_marks(config)
    (tmp_path / "secret").write_text("another\n")
    assert before != tls_marks(config)
