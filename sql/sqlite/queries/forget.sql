-- forget.sql - SQLite keeps nothing of what is forgotten

-- name: overwrite
-- From now on this connection overwrites what it removes or replaces, on pages that become free as well. Rows: one, 1.
PRAGMA secure_delete = ON;
