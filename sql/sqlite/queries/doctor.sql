-- doctor.sql - what SQLite says of the schema
-- Transaction: none needed.

-- name: views_and_triggers
-- All views and triggers. Rows: type, name, table, text.
SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger');
