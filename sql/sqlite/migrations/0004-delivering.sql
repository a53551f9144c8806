-- Version 4. Each concern has a section.

-- DNSSEC.
ALTER TABLE _attempt ADD COLUMN dnssec TEXT;

-- Reports of success say where the mail went.  Before, the only ones were about aliases.
ALTER TABLE _notice ADD COLUMN action TEXT CHECK (action IN ('delivered', 'relayed', 'expanded'));
UPDATE _notice SET action = 'expanded' WHERE kind = 'success';

-- Control of destinations.
ALTER TABLE _destination ADD COLUMN lease_window INTEGER NOT NULL DEFAULT 5 CHECK (lease_window >= 1);
ALTER TABLE _destination ADD COLUMN successes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE _destination ADD COLUMN failed_windows REAL NOT NULL DEFAULT 0.0;
ALTER TABLE _destination ADD COLUMN openings INTEGER NOT NULL DEFAULT 0;
ALTER TABLE _destination ADD COLUMN last_failure TEXT;
ALTER TABLE _destination ADD COLUMN suspended_reason TEXT;
ALTER TABLE _destination ADD COLUMN exchangers TEXT;
ALTER TABLE _destination ADD COLUMN lease_limit INTEGER GENERATED ALWAYS AS (
  min(max_leases, iif(breaker_until IS NULL, lease_window, 1))) VIRTUAL;
