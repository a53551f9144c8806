"""empath-admin dns list, clear and refresh."""

import pytest

from empath.mail.lookup import Absent, Addresses, Exchanger, Exchangers, Failed, Kind, Question, Security
from empath.storage.queue.dns_cache import Asked, KeepAnswers
from tests.cli.admin.kit import AdminTool
from tests.kit.dns import ScriptedDns
from tests.kit.process import configuration
from tests.kit.queue import T0


@pytest.fixture
def script():
    """A running name server that knows nothing yet."""
    with ScriptedDns() as server:
        yield server


@pytest.fixture
def tool(tmp_path, script):
    """A queue with some answers, and that name server."""
    made = AdminTool(tmp_path)
    made.config.write_text(configuration(2525, f'[dns]\nnameservers = ["{script.address}"]\ndnssec = "log"'))
    asked = [
        Asked(Question("a.test", Kind.MX), Exchangers((Exchanger(5, "mx.test"),), 60.0, Security.SECURE), 3600.0, T0),
        Asked(Question("a.test", Kind.A), Absent("NODATA", 60.0), 0.0, T0),
        Asked(Question("mx.test", Kind.A), Addresses(("192.0.2.1",), 60.0, alias_of="c.test"), 3600.0, T0),
        Asked(Question("mx.test", Kind.A), Failed("no answer in time"), 0.0, T0),
    ]
    made.queue.run(KeepAnswers(asked, seen=0))
    yield made
    made.queue.close()


def test_answers_are_shown_as_a_table_and_as_json(tool: AdminTool) -> None:
    head, *lines = tool.lines("dns", "list")
    assert ["NAME", "TYPE", "STATUS", "DNSSEC", "EXPIRES", "ASKED", "ANSWER", "FAILURE"] == head.split()
    assert [["a.test", "A", "NODATA"], ["a.test", "MX", "found"], ["mx.test", "A", "found"]] == [
        line.split()[:3] for line in lines
    ]
    assert "192.0.2.1 (alias of c.test)" in lines[2]
    assert [
        {
            "name": "a.test", "type": "MX", "status": "found", "answer": ["5 mx.test"], "alias_of": "",
            "dnssec": "secure", "asked_at": "2023-11-14T22:13:20Z", "expires_at": "2023-11-14T22:14:20Z",
            "stale_until": "2023-11-14T23:14:20Z", "times_asked": 1, "failure": None,
        }
    ] == tool.records("dns", "list", "A.Test.", "--type", "mx")  # fmt: skip
    assert [(2, "no answer in time")] == [
        (each["times_asked"], each["failure"]) for each in tool.records("dns", "list", "mx.test")
    ]
    assert [] == tool.lines("dns", "list", "no.test")


def test_answers_are_forgotten_in_the_name_of_a_person(tool: AdminTool) -> None:
    assert ["forgot 1 answer; every process asks anew"] == tool.lines("dns", "clear", "a.test", "--type", "A")
    assert ["forgot 1 answer; every process asks anew"] == tool.lines("dns", "clear", "a.test")
    assert ["forgot 0 answers; every process asks anew"] == tool.lines("dns", "clear", "only.in.memory.test")
    assert ["forgot 1 answer; every process asks anew"] == tool.lines("dns", "clear", "--all")
    ordered = [("a.test",), ("a.test",), ("a.test",), ("only.in.memory.test",), ("mx.test",), (None,)]
    assert ordered == tool.queue.select("SELECT name FROM _dns_order ORDER BY order_id")
    audit = tool.queue.select("SELECT DISTINCT who LIKE 'empath-admin:%', what FROM audit")
    assert [(1, "dns_cache")] == audit


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (("clear",), 64, "which answers? give NAME, --type, both, or --all alone"),
        (("clear", "a.test", "--all"), 64, "which answers? give NAME, --type, both, or --all alone"),
        (("clear", "a.test", "--type", "TXT"), 66, "there is no such answer; `empath-admin dns list` shows all"),
        (("list", "b\u00fccher.test"), 64, "not a name of the DNS"),
    ],
)
def test_a_mistake_is_said_in_a_sentence(tool: AdminTool, arguments, code, hint) -> None:
    said = tool.run("dns", *arguments)
    assert code == said.code
    assert hint in said.err


def test_answers_are_asked_for_anew(tool: AdminTool, script) -> None:
    """
    The types that are known, or the usual ones. The answers are there before any process needs them.
    """
    script.secure("test").mx("a.test", (7, "new.test")).a("mx.test", "192.0.2.9").a("b.test", "192.0.2.8")
    assert ["a.test A NODATA", "a.test MX 7 new.test", "mx.test A 192.0.2.9"] == tool.lines(
        "dns", "refresh", "a.test", "mx.test"
    )
    assert ["b.test MX NODATA", "b.test A 192.0.2.8", "b.test AAAA NODATA"] == tool.lines("dns", "refresh", "b.test")
    assert [('["7 new.test"]', "secure")] == tool.queue.select(
        "SELECT answer, dnssec FROM dns_cache WHERE name = 'a.test' AND type = 'MX'"
    )


def test_an_answer_stays_where_the_name_servers_fail(tool: AdminTool, script) -> None:
    """
    It may serve yet.
    """
    script.fail("a.test", "MX").a("a.test", "192.0.2.9")
    said = tool.run("dns", "refresh", "a.test")
    assert (69, ["a.test A 192.0.2.9"]) == (said.code, said.out.splitlines())
    assert f"a.test: MX look-up failed: SERVFAIL from {script.address}" in said.err
    assert [('["5 mx.test"]',)] == tool.queue.select(
        "SELECT answer FROM dns_cache WHERE name = 'a.test' AND type = 'MX'"
    )
