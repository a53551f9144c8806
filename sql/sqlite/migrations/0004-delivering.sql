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
CREATE TABLE _bucket (
  name     TEXT PRIMARY KEY,
  full_at  REAL NOT NULL,
  token_at REAL
) STRICT, WITHOUT ROWID;

ALTER TABLE _recipient ADD COLUMN held_back_until REAL;
CREATE INDEX _recipient_held_back ON _recipient (held_back_until)
 WHERE status IN ('queued', 'deferred') AND held_back_until IS NOT NULL;

-- Bounce classes.
ALTER TABLE _attempt ADD COLUMN class TEXT;
-- What kind of failure a reply tells of, see policy/replies/bounce_class.py.  The rows that Empath ships are written by the
-- housekeeper; the program knows them without, and reads here only which of them are switched off.
CREATE TABLE _bounce_rule (
  rule_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    UNIQUE,  -- of a rule that Empath ships; NULL: a rule of the operator
  position   INTEGER NOT NULL DEFAULT 100 CHECK (position BETWEEN 0 AND 99999),  -- the lowest rule that fits decides
  stage      TEXT,  -- stage of the reply; NULL, here and in the next four: any
  code       TEXT,  -- reply code of the host, such as 550 or 5xx
  enhanced   TEXT,  -- enhanced status code, such as 5.1.1 or *.7.*
  text       TEXT,  -- regular expression, see policy/replies/text_pattern.py
  provider   TEXT,  -- patterns of the host's name, separated by blanks
  class      TEXT    NOT NULL,  -- the class of such a reply
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  note       TEXT  -- for people
) STRICT;

-- Rules of destinations
DELETE FROM _setting WHERE name = 'concurrency';

-- What holds of destinations beyond the file, see policy/destinations/rulebook.py. A rule with an end stands in for the one
-- without that has the same pattern and setting.
CREATE TABLE _destination_rule (
  rule_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  pattern    TEXT    NOT NULL CHECK (length(pattern) BETWEEN 1 AND 1024),  -- of destinations
  setting    TEXT    NOT NULL CHECK (length(setting) BETWEEN 1 AND 100),  -- as in [destinations] of the file
  value      TEXT    NOT NULL CHECK (length(value) <= 1000),
  expires_at REAL,  -- instant at which it ends; NULL: never
  reason     TEXT    CHECK (length(reason) <= 1000),  -- for people
  created_at REAL    NOT NULL,
  who        TEXT    NOT NULL  -- author, as in _audit
) STRICT;
CREATE UNIQUE INDEX _destination_rule_of ON _destination_rule (pattern, setting, (expires_at IS NULL));
CREATE INDEX _destination_rule_end ON _destination_rule (expires_at) WHERE expires_at IS NOT NULL;

-- What a reply leads to for its destination, see policy/replies/shaping.py.  Rows that Empath ships are as in _bounce_rule.
CREATE TABLE _shaping_rule (
  rule_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    UNIQUE,  -- of a rule that Empath ships; NULL: a rule of the operator
  position   INTEGER NOT NULL DEFAULT 100 CHECK (position BETWEEN 0 AND 99999),  -- the lowest rule that fits decides
  stage      TEXT,  -- conditions, as in _bounce_rule
  code       TEXT,
  enhanced   TEXT,
  text       TEXT,
  provider   TEXT,
  class      TEXT,  -- class of the reply; NULL: any
  action     TEXT    NOT NULL CHECK (action IN ('suspend', 'slow', 'bounce', 'rest')),
  duration   TEXT,  -- for how long, such as 15m; NULL for bounce
  value      TEXT,  -- setting of the destination and its value, such as concurrency 2, for slow
  is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
  note       TEXT  -- for people
) STRICT;

-- Addresses that get no more mail, see policy/suppression.py.
CREATE TABLE _suppression (
  address    TEXT PRIMARY KEY CHECK (length(address) BETWEEN 2 AND 1024),  -- address or @domain, ASCII letters in lower case
  source     TEXT NOT NULL,  -- 'bounce': a host refused it for good; else who added it, as in _audit
  reason     TEXT,  -- reply of the host, or words of the operator
  class      TEXT,  -- class of the failure, see policy/replies/bounce_class.py
  created_at REAL NOT NULL,
  expires_at REAL  -- instant from which on it gets mail again; NULL: never
) STRICT, WITHOUT ROWID;
CREATE INDEX _suppression_expiry ON _suppression (expires_at) WHERE expires_at IS NOT NULL;

