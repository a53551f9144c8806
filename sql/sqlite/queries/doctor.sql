-- doctor.sql - what SQLite says of the schema
-- Transaction: none needed.

-- name: objects
-- All tables, indexes, views and triggers. Rows: type, name, table, text.
SELECT type, name, tbl_name, sql FROM sqlite_schema;

-- name: auto_vacuum
-- How free pages return to the disk: 2 is incremental, as Empath makes its files. Rows: one.
PRAGMA auto_vacuum;
