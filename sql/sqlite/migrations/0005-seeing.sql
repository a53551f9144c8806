-- Version 5. Each concern has a section.

-- What is stuck.
CREATE INDEX _recipient_held ON _recipient (destination_id) WHERE status = 'held';

-- Tokens of the HTTP API.
CREATE TABLE _token (
  token_id     INTEGER PRIMARY KEY AUTOINCREMENT,
  name         TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),  -- in the audit as token:name
  role         TEXT    NOT NULL CHECK (role IN ('read', 'operate', 'inject', 'admin')),
  networks     TEXT    NOT NULL DEFAULT '' CHECK (length(networks) <= 10000),  -- clients that may use it, blanks between; '': any
  digest       TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),  -- SHA-256 of the secret, in hexadecimal digits
  created_at   REAL    NOT NULL,
  expires_at   REAL,  -- instant from which on it is of no use; NULL: never
  last_used_at REAL,  -- instant of the last use, up to a minute late
  last_client  TEXT  -- IP address of that client, or its UNIX socket
) STRICT;

-- Keys that sign mail, see authentication/signer.py.  The private part is here and in no view.
CREATE TABLE _dkim_key (
  dkim_key_id INTEGER PRIMARY KEY AUTOINCREMENT,
  domain      TEXT    NOT NULL CHECK (length(domain) BETWEEN 1 AND 253),  -- in A-labels
  selector    TEXT    NOT NULL CHECK (length(selector) BETWEEN 1 AND 200),
  algorithm   TEXT    NOT NULL CHECK (algorithm IN ('rsa-sha256', 'ed25519-sha256')),
  state       TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'signing', 'retired')),
  since       REAL    NOT NULL,  -- instant from which on it has this state
  record      TEXT    NOT NULL CHECK (length(record) <= 8192),  -- text of its record in the DNS
  private_key TEXT    NOT NULL CHECK (length(private_key) <= 8192),  -- in PEM form
  created_at  REAL    NOT NULL
) STRICT;
CREATE UNIQUE INDEX _dkim_key_name ON _dkim_key (domain, selector);

-- What people see.
-- What came in and went out in each hour, see storage/queue/throughput.py.
CREATE TABLE _throughput (
  hour_at     INTEGER NOT NULL,
  destination TEXT    NOT NULL,
  received    INTEGER NOT NULL,
  octets      INTEGER NOT NULL,
  delivered   INTEGER NOT NULL,
  deferred    INTEGER NOT NULL,
  bounced     INTEGER NOT NULL,
  expired     INTEGER NOT NULL,
  PRIMARY KEY (hour_at, destination)
) STRICT, WITHOUT ROWID;

-- Clients that were turned away, see daemon/acceptor/refusal_rows.py. The last ten thousand rows stay, for 30 days.
CREATE TABLE _refusal (
  refusal_id     INTEGER PRIMARY KEY AUTOINCREMENT,
  first_at       REAL    NOT NULL,
  last_at        REAL    NOT NULL,
  times          INTEGER NOT NULL CHECK (times >= 1),
  listener       TEXT    NOT NULL,
  client_address TEXT    NOT NULL,
  client_name    TEXT    NOT NULL,
  account        TEXT,
  sender         TEXT,
  recipient      TEXT,
  stage          TEXT    NOT NULL,
  rule           TEXT    NOT NULL,
  reply          TEXT    NOT NULL
) STRICT;

-- Authentication of mail.
ALTER TABLE _message ADD COLUMN authentication TEXT CHECK (json_valid(authentication));
-- What may be done at most with mail that DMARC finds to be false, see authentication/disposition.py.
CREATE TABLE _authentication_override (
  pattern    TEXT PRIMARY KEY CHECK (length(pattern) BETWEEN 1 AND 255),  -- domain of authors, or network of clients, in lower case
  at_most    TEXT NOT NULL CHECK (at_most IN ('tag', 'quarantine-route', 'hold', 'reject')),
  expires_at REAL,  -- instant from which on it has no effect; NULL: never
  reason     TEXT CHECK (length(reason) <= 1000),  -- for people
  created_at REAL NOT NULL,
  who        TEXT NOT NULL  -- author, as in _audit
) STRICT, WITHOUT ROWID;
