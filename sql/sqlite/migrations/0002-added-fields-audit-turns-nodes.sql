-- Version 2.

-- The fields that this host adds above a message are stored apart from the octets that it received. The content of
-- older messages begins with these fields; it is delivered as it is, with nothing added.
ALTER TABLE _message ADD COLUMN added_fields BLOB NOT NULL DEFAULT X'';

-- The audit has id and address in its own rows, so that they outlive the rows that retention removes.
ALTER TABLE _audit ADD COLUMN ulid TEXT;
ALTER TABLE _audit ADD COLUMN address TEXT;
UPDATE _audit
   SET (ulid, address) = (
     SELECT m.ulid, r.address FROM _recipient AS r JOIN _message AS m ON m.message_id = r.message_id
      WHERE r.recipient_id = _audit.recipient_id)
 WHERE recipient_id IS NOT NULL;
-- The log follows the audit from here on.
INSERT INTO _setting (name, value) SELECT 'audit_told', CAST(coalesce(max(audit_id), 0) AS TEXT) FROM _audit;

-- An obligation to report is removed only when it is met.
ALTER TABLE _notice ADD COLUMN is_met INTEGER NOT NULL DEFAULT 0 CHECK (is_met IN (0, 1));

-- A settled attempt resets the count of lost leases.
UPDATE _recipient
   SET lost_leases = (
     SELECT count(*) FROM _attempt AS a
      WHERE a.recipient_id = _recipient.recipient_id AND a.outcome = 'unknown'
        AND a.attempt_id > coalesce((
          SELECT max(b.attempt_id) FROM _attempt AS b
           WHERE b.recipient_id = _recipient.recipient_id
             AND b.outcome NOT IN ('next_host', 'unknown', 'maybe_delivered')), 0))
 WHERE lost_leases > 0 AND attempts > 0;

-- Destinations take turns.
ALTER TABLE _destination ADD COLUMN priority INTEGER NOT NULL DEFAULT 4 CHECK (priority BETWEEN 0 AND 4);
ALTER TABLE _destination ADD COLUMN leased_at REAL;
ALTER TABLE _destination ADD COLUMN turn_at REAL GENERATED ALWAYS AS (max(ready_at, coalesce(leased_at, 0.0))) VIRTUAL;
CREATE INDEX _destination_turn ON _destination (is_failing, priority, turn_at) WHERE turn_at IS NOT NULL;
UPDATE _destination SET priority = 2;

-- Destinations that no mail needs are removed.
CREATE TABLE _destination_leaving (
  destination_id INTEGER PRIMARY KEY
) STRICT;

-- The version is that of SQLite or of another engine.
ALTER TABLE _process RENAME COLUMN sqlite_version TO engine_version;
ALTER TABLE _audit RENAME COLUMN sqlite_version TO engine_version;

-- Orders have an outcome on each node. Orders that still wait were given to a service that has ended since.
ALTER TABLE _control DROP COLUMN started_at;
ALTER TABLE _control ADD COLUMN node TEXT;
UPDATE _control
   SET done_at = (julianday('now') - 2440587.5) * 86400.0,
       result = 'not known: the service ended before it was done'
 WHERE done_at IS NULL;
CREATE TABLE _control_outcome (
  control_id INTEGER NOT NULL,
  node       TEXT    NOT NULL,
  started_at REAL,
  done_at    REAL,
  result     TEXT,
  PRIMARY KEY (control_id, node),
  CHECK ((done_at IS NULL) = (result IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX _control_outcome_open ON _control_outcome (node, control_id) WHERE done_at IS NULL;
