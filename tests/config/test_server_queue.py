"""A queue in a server: its URL, and what does not work with it yet."""

from pathlib import Path

import pytest

from empath.config.load import load_config
from empath.config.model import Config
from empath.config.workable.contradiction import located
from empath.config.workable.server_queue import (
    OTHERS,
    SETTINGS,
    VERBS,
    refusal_of_verb,
    unbuilt_settings,
    unbuilt_words,
)
from empath.errors import ConfigError

LEAST = """\
hostname = "mx.example.org"
postmaster = "admin@example.org"
listener = [{address = "127.0.0.1:2525"}]
"""
URL = "postgresql://empath@db1.example/empath?sslmode=verify-full"


def read(place: Path, queue: str, more: str = "") -> Config:
    """The configuration with *queue* in the table [queue], from line 6."""
    file = place / "c.toml"
    file.write_text(f'{LEAST}[queue]\npath = "queue.db"\n{queue}\n{more}')
    return load_config(file)


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ('url = "mysql://a/b"', "6: queue.url: must begin with postgresql://"),
        ('url = "postgresql:/a/b"', "6: queue.url: must begin with postgresql://"),
        ('url = "postgresql://[::1/b"', "6: queue.url: not a URL; it has the form"),
        ('url = "postgresql://u:secret@a/b"', "6: queue.url: has a password"),
        ('url = "postgresql://u@a/b?password=secret"', "6: queue.url: has a password"),
        ("replicas = -1", "6: queue.replicas: "),
    ],
)
def test_a_mistake_in_the_url_is_named_without_its_password(tmp_path: Path, queue: str, words: str) -> None:
    """
    The line goes to a log that more people read than a password should.
    """
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, queue)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("queue", [f'url = "{URL}"', 'url = "postgres:///empath?host=/run/postgresql&passfile=/etc/p"'])
def test_a_url_of_libpq_is_taken_as_it_is(tmp_path: Path, queue: str) -> None:
    """
    Hosts, sockets, certificates and files of passwords are libpq's to read.
    """
    config = read(tmp_path, queue)
    assert config.queue.url is not None
    assert config.queue.url in queue
    assert 1 == config.queue.replicas


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[http]\naddress = "127.0.0.1:8025"\n', "http: with [queue] url, the API and the console are not built"),
        ("[greylist]\nenabled = true\n", "greylist.enabled: with [queue] url, is not built for PostgreSQL yet"),
        ("[track]\nkeep = true\n", "track.keep: with [queue] url, is not built for PostgreSQL yet"),
        (
            '[dmarc_reports]\nreceive = ["d@example.org"]\n',
            "dmarc_reports.receive: with [queue] url, reports of others are not kept",
        ),
    ],
)
def test_a_setting_that_is_not_built_is_a_finding(tmp_path: Path, more: str, words: str) -> None:
    """
    Else a webhook that never gets an event would look like a quiet day.
    """
    found = [*unbuilt_settings(read(tmp_path, f'url = "{URL}"', more))]
    assert words in located(tmp_path / "c.toml", found)
    assert [] == [*unbuilt_settings(read(tmp_path, "", more))]


def test_all_that_is_not_built_is_listed(tmp_path: Path) -> None:
    """
    Who thinks of PostgreSQL reads the list first; a queue in a file has none.
    """
    server, file = read(tmp_path, f'url = "{URL}"'), read(tmp_path, "")
    assert len(SETTINGS) + len(VERBS) + len(OTHERS) == len(unbuilt_words(server))
    assert [] == unbuilt_words(file)
    assert "`empath-admin plan` is not built for a queue in PostgreSQL yet" in str(refusal_of_verb(server, "plan"))
    assert (None, None) == (refusal_of_verb(server, "list"), refusal_of_verb(file, "plan"))