-- TLS with hosts.
ALTER TABLE _attempt ADD COLUMN tls_failure TEXT;

-- Answers of the DNS.
CREATE TABLE _dns_cache (
  dns_cache_id INTEGER PRIMARY KEY,
  name         TEXT    NOT NULL,
  type         TEXT    NOT NULL,
  status       TEXT    NOT NULL,
  answer       TEXT    NOT NULL,
  alias_of     TEXT    NOT NULL DEFAULT '',
  dnssec       TEXT    CHECK (dnssec IN ('secure', 'insecure')),
  asked_at     REAL    NOT NULL,
  expires_at   REAL    NOT NULL,
  stale_until  REAL    NOT NULL,
  times_asked  INTEGER NOT NULL DEFAULT 1,
  failure      TEXT,
  UNIQUE (name, type),
  CHECK (status IN ('found', 'NODATA', 'NXDOMAIN')),
  CHECK (stale_until >= expires_at)
) STRICT;
CREATE INDEX _dns_cache_end ON _dns_cache (stale_until);
CREATE TABLE _dns_order (
  order_id INTEGER PRIMARY KEY AUTOINCREMENT,
  name     TEXT,
  given_at REAL   NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0)
) STRICT;

-- MTA-STS
-- MTA-STS policies that domains have published, see policy/sts.py. One that expires is forgotten; until then it holds,
-- whatever fails.
CREATE TABLE _sts_policy (
  domain     TEXT    PRIMARY KEY CHECK (length(domain) BETWEEN 1 AND 255),  -- A-labels, lower case
  policy_id  TEXT    NOT NULL,  -- of the TXT record by which it was read
  mode       TEXT    NOT NULL CHECK (mode IN ('enforce', 'testing', 'none')),
  patterns   TEXT    NOT NULL,  -- names of its hosts, with blanks between them
  max_age_s  INTEGER NOT NULL,  -- seconds for which it holds
  fetched_at REAL    NOT NULL,  -- instant at which it was read last
  expires_at REAL    NOT NULL,  -- instant from which on it holds no more
  checked_at REAL    NOT NULL,  -- instant of the last look at its record, whatever came of it
  failure    TEXT    -- what failed then; NULL: nothing
) STRICT, WITHOUT ROWID;
CREATE INDEX _sts_policy_expiry ON _sts_policy (expires_at);

-- Sources.
ALTER TABLE _attempt ADD COLUMN source TEXT;
CREATE TABLE _source_rest (
  address    TEXT PRIMARY KEY CHECK (length(address) BETWEEN 2 AND 45),  -- of a pool of [sources]
  expires_at REAL NOT NULL,  -- end of the rest
  reason     TEXT CHECK (length(reason) <= 1000),  -- for people
  created_at REAL NOT NULL,
  who        TEXT NOT NULL  -- author, as in _audit
) STRICT, WITHOUT ROWID;

-- Warm-up.
-- Plans for new source addresses, see policy/warmup.py: the most messages of each day.
CREATE TABLE _warmup (
  address       TEXT    NOT NULL CHECK (length(address) BETWEEN 2 AND 45),  -- of a pool of [sources]
  provider      TEXT    NOT NULL CHECK (length(provider) BETWEEN 1 AND 255),  -- name of a host, *.domain or *
  day           INTEGER NOT NULL CHECK (day BETWEEN 1 AND 1000),  -- of 24 hours; 1 begins at started_at
  most_messages INTEGER NOT NULL CHECK (most_messages BETWEEN 0 AND 1000000000),
  started_at    REAL    NOT NULL,  -- the same in all rows of a plan
  PRIMARY KEY (address, provider, day)
) STRICT, WITHOUT ROWID;

-- What has gone out by these plans.
CREATE TABLE _warmup_use (
  address  TEXT    NOT NULL,  -- as in _warmup
  provider TEXT    NOT NULL,
  day      INTEGER NOT NULL,
  messages INTEGER NOT NULL,  -- number of messages of that day
  PRIMARY KEY (address, provider, day)
) STRICT, WITHOUT ROWID;
