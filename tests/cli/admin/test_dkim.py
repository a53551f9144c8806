"""empath-admin dkim, with a scripted name server."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.authentication.key_record import Algorithm, parse_key
from empath.authentication.signing_key import SigningKey
from empath.cli.admin.doctor_dkim import diagnose_dkim
from empath.cli.common import FINDINGS
from empath.config import load_config
from empath.errors import CannotCreate, MissingInput, ServiceUnavailable, UsageError
from empath.policy.health import Level
from tests.cli.admin.kit import AdminTool
from tests.kit.dns import ScriptedDns
from tests.kit.process import configuration
from tests.kit.vectors import vectors

PRIVATE = vectors("dkim-signed")["private_keys"]


@pytest.fixture
def script() -> Iterator[ScriptedDns]:
    """A running name server that knows nothing yet."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture
def tool(tmp_path: Path, script: ScriptedDns) -> Iterator[AdminTool]:
    """A configuration with that name server, and a directory of keys."""
    made = AdminTool(tmp_path)
    (tmp_path / "keys").mkdir()
    more = f'[dkim]\nkeys = "keys"\n[dns]\nnameservers = ["{script.address}"]\n'
    made.config.write_text(configuration(2525, more))
    yield made
    made.queue.close()


def states(tool: AdminTool) -> dict[str, str]:
    """The state of each key, by selector."""
    return {each["selector"]: each["state"] for each in tool.records("dkim", "list")}


def publish(script: ScriptedDns, tool: AdminTool) -> None:
    """Give each key its record."""
    for each in tool.records("dkim", "list"):
        script.long_txt(f"{each['selector']}._domainkey.x.test", each["record"])


def test_a_key_is_made_published_and_signs(tool: AdminTool, script: ScriptedDns) -> None:
    """
    Its record is there before it signs: else receivers refuse the mail.
    """
    lines = tool.lines("dkim", "generate", "X.test")
    assert 2 == len(lines)
    match = re.fullmatch(r"(s\d{8}r)\._domainkey\.x\.test\. IN TXT \( (.*) \)", lines[0])
    assert match is not None
    name, text = match.groups()
    strings = re.findall(r'"([^"]*)"', text)
    assert all(len(string) <= 255 for string in strings)
    assert 2048 == parse_key("".join(strings), Algorithm.RSA).bits
    assert lines == tool.lines("dkim", "record", "x.test")
    assert 66 == tool.run("dkim", "check", "y.test").code
    assert [lines[0]] == tool.lines("dkim", "record", "x.test", name)
    assert ["waiting", "waiting"] == [*states(tool).values()]
    assert ["no record (NXDOMAIN)"] * 2 == [each["dns"] for each in tool.records("dkim", "check")]
    publish(script, tool)
    tool.lines("dkim", "check", "--only-look")
    assert ["waiting", "waiting"] == [*states(tool).values()]
    tool.lines("dkim", "generate", "x.test", "--algorithm", "rsa", "--selector", "later")
    publish(script, tool)
    words = tool.words("dkim", "check", "x.test")
    assert f"empath-admin: {name} of x.test is published, but another key of its algorithm signs" in words
    assert "empath-admin: later of x.test signs now" in words
    assert {name: "retired", "later": "signing"}.items() <= states(tool).items()
    assert {"published"} == {each["dns"] for each in tool.records("dkim", "check")}


def test_a_key_is_followed_by_another(tool: AdminTool, script: ScriptedDns) -> None:
    """
    The old one signs until the record of the new one is there, and its own record stays.
    """
    tool.lines("dkim", "generate", "x.test", "--algorithm", "ed25519", "--selector", "old")
    publish(script, tool)
    tool.lines("dkim", "check")
    [line] = tool.lines("dkim", "rotate", "x.test")
    new = line.partition(".")[0]
    assert {"old": "signing", new: "waiting"} == states(tool)
    refused = tool.invoke("dkim", "rotate", "x.test").exception
    assert (UsageError, True) == (type(refused), "publish them, then" in str(refused))
    publish(script, tool)
    tool.lines("dkim", "check")
    assert {"old": "retired", new: "signing"} == states(tool)
    tool.queue.write("UPDATE _dkim_key SET since = 1e9 WHERE selector = 'old'")
    assert "empath-admin: old of x.test was retired a week ago: remove its record, then the key" in tool.words(
        "dkim", "check"
    )
    assert ["removed old of x.test"] == tool.lines("dkim", "remove", "x.test", "old", "--yes")
    assert {new: "signing"} == states(tool)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("v=DKIM1; k=ed25519; p=", "the key is revoked"),
        ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "another key"),
        ("v=spf1 -all", "the key record has another version"),
    ],
)
def test_a_key_that_signs_with_another_record_is_a_finding(
    tool: AdminTool, script: ScriptedDns, record: str, words: str
) -> None:
    """
    Receivers would take each of its signatures for a forgery.
    """
    tool.lines("dkim", "generate", "x.test", "--algorithm", "ed25519", "--selector", "e")
    tool.queue.write("UPDATE dkim_key SET state = 'signing'")
    script.txt("e._domainkey.x.test", record)
    result = tool.invoke("dkim", "check")
    assert FINDINGS == result.exit_code
    assert words in result.stdout


