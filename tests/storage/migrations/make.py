"""
make - a queue with every kind of row, as test data for the next migration

Run it once, in the tree of the version before the new schema, and keep its output:

    .venv/bin/python -m tests.storage.migrations.make tests/storage/migrations/version_1

It runs an instance of that tree, sends mail with every fate, and kills the instance in the middle of a delivery. The
result is queue.sql, which holds the whole database, and the spool's files, compressed; `kit.restore` reads them.
"""

import gzip
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import apsw

from tests.e2e.client import Client
from tests.kit.peer import END_OF_DATA, ScriptedPeer
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import eventually

MORE = """
[[listener]]
address = "127.0.0.1:{submission}"
role = "submission"
[relay]
networks = ["127.0.0.1/32"]
[delivery]
workers = 1
concurrency = 1
[retry]
base = "1h"
"""
LARGE = b"Subject: large\r\n\r\n" + b"A line of a message that is too large for the database.\r\n" * 6000
EIGHT_BIT = "Subject: eight bits\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n".encode()
DOTS = b"Subject: dots\r\n\r\n.\r\n..\r\nno line end is lost\r\n"
NO_HEADER = b"\r\na message without a header\r\n"
SHORT = b"Subject: short\r\n\r\ntext\r\n"

ROWS = (
    "INSERT INTO recipient_list (address) VALUES ('one@delivered.example')",
    "INSERT INTO alias (pattern, target) VALUES ('all@delivered.example', 'one@delivered.example')",
    "INSERT INTO _account (name, senders, created_at) VALUES ('shop', '@sender.example', 1e9)",
    "INSERT INTO greylist (client) VALUES ('192.0.2.0/24')",
    "INSERT INTO _verification (address, is_known, reply, expires_at)"
    " VALUES ('one@delivered.example', 1, '250 OK', 2e9)",
    "INSERT INTO _dedup (key, ulid, expires_at) VALUES ('00', '01M8KWMQ2MC23MPAXX456X1RP8', 2e9)",
    f"INSERT INTO _token (name, role, digest, created_at) VALUES ('console', 'operate', '{'0' * 64}', 1e9)",
    "INSERT INTO _dkim_key (domain, selector, algorithm, since, record, private_key, created_at)"
    " VALUES ('sender.example', 's1', 'ed25519-sha256', 1e9, 'v=DKIM1; k=ed25519; p=', 'no key', 1e9)",
    "INSERT INTO _refusal (first_at, last_at, times, listener, client_address, client_name, stage, rule, reply)"
    " VALUES (1e9, 2e9, 3, '127.0.0.1:25', '192.0.2.1', 'client.example', 'rcpt', 'relay', '550 5.7.1 No')",
    "INSERT INTO authentication_override (pattern, at_most) VALUES ('192.0.2.0/24', 'tag')",
    "INSERT INTO destination_rule (pattern, setting, value) VALUES ('slow.example', 'rate', '10/1m')",
    "INSERT INTO _injection (token, key, digest, answer, expires_at)"
    f" VALUES ('console', 'k', '{'0' * 64}', '{{}}', 2e9)",
    "INSERT INTO _feedback (at, report_ulid, kind, address)"
    " VALUES (1e9, '01M8KWMQ2MC23MPAXX456X1RP8', 'complaint', 'one@delivered.example')",
    "INSERT INTO _consumer (name, kind, cursor, created_at) VALUES ('program', 'program', 0, 1e9)",
    "INSERT INTO _event (at, type, detail) VALUES (1e9, 'destination-opened', '{}')",
    "INSERT INTO _event_aside (consumer, event_id, state, since, next_try_at) VALUES ('program', 1, 'dead', 1e9, 1e9)",
    "INSERT INTO _log_level (scope, pattern, level, expires_at, created_at, who)"
    " VALUES ('area', 'delivery', 'debug', 2e9, 1e9, 'root')",
    "INSERT INTO _report_period (kind, domain, begin_at, end_at, policy, due_at)"
    " VALUES ('dmarc', 'sender.example', 1000000000, 1000086400, 'v=DMARC1; p=none', 2e9)",
    "INSERT INTO _dmarc_count"
    " VALUES (1, '192.0.2.1', 'sender.example', '', 'none', 'pass', 'pass', '', '', '[]', '', 'none', 1)",
    "INSERT INTO _tls_count VALUES (1, 'no-policy-found', '', '', '', '', 1)",
    "INSERT INTO _received_report (kind, domain, org_name, report_id, contact, begin_at, end_at, policy, messages,"
    " failed, left_out, sender, received_at, row_count)"
    " VALUES ('dmarc', 'sender.example', 'o', 'r', '', 1, 2, '{}', 1, 0, 0, '', 1e9, 1),"
    " ('tls', 'sender.example', 'o', 'r', '', 1, 2, '{}', 1, 0, 0, '', 1e9, 1)",
    "INSERT INTO _received_dmarc"
    " VALUES (1, 1, '192.0.2.1', 1, 'none', 'pass', 'pass', '', '', 'sender.example', '', '[]', '', '')",
    "INSERT INTO _received_tls VALUES (2, 1, 'sts', 'sender.example', '', 1, '', '', '', '')",
    "INSERT INTO _redacted (kind, number, audit_id, before, after) VALUES ('attempt', 1, 1, x'00', x'01')",
    "INSERT INTO listener_limit (listener, setting, value) VALUES ('*', 'message_rate_per_client', '500/1m')",
    "INSERT INTO _transcript (at, ulid, destination, host, stage, reply, dialogue)"
    " VALUES (1e9, '01M8KWMQ2MC23MPAXX456X1RP8', 'slow.example', 'mx.slow.example', 'RCPT', '451 4.2.0 Later', 'C: x')",
    "INSERT INTO hold_rule (scope, pattern, reason) VALUES ('sender', '*@waits.example', 'to be looked at')",
    "INSERT INTO _plan (verb, predicate, hash, who, created_at, expires_at)"
    " VALUES ('reroute', '--destination slow.example', '00', 'root', 1e9, 2e9)",
    "INSERT INTO _plan_recipient"
    " (plan_id, recipient_id, state, status, next_retry_at, priority, destination, target)"
    " VALUES (1, 1, 'planned', 'deferred', 1e9, 0, 'slow.example', 'fast.example')",
    "UPDATE destination SET suspended_until = '2033-05-18 03:33:20'",
)


