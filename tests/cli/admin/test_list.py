"""test_list - `empath-admin list`: one line per recipient, paged by key"""

import re
import time
from typing import Any

from empath.mail.identity import QueueId
from empath.mail.status import RecipientStatus
from tests.cli.admin.kit import NEVER, AdminTool
from tests.kit.queue import T0, write

KEYS = [
    "recipient_id", "id", "status", "ordered", "priority", "attempts", "next_retry_at", "expires_at", "received_at",
    "sender", "recipient", "domain", "destination", "size_octets", "last_reply",
    "reason", "suspended_until", "blocked_by",
]  # fmt: skip


def listed(tool: AdminTool, *filters: str) -> list[dict[str, Any]]:
    """The recipients of one page."""
    found: list[dict[str, Any]] = tool.record("list", *filters)["recipients"]
    return found


def numbers(records):
    return [record["recipient_id"] for record in records]


def test_an_earlier_instant_is_listed(tool: AdminTool) -> None:
    """
    As attempts and audit tell; what retention has removed is told, and nothing of the future is known.
    """
    tool.queue.accept(at=T0)
    tool.queue.write("UPDATE queue SET status = 'cancelled'")
    (line,) = tool.lines("list", "--at", "2023-11-15 12:00")[1:]
    assert ["1", "queued"] == [line.split()[0], line.split()[2]]
    found = tool.record("list", "--at", "2023-11-15 12:00", "--recipient", "nobody@a.example")
    assert ([], False, 0) == (found["recipients"], found["is_whole"], found["gone"])
    assert "0 recipients in 0 messages at 2023-11-01T00:00:00Z" in tool.words("list", "--at", "2023-11-01")[0]
    tool.queue.accept(at=T0)
    for table in ("_recipient", "_content", "_message"):
        tool.queue.write(f"DELETE FROM {table} WHERE message_id = 1")
    assert (
        "1 recipient of mail that came before then are no longer recorded"
        in tool.words("list", "--at", "2023-11-15")[1]
    )
    for wrong in (("--at", "2096-01-01"), ("--at", "noon"), ("--at", "2023-11-15", "--where", "1")):
        assert 64 == tool.run("list", *wrong).code


def test_list_is_aligned_text_with_a_line_a_recipient(tool: AdminTool):
    """
    People and awk read it; messages go to standard error.
    """
    tool.queue.accept("a.example", "smtp:192.0.2.9:25")
    result = tool.invoke("list")
    [(ulid,)] = tool.queue.select("SELECT ulid FROM _message")
    assert [
        "RECIPIENT  ID                          STATUS  TRIES  NEXT-TRY              "
        "ADDRESS          NEXTHOP            REPLY",
        f"1          {ulid}  queued  0      2023-11-14T22:13:20Z  r1@a.example     a.example          -",
        f"2          {ulid}  queued  0      2023-11-14T22:13:20Z  r2@example.test  smtp:192.0.2.9:25  -",
    ] == result.stdout.splitlines()
    assert "empath-admin: 2 recipients in 1 message\n" == result.stderr


def test_list_of_an_empty_queue_writes_no_result(tool: AdminTool):
    """
    A script that counts lines counts 0.
    """
    result = tool.invoke("list")
    assert (0, "", "empath-admin: 0 recipients in 0 messages\n") == (result.exit_code, result.stdout, result.stderr)


def test_json_is_one_object_with_these_keys(tool: AdminTool):
    """
    The documented keys are an interface: scripts depend on each of them.
    """
    tool.queue.accept()
    [lease] = tool.queue.lease()
    tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=NEVER))
    [record] = listed(tool)
    assert KEYS == list(record)
    assert ["recipients", "next_after", "frozen_since"] == list(tool.record("list"))
    assert {
        "recipient_id": 1,
        "id": lease.messages[0].queue_id,
        "status": "deferred",
        "ordered": None,
        "priority": 2,
        "attempts": 1,
        "next_retry_at": "2096-10-02T07:06:40Z",
        "expires_at": "2023-11-14T22:13:20Z",
        "received_at": "2023-11-14T22:13:20Z",
        "sender": "sender@example.test",
        "recipient": "r1@a.example",
        "domain": "a.example",
        "destination": "a.example",
        "size_octets": 17,
        "last_reply": "451 4.7.1 greylisted",
        "reason": None,
        "suspended_until": None,
        "blocked_by": None,
    } == record


def test_a_final_status_is_refused_with_the_place_of_such_recipients(tool: AdminTool):
    """
    A person who looks for bounced mail learns where it is.
    """
    said = tool.run("list", "--status", "bounced")
    assert (64, "") == (said.code, said.out)
    assert "bounced is a final status; such recipients are in the view history of `empath-admin sql`" in said.err
    assert "Required if no other" not in tool.run("list", "--help").out


def test_final_recipients_are_not_listed(tool: AdminTool):
    """
    The list is the queue, not its history.
    """
    tool.queue.accept(count=2)
    [lease] = tool.queue.lease()
    tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DELIVERED))
    assert [2] == numbers(listed(tool))


