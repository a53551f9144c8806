-- feedback.sql - what others report about mail that went out
-- Instants are Unix seconds.

-- name: recipient
-- The recipient :address of the message :ulid, in any case of its letters. Index: the UNIQUE of ulid, _recipient_message.
-- Rows: none or more, recipient_id, address.
SELECT r.recipient_id, r.address
  FROM _message AS m
  JOIN _recipient AS r ON r.message_id = m.message_id
 WHERE m.ulid = :ulid
   AND (lower(r.address) = lower(:address) OR lower(r.original) = lower(:address))
 LIMIT 2;

-- name: only_recipient
-- The first two recipients of the message :ulid. Index: the UNIQUE of ulid, _recipient_message. Rows: up to two,
-- recipient_id, address.
SELECT r.recipient_id, r.address
  FROM _message AS m
  JOIN _recipient AS r ON r.message_id = m.message_id
 WHERE m.ulid = :ulid
 LIMIT 2;

-- name: keep
-- One row for a report and an address. Transaction: inside BEGIN IMMEDIATE. Index: the UNIQUE of both.
INSERT INTO _feedback (
  at, report_ulid, kind, ulid, recipient_id, address, class, code, enhanced, reply, reporter, form, suppressed_until)
VALUES (
  :now, :report_id, :kind, :ulid, :recipient_id, :address, :class, :code, :enhanced, :reply, :reporter, :form,
  :suppressed_until)
ON CONFLICT (report_ulid, address) DO NOTHING;

-- name: suppress
-- Suppress :address, of which a report tells. A row of an operator stays. Index: the primary key.
INSERT INTO _suppression (address, source, reason, class, created_at, expires_at)
VALUES (lower(:address), :source, :reason, :class, :now, :expires_at)
ON CONFLICT (address) DO UPDATE
  SET source = excluded.source, reason = excluded.reason, class = excluded.class, expires_at = excluded.expires_at
WHERE _suppression.source IN ('bounce', 'complaint')
  AND coalesce(_suppression.expires_at, 0.0) < excluded.expires_at;

-- name: expired
-- Rows from :now or before, up to :limit. Index: the rowid. Rows: feedback_id.
SELECT feedback_id
  FROM (SELECT feedback_id, at FROM _feedback ORDER BY feedback_id LIMIT :limit) AS oldest
 WHERE at <= :now;

-- name: number_of_rows
-- Rows that there are. Index: the rowid. Rows: one, the number.
SELECT count(*) FROM _feedback;

-- name: first_to_go
-- The :limit oldest rows. Index: the rowid. Rows: feedback_id.
SELECT feedback_id FROM _feedback ORDER BY feedback_id LIMIT :limit;

-- name: forget
-- Remove :keys (list of feedback_id). Index: the rowid.
DELETE FROM _feedback WHERE feedback_id IN (:keys[]);
