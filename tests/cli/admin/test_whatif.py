"""empath-admin whatif: a change that is only proposed."""

import json
import time

import pytest

from empath.mail.identity import Timestamp
from tests.cli.admin.kit import AdminTool
from tests.kit.process import configuration

ROUTES = '"*" = "mx"'


@pytest.fixture
def full(tool: AdminTool) -> AdminTool:
    """Two messages for one domain and one for another, accepted just now."""
    tool.config.write_text(configuration(2525, routes=ROUTES))
    now = time.time()
    tool.queue.accept("a.example", count=2, at=now)
    tool.queue.accept("b.example", at=now)
    tool.queue.write("UPDATE _recipient SET expires_at = expires_at + 432000")
    return tool


def test_the_queue_as_it_is(full: AdminTool) -> None:
    """
    Each message takes the second that is taken where nothing was measured.
    """
    found = full.invoke("whatif")
    assert [
        "DESTINATION     RCPTS  DUE  HELD  FIRST  TRIED  DRAINED  TRIES  EXPIRE",
        "a.example    -  2      2    0     1 s    2 s    2 s      2      0",
        "b.example    -  1      1    0     1 s    1 s    1 s      1      0",
        "in all       -  3      3    0     1 s    2 s    2 s      3      0",
    ] == found.stdout.splitlines()
    assert 3 == found.stderr.count("empath-admin: assumed: ")
    assert "nothing was changed" not in found.stderr


def test_a_change_is_compared_and_not_made(full: AdminTool) -> None:
    """
    Rules, delays and a hold at once. The lines of a table are for what differs.
    """
    before = full.queue.dump()
    change = ("--rule", "a.example", "rate", "1/1h", "--hold", "--domain", "b.example", "--retry", "1h 2h*3")
    lines = full.lines("whatif", *change)
    [record] = full.records("whatif", *change)

    assert before == full.queue.dump()
    assert ["before", "after"] * 3 == [line.removeprefix("in all").split()[line[0] != "i"] for line in lines[1:]]
    assert "a.example    after   2      2    0     1 s    60 min  60 min   2      0" == lines[2]
    assert (1, {"a.example", "b.example"}) == (
        record["newly_held"],
        {each["destination"] for each in record["destinations"]},
    )
    assert (1, 0) == (record["after"]["held"], record["before"]["held"])
    assert full.words("whatif", *change)[0] == "empath-admin: 1 recipient would be held"


def test_another_configuration_moves_mail_and_limits_all_of_it(full: AdminTool) -> None:
    """
    The rate of all mail, and the connections of the workers, hold in the last line.
    """
    proposal = full.config.with_name("new.toml")
    routes = '"*" = "mx"\n"b.example" = "smtp://relay.test:25"\n[delivery]\nrate = "1/1h"'
    proposal.write_text(configuration(2525, routes=routes))
    lines = full.lines("whatif", "--config", str(proposal))

    assert ["MOVE  FROM       TO", "1     b.example  smtp:relay.test:25", ""] == lines[:3]
    assert ["in", "all", "after", "3", "3", "0", "1", "s", "2", "s", "2", "h", "3", "0"] == lines[-1].split()
    assert {"smtp:relay.test:25", "b.example"} == {line.split()[0] for line in lines[4:-2]}


def test_a_warm_up_counts_what_has_gone_out_today(full: AdminTool) -> None:
    """
    One message a day: the second one goes tomorrow, or a day later if one has gone out already.
    """
    start = time.time() // 86_400 * 86_400
    day = time.strftime("%Y-%m-%d %H:%M", time.gmtime(start))
    table = '[destinations."*"]\nsource = "pool"\n[sources.pool]\naddresses = ["127.0.0.1"]\n'
    plan = f'[warmup.new]\naddress = "127.0.0.1"\nstarted_at = "{day}"\ndays = "1*9"\n'
    full.config.write_text(configuration(2525, table + plan, ROUTES))
    a_day_later, two_days_later = (Timestamp(start + days * 86_400 + 1).iso8601() for days in (1, 2))

    assert a_day_later == full.record("whatif")["destinations"][0]["after"]["drained_at"]
    full.queue.write("INSERT INTO _warmup_use VALUES ('127.0.0.1', ?, 1, 1)", f"* @{start:.0f}")
    assert two_days_later == full.record("whatif")["destinations"][0]["after"]["drained_at"]
    full.config.write_text(configuration(2525, table, ROUTES))
    assert a_day_later > full.record("whatif")["destinations"][0]["after"]["drained_at"]


def test_mail_without_a_route_expires_and_a_freeze_is_told(full: AdminTool) -> None:
    """
    The forecast is for the queue that is thawed now.
    """
    full.config.write_text(configuration(2525, routes='"a.example" = "mx"'))
    full.queue.write("INSERT INTO control (verb) VALUES ('freeze')")
    [record] = full.records("whatif", "--rule", "b.example", "route", "mx")
    full.lines("reroute")
    [after] = full.records("whatif")
    assert (3, 0) == (record["after"]["settled"], record["after"]["expired"])
    assert (2, 1) == (after["after"]["settled"], after["after"]["expired"])
    assert ["delivery, frozen since "] == [each[:23] for each in after["assumptions"] if "frozen" in each]


def test_hosts_that_take_nothing(full: AdminTool) -> None:
    """
    The share of the last attempts can be replaced.
    """
    [record] = full.records("whatif", "--final", "0")
    assert (3, 0, 0) == (record["after"]["expired"], record["after"]["settled"], record["after"]["left"])
    assert "hosts defer 100% of all attempts" in record["assumptions"][0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--domain", "a.example"), "filters and --hold go together"),
        (("--hold",), "filters and --hold go together"),
        (("--rule", "a.example", "speed", "1"), "there is no setting 'speed'; they are concurrency, "),
        (("--rule", "a.example", "rate", "much"), "--rule: "),
        (("--rule", "mx:a.example", "route", "discard:"), "--rule: its pattern is a domain"),
        (("--retry", "soon"), "--retry"),
        (("--final", "nan"), "a share is a number from 0 to 1, not 'nan'"),
        (("--final", "all"), "a share is a number from 0 to 1, not 'all'"),
    ],
)
def test_a_change_that_is_none_is_refused(full: AdminTool, arguments: tuple[str, ...], words: str) -> None:
    """
    With the words of the verb that would make it.
    """
    said = full.run("whatif", *arguments)
    assert (64, True) == (said.code, words in said.err), said


def test_a_rule_that_has_no_effect_is_said(full: AdminTool) -> None:
    """
    A table that does not change would be taken for the forecast of the rule.
    """
    full.config.write_text(configuration(2525, routes='"*" = "smtp://relay.test:25"'))
    words = (
        "--rule a.example rate has no effect: mail to a.example goes to smtp:relay.test:25, and rate is found by that"
    )
    assert f"empath-admin: {words}; set it there" == full.words("whatif", "--rule", "a.example", "rate", "1/1h")[0]
    assert "empath-admin: 0 recipients would be held" in full.words("whatif", "--hold", "--domain", "no.example")


def test_a_rule_that_cannot_work_is_said(full: AdminTool) -> None:
    """
    As `rule set` does.
    """
    said = full.words("whatif", "--rule", "a.example", "source", "pool-x")
    assert (
        "empath-admin: --rule a.example source: there is no pool pool-x in [sources], so its mail is deferred" in said
    )
    found = json.loads(full.run("whatif", "--rule", "a.example", "source", "pool-x", "--json").out)
    [both] = [each for each in found["destinations"] if each["destination"] == "a.example"]
    assert (True, 0) == (both["before"]["settled"] > 0, both["after"]["settled"])
