"""explain: why mail is not delivered now, and when next."""

import time

import pytest

from empath.mail.status import RecipientStatus
from tests.cli.admin.kit import NEVER, AdminTool
from tests.kit.process import configuration

pytestmark = pytest.mark.usefixtures("mx")


@pytest.fixture
def mx(tool: AdminTool) -> None:
    """Mail goes by MX, but that of two domains; a worker lives, and a message with two recipients is due."""
    routes = '"*" = "mx"\n"relayed.test" = "smtp://192.0.2.9:2600"\n"sink.test" = "discard:"'
    tool.config.write_text(configuration(2525, routes=routes))
    tool.queue.accept("a.test", "b.test")
    tool.queue.write("UPDATE _process SET beat_at = ?", time.time())
    tool.queue.write("UPDATE _recipient SET expires_at = ?", NEVER)


def first_line(tool: AdminTool, target: str) -> str:
    """The answer."""
    return tool.lines("explain", target)[0]


def test_the_first_line_answers_for_one_recipient(tool: AdminTool) -> None:
    """
    What it waits for, and when that ends; then whatever follows from it.
    """
    assert "<r1@a.test> is due, and a worker takes it in its turn" == first_line(tool, "1")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO control (verb) VALUES ('freeze')", "waits because all delivery is frozen (frozen since "),
        ("UPDATE queue SET status = 'held' WHERE recipient_id = 1",
         "is on hold (administratively held by sql), until `empath-admin release 1`"),
        ("UPDATE _destination SET suspended_until = 4e9, suspended_reason = 'no room'",
         "waits because a.test is suspended until in "),
        ("UPDATE _destination SET suspended_until = 4e9, suspended_reason = 'closed by schedule 08:00-09:00'",
         "waits for the hours of a.test, until in "),
        ("UPDATE _destination SET suspended_until = 4e9, suspended_reason = 'warm-up: 192.0.2.1 has sent 50'",
         "waits for room in the plan of a new source address, until in "),
        ("UPDATE _destination SET breaker_until = 4e9, openings = 1, last_failure = 'connection refused'",
         "waits because a.test gave no session; the next try is in "),
        ("UPDATE _destination SET breaker_until = 1, max_leases = 0", "waits for the message that tries a.test first"),
        ("UPDATE _destination SET token_at = 4e9", "waits for the rate of the destination or its provider, until in "),
        ("UPDATE _destination SET max_leases = 0", "waits for a connection to a.test: 0 of 0 connections in use"),
        ("UPDATE _recipient SET next_retry_at = 4e9", "is not due before its next try in "),
        ("UPDATE _recipient SET next_retry_at = 4e9, held_back_until = 4e9",
         "waits for the rate of the sender, in [senders], until in "),
        ("UPDATE _process SET beat_at = 1", "is due, but no worker runs: `empathd status` says why"),
        ("INSERT INTO suppression (address) VALUES ('r1@a.test')",
         "is due, and a worker takes it in its turn; bounces: the address is suppressed"),
    ],
)  # fmt: skip
def test_each_wait_has_its_sentence(tool: AdminTool, statement: str, words: str) -> None:
    """
    With the command that ends it, where there is one.
    """
    tool.queue.write(statement)

    assert first_line(tool, "1").startswith(f"<r1@a.test> {words}")


def test_a_suspension_names_its_author_and_its_reason(tool: AdminTool) -> None:
    """
    Whom to ask before it is ended.
    """
    tool.invoke("suspend", "a.test", "--for", "1h", "--reason", "no room")

    lines = tool.lines("explain", "1")

    assert "to end that: empath-admin resume a.test (no room)" in lines[0]
    [suspended] = [line for line in lines if line.startswith("suspended")]
    assert " by empath-admin:" in suspended
    assert suspended.endswith(": no room")


def test_mail_that_failed_shows_its_last_reply(tool: AdminTool) -> None:
    """
    And the attempts that there were.
    """
    [lease] = [each for each in tool.queue.lease() if each.destination == "a.test"]
    tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=time.time() + 600))

    lines = tool.lines("explain", "1")

    assert lines[0].startswith("<r1@a.test> waits for its next try in ")
    assert lines[0].endswith(", after 1 attempt; 451 4.7.1 greylisted")
    assert ["deferred", "end-of-data", "mx.a.example"] == lines[-1].split()[1:4]


def test_several_recipients_are_counted_by_what_they_wait_for(tool: AdminTool) -> None:
    """
    A message with many recipients still has one first line.
    """
    [(ulid,)] = tool.queue.select("SELECT id FROM message")
    tool.queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 1")

    assert f"2 recipients of {ulid}: 1 on hold; 1 due, a worker takes them in their turn" == first_line(
        tool, ulid.lower()
    ).replace(ulid.lower(), ulid)


def test_the_route_and_what_decides_it_are_shown(tool: AdminTool) -> None:
    """
    Also for mail that waits where the routes do not lead any more.
    """
    tool.queue.accept("relayed.test")

    record = tool.record("explain", "relayed.test")

    assert [("smtp:192.0.2.9:2600", None), ("relayed.test", "smtp:192.0.2.9:2600")] == [
        (each["destination"], each["leads_to"]) for each in record["destinations"]
    ]
    assert ("[routes]", "relayed.test") == (
        record["destinations"][0]["decided_by"],
        record["destinations"][0]["pattern"],
    )
    assert ["relayed.test"] == [each["destination"] for each in record["recipients"]]


