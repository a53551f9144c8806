-- order_trail.sql - the records of an order that was carried out when the lease of its recipient ended
-- Transaction: inside the BEGIN IMMEDIATE of the write that carries it out.

-- name: record_order
-- The result of an order: :what changed from :before to :after. The order itself has an audit row of its own.
-- Index: the rowids.
INSERT INTO _audit (who, recipient_id, ulid, address, what, before, after)
SELECT 'empath', r.recipient_id, m.ulid, r.address, :what, :before, :after
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id = :recipient_id;

-- name: notify
-- Which reports the sender wants for a recipient, RFC 3461 NOTIFY=. Index: the rowid. Rows: one: message_id, notify.
SELECT message_id, notify FROM _recipient WHERE recipient_id = :recipient_id;

-- name: insert_notice
-- The obligation to report to the sender a failure that was ordered.
INSERT INTO _notice (message_id, recipient_id, kind, created_at)
VALUES (:message_id, :recipient_id, 'failure', :now)
ON CONFLICT DO NOTHING;
