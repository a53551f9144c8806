-- Version 6. Each concern has a section.

-- Mail by HTTP.
ALTER TABLE _token ADD COLUMN account TEXT CHECK (length(account) BETWEEN 1 AND 1024);
CREATE TABLE _injection (
  injection_id INTEGER PRIMARY KEY AUTOINCREMENT,
  token        TEXT    NOT NULL,  -- name of the token that showed the key
  key          TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  digest       TEXT    NOT NULL CHECK (length(digest) = 64),  -- SHA-256 of the request, in hexadecimal digits
  answer       TEXT    NOT NULL CHECK (json_valid(answer)),  -- what the client got, and gets again
  expires_at   REAL    NOT NULL  -- instant from which on the key is a new one
) STRICT;
CREATE UNIQUE INDEX _injection_key ON _injection (token, key);
CREATE INDEX _injection_expiry ON _injection (expires_at);

-- Forwarded mail.
ALTER TABLE _recipient ADD COLUMN sent_as TEXT;
CREATE TABLE _feedback (
  feedback_id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at               REAL    NOT NULL,
  report_ulid      TEXT    NOT NULL,  -- queue id of the report
  kind             TEXT    NOT NULL CHECK (kind IN ('failure', 'delay', 'success', 'complaint', 'answer', 'unknown')),
  ulid             TEXT,  -- queue id of the message that it is about; NULL: not known
  recipient_id     INTEGER,  -- of _recipient, which retention may have removed; NULL: no row had it
  address          TEXT    NOT NULL,  -- its address; '': not known
  class            TEXT,  -- class of the failure, see policy/replies/bounce_class.py
  code             INTEGER,  -- reply code that the report names
  enhanced         TEXT,  -- enhanced status code
  reply            TEXT,  -- what the report says, escaped
  reporter         TEXT,  -- host or program that sent it
  form             TEXT,  -- 'dsn', 'arf', or a row of message/report/odd_reports.py; NULL: no form fits
  suppressed_until REAL,  -- end of the suppression that it led to; NULL: none
  UNIQUE (report_ulid, address)
) STRICT;
CREATE INDEX _feedback_recipient ON _feedback (recipient_id) WHERE recipient_id IS NOT NULL;
CREATE INDEX _feedback_ulid ON _feedback (ulid) WHERE ulid IS NOT NULL;
-- Events: what happened to mail, for programs that listen (docs/events.md).  Triggers write them in the transaction that makes
-- the fact, whoever makes it, and only those of types that a consumer wants: without a consumer a trigger looks at one row.
-- An event stays as long as [events] says, whether or not it was sent.  The last one always stays: its number tells how many
-- there were.
CREATE TABLE _event (
  event_id     INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of the commits, without gaps
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

-- The types of events.  The program has the same (policy/events/types.py); triggers keep is_wanted.
CREATE TABLE _event_type (
  type      TEXT    PRIMARY KEY,
  is_wanted INTEGER NOT NULL DEFAULT 0 CHECK (is_wanted IN (0, 1))  -- 1: a consumer wants it
) STRICT, WITHOUT ROWID;
INSERT INTO _event_type (type) VALUES
  ('accepted'), ('expanded'), ('delivered'), ('deferred'), ('bounced'), ('expired'), ('held'), ('released'), ('cancelled'),
  ('revived'), ('lost'), ('maybe_delivered'), ('reported'), ('suppressed'), ('unsuppressed'), ('refused');

-- Who listens: an endpoint or a sink of the configuration, the stream of the HTTP API, or a program that reads the view event
-- and moves its cursor itself.
CREATE TABLE _consumer (
  name          TEXT    PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
  kind          TEXT    NOT NULL CHECK (kind IN ('webhook', 'sink', 'stream', 'program')),
  types         TEXT    NOT NULL DEFAULT '' CHECK (length(types) <= 1000),  -- types that it wants, blanks between; '': all
  cursor        INTEGER NOT NULL,  -- the last event that it is through with, those set aside left out
  state         TEXT    NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'gone')),  -- gone: it answered 410
  process_id    INTEGER,  -- of _process: the one that serves it; another one changes nothing
  created_at    REAL    NOT NULL,
  sent          INTEGER NOT NULL DEFAULT 0,  -- events that it took
  lost          INTEGER NOT NULL DEFAULT 0,  -- events that ended before it took them
  failures      INTEGER NOT NULL DEFAULT 0,  -- requests that failed since the last one that did not
  sent_at       REAL,  -- instant of the last request that did not fail
  next_try_at   REAL,  -- instant of the next request after a failure
  last_error    TEXT,  -- why the last request failed
  last_error_at REAL,
  CHECK ((next_try_at IS NULL) = (failures = 0))
) STRICT, WITHOUT ROWID;

