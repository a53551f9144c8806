"""Settings of [tracing] that cannot work, or hardly do."""

import sys

import pytest

from empath.config.doubtful import doubts
from empath.config.load import load_config
from empath.config.workable.contradiction import located
from empath.config.workable.tracing import unusable_tracing
from empath.errors import ConfigError

_LEAST = """\
hostname = "mx.empath.dev"
postmaster = "admin@empath.dev"
queue.path = "queue.db"
listener = [{address = "127.0.0.1:2525", role = "internal"}]
[tracing]
"""


def read(tmp_path, text):
    """The configuration with *text* in [tracing]."""
    (tmp_path / "c.toml").write_text(_LEAST + text.replace("PLACE", str(tmp_path)))
    return load_config(tmp_path / "c.toml")


def found(tmp_path, text):
    """Line, key and words of each finding."""
    config = read(tmp_path, text)
    wrong = [*unusable_tracing(config), *(each for each in doubts(config) if each.keys[0] == "tracing")]
    file = tmp_path / "c.toml"
    return [line.removeprefix(f"{file}:") for line in located(file, wrong).splitlines()]


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("https://otlp.example/", "https://otlp.example/v1/traces"),
        ("https://otlp.example/v2/otlp", "https://otlp.example/v2/otlp"),
        ("http://[::1]:4318/", "http://[::1]:4318/v1/traces"),
        ("https://otlp.example?tenant=a/b", "https://otlp.example/v1/traces?tenant=a/b"),
        ("https://otlp.example/?tenant=a", "https://otlp.example/v1/traces?tenant=a"),
    ],
)
def test_a_url_without_a_path_gets_that_of_the_format(tmp_path, endpoint, url):
    """
    As programs with the SDK of OpenTelemetry do it.
    """
    config = read(tmp_path, f'endpoint = "{endpoint}"\nratio = 1\n')
    assert (url, 1.0) == (config.tracing.url, config.tracing.sampling.ratio)
    assert [] == found(tmp_path, f'endpoint = "{endpoint}"\n')
    assert "" == read(tmp_path, "").tracing.url


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('endpoint = "127.0.0.1:4318"', "endpoint: not a URL: '127.0.0.1:4318'"),
        ('endpoint = "https://user:pw@otlp.example"', "endpoint: not a URL"),
        ("ratio = 1.5", "ratio"),
        ('resource = { "Service Name" = "x" }', "not the name of an attribute: 'Service Name'"),
    ],
)
def test_a_mistake_is_named(tmp_path, text, words):
    """
    With the key, as in other tables.
    """
    with pytest.raises(ConfigError, match="tracing") as wrong:
        read(tmp_path, text)
    assert words in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ratio = 0.5", "5: tracing: nothing is traced without an endpoint"),
        (
            'endpoint = "http://192.0.2.1:4318"',
            "6: tracing.endpoint: senders and clients go to the collector in the clear",
        ),
        ('endpoint = "https://a.test"\nheaders_file = "none"', "7: tracing.headers_file: there is no file PLACE/none"),
        (
            'endpoint = "https://a.test"\nheaders_file = "headers"',
            "7: tracing.headers_file: PLACE/headers has no header field in line 2; write it as `Name: value`",
        ),
        ('endpoint = "https://a.test"\nca_file = "none"', "7: tracing.ca_file: there is no file PLACE/none"),
        (
            'endpoint = "https://a.test"\nheaders_file = "."',
            "7: tracing.headers_file: PLACE is a directory, and not a file",
        ),
        (
            'endpoint = "https://a.test"\nheaders_file = "own"',
            "7: tracing.headers_file: PLACE/own has Content-Length in line 1, which Empath writes itself",
        ),
        (
            'endpoint = "http://127.0.0.1:4317"',
            "6: tracing.endpoint: collectors take gRPC at port 4317, which Empath does not speak",
        ),
    ],
)
def test_what_cannot_be_used_is_found(tmp_path, text, words):
    """
    Before a process fails by it.
    """
    (tmp_path / "headers").write_text("A: b\nBearer abc\n")
    (tmp_path / "own").write_text("Content-Length: 3\n")
    [line] = found(tmp_path, text)
    assert line.startswith(words.replace("PLACE", str(tmp_path))), line


def test_a_missing_package_is_named_with_what_installs_it(tmp_path, monkeypatch):
    """
    The plain installation has no format of OpenTelemetry.
    """
    for name in [name for name in sys.modules if name.startswith("opentelemetry.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)  # as `import` sees what is not there
    config = read(tmp_path, 'endpoint = "https://a.test"')
    [wrong] = unusable_tracing(config)
    assert "pip install empath-mta[otlp]" in wrong.words
