"""A configuration as the queue keeps it: no secrets, and each setting with its value, its default and its origin."""

import json
import tomllib

import pytest

from empath.config.differences import Difference
from empath.config.load import parse_config
from empath.config.revision import effective_settings, revision_text, text_differences
from empath.policy.credentials import MASK

TEXT = """\
hostname = "mx.example.test"
postmaster = "admin@example.test"
queue.path = "queue.db"
[[listener]]
address = "127.0.0.1:2525"
role = "internal"
[delivery]
workers = 3
[routes]
"a.example" = "smtp://192.0.2.1"
[modules.score]
import = "score"
api_key = "K1"
url = "https://me:pw@scores.example/"
levels = [1, 2]
"""


def settings_of(text: str) -> dict[str, tuple[str | None, str | None, str]]:
    config = parse_config(text.encode(), "empath.toml", "/srv")
    found = effective_settings(config, text.encode(), "empath.toml")
    return {each.name: (each.value, each.default_value, each.source) for each in found}


def revision(text: str) -> str:
    return revision_text(parse_config(text.encode(), "empath.toml", "/srv"))


def test_each_setting_has_its_value_its_default_and_its_origin():
    """
    A person sees at a glance what the file changes, and where.
    """
    found = settings_of(TEXT)
    assert ("3", found["delivery.workers"][1], "empath.toml:8") == found["delivery.workers"]
    assert found["delivery.workers"][1] not in ("3", None)
    assert ("mx.example.test", None, "empath.toml:1") == found["hostname"]
    assert ("/srv/queue.db", None, "empath.toml:3") == found["queue.path"]
    assert ("internal", None, "empath.toml:6") == found['listener."127.0.0.1:2525".role']
    assert ("smtp://192.0.2.1:25", None, "empath.toml:10") == found['routes."a.example"']
    assert "default" == found["retention.delivered"][2]
    assert found["retention.delivered"][0] == found["retention.delivered"][1]


def test_secrets_are_masked():
    """
    Who may read the queue need not know them.
    """
    text = revision(TEXT)
    assert [] == [secret for secret in ("K1", "me:pw") if secret in text]
    module = tomllib.loads(text)["modules"]["score"]
    assert (MASK, f"https://{MASK}@scores.example/", [1, 2]) == (module["api_key"], module["url"], module["levels"])
    assert MASK == settings_of(TEXT)["modules.score.api_key"][0]
    assert [1, 2] == json.loads(settings_of(TEXT)["modules.score.levels"][0] or "")


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        ('secret_key = "K2"', MASK),
        ('access-key = "K2"', MASK),
        ('tokens = ["K2", "K2"]', [MASK, MASK]),
        ('credentials = "K2"', MASK),
        ('url = "https://K2@scores.example/"', f"https://{MASK}@scores.example/"),
        ('url = "https://me:p@K2@scores.example/"', f"https://{MASK}@scores.example/"),
        ('url = "https://scores.example/?a=1&api_key=K2&b=2"', f"https://scores.example/?a=1&api_key={MASK}&b=2"),
        ('url = "https://scores.example/?to=a@b.example"', "https://scores.example/?to=a@b.example"),
        ('note = "a?token=b"', "a?token=b"),
        ('key_file = "/etc/key"', "/etc/key"),
    ],
)
def test_what_a_module_calls_a_secret_is_masked(setting, left):
    """
    Settings of modules have any names.
    """
    module = tomllib.loads(revision(f"{TEXT.partition('api_key')[0]}{setting}\n"))["modules"]["score"]
    assert left == module[setting.partition(" ")[0]]


def test_two_texts_are_compared_by_setting():
    """
    The order of the file and its comments make no difference.
    """
    other = TEXT.replace("workers = 3", "workers = 4 # more").replace('"a.example"', '"b.example"')
    expected = (
        Difference('routes."b.example"', None, "smtp://192.0.2.1:25"),
        Difference("delivery.workers", 3, 4),
        Difference('routes."a.example"', "smtp://192.0.2.1:25", None),
    )
    assert expected == text_differences(revision(TEXT), revision(other))
