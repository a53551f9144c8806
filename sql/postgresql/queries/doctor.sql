-- doctor.sql - what PostgreSQL says of the queue
-- Transaction: none needed.

-- name: missing_objects
-- How many public views cannot be read, or have no trigger: a person dropped something. Rows: one of two counts.
SELECT count(*) FILTER (WHERE c.oid IS NULL),
       count(*) FILTER (WHERE c.oid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_trigger AS t WHERE t.tgrelid = c.oid))
  FROM unnest(CAST(:views AS text[])) AS v (name)
  LEFT JOIN pg_class AS c
    ON c.relname = v.name AND c.relkind = 'v' AND c.relnamespace = current_schema()::regnamespace;

-- name: dead_rows
-- Whether the server removes dead rows by itself, and the age in seconds of the oldest snapshot that keeps them. Rows: one.
SELECT current_setting('autovacuum'),
       coalesce((SELECT extract(epoch FROM max(clock_timestamp() - a.xact_start)) FROM pg_stat_activity AS a
                  WHERE a.backend_xmin IS NOT NULL AND a.pid <> pg_backend_pid() AND a.datname = current_database()), 0.0);

-- name: server
-- Its version, its clock in Unix seconds, and the octets of the database. Rows: one.
SELECT current_setting('server_version'), _now(), pg_database_size(current_database());
