-- fsck.sql - SQLite's own checks of the file
-- Transaction: none; a check that reads the whole file must not keep a writer waiting.

-- name: integrity
-- The whole file: pages, indexes, CHECKs. Rows: one 'ok', or a sentence each.
PRAGMA integrity_check;

-- name: quick
-- The same without comparing indexes with their tables. Rows: as integrity.
PRAGMA quick_check;

-- name: foreign_keys
-- Declared foreign keys without a parent row. Rows: "table", rowid, parent, fkid.
PRAGMA foreign_key_check;
