"""empath-admin source."""

import time

import pytest

from empath.errors import MissingInput
from empath.mail.status import RecipientStatus
from tests.cli.admin.kit import AdminTool
from tests.kit.process import configuration

MORE = """
[sources."pool-a"]
addresses = ["192.0.2.10*3", "2001:db8::10 out6.example.org"]
hostname = "out1.example.org"
"""


@pytest.fixture
def pooled(tool: AdminTool) -> AdminTool:
    tool.config.write_text(configuration(2525, MORE))
    return tool


def deliver(tool: AdminTool, source: str, status: RecipientStatus, connect_s: float | None, age_s: float) -> None:
    """One message that was tried from *source* some time ago."""
    now = time.time()
    tool.queue.accept("a.example", "a.example")
    [lease] = tool.queue.lease(now=now)
    settle = tool.queue.new_settle(lease, status, now=now, next_retry_at=now + 3600)
    settle.attempt = settle.attempt._replace(source=source, connect_s=connect_s, started_at=now - age_s)
    tool.queue.run(settle)


def test_an_address_rests_and_wakes_in_the_name_of_a_person(pooled: AdminTool) -> None:
    [line] = pooled.lines("source", "rest", "2001:DB8:0::10", "--for", "6h", "--reason", "blocked")
    assert line.startswith("2001:db8::10 rests until 2")
    assert line.endswith(" (blocked)")
    [(who,)] = pooled.queue.select("SELECT who FROM source_rest")
    assert who.startswith("empath-admin:")
    before, left = pooled.words("source", "rest", "2001:db8::10", "--for", "1h")
    assert before.startswith("empath-admin: it rested until 2")
    assert "no IPv6 address of the pool pool-a is left: its mail to IPv6 hosts is deferred meanwhile" in left
    assert ["mail goes out again from 2001:db8::10"] == pooled.lines("source", "wake", "2001:db8::10")
    assert [] == pooled.queue.select("SELECT * FROM source_rest")
    assert [3] == [
        number for (number,) in pooled.queue.select("SELECT count(*) FROM audit WHERE who LIKE 'empath-admin:%'")
    ]


def test_the_list_has_each_member_with_its_rest_and_its_use(pooled: AdminTool) -> None:
    """
    Whoever wonders which address a provider blocks sees it in one table.
    """
    deliver(pooled, "192.0.2.10", RecipientStatus.DELIVERED, 0.1, 60)
    deliver(pooled, "192.0.2.10", RecipientStatus.DELIVERED, None, 50)
    deliver(pooled, "192.0.2.10", RecipientStatus.BOUNCED, 0.1, 40)
    deliver(pooled, "192.0.2.10", RecipientStatus.DELIVERED, 0.1, 90_000)
    deliver(pooled, "192.0.2.99", RecipientStatus.DELIVERED, 0.1, 60)
    rested = pooled.record("source", "rest", "192.0.2.10", "--for", "6h", "--reason", "blocked by b.example")
    assert (["pool-a"], None) == (rested["pools"], rested["before_until"])
    first, second, third = pooled.records("source", "list")
    assert ("pool-a", 3, "out1.example.org", rested["rests_until"], "blocked by b.example") == tuple(
        first[key] for key in ("pool", "weight", "hostname", "rests_until", "reason")
    )
    assert (2, 4, 2) == tuple(first[key] for key in ("connections", "deliveries", "failures"))
    assert ("2001:db8::10", "out6.example.org", None, 0) == tuple(
        second[key] for key in ("address", "hostname", "rests_until", "deliveries")
    )
    assert (None, "192.0.2.99", None, 2) == tuple(third[key] for key in ("pool", "address", "weight", "deliveries"))
    heads, *rows = pooled.lines("source", "list")
    assert ["POOL", "ADDRESS", "WEIGHT", "HOSTNAME", "RESTS-UNTIL"] == heads.split()[:5]
    assert [["pool-a", "192.0.2.10"], ["pool-a", "2001:db8::10"], ["-", "192.0.2.99"]] == [
        row.split()[:2] for row in rows
    ]
    assert ["empath-admin: 3 addresses, 1 at rest"] == pooled.words("source", "list")


def test_without_pools_the_list_is_empty(tool: AdminTool) -> None:
    assert [] == tool.lines("source", "list")
    assert ["empath-admin: 0 addresses, 0 at rest"] == tool.words("source", "list")


def test_a_rest_of_an_address_of_no_pool_has_no_effect(pooled: AdminTool) -> None:
    """
    A slip of the hand must not look as if it worked.
    """
    [word] = pooled.words("source", "rest", "192.0.2.77", "--for", "6h")
    assert "empath-admin: it has no effect: no pool of [sources] has 192.0.2.77" == word


def test_addresses_wake_all_or_none(pooled: AdminTool) -> None:
    pooled.lines("source", "rest", "192.0.2.10", "--for", "6h")
    refused = pooled.invoke("source", "wake", "192.0.2.10", "192.0.2.11")
    assert isinstance(refused.exception, MissingInput)
    assert "192.0.2.11 does not rest" in str(refused.exception)
    assert [("192.0.2.10",)] == pooled.queue.select("SELECT address FROM source_rest")
    assert {"addresses": ["192.0.2.10"]} == pooled.record("source", "wake", "192.0.2.10", "192.0.2.10")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("host.example", "--for", "1h"), "not an IP address"),
        (("0.0.0.0", "--for", "1h"), "no mail can come from"),
        (("192.0.2.10", "--for", "99999d"), "at most ten years"),
        (("192.0.2.10", "--for", "0s"), "--for takes"),
        (("192.0.2.10", "--for", "1h", "--reason", "x" * 1001), "up to 1000 characters"),
    ],
)
def test_what_cannot_be_a_rest_is_a_usage_error(pooled: AdminTool, arguments: tuple[str, ...], words: str) -> None:
    refused = pooled.invoke("source", "rest", *arguments)
    assert words in f"{refused.exception} {refused.stderr}"
    assert [] == pooled.queue.select("SELECT * FROM source_rest")
