-- dkim_keys.sql - the keys that sign mail
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: stamp
-- What differs once a key was added, removed or changed. Index: none; there are few rows. Rows: one.
SELECT count(*), coalesce(max(dkim_key_id), 0), coalesce(sum(since), 0.0) FROM _dkim_key;

-- name: signing
-- The keys that sign, with their private part, the oldest first. Index: none; there are few rows.
-- Rows: domain, selector, private_key.
SELECT domain, selector, private_key FROM _dkim_key WHERE state = 'signing' ORDER BY dkim_key_id;

-- name: exists
-- Index: _dkim_key_name. Rows: none or one, 1.
SELECT 1 FROM _dkim_key WHERE domain = :domain AND selector = :selector;

-- name: waits
-- Whether the key waits for its record. Index: _dkim_key_name. Rows: none or one, 1.
SELECT 1 FROM _dkim_key WHERE domain = :domain AND selector = :selector AND state = 'waiting';

-- name: insert
-- A new key. Transaction: with record_insert. Rows: its number.
INSERT INTO _dkim_key (domain, selector, algorithm, since, record, private_key, created_at)
VALUES (:domain, :selector, :algorithm, :now, :record, :private_key, :now)
RETURNING dkim_key_id;

-- name: record_insert
-- Record in the audit that the key was made.
INSERT INTO _audit (who, object, what, before, after)
VALUES ((SELECT who FROM _author), :name, 'dkim_key', NULL, 'waiting');

-- name: begin
-- The key signs from now on. Index: _dkim_key_name.
UPDATE dkim_key SET state = 'signing' WHERE domain = :domain AND selector = :selector;

-- name: retire_others
-- The other keys of :domain with this algorithm sign no longer. Index: _dkim_key_name.
UPDATE dkim_key SET state = 'retired'
 WHERE domain = :domain AND selector <> :selector AND algorithm = :algorithm AND state = 'signing';

-- name: remove
-- Index: _dkim_key_name.
DELETE FROM dkim_key WHERE domain = :domain AND selector = :selector;

-- name: all
-- Every key without its private part. Index: _dkim_key_name. Rows: as the fields of `records.DkimKey`.
SELECT domain, selector, algorithm, state, since_unix AS since_at, record
  FROM dkim_key
 ORDER BY domain, created_unix, algorithm DESC, selector;
