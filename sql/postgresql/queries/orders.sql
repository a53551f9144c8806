-- orders.sql - orders through the public views, on PostgreSQL
-- Transaction: inside BEGIN; the name of the person who orders ends with it.

-- name: set_actor
-- Let the audit name :who from here on. Rows: one.
SELECT set_config('empath.who', :who, true);

-- name: clear_actor
-- The last statement before COMMIT, but for record_statement. Rows: one.
SELECT set_config('empath.who', '', true);

-- name: last_audit
-- The number of the last row of the audit. Index: the primary key. Rows: one.
SELECT coalesce(max(audit_id), 0) FROM _audit;

-- name: record_statement
-- After clear_actor. Say that the rows of the audit that this transaction has made from :first on were made by :who with
-- :statement, if there are any. Index: the primary key.
INSERT INTO _audit (who, what, before, after)
SELECT :who, 'statement', CAST(CAST(:first AS bigint) AS text), CAST(:statement AS text)
 WHERE EXISTS (
   SELECT 1 FROM _audit AS a WHERE a.audit_id >= CAST(:first AS bigint) AND a.xmin = pg_current_xact_id()::xid);
