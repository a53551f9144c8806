-- audit.sql - the log follows the audit
-- The setting audit_told is the number of the last row that was logged.

-- name: told
-- Number of the last row that was logged. Transaction: none needed. Index: the primary key. Rows: one, 0 if there is none.
SELECT coalesce((SELECT CAST(s.value AS bigint) FROM _setting AS s WHERE s.name = 'audit_told'), 0);

-- name: untold
-- The first :limit rows to log up to the number :last, oldest first. Transaction: inside BEGIN IMMEDIATE, with mark_told. Index: the rowid.
-- Rows: audit_id, who, ulid, address, destination, object, what, before, after.
SELECT audit_id, who, ulid, address, destination, object, what, before, after
  FROM _audit
 WHERE audit_id > coalesce((SELECT CAST(s.value AS bigint) FROM _setting AS s WHERE s.name = 'audit_told'), 0)
   AND audit_id <= :last
 ORDER BY audit_id
 LIMIT :limit;

-- name: mark_told
-- Mark rows up to :last as logged, so that they are not logged again.
INSERT INTO _setting (name, value) VALUES ('audit_told', CAST(:last AS text))
ON CONFLICT (name) DO UPDATE SET value = CAST(:last AS text);
