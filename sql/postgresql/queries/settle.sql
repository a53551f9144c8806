-- settle.sql - write what attempts decided, on PostgreSQL
-- Transaction: the statements of a batch in the order of this file. Leases are locked before recipients, and of recipients only
-- those that nobody else has locked: a batch waits for no edit, and cannot deadlock with one.

-- name: lock_leases
-- Those of :leases (list of lease_id) that still stand: all that the batch settles and ends, at once and in order, before a
-- recipient is touched. Who takes the process for dead locks them in the same order. Index: the primary key. Rows: lease_id.
SELECT lease_id FROM _lease WHERE lease_id IN (:leases[]) ORDER BY lease_id FOR UPDATE;

-- name: settle_recipients
-- Fates, with their evidence and the obligations to report: of all whose lease still holds them, whom nobody is editing, and for
-- whom there is no order. The leases are those that lock_leases gave. :notice_kind is NULL where no report is due.
-- Index: the primary keys. Rows: recipient_id of each that was settled; the others are settled one by one.
WITH fate AS (
  SELECT *
    FROM unnest(
           :recipient_id::bigint[], :process_id::bigint[], :lease_id::bigint[], :destination::text[],
           :started_at::double precision[], :duration_s::double precision[], :connect_s::double precision[], :host::text[],
           :peer_address::text[], :stage::text[], :code::bigint[], :enhanced::text[], :text::text[], :outcome::text[],
           :decided_status::text[], :decided_next_retry_at::double precision[], :dnssec::text[], :class::text[],
           :tls_policy::text[], :tls_version::text[], :tls_cipher::text[], :tls_peer::text[], :tls_failure::text[],
           :source::text[], :now::double precision[], :notice_kind::text[], :notice_action::text[])
         WITH ORDINALITY AS f (
           recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage,
           code, enhanced, text, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_policy, tls_version,
           tls_cipher, tls_peer, tls_failure, source, now, notice_kind, notice_action, place)
), mine AS (
  SELECT r.recipient_id
    FROM fate AS f
    JOIN _recipient AS r ON r.recipient_id = f.recipient_id
   WHERE r.lease_id = f.lease_id
     AND r.ordered_status IS NULL
     AND r.ordered_next_retry_at IS NULL
     AND (f.decided_status <> 'expired' OR r.expires_at <= f.now)
     FOR NO KEY UPDATE OF r SKIP LOCKED
), settled AS (
  UPDATE _recipient AS r
     SET status = f.decided_status,
         next_retry_at = coalesce(f.decided_next_retry_at, r.next_retry_at),
         attempts = r.attempts + 1,
         lost_leases = 0,
         lease_id = NULL,
         last_reply = f.text,
         settled_at = f.now
    FROM fate AS f
    JOIN mine AS m ON m.recipient_id = f.recipient_id
   WHERE r.recipient_id = f.recipient_id
  RETURNING r.message_id, r.destination_id, r.priority, r.next_retry_at, f.*
), evidence AS (
  INSERT INTO _attempt (
    recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code,
    enhanced, text, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_policy, tls_version, tls_cipher,
    tls_peer, tls_failure, source)
  SELECT recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code,
         enhanced, text, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_policy, tls_version, tls_cipher,
         tls_peer, tls_failure, source
    FROM settled
   ORDER BY place
), owed AS (
  INSERT INTO _notice (message_id, recipient_id, kind, created_at, action)
  SELECT message_id, recipient_id, notice_kind, now, notice_action FROM settled WHERE notice_kind IS NOT NULL ORDER BY place
      ON CONFLICT DO NOTHING
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, min(next_retry_at), min(priority)
    FROM settled
   WHERE decided_status = 'deferred'
   GROUP BY destination_id
)
SELECT recipient_id FROM settled;

-- name: forget_delivered_contents
-- Forget the contents of :messages (list of message_id) that every recipient has got, and that no report will quote. Two that
-- settle the last two recipients at the same time do not see each other; retention forgets the content then.
-- Index: _recipient_message, _notice_message.
WITH gone AS (
  UPDATE _message AS m SET content_locator = NULL, added_fields = ''
   WHERE m.message_id IN (:messages[])
     AND m.content_locator IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.message_id = m.message_id AND r.status <> 'delivered')
     AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.message_id = m.message_id)
  RETURNING m.message_id
)
DELETE FROM _content AS c USING gone AS g WHERE c.message_id = g.message_id;

-- name: defer_recipient
-- One recipient without a noted order waits again. It waits for whoever edits the recipient. Index: the primary key. By
-- position, as on SQLite. Rows: one if it was settled.
WITH settled AS (
  UPDATE _recipient
     SET status = 'deferred',
         next_retry_at = ?,
         attempts = attempts + 1,
         lost_leases = 0,
         lease_id = NULL,
         last_reply = ?,
         settled_at = ?
   WHERE recipient_id = ?
     AND lease_id = ?
     AND ordered_status IS NULL
     AND ordered_next_retry_at IS NULL
  RETURNING recipient_id, destination_id, next_retry_at, priority
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, next_retry_at, priority FROM settled
)
SELECT recipient_id FROM settled;

-- name: order
-- What was ordered while the recipient is leased; nobody orders anything else before this transaction ends.
-- Index: the primary key. Rows: none if the lease does not hold it, else one: ordered_status, ordered_next_retry_at (both
-- NULL: nothing), expires_at.
SELECT ordered_status, ordered_next_retry_at, expires_at
  FROM _recipient
 WHERE recipient_id = :recipient_id
   AND lease_id = :lease_id
   FOR NO KEY UPDATE;

-- name: settle_ordered
-- The fate of one recipient with a noted order; :status and :next_retry_at are the result of both.
-- Index: the primary key. Rows: one if it was settled.
WITH settled AS (
  UPDATE _recipient
     SET status = :status,
         next_retry_at = coalesce(CAST(:next_retry_at AS double precision), ordered_next_retry_at, next_retry_at),
         attempts = attempts + 1,
         lost_leases = 0,
         lease_id = NULL,
         last_reply = :last_reply,
         reason = CASE WHEN ordered_status = :status THEN 'administratively ' || ordered_status ELSE reason END,
         settled_at = :now,
         ordered_status = NULL,
         ordered_next_retry_at = NULL
   WHERE recipient_id = :recipient_id
     AND lease_id = :lease_id
  RETURNING recipient_id, destination_id, status, next_retry_at, priority
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, next_retry_at, priority FROM settled WHERE status IN ('queued', 'deferred')
)
SELECT recipient_id FROM settled;
