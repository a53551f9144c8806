-- order_trail.sql - what an order leaves behind that was carried out when a lease let go of its recipient
-- Transaction: inside the BEGIN IMMEDIATE of the write that carries it out.

-- name: record_order
-- The end of an order: :what changed from :before to :after. The act of giving it has its own row.
-- Index: the rowids.
INSERT INTO _audit (who, recipient_id, ulid, address, what, before, after)
SELECT 'empath', r.recipient_id, m.ulid, r.address, :what, :before, :after
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id = :recipient_id;

-- name: notify
-- What the sender wants to hear of a recipient, RFC 3461 NOTIFY=. Index: the rowid. Rows: one: message_id, notify.
SELECT message_id, notify FROM _recipient WHERE recipient_id = :recipient_id;

-- name: insert_notice
-- The obligation to tell the sender of what was returned by order.
INSERT INTO _notice (message_id, recipient_id, kind, created_at)
VALUES (:message_id, :recipient_id, 'failure', :now)
ON CONFLICT DO NOTHING;
