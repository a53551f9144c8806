"""test_plans - hot statements find their rows by the index that their comments name, however deep the queue is"""

import re
from typing import TYPE_CHECKING

from empath.storage.queries import all_queries

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue

ROWS = 10_000
FILL = f"""
    INSERT INTO _destination (name, due_at) SELECT 'd' || n, n FROM generate_series(1, 200) AS n;
    INSERT INTO _message (
      ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, listener, client_address,
      client_name, content_locator)
    SELECT lpad(n::text, 26, '0'), 'n', 's', 1, 'x', n, '7BIT', 0, 0, 'l', 'c', 'c', 'inline'
      FROM generate_series(1, {ROWS}) AS n;
    INSERT INTO _content SELECT n, 'x' FROM generate_series(1, {ROWS}) AS n;
    INSERT INTO _recipient (message_id, address, original, domain, destination_id, status, next_retry_at, expires_at, lease_id)
    SELECT n, 'a', 'a', 'd', 1 + n % 200, CASE WHEN n % 50 = 0 THEN 'leased' ELSE 'queued' END, n, n,
           CASE WHEN n % 50 = 0 THEN n / 100 END
      FROM generate_series(1, {ROWS}) AS n;
    INSERT INTO _lease (process_id, destination_id, leased_at) SELECT 1, n, n FROM generate_series(1, 100) AS n;
    INSERT INTO _attempt (
      recipient_id, process_id, lease_id, destination, started_at, duration_s, stage, text, outcome, decided_status)
    SELECT n, 1, 1, 'd', n, 1, 's', 't', 'deferred', 'deferred' FROM generate_series(1, {ROWS}) AS n;
    INSERT INTO _bell (destination_id, due_at) SELECT n, n FROM generate_series(1, 50) AS n;
    ANALYZE;
"""  # noqa: E501 - as wide as the rest of the SQL
DEEP = ("_recipient", "_message", "_content", "_attempt")  # what must not be walked
EXPECTED = {
    "accept.accept_messages": (),
    "lease.answer_bells": (),
    "lease.lock_ready": ("_destination_turn",),
    "lease.lock_longest_ready": (),
    "lease.due_of_destinations": ("_recipient_due",),
    "lease.due_at_end": ("_recipient_due",),
    "lease.siblings_of_messages": ("_recipient_message",),
    "lease.mark_all_leased": ("_recipient_pkey",),
    "lease.close": ("_recipient_due",),
    "lease.work_of_leases": ("_recipient_lease", "_message_pkey"),
    "lease.inline_contents": ("_content_pkey",),
    "lease.orders": (),
    "settle.settle_recipients": ("_recipient_pkey",),
    "settle.defer_recipient": (),
    "settle.forget_delivered_contents": ("_message_pkey", "_recipient_message", "_content_pkey"),
    "put_back.let_go": ("_recipient_lease",),
    "put_back.put_back": ("_recipient_lease",),
    "put_back.end_leases": ("_recipient_lease",),
    "process.release": ("_recipient_lease",),
    "settle.is_delivered_under": ("_attempt_recipient",),
    "due_bound.due_bounds": ("_recipient_due",),
}


def test_no_hot_statement_walks_the_queue(queue: "PostgresQueue") -> None:
    """
    One that does costs each mail as much as the queue is deep.
    """
    other = queue.other()
    other.execute("SET session_replication_role = replica")
    other.execute(FILL.encode())
    other.execute("SET plan_cache_mode = force_generic_plan")
    plans = {name: plan_of(queue, all_queries("postgresql")[name]) for name in EXPECTED}

    walks = {name: plan for name, plan in plans.items() if re.search(rf"Seq Scan on ({'|'.join(DEEP)})\b", plan)}
    queue.empty()  # of rows that no program could have made
    assert {} == walks
    missing = {
        (name, index): plans[name]
        for name, indexes in EXPECTED.items()
        for index in indexes
        if index not in plans[name]
    }
    assert {} == missing


def plan_of(queue: "PostgresQueue", text: str) -> str:
    """The plan of a statement for any values, as a worker's connection has it."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] is None or match[1] not in names:
            names.append(match[1] or f"?{len(names)}")
        return f"${names.index(match[1]) + 1 if match[1] else len(names)}"

    text = re.sub(r"\bNOT IN \(:(\w+)\[(?:text)?\]\)", r"<> ALL(:\1::bigint[])", text)
    text = re.sub(r"\bIN \(:(\w+)\[\]\)", r"= ANY(:\1::bigint[])", text)
    text = re.sub(r"(?<![:\w]):([a-z]\w*)|\?", number, text)
    queue.other().execute(f"PREPARE looked_at AS {text}".encode())
    values = f"({', '.join(['NULL'] * len(names))})" if names else ""
    try:
        rows = queue.other().execute(f"EXPLAIN EXECUTE looked_at{values}".encode()).fetchall()
    finally:
        queue.other().execute("DEALLOCATE looked_at")
    return "\n".join(row[0] for row in rows)
