"""The keys of [dkim], from their files to the process that signs."""

import pytest

from empath.authentication.signer import Signer
from empath.config import load_config
from empath.daemon.process.shared_reader import SharedReader
from empath.daemon.process.signing import SigningKeys, examine_signing, signed_report, signer_of
from empath.daemon.process.tls_files import read_signing_files, tls_marks
from empath.errors import ConfigError, StorageFailure
from empath.storage.admin.dkim_keys import AddDkimKeys, BeginSigning, all_dkim_keys
from tests.authentication.kit import MESSAGE, NOW, judged, key
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue, write
from tests.kit.vectors import vectors

PRIVATE = vectors("dkim-signed")["private_keys"]
SIGN = '[dkim]\nkeys = "keys"\n[dkim.sign]\n"Example.COM" = ["r", "E"]\n'


@pytest.fixture
def read(tmp_path):
    """Reads a configuration whose keys are there."""

    def read(more=SIGN, **keys):
        folder = tmp_path / "keys"
        folder.mkdir(exist_ok=True)
        for selector, text in (PRIVATE | keys).items():
            file = folder / f"example.com.{selector}.key"
            file.write_text(text)
            file.chmod(0o600)
        (tmp_path / "empath.toml").write_text(configuration(2525, more))
        return load_config(tmp_path / "empath.toml")

    return read


def test_keys_are_read_from_their_files(read):
    """
    By domain and selector, in lower case.
    """
    config = read()
    files, findings = read_signing_files(config)
    assert [] == [*findings, *examine_signing(config)]
    signer = signer_of(config, files)
    assert "example.com:r example.com:e" == signer.selectors(["example.com"])
    before = tls_marks(config)
    (config.dkim.keys / "example.com.r.key").write_text("another")
    assert before != tls_marks(config), "a changed key is read without a reload"


def test_a_key_that_cannot_be_used_is_found(read):
    """
    By the service, which does not start with it, and by check.
    """
    config = read(r="no key")
    path = config.dkim.keys / "example.com.r.key"
    words = f"{path}: no private key in PEM without a password"
    with pytest.raises(ConfigError) as caught:
        signer_of(config, read_signing_files(config)[0])
    assert words == str(caught.value)
    assert [(("dkim", "sign", "example.com", 0), words, False)] == [*examine_signing(config)]


def test_a_key_without_a_file_and_one_that_others_can_read(read):
    """
    The first keeps the service from its start, the second is a warning.
    """
    config = read()
    (config.dkim.keys / "example.com.r.key").unlink()
    (config.dkim.keys / "example.com.e.key").chmod(0o644)
    [missing, readable] = examine_signing(config)
    assert f"{config.dkim.keys}/example.com.r.key cannot be read: No such file or directory" == missing.words
    assert ("can be read by every user" in readable.words, True) == (True, readable.is_warning)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[dkim.sign]\n"example.com" = ["r"]\n', "dkim.sign: needs keys, the directory of their files"),
        ('[dkim]\nkeys = "k"\n[dkim.sign]\n"example.com" = ["a_b"]\n', "not a selector: 'a_b'"),
        ('[dkim]\nkeys = "k"\n[dkim.sign]\n"a b" = ["r"]\n', "not a domain name: 'a b'"),
        ('[dkim]\nexpires = "1"\n', "dkim.expires"),
    ],
)
def test_a_table_that_cannot_be_used(read, more, words):
    """
    With the key that is wrong.
    """
    with pytest.raises(ConfigError, match=words):
        read(more)


def test_without_the_table_nothing_is_read(read):
    """
    Most hosts do not sign.
    """
    config = read("")
    assert (({}, []), []) == (read_signing_files(config), [*examine_signing(config)])
    assert not signer_of(config, {})


@pytest.fixture
def queue(tmp_path):
    """A queue with a key that signs."""
    queue = Queue(tmp_path / "queue.db")
    queue.run(AddDkimKeys("x.test", [("e", PRIVATE["e"].encode())], who="test", now=T0))
    queue.run(BeginSigning(all_dkim_keys(queue.engine), who="test"))
    queue.close()
    return queue


def test_keys_in_the_queue_join_those_of_files_within_a_second(queue):
    """
    They sign without a reload; whether they have changed is looked up once a second at most.
    """
    now = [100.0]
    keys = SigningKeys(
        Signer({"example.com": [("r", key("r"))]}), SharedReader(queue.engine.open_reader), lambda: now[0]
    )
    first = keys.signer()
    assert "example.com:r x.test:e" == first.selectors(["example.com", "x.test"])
    write(queue.path, "UPDATE dkim_key SET state = 'retired'")
    assert keys.signer() is first
    now[0] += 1.0
    assert "example.com:r" == keys.signer().selectors(["example.com"])
    write(queue.path, "UPDATE _dkim_key SET state = 'signing', private_key = 'spoilt', since = 5")
    now[0] += 1.0
    second = keys.signer()
    assert second
    now[0] += 1.0
    assert keys.signer() is second, "nothing has changed"


def test_the_last_keys_sign_while_the_queue_cannot_be_read(queue):
    """
    Mail goes its usual way.
    """

    def fails():
        raise StorageFailure("gone")

    files = Signer({"example.com": [("r", key("r"))]})
    assert SigningKeys(files, SharedReader(fails)).signer() is files


def test_a_file_comes_before_a_row_of_the_same_selector():
    """
    Only one of them is what the DNS has.
    """
    joined = Signer({"a.test": [("s", key("r"))]}).joined_by({"a.test": [("s", key("e")), ("t", key("e"))]})
    assert "a.test:s a.test:t" == joined.selectors(["a.test"])
    assert key("r").algorithm == joined.keys["a.test"][0][1].algorithm


def test_a_report_of_this_host_is_signed(queue):
    """
    If the domain of its From field has a key.
    """
    fields = signed_report(Signer({"example.com": [("r", key("r"))]}), MESSAGE, NOW)
    assert ["pass"] == [str(each.result) for each in judged(fields + MESSAGE)]
    assert b"" == signed_report(Signer({}), MESSAGE, NOW)
