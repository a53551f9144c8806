-- backup.sql - the database file itself
-- Transaction: none needed.

-- name: octets
-- Octets of the database. Rows: one.
SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size);

-- name: schema
-- The version of the schema. Rows: one.
SELECT user_version FROM pragma_user_version;
