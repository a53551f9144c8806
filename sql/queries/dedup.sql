-- dedup.sql - messages that came a moment ago
-- Transaction: writes inside BEGIN IMMEDIATE. Instants are Unix seconds.

-- name: find
-- The first message with :key at :now. Index: the primary key. Rows: none or one, ulid.
SELECT ulid FROM _dedup WHERE key = :key AND expires_at > :now;

-- name: remember
-- The message :ulid is the first with :key. Index: the primary key.
INSERT INTO _dedup (key, ulid, expires_at) VALUES (:key, :ulid, :expires_at)
ON CONFLICT (key) DO UPDATE SET ulid = excluded.ulid, expires_at = excluded.expires_at;

-- name: record
-- Record in the audit that :client sent the message :ulid again, and got its id.
INSERT INTO _audit (at, who, ulid, what, before, after) VALUES (:now, 'empath', :ulid, 'duplicate', NULL, :client);

-- name: forget_one
-- Index: the primary key.
DELETE FROM _dedup WHERE key = :key;

-- name: expired
-- Up to :limit rows that are over at :now. Index: _dedup_expiry. Rows: key.
SELECT key FROM _dedup WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: forget
-- Remove :keys (list). Index: the primary key.
DELETE FROM _dedup WHERE key IN (:keys[text]);
