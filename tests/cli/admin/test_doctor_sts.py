"""doctor and the MTA-STS policies of this host, with a scripted name server."""

from pathlib import Path

import pytest

from empath.cli.admin.dns_answers import resolver
from empath.cli.admin.doctor_sts import diagnose_sts
from empath.config.load import load_config
from empath.net.certificate import Certificate
from tests.cli.admin.kit import AdminTool
from tests.kit.dns import ScriptedDns
from tests.kit.process import configuration

TABLE = """
[mta_sts."a.test"]
mode = "enforce"
mx = ["mx.example.test", "*.b.test"]
"""
OWN = f"[http]\naddress = '127.0.0.1:8025'\ntls = true\n[tls]\ncertificate = 'c'\nkey = 'k'\n{TABLE}"


@pytest.fixture
def script():
    """A name server."""
    with ScriptedDns() as server:
        yield server


def found(directory, script, table=TABLE, presented=()):
    """What doctor says, and the record that would be right."""
    file = directory / "empath.toml"
    text = configuration(25, f'[dns]\nnameservers = ["{script.address}"]\n{table}')
    file.write_text(text.replace("[[listener]]", '[[listener]]\ntls = "starttls"') if "[tls]" in table else text)
    config = load_config(file)
    return [(each.level, each.found) for each in diagnose_sts(config, resolver(config), presented)]


def published(script, policy_id=None):
    """The DNS of a domain that is as it should be."""
    with_id = policy_id or "ID"
    return (
        script.txt("_mta-sts.a.test", f"v=STSv1; id={with_id};")
        .mx("a.test", (10, "mx.example.test"), (20, "backup.b.test"))
        .a("mta-sts.a.test", "192.0.2.1")
    )


@pytest.fixture
def tool(tmp_path):
    """A configuration with one policy."""
    made = AdminTool(tmp_path)
    made.config.write_text(configuration(2525, TABLE))
    yield made
    made.queue.close()


def test_what_is_published_as_printed_is_well(tmp_path, script, tool):
    """
    The id of the record is that of the policy; each MX is in it.
    """
    first, *comments = tool.lines("tls", "a.test", "--publish")
    name, _, record = first.partition(". IN TXT ( ")
    assert "_mta-sts.a.test" == name
    assert ";   mx: *.b.test" in comments
    published(script, record.partition("id=")[2].partition(";")[0])
    assert [("ok", "the policy of a.test is published: enforce")] == found(tmp_path, script, OWN)


def test_a_policy_over_a_host_without_tls_is_told(tmp_path, script):
    """
    It keeps all mail away that it asks others to protect.
    """
    published(script)
    [words] = [words for _, words in found(tmp_path, script) if "no listener" in words]
    assert "the policy of a.test asks for TLS of mx.example.test, and no listener for other hosts offers it" in words


def test_a_domain_without_a_policy_has_nothing_to_publish(tool):
    """
    The message names the table.
    """
    result = tool.run("tls", "b.test", "--publish")
    assert 66 == result.code
    assert '[mta_sts."b.test"]' in result.err
    assert 64 == tool.run("tls", "a.test", "--publish", "--json").code  # lines of a zone are no JSON


def test_what_disagrees_is_told(tmp_path, script):
    """
    Hosts go on with the policy of an old record, and keep mail from an MX that is not in it.
    """
    published(script, "old").mx("a.test", (10, "mx.example.test"), (20, "new.test")).a("mta-sts.a.test")
    assert [
        ("warning", "_mta-sts.a.test has the id old of another policy: hosts go on with the one they know"),
        ("warning", "mta-sts.a.test has no address in the DNS (NODATA): no host can read the policy"),
        ("warning", "the MX new.test of a.test is not in the policy: it gets no mail from hosts that check"),
    ] == found(tmp_path, script, OWN)


def test_a_look_up_that_fails_says_nothing_of_the_record(tmp_path, script):
    """
    Who publishes the record again on such words looks in the wrong place.
    """
    script.fail("_mta-sts.a.test", "TXT").fail("mta-sts.a.test", "A").fail("mta-sts.a.test", "AAAA")
    script.mx("a.test", (10, "mx.example.test"))
    assert [
        ("warning", f"{name}: the look-up failed: SERVFAIL from {script.address}")
        for name in ("_mta-sts.a.test", "mta-sts.a.test")
    ] == found(tmp_path, script, OWN)


def test_a_domain_without_records_is_told(tmp_path, script):
    """
    The domain has no MX, so mail goes to its own address, which is not in the policy.
    """
    script.txt("_mta-sts.a.test", "v=STSv1; id=a-b").a("mta-sts.a.test", "192.0.2.1").a("a.test", "192.0.2.1")
    assert [
        "_mta-sts.a.test has not exactly one record of MTA-STS: there is no policy",
        "a.test has no MX, so mail goes to its own address, which is not in the policy: it gets no mail from hosts that"
        " check",
    ] == [words for _, words in found(tmp_path, script)]


def test_a_certificate_for_other_names_is_told(tmp_path, script):
    """
    That of the policy is checked by every host, that of the MX by those that know the policy.
    """
    published(script)
    certificate = Certificate(Path("c"), b"", ("mail.test",), 0.0)
    words = [words for _, words in found(tmp_path, script, OWN, [(("tls",), certificate)])][1:]
    assert [
        "c is for mail.test, not for mta-sts.a.test: hosts that check it go away",
        "c is for mail.test, not for mx.example.test: hosts that check it go away",
    ] == words
    good = Certificate(Path("c"), b"", ("mta-sts.a.test", "*.example.test"), 0.0)
    assert [] == [words for _, words in found(tmp_path, script, OWN, [(("tls",), good)])][1:]
