"""
fill - a deep queue by INSERT … SELECT: 100 recipients for each message, all deferred until tomorrow, and delivered ones

The rows are those of a day of failed first attempts: content, attempt and reply of each. The file is sound, so that
`empath-admin fsck` finds nothing in it. Destination names come from `Filling`, which a run makes once for each queue.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from empath.storage.sqlite.schema import prepare

RECIPIENTS: Final = 100  # recipients of each message
DESTINATIONS: Final = 1000
DOMAIN: Final = "d{:04d}.example"

_BEGIN: Final = """
INSERT INTO _process (node, instance, slot, generation, pid, started_at, beat_at, ended_at, version, engine_version)
VALUES ('bench', 'fill', 'worker-1', 1, 1, :now - 7200, :now - 7200, :now - 3600, '0', sqlite_version());

INSERT INTO _destination (name) SELECT value FROM json_each(:destinations);
"""

# Delivered yesterday, and kept by [retention].
_RETAIN: Final = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :retained_messages)
INSERT INTO _message (
  ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, listener, client_address,
  client_name, header_message_id, subject, content_locator)
SELECT printf('01JD1KQ9XW%016d', i), 'bench', 'sender@bench.example', 4096, printf('%064x', i),
       :now - 90000 + i * 0.1, '7BIT', 0, 0, '127.0.0.1:25', '127.0.0.1', 'client.example',
       printf('<r%d@bench.example>', i), 'message ' || i, NULL
  FROM n;

WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :recipients)
INSERT INTO _recipient (
  message_id, address, original, domain, destination_id, status, next_retry_at, expires_at, attempts, last_reply,
  settled_at, is_live)
SELECT m.message_id, printf('user%d@d%04d.example', n.i, (m.message_id * 37 + n.i) % 1000),
       printf('user%d@d%04d.example', n.i, (m.message_id * 37 + n.i) % 1000),
       printf('d%04d.example', (m.message_id * 37 + n.i) % 1000), 1 + (m.message_id * 37 + n.i) % :spread, 'delivered',
       m.received_at, m.received_at + 432000, 1, '250 2.0.0 OK', m.received_at + 1, 0
  FROM _message AS m
 CROSS JOIN n
 WHERE m.content_locator IS NULL;

INSERT INTO _attempt (
  recipient_id, process_id, lease_id, destination, started_at, duration_s, host, peer_address, stage, code, enhanced,
  text, outcome, decided_status)
SELECT r.recipient_id, 1, r.message_id, d.name, r.settled_at - 1, 0.05, 'mx.' || r.domain, '127.0.0.2:25', 'data', 250,
       '2.0.0', '250 2.0.0 OK', 'delivered', 'delivered'
  FROM _recipient AS r
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.status = 'delivered';
"""

_FILL: Final = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :messages)
INSERT INTO _message (
  ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, listener, client_address,
  client_name, header_message_id, subject, content_locator)
SELECT printf('01JD3KQ9XW%016d', i), 'bench', 'sender@bench.example', 4096, printf('%064x', i),
       :now - 7200 + i * 0.1, '7BIT', 0, 0, '127.0.0.1:25', '127.0.0.1', 'client.example',
       printf('<%d@bench.example>', i), 'message ' || i, 'inline'
  FROM n;

INSERT INTO _content (message_id, octets)
SELECT message_id, zeroblob(4096) FROM _message WHERE content_locator = 'inline';

WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :recipients)
INSERT INTO _recipient (
  message_id, address, original, domain, destination_id, status, next_retry_at, expires_at, attempts, last_reply,
  settled_at, is_live)
SELECT m.message_id, printf('user%d@d%04d.example', n.i, (m.message_id * 37 + n.i) % 1000),
       printf('user%d@d%04d.example', n.i, (m.message_id * 37 + n.i) % 1000),
       printf('d%04d.example', (m.message_id * 37 + n.i) % 1000), 1 + (m.message_id * 37 + n.i) % :spread, 'deferred',
       :now + 86400 + ((m.message_id * 7919 + n.i * 104729) % 1000000) * 0.1, :now + 432000, 1,
       '451 4.7.1 greylisted, try again later', :now - 3600, 1
  FROM _message AS m
 CROSS JOIN n
 WHERE m.content_locator = 'inline';

INSERT INTO _attempt (
  recipient_id, process_id, lease_id, destination, started_at, duration_s, host, peer_address, stage, code, enhanced,
  text, outcome, decided_status, decided_next_retry_at)
SELECT r.recipient_id, 1, r.message_id, d.name, :now - 3600, 0.05, 'mx.' || r.domain, '127.0.0.2:25', 'rcpt', 451,
       '4.7.1', '451 4.7.1 greylisted, try again later', 'deferred', 'deferred', r.next_retry_at
  FROM _recipient AS r
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.status = 'deferred';
"""


@dataclass(frozen=True, slots=True)
class Filling:
    """
    What a deep queue holds: *recipients* that wait, over 1,000 destinations by domain, or all in the one called
    *destination*, and *retained* ones that were delivered.
    """

    recipients: int
    destination: str | None = None
    retained: int = 0

    @property
    def name(self) -> str:
        """Its name in the tables."""
        if not self.recipients:
            return "empty"
        name = "one destination" if self.destination else "1,000 destinations"
        return f"{name}, {self.retained:,} retained" if self.retained else name


def fill(path: Path, filling: Filling) -> float:
    """Make the queue at *path*, which does not exist, and return the seconds that took."""
    start = time.perf_counter()
    prepare(path)
    names = [filling.destination] if filling.destination else [DOMAIN.format(number) for number in range(DESTINATIONS)]
    per_message = min(RECIPIENTS, filling.recipients)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        # No other process has the file, and an interrupted run removes it.
        for pragma in (
            "synchronous = OFF",
            "cache_size = -262144",
            "temp_store = memory",
            "wal_autocheckpoint = 100000",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("BEGIN")
        bindings = {
            "now": time.time(),
            "messages": filling.recipients // per_message,
            "recipients": per_message,
            "spread": len(names),
            "retained_messages": filling.retained // per_message,
            "destinations": "[" + ",".join(f'"{name}"' for name in names) + "]",
        }
        for statements in (_BEGIN, _RETAIN, _FILL) if filling.retained else (_BEGIN, _FILL):
            connection.execute(statements, bindings).fetchall()
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
    return time.perf_counter() - start
