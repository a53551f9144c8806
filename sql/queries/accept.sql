-- accept.sql - from envelope to rows
-- Transaction: inside the group commit's, unless a statement says otherwise. Each engine has the inserts in its own folder.

-- name: find_destination
-- Number of the destination called :name. Index: the UNIQUE of name. Rows: none or one, destination_id.
SELECT destination_id FROM _destination WHERE name = :name;

-- name: insert_content
-- Its content, where the locator says inline.
INSERT INTO _content (message_id, octets) VALUES (?, ?);

-- name: order_recipients
-- A module holds or discards the message that was just inserted. Index: _recipient_message. Rows: none.
UPDATE _recipient
   SET status = :status,
       is_live = CASE WHEN :status = 'held' THEN 1 ELSE 0 END,
       reason = :reason,
       settled_at = :now
 WHERE message_id = :message_id
   AND status = 'queued';

-- name: audit_order
-- The audit of that, a row for each recipient.
INSERT INTO _audit (at, who, recipient_id, ulid, address, what, before, after)
SELECT :now, :who, recipient_id, :ulid, address, 'status', 'queued', :status
  FROM _recipient
 WHERE message_id = :message_id
   AND status = :status;

-- name: audit_reason
-- The reason of the module, a row for the message.
INSERT INTO _audit (at, who, ulid, what, after) VALUES (:now, :who, :ulid, 'reason', :reason);

-- name: is_known
-- Whether the queue has the message whose queue id is :ulid. Transaction: none needed. Index: the UNIQUE of ulid.
-- Rows: one.
SELECT EXISTS (SELECT 1 FROM _message WHERE ulid = :ulid);
