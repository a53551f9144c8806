"""`empath-admin repro`: one message with what decides about it, as a small queue that a test can load."""

from pathlib import Path

import pytest

from empath.mail.status import RecipientStatus
from tests.cli.admin.kit import AdminTool
from tests.cli.admin.test_backup import LARGE, accept_large
from tests.kit.queue import T0, give_spool, select, violations
from tests.kit.repro import load_repro

DNS = """
    INSERT INTO _dns_cache (name, type, status, answer, asked_at, expires_at, stale_until)
    VALUES ('{}', 'MX', 'found', '["10 mx.a.example."]', 1, 2, 3)"""


@pytest.fixture
def full(tool: AdminTool) -> AdminTool:
    """A message that was tried at one of its two domains, and another message; a rule, and answers of the DNS."""
    tool.queue.accept("a.example", "b.example")
    tool.queue.accept("c.example")
    [lease] = [each for each in tool.queue.lease() if each.destination == "a.example"]
    tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DEFERRED))
    tool.queue.write("INSERT INTO destination_rule (pattern, setting, value) VALUES ('a.example', 'concurrency', '3')")
    for name in ("a.example", "mx.a.example", "c.example"):
        tool.queue.write(DNS.format(name))
    tool.queue.write("UPDATE queue SET priority = 1 WHERE recipient = 'r1@a.example'")
    return tool


def export(tool: AdminTool, place: Path, *options: str) -> Path:
    [line] = tool.lines("repro", "1", str(place), *options)
    return Path(line)


def test_a_message_is_exported_and_loaded_by_a_test(full: AdminTool, tmp_path: Path):
    """
    The loaded queue gives a lease of the message, as the queue that it came from would.
    """
    exported = export(full, tmp_path / "export")
    loaded = load_repro(exported, make(tmp_path))
    addresses = "SELECT recipient, status, priority, attempts FROM queue ORDER BY recipient_id"
    assert full.queue.select(addresses + " LIMIT 2") == loaded.select(addresses)
    assert [(1, "451 4.7.1 greylisted")] == loaded.select("SELECT recipient_id, text FROM attempt")
    assert [("a.example", "concurrency", "3")] == loaded.select("SELECT pattern, setting, value FROM destination_rule")
    assert [("a.example",), ("mx.a.example",)] == loaded.select("SELECT name FROM _dns_cache ORDER BY name")
    assert [("priority", 2, 1)] == loaded.select("SELECT what, before, after FROM audit WHERE recipient_id = 1")
    assert {} == violations(loaded.path)
    loaded.write("UPDATE queue SET next_retry_unix = ? WHERE recipient_id = 1", T0 + 9)
    assert ["a.example"] == [lease.destination for lease in loaded.lease(now=T0 + 10) if lease.destination[0] == "a"]
    loaded.close()


def make(place: Path) -> Path:
    made = place / "loaded"
    made.mkdir()
    return made


def test_large_content_comes_along(full: AdminTool, tmp_path: Path):
    give_spool(full.path)
    file = accept_large(full.queue)
    exported = Path(full.lines("repro", file.name, str(tmp_path / "export"))[0])
    loaded = load_repro(exported, make(tmp_path))
    assert [LARGE] == [each.read_bytes() for each in (loaded.path.parent / "spool").glob("*/*")]
    loaded.close()


def test_the_content_is_left_out(full: AdminTool, tmp_path: Path):
    exported = export(full, tmp_path / "export", "--without-content")
    [(octets,)] = select(exported / "queue.db", "SELECT octets FROM _content")
    assert b"The content was left out." in octets
    assert {} == violations(exported / "queue.db")


def test_addresses_are_masked_wherever_they_are(full: AdminTool, tmp_path: Path):
    """
    In the octets of the file, too, and in whatever form.
    """
    full.queue.write(
        "UPDATE _recipient SET last_reply = '550 <R1@A.example> R2=b.example@x',"
        " original_recipient = 'rfc822;r1@a.example', sent_as = 'SRS0=abcd=ef=example.test=sender@mx.example.test'"
    )
    exported = export(full, tmp_path / "export", "--mask")
    addresses = select(exported / "queue.db", "SELECT recipient, sender FROM queue ORDER BY recipient_id")
    assert ["a.example", "b.example"] == [recipient.partition("@")[2] for recipient, _ in addresses]
    octets = (exported / "queue.db").read_bytes()
    assert [] == [word for word in (b"r1@a.example", b"r2@b.example", b"sender@example.test") if word in octets]
    assert [] == [word for word in (b"=sender@", b"<R1@", b"R2=") if word in octets]
    assert [(2, 1)] == select(exported / "queue.db", "SELECT before, after FROM audit WHERE what = 'priority'")
    assert [(None,)] == select(exported / "queue.db", "SELECT subject FROM message")
    assert {} == violations(exported / "queue.db")


def test_what_cannot_be_exported_is_refused_in_one_line(full: AdminTool, tmp_path: Path):
    for arguments, code in ((("99", str(tmp_path / "x")), 66), (("1", str(tmp_path)), 73)):
        done = full.run("repro", *arguments)
        assert (code, 1) == (done.code, done.err.count("\n"))
