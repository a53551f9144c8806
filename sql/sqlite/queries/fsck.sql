-- fsck.sql - what SQLite itself says of the file
-- Transaction: none; a check that reads the whole file must keep no writer waiting.

-- name: integrity
-- The whole file: pages, indexes, CHECKs. Rows: one 'ok', or a sentence each.
PRAGMA integrity_check;

-- name: quick
-- The same without the look whether indexes hold what tables hold. Rows: as integrity.
PRAGMA quick_check;

-- name: foreign_keys
-- Declared references that lead nowhere. Rows: "table", rowid, parent, fkid.
PRAGMA foreign_key_check;
