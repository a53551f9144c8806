-- Version 8. Each concern has a section.

-- Questions about the mail that waits.
CREATE INDEX _recipient_live ON _recipient (recipient_id, message_id, domain)
 WHERE status IN ('queued', 'deferred', 'leased', 'held');

-- Limits of listeners above those of the file, see config/listener_limits.py. At most a thousand rows, mostly none.
CREATE TABLE _listener_limit (
  listener_limit_id INTEGER PRIMARY KEY AUTOINCREMENT,
  listener          TEXT    NOT NULL CHECK (length(listener) BETWEEN 1 AND 200),  -- its address; '*': all
  setting           TEXT    NOT NULL CHECK (length(setting) BETWEEN 1 AND 100),  -- as in [receiving.limits] of the file
  value             TEXT    NOT NULL CHECK (length(value) BETWEEN 1 AND 100),
  expires_at        REAL,  -- instant at which it ends; NULL: never
  reason            TEXT    CHECK (length(reason) <= 1000),  -- for people
  created_at        REAL    NOT NULL,
  who               TEXT    NOT NULL,  -- author, as in _audit
  UNIQUE (listener, setting)
) STRICT;

-- What was said in sessions that failed.
CREATE TABLE _transcript (
  transcript_id  INTEGER PRIMARY KEY AUTOINCREMENT,
  at             REAL    NOT NULL,  -- instant of the failure
  ulid           TEXT,  -- queue id of the message that went out; NULL: a client
  destination    TEXT,  -- its destination
  host           TEXT,  -- name, address and port of the host; NULL: a client
  listener       TEXT,  -- address of the listener; NULL: a host
  client_address TEXT,  -- IP address of the client; NULL: a host
  account        TEXT,  -- account by which the client had logged in; NULL: none
  sender         TEXT,  -- reverse-path of the message; NULL: before MAIL
  stage          TEXT    NOT NULL,  -- command that failed, or what ended the session
  reply          TEXT    NOT NULL,  -- reply that decided, escaped
  dialogue       TEXT    NOT NULL  -- a line for each thing that was said: 'C: ' client, 'S: ' server, '-: ' what happened
) STRICT;

-- Reports of others: some hosts give those of several days one id.
CREATE TABLE _kept_report AS SELECT * FROM _received_report;
DROP TABLE _received_report;
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
  UNIQUE (kind, domain, org_name, report_id, begin_at)
) STRICT;
CREATE INDEX _received_report_at ON _received_report (received_at);
INSERT INTO _received_report SELECT * FROM _kept_report;
DROP TABLE _kept_report;
DELETE FROM sqlite_sequence WHERE name = '_received_report' AND seq = 0;
