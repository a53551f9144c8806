-- schema.sql - track.db, the index of mail that was, next to the queue
--
-- Theory of operation.  The housekeeper follows the queue: it reads what is new by the numbers of recipients, attempts and
-- orders, and writes a row for each recipient here, with the marks up to which it has read, in one transaction.  So the
-- file can be removed at any time; then it is made again of what the queue still knows.  The rows of words are those of
-- _mail, and triggers keep them equal.
--
-- House rules.  As in schema.sql of the queue: private tables begin with an underscore, nothing newer than SQLite 3.40,
-- instants are REAL, Unix seconds, UTC.

CREATE TABLE _mail (
  recipient_id INTEGER PRIMARY KEY,  -- number of the recipient in the queue
  id           TEXT    NOT NULL,  -- queue id (ULID) of the message
  status       TEXT    NOT NULL,  -- at the last look; one that is leased counts as before its lease
  sender       TEXT    NOT NULL,  -- reverse-path; '' is null
  recipient    TEXT    NOT NULL,  -- forward-path
  domain       TEXT    NOT NULL,  -- domain of the forward-path, in A-labels
  destination  TEXT    NOT NULL,  -- queue key: next hop or domain
  attempts     INTEGER NOT NULL,  -- number of settled attempts
  host         TEXT,  -- name and address of the host of the last attempt
  last_reply   TEXT,  -- reply that decided the last attempt
  reason       TEXT,  -- reason of a hold or of the final status, unless a reply gives it
  received_at  REAL    NOT NULL,  -- instant of acceptance
  settled_at   REAL,  -- instant of the final status; NULL: it has none yet
  size         INTEGER NOT NULL,  -- octets of the content
  subject      TEXT,  -- Subject field, decoded
  message_id   TEXT,  -- Message-ID field
  client       TEXT,  -- IP address and name of the client
  account      TEXT   -- account by which the client logged in
) STRICT;

-- Words of one recipient; rowid is its number. Its own copy of the text would double the file, so it has none.
CREATE VIRTUAL TABLE words USING fts5 (
  id, sender, recipient, host, last_reply, reason, subject, message_id, client, account,
  content = '_mail', content_rowid = 'recipient_id', tokenize = 'unicode61 remove_diacritics 2', columnsize = 0
);

CREATE TRIGGER _mail_gets_words AFTER INSERT ON _mail
BEGIN
  INSERT INTO words (rowid, id, sender, recipient, host, last_reply, reason, subject, message_id, client, account)
  VALUES (new.recipient_id, new.id, new.sender, new.recipient, new.host, new.last_reply, new.reason, new.subject,
          new.message_id, new.client, new.account);
END;

CREATE TRIGGER _mail_loses_words AFTER DELETE ON _mail
BEGIN
  INSERT INTO words (words, rowid, id, sender, recipient, host, last_reply, reason, subject, message_id, client, account)
  VALUES ('delete', old.recipient_id, old.id, old.sender, old.recipient, old.host, old.last_reply, old.reason, old.subject,
          old.message_id, old.client, old.account);
END;

-- A change of the status alone is what happens most, and has no words.
CREATE TRIGGER _mail_changes_words AFTER UPDATE ON _mail
WHEN old.id IS NOT new.id OR old.sender IS NOT new.sender OR old.recipient IS NOT new.recipient OR old.host IS NOT new.host
  OR old.last_reply IS NOT new.last_reply OR old.reason IS NOT new.reason OR old.subject IS NOT new.subject
  OR old.message_id IS NOT new.message_id OR old.client IS NOT new.client OR old.account IS NOT new.account
BEGIN
  INSERT INTO words (words, rowid, id, sender, recipient, host, last_reply, reason, subject, message_id, client, account)
  VALUES ('delete', old.recipient_id, old.id, old.sender, old.recipient, old.host, old.last_reply, old.reason, old.subject,
          old.message_id, old.client, old.account);
  INSERT INTO words (rowid, id, sender, recipient, host, last_reply, reason, subject, message_id, client, account)
  VALUES (new.recipient_id, new.id, new.sender, new.recipient, new.host, new.last_reply, new.reason, new.subject,
          new.message_id, new.client, new.account);
END;

-- How far the queue was read. One row.
CREATE TABLE _mark (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  queue      TEXT    NOT NULL,  -- key of the queue, as its spool has it
  recipients INTEGER NOT NULL,  -- number of the last recipient that was read
  attempts   INTEGER NOT NULL,  -- number of the last attempt
  orders     INTEGER NOT NULL   -- number of the last row of the audit
) STRICT;

-- One row per recipient of mail that was, and of what waits, as the housekeeper last saw it.
CREATE VIEW mail AS
SELECT m.id                                  AS id,             -- queue id (ULID) of the message
       m.recipient_id                        AS recipient_id,   -- number of this recipient; rowid of words
       m.status                              AS status,         -- at the last look, seconds ago; the view queue of the queue has that of now
       m.sender                              AS sender,         -- reverse-path; '' is null
       m.recipient                           AS recipient,      -- forward-path
       m.domain                              AS domain,         -- domain of the forward-path
       m.destination                         AS destination,    -- queue key: next hop or domain
       m.attempts                            AS attempts,       -- number of settled attempts
       m.host                                AS host,           -- name and address of the host of the last attempt
       m.last_reply                          AS last_reply,     -- reply that decided the last attempt
       m.reason                              AS reason,         -- reason of a hold or of the final status, unless a reply gives it
       datetime(m.received_at, 'unixepoch')  AS received_at,    -- instant of acceptance, UTC
       m.received_at                         AS received_unix,  -- the same in Unix seconds
       datetime(m.settled_at, 'unixepoch')   AS settled_at,     -- instant of the final status, UTC; NULL: it has none yet
       m.settled_at                          AS settled_unix,   -- the same in Unix seconds
       m.size                                AS size,           -- octets of the content
       m.subject                             AS subject,        -- Subject field, decoded, at most 200 characters
       m.message_id                          AS message_id,     -- Message-ID field
       m.client                              AS client,         -- IP address and name of the client
       m.account                             AS account         -- account by which the client logged in
  FROM _mail AS m;
