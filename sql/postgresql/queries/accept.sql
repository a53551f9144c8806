-- accept.sql - from envelopes to rows, on PostgreSQL
-- Transaction: a group commit is the one statement accept_messages. The others are for messages that come one by one.

-- name: insert_destinations
-- Destinations that are seen for the first time; another process may have been faster. Transaction: one of its own, before
-- the messages: two group commits that wait for each other's new names would be a deadlock. Index: the UNIQUE of name.
INSERT INTO _destination (name, max_leases, suspended_until, suspended_reason, is_full)
SELECT n.name, n.max_leases, n.suspended_until, n.suspended_reason, (n.max_leases = 0)::int
  FROM unnest(
         :name::text[], :max_leases::bigint[], :suspended_until::double precision[], :suspended_reason::text[])
       AS n (name, max_leases, suspended_until, suspended_reason)
 ORDER BY n.name
    ON CONFLICT (name) DO NOTHING;

-- name: find_destinations
-- Their numbers. Index: the UNIQUE of name. Rows: name, destination_id.
SELECT name, destination_id FROM _destination WHERE name IN (:names[text]);

-- name: accept_messages
-- All messages of a group commit, with their contents and recipients. A message whose ulid is there already is left out with
-- all that is its own, so that the statement can be said again after a commit that is in doubt.
-- Rows: ulid of each message that was not there before.
WITH accepted AS (
  INSERT INTO _message (
    ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id,
    listener, client_address, client_name, header_message_id, subject, content_locator, added_fields, account,
    tls_version, tls_cipher, requires_tls, delay_report_at, metadata, authentication, traceparent)
  SELECT *
    FROM unnest(
           :ulid::text[], :node::text[], :reverse_path::text[], :size::bigint[], :digest::text[],
           :received_at::double precision[], :body_type::text[], :has_8bit::smallint[], :is_smtputf8::smallint[],
           :dsn_return::text[], :envelope_id::text[], :listener::text[], :client_address::text[], :client_name::text[],
           :header_message_id::text[], :subject::text[], :content_locator::text[], :added_fields::bytea[],
           :account::text[], :tls_version::text[], :tls_cipher::text[], :requires_tls::smallint[],
           :delay_report_at::double precision[], :metadata::text[], :authentication::text[], :traceparent::text[])
      ON CONFLICT (ulid) DO NOTHING
  RETURNING message_id, ulid
), stored AS (
  INSERT INTO _content (message_id, octets)
  SELECT a.message_id, c.octets
    FROM unnest(:content_ulid::text[], :octets::bytea[]) AS c (ulid, octets)
    JOIN accepted AS a USING (ulid)
), waiting AS (
  INSERT INTO _recipient (
    message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, notify,
    original_recipient, sent_as, is_live)
  SELECT a.message_id, r.address, r.original, r.domain, r.destination_id, 'queued', r.priority, r.next_retry_at,
         r.expires_at, r.notify, r.original_recipient, r.sent_as, 1
    FROM unnest(
           :of_ulid::text[], :address::text[], :original::text[], :domain::text[], :destination_id::bigint[],
           :priority::smallint[], :next_retry_at::double precision[], :expires_at::double precision[], :notify::text[],
           :original_recipient::text[], :sent_as::text[])
         WITH ORDINALITY AS r (
           ulid, address, original, domain, destination_id, priority, next_retry_at, expires_at, notify,
           original_recipient, sent_as, place)
    JOIN accepted AS a USING (ulid)
   ORDER BY r.place
  RETURNING destination_id, next_retry_at, priority
), rung AS (
  INSERT INTO _bell (destination_id, due_at, priority)
  SELECT destination_id, min(next_retry_at), min(priority) FROM waiting GROUP BY destination_id
)
SELECT ulid FROM accepted;

-- name: insert_destination
-- A new destination, where one is named that insert_destinations did not make. Rows: one, destination_id.
INSERT INTO _destination (name, max_leases, suspended_until, suspended_reason, is_full)
VALUES (:name, CAST(:max_leases AS bigint), :suspended_until, :suspended_reason, (CAST(:max_leases AS bigint) = 0)::int)
RETURNING destination_id;

-- name: insert_message
-- One accepted message. Rows: one, message_id.
INSERT INTO _message (
  ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id,
  listener, client_address, client_name, header_message_id, subject, content_locator, added_fields, account,
  tls_version, tls_cipher, requires_tls, delay_report_at, metadata, authentication, traceparent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING message_id;

-- name: insert_recipient
-- One recipient. Rows: one.
WITH waiting AS (
  INSERT INTO _recipient (
    message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, notify,
    original_recipient, sent_as, is_live)
  VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, 1)
  RETURNING destination_id, next_retry_at, priority
)
INSERT INTO _bell (destination_id, due_at, priority)
SELECT destination_id, next_retry_at, priority FROM waiting;

-- name: insert_expanded
-- One recipient whose mail goes to several targets of an alias, recipients of their own. It is final: its sender hears so.
-- Rows: one, recipient_id.
INSERT INTO _recipient (
  message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, notify,
  original_recipient, reason, settled_at)
VALUES (?, ?, ?, ?, ?, 'delivered', ?, ?, ?, ?, ?, ?, ?)
RETURNING recipient_id;
