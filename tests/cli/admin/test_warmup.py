"""empath-admin warmup."""

from tests.cli.admin.kit import AdminTool
from tests.kit.process import configuration
from tests.kit.queue import write

DAYS = 'started_at = "2026-01-01"\ndays = "5*1000"\n'
NEW = "INSERT INTO warmup (address, provider, day, most_messages, started_at)"


def test_the_list_has_the_day_of_each_plan_and_what_went_out(tool: AdminTool) -> None:
    """
    An operator sees how far a new address is.
    """
    write(tool.path, f"{NEW} VALUES ('192.0.2.10', '*', 1, 50, '-25 hours')")
    write(tool.path, f"{NEW} VALUES ('192.0.2.10', '*', 3, 400, NULL)")
    write(tool.path, f"{NEW} VALUES ('192.0.2.10', '*.b.test', 1, 5, '-25 hours')")
    write(tool.path, "INSERT INTO _warmup_use VALUES ('192.0.2.10', '*', 1, 50), ('192.0.2.10', '*', 2, 7)")
    first, second = tool.records("warmup", "list")
    keys = ("address", "provider", "day", "last_day", "messages", "most_messages")
    assert ("192.0.2.10", "*", 2, 3, 7, 50) == tuple(first[key] for key in keys)
    assert ("192.0.2.10", "*.b.test", 2, 1, 0, None) == tuple(second[key] for key in keys)
    assert first["started_at"] < first["next_day_at"]
    heads, *rows = tool.lines("warmup", "list")
    assert ["ADDRESS", "PROVIDER", "STARTED", "DAY", "OF", "MESSAGES", "MOST", "NEXT-DAY", "BY"] == heads.split()
    assert [["2", "3", "7", "50"], ["2", "1", "0", "-"]] == [row.split()[3:7] for row in rows]
    assert ["empath-admin: 2 plans"] == tool.words("warmup", "list")


def test_a_plan_of_the_file_is_shown_with_its_table(tool: AdminTool) -> None:
    """
    Rows for the same address and provider take its place.
    """
    plans = "".join(
        f'[warmup."{name}"]\naddress = "192.0.2.10"\nprovider = "{provider}"\n{DAYS}'
        for name, provider in (("all", "*"), ("big", "*.B.test"))
    )
    tool.config.write_text(configuration(2525, plans))
    write(tool.path, f"{NEW} VALUES ('192.0.2.10', '*', 1, 50, '-1 hour')")
    today = tool.records("warmup", "list")[1]["day"]
    write(tool.path, f"INSERT INTO _warmup_use VALUES ('192.0.2.10', '*.b.test @1767225600', {today}, 3)")
    rows, of_file = tool.records("warmup", "list")
    assert ("*", "rows", 50) == (rows["provider"], rows["by"], rows["most_messages"])
    assert ("*.b.test", '[warmup."big"]', 5) == (of_file["provider"], of_file["by"], of_file["most_messages"])
    assert ("2026-01-01T00:00:00Z", 1000, 3) == (of_file["started_at"], of_file["last_day"], of_file["messages"])


def test_without_plans_the_list_is_empty(tool: AdminTool) -> None:
    assert [] == tool.lines("warmup", "list")
