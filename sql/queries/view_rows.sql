-- view_rows.sql - pages of the rows of public views, by key
-- In the place of {condition} are condition_* of selection.sql. Transaction: the caller's. Rows: the fields of the record
-- in storage/admin/view_rows.py; instants in Unix seconds.

-- name: attempt
-- Up to :limit attempts after :after. Index: the rowid of _attempt, or _attempt_recipient where a recipient is named.
SELECT attempt_id, started_unix, duration_s, connect_s, destination, host, peer_address, stage, code, enhanced, text,
       tls_policy, tls_version, tls_cipher, tls_peer, tls_failure, dnssec, source, outcome, decided_status,
       decided_next_retry_unix, class, id, recipient_id, recipient
  FROM attempt
 WHERE attempt_id > :after
   AND {condition}
 ORDER BY attempt_id
 LIMIT :limit;

-- name: history
-- Up to :limit recipients with a final status after :after. Index: the rowid of _recipient.
SELECT recipient_id, id, status, sender, recipient, domain, destination, attempts, last_reply, reason, class, settled_unix,
       received_unix, size, has_content
  FROM history
 WHERE recipient_id > :after
   AND {condition}
 ORDER BY recipient_id
 LIMIT :limit;

-- name: destination
-- Up to :limit destinations after the name :after. Index: the UNIQUE of name.
SELECT destination, max_leases, lease_limit, leases, is_failing, due_unix, ready_unix, breaker_until_unix,
       suspended_until_unix, suspended_reason, last_failure, exchangers, blocked_by
  FROM destination
 WHERE destination > :after
   AND {condition}
 ORDER BY destination
 LIMIT :limit;

-- name: audit
-- Up to :limit rows after :after. Index: the rowid of _audit, or _audit_recipient where a recipient is named.
SELECT audit_id, at_unix, who, what, before, after, id, recipient_id, recipient, destination, object, statement
  FROM audit
 WHERE audit_id > :after
   AND {condition}
 ORDER BY audit_id
 LIMIT :limit;
