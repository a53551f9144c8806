"""Programs of [pipes] that cannot run."""

import os
import tempfile
from pathlib import Path

import pytest

from empath.config.load import load_config
from empath.config.workable.check import contradictions
from empath.config.workable.contradiction import located
from empath.errors import ConfigError

LEAST = """\
hostname = "mx.empath.dev"
postmaster = "admin@empath.dev"
queue.path = "queue.db"
listener = [{address = "127.0.0.1:2525"}]
[routes]
"*" = "pipe:p"
"""


@pytest.fixture
def place():
    """A directory that every user may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "closed").mkdir(mode=0o700)
        for program, mode in (("program", 0o755), ("data", 0o644), ("closed/program", 0o755)):
            (Path(name) / program).write_text("#!/bin/sh\n")
            (Path(name) / program).chmod(mode)
        yield Path(name)


def found(place, text):
    """Line, key and words of each finding about [routes] and [pipes]."""
    file = place / "c.toml"
    file.write_text(LEAST + text.replace("PLACE", str(place)))
    lines = located(file, contradictions(load_config(file))).splitlines()
    return [line.removeprefix(f"{file}:").replace(str(place), "PLACE") for line in lines]


USER = 'user = "nobody"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '6: routes."*": there is no [pipes."p"]'),
        (f'[pipes.p]\n{USER}command = ["PLACE/none"]\n', "9: pipes.p.command: there is no program PLACE/none"),
        (f'[pipes.p]\n{USER}command = ["PLACE"]\n', "9: pipes.p.command: PLACE is not a file"),
        (
            f'[pipes.p]\n{USER}command = ["PLACE/data"]\n',
            "9: pipes.p.command: user nobody may not execute PLACE/data",
        ),
        (
            f'[pipes.p]\n{USER}command = ["PLACE/closed/program"]\n',
            "9: pipes.p.command: user nobody may not enter PLACE/closed",
        ),
        (
            f'[pipes.p]\n{USER}directory = "PLACE/closed"\ncommand = ["PLACE/program"]\n',
            "9: pipes.p.directory: user nobody may not enter PLACE/closed",
        ),
        (
            f'[pipes.p]\n{USER}directory = "PLACE/none"\ncommand = ["PLACE/program"]\n',
            "9: pipes.p.directory: there is no directory PLACE/none",
        ),
        (
            f'[pipes.p]\n{USER}directory = "PLACE/data"\ncommand = ["PLACE/program"]\n',
            "9: pipes.p.directory: PLACE/data is not a directory",
        ),
        (
            '[pipes.p]\nuser = "no-one-here"\ncommand = ["PLACE/program"]\n',
            "8: pipes.p.user: there is no user 'no-one-here'; add it with useradd",
        ),
        (
            f'[pipes.p]\n{USER}command = ["PLACE/program"]\n[process]\nuser = "root"\n',
            "8: pipes.p.user: only root can run it as nobody, and the processes become root; remove one of the two",
        ),
    ],
)
def test_a_program_that_cannot_run_is_found_with_its_line(place, text, expected):
    """
    Its mail would wait until somebody reads the log.
    """
    assert [expected] == found(place, text)


def test_a_program_that_can_run_has_no_finding(place):
    """
    As its user, or as that of the processes.
    """
    assert [] == found(place, f'[pipes.p]\n{USER}command = ["PLACE/program", "{{recipient}}"]\ndirectory = "PLACE"\n')
    assert [] == found(place, f'[pipes.p]\ncommand = ["PLACE/program"]\n[process]\n{USER}')


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_program_that_would_run_as_root_is_found(place):
    """
    It would do what mail says.
    """
    [line] = found(place, '[pipes.p]\ncommand = ["PLACE/program"]\n')
    assert "8: pipes.p.command: would run as root; set user of this table, or user of [process]" == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("command = []", "pipes.p.command: needs the path of a program"),
        ('command = "/bin/cat"', "pipes.p.command: must be a list of the program and its arguments, not text"),
        ('command = ["/bin/cat", 1]', "pipes.p.command: must be text in quotes, not a number"),
        ('command = ["/bin/cat", "{to}"]', "pipes.p.command: unknown placeholder {to} (known are {recipient}, "),
        ('comand = ["/bin/cat"]', "pipes.p.comand: unknown key (did you mean command?)"),
        ('command = ["/bin/cat"]\nmemory = "1MiB"', "pipes.p.memory: must be at least 16MiB, or hardly any"),
        (
            'command = ["/bin/cat"]\nper = "message"\ndelivered_to = true',
            'pipes.p.delivered_to: needs per = "recipient"',
        ),
    ],
)
def test_a_mistake_is_named_in_words(place, text, expected):
    """
    With the key, as in other tables.
    """
    with pytest.raises(ConfigError) as caught:
        found(place, f"[pipes.p]\n{text}\n")
    assert any(expected in line for line in str(caught.value).splitlines()), caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a.test" = "webhook:w"\n[pipes.p]', '7: routes."a.test": there is no [webhooks."w"]'),
        (
            '[webhooks.w]\nurl = "https://a.test/"\nsecret_file = "PLACE/none"\n[pipes.p]',
            "9: webhooks.w.secret_file: there is no file PLACE/none",
        ),
        (
            '[webhooks.w]\nurl = "https://a.test/"\nca_file = "PLACE/none"\n[pipes.p]',
            "9: webhooks.w.ca_file: there is no file PLACE/none",
        ),
        ('"a.test" = "https://a.test/"\n[webhooks.w]\nurl = "http://127.0.0.1/"\n[pipes.p]', ""),
    ],
)
def test_a_webhook_that_cannot_be_used_is_found(place, text, expected):
    """
    As a program is.
    """
    found_lines = found(place, f'{text}\n{USER}command = ["PLACE/program"]\n')
    assert ([expected] if expected else []) == found_lines
