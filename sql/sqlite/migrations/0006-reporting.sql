-- Version 6. Each concern has a section.

-- Messages that were not judged.  In SQLite 3.40, json_valid(NULL) is 0: a dump by such a shell would lose them when it is read.
ALTER TABLE _message RENAME COLUMN authentication TO authentication_5;
ALTER TABLE _message ADD COLUMN authentication TEXT CHECK (authentication IS NULL OR json_valid(authentication));
UPDATE _message SET authentication = authentication_5 WHERE authentication_5 IS NOT NULL;
ALTER TABLE _message DROP COLUMN authentication_5;

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

-- Reports about a period to other domains: what is counted for them, and what became of them, see docs/REPORTS.md.
CREATE TABLE _report_period (
  report_period_id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind      TEXT    NOT NULL CHECK (kind IN ('dmarc', 'tls')),
  domain    TEXT    NOT NULL CHECK (length(domain) BETWEEN 1 AND 253),  -- that the report is about, in A-labels
  begin_at  INTEGER NOT NULL,  -- begin of the period in Unix seconds
  end_at    INTEGER NOT NULL CHECK (end_at > begin_at),
  policy    TEXT    NOT NULL CHECK (length(policy) <= 8192),  -- record of the domain as it was seen last; '' for tls
  state     TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'sent', 'dropped')),
  due_at    REAL    NOT NULL,  -- instant from which on the report is made, or tried again
  tries     INTEGER NOT NULL DEFAULT 0,  -- that failed
  row_count INTEGER NOT NULL DEFAULT 0,  -- rows of its counts
  messages  INTEGER NOT NULL DEFAULT 0,  -- messages, or sessions, that they tell of
  left_out  INTEGER NOT NULL DEFAULT 0,  -- messages, or sessions, beyond the bound of rows
  report_id TEXT,  -- id in the report; NULL: there is none
  sent_to   TEXT,  -- addresses or URLs that got it, with blanks between them; NULL: none
  ulid      TEXT,  -- queue id of its message; NULL: there is none
  octets    INTEGER,  -- size of the file
  reason    TEXT,  -- why it was dropped, or what failed last
  closed_at REAL,  -- instant at which the state became another one than open
  UNIQUE (kind, domain, begin_at),
  CHECK ((state = 'open') = (closed_at IS NULL))
) STRICT;
CREATE INDEX _report_period_due ON _report_period (due_at) WHERE state = 'open';
CREATE INDEX _report_period_closed ON _report_period (closed_at) WHERE closed_at IS NOT NULL;

-- Messages with the same results, for a report of DMARC, see authentication/counted.py.  They go when the report is made.
CREATE TABLE _dmarc_count (
  report_period_id INTEGER NOT NULL,
  source_ip     TEXT    NOT NULL,  -- IP address of the client
  header_from   TEXT    NOT NULL,  -- domain in From
  envelope_from TEXT    NOT NULL,  -- domain of the sender; '' for the null path
  disposition   TEXT    NOT NULL,  -- what was done: none, pass, quarantine or reject
  dkim          TEXT    NOT NULL,  -- whether DKIM proves the author: pass or fail
  spf           TEXT    NOT NULL,  -- whether SPF does
  reason        TEXT    NOT NULL,  -- type of the override; '': none
  comment       TEXT    NOT NULL,
  dkim_results  TEXT    NOT NULL,  -- JSON list of domain, selector and result of each signature
  spf_domain    TEXT    NOT NULL,
  spf_result    TEXT    NOT NULL,
  messages      INTEGER NOT NULL,
  PRIMARY KEY (
    report_period_id, source_ip, header_from, envelope_from, disposition, dkim, spf, reason, comment, dkim_results,
    spf_domain, spf_result)
) STRICT, WITHOUT ROWID;

-- Sessions of TLS with the same result, for a report about TLS, see policy/tls_results.py.  They go when the report is made.
CREATE TABLE _tls_count (
  report_period_id INTEGER NOT NULL,
  kind         TEXT    NOT NULL,  -- type of the policy: tlsa, sts or no-policy-found
  result       TEXT    NOT NULL,  -- type of the failure, RFC 8460; '': none
  host         TEXT    NOT NULL,  -- name of the host, of a failure
  receiving_ip TEXT    NOT NULL,  -- its address, of a failure
  reason       TEXT    NOT NULL,  -- words about the failure
  sessions     INTEGER NOT NULL,
  PRIMARY KEY (report_period_id, kind, result, host, receiving_ip, reason)
) STRICT, WITHOUT ROWID;

-- Reports of other hosts about domains of ours, see storage/queue/received_reports.py.
CREATE TABLE _received_report (
  received_report_id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT    NOT NULL CHECK (kind IN ('dmarc', 'tls')),
  domain      TEXT    NOT NULL CHECK (length(domain) <= 1000),  -- that it is about
  org_name    TEXT    NOT NULL CHECK (length(org_name) <= 2000),  -- who reports
  report_id   TEXT    NOT NULL CHECK (length(report_id) <= 2000),
  contact     TEXT    NOT NULL,
  begin_at    INTEGER NOT NULL,  -- begin of the period in Unix seconds
  end_at      INTEGER NOT NULL,
  policy      TEXT    NOT NULL CHECK (json_valid(policy)),  -- JSON: what was published
  messages    INTEGER NOT NULL,  -- messages, or sessions, that it tells of
  failed      INTEGER NOT NULL,  -- those that were not proven, or had no TLS as the policy asks
  left_out    INTEGER NOT NULL,  -- those of rows that are not kept
  error       TEXT,  -- words of the reporter about the policy; NULL: none
  sender      TEXT    NOT NULL,  -- reverse-path of its message
  author      TEXT,  -- domain that DMARC has proven for the message; NULL: none
  received_at REAL    NOT NULL,
  row_count   INTEGER NOT NULL,
  UNIQUE (kind, domain, org_name, report_id)
) STRICT;
CREATE INDEX _received_report_at ON _received_report (received_at);

CREATE TABLE _received_dmarc (
  received_report_id INTEGER NOT NULL,
  number        INTEGER NOT NULL,  -- place in the report
  source_ip     TEXT    NOT NULL,
  messages      INTEGER NOT NULL,
  disposition   TEXT    NOT NULL,
  dkim          TEXT    NOT NULL,
  spf           TEXT    NOT NULL,
  reason        TEXT    NOT NULL,
  comment       TEXT    NOT NULL,
  header_from   TEXT    NOT NULL,
  envelope_from TEXT    NOT NULL,
  dkim_results  TEXT    NOT NULL,  -- as in _dmarc_count
  spf_domain    TEXT    NOT NULL,
  spf_result    TEXT    NOT NULL,
  PRIMARY KEY (received_report_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE _received_tls (
  received_report_id INTEGER NOT NULL,
  number        INTEGER NOT NULL,  -- place in the report
  policy_type   TEXT    NOT NULL,  -- tlsa, sts or no-policy-found
  policy_domain TEXT    NOT NULL,
  result        TEXT    NOT NULL,  -- type of the failure; '': sessions without one
  messages      INTEGER NOT NULL,  -- sessions
  host          TEXT    NOT NULL,
  sending_ip    TEXT    NOT NULL,
  receiving_ip  TEXT    NOT NULL,
  reason        TEXT    NOT NULL,
  PRIMARY KEY (received_report_id, number)
) STRICT, WITHOUT ROWID;
