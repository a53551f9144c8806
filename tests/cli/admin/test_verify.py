"""empath-admin verify, with a scripted name server."""

import pytest

from tests.cli.admin.kit import AdminTool
from tests.kit.dns import ScriptedDns
from tests.kit.process import configuration

MESSAGE = b"From: Joe <joe@bank.example>\nSubject: s\n\ntext\n"
REFUSED = "Neither SPF nor DKIM proves bank.example, and its DMARC policy asks to refuse such mail"
ARGUMENTS = ("--client", "192.0.2.1", "--mail-from", "joe@bank.example")


@pytest.fixture
def script():
    """A running name server."""
    with ScriptedDns() as server:
        server.txt("bank.example", "v=spf1 ip4:203.0.113.1 -all").txt("_dmarc.bank.example", "v=DMARC1; p=reject")
        yield server


@pytest.fixture
def tool(tmp_path, script):
    """A configuration with that name server, and a message."""
    made = AdminTool(tmp_path)
    made.config.write_text(configuration(2525, f'[dns]\nnameservers = ["{script.address}"]'))
    (tmp_path / "mail").write_bytes(MESSAGE)
    yield made
    made.queue.close()


def judging(tool, wanted='{spf = true, dkim = true, arc = true, dmarc = "reject"}'):
    """Have the listener judge mail."""
    text = tool.config.read_text()
    assert 'role = "internal"' in text
    tool.config.write_text(text.replace('role = "internal"', f'role = "mx"\nauthentication = {wanted}', 1))


def test_a_file_that_is_not_there_is_told_as_by_other_verbs(tool, tmp_path):
    """
    A script tells a missing file from a wrong command line by the exit code.
    """
    for name in ("gone", "."):
        result = tool.run("verify", str(tmp_path / name), *ARGUMENTS)
        assert (66, True) == (result.code, "cannot be read" in result.err), name


def test_a_client_of_the_own_networks_is_told(tool, tmp_path):
    """
    A try with an address of the own network looks as if its mail were refused, and no listener would ask.
    """
    judging(tool)
    words = tool.words("verify", str(tmp_path / "mail"), "--client", "127.0.0.1", "--mail-from", "joe@bank.example")
    assert [
        "empath-admin: 127.0.0.1 is in [relay] networks: listeners do not judge its mail; this is what they would find"
    ] == words


def test_each_question_and_each_decision_is_shown(tool, tmp_path):
    """
    A postmaster wants to know why a mail was refused.
    """
    judging(tool)
    assert [
        "  1. TXT bank.example: v=spf1 ip4:203.0.113.1 -all",
        "  2. TXT _dmarc.bank.example: v=DMARC1; p=reject",
        "",
        "spf          fail",
        "dkim         none",
        "arc          none",
        "dmarc        fail",
        "author       bank.example",
        "spf_domain   bank.example",
        "helo         fail",
        "policy       reject",
        "record_of    bank.example",
        "disposition  reject",
        "reason       bank.example asks for reject: neither SPF nor DKIM has passed",
        f"reply        550 5.7.23 {REFUSED}",
        "",
        "Authentication-Results: mx.example.test;",
        "\tspf=fail (-all) smtp.helo=bank.example;",
        "\tspf=fail (-all) smtp.mailfrom=joe@bank.example;",
        "\tdkim=none;",
        "\tarc=none smtp.remote-ip=192.0.2.1;",
        "\tdmarc=fail (p=reject dis=reject) header.from=bank.example",
    ] == tool.lines("verify", str(tmp_path / "mail"), *ARGUMENTS)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (b"", "by example.org, set 1, cv=none, for forwarded mail"),
        (b"ARC-Seal: i=50; cv=fail\n", "none: a host before has sealed its chain as broken"),
    ],
)
def test_what_a_seal_would_say_is_shown(tool, tmp_path, more, words):
    """
    A postmaster who forwards mail wants to know what goes out with it.
    """
    judging(tool)
    tool.config.write_text(tool.config.read_text() + '\n[arc]\ndomain = "example.org"\n')
    (tmp_path / "mail").write_bytes(more + MESSAGE)
    lines = tool.lines("verify", str(tmp_path / "mail"), *ARGUMENTS)
    assert [words] == [line.partition(" ")[2].strip() for line in lines if line.startswith("seal ")]


def test_rows_of_the_queue_count(tool, tmp_path):
    judging(tool)
    tool.queue.write("INSERT INTO authentication_override (pattern, at_most) VALUES ('192.0.2.0/24', 'tag')")
    found = tool.record("verify", str(tmp_path / "mail"), *ARGUMENTS)
    assert ("tag", None) == (found["disposition"], found["reply"])


def test_without_a_listener_that_judges_all_is_tried(tool, tmp_path):
    """
    Before it is switched on.
    """
    found = tool.record(
        "verify", str(tmp_path / "mail"), "--client", "203.0.113.1", "--mail-from", "<>", "--helo", "h.test"
    )
    assert ("none", "fail", "tag") == (found["spf"], found["dmarc"], found["disposition"])
    assert ["TXT h.test", "TXT _dmarc.bank.example"] == [
        f"{each['type']} {each['name']}" for each in found["questions"]
    ]


def test_a_listener_that_judges_no_mail_is_an_error(tool, tmp_path):
    result = tool.run("verify", str(tmp_path / "mail"), *ARGUMENTS, "--listener", "192.0.2.1:25")
    assert "no listener 192.0.2.1:25 judges mail; see [listener.authentication]" in result.err


def test_a_client_is_an_address(tool, tmp_path):
    result = tool.run("verify", str(tmp_path / "mail"), "--client", "x", "--mail-from", "<>")
    assert "not an IP address: 'x'" in result.err
