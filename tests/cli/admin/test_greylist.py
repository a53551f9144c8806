"""empath-admin greylist."""

import pytest

from empath.policy.greylist import GreylistRules, Note, Triple
from empath.storage.queue.greylist import NoteTry
from tests.cli.admin.kit import AdminTool
from tests.kit.queue import T0

RULES = GreylistRules(delay_s=300, window_s=2000, lifetime_s=9000, auto_allow=0, ipv4_prefix=24, ipv6_prefix=64)
ROWS = (
    ("192.0.2.0/24", "a@b.test", "c@d.test"),
    ("192.0.2.0/24", "", "c@d.test"),
    ("2001:db8::/64", "a@b.test", "e@d.test"),
)


@pytest.fixture
def listed(tool: AdminTool) -> AdminTool:
    for row in ROWS:
        tool.queue.run(NoteTry(RULES, Triple(*row), Note.FIRST_TRY, T0))
    return tool


def test_the_greylist_is_shown_as_a_table_and_as_json(listed: AdminTool) -> None:
    lines = listed.lines("greylist", "list", "--client", "192.0.2.9")
    assert ["CLIENT", "SENDER", "RECIPIENT", "FIRST-TRY", "PASSES", "EXPIRES", "HITS"] == lines[0].split()
    assert [["192.0.2.0/24", "<>", "c@d.test"], ["192.0.2.0/24", "a@b.test", "c@d.test"]] == [
        line.split()[:3] for line in lines[1:]
    ]
    assert [
        {
            "client": "2001:db8::/64", "sender": "a@b.test", "recipient": "e@d.test", "hits": 0,
            "first_seen_at": "2023-11-14T22:13:20Z", "passes_at": "2023-11-14T22:18:20Z",
            "expires_at": "2023-11-14T22:46:40Z",
        }
    ] == listed.records("greylist", "list", "--sender", "a@b.test", "--recipient", "e@d.test")  # fmt: skip


def test_a_client_is_allowed_in_the_name_of_a_person(listed: AdminTool) -> None:
    assert ["all mail of 198.51.100.0/24, 2001:db8:1::/64 passes"] == listed.lines(
        "greylist", "allow", "198.51.100.7", "2001:db8:1::/64", "198.51.100.0/24"
    )
    [line] = listed.lines("greylist", "list", "--client", "198.51.100.0/24")[1:]
    assert ["198.51.100.0/24", "*", "*"] == line.split()[:3]
    assert "never" in line
    audit = listed.queue.select("SELECT who LIKE 'empath-admin:%', object FROM audit")
    assert [(1, "198.51.100.0/24 * *"), (1, "2001:db8:1::/64 * *")] == audit


def test_rows_are_forgotten(listed: AdminTool) -> None:
    assert ["forgot 1 row"] == listed.lines("greylist", "delete", "--client", "192.0.2.1", "--sender", "")
    assert ["forgot 2 rows"] == listed.lines("greylist", "delete", "--sender", "a@b.test")
    assert [] == listed.lines("greylist", "list")


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (("delete",), 64, "no rows selected: give --client, --sender or --recipient"),
        (("delete", "--sender", "x"), 66, "the greylist has no such row"),
        (("allow", "192.0.0.0/16"), 64, "counts 192.0.0.0 as 192.0.0.0/24, not as 192.0.0.0/16"),
        (("allow", "everyone"), 64, "not an IP address or a network: 'everyone'"),
    ],
)
def test_a_mistake_is_one_clear_line(listed: AdminTool, arguments: tuple[str, ...], code: int, hint: str) -> None:
    result = listed.run("greylist", *arguments)
    assert (code, True) == (result.code, hint in result.err), result.err
