"""Files of secrets, from the configuration to the process that uses them."""

import pytest

from empath.config import load_config
from empath.config.workable.check import contradictions
from empath.daemon.process.secrets import examine_secrets, forwarder_of, secrets_of
from empath.daemon.process.tls_files import read_signing_files, tls_marks, unusable_secrets
from empath.errors import ConfigError
from empath.mail.address import ReversePath
from tests.kit.process import configuration

SRS = '[srs]\ndomain = "srs.example"\nsecrets_file = "srs.secrets"\n'


@pytest.fixture
def read(tmp_path):
    """Reads a configuration whose file of secrets has *text*, None: is not there."""

    def read(text="a secret of this host\n", more=SRS):
        file = tmp_path / "srs.secrets"
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(text)
            file.chmod(0o600)
        (tmp_path / "empath.toml").write_text(configuration(2525, more))
        return load_config(tmp_path / "empath.toml")

    return read


def test_a_process_forwards_by_the_secrets_of_the_file(read, tmp_path):
    config = read()
    files, findings = read_signing_files(config)
    assert [] == [*findings, *examine_secrets(config)]
    forwarder = forwarder_of(config, secrets_of(config, files))
    assert forwarder is not None
    assert str(forwarder.sender(ReversePath.parse("a@far.example"), 0.0)).endswith("=far.example=a@srs.example")
    assert forwarder.sender(ReversePath.parse(f"a@{config.hostname}"), 0.0) is None
    before = tls_marks(config)
    (tmp_path / "srs.secrets").write_text("another one of this host")
    assert before != tls_marks(config), "a changed file is read without a reload"


def test_nothing_is_read_where_nothing_is_set(read):
    config = read(more="")
    assert ({}, []) == read_signing_files(config)
    assert forwarder_of(config, secrets_of(config, {})) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        ("# none\n", "has no secret in it; `openssl rand -hex 32` makes one"),
        ("short\n", "has a secret of less than 16 characters; `openssl rand -hex 32` makes one"),
    ],
)
def test_a_file_that_cannot_be_used_is_found_in_one_line(read, tmp_path, text, words):
    """
    By check, and by the service, which does not start with it and keeps the old ones at a reload.
    """
    config = read(text)
    assert [(("srs", "secrets_file"), f"{tmp_path / 'srs.secrets'} {words}", False)] == [*examine_secrets(config)]
    if text is not None:
        files, _ = read_signing_files(config)
        assert 1 == len([*unusable_secrets(config, files)])
        with pytest.raises(ConfigError):
            secrets_of(config, files)


def test_a_file_that_everybody_can_read_is_a_warning(read, tmp_path):
    config = read()
    (tmp_path / "srs.secrets").chmod(0o644)
    [(keys, words, is_warning)] = examine_secrets(config)
    assert (("srs", "secrets_file"), True) == (keys, is_warning)
    assert words.endswith("can be read by every user of this machine, who can send mail through it; chmod 600")


@pytest.mark.parametrize("line", ['domain = "srs.example"', 'secrets_file = "x"'])
def test_one_setting_needs_the_other(read, line):
    found = [each for each in contradictions(read(more=f"[srs]\n{line}\n")) if each.keys[0] == "srs"]
    assert [True] == ["needs" in each.words for each in found]
