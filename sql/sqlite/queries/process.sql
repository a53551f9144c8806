-- process.sql - what a process tells of itself, on SQLite
-- Transaction: inside BEGIN IMMEDIATE.

-- name: register
-- A process begins its run. Rows: one, process_id.
INSERT INTO _process (node, instance, slot, generation, pid, started_at, beat_at, version, engine_version, config_revision)
VALUES (:node, :instance, :slot, :generation, :pid, :now, :now, :version, sqlite_version(), :config_revision)
RETURNING process_id;
