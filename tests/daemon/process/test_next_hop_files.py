"""Files and addresses that the configuration names for next hops, and that cannot be used."""

import pytest

from empath.config.load import load_config
from empath.daemon.process.next_hop_files import examine_next_hops
from tests.kit.certificates import authority
from tests.kit.process import configuration

EVENTS = '[events.webhooks."a"]\nurl = "https://a.test/"\n'
HOOK = '[webhooks."a"]\nurl = "https://a.test/"\n'


@pytest.fixture
def examined(tmp_path):
    """Gives the findings for a configuration next to authorities, an empty file, and a secret."""
    (tmp_path / "ca.pem").write_bytes(authority().cert_pem.bytes())
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "secret").write_text("secret\n")

    def findings(text):
        (tmp_path / "empath.toml").write_text(configuration(2525, text))
        return examine_next_hops(load_config(tmp_path / "empath.toml"))

    return findings


@pytest.mark.parametrize(
    ("text", "keys", "words"),
    [
        (f'{HOOK}ca_file = "secret"\n', ("webhooks", "a", "ca_file"), "has no certificates in PEM form"),
        (f'{HOOK}ca_file = "empty"\n', ("webhooks", "a", "ca_file"), "has no certificates in PEM form"),
        (
            '[tracing]\nendpoint = "https://a.test"\nca_file = "secret"\n', ("tracing", "ca_file"),
            "has no certificates in PEM form",
        ),
        (
            f'{EVENTS}ca_file = "secret"\n', ("events", "webhooks", "a", "ca_file"),
            "has no certificates in PEM form",
        ),
        (
            f'{EVENTS}secret_file = "empty"\n', ("events", "webhooks", "a", "secret_file"),
            "is empty, so no request can be signed",
        ),
        (f'{HOOK}secret_file = "empty"\n', ("webhooks", "a", "secret_file"), "is empty, so no request can be signed"),
        (
            '[sources."p"]\naddresses = ["127.0.0.1", "192.0.2.1"]\n', ("sources", "p", "addresses", 1),
            "this machine does not have 192.0.2.1, so connections from it fail",
        ),
        (
            '[sources."p"]\naddresses = ["2001:db8::1"]\n', ("sources", "p", "addresses", 0),
            "this machine does not have 2001:db8::1",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_found(examined, text, keys, words):
    """
    Otherwise the first mail finds it, and waits.
    """
    [finding] = examined(text)
    assert (keys, keys[0] == "sources") == (finding.keys, finding.is_warning)
    assert words in finding.words


@pytest.mark.parametrize(
    "text",
    [
        f'{HOOK}ca_file = "ca.pem"\nsecret_file = "secret"\n',
        f'{EVENTS}ca_file = "ca.pem"\nsecret_file = "secret"\n',
        f'{HOOK}ca_file = "gone"\nsecret_file = "gone"\n',  # of another check
        '[sources."p"]\naddresses = ["127.0.0.1", "127.0.0.2"]\n',
    ],
)
def test_what_can_be_used_is_no_finding(examined, text):
    assert [] == examined(text)
