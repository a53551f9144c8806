-- tokens.sql - the token buckets of deliveries
-- Transaction: writes inside BEGIN IMMEDIATE. Index: the primary key, unless it says otherwise.

-- name: full_at
-- The state of one bucket. Rows: none if it is full, else one.
SELECT full_at FROM _bucket WHERE name = :name;

-- name: set_bucket
-- Record the state of one bucket.
INSERT INTO _bucket (name, full_at, token_at) VALUES (:name, :full_at, :token_at)
ON CONFLICT (name) DO UPDATE SET full_at = excluded.full_at, token_at = excluded.token_at;

-- name: set_token_at
-- The instant from which on a destination may have a token.
UPDATE _destination SET token_at = :token_at WHERE destination_id = :destination_id;

-- name: forget_waits
-- No destination waits for a token after :now (Unix seconds). Index: none, one pass; after a change of the rules only.
UPDATE _destination SET token_at = NULL WHERE token_at > :now;

-- name: has_full
-- Whether a bucket is full at :now (Unix seconds). Transaction: none needed. Index: none. Rows: one.
SELECT EXISTS (SELECT 1 FROM _bucket WHERE full_at <= :now);

-- name: forget_full
-- Remove the rows that mean the same as no row. Index: none, one pass.
DELETE FROM _bucket WHERE full_at <= :now;

-- name: senders
-- The reverse-paths of :messages (list of message_id). Index: the rowid. Rows: message_id, reverse_path.
SELECT message_id, reverse_path FROM _message WHERE message_id IN (:messages[]);

-- name: hold_back
-- Recipients of :recipients (list of recipient_id) wait until :next_retry_at, with no attempt counted. Index: the rowid.
UPDATE _recipient SET next_retry_at = :next_retry_at, held_back_until = :next_retry_at WHERE recipient_id IN (:recipients[]);

-- name: held_back
-- Of each reverse-path whose mail waits after :now for the rate of its sender: how many messages, and the last instant.
-- Index: _recipient_held_back. Rows: reverse_path, messages, next_retry_at.
SELECT m.reverse_path, count(DISTINCT r.message_id), max(r.next_retry_at)
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.status IN ('queued', 'deferred') AND r.held_back_until > :now AND r.held_back_until = r.next_retry_at
 GROUP BY m.reverse_path;

-- name: let_go
-- Such mail of :paths (list of reverse_path) is due at :now. Index: _recipient_held_back.
UPDATE _recipient
   SET next_retry_at = :now
 WHERE status IN ('queued', 'deferred') AND held_back_until > :now AND held_back_until = next_retry_at
   AND (SELECT m.reverse_path FROM _message AS m WHERE m.message_id = _recipient.message_id) IN (:paths[text]);
