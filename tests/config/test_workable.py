"""Settings that are valid alone but cannot work together."""

from pathlib import Path

import pytest

from empath.config.load import load_config
from empath.config.workable import contradictions, located

LEAST = """\
hostname = "mx.empath.dev"
postmaster = "admin@empath.dev"
queue.path = "queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""
NO_WAY_OUT = "routes: no route leads outside, so reports to senders there wait until they expire;"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (LEAST, []),
        (LEAST + '[relay]\ndomains = ["example.org", "*.example.org"]\n', []),
        (
            LEAST
            + '[relay]\ndomains = ["example.org",\n"*.example.net"]\n'
            + '[routes]\n"example.net" = "mx"\n"*.invalid" = "mx"\n',
            [
                "6: relay.domains[1]: example.org has no route, so mail to it is refused; add one to [routes]",
                "7: relay.domains[2]: *.example.net has no route, so mail to it is refused; add one to [routes]",
            ],
        ),
        (LEAST + '[log]\nfile = "none/empath.log"\n', ["6: log.file: there is no directory "]),
        (LEAST + '[log]\nfile = "empath.log"\n', []),
        (
            LEAST + '[process]\nuser = "no-such-user"\n',
            ["6: process.user: there is no user 'no-such-user'; add it with useradd"],
        ),
        (LEAST + '[routes]\n"example.org" = "mx"\n', [f"5: {NO_WAY_OUT}"]),
        (LEAST.replace('2525"', '2525", role = "internal"') + '[routes]\n"example.org" = "mx"\n', []),
        (LEAST.replace("2525", "25"), []),
        (LEAST.replace("empath.dev", "example.com"), []),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "mx.example.com"), ["1: hostname: mx.example.com is a"]),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "example.org"), ["1: hostname: example.org is a"]),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "mx.test"), ["1: hostname: mx.test is a name"]),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "localhost"), ["1: hostname: localhost is a name"]),
        (LEAST.replace("2525", "25").replace("mx.empath.dev", "myexample.com"), []),
    ],
)
def test_what_cannot_work_is_found_before_the_start(tmp_path: Path, text: str, lines: list[str]):
    """
    Each finding has its line. Such a configuration would refuse mail, or keep reports until they expire.
    """
    file = tmp_path / "c.toml"
    file.write_text(text)
    found = located(file, contradictions(load_config(file))).splitlines()
    assert len(lines) == len(found)
    assert all(line.startswith(f"{file}:{start}") for line, start in zip(found, lines, strict=True)), found
