-- settle.sql - write what an attempt decided
-- Transaction: inside the settle's BEGIN IMMEDIATE. Every write names its lease, and changes nothing without it.

-- name: is_lease_valid
-- Whether the lease still exists; if not, its process was taken for dead and its mail was requeued. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM _lease WHERE lease_id = :lease_id);

-- name: end_recipient
-- The final status of one recipient without a noted order, and without a lifetime that was extended meanwhile. Index: the
-- rowid. By position, which costs less than names: status, reply, now, recipient_id, lease_id, status, now.
UPDATE _recipient
   SET status = ?,
       is_live = 0,
       attempts = attempts + 1,
       lost_leases = 0,
       lease_id = NULL,
       last_reply = ?,
       settled_at = ?
 WHERE recipient_id = ?
   AND lease_id = ?
   AND ordered_status IS NULL
   AND ordered_next_retry_at IS NULL
   AND (CAST(? AS text) <> 'expired' OR expires_at <= ?);

-- name: defer_recipient
-- One recipient without a noted order waits again. It stays live, so two indexes stay as they are. Index: the rowid.
-- By position: next_retry_at, reply, now, recipient_id, lease_id.
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
   AND ordered_next_retry_at IS NULL;

-- name: faults_in_a_row
-- How many of the last :count attempts of a recipient have :stage and a text LIKE :fault.
-- Index: _attempt_recipient. Rows: one.
SELECT count(*)
  FROM (SELECT stage, text FROM _attempt WHERE recipient_id = :recipient_id ORDER BY attempt_id DESC LIMIT :count) AS last
 WHERE stage = :stage
   AND text LIKE :fault;

-- name: order
-- What was ordered while the recipient is leased. Index: the rowid. Rows: none if the lease does not hold it, else one:
-- ordered_status, ordered_next_retry_at (both NULL: nothing), expires_at.
SELECT ordered_status, ordered_next_retry_at, expires_at
  FROM _recipient
 WHERE recipient_id = :recipient_id
   AND lease_id = :lease_id;

-- name: settle_ordered
-- The fate of one recipient with a noted order; :status and :next_retry_at are the result of both.
-- Index: the rowid.
UPDATE _recipient
   SET status = :status,
       is_live = CASE WHEN :status = 'queued' OR :status = 'deferred' OR :status = 'held' THEN 1 ELSE 0 END,
       next_retry_at = coalesce(:next_retry_at, ordered_next_retry_at, next_retry_at),
       attempts = attempts + 1,
       lost_leases = 0,
       lease_id = NULL,
       last_reply = :last_reply,
       reason = CASE WHEN ordered_status = :status THEN 'administratively ' || ordered_status ELSE reason END,
       settled_at = :now,
       ordered_status = NULL,
       ordered_next_retry_at = NULL
 WHERE recipient_id = :recipient_id
   AND lease_id = :lease_id;

-- name: insert_attempt
-- The evidence, in the same transaction as the fate.
INSERT INTO _attempt (
  recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code,
  enhanced, text, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_policy, tls_version,
  tls_cipher, tls_peer, tls_failure, source)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: is_delivered_under
-- Whether this lease has already delivered to this recipient. Index: _attempt_recipient. Rows: one, 0 or 1.
SELECT EXISTS (
  SELECT 1 FROM _attempt WHERE recipient_id = :recipient_id AND lease_id = :lease_id AND outcome = 'delivered');

-- name: insert_notice
-- The obligation to report a final status or a delay to the sender; :action is what a report of success says.
INSERT INTO _notice (message_id, recipient_id, kind, created_at, action)
VALUES (:message_id, :recipient_id, :kind, :now, :action)
ON CONFLICT DO NOTHING;

-- name: insert_cleared_notice
-- The obligation to report the delivery of a recipient that was deferred, of a message whose delay was reported, if NOTIFY=
-- allowed that report. Index: the rowids, _attempt_recipient.
INSERT INTO _notice (message_id, recipient_id, kind, created_at, action)
SELECT r.message_id, r.recipient_id, :kind, :now, :action
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id = :recipient_id
   AND m.delay_reported_at IS NOT NULL
   AND (r.notify IS NULL OR r.notify LIKE '%DELAY%')
   AND EXISTS (
     SELECT 1 FROM _attempt AS a
      WHERE a.recipient_id = r.recipient_id
        AND a.outcome = 'deferred')
ON CONFLICT DO NOTHING;

-- name: delayed_recipients
-- Recipients of a message that wait after a failed attempt, if its delay has not been reported. A recipient that is being
-- tried now is included; the report leaves it out if it no longer waits. Index: _recipient_message.
-- Rows: recipient_id, notify.
SELECT r.recipient_id, r.notify
  FROM _recipient AS r
 WHERE r.message_id = :message_id
   AND r.status IN ('deferred', 'leased')
   AND r.attempts > 0
   AND EXISTS (SELECT 1 FROM _message AS m WHERE m.message_id = :message_id AND m.delay_reported_at IS NULL);

-- name: forget_delivered_content
-- Forget the content once every recipient has got it, and no report will quote it. Index: _recipient_message,
-- _notice_message.
UPDATE _message SET content_locator = NULL, added_fields = :no_fields
 WHERE message_id = :message_id
   AND NOT EXISTS (SELECT 1 FROM _recipient WHERE message_id = :message_id AND status <> 'delivered')
   AND NOT EXISTS (SELECT 1 FROM _notice WHERE message_id = :message_id);

-- name: delete_forgotten_content
-- The inline octets of a message whose locator is removed. Index: the rowids.
DELETE FROM _content
 WHERE message_id = :message_id
   AND EXISTS (SELECT 1 FROM _message AS m WHERE m.message_id = :message_id AND m.content_locator IS NULL);