def test_status_narrows_the_list(tool: AdminTool):
    """
    `--status deferred` shows the mail that waits for its next try.
    """
    tool.queue.accept("a.example", "b.example")
    lease = next(lease for lease in tool.queue.lease() if lease.destination == "b.example")
    tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DEFERRED))
    assert [[1], [2], []] == [numbers(listed(tool, "--status", word)) for word in ("leased", "deferred", "queued")]


def test_domain_narrows_the_list_in_any_spelling(tool: AdminTool):
    """
    People type U-labels and capitals; the queue has A-labels.
    """
    tool.queue.accept("a.example", "xn--bcher-kva.example")
    spellings = ("bücher.example", "XN--BCHER-KVA.example", "Bücher.Example.")
    assert [[2], [2], [2]] == [numbers(listed(tool, "--domain", text)) for text in spellings]


def test_domain_may_be_an_address_literal(tool: AdminTool):
    """
    The queue has one spelling of each literal, too.
    """
    tool.queue.accept()
    write(tool.path, "UPDATE _recipient SET domain = '[IPv6:2001:db8::1]'")
    assert [1] == numbers(listed(tool, "--domain", "[ipv6:2001:DB8:0::1]"))


def test_pages_show_every_recipient_once(tool: AdminTool):
    """
    Pages begin after a key, so rows that are added or removed between two pages do not shift the others.
    """
    tool.queue.accept("a.example", "b.example", count=4)
    seen, after, pages = [], 0, 0
    while True:
        result = tool.invoke("list", "--limit", "3", "--after", str(after), "--json")
        page = [int(number) for number in re.findall(r'"recipient_id": (\d+)', result.stdout)]
        seen += page
        pages += 1
        hint = re.search(r"; more with --after (\d+)$", result.stderr.strip())
        if hint is None:
            break
        after = int(hint[1])
    assert ([1, 2, 3, 4, 5, 6, 7, 8], 3) == (seen, pages)


def test_a_page_that_is_just_full_is_the_last(tool: AdminTool):
    """
    A hint at an empty page would cost a script one more run.
    """
    tool.queue.accept(count=3)
    assert ["empath-admin: 3 recipients in 3 messages"] == tool.words("list", "--limit", "3")


def test_a_page_has_fifty_recipients_by_default(tool: AdminTool):
    """
    A deep queue must not flood a terminal.
    """
    tool.queue.accept(count=51)
    assert ["empath-admin: 50 recipients in 50 messages; more with --after 50"] == tool.words("list")


def test_peer_text_cannot_steer_the_terminal(tool: AdminTool):
    """
    A peer may send escape sequences, line ends and marks of writing direction.
    """
    tool.queue.accept()
    write(tool.path, "UPDATE _recipient SET last_reply = ?", "550 \x1b]0;owned\x07\r\nfake\x9b31m\u202e[bold]")
    [_, line] = tool.lines("list")
    assert line.endswith(r"550 \x1b]0;owned\x07\r\nfake\x9b31m\u202e[bold]")


def test_json_is_ascii(tool: AdminTool):
    """
    Programs may pass the line on to a terminal.
    """
    tool.queue.accept()
    write(tool.path, "UPDATE _recipient SET last_reply = ?", "\x1b\x7f\x9bü")
    [line] = tool.lines("list", "--json")
    assert (True, True) == (line.isascii(), line.isprintable())
    assert "\x1b\x7f\x9bü" == listed(tool)[0]["last_reply"]


def test_an_instant_beyond_the_calendar_is_shown_as_its_number(tool: AdminTool):
    """
    A shell can write any number; the list must still work.
    """
    tool.queue.accept()
    write(tool.path, "UPDATE _recipient SET next_retry_at = 1e300")
    assert "1e+300" == tool.lines("list")[1].split()[4]
    assert "1e+300" == listed(tool)[0]["next_retry_at"]
    assert "2023-11-14T22:13:20Z" == listed(tool)[0]["received_at"]
    write(tool.path, "UPDATE _recipient SET next_retry_at = ?", T0)


def test_an_empty_sender_selects_nothing(tool: AdminTool) -> None:
    """
    An unset variable of a script is empty, too. It must not select all mail without a sender.
    """
    said = tool.run("list", "--sender", "")
    assert (64, "") == (said.code, said.out)
    assert "<> is the null path" in said.err