-- Events that a consumer refused, and later ones of the same message, which wait for them.
CREATE TABLE _event_aside (
  consumer    TEXT    NOT NULL,  -- of _consumer
  event_id    INTEGER NOT NULL,  -- of _event
  ulid        TEXT,  -- of its message
  state       TEXT    NOT NULL CHECK (state IN ('waiting', 'behind', 'dead')),  -- behind: an earlier one of its message waits
  tries       INTEGER NOT NULL DEFAULT 0,  -- that failed
  since       REAL    NOT NULL,  -- instant at which it was set aside
  next_try_at REAL    NOT NULL,  -- not before
  last_error  TEXT,
  PRIMARY KEY (consumer, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX _event_aside_due ON _event_aside (consumer, next_try_at) WHERE state = 'waiting';
CREATE INDEX _event_aside_message ON _event_aside (consumer, ulid) WHERE state <> 'dead';
CREATE INDEX _event_aside_event ON _event_aside (event_id);

-- Levels of the log for a part of the service, see policy/log_levels.py. At most a hundred rows.
CREATE TABLE _log_level (
  log_level_id INTEGER PRIMARY KEY AUTOINCREMENT,
  scope        TEXT    NOT NULL CHECK (scope IN ('area', 'client', 'destination', 'message')),
  pattern      TEXT    NOT NULL CHECK (length(pattern) BETWEEN 1 AND 1024),  -- which of them
  level        TEXT    NOT NULL CHECK (level IN ('debug', 'info', 'warning', 'error', 'critical')),
  expires_at   REAL    NOT NULL,  -- instant at which it ends
  reason       TEXT    CHECK (length(reason) <= 1000),  -- for people
  created_at   REAL    NOT NULL,
  who          TEXT    NOT NULL  -- author, as in _audit
) STRICT;
CREATE UNIQUE INDEX _log_level_of ON _log_level (scope, pattern);

-- Configurations.
ALTER TABLE _process ADD COLUMN config_revision INTEGER;
CREATE TABLE _config_revision (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  node     TEXT    NOT NULL,
  instance TEXT    NOT NULL,
  reading  TEXT    NOT NULL,
  at       REAL    NOT NULL,
  cause    TEXT    NOT NULL CHECK (cause IN ('start', 'reload')),
  who      TEXT    NOT NULL,
  hash     TEXT    NOT NULL,
  text     TEXT    NOT NULL,
  version  TEXT    NOT NULL
) STRICT;
CREATE TABLE _effective_setting (
  node          TEXT NOT NULL,
  name          TEXT NOT NULL,
  value         TEXT,
  default_value TEXT,
  source        TEXT NOT NULL,
  PRIMARY KEY (node, name)
) STRICT, WITHOUT ROWID;

-- Seals of the audit.
-- The chain of seals over _audit and _attempt, see policy/seal.py.
CREATE TABLE _audit_seal (
  seal_id        INTEGER PRIMARY KEY,  -- counts from 1
  sealed_at      REAL    NOT NULL,
  audit_after    INTEGER NOT NULL,  -- rows of _audit with higher numbers than this
  audit_last     INTEGER NOT NULL,  -- and up to this
  audit_rows     INTEGER NOT NULL,  -- number of them
  attempts_after INTEGER NOT NULL,  -- the same of _attempt
  attempts_last  INTEGER NOT NULL,
  attempts_rows  INTEGER NOT NULL,
  leaves         BLOB    NOT NULL,  -- short digests of these rows
  previous       TEXT    NOT NULL,  -- digest of the seal before it; '': it is the first
  digest         TEXT    NOT NULL
) STRICT;
CREATE INDEX _audit_seal_age ON _audit_seal (sealed_at);

-- Plans.
CREATE TABLE _plan (
  plan_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  verb       TEXT    NOT NULL CHECK (verb IN ('retry', 'hold', 'release', 'delete', 'bounce', 'expire', 'priority')),
  argument   TEXT,
  predicate  TEXT,
  hash       TEXT,
  who        TEXT    NOT NULL,
  created_at REAL    NOT NULL,
  expires_at REAL    NOT NULL
) STRICT;
CREATE INDEX _plan_expiry ON _plan (expires_at);

CREATE TABLE _plan_recipient (
  plan_recipient_id INTEGER PRIMARY KEY,
  plan_id           INTEGER NOT NULL,
  recipient_id      INTEGER NOT NULL,
  state             TEXT    NOT NULL CHECK (state IN ('planned', 'applied', 'undone')),
  status            TEXT    NOT NULL,
  next_retry_at     REAL    NOT NULL,
  priority          INTEGER NOT NULL,
  changed_at        REAL,
  UNIQUE (plan_id, recipient_id)
) STRICT;
CREATE INDEX _plan_recipient_state ON _plan_recipient (plan_id, state);
