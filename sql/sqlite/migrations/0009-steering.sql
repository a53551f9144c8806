-- Version 9. Each concern has a section.

-- The statement that made an order.
-- Rows that say by which statement the rows before them were made: "before" is the number of the first of these.
CREATE INDEX _audit_statement ON _audit (audit_id) WHERE what = 'statement';

-- Mail that waits.
-- Whether a recipient is live is in a column of its own, so that a new status of mail that waits leaves the indexes alone.
DROP INDEX _recipient_live;
DROP INDEX _recipient_due;
ALTER TABLE _recipient ADD COLUMN is_live INTEGER NOT NULL DEFAULT 0;
UPDATE _recipient SET is_live = 1
 WHERE status = 'queued' OR status = 'deferred' OR status = 'leased' OR status = 'held';
CREATE INDEX _recipient_due ON _recipient (destination_id, priority, next_retry_at, status) WHERE status IN ('queued', 'deferred');
CREATE INDEX _recipient_live ON _recipient (recipient_id, message_id) WHERE is_live = 1;
CREATE INDEX _recipient_domain ON _recipient (domain, recipient_id, message_id) WHERE is_live = 1;
CREATE INDEX _recipient_cancelled ON _recipient (recipient_id) WHERE status = 'cancelled';

-- Mail that is held when its turn comes.
-- What is held when its turn comes, see policy/hold_rules.py. At most a thousand rows, mostly none.
CREATE TABLE _hold_rule (
  hold_rule_id INTEGER PRIMARY KEY AUTOINCREMENT,
  scope        TEXT    NOT NULL CHECK (scope IN ('sender', 'recipient', 'destination', 'account', 'client')),
  pattern      TEXT    NOT NULL CHECK (length(pattern) BETWEEN 1 AND 1024),  -- which of them
  expires_at   REAL,  -- instant at which it ends; NULL: never
  reason       TEXT    CHECK (length(reason) <= 1000),  -- for people
  hits         INTEGER NOT NULL DEFAULT 0,  -- recipients that it has held
  created_at   REAL    NOT NULL,
  who          TEXT    NOT NULL,  -- author, as in _audit
  UNIQUE (scope, pattern)
) STRICT;

-- Plans to reroute.
-- A CHECK cannot be changed in place. The number of the last plan is kept, so that none is given twice.
CREATE TEMP TABLE kept_plan AS SELECT * FROM main._plan;
CREATE TEMP TABLE kept_number AS SELECT seq FROM main.sqlite_sequence WHERE name = '_plan';
DROP TABLE main._plan;
CREATE TABLE _plan (
  plan_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  verb       TEXT    NOT NULL CHECK (
               verb IN ('retry', 'hold', 'release', 'delete', 'bounce', 'expire', 'priority', 'reroute')),
  argument   TEXT,  -- class of the verb priority
  predicate  TEXT,  -- how the recipients were selected
  hash       TEXT,  -- SHA-256 of their numbers, hexadecimal
  who        TEXT    NOT NULL,  -- as in _audit
  created_at REAL    NOT NULL,
  expires_at REAL    NOT NULL  -- end of the plan
) STRICT;
CREATE INDEX _plan_expiry ON _plan (expires_at);
INSERT INTO main._plan SELECT * FROM temp.kept_plan;
DELETE FROM main.sqlite_sequence WHERE name = '_plan';
INSERT INTO main.sqlite_sequence (name, seq) SELECT '_plan', seq FROM temp.kept_number;
DROP TABLE temp.kept_plan;
DROP TABLE temp.kept_number;
ALTER TABLE _plan_recipient ADD COLUMN destination TEXT;
ALTER TABLE _plan_recipient ADD COLUMN target TEXT;

-- Events without AUTOINCREMENT: each statement that may make one searched sqlite_sequence.
ALTER TABLE _event RENAME TO _event_8;
CREATE TABLE _event (
  event_id     INTEGER PRIMARY KEY,  -- in the order of the commits, without gaps
  at           REAL    NOT NULL,  -- instant of the fact
  type         TEXT    NOT NULL,  -- of _event_type
  ulid         TEXT,  -- of the message, here and below as in _message and _recipient; NULL: it is about none
  recipient_id INTEGER,
  sender       TEXT,  -- reverse-path
  recipient    TEXT,
  account      TEXT,
  destination  TEXT,  -- name of the destination
  detail       TEXT    NOT NULL CHECK (json_valid(detail))  -- JSON object of what the type has beyond that
) STRICT;
INSERT INTO _event SELECT * FROM _event_8;
DROP TABLE _event_8;
