"""empath-admin rule."""

import json

import pytest

from empath.cli.admin.doctor_rules import diagnose_rules
from empath.config import load_config
from empath.policy.health import Level
from tests.cli.admin.kit import AdminTool
from tests.kit.process import configuration
from tests.kit.queue import T0, write

MORE = """
[destinations."*"]
retry = "1m 5m*2"
[destinations."b.test"]
concurrency = 7
"""


@pytest.fixture
def ruled(tool: AdminTool) -> AdminTool:
    tool.config.write_text(configuration(2525, MORE, routes='"*" = "mx"\n"relayed.test" = "smtp://127.0.0.1:26"'))
    for name in ("a.test", "b.test", "smtp:127.0.0.1:26"):
        tool.queue.accept(name)
    return tool


def test_a_rule_is_set_shown_and_ended_in_the_name_of_a_person(ruled: AdminTool) -> None:
    first, *table = ruled.lines("rule", "set", "A.test.", "concurrency", "2", "--for", "2h", "--reason", "go slow")
    assert first.startswith("concurrency of a.test is 2 until 2")
    assert [["DESTINATION", "BEFORE", "AFTER"], ["a.test", "20", "2"]] == [line.split() for line in table]
    ruled.lines("rule", "set", "*", "without_8bitmime", "bounce")
    heads, *rows = ruled.lines("rule", "list")
    assert ["RULE", "PATTERN", "SETTING", "VALUE", "UNTIL", "WHO", "REASON"] == heads.split()
    assert [["2", "*", "without_8bitmime", "bounce", "-"], ["1", "a.test", "concurrency", "2"]] == [
        rows[0].split()[:5], rows[1].split()[:4],
    ]  # fmt: skip
    record = ruled.records("rule", "list")[1]
    assert (1, "a.test", "concurrency", "2", "go slow") == tuple(
        record[key] for key in ("rule", "pattern", "setting", "value", "reason")
    )
    assert record["who"].startswith("empath-admin:")
    assert ["ended 1 rule"] == ruled.lines("rule", "delete", "--pattern", "a.test", "--setting", "concurrency")
    assert ["ended 1 rule"] == ruled.lines("rule", "delete", "2")
    assert [] == ruled.lines("rule", "list")


def test_a_dry_run_changes_nothing_and_shows_what_would_change(ruled: AdminTool) -> None:
    """
    A pattern may be wider than a person thinks.
    """
    arguments = ("rule", "set", "*", "concurrency", "3", "--dry-run")
    assert "concurrency of * would be 3" == ruled.lines(*arguments)[0]
    assert ruled.words(*arguments) == [
        "empath-admin: it changes 2 destinations of the queue", "empath-admin: a dry run: nothing was changed",
    ]  # fmt: skip
    record = ruled.record(*arguments)
    assert [
        {"destination": "a.test", "before": "20", "after": "3"},
        {"destination": "smtp:127.0.0.1:26", "before": "20", "after": "3"},
    ] == record["destinations"]
    assert (None, True) == (record["expires_at"], record["is_dry_run"])
    assert [] == ruled.lines("rule", "list")
    ruled.lines("rule", "set", "*", "concurrency", "3")
    assert ["would end 1 rule"] == ruled.lines("rule", "delete", "1", "--dry-run")
    assert 1 == len(ruled.records("rule", "list"))


def test_a_rule_that_can_have_no_effect_says_so_at_once(ruled: AdminTool) -> None:
    """
    TLS is demanded of the next hop, so a rule for a domain behind another one protects nothing.
    """
    words = "mail to relayed.test goes to smtp:127.0.0.1:26, and concurrency is found by that; set it there"
    assert f"empath-admin: it has no effect: {words}" in ruled.words("rule", "set", "relayed.test", "concurrency", "2")