def test_a_domain_behind_a_shared_host_shows_its_own_mail_only(tool: AdminTool) -> None:
    """
    The mail of others that goes to the same host is another question.
    """
    tool.queue.accept("smtp:192.0.2.9:2600", count=2)
    tool.queue.write("UPDATE _recipient SET domain = 'relayed.test' WHERE recipient_id = 3")

    assert [3] == [each["recipient_id"] for each in tool.record("explain", "relayed.test")["recipients"]]
    assert [3, 4] == [each["recipient_id"] for each in tool.record("explain", "smtp:192.0.2.9:2600")["recipients"]]


def test_mail_that_is_under_way_or_on_hold_is_named_too(tool: AdminTool) -> None:
    """
    It is what people ask about, and "no mail waits" would be wrong.
    """
    tool.queue.accept("a.test", count=2)
    tool.queue.lease()
    tool.queue.accept("a.test", count=2)
    tool.queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = (SELECT max(recipient_id) FROM queue)")

    found = tool.record("explain", "a.test")

    assert [*sorted(("leased", "queued", "held"), key=["leased", "queued", "held"].index)] == list(
        dict.fromkeys(each["status"] for each in found["recipients"])
    )
    assert 1 == found["destinations"][0]["state"]["held"]


@pytest.mark.parametrize("verb", ["explain", "find --recipient", "list --recipient"])
def test_an_address_is_found_in_any_case(tool: AdminTool, verb: str) -> None:
    """
    A person types it as it comes to mind.
    """
    [(address,)] = tool.queue.select("SELECT recipient FROM queue LIMIT 1")

    assert address in tool.run(*verb.split(), address.upper()).out


def test_the_limits_are_shown_with_who_holds_them(tool: AdminTool) -> None:
    """
    A rule has its number, a connection its worker.
    """
    tool.queue.lease()
    tool.invoke("rule", "set", "a.test", "concurrency", "3", "--reason", "they asked")

    lines = tool.lines("explain", "a.test")

    [connections] = [line for line in lines if line.startswith("connections")]
    assert "  1 of 5; concurrency 3 by rule 1 for a.test: they asked" in connections
    [holder] = [line for line in lines if line.startswith("held by")]
    assert "worker-1 since " in holder
    assert holder.endswith(", 1 recipient")


def test_what_the_dns_answered_is_shown_without_asking(tool: AdminTool) -> None:
    """
    The rows that the workers share have the MX, and what DANE knows.
    """
    now = time.time()
    row = "INSERT INTO _dns_cache (name, type, status, answer, dnssec, asked_at, expires_at, stale_until) VALUES "
    tool.queue.write(
        row + "('a.test', 'MX', 'found', '[\"10 mx.a.test.\"]', 'secure', ?, ?, ?)", now, now + 60, now + 60
    )
    tool.queue.write(row + "('_25._tcp.mx.a.test', 'TLSA', 'NODATA', '[]', 'secure', ?, ?, ?)", now, now + 60, now + 60)
    tool.queue.write("UPDATE _destination SET exchangers = 'mx.a.test' WHERE name = 'a.test'")

    lines = tool.lines("explain", "a.test")

    assert [["a.test", "MX", "found"], ["_25._tcp.mx.a.test", "TLSA", "NODATA"]] == [
        line.split()[:3] for line in lines if " MX " in line or " TLSA " in line
    ][::-1]
    assert any("10 mx.a.test." in line for line in lines)


def test_mail_that_met_its_end_is_said_so(tool: AdminTool) -> None:
    """
    The question about it comes late, but it comes.
    """
    for lease in tool.queue.lease():
        tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DELIVERED))
    [(ulid,)] = tool.queue.select("SELECT id FROM message")

    lines = tool.lines("explain", ulid)

    assert f"nothing of {ulid} waits: 2 delivered" == lines[0]
    assert "250 2.0.0 Ok" in lines[3]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("c.test", "no mail for c.test waits; new mail goes by mx"),
        ("x@sink.test", "no mail for x@sink.test waits; new mail goes by discard:"),
    ],
)
def test_no_mail_waits(tool: AdminTool, target: str, words: str) -> None:
    """
    The route is known all the same.
    """
    assert words == first_line(tool, target)


def test_a_suppressed_address_is_said_so(tool: AdminTool) -> None:
    """
    With the row that does it.
    """
    tool.queue.write("INSERT INTO suppression (address, reason) VALUES ('@c.test', 'closed')")

    lines = tool.lines("explain", "x@c.test")

    assert "no mail for x@c.test waits; new mail is refused, because @c.test is suppressed" == lines[0]
    assert any(line.startswith("suppressed  @c.test since ") and line.endswith(" by sql: closed") for line in lines)


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("99", 66, "no recipient 99 in the queue database"),
        ("01JD3KQ9XWV5N8T2RZC4E6MBHA", 66, "no message 01JD3KQ9XWV5N8T2RZC4E6MBHA in the queue database"),
        ("smtp:192.0.2.1:25", 66, "no destination smtp:192.0.2.1:25 in the queue database"),
        ("not a thing", 64, "'not a thing' is neither a queue id"),
        ("@", 64, ""),
    ],
)
def test_what_is_not_there_is_an_error(tool: AdminTool, target: str, code: int, words: str) -> None:
    """
    With the code that scripts know.
    """
    done = tool.run("explain", target)

    assert code == done.code
    assert words in done.err


def test_the_hosts_are_asked_for_only_by_order(tool: AdminTool) -> None:
    """
    An address needs no look-up, so this test needs no name server.
    """
    tool.queue.accept("smtp:192.0.2.9:2600")
    tool.queue.write("UPDATE _recipient SET domain = 'relayed.test' WHERE recipient_id = 3")

    assert tool.record("explain", "relayed.test")["destinations"][0]["hosts"] is None
    [host] = tool.record("explain", "relayed.test", "--ask")["destinations"][0]["hosts"]

    assert ("192.0.2.9", 2600) == (host["address"], host["port"])