def test_a_terminal_of_80_columns_gets_two_lines_a_recipient(tool: AdminTool):
    """
    The first line has sender, recipient, age, size and next try, the second one id and reason. No text is cut.
    """
    now = time.time()
    tool.queue.accept("a.example", "smtp:192.0.2.9:25", "c.example", content=b"x" * 5000)
    write(tool.path, "UPDATE _message SET received_at = ?", now - 3 * 3600)
    write(tool.path, "UPDATE _recipient SET next_retry_at = ? WHERE recipient_id = 1", now + 600)
    reply = "451 4.7.1 greylisted for five minutes, see the page about greylisting of a.example"
    write(tool.path, "UPDATE _recipient SET last_reply = ?, attempts = 4 WHERE recipient_id = 1", reply)
    write(tool.path, "UPDATE _recipient SET status = 'held', reason = 'looks odd' WHERE recipient_id = 3")
    write(tool.path, "UPDATE _message SET reverse_path = '' WHERE message_id = 1")
    [(ulid,)] = tool.queue.select("SELECT ulid FROM _message")
    assert [
        "NUMBER  STATUS  AGE  NEXT TRY  SIZE   SENDER -> RECIPIENT",
        "1       queued  3 h  in 9 min  5 KiB  <> -> r1@a.example",
        f"  {ulid}  4 tries, 451 4.7.1 greylisted for five minutes,",
        "  see the page about greylisting of a.example",
        "2       queued  3 h  now       5 KiB  <> -> r2@example.test",
        f"  {ulid}  not tried, next hop smtp:192.0.2.9:25",
        "3       held    3 h  -         5 KiB  <> -> r3@c.example",
        f"  {ulid}  not tried, looks odd",
    ] == tool.on_a_terminal(80, "list")
    write(tool.path, "UPDATE _recipient SET attempts = 0")


def test_addresses_that_do_not_fit_have_a_line_of_their_own(tool: AdminTool):
    """
    A cut address would be ambiguous.
    """
    tool.queue.accept("a.example")
    long = "x" * 60 + "@" + "y" * 50 + ".example"
    write(tool.path, "UPDATE _recipient SET address = ?", long)
    lines = tool.on_a_terminal(80, "list")
    assert [] == [line for line in lines if len(line) > 80]
    assert f"sender@example.test -> {long}" in "".join(line.strip() + " " * line.endswith("->") for line in lines)


def test_the_next_try_says_why_there_is_none(tool: AdminTool):
    """
    Due mail that is not sent needs a reason.
    """
    tool.queue.accept("a.example", "b.example")
    write(tool.path, "UPDATE _destination SET suspended_until = ? WHERE name = 'a.example'", NEVER)
    assert ["suspended", "now"] == [re.split(r" {2,}", line)[3] for line in tool.on_a_terminal(80, "list")[1::2]]
    tool.lines("freeze")
    assert ["frozen", "frozen"] == [re.split(r" {2,}", line)[3] for line in tool.on_a_terminal(80, "list")[1::2]]
    tool.lines("thaw")
    tool.queue.lease(now=time.time())
    assert "under way" in tool.on_a_terminal(80, "list", "--status", "leased")[1]


def test_text_of_strangers_does_not_steer_the_terminal(tool: AdminTool):
    """
    Each column is escaped, as in a pipe.
    """
    tool.queue.accept("a.example")
    write(tool.path, "UPDATE _recipient SET address = ?, last_reply = ?", "\u202ea@a.example", "550 \x1b[31m")
    text = "\n".join(tool.on_a_terminal(80, "list"))
    assert (True, True) == (r"-> \u202ea@a.example" in text, r"550 \x1b[31m" in text)


def test_ids_are_given_by_themselves_and_by_their_first_characters(tool: AdminTool):
    """
    `list 4711 01JD3KQ9` is what people type.
    """
    tool.queue.accept("a.example", "b.example")
    other = QueueId.parse("01JD3KQ9XWV5N8T2RZC4E6MBHA")
    tool.queue.accept("a.example", queue_id=other)
    tool.queue.accept("a.example")

    assert [3] == numbers(listed(tool, "01jd3kq9"))
    assert [1, 3] == numbers(listed(tool, "1", "01JD3KQ9XW", "--domain", "a.example"))
    assert [2, 3] == numbers(listed(tool, "2", "--id", str(other)))


def test_first_characters_of_several_ids_are_not_guessed(tool: AdminTool):
    """
    The error names them.
    """
    tool.queue.accept(count=7)
    several = tool.run("list", "01HF7YAT000")
    none = tool.run("hold", "01JD3KQ9")

    assert 64 == several.code
    assert "more than one queue id begins with 01HF7YAT000: 01HF7YAT000000000000000001, " in several.err
    assert several.err.endswith(", …\n")
    assert 66 == none.code
    assert "no queue id in the queue database begins with 01JD3KQ9" in none.err


def test_the_kind_of_failure_and_the_words_of_the_reply_are_filters(tool: AdminTool):
    """
    What all these recipients have in common is often the reply.
    """
    tool.queue.accept("a.example", "b.example")
    for lease in tool.queue.lease():
        tool.queue.run(tool.queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=NEVER))
    tool.queue.accept("a.example")
    write(tool.path, "UPDATE _attempt SET class = 'greylist' WHERE recipient_id = 1")

    assert [1, 2] == numbers(listed(tool, "--reply", "GREYlisted"))
    assert [] == numbers(listed(tool, "--reply", "over quota"))
    assert [1] == numbers(listed(tool, "--class", "greylist"))
    assert [2] == numbers(listed(tool, "--reply", "greylisted", "--domain", "b.example"))
    assert 1 == tool.record("hold", "--class", "greylist", "--dry-run")["matched"]