def test_a_route_of_a_domain_has_an_effect_and_says_how_much_it_moves(ruled: AdminTool) -> None:
    """
    A rule may give a domain another route than the file does; then what holds of its next hop is found by that.
    """
    arguments = ("rule", "set", "relayed.test", "route", "smtp://127.0.0.1:28")
    assert ["empath-admin: it would move 1 recipient that waits", "empath-admin: a dry run: nothing was changed"] == (
        ruled.words(*arguments, "--dry-run")
    )
    assert ["empath-admin: it moves 1 recipient that waits"] == ruled.words(*arguments)
    assert ["empath-admin: it changes 0 destinations of the queue"] == ruled.words(
        "rule", "set", "smtp:127.0.0.1:28", "concurrency", "2"
    )
    config, engine = load_config(ruled.config), ruled.queue.engine
    assert [Level.OK] == [each.level for each in diagnose_rules(config, engine, T0)]


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("source", "no-pool", "there is no pool no-pool in [sources], so its mail is deferred"),
        ("route", "pipe:none", 'there is no [pipes."none"], so its mail is deferred'),
        ("route", "webhook:none", 'there is no [webhooks."none"], so its mail is deferred'),
        ("route", "smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525 is a listener of this server: mail would go in a"),
        ("schedule", "08:00-09:00 Mars/Olympus", "this machine knows no time zone 'Mars/Olympus'"),
    ],
)
def test_a_rule_that_names_what_is_not_there_says_so_at_once(
    ruled: AdminTool, setting: str, value: str, words: str
) -> None:
    assert f"empath-admin: it cannot work: {words}" in ruled.words("rule", "set", "x.test", setting, value)[-1]
    found = [each.found for each in diagnose_rules(load_config(ruled.config), ruled.queue.engine, T0)]
    assert words in found[0]


def test_a_long_list_of_changes_is_cut_on_paper_and_whole_in_json(ruled: AdminTool) -> None:
    for number in range(30):
        ruled.queue.accept(f"{number}.many.test")
    arguments = ("rule", "set", "*.many.test", "concurrency", "3", "--dry-run")
    assert 22 == len(ruled.lines(*arguments))
    assert "empath-admin: it changes 30 destinations of the queue, 10 not shown" == ruled.words(*arguments)[0]
    assert 30 == len(ruled.record(*arguments)["destinations"])


def test_each_setting_of_a_destination_is_shown_with_what_decided_it(ruled: AdminTool) -> None:
    ruled.lines("rule", "set", "a.test", "concurrency", "2")
    assert [
        ["SETTING", "VALUE", "BY"],
        ["concurrency", "2", "rule 1 for a.test"],
        ["retry", "1m 5m*2", '[destinations."*"]'],
        ["without_8bitmime", "convert", "built-in"],
    ] == [
        [cell for cell in line.split("  ") if cell] and _cells(line) for line in ruled.lines("rule", "show", "a.test")
    ][:4]
    found = {
        each["setting"]: each for each in ruled.records("rule", "show", "smtp://127.0.0.1:26", "--domain", "b.test")
    }
    assert ("built-in", "file", "*") == (
        found["concurrency"]["layer"], found["retry"]["layer"], found["retry"]["pattern"],
    )  # fmt: skip
    ruled.lines("rule", "set", "mx:*.example.net", "concurrency", "4")
    [word] = ruled.words("rule", "show", "b.test")
    assert "MX hosts of b.test are not known yet" in word


