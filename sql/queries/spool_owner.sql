-- spool_owner.sql - the key that a queue shares with its spool

-- name: key
-- The key of the queue. Transaction: none needed. Rows: none or one.
SELECT value FROM _setting WHERE name = 'spool_owner';

-- name: forget
-- Transaction: inside BEGIN IMMEDIATE.
DELETE FROM _setting WHERE name = 'spool_owner';

-- name: remember
-- The queue takes a spool with this key. Transaction: inside BEGIN IMMEDIATE.
INSERT INTO _setting (name, value) VALUES ('spool_owner', :key);
