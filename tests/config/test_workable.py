"""Settings that are valid alone but cannot work together."""

from pathlib import Path

import pytest

from empath.config.load import parse_config
from empath.config.workable import contradictions

LEAST = """\
hostname = "mx.example.test"
postmaster = "admin@example.test"
queue.path = "queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ("", []),
        ('[relay]\ndomains = ["example.org", "*.example.org"]\n', []),
        (
            '[relay]\ndomains = ["example.org", "*.example.net"]\n[routes]\n"example.net" = "mx"\n',
            ["relay.domains: example.org", "relay.domains: *.example.net"],
        ),
        ('[log]\nfile = "none/empath.log"\n', ["log.file: there is no directory"]),
        ('[log]\nfile = "empath.log"\n', []),
    ],
)
def test_what_cannot_work_is_found_before_the_start(tmp_path: Path, more: str, keys: list[str]):
    """
    A relay domain without a route would refuse all its mail. A log without a directory would end the start.
    """
    found = contradictions(parse_config((LEAST + more).encode(), "c.toml", str(tmp_path)))
    assert len(keys) == len(found)
    assert all(line.startswith(key) for key, line in zip(keys, found, strict=True))