def test_a_domain_whose_mail_goes_to_a_next_hop_has_only_settings_of_its_recipients(ruled: AdminTool) -> None:
    """
    The connections are those of the next hop: a rule for the domain does not count for them.
    """
    ruled.lines("rule", "set", "b.test", "route", "smtp://relay.test")
    assert ["retry", "route", "verp"] == [each["setting"] for each in ruled.records("rule", "show", "b.test")]
    [word] = ruled.words("rule", "show", "b.test")
    assert "mail to b.test goes to smtp:relay.test:25, which has the other settings: " in word
    assert "`empath-admin rule show smtp:relay.test:25 --domain b.test`" in word


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_what_can_be_set_is_shown(ruled: AdminTool) -> None:
    assert "concurrency" in ruled.lines("rule", "settings")[1]
    assert {"setting", "value", "example", "meaning"} == set(json.loads(ruled.lines("rule", "settings", "--json")[0]))


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("set", "a b", "concurrency", "3"), "not a domain name"),
        (("set", "*", "speed", "3"), "rule settings"),
        (("set", "*", "concurrency", "0"), "whole number from 1"),
        (("set", "*", "retry", "soon"), "not a duration"),
        (("set", "*", "concurrency", "3", "--for", "0s"), "must be longer than '0s'"),
        (("show", "*.a.test"), "is a pattern"),
        (("show", "a b"), "not a domain name"),
        (("delete",), "give numbers"),
        (("delete", "1", "--pattern", "*"), "give numbers"),
    ],
)
def test_a_mistake_is_a_usage_error(ruled: AdminTool, arguments: tuple[str, ...], hint: str) -> None:
    result = ruled.run("rule", *arguments)
    assert 64 == result.code
    assert hint in result.err


def test_a_rule_that_is_not_there_is_said(ruled: AdminTool) -> None:
    result = ruled.run("rule", "delete", "7")
    assert (66, "empath-admin: there is no rule 7; `empath-admin rule list` shows all\n") == (result.code, result.err)


def test_list_and_view_say_what_rules_decide(ruled: AdminTool) -> None:
    """
    Mail that goes out slowly must show why.
    """
    ruled.lines("rule", "set", "b.test", "concurrency", "2", "--reason", "go slow")
    words = [
        "empath-admin: b.test: concurrency is 2, by rule 1 for b.test: go slow",
        'empath-admin: b.test: retry is 1m 5m*2, by [destinations."*"]',
    ]
    assert words == ruled.words("list", "--destination", "b.test")[-2:]
    [(number,)] = ruled.queue.select("SELECT recipient_id FROM queue WHERE destination = 'b.test'")
    assert words == ruled.words("view", str(number))[-2:]
    concurrency, retry = ruled.record("view", str(number))["settings"]["b.test"]
    assert ("2", "row", 1) == (concurrency["value"], concurrency["layer"], concurrency["rule"])
    assert ("file", "*") == (retry["layer"], retry["pattern"])
    assert "settings" in ruled.record("list", "--destination", "b.test")


def test_doctor_finds_rules_that_cannot_work(ruled: AdminTool) -> None:
    """
    A rule without effect is a mistake that shows in nothing else.
    """
    config, engine = load_config(ruled.config), ruled.queue.engine
    assert [(Level.OK, "0 rules of destinations in force")] == [
        (each.level, each.found) for each in diagnose_rules(config, engine, T0)
    ]
    for pattern in ("relayed.test", "smtp:127.0.0.1:27", "smtp:127.0.0.1:26", "mx:*.test"):
        write(
            ruled.path, "INSERT INTO destination_rule (pattern, setting, value) VALUES (?, 'concurrency', 5)", pattern
        )
    hours = "'relayed.test', 'schedule', '08:00-09:00 Mars/Olympus'"
    write(ruled.path, f"INSERT INTO destination_rule (pattern, setting, value) VALUES ({hours})")
    unknown = "INSERT INTO _destination_rule (pattern, setting, value, created_at, who)"
    write(ruled.path, f"{unknown} VALUES ('x.test', 'speed', '9', 1, 'a')")
    assert [
        (Level.ERROR, "rule 6 is left out: there is no setting 'speed'"),
        (
            Level.WARNING,
            "rule 1 for relayed.test has no effect: mail to relayed.test goes to smtp:127.0.0.1:26, and concurrency is"
            " found by that; set it there",
        ),
        (Level.WARNING, "rule 2 for smtp:127.0.0.1:27 has no effect: no route leads to smtp:127.0.0.1:27"),
        (
            Level.ERROR,
            "rule 5 for relayed.test cannot work: this machine knows no time zone 'Mars/Olympus'; correct it, or"
            " install tzdata",
        ),
    ] == [(each.level, each.found) for each in diagnose_rules(config, engine, T0)]
