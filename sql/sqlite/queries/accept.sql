-- accept.sql - from envelope to rows, on SQLite
-- Transaction: every statement here runs inside the group commit's BEGIN IMMEDIATE.

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

-- name: insert_recipient
-- One recipient.
INSERT INTO _recipient (
  message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, notify,
  original_recipient, sent_as, is_live)
VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, 1);

-- name: insert_expanded
-- One recipient whose mail goes to several targets of an alias, recipients of their own. It is final: its sender hears so.
INSERT INTO _recipient (
  message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, notify,
  original_recipient, reason, settled_at)
VALUES (?, ?, ?, ?, ?, 'delivered', ?, ?, ?, ?, ?, ?, ?);