def main(target: Path) -> None:
    """Write the queue to the folder *target*."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ScriptedPeer() as taking,
        ScriptedPeer().reply("RCPT", "550 5.1.1 No such mailbox") as bouncing,
        ScriptedPeer().reply("RCPT", "451 4.2.0 Later") as deferring,  # a host that is down would open the breaker
        ScriptedPeer().hang_at(END_OF_DATA) as hanging,
    ):
        submission = free_port()
        routes = f"""
"delivered.example" = "smtp://{taking.address}"
"bounced.example" = "smtp://{bouncing.address}"
"leased.example" = "smtp://{hanging.address}"
"*" = "smtp://{deferring.address}"
"""
        instance = Empathd(Path(folder) / "instance", MORE.format(submission=submission), routes)
        try:
            instance.start()
            fill(instance, submission, hanging)
            kill(instance)
        finally:
            instance.clean_up()
        # A notice stays open, because no process makes the report.
        connection = apsw.Connection(str(instance.queue))
        connection.execute("UPDATE queue SET status = 'bounced' WHERE recipient = 'notice@deferred.example'")
        for statement in ROWS:
            connection.execute(statement)
        target.mkdir(exist_ok=True)
        (target / "queue.sql").write_text("\n".join(dump(connection)) + "\n")
        connection.close()
        for file in (instance.directory / "spool").rglob("*"):
            if file.is_file():
                (target / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))


def fill(instance: Empathd, submission: int, hanging: ScriptedPeer) -> None:
    """Send mail, and wait until each has the fate in the name of its domain."""
    with Client(instance.port) as client:
        client.say("EHLO client.example")
        for content in (LARGE, SHORT):
            client.mail("<s@sender.example>", "<one@leased.example>", "<ordered@leased.example>", content=content)
            hanging.wait_until(lambda: bool(hanging.open_sessions))
        for content in (SHORT, LARGE, EIGHT_BIT, DOTS, NO_HEADER):
            client.mail(
                "<s@sender.example> BODY=8BITMIME RET=FULL ENVID=e1",
                "<one@deferred.example> NOTIFY=FAILURE,DELAY",
                "<two@deferred.example> ORCPT=rfc822;other@deferred.example",
                content=content,
            )
        client.mail("<s@sender.example>", "<one@delivered.example>", "<one@bounced.example>", content=SHORT)
        client.mail("<s@sender.example>", "<one@delivered.example>", content=LARGE)
        client.mail("<s@sender.example>", "<held@deferred.example>", content=SHORT)
        client.mail("<s@sender.example>", "<held@deferred.example>", content=LARGE)
        client.mail("<s@sender.example>", "<cancelled@deferred.example>", content=SHORT)
        client.mail("<s@sender.example>", "<notice@deferred.example>", content=SHORT)
    with Client(submission) as client:
        client.say("EHLO client.example")
        client.mail("<s@sender.example>", "<submitted@deferred.example>", content=b"Subject: no date\r\n\r\ntext\r\n")
    wait(instance, "count(*) = 2", "status = 'delivered'")
    wait(instance, "count(*) = 1", "recipient LIKE '%@bounced.example' AND status = 'bounced'")
    wait(instance, "count(*) = 1", "sender = '' AND attempts = 1")
    wait(
        instance, "count(*) = 0", "destination LIKE 'smtp:%' AND recipient NOT LIKE '%leased.example' AND attempts = 0"
    )
    wait(instance, "count(*) = 2", "recipient LIKE '%@leased.example' AND status = 'leased'")
    admin(instance, "hold", "--recipient", "held@deferred.example")
    admin(instance, "delete", "--recipient", "cancelled@deferred.example", "--yes")
    admin(instance, "hold", "--recipient", "ordered@leased.example")


def wait(instance: Empathd, claim: str, where: str) -> None:
    """Wait until *claim* holds for the recipients for which *where* holds."""
    columns = "sender, recipient, status, destination, attempts"
    statement = (
        f"SELECT {claim} FROM (SELECT {columns} FROM queue UNION ALL SELECT {columns} FROM history) WHERE {where}"
    )

    def holds() -> bool:
        connection = apsw.Connection(str(instance.queue), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(10_000)
        try:
            return bool(connection.execute(statement).fetchall()[0][0])
        finally:
            connection.close()

    eventually(holds, f"{claim} WHERE {where}")


def admin(instance: Empathd, verb: str, *arguments: str) -> None:
    """Give one order by empath-admin."""
    command = (sys.executable, "-P", "-m", "empath.cli.admin", verb, "-c", str(instance.config), *arguments)
    subprocess.run(command, check=True)


def kill(instance: Empathd) -> None:
    """End all processes of the instance at once, like a loss of power."""
    assert instance.process is not None
    children = list(instance.pids())
    os.kill(instance.process.pid, signal.SIGKILL)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    instance.process.wait()
    eventually(lambda: not instance.pids(), "all processes ended")


def dump(connection: apsw.Connection) -> list[str]:
    """Statements that make the database again, number of the schema and generated columns included."""
    lines = [
        f"PRAGMA {name} = {connection.pragma(name)};"
        for name in ("page_size", "auto_vacuum", "journal_mode", "application_id", "user_version")
    ]
    schema = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    lines += ["BEGIN;"]
    lines += [f"{sql};" for kind, name, sql in schema if kind in ("table", "index") and name != "sqlite_sequence"]
    for kind, name, _ in schema:
        if kind != "table":
            continue
        columns = [
            column
            for (column, hidden) in connection.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (name,))
            if not hidden
        ]
        values = " || ',' || ".join(f"quote({column})" for column in columns)
        for (row,) in connection.execute(f'SELECT {values} FROM "{name}"'):
            lines.append(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({row});")
    lines += [f"{sql};" for kind, _, sql in schema if kind in ("view", "trigger")]
    lines += ["COMMIT;"]
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1]))
