"""test_sessions - the sessions of clients, and how some are closed"""

import pytest

from empath.storage.queue.sessions import KeepSessions, SessionRow
from tests.cli.admin.kit import AdminTool
from tests.kit.queue import T0

HEADER = ["SESSION", "CLIENT", "NAME", "ACCOUNT", "TLS", "STATE", "MESSAGES", "OCTETS", "AGE", "LISTENER"]


@pytest.fixture
def listed(tool: AdminTool) -> AdminTool:
    row = SessionRow(7, "127.0.0.1:25", "192.0.2.1", "client.test", None, None, "ready", 3, 4096, T0)
    tool.queue.run(KeepSessions(tool.queue.process_id, [row], []))
    return tool


def test_sessions_are_shown_as_a_table_and_as_json(listed: AdminTool) -> None:
    name = f"{listed.queue.process_id}.7"
    header, line = listed.lines("sessions")
    assert [
        "SESSION",
        "CLIENT",
        "NAME",
        "ACCOUNT",
        "TLS",
        "STATE",
        "MESSAGES",
        "OCTETS",
        "AGE",
        "LISTENER",
    ] == header.split()
    assert [name, "192.0.2.1", "client.test", "-", "-", "ready", "3", "4096"] == line.split()[:8]
    record = listed.record("sessions")
    assert (name, "client.test", None, "2023-11-14T22:13:20Z", "worker-1") == (
        record["session"], record["client_name"], record["account"], record["began_at"], record["process"],
    )  # fmt: skip


def test_a_session_is_closed_in_the_name_of_a_person(listed: AdminTool) -> None:
    name = f"{listed.queue.process_id}.7"
    assert "closed" == listed.record("sessions", "--close", name)["state"]
    [(who, after)] = listed.queue.select("SELECT who, after FROM audit WHERE what = 'session'")
    assert (True, "closed") == (who.startswith("empath-admin:"), after)


def test_a_session_that_is_over_cannot_be_closed(listed: AdminTool) -> None:
    """
    All of the sessions that are named are closed, or none.
    """
    result = listed.run("sessions", "--close", f"{listed.queue.process_id}.7", "--close", "9.9")
    assert (66, "empath-admin: no session '9.9' is open; `empath-admin sessions` shows all\n") == (
        result.code,
        result.err,
    )
    assert "ready" == listed.record("sessions")["state"]