def test_keys_in_files_are_made_and_checked_too(tool: AdminTool, script: ScriptedDns) -> None:
    """
    Only their owner can read them.
    """
    keys = tool.config.parent / "keys"
    result = tool.invoke("dkim", "generate", "x.test", "--algorithm", "ed25519", "--selector", "f", "--to-file")
    file = keys / "x.test.f.key"
    assert 0o600 == file.stat().st_mode & 0o777
    assert SigningKey.parse(file.read_bytes()).record in result.stdout
    assert '[dkim.sign] "x.test" = ["f"]' in result.stderr
    assert isinstance(
        tool.invoke("dkim", "generate", "x.test", "--algorithm", "rsa", "--selector", "f", "--to-file").exception,
        UsageError,
    )
    text = tool.config.read_text()
    tool.config.write_text(text.replace('keys = "keys"\n', 'keys = "keys"\n[dkim.sign]\n"x.test" = ["f", "gone"]\n'))
    assert {"f": "file"} == states(tool)
    assert any("x.test.gone.key cannot be read" in line for line in tool.words("dkim", "list"))
    assert FINDINGS == tool.invoke("dkim", "check").exit_code
    for arguments, words in (
        (["rotate", "x.test"], "the keys of x.test are files: make new ones by"),
        (["remove", "x.test", "f", "--yes"], f"take it out of [dkim.sign], reload, and remove {file}"),
    ):
        refused = tool.invoke("dkim", *arguments).exception
        assert (UsageError, True) == (type(refused), words in str(refused)), arguments
    tool.config.write_text(text.replace('keys = "keys"', 'keys = "nowhere"'))
    refused = tool.invoke("dkim", "generate", "x.test", "--to-file").exception
    assert (CannotCreate, True) == (type(refused), "make it: mkdir" in str(refused))


def test_files_are_made_together_or_not_at_all(tool: AdminTool) -> None:
    """
    A key whose record nobody has seen would only be in the way of the next try.
    """
    keys = tool.config.parent / "keys"
    for day in (time.time(), time.time() + 86_400):
        (keys / f"x.test.{time.strftime('s%Y%m%d', time.gmtime(day))}e.key").write_bytes(b"")
    result = tool.invoke("dkim", "generate", "x.test", "--to-file")
    assert "exists; take another selector" in str(result.exception)
    assert [] == [file.name for file in keys.iterdir() if file.stat().st_size]
    (keys / "x.test.gone.key").symlink_to("../outside")
    refused = tool.invoke("dkim", "generate", "x.test", "--algorithm", "rsa", "--selector", "gone", "--to-file")
    assert (UsageError, False) == (type(refused.exception), (tool.config.parent / "outside").exists())


def test_what_is_not_there_is_an_error(tool: AdminTool) -> None:
    """
    A typing error must not look like a success.
    """
    for arguments in (["record", "x.test"], ["rotate", "x.test"], ["remove", "x.test", "r", "--yes"]):
        assert isinstance(tool.invoke("dkim", *arguments).exception, MissingInput), arguments
    assert isinstance(tool.invoke("dkim", "generate", "x.test", "--selector", "one").exception, UsageError)
    assert isinstance(tool.invoke("dkim", "remove", "x.test", "r").exception, UsageError)
    assert 2 == tool.invoke("dkim", "generate", "x.test", "--selector", "a_b").exit_code
    assert ["empath-admin: 0 keys"] == tool.words("dkim", "check")


def test_doctor_compares_the_keys_that_sign_with_the_dns(tool: AdminTool, script: ScriptedDns) -> None:
    """
    One that waits is no fault.
    """
    tool.lines("dkim", "generate", "x.test")
    tool.queue.write("UPDATE dkim_key SET state = 'signing' WHERE algorithm = 'rsa-sha256'")
    tool.queue.close()
    config = load_config(tool.config)
    [lost] = diagnose_dkim(config)
    assert (Level.WARNING, True) == (lost.level, "receivers take its signatures for forged" in lost.found)
    publish(script, tool)
    [there] = diagnose_dkim(config)
    assert (Level.OK, True) == (there.level, there.found.endswith("x.test: published"))


def test_a_dns_that_is_silent_says_nothing_against_a_key(tool: AdminTool, script: ScriptedDns) -> None:
    """
    A person who publishes the record anew mends nothing, and cron tells of an outage as of one.
    """
    tool.lines("dkim", "generate", "x.test", "--algorithm", "ed25519", "--selector", "e")
    tool.queue.write("UPDATE dkim_key SET state = 'signing'")
    script.fail("e._domainkey.x.test", "TXT")
    assert isinstance(tool.invoke("dkim", "check").exception, ServiceUnavailable)
    [unknown] = diagnose_dkim(load_config(tool.config))
    assert (Level.WARNING, True) == (unknown.level, "name servers" in unknown.remedy)
    assert "forged" not in unknown.found


def test_doctor_names_domains_that_are_to_sign_and_have_no_key(tool: AdminTool) -> None:
    """
    Mail would go on without a seal, and nobody would believe the reports.
    """
    reports = 'send = true\naddress = "r@{}.test"\n'
    more = '[arc]\ndomain = "x.test"\nselector = "gone"\n'
    more += f"[dmarc_reports]\n{reports.format('y')}[tls_reports]\n{reports.format('x')}"
    tool.config.write_text(tool.config.read_text() + more)
    tool.lines("dkim", "generate", "x.test", "--algorithm", "ed25519", "--selector", "e")
    tool.queue.write("UPDATE dkim_key SET state = 'signing'")
    found = [each.found for each in diagnose_dkim(load_config(tool.config)) if each.found.startswith("no ")]
    assert [
        "no key gone of x.test signs: [arc] domain has it, and nothing is sealed",
        "no key of y.test signs: [dmarc_reports] address has it, and others believe its reports by SPF alone",
    ] == found
