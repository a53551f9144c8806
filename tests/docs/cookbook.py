"""
cookbook - docs/examples/cookbook.md: its questions, the small queue that answers them, and their time in a large one

`python -m tests.docs.cookbook` writes the answers of the small queue into the page, and the times of a queue with a
million recipients that wait and a million that were delivered. `--recipients 0` leaves the times as they are.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from empath.storage.sqlite.schema import prepare
from tests.bench.depth.fill import Filling, fill
from tests.docs.pages import ROOT

PAGE: Final = "docs/examples/cookbook.md"
_QUESTION: Final = re.compile(
    r"^### (\d+)\. (.+?)\n(.*?)^```sql\n(.*?)^```\n\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL
)
_TRIES: Final = 3
_ULID: Final = "01JD3KQ9XWV5N8T2RZC4E6MB"  # without the last two characters

# What the answers of the page come from. Instants are seconds before now.
_PROCESSES: Final = [(1, "acceptor-1", 4101), (2, "worker-1", 4102)]
_DESTINATIONS: Final = ["", "example.com", "example.net", "example.org", "slow.example", "lmtp:/run/dovecot/lmtp"]
# number, sender, account, size, age, subject
_MESSAGES: Final = [
    (1, "shop@example.edu", "shop", 4_096, 10_800, "Your order"),
    (2, "alice@example.edu", "alice", 250_000, 93_600, "Minutes of the meeting"),
    (3, "news@example.edu", "shop", 60_000, 1_200, "News of November"),
    (4, "carol@example.net", None, 1_800, 600, "Re: your visit"),
]
# number, message, address, place of its destination above, status, attempts, reply, reason, settled: s after arrival
_RECIPIENTS: Final = [
    (1, 1, "ann@example.com", 1, "delivered", 1, "250 2.0.0 Ok", None, 2),
    (2, 1, "bob@example.net", 2, "deferred", 4, "451 4.7.1 Greylisted", None, None),
    (3, 2, "dora@slow.example", 4, "deferred", 9, "connection timed out", None, None),
    (4, 2, "emil@example.com", 1, "bounced", 1, "550 5.1.1 No such user", None, 4),
    (5, 3, "ann@example.com", 1, "queued", 0, None, None, None),
    (6, 3, "bob@example.net", 2, "deferred", 1, "451 4.7.1 Greylisted", None, None),
    (7, 3, "fay@example.org", 3, "held", 0, None, "administratively held", None),
    (8, 3, "gus@example.org", 3, "delivered", 1, "250 2.0.0 Ok", None, 12),
    (9, 4, "alice@example.edu", 5, "delivered", 1, "250 2.0.0 Saved", None, 1),
]
# recipient, seconds after arrival, seconds until the host was ready, host, stage, code, text, TLS, outcome, class
_ATTEMPTS: Final = [
    (1, 1, 0.1, "mx1.example.com", "data", 250, "250 2.0.0 Ok", "TLSv1.3", "delivered", None),
    (2, 2, 0.2, "mx.example.net", "rcpt", 451, "451 4.7.1 Greylisted", "TLSv1.2", "deferred", "greylist"),
    (3, 30, None, "mx.slow.example", "connect", None, "connection timed out", None, "deferred", "connection"),
    (4, 3, 0.1, "mx1.example.com", "rcpt", 550, "550 5.1.1 No such user", "TLSv1.3", "bounced", "bad-mailbox"),
    (6, 3, 0.4, "mx.example.net", "rcpt", 451, "451 4.7.1 Greylisted", "TLSv1.2", "deferred", "greylist"),
    (8, 10, 1.5, "mx.example.org", "data", 250, "250 2.0.0 Ok", None, "delivered", None),
    (9, 1, 0.0, "localhost", "data", 250, "250 2.0.0 Saved", None, "delivered", None),
]
# destination, received, octets, delivered, deferred, bounced
_HOURS: Final = [
    ("", 4, 315_896, 0, 0, 0),
    ("example.com", 0, 0, 1, 0, 1),
    ("example.net", 0, 0, 0, 5, 0),
    ("example.org", 0, 0, 1, 0, 0),
    ("slow.example", 0, 0, 0, 9, 0),
]
# client, name, sender, recipient, stage, rule, reply, times
_REFUSALS: Final = [
    ("192.0.2.77", "pc", "a@spam.example", "x@example.org", "RCPT", "relay", "554 5.7.1 Relay access denied", 40),
    ("192.0.2.8", "mx.b.example", "b@b.example", "nobody@example.edu", "RCPT", "recipients", "550 5.1.1 Unknown", 2),
]


class Question(NamedTuple):
    """One question. Shape: answer is what follows the statement, up to the line with the time."""

    number: int
    text: str
    statement: str
    answer: str
    time: str


def questions() -> list[Question]:
    """All questions of the page, in its order."""
    return [*_questions(_page())]


def _page() -> str:
    # Ended as each question is.
    return (ROOT / PAGE).read_text(encoding="utf-8") + "\n"


def _questions(page: str) -> Iterator[Question]:
    for number, text, _, statement, rest in _QUESTION.findall(page):
        answer, _, measured = rest.rpartition("A million: ")
        yield Question(int(number), text, statement, answer.strip(), measured.strip())


def ulid(number: int) -> str:
    """The queue id of a message of the small queue."""
    return f"{_ULID}{number:02d}"


def make_small(path: Path) -> None:
    """Make the queue that the answers of the page come from, as it is now."""
    prepare(path)
    now = time.time()
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.pragma("synchronous", 0)
        with connection:
            _insert_mail(connection, now)
            _insert_records(connection, now)


def _insert(connection: apsw.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def _insert_mail(connection: apsw.Connection, now: float) -> None:
    for number, slot, pid in _PROCESSES:
        run = {"node": "mx", "instance": "run", "slot": slot, "generation": 1, "pid": pid, "version": "1.0"}
        at = {"started_at": now - 90_000, "beat_at": now, "engine_version": "3.46.1"}
        _insert(connection, "_process", process_id=number, **run, **at)
    for number, name in enumerate(_DESTINATIONS[1:], start=1):
        _insert(connection, "_destination", destination_id=number, name=name)
    arrived = {}
    for number, sender, account, size, age, subject in _MESSAGES:
        arrived[number] = now - age
        envelope = {"ulid": ulid(number), "node": "mx", "reverse_path": sender, "size": size, "received_at": now - age}
        body = {"digest": "0" * 64, "body_type": "7BIT", "has_8bit": 0, "is_smtputf8": 0, "content_locator": "inline"}
        client = {"listener": "0.0.0.0:25", "client_address": "192.0.2.5", "client_name": "client.example"}
        header = {"header_message_id": f"<{number}@example.edu>", "subject": subject, "account": account}
        _insert(connection, "_message", message_id=number, **envelope, **body, **client, **header)
        _insert(connection, "_content", message_id=number, octets=b"x" * size)
    received = {}
    for number, message, address, destination, status, attempts, reply, reason, settled in _RECIPIENTS:
        received[number] = arrived[message]
        to = {"address": address, "original": address, "domain": address.partition("@")[2]}
        until = {"next_retry_at": now + 1800, "expires_at": arrived[message] + 100_800}
        fate = {"status": status, "attempts": attempts, "last_reply": reply, "reason": reason}
        settled_at = None if settled is None else arrived[message] + settled
        _insert(
            connection,
            "_recipient",
            **{"message_id": message, "destination_id": destination},
            recipient_id=number,
            **to,
            **until,
            **fate,
            settled_at=settled_at,
            is_live=int(status in ("queued", "deferred", "held")),
        )
    for recipient, after, connect_s, host, stage, code, text, tls, outcome, kind in _ATTEMPTS:
        place = _DESTINATIONS[next(each[3] for each in _RECIPIENTS if each[0] == recipient)]
        where: dict[str, Any] = {
            "recipient_id": recipient,
            "process_id": 2,
            "lease_id": recipient,
            "destination": place,
            "host": host,
        }
        took = {
            "started_at": received[recipient] + after,
            "duration_s": (30.0 if connect_s is None else connect_s) + 0.1,
        }
        said = {"stage": stage, "code": code, "text": text, "tls_version": tls, "connect_s": connect_s}
        _insert(
            connection, "_attempt", **where, **took, **said, outcome=outcome, decided_status=outcome, **{"class": kind}
        )


def _insert_records(connection: apsw.Connection, now: float) -> None:
    hour = int(now / 3600) * 3600
    for destination, received, octets, delivered, deferred, bounced in _HOURS:
        counts: dict[str, Any] = {"received": received, "octets": octets, "delivered": delivered, "deferred": deferred}
        _insert(connection, "_throughput", hour_at=hour, destination=destination, **counts, bounced=bounced, expired=0)
    for client, name, sender, recipient, stage, rule, reply, times in _REFUSALS:
        who = {"client_address": client, "client_name": name, "sender": sender, "recipient": recipient}
        at = {"first_at": now - 60, "last_at": now - 30, "times": times, "listener": "0.0.0.0:25"}
        _insert(connection, "_refusal", **who, **at, stage=stage, rule=rule, reply=reply)
    for name, used in (("alice", now - 93_600), ("bob", now - 200 * 86_400), ("shop", now - 1_200)):
        _insert(connection, "_account", name=name, created_at=now - 400 * 86_400, last_used_at=used)
    why = {"source": "bounce", "reason": "550 5.1.1 No such user", "class": "bad-mailbox"}
    _insert(connection, "_suppression", address="emil@example.com", created_at=now - 90_000, **why)
    session = {"process_id": 1, "number": 1, "listener": "0.0.0.0:25", "client_address": "192.0.2.5", "account": None}
    state = {"client_name": "client.example", "state": "mail", "messages": 3, "octets": 9_000, "began_at": now - 40}
    _insert(connection, "_session", **session, **state)
    for name, value, default, line in (("delivery.workers", "4", "2", 9), ("queue.lifetime", "28h", "5d", 4)):
        source = {"default_value": default, "source": f"/etc/empath/empath.toml:{line}"}
        _insert(connection, "_effective_setting", node="mx", name=name, value=value, **source)
    for statement in (
        "UPDATE destination SET suspended_until = '+2 hours', suspended_reason = 'answers slowly'"
        " WHERE destination = 'slow.example'",
        "UPDATE queue SET priority = 0 WHERE recipient_id = 5",
        "INSERT INTO control (verb, argument) VALUES ('log-level', 'debug')",
        "INSERT INTO consumer (name, types) VALUES ('crm', 'delivered bounced')",
    ):
        connection.execute(statement)


def make_large(path: Path, recipients: int) -> None:
    """Make a queue where so many recipients wait, as many were delivered, and a month has left its counts."""
    fill(path, Filling(recipients, retained=recipients))
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.pragma("synchronous", 0)
        connection.execute(
            """
            WITH RECURSIVE h (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM h WHERE n < 719)
            INSERT INTO _throughput
            SELECT (unixepoch() / 3600 - h.n) * 3600, d.name, 0, 0, 40, 3, 1, 0
              FROM h CROSS JOIN (SELECT name FROM _destination LIMIT 100) AS d;

            WITH RECURSIVE h (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM h WHERE n < 9999)
            INSERT INTO _refusal (first_at, last_at, times, listener, client_address, client_name, stage, rule, reply)
            SELECT unixepoch() - n * 9, unixepoch() - n * 9, 1, '0.0.0.0:25', '192.0.2.' || n % 250, 'x', 'RCPT',
                   'relay', '554 5.7.1 Relay access denied'
              FROM h;
            """
        )


def rows_of(path: Path, statement: str) -> list[list[str]]:
    """The head and the rows of a statement that finds some, each value as a shell prints it."""
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        cursor = connection.execute(statement)
        head = [name for name, *_ in cursor.get_description()]
        rows = [["" if value is None else str(value) for value in row] for row in cursor]
    return [head, *rows]


def table(rows: list[list[str]]) -> str:
    """*rows* as a table of Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def answer_rows(answer: str) -> list[list[str]]:
    """The head and the rows of a table of Markdown."""
    lines = answer.splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in [*lines[:1], *lines[2:]]]


