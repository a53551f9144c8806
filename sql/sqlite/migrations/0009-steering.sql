-- Version 9. Each concern has a section.

-- The statement that made an order.
-- Rows that say by which statement the rows before them were made: "before" is the number of the first of these.
CREATE INDEX _audit_statement ON _audit (audit_id) WHERE what = 'statement';

-- Mail that waits.
-- The condition without a list after IN: SQLite built two temporary tables for it at each change of a recipient.
DROP INDEX _recipient_live;
CREATE INDEX _recipient_live ON _recipient (recipient_id, message_id, domain)
 WHERE status = 'queued' OR status = 'deferred' OR status = 'leased' OR status = 'held';

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
