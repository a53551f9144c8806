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
