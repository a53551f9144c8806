-- accept.sql - from envelope to rows
-- Transaction: every statement here runs inside the group commit's BEGIN IMMEDIATE.

-- name: find_destination
-- Number of the destination called :name. Index: the UNIQUE of name. Rows: none or one, destination_id.
SELECT destination_id FROM _destination WHERE name = :name;

-- name: insert_destination
-- A new destination. Rows: one, destination_id.
INSERT INTO _destination (name, max_leases, suspended_until, suspended_reason)
VALUES (:name, :max_leases, :suspended_until, :suspended_reason)
RETURNING destination_id;

-- name: insert_message
-- One accepted message. Its number is the rowid: RETURNING costs a tenth of the insert.
INSERT INTO _message (
  ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id,
  listener, client_address, client_name, header_message_id, subject, content_locator, added_fields, account,
  tls_version, tls_cipher, requires_tls, delay_report_at, metadata, authentication, traceparent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_content
-- Its content, where the locator says inline.
INSERT INTO _content (message_id, octets) VALUES (?, ?);

-- name: insert_recipient
-- One recipient.
INSERT INTO _recipient (
  message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, notify,
  original_recipient, sent_as)
VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?);

-- name: order_recipients
-- A module holds or discards the message that was just inserted. Index: _recipient_message. Rows: none.
UPDATE _recipient
   SET status = :status,
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

-- name: insert_expanded
-- One recipient whose mail goes to several targets of an alias, recipients of their own. It is final: its sender hears so.
INSERT INTO _recipient (
  message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, notify,
  original_recipient, reason, settled_at)
VALUES (?, ?, ?, ?, ?, 'delivered', ?, ?, ?, ?, ?, ?, ?);
