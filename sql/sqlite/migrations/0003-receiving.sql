-- Version 3. Each concern has a section.

-- Accounts.
CREATE TABLE _account (
  account_id      INTEGER PRIMARY KEY AUTOINCREMENT,
  name            TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 1024),
  status          TEXT    NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled')),
  senders         TEXT    NOT NULL DEFAULT '' CHECK (length(senders) <= 10000),
  message_rate    TEXT,
  recipient_rate  TEXT,
  password_hash   TEXT,
  scram_keys      TEXT,
  created_at      REAL    NOT NULL,
  password_set_at REAL,
  last_used_at    REAL,
  last_client     TEXT,
  CHECK ((password_hash IS NULL) = (scram_keys IS NULL) AND (password_hash IS NULL) = (password_set_at IS NULL))
) STRICT;
ALTER TABLE _message RENAME COLUMN auth TO account;
-- The audit has changes of rows that are neither recipients nor destinations.
ALTER TABLE _audit ADD COLUMN object TEXT;

-- TLS.
ALTER TABLE _message ADD COLUMN tls_version TEXT;
ALTER TABLE _message ADD COLUMN tls_cipher TEXT;

-- Sessions.
CREATE TABLE _session (
  process_id     INTEGER NOT NULL,
  number         INTEGER NOT NULL,
  listener       TEXT    NOT NULL,
  client_address TEXT    NOT NULL,
  client_name    TEXT    NOT NULL,
  account        TEXT,
  tls            TEXT,
  state          TEXT    NOT NULL,
  messages       INTEGER NOT NULL,
  octets         INTEGER NOT NULL,
  began_at       REAL    NOT NULL,
  is_closing     INTEGER NOT NULL DEFAULT 0 CHECK (is_closing IN (0, 1)),
  PRIMARY KEY (process_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX _session_closing ON _session (process_id, number) WHERE is_closing;

-- Rates.
CREATE TABLE _rate (
  name     TEXT NOT NULL,
  holder   TEXT NOT NULL,
  listener TEXT NOT NULL,
  full_at  REAL NOT NULL,
  PRIMARY KEY (name, holder, listener)
) STRICT, WITHOUT ROWID;
CREATE INDEX _rate_full ON _rate (full_at);

-- Greylist.
CREATE TABLE _greylist (
  greylist_id   INTEGER PRIMARY KEY,
  client        TEXT    NOT NULL,
  sender        TEXT    NOT NULL,
  recipient     TEXT    NOT NULL,
  first_seen_at REAL    NOT NULL,
  passes_at     REAL,
  expires_at    REAL,
  hits          INTEGER NOT NULL DEFAULT 0,
  UNIQUE (client, sender, recipient),
  CHECK ((sender = '*') = (recipient = '*'))
) STRICT;
CREATE INDEX _greylist_expiry ON _greylist (expires_at) WHERE expires_at IS NOT NULL;

-- Extensions.
ALTER TABLE _message ADD COLUMN requires_tls INTEGER CHECK (requires_tls IN (0, 1));
ALTER TABLE _message ADD COLUMN delay_report_at REAL;

-- Recipients.
CREATE TABLE _recipient_list (
  address TEXT PRIMARY KEY CHECK (length(address) BETWEEN 3 AND 1024)
) STRICT, WITHOUT ROWID;
CREATE TABLE _alias (
  pattern TEXT NOT NULL CHECK (length(pattern) BETWEEN 2 AND 1024),
  target  TEXT NOT NULL CHECK (length(target) BETWEEN 2 AND 1024),
  PRIMARY KEY (pattern, target)
) STRICT, WITHOUT ROWID;
CREATE TABLE _verification (
  address    TEXT    PRIMARY KEY,
  is_known   INTEGER NOT NULL CHECK (is_known IN (0, 1)),
  reply      TEXT    NOT NULL,
  expires_at REAL    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX _verification_expiry ON _verification (expires_at);

-- Modules.
ALTER TABLE _process ADD COLUMN modules_off TEXT;

-- Deduplication.
CREATE TABLE _dedup (
  key        TEXT PRIMARY KEY,
  ulid       TEXT NOT NULL,
  expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX _dedup_expiry ON _dedup (expires_at);