def _seconds(path: Path, statement: str) -> float:
    """The best of some tries, by a connection that has the file in its cache."""
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        found = []
        for _ in range(_TRIES):
            start = time.perf_counter()
            connection.execute(statement).fetchall()
            found.append(time.perf_counter() - start)
    return min(found)


def said_time(seconds: float) -> str:
    """A time as people say it, of one digit or two that count."""
    if seconds < 0.001:
        return "less than 1 ms"
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s"


def main() -> int:
    """Write the page anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.cookbook", description="Answer and time the cookbook.")
    parser.add_argument("--recipients", type=int, default=1_000_000, help="in the large queue; 0: measure nothing")
    options = parser.parse_args()
    page = _page()
    with tempfile.TemporaryDirectory(prefix="cookbook-", dir="/var/tmp") as folder:
        small, large = Path(folder) / "small.db", Path(folder) / "large.db"
        make_small(small)
        # At once, because some of them speak of the last seconds.
        answers = {each.number: table(rows_of(small, each.statement)) for each in _questions(page)}
        if options.recipients:
            make_large(large, options.recipients)
        for each in _questions(page):
            measured = each.time
            if options.recipients:
                statement = each.statement.replace(_ULID, "01JD3KQ9XW00000000000000")  # a message that is there
                measured = f"{said_time(_seconds(large, statement))}."
            head = f"```sql\n{each.statement}```\n\n"
            start = page.index(head) + len(head)
            end = re.compile(r"^#|\Z", re.MULTILINE).search(page, start)
            assert end is not None
            answer = f"{answers[each.number]}\n\nA million: {measured}\n\n"
            page = page[:start] + answer + page[end.start() :]
            print(json.dumps({"question": each.number, "time": measured}), file=sys.stderr)
    (ROOT / PAGE).write_text(page.rstrip() + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
