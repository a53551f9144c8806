-- orders.sql - orders through the public views of SQLite
-- Transaction: inside BEGIN IMMEDIATE, with the name of the person who orders in _actor from the first statement to the last.

-- name: set_actor
-- Let the audit name :who from here on.
INSERT INTO _actor (actor_id, who) VALUES (1, :who);

-- name: clear_actor
-- The last statement before COMMIT, but for record_statement.
DELETE FROM _actor;

-- name: last_audit
-- The number of the last row of the audit. Index: the rowid. Rows: one.
SELECT coalesce(max(audit_id), 0) FROM _audit;

-- name: author
-- Whom the audit names now. Rows: one.
SELECT who FROM _author;

-- name: record_statement
-- After clear_actor. Say that the rows of the audit from :first on were made by :who with :statement, if there are any. Index: the rowid.
INSERT INTO _audit (who, what, before, after)
SELECT :who, 'statement', :first, :statement
 WHERE EXISTS (SELECT 1 FROM _audit AS a WHERE a.audit_id >= :first);

-- name: give
-- An order to the service as a whole. RETURNING does not see the number that a trigger gives; SQLite has one writer, so
-- the newest order is this one. Rows: one, control_id.
INSERT INTO control (verb, argument) VALUES (:verb, :argument);
SELECT max(control_id) FROM control;
