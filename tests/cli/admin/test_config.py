"""`empath-admin config`: the configurations that the service ran by, and what differs between two of them."""

import hashlib
from functools import partial

import pytest

from empath.config.load import parse_config
from empath.config.revision import effective_settings, revision_text
from empath.storage.queue.config_revisions import Revision
from empath.storage.queue.process import Register
from tests.cli.admin.kit import AdminTool
from tests.kit.process import configuration
from tests.kit.queue import T0


@pytest.fixture
def ran(tool: AdminTool) -> AdminTool:
    """Two configurations were in force."""
    for number, more in enumerate(("", "[delivery]\nworkers = 7\n")):
        octets = configuration(2525, more).encode()
        config = parse_config(octets, "empath.toml", "/srv")
        text = revision_text(config)
        found = effective_settings(config, octets, "empath.toml")
        revision = Revision(text, hashlib.sha256(text.encode()).hexdigest(), str(number), partial(list, found))
        tool.queue.run(
            Register(
                node="mx.example.test",
                instance="run",
                slot=f"worker-{number + 5}",
                generation=1,
                pid=1,
                now=T0 + number,
                revision=revision,
            )
        )
    return tool


def test_the_configurations_are_listed_newest_first(ran: AdminTool):
    lines = ran.lines("config", "list")
    assert [["2", "2023-11-14T22:13:21Z", "reload"], ["1", "2023-11-14T22:13:20Z", "start"]] == [
        line.split()[:3] for line in lines[1:]
    ]
    assert [2, 1] == [record["revision"] for record in ran.records("config", "list")]


def test_one_is_shown_as_a_file(ran: AdminTool):
    text = "\n".join(ran.lines("config", "show", "2")) + "\n"
    assert [(text,)] == ran.queue.select("SELECT text FROM config_revision WHERE revision = 2")
    assert "workers = 7\n" in text


def test_two_are_compared_setting_by_setting(ran: AdminTool):
    [_, line] = ran.lines("config", "diff", "1", "2")
    name, before, after = line.split()
    assert ("delivery.workers", "7") == (name, after)
    assert before in ran.queue.select("SELECT default_value FROM setting WHERE name = 'delivery.workers'")[0]
    assert ["empath-admin: 0 settings differ"] == ran.words("config", "diff", "2", "2")
    assert {"key": "delivery.workers", "before": 7, "after": int(before)} == ran.record("config", "diff", "2", "1")


def test_one_that_is_not_kept_is_named(ran: AdminTool):
    done = ran.run("config", "diff", "1", "9")
    words = "empath-admin: there is no revision 9; `empath-admin config list` shows those that are kept\n"
    assert (66, words) == (done.code, done.err)
