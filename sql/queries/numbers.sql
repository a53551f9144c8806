-- numbers.sql - the highest number of a table, 0 without rows
-- Transaction: none. Index: the primary key. Rows: one.

-- name: last_audit
SELECT coalesce(max(audit_id), 0) FROM _audit;

-- name: last_attempt
SELECT coalesce(max(attempt_id), 0) FROM _attempt;

-- name: last_message
SELECT coalesce(max(message_id), 0) FROM _message;
