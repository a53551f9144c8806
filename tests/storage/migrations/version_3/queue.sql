PRAGMA page_size = 4096;
PRAGMA auto_vacuum = 2;
PRAGMA journal_mode = wal;
PRAGMA application_id = 1162694721;
PRAGMA user_version = 3;
BEGIN;
CREATE TABLE _message (
  message_id        INTEGER PRIMARY KEY AUTOINCREMENT,  -- private and never used again; people name a message by its ulid
  ulid              TEXT    NOT NULL UNIQUE CHECK (length(ulid) = 26),  -- the queue id, in the 250 reply and in every log line
  node              TEXT    NOT NULL,  -- host that accepted it
  reverse_path      TEXT    NOT NULL,  -- mailbox that reports go to; '' is the null reverse-path
  size              INTEGER NOT NULL CHECK (size >= 0),  -- octets sent on: added_fields and the content as received
  digest            TEXT    NOT NULL,  -- SHA-256 of the content as received, or as a module wrote it anew, hexadecimal
  received_at       REAL    NOT NULL,  -- instant of the final dot
  body_type         TEXT    NOT NULL CHECK (body_type IN ('7BIT', '8BITMIME')),  -- BODY= of MAIL, RFC 6152
  has_8bit          INTEGER NOT NULL CHECK (has_8bit IN (0, 1)),  -- 1: the content has octets above 127
  is_smtputf8       INTEGER NOT NULL CHECK (is_smtputf8 IN (0, 1)),  -- 1: the client asked for SMTPUTF8, RFC 6531
  dsn_return        TEXT    CHECK (dsn_return IN ('FULL', 'HDRS')),  -- RET= of MAIL, RFC 3461
  envelope_id       TEXT,  -- ENVID= of MAIL in xtext, RFC 3461
  listener          TEXT    NOT NULL,  -- address of the listener, such as 127.0.0.1:2525; 'report': a report of Empath's own
  client_address    TEXT    NOT NULL,  -- IP address of the client; empty for a report
  client_name       TEXT    NOT NULL,  -- name that the client gave in HELO or EHLO
  account           TEXT,  -- name of the account by which the client logged in; NULL: it did not
  header_message_id TEXT,  -- Message-ID field, at most 998 octets
  subject           TEXT,  -- Subject field, unfolded but not decoded, at most 200 characters
  metadata          TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),  -- JSON object of modules
  traceparent       TEXT,  -- W3C trace context of the reception
  content_locator   TEXT,  -- 'inline': in _content; 'spool:<node>/<ulid>': a file; NULL: removed
  delay_reported_at REAL,  -- instant of the one report of delay; NULL: not reported
  added_fields      BLOB    NOT NULL DEFAULT X'',  -- fields that this host adds above the content, lines ended by CRLF
  tls_version       TEXT,  -- such as TLSv1.3; NULL: it came in the clear
  tls_cipher        TEXT,  -- name of the cipher suite
  requires_tls      INTEGER CHECK (requires_tls IN (0, 1)),  -- 1: REQUIRETLS; 0: the field TLS-Required: No, RFC 8689; NULL: neither
  delay_report_at   REAL  -- instant from which a delay is reported, by BY=…;N or after a hold; NULL: as [retry] delay_warning says
) STRICT;
CREATE TABLE _content (
  message_id INTEGER PRIMARY KEY,  -- of _message
  octets     BLOB    NOT NULL  -- the content as received, lines ended by CRLF, not dot-stuffed
) STRICT;
CREATE TABLE _destination (
  destination_id  INTEGER PRIMARY KEY,
  name            TEXT    NOT NULL UNIQUE,  -- 'smtp:host:port', 'maildir:/path', 'discard:', 'no-route:', or a domain in A-labels
  max_leases      INTEGER NOT NULL DEFAULT 20 CHECK (max_leases >= 0),  -- connections at once, of all workers together
  is_full         INTEGER NOT NULL DEFAULT 0 CHECK (is_full IN (0, 1)),  -- 1: max_leases are taken; kept by triggers
  is_failing      INTEGER NOT NULL DEFAULT 0 CHECK (is_failing IN (0, 1)),  -- 1: its last attempt reached no host
  lease_count     INTEGER NOT NULL DEFAULT 0,  -- leases made so far; every eighth ignores the priority class
  due_at          REAL,  -- lower bound of the earliest waiting recipient's next_retry_at; NULL: none waits
  breaker_until   REAL,  -- circuit breaker: nothing before this instant
  suspended_until REAL,  -- suspended by an operator or a rule until this instant
  token_at        REAL,  -- rate limit: instant of the next token
  ready_at        REAL GENERATED ALWAYS AS (  -- a lease may be taken from this instant on; NULL: none to take
    CASE
      WHEN is_full OR due_at IS NULL THEN NULL
      ELSE max(due_at, coalesce(breaker_until, 0.0), coalesce(suspended_until, 0.0), coalesce(token_at, 0.0))
    END
  ) STORED,
  priority        INTEGER NOT NULL DEFAULT 4 CHECK (priority BETWEEN 0 AND 4),  -- class of the recipient that is due first
  leased_at       REAL,  -- instant of its last lease; NULL: none yet
  turn_at         REAL GENERATED ALWAYS AS (max(ready_at, coalesce(leased_at, 0.0))) VIRTUAL  -- instant since which it waits for its turn
) STRICT;
CREATE INDEX _destination_ready ON _destination (is_failing, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX _destination_turn ON _destination (is_failing, priority, turn_at) WHERE turn_at IS NOT NULL;
CREATE TABLE _recipient (
  recipient_id          INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id            INTEGER NOT NULL,  -- of _message
  address               TEXT    NOT NULL,  -- forward-path that is delivered to
  original              TEXT    NOT NULL,  -- forward-path as the client gave it
  domain                TEXT    NOT NULL,  -- its domain in A-labels, lower case, or an address literal
  destination_id        INTEGER NOT NULL,  -- of _destination; a worker that routes otherwise changes it
  status                TEXT    NOT NULL CHECK (
                          status = 'queued' OR status = 'deferred' OR status = 'leased' OR status = 'held'
                          OR status = 'delivered' OR status = 'bounced' OR status = 'expired' OR status = 'cancelled'),
  priority              INTEGER NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 4),  -- class, 0 goes first
  next_retry_at         REAL    NOT NULL,  -- not before this instant
  expires_at            REAL    NOT NULL,  -- end of its lifetime; checked after an attempt, never before one
  attempts              INTEGER NOT NULL DEFAULT 0,  -- settled attempts
  lease_id              INTEGER,  -- of _lease; a result counts only under the lease of its attempt
  lost_leases           INTEGER NOT NULL DEFAULT 0,  -- leases that ended by the death of their process
  ordered_status        TEXT    CHECK (
                          ordered_status = 'held' OR ordered_status = 'cancelled' OR ordered_status = 'bounced'
                          OR ordered_status = 'expired'),  -- order for the settle
  ordered_next_retry_at REAL,  -- order for the settle: retry at this instant
  notify                TEXT,  -- NOTIFY= of RCPT, RFC 3461; NULL: not given
  original_recipient    TEXT,  -- ORCPT= of RCPT, type;xtext as it came
  last_reply            TEXT,  -- reply that decided its last attempt, escaped
  reason                TEXT,  -- reason of a hold or a final status, unless a reply gives it
  settled_at            REAL,  -- instant of the last change of fate
  CHECK ((status = 'leased') = (lease_id IS NOT NULL))
) STRICT;
CREATE INDEX _recipient_due ON _recipient (destination_id, priority, next_retry_at) WHERE status IN ('queued', 'deferred');
CREATE INDEX _recipient_lease ON _recipient (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX _recipient_ordered ON _recipient (lease_id) WHERE ordered_status IS NOT NULL;
CREATE INDEX _recipient_message ON _recipient (message_id);
CREATE INDEX _recipient_failed ON _recipient (recipient_id) WHERE status IN ('bounced', 'expired');
CREATE TABLE _recipient_transition (
  old_status TEXT NOT NULL,
  new_status TEXT NOT NULL,
  actor      TEXT NOT NULL CHECK (actor IN ('empath', 'operator', 'both')),  -- cause of the move
  PRIMARY KEY (old_status, new_status)
) STRICT, WITHOUT ROWID;
CREATE TABLE _destination_leaving (
  destination_id INTEGER PRIMARY KEY  -- of _destination
) STRICT;
CREATE TABLE _process (
  process_id     INTEGER PRIMARY KEY AUTOINCREMENT,
  node           TEXT    NOT NULL,  -- host
  instance       TEXT    NOT NULL,  -- ULID of its supervisor's run
  slot           TEXT    NOT NULL,  -- such as worker-1
  generation     INTEGER NOT NULL,  -- counts the processes that a supervisor's run put in the slot
  pid            INTEGER NOT NULL,
  started_at     REAL    NOT NULL,
  beat           INTEGER NOT NULL DEFAULT 0,  -- advances every 2 s through the process's hub and its writer
  beat_at        REAL    NOT NULL,  -- its own clock at that beat; only for people
  ended_at       REAL,  -- NULL: it lives
  version        TEXT    NOT NULL,  -- of Empath
  engine_version TEXT    NOT NULL,  -- of its SQLite
  modules_off    TEXT,  -- names of modules that it switched off after failures, one blank between two; NULL: none
  UNIQUE (instance, slot, generation)
) STRICT;
CREATE TABLE _lease (
  lease_id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- the fencing token
  process_id     INTEGER NOT NULL,  -- of _process; a lease lives as long as its process
  destination_id INTEGER NOT NULL,  -- of _destination
  leased_at      REAL    NOT NULL
) STRICT;
CREATE INDEX _lease_destination ON _lease (destination_id);
CREATE INDEX _lease_process ON _lease (process_id);
CREATE TABLE _attempt (
  attempt_id            INTEGER PRIMARY KEY AUTOINCREMENT,
  recipient_id          INTEGER NOT NULL,  -- of _recipient
  process_id            INTEGER NOT NULL,  -- of _process
  lease_id              INTEGER NOT NULL,  -- lease of the attempt
  destination           TEXT    NOT NULL,  -- name of the destination at that time
  started_at            REAL    NOT NULL,
  duration_s            REAL    NOT NULL,
  connect_s             REAL,  -- part of it until the host was ready for mail; NULL: no connection was made
  host                  TEXT,  -- name of the host
  peer_address          TEXT,  -- its address and port
  stage                 TEXT    NOT NULL,  -- stage of the dialogue at which it ended, such as rcpt
  code                  INTEGER,  -- reply code of the host; NULL: the text is Empath's own, as for a timeout
  enhanced              TEXT,  -- enhanced status code, RFC 3463
  text                  TEXT    NOT NULL,  -- the reply, escaped
  tls_policy            TEXT,  -- policy in force, such as may or dane; NULL: none
  tls_version           TEXT,  -- such as TLSv1.3; NULL: in the clear
  tls_cipher            TEXT,  -- name of the cipher suite
  tls_peer              TEXT,  -- how the host proved its identity; NULL: not at all
  outcome               TEXT    NOT NULL CHECK (
                          outcome = 'delivered' OR outcome = 'deferred' OR outcome = 'bounced' OR outcome = 'expired'
                          OR outcome = 'next_host' OR outcome = 'unknown' OR outcome = 'maybe_delivered'),
  decided_status        TEXT    NOT NULL,  -- resulting status; 'unchanged': none
  decided_next_retry_at REAL    -- resulting instant of the next attempt; NULL: none
) STRICT;
CREATE INDEX _attempt_recipient ON _attempt (recipient_id);
CREATE TABLE _notice (
  notice_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id   INTEGER NOT NULL,  -- of _message
  recipient_id INTEGER NOT NULL,  -- of _recipient
  kind         TEXT    NOT NULL CHECK (kind = 'failure' OR kind = 'delay' OR kind = 'success'),
  created_at   REAL    NOT NULL,
  is_met       INTEGER NOT NULL DEFAULT 0 CHECK (is_met IN (0, 1)),  -- 1: its report is made, in this transaction
  UNIQUE (recipient_id, kind)
) STRICT;
CREATE INDEX _notice_message ON _notice (message_id, kind);
CREATE TABLE _setting (
  -- 'frozen': the instant, in ISO 8601, since which an operator stops delivery; 'log-level'; 'concurrency': connections to
  -- a destination that is new; 'routes': digest of the routes that the waiting mail follows;
  -- 'audit_told': the last row of _audit that is in the log; 'audit_forgotten_until': see _audit_not_removed;
  -- 'decoy_secret': the key of the salts for names that have no account, hexadecimal
  -- 'spool_owner': the key that is also in spool/owner, see storage/spool_owner.py
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE _greylist (
  greylist_id   INTEGER PRIMARY KEY,
  client        TEXT    NOT NULL,  -- network, such as 192.0.2.0/24
  sender        TEXT    NOT NULL,  -- reverse-path as policy/greylist.py keeps it; '' is null; '*': all mail of the client
  recipient     TEXT    NOT NULL,  -- forward-path in lower case; '*' as in sender
  first_seen_at REAL    NOT NULL,  -- instant of the first try
  passes_at     REAL,  -- instant from which on its mail passes; NULL: not yet, it takes more deliveries
  expires_at    REAL,  -- instant at which it is forgotten; NULL: never
  hits          INTEGER NOT NULL DEFAULT 0,  -- deliveries, counted once an hour
  UNIQUE (client, sender, recipient),
  CHECK ((sender = '*') = (recipient = '*'))
) STRICT;
CREATE INDEX _greylist_expiry ON _greylist (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE _recipient_list (
  address TEXT PRIMARY KEY CHECK (length(address) BETWEEN 3 AND 1024)  -- ASCII letters in lower case
) STRICT, WITHOUT ROWID;
CREATE TABLE _alias (
  pattern TEXT NOT NULL CHECK (length(pattern) BETWEEN 2 AND 1024),  -- address or @domain, ASCII letters in lower case
  target  TEXT NOT NULL CHECK (length(target) BETWEEN 2 AND 1024),  -- address, or @domain for the same local part there
  PRIMARY KEY (pattern, target)
) STRICT, WITHOUT ROWID;
CREATE TABLE _verification (
  address    TEXT    PRIMARY KEY,  -- as in _recipient_list
  is_known   INTEGER NOT NULL CHECK (is_known IN (0, 1)),  -- 1: the host takes its mail
  reply      TEXT    NOT NULL,  -- reply of the host to RCPT, escaped
  expires_at REAL    NOT NULL  -- instant from which on the host is asked again
) STRICT, WITHOUT ROWID;
CREATE INDEX _verification_expiry ON _verification (expires_at);
CREATE TABLE _dedup (
  key        TEXT PRIMARY KEY,  -- SHA-256 of envelope, account and content, hexadecimal
  ulid       TEXT NOT NULL,  -- of the message, which a repetition is answered with
  expires_at REAL NOT NULL  -- instant from which on the same is another message
) STRICT, WITHOUT ROWID;
CREATE INDEX _dedup_expiry ON _dedup (expires_at);
CREATE TABLE _account (
  account_id      INTEGER PRIMARY KEY AUTOINCREMENT,
  name            TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 1024),  -- in the spelling of SASLprep, RFC 4013
  status          TEXT    NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled')),
  senders         TEXT    NOT NULL DEFAULT '' CHECK (length(senders) <= 10000),  -- addresses that it may send as, see policy/senders.py
  message_rate    TEXT,  -- most messages, such as 100/1h; NULL: as the configuration says
  recipient_rate  TEXT,  -- most recipients; NULL: as the configuration says
  password_hash   TEXT,  -- for PLAIN and LOGIN: scrypt, see policy/password.py
  scram_keys      TEXT,  -- for SCRAM-SHA-256, in the form of RFC 5803
  created_at      REAL    NOT NULL,
  password_set_at REAL,  -- instant of the last change of the password
  last_used_at    REAL,  -- instant of the last login, up to a minute late
  last_client     TEXT,  -- IP address of that client
  CHECK ((password_hash IS NULL) = (scram_keys IS NULL) AND (password_hash IS NULL) = (password_set_at IS NULL))
) STRICT;
CREATE TABLE _spool_garbage (
  locator     TEXT PRIMARY KEY,  -- former value of _message.content_locator
  tries       INTEGER NOT NULL DEFAULT 0,  -- removals that failed
  next_try_at REAL    NOT NULL DEFAULT 0.0,  -- not before; doubles with each try
  last_error  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX _spool_garbage_due ON _spool_garbage (next_try_at);
CREATE TABLE _actor (
  actor_id INTEGER PRIMARY KEY CHECK (actor_id = 1),  -- there is only one
  who      TEXT    NOT NULL CHECK (length(who) BETWEEN 1 AND 200)
) STRICT;
CREATE TABLE _audit (
  audit_id       INTEGER PRIMARY KEY AUTOINCREMENT,
  at             REAL    NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0),
  who            TEXT    NOT NULL,  -- of _actor; 'sql': a shell; 'empath': an order that was carried out
  engine_version TEXT    NOT NULL DEFAULT (sqlite_version()),  -- of the program that wrote the row
  recipient_id   INTEGER,  -- of _recipient; NULL: no recipient
  destination    TEXT,  -- name of the destination, if there is one
  what           TEXT    NOT NULL,  -- column of the view, or verb of control
  before         ANY,
  after          ANY,
  ulid           TEXT,  -- of the message; the row outlives it
  address        TEXT,  -- of the recipient; the row outlives it
  object         TEXT  -- the row of another view, such as the name of an account; NULL: what the other columns name
) STRICT;
CREATE INDEX _audit_recipient ON _audit (recipient_id) WHERE recipient_id IS NOT NULL;
CREATE TABLE _control (
  control_id INTEGER PRIMARY KEY AUTOINCREMENT,
  verb       TEXT    NOT NULL CHECK (verb IN (
               'reload', 'log-level', 'freeze', 'thaw', 'flush', 'drain', 'stop-listener')),
  argument   TEXT,
  asked_at   REAL    NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0),
  who        TEXT    NOT NULL,  -- as in _audit
  done_at    REAL,  -- instant at which the last node had done it
  result     TEXT,  -- outcome: a sentence, or one for each node
  node       TEXT,  -- node that carries it out; NULL: every node
  CHECK ((done_at IS NULL) = (result IS NULL))
) STRICT;
CREATE INDEX _control_open ON _control (control_id) WHERE done_at IS NULL;
CREATE TABLE _control_outcome (
  control_id INTEGER NOT NULL,  -- of _control
  node       TEXT    NOT NULL,
  started_at REAL,  -- instant at which a process took it up; committed before the process acts, so that it acts only once
  done_at    REAL,
  result     TEXT,  -- outcome, a sentence
  PRIMARY KEY (control_id, node),
  CHECK ((done_at IS NULL) = (result IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX _control_outcome_open ON _control_outcome (node, control_id) WHERE done_at IS NULL;
CREATE TABLE _session (
  process_id     INTEGER NOT NULL,  -- of _process, the acceptor
  number         INTEGER NOT NULL,  -- of the session, counted by its acceptor from 1
  listener       TEXT    NOT NULL,  -- address of the listener
  client_address TEXT    NOT NULL,  -- IP address of the client
  client_name    TEXT    NOT NULL,  -- name that the client gave in HELO or EHLO; '': none yet
  account        TEXT,  -- account by which the client logged in; NULL: none
  tls            TEXT,  -- version and cipher of TLS; NULL: in the clear
  state          TEXT    NOT NULL,  -- state of the dialogue, see docs/protocol.md
  messages       INTEGER NOT NULL,  -- number of messages accepted
  octets         INTEGER NOT NULL,  -- octets received
  began_at       REAL    NOT NULL,  -- instant at which it was admitted
  is_closing     INTEGER NOT NULL DEFAULT 0 CHECK (is_closing IN (0, 1)),  -- 1: its acceptor is to end it
  PRIMARY KEY (process_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX _session_closing ON _session (process_id, number) WHERE is_closing;
CREATE TABLE _rate (
  name     TEXT NOT NULL,  -- key of [receiving.limits], such as message_rate_per_client
  holder   TEXT NOT NULL,  -- IP address or network of the client, or name of the account
  listener TEXT NOT NULL,  -- address of a listener with limits of its own; '': the other listeners
  full_at  REAL NOT NULL,  -- instant at which all of the rate will be free again
  PRIMARY KEY (name, holder, listener)
) STRICT, WITHOUT ROWID;
CREATE INDEX _rate_full ON _rate (full_at);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (1,'01M8N62S2DCPTS3JHGZD5Z9XVJ','mx.example.test','s@sender.example',342169,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1796007355.4740632,'7BIT',0,0,NULL,NULL,'127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8N62S2DCPTS3JHGZD5Z9XVJ',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E363253324443505453334A48475A44355A3958564A3B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (2,'01M8N62S2RWY9Y26MGJ65JG24N','mx.example.test','s@sender.example',175,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796007355.4810355,'7BIT',0,0,NULL,NULL,'127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E36325332525759395932364D474A36354A4732344E3B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (3,'01M8N62S2WKK8AA5HHQC96HY6G','mx.example.test','s@sender.example',175,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796007355.4849238,'8BITMIME',0,0,'FULL','e1','127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E36325332574B4B38414135484851433936485936473B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (4,'01M8N62S2YW29151ZS46Y0WY81','mx.example.test','s@sender.example',342169,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1796007355.5303145,'8BITMIME',0,0,'FULL','e1','127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8N62S2YW29151ZS46Y0WY81',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E36325332595732393135315A5334365930575938313B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (5,'01M8N62S4C9B5TB1GEQ6S3M7H0','mx.example.test','s@sender.example',224,'1bbf90aebd4629eae694dd3b5ba945e3ffb15033b66b67cac18ce7db81b14ea3',1796007355.53408,'8BITMIME',1,0,'FULL','e1','127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'eight bits','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E36325334433942355442314745513653334D3748303B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (6,'01M8N62S4GY5YRB297V13HTKK2','mx.example.test','s@sender.example',196,'44e7473779b4005e91407ef556c6378e532ba4dd8aa750bbbf9edb30d3bf4921',1796007355.5367129,'8BITMIME',0,0,'FULL','e1','127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'dots','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E3632533447593559524232393756313348544B4B323B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (7,'01M8N62S4JDP5MY7ZK3R3G0ZQT','mx.example.test','s@sender.example',181,'c057c351dc307277eb0a14a2709e99b8eef3189b882eb15365a45083db20985e',1796007355.5382693,'8BITMIME',0,0,'FULL','e1','127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,NULL,'{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E363253344A4450354D59375A4B33523347305A51543B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (8,'01M8N62S4KE3W3A851QVG8P0CW','mx.example.test','s@sender.example',175,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796007355.5395579,'7BIT',0,0,NULL,NULL,'127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E363253344B453357334138353151564738503043573B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (9,'01M8N62S4MPYXK81R96VTPRR45','mx.example.test','s@sender.example',342199,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1796007355.5438604,'7BIT',0,0,NULL,NULL,'127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,NULL,NULL,X'',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (10,'01M8N62S4WJFW9TBH0D6DX5AHG','mx.example.test','s@sender.example',205,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796007355.5492089,'7BIT',0,0,NULL,NULL,'127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E36325334574A4657395442483044364458354148470D0A09666F72203C68656C644064656665727265642E6578616D706C653E3B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (11,'01M8N62S4ZNFZGVV7BH4FTVBSG','mx.example.test','s@sender.example',342199,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1796007355.5556955,'7BIT',0,0,NULL,NULL,'127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8N62S4ZNFZGVV7BH4FTVBSG',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E363253345A4E465A475656374248344654564253470D0A09666F72203C68656C644064656665727265642E6578616D706C653E3B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (12,'01M8N62S55PZK1XQP4GTC8SMQY','mx.example.test','s@sender.example',210,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796007355.5575023,'7BIT',0,0,NULL,NULL,'127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E3632533535505A4B315851503447544338534D51590D0A09666F72203C63616E63656C6C65644064656665727265642E6578616D706C653E3B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (13,'01M8N62S56CFD7B98K6CCF4J22','mx.example.test','s@sender.example',207,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796007355.5587328,'7BIT',0,0,NULL,NULL,'127.0.0.1:26889','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E3632533536434644374239384B36434346344A32320D0A09666F72203C6E6F746963654064656665727265642E6578616D706C653E3B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (14,'01M8N62S58MRE7B1R37K5KH36G','mx.example.test','s@sender.example',309,'45d0b34b0cd9a6ee3f857483ba9e2b77747a34f94a50512e566ad7a3f3f66bba',1796007355.5605757,'7BIT',0,0,NULL,NULL,'127.0.0.1:28911','127.0.0.1','client.example',NULL,NULL,'no date','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E36325335384D52453742315233374B354B483336470D0A09666F72203C7375626D69747465644064656665727265642E6578616D706C653E3B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A446174653A204D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A4D6573736167652D49443A203C30314D384E36325335384D52453742315233374B354B48333647406D782E6578616D706C652E746573743E0D0A',NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at) VALUES (15,'01M8N62T1EJR1DFGM2C9DA0MMJ','mx.example.test','',2025,'243cef1e419726d6d7f55554323a5a9a3596475f522693e552341a1052d7cfc1',1796007356.4637048,'7BIT',0,0,NULL,NULL,'report','','mx.example.test',NULL,'<01M8N62T1EJR1DFGM2C9DA0MMJ@mx.example.test>',NULL,'{}',NULL,'inline',NULL,X'',NULL,NULL,NULL,NULL);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_process',3);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_message',15);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_recipient',23);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_lease',10);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_attempt',19);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_notice',2);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_audit',13);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_account',1);
INSERT INTO _content (message_id, octets) VALUES (2,X'5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (3,X'5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (5,X'5375626A6563743A20656967687420626974730D0A436F6E74656E742D547970653A20746578742F706C61696E3B20636861727365743D7574662D380D0A0D0A4772C3BCC39F650D0A');
INSERT INTO _content (message_id, octets) VALUES (6,X'5375626A6563743A20646F74730D0A0D0A2E0D0A2E2E0D0A6E6F206C696E6520656E64206973206C6F73740D0A');
INSERT INTO _content (message_id, octets) VALUES (7,X'0D0A61206D65737361676520776974686F75742061206865616465720D0A');
INSERT INTO _content (message_id, octets) VALUES (8,X'5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (10,X'5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (12,X'5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (13,X'5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (14,X'5375626A6563743A206E6F20646174650D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (15,X'52656365697665643A206279206D782E6578616D706C652E746573742028456D70617468292069642030314D384E36325431454A52314446474D3243394441304D4D4A3B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3536202B303030300D0A446174653A204D6F6E2C203330204E6F7620323032362030323A35353A3536202B303030300D0A46726F6D3A204D61696C2044656C69766572792053797374656D203C4D41494C45522D4441454D4F4E406D782E6578616D706C652E746573743E0D0A546F3A20734073656E6465722E6578616D706C650D0A5375626A6563743A20556E64656C697665726564206D61696C2072657475726E656420746F2073656E6465720D0A4D6573736167652D49443A203C30314D384E36325431454A52314446474D3243394441304D4D4A406D782E6578616D706C652E746573743E0D0A4175746F2D5375626D69747465643A206175746F2D7265706C6965640D0A4D494D452D56657273696F6E3A20312E300D0A436F6E74656E742D547970653A206D756C7469706172742F7265706F72743B207265706F72742D747970653D64656C69766572792D7374617475733B0D0A09626F756E646172793D223236623030633739306236626132373263323966366230653033386665343535220D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A546869732069732061207265706F727420696E204D494D4520666F726D61742E0D0A0D0A2D2D32366230306337393062366261323732633239663662306530333866653435350D0A436F6E74656E742D4465736372697074696F6E3A204E6F74696669636174696F6E0D0A436F6E74656E742D547970653A20746578742F706C61696E3B20636861727365743D75732D61736369690D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A5468697320697320746865206D61696C2073797374656D206F66206D782E6578616D706C652E746573742E0D0A0D0A596F7572206D65737361676520636F756C64206E6F742062652064656C69766572656420746F2074686520726563697069656E7473206E616D65642062656C6F772E2049742063616D650D0A696E206F6E204D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030302077697468207468652071756575652069640D0A30314D384E363253344B453357334138353151564738503043572E0D0A0D0A3C6F6E6540626F756E6365642E6578616D706C653E0D0A202020204F6E204D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030302074686520686F7374203132372E302E302E3120736169643A2035353020352E312E31204E6F0D0A2020202073756368206D61696C626F780D0A0D0A44656C697665727920746F207468656D2077696C6C206E6F7420626520747269656420616761696E2E20506C65617365206C6F6F6B2061742074686520726561736F6E20676976656E0D0A61626F76652C20636F7272656374207468652061646472657373206F722061736B207468652070656F706C652077686F2072756E2074686174206D61696C2073797374656D2C20616E640D0A7468656E2073656E6420746865206D65737361676520616761696E2E0D0A0D0A2D2D32366230306337393062366261323732633239663662306530333866653435350D0A436F6E74656E742D4465736372697074696F6E3A2044656C6976657279207265706F72740D0A436F6E74656E742D547970653A206D6573736167652F64656C69766572792D7374617475730D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A5265706F7274696E672D4D54413A20646E733B206D782E6578616D706C652E746573740D0A4172726976616C2D446174653A204D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A0D0A46696E616C2D526563697069656E743A207266633832323B206F6E6540626F756E6365642E6578616D706C650D0A416374696F6E3A206661696C65640D0A5374617475733A20352E312E310D0A52656D6F74652D4D54413A20646E733B205B3132372E302E302E315D0D0A446961676E6F737469632D436F64653A20736D74703B2035353020352E312E31204E6F2073756368206D61696C626F780D0A4C6173742D417474656D70742D446174653A204D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A0D0A2D2D32366230306337393062366261323732633239663662306530333866653435350D0A436F6E74656E742D4465736372697074696F6E3A20556E64656C697665726564206D6573736167650D0A436F6E74656E742D547970653A206D6573736167652F7266633832320D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384E363253344B453357334138353151564738503043573B0D0A094D6F6E2C203330204E6F7620323032362030323A35353A3535202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A0D0A2D2D32366230306337393062366261323732633239663662306530333866653435352D2D0D0A');
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at, priority, leased_at) VALUES (1,'smtp:127.0.0.1:32883',1,1,0,1,1796007355.4810355,NULL,2000000000.0,NULL,2,1796007355.4756875);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at, priority, leased_at) VALUES (2,'smtp:127.0.0.1:30783',1,0,1,6,1796010368.6112931,NULL,2000000000.0,NULL,2,1796007356.4663053);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at, priority, leased_at) VALUES (3,'smtp:127.0.0.1:43949',1,0,0,2,NULL,NULL,2000000000.0,NULL,4,1796007355.5593159);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at, priority, leased_at) VALUES (4,'smtp:127.0.0.1:38015',1,0,0,1,NULL,NULL,2000000000.0,NULL,4,1796007355.5434809);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (1,1,'one@leased.example','one@leased.example','leased.example',1,'leased',2,1796007355.4740632,1796439355.4740632,0,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (2,1,'ordered@leased.example','ordered@leased.example','leased.example',1,'leased',2,1796007355.4740632,1796439355.4740632,0,1,0,'held',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (3,2,'one@leased.example','one@leased.example','leased.example',1,'queued',2,1796007355.4810355,1796439355.4810355,0,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (4,2,'ordered@leased.example','ordered@leased.example','leased.example',1,'held',2,1796007355.4810355,1796439355.4810355,0,NULL,0,NULL,NULL,NULL,NULL,NULL,'administratively held',1796007357.8339829);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (5,3,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796011439.6743541,1796439355.4849238,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.4903207);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (6,3,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796010807.154737,1796439355.4849238,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.4903207);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (7,4,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796011011.7652695,1796439355.5303145,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5335536);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (8,4,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796011356.7279611,1796439355.5303145,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5335536);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (9,5,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796011149.450119,1796439355.53408,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5467103);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (10,5,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796011250.928333,1796439355.53408,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5467103);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (11,6,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796010664.3553355,1796439355.5367129,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5493827);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (12,6,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796011673.013685,1796439355.5367129,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5493827);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (13,7,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796011361.7830808,1796439355.5382693,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5515862);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (14,7,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796010590.9758234,1796439355.5382693,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5515862);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (15,8,'one@delivered.example','one@delivered.example','delivered.example',3,'delivered',2,1796007355.5395579,1796439355.5395579,1,NULL,0,NULL,NULL,NULL,NULL,'250 2.0.0 Taken',NULL,1796007355.5508115);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (16,8,'one@bounced.example','one@bounced.example','bounced.example',4,'bounced',2,1796007355.5395579,1796439355.5395579,1,NULL,0,NULL,NULL,NULL,NULL,'550 5.1.1 No such mailbox',NULL,1796007355.5504103);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (17,9,'one@delivered.example','one@delivered.example','delivered.example',3,'delivered',2,1796007355.5438604,1796439355.5438604,1,NULL,0,NULL,NULL,NULL,NULL,'250 2.0.0 Taken',NULL,1796007355.570761);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (18,10,'held@deferred.example','held@deferred.example','deferred.example',2,'held',2,1796010368.6112931,1796439355.5492089,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused','administratively held',1796007356.9229841);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (19,11,'held@deferred.example','held@deferred.example','deferred.example',2,'held',2,1796010752.3870699,1796439355.5556955,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused','administratively held',1796007356.9229841);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (20,12,'cancelled@deferred.example','cancelled@deferred.example','deferred.example',2,'cancelled',2,1796010979.889662,1796439355.5575023,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused','administratively cancelled',1796007357.405983);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (21,13,'notice@deferred.example','notice@deferred.example','deferred.example',2,'bounced',2,1796011098.6108751,1796439355.5587328,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused','administratively bounced',1796007357.8689859);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (22,14,'submitted@deferred.example','submitted@deferred.example','deferred.example',2,'deferred',2,1796011359.4052885,1796439355.5605757,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007355.5881538);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (23,15,'s@sender.example','s@sender.example','sender.example',2,'deferred',2,1796011545.3671041,1796439356.4637048,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,1796007356.4682338);
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('bounced','queued','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('cancelled','queued','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('deferred','bounced','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('deferred','cancelled','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('deferred','expired','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('deferred','held','both');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('deferred','leased','empath');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('deferred','queued','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('held','bounced','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('held','cancelled','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('held','deferred','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('held','expired','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('held','queued','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('leased','bounced','empath');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('leased','cancelled','empath');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('leased','deferred','empath');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('leased','delivered','empath');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('leased','expired','empath');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('leased','held','empath');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('leased','queued','empath');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('queued','bounced','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('queued','cancelled','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('queued','expired','operator');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('queued','held','both');
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES ('queued','leased','empath');
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, engine_version, modules_off) VALUES (1,'mx.example.test','01M8N62RSX45PXA92C16TRTQF9','housekeeper-1',1,17598,1796007355.4264226,1,1796007357.4519911,NULL,'0.1.0','3.54.1',NULL);
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, engine_version, modules_off) VALUES (2,'mx.example.test','01M8N62RSX45PXA92C16TRTQF9','worker-1',1,17602,1796007355.4442654,1,1796007357.4622679,NULL,'0.1.0','3.54.1',NULL);
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, engine_version, modules_off) VALUES (3,'mx.example.test','01M8N62RSX45PXA92C16TRTQF9','acceptor-1',1,17604,1796007355.4558632,1,1796007357.4619618,NULL,'0.1.0','3.54.1',NULL);
INSERT INTO _lease (lease_id, process_id, destination_id, leased_at) VALUES (1,2,1,1796007355.4756875);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (1,5,2,2,'smtp:127.0.0.1:30783',1796007355.4898257,0.0003691140009323135,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011439.6743541);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (2,6,2,2,'smtp:127.0.0.1:30783',1796007355.4898257,0.0003691140009323135,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796010807.154737);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (3,7,2,3,'smtp:127.0.0.1:30783',1796007355.5331645,0.00031480700272368267,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011011.7652695);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (4,8,2,3,'smtp:127.0.0.1:30783',1796007355.5331645,0.00031480700272368267,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011356.7279611);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (5,9,2,6,'smtp:127.0.0.1:30783',1796007355.546432,0.00020615399989765137,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011149.450119);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (6,10,2,6,'smtp:127.0.0.1:30783',1796007355.546432,0.00020615399989765137,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011250.928333);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (7,11,2,6,'smtp:127.0.0.1:30783',1796007355.5490668,1.9073486328125e-06,NULL,NULL,NULL,'connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796010664.3553355);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (8,12,2,6,'smtp:127.0.0.1:30783',1796007355.5490668,1.9073486328125e-06,NULL,NULL,NULL,'connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011673.013685);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (9,16,2,5,'smtp:127.0.0.1:38015',1796007355.5462797,0.0038063789979787543,0.0019609299997682683,'127.0.0.1','127.0.0.1:38015','rcpt',550,'5.1.1','550 5.1.1 No such mailbox',NULL,NULL,NULL,NULL,'bounced','bounced',NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (10,15,2,4,'smtp:127.0.0.1:43949',1796007355.5459399,0.004823196999495849,0.0024391980041400529,'127.0.0.1','127.0.0.1:43949','end-of-data',250,'2.0.0','250 2.0.0 Taken',NULL,NULL,NULL,NULL,'delivered','delivered',NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (11,13,2,6,'smtp:127.0.0.1:30783',1796007355.5515564,4.76837158203125e-07,NULL,NULL,NULL,'connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011361.7830808);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (12,14,2,6,'smtp:127.0.0.1:30783',1796007355.5515564,4.76837158203125e-07,NULL,NULL,NULL,'connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796010590.9758234);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (13,18,2,8,'smtp:127.0.0.1:30783',1796007355.5659847,0.00020504999702097848,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796010368.6112931);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (14,19,2,8,'smtp:127.0.0.1:30783',1796007355.5676019,4.76837158203125e-07,NULL,NULL,NULL,'connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796010752.3870699);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (15,20,2,8,'smtp:127.0.0.1:30783',1796007355.5703912,9.5367431640625e-07,NULL,NULL,NULL,'connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796010979.889662);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (16,17,2,7,'smtp:127.0.0.1:43949',1796007355.5656917,0.0050298339992878027,NULL,'127.0.0.1','127.0.0.1:43949','end-of-data',250,'2.0.0','250 2.0.0 Taken',NULL,NULL,NULL,NULL,'delivered','delivered',NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (17,21,2,8,'smtp:127.0.0.1:30783',1796007355.5720601,7.152557373046875e-07,NULL,NULL,NULL,'connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011098.6108751);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (18,22,2,9,'smtp:127.0.0.1:30783',1796007355.587837,0.00026662299933377653,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011359.4052885);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (19,23,2,10,'smtp:127.0.0.1:30783',1796007356.4678428,0.00032317099976353347,NULL,'127.0.0.1','127.0.0.1:30783','connect',NULL,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:30783: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1796011545.3671041);
INSERT INTO _notice (notice_id, message_id, recipient_id, kind, created_at, is_met) VALUES (2,13,21,'failure',1796007357.8689859,0);
INSERT INTO _setting (name, value) VALUES ('audit_told','3');
INSERT INTO _setting (name, value) VALUES ('concurrency','1');
INSERT INTO _setting (name, value) VALUES ('routes','96f676e0a7110eefe025634abbb30cc352ca73c49a4b6df3199da047cbe66d26');
INSERT INTO _setting (name, value) VALUES ('spool_owner','01M8N62RCXA362VW85ZN8FK8C2');
INSERT INTO _greylist (greylist_id, client, sender, recipient, first_seen_at, passes_at, expires_at, hits) VALUES (1,'192.0.2.0/24','*','*',1796007357.8709974,1796007357.8709974,NULL,0);
INSERT INTO _recipient_list (address) VALUES ('one@delivered.example');
INSERT INTO _alias (pattern, target) VALUES ('all@delivered.example','one@delivered.example');
INSERT INTO _verification (address, is_known, reply, expires_at) VALUES ('one@delivered.example',1,'250 OK',2000000000.0);
INSERT INTO _dedup (key, ulid, expires_at) VALUES ('00','01M8KWMQ2MC23MPAXX456X1RP8',2000000000.0);
INSERT INTO _account (account_id, name, status, senders, message_rate, recipient_rate, password_hash, scram_keys, created_at, password_set_at, last_used_at, last_client) VALUES (1,'shop','enabled','@sender.example',NULL,NULL,NULL,NULL,1000000000.0,NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (1,1796007356.9229841,'empath-admin:root','3.54.1',18,NULL,'status','deferred','held','01M8N62S4WJFW9TBH0D6DX5AHG','held@deferred.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (2,1796007356.9229841,'empath-admin:root','3.54.1',19,NULL,'status','deferred','held','01M8N62S4ZNFZGVV7BH4FTVBSG','held@deferred.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (3,1796007357.405983,'empath-admin:root','3.54.1',20,NULL,'status','deferred','cancelled','01M8N62S55PZK1XQP4GTC8SMQY','cancelled@deferred.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (4,1796007357.8339829,'empath-admin:root','3.54.1',2,NULL,'ordered',NULL,'held','01M8N62S2DCPTS3JHGZD5Z9XVJ','ordered@leased.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (5,1796007357.8339829,'empath-admin:root','3.54.1',4,NULL,'status','queued','held','01M8N62S2RWY9Y26MGJ65JG24N','ordered@leased.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (6,1796007357.8689859,'sql','3.54.1',21,NULL,'status','deferred','bounced','01M8N62S56CFD7B98K6CCF4J22','notice@deferred.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (7,1796007357.8689859,'sql','3.54.1',NULL,NULL,'recipient_list',NULL,'listed',NULL,NULL,'one@delivered.example');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (8,1796007357.8699918,'sql','3.54.1',NULL,NULL,'alias',NULL,'one@delivered.example',NULL,NULL,'all@delivered.example');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (9,1796007357.8709974,'sql','3.54.1',NULL,NULL,'greylist',NULL,1796007357.8709974,NULL,NULL,'192.0.2.0/24 * *');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (10,1796007357.8720033,'sql','3.54.1',NULL,'smtp:127.0.0.1:32883','suspended_until_unix',NULL,2000000000.0,NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (11,1796007357.8720033,'sql','3.54.1',NULL,'smtp:127.0.0.1:30783','suspended_until_unix',NULL,2000000000.0,NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (12,1796007357.8720033,'sql','3.54.1',NULL,'smtp:127.0.0.1:43949','suspended_until_unix',NULL,2000000000.0,NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (13,1796007357.8720033,'sql','3.54.1',NULL,'smtp:127.0.0.1:38015','suspended_until_unix',NULL,2000000000.0,NULL,NULL,NULL);
CREATE TRIGGER _recipient_transition_stays BEFORE DELETE ON _recipient_transition
BEGIN
  SELECT raise(ABORT, 'empath: the moves that a recipient can make cannot be changed');
END;
CREATE TRIGGER _recipient_transition_not_changed BEFORE UPDATE ON _recipient_transition
BEGIN
  SELECT raise(ABORT, 'empath: the moves that a recipient can make cannot be changed');
END;
CREATE TRIGGER _recipient_transition_complete BEFORE INSERT ON _recipient_transition
BEGIN
  SELECT raise(ABORT, 'empath: the moves that a recipient can make cannot be changed');
END;
CREATE TRIGGER _recipient_moves BEFORE UPDATE OF status ON _recipient
WHEN old.status IS NOT new.status
 AND NOT EXISTS (SELECT 1 FROM _recipient_transition WHERE old_status = old.status AND new_status = new.status)
BEGIN
  SELECT raise(ABORT, 'empath: a recipient cannot make this move; see SELECT * FROM _recipient_transition');
END;
CREATE TRIGGER _recipient_stays BEFORE DELETE ON _recipient
WHEN old.status <> 'delivered' AND old.status <> 'bounced' AND old.status <> 'expired' AND old.status <> 'cancelled'
BEGIN
  SELECT raise(ABORT, 'empath: only a recipient with a final status may be removed; cancel it first');
END;
CREATE TRIGGER _recipient_fits BEFORE INSERT ON _recipient
WHEN new.recipient_id > 0 AND EXISTS (SELECT 1 FROM _recipient WHERE recipient_id = new.recipient_id)
  OR NOT EXISTS (SELECT 1 FROM _destination WHERE destination_id = new.destination_id)
BEGIN
  SELECT raise(ABORT, 'empath: a recipient with this number exists')
   WHERE EXISTS (SELECT 1 FROM _recipient WHERE recipient_id = new.recipient_id);
  SELECT raise(ABORT, 'empath: no destination has this number');
END;
CREATE TRIGGER _recipient_stays_routed BEFORE UPDATE OF destination_id ON _recipient
WHEN NOT EXISTS (SELECT 1 FROM _destination WHERE destination_id = new.destination_id)
BEGIN
  SELECT raise(ABORT, 'empath: no destination has this number');
END;
CREATE TRIGGER _recipient_number_stays BEFORE UPDATE OF recipient_id ON _recipient
BEGIN
  SELECT raise(ABORT, 'empath: a recipient keeps its number');
END;
CREATE TRIGGER _message_stays BEFORE DELETE ON _message
WHEN EXISTS (SELECT 1 FROM _recipient WHERE message_id = old.message_id)
BEGIN
  SELECT raise(ABORT, 'empath: a message can only be removed after its last recipient');
END;
CREATE TRIGGER _message_number_stays BEFORE UPDATE OF message_id, ulid ON _message
BEGIN
  SELECT raise(ABORT, 'empath: a message keeps its number and id');
END;
CREATE TRIGGER _content_stays BEFORE DELETE ON _content
WHEN EXISTS (
  SELECT 1 FROM _recipient
   WHERE message_id = old.message_id
     AND (status = 'queued' OR status = 'deferred' OR status = 'leased' OR status = 'held'))
BEGIN
  SELECT raise(ABORT, 'empath: a recipient still waits for this content');
END;
CREATE TRIGGER _destination_stays BEFORE DELETE ON _destination
WHEN NOT EXISTS (SELECT 1 FROM _destination_leaving WHERE destination_id = old.destination_id)
  OR EXISTS (SELECT 1 FROM _lease WHERE destination_id = old.destination_id)
  OR old.destination_id = (SELECT max(destination_id) FROM _destination)
BEGIN
  SELECT raise(ABORT, 'empath: a destination cannot be removed; DELETE FROM queue WHERE destination = … cancels its mail');
END;
CREATE TRIGGER _destination_needed AFTER UPDATE OF destination_id ON _recipient
WHEN new.destination_id <> old.destination_id
BEGIN
  DELETE FROM _destination_leaving WHERE destination_id = new.destination_id;
END;
CREATE TRIGGER _destination_not_replaced BEFORE INSERT ON _destination
WHEN EXISTS (SELECT 1 FROM _destination WHERE name = new.name)
  OR EXISTS (SELECT 1 FROM _destination WHERE destination_id = new.destination_id)
BEGIN
  SELECT raise(ABORT, 'empath: a destination with this name or number exists');
END;
CREATE TRIGGER _destination_number_stays BEFORE UPDATE OF destination_id, name ON _destination
BEGIN
  SELECT raise(ABORT, 'empath: a destination keeps its name and number');
END;
CREATE TRIGGER _recipient_due_insert AFTER INSERT ON _recipient
WHEN new.status IN ('queued', 'deferred')
BEGIN
  UPDATE _destination
     SET due_at = min(coalesce(due_at, new.next_retry_at), new.next_retry_at),
         priority = iif(due_at IS NULL, new.priority, min(priority, new.priority))
   WHERE destination_id = new.destination_id
     AND (due_at IS NULL OR due_at > new.next_retry_at OR priority > new.priority);
END;
CREATE TRIGGER _recipient_due_update AFTER UPDATE OF status, next_retry_at, priority, destination_id ON _recipient
WHEN new.status IN ('queued', 'deferred')
BEGIN
  UPDATE _destination SET due_at = new.next_retry_at, priority = new.priority
   WHERE destination_id = new.destination_id AND (due_at IS NULL OR due_at > new.next_retry_at);
END;
CREATE TRIGGER _process_not_replaced BEFORE INSERT ON _process
WHEN EXISTS (SELECT 1 FROM _process WHERE process_id = new.process_id)
  OR EXISTS (
    SELECT 1 FROM _process WHERE instance = new.instance AND slot = new.slot AND generation = new.generation)
BEGIN
  SELECT raise(ABORT, 'empath: a process with this number or slot exists');
END;
CREATE TRIGGER _lease_taken AFTER INSERT ON _lease
BEGIN
  UPDATE _destination
     SET lease_count = lease_count + 1,
         leased_at = new.leased_at,
         is_full = (SELECT count(*) FROM _lease WHERE destination_id = new.destination_id) >= max_leases
   WHERE destination_id = new.destination_id;
END;
CREATE TRIGGER _lease_stays BEFORE DELETE ON _lease
WHEN EXISTS (SELECT 1 FROM _recipient WHERE lease_id = old.lease_id)
 AND EXISTS (SELECT 1 FROM _destination WHERE destination_id = old.destination_id)  -- else `empath-admin fsck` mends it
BEGIN
  SELECT raise(ABORT, 'empath: a lease can only be removed after its last recipient; UPDATE queue gives an order to a leased one');
END;
CREATE TRIGGER _process_stays BEFORE DELETE ON _process
WHEN EXISTS (SELECT 1 FROM _lease WHERE process_id = old.process_id)
BEGIN
  SELECT raise(ABORT, 'empath: a process can only be removed after its last lease');
END;
CREATE TRIGGER _lease_ended AFTER DELETE ON _lease
BEGIN
  UPDATE _destination
     SET is_full = (SELECT count(*) FROM _lease WHERE destination_id = old.destination_id) >= max_leases
   WHERE destination_id = old.destination_id
     AND is_full;
END;
CREATE TRIGGER _destination_closed AFTER INSERT ON _destination
WHEN new.max_leases = 0
BEGIN
  UPDATE _destination SET is_full = 1 WHERE destination_id = new.destination_id;
END;
CREATE TRIGGER _destination_resized AFTER UPDATE OF max_leases ON _destination
BEGIN
  UPDATE _destination
     SET is_full = (SELECT count(*) FROM _lease WHERE destination_id = new.destination_id) >= max_leases
   WHERE destination_id = new.destination_id;
END;
CREATE TRIGGER _attempt_stays BEFORE DELETE ON _attempt
WHEN EXISTS (SELECT 1 FROM _recipient WHERE recipient_id = old.recipient_id)
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is removed with its recipient, by the retention of the configuration');
END;
CREATE TRIGGER _attempt_not_changed BEFORE UPDATE ON _attempt
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is a record and cannot be changed; UPDATE queue changes the next one');
END;
CREATE TRIGGER _notice_stays BEFORE DELETE ON _notice
WHEN NOT old.is_met
 AND EXISTS (
   SELECT 1 FROM _recipient
    WHERE recipient_id = old.recipient_id AND (old.kind <> 'failure' OR status = 'bounced' OR status = 'expired'))
BEGIN
  SELECT raise(ABORT, 'empath: the sender must get this report; a notice is removed with its report');
END;
CREATE TRIGGER _notice_not_replaced BEFORE INSERT ON _notice
WHEN new.notice_id > 0 AND EXISTS (SELECT 1 FROM _notice WHERE notice_id = new.notice_id)
BEGIN
  SELECT raise(ABORT, 'empath: the sender must get this report; a notice is removed with its report');
END;
CREATE TRIGGER _account_not_replaced BEFORE INSERT ON _account
WHEN EXISTS (SELECT 1 FROM _account WHERE name = new.name)
  OR new.account_id > 0 AND EXISTS (SELECT 1 FROM _account WHERE account_id = new.account_id)
BEGIN
  SELECT raise(ABORT, 'empath: an account with this name exists');
END;
CREATE TRIGGER _account_name_stays BEFORE UPDATE OF account_id, name ON _account
BEGIN
  SELECT raise(ABORT, 'empath: an account keeps its name');
END;
CREATE TRIGGER _message_content_left AFTER UPDATE OF content_locator ON _message
WHEN old.content_locator <> 'inline'  -- quicker than LIKE, and false of nearly all
 AND old.content_locator LIKE 'spool:%'
 AND new.content_locator IS NOT old.content_locator
BEGIN
  INSERT OR IGNORE INTO _spool_garbage (locator) VALUES (old.content_locator);
END;
CREATE TRIGGER _message_left AFTER DELETE ON _message
WHEN old.content_locator LIKE 'spool:%'
BEGIN
  INSERT OR IGNORE INTO _spool_garbage (locator) VALUES (old.content_locator);
END;
CREATE TRIGGER _audit_not_changed BEFORE UPDATE ON _audit
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit cannot be changed');
END;
CREATE TRIGGER _audit_not_removed BEFORE DELETE ON _audit
WHEN NOT EXISTS (SELECT 1 FROM _setting WHERE name = 'audit_forgotten_until' AND old.at <= CAST(value AS REAL))
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit cannot be removed; [retention] audit removes them in time');
END;
CREATE TRIGGER _audit_not_replaced BEFORE INSERT ON _audit
WHEN new.audit_id > 0 AND new.audit_id <= (SELECT max(audit_id) FROM _audit)
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit can only be added, at its end');
END;
CREATE TRIGGER _control_not_replaced BEFORE INSERT ON _control
WHEN new.control_id > 0 AND EXISTS (SELECT 1 FROM _control WHERE control_id = new.control_id)
BEGIN
  SELECT raise(ABORT, 'empath: an order cannot be changed; give another with INSERT INTO control (verb, argument, node)');
END;
CREATE TRIGGER _control_outcome_not_replaced BEFORE INSERT ON _control_outcome
WHEN EXISTS (SELECT 1 FROM _control_outcome WHERE control_id = new.control_id AND node = new.node)
BEGIN
  SELECT raise(ABORT, 'empath: an order cannot be changed; give another with INSERT INTO control (verb, argument, node)');
END;
CREATE VIEW queue AS
SELECT m.ulid                                        AS id,                       -- queue id (ULID) of the message
       r.recipient_id                                AS recipient_id,             -- number of this recipient
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       r.address                                     AS recipient,                -- forward-path
       r.domain                                      AS domain,                   -- domain of the forward-path
       d.name                                        AS destination,              -- queue key: next hop or domain
       r.status                                      AS status,                   -- queued, deferred, leased or held
       r.ordered_status AS ordered,  -- order that waits for the end of the lease
       coalesce(r.ordered_status, r.status) AS wanted,  -- status that it will have: ordered, else status; for WHERE
       datetime(r.ordered_next_retry_at, 'unixepoch') AS ordered_next_retry_at,  -- ordered instant of the next attempt, UTC
       r.ordered_next_retry_at                       AS ordered_next_retry_unix,  -- the same in Unix seconds
       r.priority                                    AS priority,                 -- class 0 (first) to 4
       datetime(r.next_retry_at, 'unixepoch')        AS next_retry_at,            -- earliest instant of the next attempt, UTC
       r.next_retry_at                               AS next_retry_unix,          -- the same in Unix seconds
       datetime(r.expires_at, 'unixepoch')           AS expires_at,               -- end of the lifetime, UTC
       r.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       r.attempts                                    AS attempts,                 -- number of settled attempts
       r.last_reply                                  AS last_reply,               -- reply that decided the last attempt
       r.reason                                      AS reason,                   -- reason of a hold
       datetime(m.received_at, 'unixepoch')          AS received_at,              -- instant of acceptance, UTC
       m.received_at                                 AS received_unix,            -- the same in Unix seconds
       m.size                                        AS size                      -- octets of the content
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.status IN ('queued', 'deferred', 'leased', 'held');
CREATE VIEW history AS
SELECT m.ulid                                        AS id,                       -- queue id (ULID) of the message
       r.recipient_id                                AS recipient_id,             -- number of this recipient
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       r.address                                     AS recipient,                -- forward-path
       r.domain                                      AS domain,                   -- domain of the forward-path
       d.name                                        AS destination,              -- queue key: next hop or domain
       r.status AS status,  -- delivered, bounced, expired or cancelled
       r.attempts                                    AS attempts,                 -- number of settled attempts
       r.last_reply                                  AS last_reply,               -- reply that decided the last attempt
       r.reason                                      AS reason,                   -- reason of the final status, unless a reply gives it
       datetime(r.settled_at, 'unixepoch')           AS settled_at,               -- instant of the final status, UTC
       r.settled_at                                  AS settled_unix,             -- the same in Unix seconds
       datetime(m.received_at, 'unixepoch')          AS received_at,              -- instant of acceptance, UTC
       m.received_at                                 AS received_unix,            -- the same in Unix seconds
       m.size                                        AS size,                     -- octets of the content
       m.content_locator IS NOT NULL                 AS has_content               -- 1 while the content is kept
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.status IN ('delivered', 'bounced', 'expired', 'cancelled');
CREATE VIEW message AS
SELECT m.ulid AS id,  -- queue id (ULID), in the 250 reply and in the log
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       m.subject AS subject,  -- Subject field, at most 200 characters
       m.header_message_id                           AS header_message_id,        -- Message-ID field
       datetime(m.received_at, 'unixepoch')          AS received_at,              -- instant of the final dot, UTC
       m.received_at                                 AS received_unix,            -- the same in Unix seconds
       m.size AS size,  -- octets of the content with the fields that this host adds
       m.digest AS digest,  -- SHA-256 of the content as received, or as a module wrote it anew, hexadecimal
       (SELECT count(*) FROM _recipient AS r WHERE r.message_id = m.message_id) AS recipients,  -- number of recipients with any status
       (SELECT count(*) FROM queue AS q WHERE q.id = m.ulid) AS live,                     -- number of live recipients
       m.content_locator AS content,  -- 'inline', 'spool:…' for a file; NULL: removed
       m.body_type AS body_type,  -- BODY= of MAIL, RFC 6152: 7BIT or 8BITMIME
       m.is_smtputf8 AS is_smtputf8,  -- 1: the client asked for SMTPUTF8, RFC 6531
       m.dsn_return                                  AS dsn_return,               -- RET= of MAIL, RFC 3461
       m.envelope_id                                 AS envelope_id,              -- ENVID= of MAIL in xtext, RFC 3461
       m.requires_tls AS requires_tls,  -- 1: REQUIRETLS; 0: the field TLS-Required: No, RFC 8689; NULL: neither
       m.node                                        AS node,                     -- name of the host that accepted it
       m.listener AS listener,  -- address of the listener; 'report': a report of Empath's own
       m.client_address                              AS client_address,           -- IP address of the client
       m.client_name                                 AS client_name,              -- name that the client gave in HELO or EHLO
       m.account                                     AS account,                  -- account by which the client logged in; NULL: it did not
       m.tls_version AS tls_version,  -- version of TLS by which it came, such as TLSv1.3; NULL: in the clear
       m.tls_cipher                                  AS tls_cipher,               -- name of the cipher suite
       m.metadata                                    AS metadata                  -- JSON object for modules
  FROM _message AS m;
CREATE VIEW attempt AS
SELECT a.attempt_id                                  AS attempt_id,               -- number of the attempt
       m.ulid                                        AS id,                       -- queue id (ULID) of the message
       a.recipient_id                                AS recipient_id,             -- number of the recipient
       r.address                                     AS recipient,                -- forward-path
       a.destination                                 AS destination,              -- queue key of the recipient at that time
       datetime(a.started_at, 'unixepoch')           AS started_at,               -- start, UTC
       a.started_at                                  AS started_unix,             -- the same in Unix seconds
       a.duration_s                                  AS duration_s,               -- duration in seconds
       a.connect_s AS connect_s,  -- part of it until the host was ready for mail; NULL: no connection was made
       a.host                                        AS host,                     -- name of the host
       a.peer_address                                AS peer_address,             -- its address and port
       a.stage AS stage,  -- stage of the dialogue at which it ended, such as rcpt
       a.code                                        AS code,                     -- reply code of the host; NULL: the text is Empath's own, as for a timeout
       a.enhanced                                    AS enhanced,                 -- enhanced status code, RFC 3463
       a.text                                        AS text,                     -- the reply
       a.tls_policy AS tls_policy,  -- TLS policy in force, such as may; NULL: none
       a.tls_version AS tls_version,  -- such as TLSv1.3; NULL: in the clear
       a.tls_cipher                                  AS tls_cipher,               -- name of the cipher suite
       a.tls_peer AS tls_peer,  -- how the host proved its identity; NULL: not at all
       a.outcome AS outcome,  -- delivered, deferred, bounced, expired, next_host, unknown, maybe_delivered
       a.decided_status AS decided_status,  -- resulting status; 'unchanged': another host was tried, or the result came too late
       datetime(a.decided_next_retry_at, 'unixepoch') AS decided_next_retry_at,    -- resulting instant of the next attempt, UTC
       a.decided_next_retry_at                       AS decided_next_retry_unix,  -- the same in Unix seconds
       a.process_id                                  AS process_id                -- process that made the attempt
  FROM _attempt AS a
  JOIN _recipient AS r ON r.recipient_id = a.recipient_id
  JOIN _message AS m ON m.message_id = r.message_id;
CREATE VIEW destination AS
SELECT d.name AS destination,  -- 'smtp:host:port', 'maildir:/path', 'discard:', 'no-route:', or a domain
       d.max_leases AS max_leases,  -- most connections at once, over all workers
       (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) AS leases,  -- number of connections in use
       d.is_failing                                  AS is_failing,               -- 1: the last attempt reached no host, or failed after a minute
       datetime(d.due_at, 'unixepoch') AS due_at,  -- no recipient is due earlier, UTC; NULL: none waits
       d.due_at                                      AS due_unix,                 -- the same in Unix seconds
       datetime(d.breaker_until, 'unixepoch') AS breaker_until,  -- no attempt before this instant, after failures, UTC
       d.breaker_until                               AS breaker_until_unix,       -- the same in Unix seconds
       datetime(d.suspended_until, 'unixepoch') AS suspended_until,  -- no attempt before this instant, by order, UTC
       d.suspended_until                             AS suspended_until_unix,     -- the same in Unix seconds
       datetime(d.ready_at, 'unixepoch') AS ready_at,  -- a lease can be taken from here on, UTC; NULL: no mail waits, or no connection is free
       d.ready_at                                    AS ready_unix                -- the same in Unix seconds
  FROM _destination AS d;
CREATE VIEW process AS
SELECT p.process_id                                  AS process_id,               -- number of the run, never used again
       p.slot                                        AS slot,                     -- such as worker-1
       p.generation                                  AS generation,               -- number of the process in its slot, from 1
       p.node                                        AS node,                     -- name of the host
       p.instance                                    AS instance,                 -- ULID of its supervisor's run
       p.pid                                         AS pid,                      -- process id of the system
       datetime(p.started_at, 'unixepoch')           AS started_at,               -- start, UTC
       p.started_at                                  AS started_unix,             -- the same in Unix seconds
       p.beat                                        AS beat,                     -- number of signs of life
       datetime(p.beat_at, 'unixepoch')              AS beat_at,                  -- last sign of life, each 2 s, UTC
       p.beat_at                                     AS beat_unix,                -- the same in Unix seconds
       datetime(p.ended_at, 'unixepoch')             AS ended_at,                 -- end, UTC; NULL: it lives
       p.ended_at                                    AS ended_unix,               -- the same in Unix seconds
       (SELECT count(*) FROM _lease AS l WHERE l.process_id = p.process_id) AS leases,  -- number of leases that it holds
       p.version                                     AS version,                  -- version of Empath
       p.engine_version                              AS engine_version,           -- version of its SQLite
       p.modules_off AS modules_off  -- names of modules that it switched off after failures; NULL: none
  FROM _process AS p;
CREATE VIEW audit AS
SELECT a.audit_id                                    AS audit_id,                 -- number of the row, rising
       datetime(a.at, 'unixepoch')                   AS at,                       -- instant of the change, UTC
       a.at                                          AS at_unix,                  -- the same in Unix seconds
       a.who AS who,  -- author of the change; 'sql': a shell; 'empath': an order carried out later
       a.engine_version AS engine_version,  -- version of SQLite in the program that made the change
       a.ulid                                        AS id,                       -- queue id (ULID) of the message
       a.recipient_id AS recipient_id,  -- number of the recipient, if there is one
       a.address                                     AS recipient,                -- forward-path
       a.destination                                 AS destination,              -- destination, if there is one
       a.what AS what,  -- column that changed, verb of control, or check of fsck
       a.before                                      AS before,                   -- its value before
       a.after                                       AS after,                    -- its value after
       a.object AS object  -- row of another view that changed, such as the name of an account
  FROM _audit AS a;
CREATE VIEW account AS
SELECT c.name                                        AS name,                     -- name by which it logs in
       c.status                                      AS status,                   -- enabled or disabled
       c.senders AS senders,  -- addresses that it may send as: 'a@example.org @example.net @*.example.net *'; '': none
       c.message_rate                                AS message_rate,             -- most messages, such as '100/1h'; NULL: as configured
       c.recipient_rate                              AS recipient_rate,           -- most recipients, such as '1000/1d'; NULL: as configured
       c.password_hash IS NOT NULL                   AS has_password,             -- 0: another back end of [auth] proves who it is
       datetime(c.created_at, 'unixepoch')           AS created_at,               -- instant at which it was added, UTC
       c.created_at                                  AS created_unix,             -- the same in Unix seconds
       datetime(c.password_set_at, 'unixepoch')      AS password_set_at,          -- last change of the password, UTC
       c.password_set_at                             AS password_set_unix,        -- the same in Unix seconds
       datetime(c.last_used_at, 'unixepoch')         AS last_used_at,             -- last login, up to a minute late, UTC; NULL: none
       c.last_used_at                                AS last_used_unix,           -- the same in Unix seconds
       c.last_client                                 AS last_client               -- IP address of that client
  FROM _account AS c;
CREATE VIEW session AS
SELECT s.process_id || '.' || s.number               AS session,                  -- name of the session
       s.listener                                    AS listener,                 -- address of the listener
       s.client_address                              AS client,                   -- IP address of the client
       s.client_name                                 AS client_name,              -- name that the client gave in HELO or EHLO; '': none yet
       s.account                                     AS account,                  -- account by which the client logged in; NULL: none
       s.tls                                         AS tls,                      -- version and cipher of TLS; NULL: in the clear
       iif(s.is_closing, 'closed', s.state) AS state,  -- state of the dialogue, see protocol.md; 'closed': it is about to end
       s.messages                                    AS messages,                 -- number of messages accepted
       s.octets                                      AS octets,                   -- octets received
       datetime(s.began_at, 'unixepoch')             AS began_at,                 -- instant at which it was admitted, UTC
       s.began_at                                    AS began_unix,               -- the same in Unix seconds
       round((julianday('now') - 2440587.5) * 86400.0 - s.began_at, 1) AS age_s,  -- age in seconds
       p.slot                                        AS process,                  -- slot of its acceptor
       p.node                                        AS node                      -- name of the host
  FROM _session AS s
  JOIN _process AS p ON p.process_id = s.process_id
 WHERE p.ended_at IS NULL;
CREATE VIEW rate AS
SELECT r.name                                        AS name,                     -- key of [receiving.limits] or [auth], such as message_rate_per_client
       r.holder AS holder,  -- IP address or network of the client, or name of the account; '#1f3a': a group of names without account
       r.listener                                    AS listener,                 -- address of a listener with limits of its own; '': the other listeners
       datetime(r.full_at, 'unixepoch')              AS full_at,                  -- instant at which all of the rate will be free again, UTC
       r.full_at                                     AS full_unix                 -- the same in Unix seconds
  FROM _rate AS r;
CREATE VIEW control AS
SELECT c.control_id                                  AS control_id,               -- number of the order
       c.verb                                        AS verb,                     -- the order
       c.argument                                    AS argument,                 -- argument of the order
       c.node AS node,  -- node that carries it out, for reload, drain and stop-listener; NULL: every node
       datetime(c.asked_at, 'unixepoch')             AS asked_at,                 -- instant of the order, UTC
       c.asked_at                                    AS asked_unix,               -- the same in Unix seconds
       c.who                                         AS who,                      -- author of the order, as in audit
       datetime(c.done_at, 'unixepoch') AS done_at,  -- instant at which the last node was done, UTC; NULL: not yet
       c.done_at                                     AS done_unix,                -- the same in Unix seconds
       c.result                                      AS result                    -- outcome, of each node where there are several
  FROM _control AS c;
CREATE VIEW greylist AS
SELECT g.client AS client,  -- network of the client, such as 192.0.2.0/24
       g.sender AS sender,  -- reverse-path without what changes from mail to mail; '' is null; '*': all mail of the client
       g.recipient AS recipient,  -- forward-path in lower case; '*': all mail of the client
       datetime(g.first_seen_at, 'unixepoch')        AS first_seen_at,            -- instant of the first try, UTC
       g.first_seen_at                               AS first_seen_unix,          -- the same in Unix seconds
       datetime(g.passes_at, 'unixepoch') AS passes_at,  -- its mail passes from here on, UTC; NULL: not yet, it takes more deliveries
       g.passes_at                                   AS passes_unix,              -- the same in Unix seconds
       datetime(g.expires_at, 'unixepoch') AS expires_at,  -- it is forgotten here, UTC; NULL: never
       g.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       g.hits                                        AS hits                      -- number of deliveries, counted once an hour
  FROM _greylist AS g;
CREATE VIEW recipient_list AS
SELECT l.address AS address  -- the address, ASCII letters in lower case
  FROM _recipient_list AS l;
CREATE VIEW alias AS
SELECT a.pattern AS pattern,  -- address that is replaced, ASCII letters in lower case; '@domain': all others of a domain
       a.target AS target     -- address that gets its mail; '@domain': the same local part there
  FROM _alias AS a;
CREATE VIEW verification AS
SELECT v.address                                     AS address,     -- the address, ASCII letters in lower case
       v.is_known                                    AS is_known,    -- 1: the host takes its mail; 0: refused by 550 at RCPT
       v.reply                                       AS reply,       -- reply of the host to RCPT
       datetime(v.expires_at, 'unixepoch')           AS expires_at,  -- instant from which on the host is asked again, UTC
       v.expires_at                                  AS expires_unix -- the same in Unix seconds
  FROM _verification AS v;
CREATE VIEW _audit_change AS
SELECT NULL AS at,  -- Unix seconds, as are all instants here
       NULL AS who,
       NULL AS recipient_id,
       NULL AS ulid,
       NULL AS address,
       NULL AS destination,
       NULL AS what,  -- as in _audit; so are before and after
       NULL AS before,
       NULL AS after
 WHERE 0;
CREATE TRIGGER _insert_audit INSTEAD OF INSERT ON _audit_change
WHEN new.after IS NOT new.before
BEGIN
  INSERT INTO _audit (at, who, recipient_id, ulid, address, destination, what, before, after)
  VALUES (
    new.at, new.who, new.recipient_id, new.ulid, new.address, new.destination, new.what, new.before, new.after);
END;
CREATE VIEW _change_status AS
SELECT NULL AS recipient_id,
       NULL AS ulid,
       NULL AS address,
       NULL AS old_status,  -- value when the statement began, as of each old_ column
       NULL AS status,
       NULL AS old_retry,
       NULL AS is_retry_given,  -- 1: the statement names an instant, too
       NULL AS old_ordered,  -- the order so far, if it is leased
       NULL AS old_ordered_retry
 WHERE 0;
CREATE VIEW _apply_status AS SELECT *, NULL AS at, NULL AS who FROM _change_status;
CREATE TRIGGER _judge_status INSTEAD OF INSERT ON _change_status
WHEN new.status IS NOT new.old_status
 AND (SELECT status FROM _recipient WHERE recipient_id = new.recipient_id) = new.old_status
BEGIN
  SELECT CASE
    WHEN new.status = 'leased'
      THEN raise(ABORT, 'empath: only a worker leases a recipient; set status = ''queued'' to try it at once')
    WHEN new.status = 'delivered'
      THEN raise(ABORT, 'empath: only the next hop makes a recipient delivered; DELETE FROM queue cancels it')
    WHEN new.old_status <> 'leased' AND EXISTS (
      SELECT 1 FROM _recipient_transition
       WHERE old_status = new.old_status AND new_status = new.status AND actor <> 'empath')
      THEN NULL
    WHEN NOT EXISTS (SELECT 1 FROM _recipient_transition WHERE old_status = 'leased' AND new_status = new.status)
      THEN raise(ABORT, 'empath: status takes held, queued, bounced, expired or cancelled')
    WHEN new.old_status <> 'leased'
      THEN raise(ABORT, 'empath: a recipient cannot make this move; see SELECT * FROM _recipient_transition')
    WHEN new.status = 'deferred'
      THEN raise(ABORT, 'empath: a leased recipient takes held, queued, bounced, expired or cancelled as an order')
  END;
  SELECT raise(ABORT, 'empath: a recipient that was never tried cannot be deferred; set status = ''queued''')
   WHERE new.status = 'deferred' AND NOT EXISTS (
     SELECT 1 FROM _recipient WHERE recipient_id = new.recipient_id AND attempts + lost_leases > 0);
  SELECT raise(ABORT, 'empath: the content of this message has been removed; it cannot be queued again')
   WHERE (new.old_status = 'bounced' OR new.old_status = 'cancelled') AND NOT EXISTS (
     SELECT 1
       FROM _recipient AS r
       JOIN _message AS m ON m.message_id = r.message_id
      WHERE r.recipient_id = new.recipient_id
        AND m.content_locator IS NOT NULL
        AND (m.content_locator <> 'inline' OR EXISTS (SELECT 1 FROM _content WHERE message_id = m.message_id)));
  INSERT INTO _apply_status
  VALUES (
    new.recipient_id, new.ulid, new.address, new.old_status, new.status, new.old_retry, new.is_retry_given,
    new.old_ordered, new.old_ordered_retry,
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'));
END;
CREATE TRIGGER _set_status INSTEAD OF INSERT ON _apply_status
WHEN new.old_status <> 'leased'
BEGIN
  UPDATE _recipient
     SET status = new.status,
         next_retry_at = iif(
           new.status = 'queued' AND NOT new.is_retry_given, min(next_retry_at, new.at), next_retry_at),
         reason = iif(new.status = 'queued' OR new.status = 'deferred', NULL, 'administratively ' || new.status),
         settled_at = new.at
   WHERE recipient_id = new.recipient_id;
  INSERT INTO _audit (at, who, recipient_id, ulid, address, what, before, after)
  VALUES (new.at, new.who, new.recipient_id, new.ulid, new.address, 'status', new.old_status, new.status);
END;
CREATE TRIGGER _audit_sooner_retry INSTEAD OF INSERT ON _apply_status
WHEN new.status = 'queued' AND new.old_retry > new.at AND NOT new.is_retry_given AND new.old_status <> 'leased'
BEGIN
  INSERT INTO _audit (at, who, recipient_id, ulid, address, what, before, after)
  VALUES (new.at, new.who, new.recipient_id, new.ulid, new.address, 'next_retry_unix', new.old_retry, new.at);
END;
CREATE TRIGGER _note_order INSTEAD OF INSERT ON _apply_status
WHEN new.old_status = 'leased'
BEGIN
  INSERT INTO _audit_change
  SELECT new.at, new.who, new.recipient_id, new.ulid, new.address, NULL, 'ordered', ordered_status,
         iif(new.status = 'queued', NULL, new.status)
    FROM _recipient
   WHERE recipient_id = new.recipient_id;
  INSERT INTO _audit_change
  SELECT new.at, new.who, new.recipient_id, new.ulid, new.address, NULL, 'ordered_next_retry_unix', ordered_next_retry_at,
         new.at
    FROM _recipient
   WHERE new.status = 'queued'
     AND NOT new.is_retry_given
     AND recipient_id = new.recipient_id
     AND ordered_next_retry_at IS new.old_ordered_retry;
  UPDATE _recipient
     SET ordered_status = iif(new.status = 'queued', NULL, new.status),
         ordered_next_retry_at = iif(
           new.status = 'queued' AND NOT new.is_retry_given, new.at, ordered_next_retry_at)
   WHERE recipient_id = new.recipient_id
     AND status = 'leased';
END;
CREATE TRIGGER _insert_notice INSTEAD OF INSERT ON _apply_status
WHEN (new.status = 'bounced' OR new.status = 'expired') AND new.old_status <> 'leased'
BEGIN
  INSERT OR IGNORE INTO _notice (message_id, recipient_id, kind, created_at)
  SELECT message_id, recipient_id, 'failure', new.at
    FROM _recipient
   WHERE recipient_id = new.recipient_id
     AND (notify IS NULL OR instr(notify, 'FAILURE'));
END;
CREATE TRIGGER _delete_notice INSTEAD OF INSERT ON _apply_status
WHEN new.old_status = 'bounced' AND new.status = 'queued'
BEGIN
  UPDATE _notice SET is_met = 1 WHERE recipient_id = new.recipient_id AND kind = 'failure';
  DELETE FROM _notice WHERE recipient_id = new.recipient_id AND kind = 'failure';
END;
CREATE VIEW _change_instant AS
SELECT NULL AS what,  -- column of the view, by its name in _audit
       NULL AS recipient_id,
       NULL AS ulid,
       NULL AS address,
       NULL AS destination,  -- name of the destination, if there is one
       NULL AS before,
       NULL AS after  -- value in the statement
 WHERE 0;
CREATE VIEW _apply_instant AS SELECT *, NULL AS at, NULL AS who FROM _change_instant;
CREATE TRIGGER _read_instant INSTEAD OF INSERT ON _change_instant
WHEN new.after IS NOT new.before
BEGIN
  INSERT INTO _apply_instant
  VALUES (
    new.what, new.recipient_id, new.ulid, new.address, new.destination, new.before,
    CASE
      WHEN new.after IS NULL THEN NULL
      WHEN typeof(new.after) = 'integer' OR typeof(new.after) = 'real' THEN new.after
      WHEN typeof(new.after) <> 'text' THEN 0.0
      WHEN new.after GLOB '[-+]*' THEN coalesce(round((julianday('now', new.after) - 2440587.5) * 86400.0, 3), 0.0)
      -- SQLite reads February 30 as March 2, so the day that it has read must be the day in the text.
      WHEN new.after GLOB '????-??-??*'
       AND date(julianday(substr(new.after, 1, 10))) IS NOT substr(new.after, 1, 10) THEN 0.0
      WHEN new.after GLOB '*[^0-9.]*' THEN coalesce(round((julianday(new.after) - 2440587.5) * 86400.0, 3), 0.0)
      ELSE CAST(new.after AS REAL)
    END,
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'));
END;
CREATE TRIGGER _set_retry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'next_retry_unix'
BEGIN
  SELECT raise(ABORT, 'empath: next_retry_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0 OR new.after IS NULL;
  UPDATE _recipient SET next_retry_at = new.after
   WHERE recipient_id = new.recipient_id AND status <> 'leased' AND next_retry_at = new.before;
  INSERT INTO _audit_change
  VALUES (
    new.at, new.who, new.recipient_id, new.ulid, new.address, NULL, new.what, new.before,
    iif(changes() > 0, new.after, new.before));
END;
CREATE TRIGGER _set_ordered_retry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'ordered_next_retry_unix'
BEGIN
  SELECT raise(ABORT, 'empath: next_retry_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0 OR new.after IS NULL;
  UPDATE _recipient SET ordered_next_retry_at = new.after
   WHERE recipient_id = new.recipient_id AND status = 'leased' AND ordered_next_retry_at IS new.before;
  INSERT INTO _audit_change
  VALUES (
    new.at, new.who, new.recipient_id, new.ulid, new.address, NULL, new.what, new.before,
    iif(changes() > 0, new.after, new.before));
END;
CREATE TRIGGER _set_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0 OR new.after IS NULL;
  UPDATE _recipient SET expires_at = new.after WHERE recipient_id = new.recipient_id AND expires_at = new.before;
  INSERT INTO _audit_change
  VALUES (
    new.at, new.who, new.recipient_id, new.ulid, new.address, NULL, new.what, new.before,
    iif(changes() > 0, new.after, new.before));
END;
CREATE TRIGGER _set_suspension INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'suspended_until_unix'
BEGIN
  SELECT raise(ABORT, 'empath: suspended_until takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL to end it')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _destination SET suspended_until = new.after
   WHERE name = new.destination AND suspended_until IS new.before;
  INSERT INTO _audit_change
  VALUES (
    new.at, new.who, NULL, NULL, NULL, new.destination, new.what, new.before,
    iif(changes() > 0, new.after, new.before));
END;
CREATE TRIGGER queue_status INSTEAD OF UPDATE OF status ON queue
BEGIN
  INSERT INTO _change_status
  VALUES (
    old.recipient_id, old.id, old.recipient, old.status, new.status, old.next_retry_unix,
    new.next_retry_unix IS NOT old.next_retry_unix OR new.next_retry_at IS NOT old.next_retry_at,
    old.ordered, old.ordered_next_retry_unix);
END;
CREATE TRIGGER queue_retry INSTEAD OF UPDATE OF next_retry_at, next_retry_unix ON queue
BEGIN
  SELECT raise(ABORT, 'empath: set next_retry_at or next_retry_unix, not both')
   WHERE new.next_retry_at IS NOT old.next_retry_at AND new.next_retry_unix IS NOT old.next_retry_unix;
  INSERT INTO _change_instant
  VALUES (
    iif(old.status = 'leased', 'ordered_next_retry_unix', 'next_retry_unix'), old.recipient_id, old.id, old.recipient,
    NULL,
    iif(old.status = 'leased', old.ordered_next_retry_unix, old.next_retry_unix),
    CASE
      WHEN new.next_retry_at IS NOT old.next_retry_at THEN new.next_retry_at
      WHEN new.next_retry_unix IS NOT old.next_retry_unix THEN new.next_retry_unix
      WHEN old.status = 'leased' THEN old.ordered_next_retry_unix
      ELSE old.next_retry_unix
    END);
END;
CREATE TRIGGER queue_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON queue
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'expires_unix', old.recipient_id, old.id, old.recipient, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;
CREATE TRIGGER queue_priority INSTEAD OF UPDATE OF priority ON queue
BEGIN
  SELECT raise(ABORT, 'empath: priority takes 0 (first), 1, 2, 3 or 4 (last)')
   WHERE coalesce(CAST(new.priority AS TEXT), '') NOT GLOB '[0-4]';
  UPDATE _recipient SET priority = new.priority
   WHERE CAST(new.priority AS INTEGER) <> old.priority AND recipient_id = old.recipient_id AND priority = old.priority;
  INSERT INTO _audit_change
  VALUES (
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'),
    old.recipient_id, old.id, old.recipient, NULL, 'priority', old.priority,
    iif(changes() > 0, CAST(new.priority AS INTEGER), old.priority));
END;
CREATE TRIGGER queue_update INSTEAD OF UPDATE ON queue
BEGIN
  SELECT 1
   WHERE new.recipient_id IS NULL
     AND coalesce(
       new.id, new.sender, new.recipient, new.domain, new.destination, new.status, new.ordered, new.wanted,
       new.ordered_next_retry_at, new.ordered_next_retry_unix, new.priority, new.next_retry_at, new.next_retry_unix,
       new.expires_at, new.expires_unix, new.attempts, new.last_reply, new.reason, new.received_at, new.received_unix,
       new.size);
END;
CREATE TRIGGER queue_fixed INSTEAD OF UPDATE OF
  id, recipient_id, sender, recipient, domain, destination, ordered, wanted, ordered_next_retry_at,
  ordered_next_retry_unix, attempts, last_reply, reason, received_at, received_unix, size
ON queue
BEGIN
  SELECT raise(ABORT, 'empath: queue takes status, next_retry_at, next_retry_unix, priority, expires_at and expires_unix; no other column can be set');
END;
CREATE TRIGGER queue_delete INSTEAD OF DELETE ON queue
BEGIN
  INSERT INTO _change_status
  VALUES (
    old.recipient_id, old.id, old.recipient, old.status, 'cancelled', old.next_retry_unix, 0, old.ordered, old.ordered_next_retry_unix);
END;
CREATE TRIGGER queue_insert INSTEAD OF INSERT ON queue
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only; to queue a bounced or cancelled recipient again, UPDATE history SET status = ''queued''');
END;
CREATE TRIGGER history_status INSTEAD OF UPDATE OF status ON history
BEGIN
  SELECT raise(ABORT, 'empath: history takes only status = ''queued'', for a bounced or cancelled recipient')
   WHERE new.status IS NOT old.status
     AND (new.status IS NOT 'queued' OR old.status <> 'bounced' AND old.status <> 'cancelled');
  INSERT INTO _change_status
  SELECT recipient_id, old.id, old.recipient, old.status, new.status, next_retry_at, 0, NULL, NULL
    FROM _recipient
   WHERE recipient_id = old.recipient_id;
END;
CREATE TRIGGER history_update INSTEAD OF UPDATE ON history
BEGIN
  SELECT 1
   WHERE new.recipient_id IS NULL
     AND coalesce(
       new.id, new.sender, new.recipient, new.domain, new.destination, new.status, new.attempts, new.last_reply,
       new.reason, new.settled_at, new.settled_unix, new.received_at, new.received_unix, new.size, new.has_content);
END;
CREATE TRIGGER history_fixed INSTEAD OF UPDATE OF
  id, recipient_id, sender, recipient, domain, destination, attempts, last_reply, reason, settled_at, settled_unix,
  received_at, received_unix, size, has_content
ON history
BEGIN
  SELECT raise(ABORT, 'empath: history takes only status = ''queued'', for a bounced or cancelled recipient');
END;
CREATE TRIGGER history_delete INSTEAD OF DELETE ON history
BEGIN
  SELECT raise(ABORT, 'empath: only the retention of the configuration removes history');
END;
CREATE TRIGGER history_insert INSTEAD OF INSERT ON history
BEGIN
  SELECT raise(ABORT, 'empath: only a delivery or an order adds to history; DELETE FROM queue cancels a recipient');
END;
CREATE TRIGGER destination_suspension INSTEAD OF UPDATE OF suspended_until, suspended_until_unix ON destination
BEGIN
  SELECT raise(ABORT, 'empath: set suspended_until or suspended_until_unix, not both')
   WHERE new.suspended_until IS NOT old.suspended_until AND new.suspended_until_unix IS NOT old.suspended_until_unix;
  INSERT INTO _change_instant
  VALUES (
    'suspended_until_unix', NULL, NULL, NULL, old.destination, old.suspended_until_unix,
    iif(new.suspended_until IS NOT old.suspended_until, new.suspended_until, new.suspended_until_unix));
END;
CREATE TRIGGER destination_max_leases INSTEAD OF UPDATE OF max_leases ON destination
BEGIN
  SELECT raise(ABORT, 'empath: max_leases is set by [delivery] concurrency in the configuration');
END;
CREATE TRIGGER destination_update INSTEAD OF UPDATE ON destination
BEGIN
  SELECT 1
   WHERE new.destination IS NULL
     AND coalesce(
       new.max_leases, new.leases, new.is_failing, new.due_at, new.due_unix, new.breaker_until, new.breaker_until_unix,
       new.suspended_until, new.suspended_until_unix, new.ready_at, new.ready_unix);
END;
CREATE TRIGGER destination_fixed INSTEAD OF UPDATE OF
  destination, leases, is_failing, due_at, due_unix, breaker_until, breaker_until_unix, ready_at, ready_unix
ON destination
BEGIN
  SELECT raise(ABORT, 'empath: destination takes suspended_until and suspended_until_unix; no other column can be set');
END;
CREATE TRIGGER destination_delete INSTEAD OF DELETE ON destination
BEGIN
  SELECT raise(ABORT, 'empath: a destination cannot be removed; DELETE FROM queue WHERE destination = … cancels its mail');
END;
CREATE TRIGGER destination_insert INSTEAD OF INSERT ON destination
BEGIN
  SELECT raise(ABORT, 'empath: the first mail for a destination adds it; routes are in the configuration');
END;
CREATE TRIGGER message_update INSTEAD OF UPDATE ON message
BEGIN
  SELECT raise(ABORT, 'empath: a message is changed through its recipients: UPDATE queue');
END;
CREATE TRIGGER message_delete INSTEAD OF DELETE ON message
BEGIN
  SELECT raise(ABORT, 'empath: DELETE FROM queue cancels the recipients of a message');
END;
CREATE TRIGGER message_insert INSTEAD OF INSERT ON message
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;
CREATE TRIGGER attempt_update INSTEAD OF UPDATE ON attempt
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is a record and cannot be changed; UPDATE queue changes the next one');
END;
CREATE TRIGGER attempt_delete INSTEAD OF DELETE ON attempt
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is removed with its recipient, by the retention of the configuration');
END;
CREATE TRIGGER attempt_insert INSTEAD OF INSERT ON attempt
BEGIN
  SELECT raise(ABORT, 'empath: only a worker makes an attempt; UPDATE queue SET next_retry_at = ''now'' asks for one');
END;
CREATE TRIGGER process_update INSTEAD OF UPDATE ON process
BEGIN
  SELECT 1
   WHERE new.process_id IS NULL
     AND coalesce(
       new.slot, new.generation, new.node, new.instance, new.pid, new.started_at, new.started_unix, new.beat, new.beat_at,
       new.beat_unix, new.ended_at, new.ended_unix, new.leases, new.version, new.engine_version, new.modules_off);
END;
CREATE TRIGGER process_fixed INSTEAD OF UPDATE OF
  process_id, slot, generation, node, instance, pid, started_at, started_unix, beat, beat_at, beat_unix, ended_at, ended_unix,
  leases, version, engine_version
ON process
BEGIN
  SELECT raise(ABORT, 'empath: a process takes only modules_off; INSERT INTO control gives it orders');
END;
CREATE TRIGGER process_modules INSTEAD OF UPDATE OF modules_off ON process
BEGIN
  SELECT raise(ABORT, 'empath: modules_off takes NULL, or a part of what it has: what is taken out is called again')
   WHERE new.modules_off IS NOT NULL
     AND (old.modules_off IS NULL OR instr(' ' || old.modules_off || ' ', ' ' || new.modules_off || ' ') = 0);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.slot, 'modules_off', old.modules_off, new.modules_off
   WHERE new.modules_off IS NOT old.modules_off;
  UPDATE _process SET modules_off = new.modules_off WHERE process_id = old.process_id;
END;
CREATE TRIGGER process_delete INSTEAD OF DELETE ON process
BEGIN
  SELECT raise(ABORT, 'empath: a process cannot be removed; INSERT INTO control (verb) VALUES (''drain'') ends the service');
END;
CREATE TRIGGER process_insert INSTEAD OF INSERT ON process
BEGIN
  SELECT raise(ABORT, 'empath: the service starts its processes; see [delivery] workers in the configuration');
END;
CREATE TRIGGER audit_update INSTEAD OF UPDATE ON audit
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit cannot be changed');
END;
CREATE TRIGGER audit_delete INSTEAD OF DELETE ON audit
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit cannot be removed');
END;
CREATE TRIGGER audit_insert INSTEAD OF INSERT ON audit
BEGIN
  SELECT raise(ABORT, 'empath: each change writes its own row of the audit; no other row can be added');
END;
CREATE TRIGGER session_state INSTEAD OF UPDATE OF state ON session
BEGIN
  SELECT raise(ABORT, 'empath: session takes only state = ''closed'', which ends the session')
   WHERE new.state IS NOT old.state AND new.state IS NOT 'closed';
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.session || ' ' || old.client, 'session', old.state, 'closed'
   WHERE new.state IS NOT old.state;
  UPDATE _session SET is_closing = 1
   WHERE new.state IS NOT old.state
     AND process_id = CAST(substr(old.session, 1, instr(old.session, '.') - 1) AS INTEGER)
     AND number = CAST(substr(old.session, instr(old.session, '.') + 1) AS INTEGER);
END;
CREATE TRIGGER session_update INSTEAD OF UPDATE ON session
BEGIN
  SELECT 1
   WHERE new.session IS NULL
     AND coalesce(
       new.listener, new.client, new.client_name, new.account, new.tls, new.state, new.messages, new.octets,
       new.began_at, new.began_unix, new.age_s, new.process, new.node);
END;
CREATE TRIGGER session_fixed INSTEAD OF UPDATE OF
  session, listener, client, client_name, account, tls, messages, octets, began_at, began_unix, age_s, process, node
ON session
BEGIN
  SELECT raise(ABORT, 'empath: session takes only state = ''closed'', which ends the session');
END;
CREATE TRIGGER session_delete INSTEAD OF DELETE ON session
BEGIN
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.session || ' ' || old.client, 'session', old.state, 'closed'
   WHERE old.state <> 'closed';
  UPDATE _session SET is_closing = 1
   WHERE process_id = CAST(substr(old.session, 1, instr(old.session, '.') - 1) AS INTEGER)
     AND number = CAST(substr(old.session, instr(old.session, '.') + 1) AS INTEGER);
END;
CREATE TRIGGER session_insert INSTEAD OF INSERT ON session
BEGIN
  SELECT raise(ABORT, 'empath: only a client begins a session');
END;
CREATE TRIGGER rate_update INSTEAD OF UPDATE ON rate
BEGIN
  SELECT raise(ABORT, 'empath: DELETE FROM rate gives all of a rate back; [receiving.limits] sets the rates');
END;
CREATE TRIGGER rate_delete INSTEAD OF DELETE ON rate
BEGIN
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.holder, old.name, old.full_unix, NULL);
  DELETE FROM _rate WHERE name = old.name AND holder = old.holder AND listener = old.listener;
END;
CREATE TRIGGER rate_insert INSTEAD OF INSERT ON rate
BEGIN
  SELECT raise(ABORT, 'empath: the use of a rate is counted by the acceptors; [receiving.limits] sets the rates');
END;
CREATE TRIGGER control_insert INSTEAD OF INSERT ON control
BEGIN
  SELECT CASE
    WHEN coalesce(new.verb, '') NOT IN ('reload', 'log-level', 'freeze', 'thaw', 'flush', 'drain', 'stop-listener')
      THEN raise(ABORT, 'empath: verb takes reload, log-level, freeze, thaw, flush, drain or stop-listener')
    WHEN coalesce(new.control_id, new.asked_at, new.asked_unix, new.who, new.done_at, new.done_unix, new.result) IS NOT NULL
      THEN raise(ABORT, 'empath: control takes verb, argument and node; no other column can be set')
    WHEN new.verb IN ('reload', 'freeze', 'thaw', 'drain') AND new.argument IS NOT NULL
      THEN raise(ABORT, 'empath: this verb takes no argument')
    WHEN new.verb = 'log-level' AND new.argument NOT IN ('debug', 'info', 'warning', 'error', 'critical')
      THEN raise(ABORT, 'empath: log-level takes debug, info, warning, error or critical, or NULL for the configured one')
    WHEN new.verb = 'flush' AND new.argument IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM _destination WHERE name = new.argument)
      THEN raise(ABORT, 'empath: there is no such destination; see SELECT destination FROM destination')
    WHEN new.verb = 'stop-listener' AND coalesce(new.argument, '') = ''
      THEN raise(ABORT, 'empath: stop-listener takes the address of a listener, such as 127.0.0.1:2525')
    WHEN new.verb IN ('freeze', 'thaw', 'flush', 'log-level') AND new.node IS NOT NULL
      THEN raise(ABORT, 'empath: this verb is for every node; leave out the node')
    WHEN new.verb IN ('reload', 'drain', 'stop-listener') AND NOT EXISTS (
      SELECT 1 FROM _process WHERE ended_at IS NULL AND (new.node IS NULL OR node = new.node))
      THEN raise(ABORT, 'empath: no process runs that could do this; see SELECT node, slot FROM process WHERE ended_at IS NULL')
  END;
  INSERT INTO _control (verb, argument, node, who)
  VALUES (new.verb, new.argument, new.node, coalesce((SELECT who FROM _actor), 'sql'));
  INSERT INTO _control_outcome (control_id, node)
  SELECT DISTINCT (SELECT max(control_id) FROM _control), node
    FROM _process
   WHERE new.verb IN ('reload', 'drain', 'stop-listener')
     AND ended_at IS NULL
     AND (new.node IS NULL OR node = new.node);
  INSERT INTO _audit (who, what, before, after)
  SELECT who, verb, NULL, argument FROM _control ORDER BY control_id DESC LIMIT 1;

  INSERT OR IGNORE INTO _setting (name, value)
  SELECT 'frozen', strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE new.verb = 'freeze';
  DELETE FROM _setting WHERE new.verb = 'thaw' AND name = 'frozen';

  -- Each process reads the level when it beats.
  DELETE FROM _setting WHERE new.verb = 'log-level' AND name = 'log-level';
  INSERT INTO _setting (name, value)
  SELECT 'log-level', new.argument WHERE new.verb = 'log-level' AND new.argument IS NOT NULL;

  -- A flush ends back-off; a hold, a suspension and a rate limit stay.
  UPDATE _destination SET breaker_until = NULL
   WHERE new.verb = 'flush' AND breaker_until IS NOT NULL AND (new.argument IS NULL OR name = new.argument);
  UPDATE _recipient SET next_retry_at = (SELECT asked_at FROM _control ORDER BY control_id DESC LIMIT 1)
   WHERE new.verb = 'flush'
     AND destination_id IN (SELECT destination_id FROM _destination WHERE new.argument IS NULL OR name = new.argument)
     AND status IN ('queued', 'deferred')
     AND priority IN (0, 1, 2, 3, 4)
     AND next_retry_at > (SELECT asked_at FROM _control ORDER BY control_id DESC LIMIT 1);
  UPDATE _control
     SET done_at = asked_at,
         result = CASE verb
           WHEN 'freeze' THEN 'delivery is frozen since ' || (SELECT value FROM _setting WHERE name = 'frozen')
           WHEN 'thaw' THEN 'delivery goes on'
           WHEN 'log-level' THEN 'all processes but the supervisor follow within 2 s'
           ELSE 'all waiting mail is due'
         END
   WHERE new.verb IN ('freeze', 'thaw', 'flush', 'log-level')
     AND control_id = (SELECT max(control_id) FROM _control);
END;
CREATE TRIGGER control_update INSTEAD OF UPDATE ON control
BEGIN
  SELECT raise(ABORT, 'empath: an order cannot be changed; give another with INSERT INTO control (verb, argument, node)');
END;
CREATE TRIGGER control_delete INSTEAD OF DELETE ON control
BEGIN
  SELECT raise(ABORT, 'empath: an order cannot be removed; give another with INSERT INTO control (verb, argument, node)');
END;
CREATE TRIGGER account_change INSTEAD OF UPDATE OF status, senders, message_rate, recipient_rate ON account
BEGIN
  SELECT raise(ABORT, 'empath: status takes enabled or disabled')
   WHERE coalesce(new.status, '') NOT IN ('enabled', 'disabled');
  SELECT raise(ABORT, 'empath: senders takes addresses, @domain, @*.domain or *, separated by blanks; an empty text for none')
   WHERE typeof(new.senders) <> 'text'
      OR length(new.senders) > 10000
      OR EXISTS (
        SELECT 1 FROM json_each('[' || replace(json_quote(new.senders), ' ', '","') || ']')
         WHERE value <> '' AND value <> '*' AND value NOT LIKE '%@_%');
  SELECT raise(ABORT, 'empath: message_rate and recipient_rate take a rate such as 100/1h, or NULL for the configured one')
   WHERE new.message_rate NOT GLOB '[1-9]*/[1-9]*[smhd]' OR new.recipient_rate NOT GLOB '[1-9]*/[1-9]*[smhd]';
  UPDATE _account
     SET status = new.status, senders = new.senders, message_rate = new.message_rate, recipient_rate = new.recipient_rate
   WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.name, 'account status', old.status, new.status
   WHERE new.status IS NOT old.status;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.name, 'account senders', old.senders, new.senders
   WHERE new.senders IS NOT old.senders;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.name, 'account message_rate', old.message_rate, new.message_rate
   WHERE new.message_rate IS NOT old.message_rate;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.name, 'account recipient_rate', old.recipient_rate, new.recipient_rate
   WHERE new.recipient_rate IS NOT old.recipient_rate;
END;
CREATE TRIGGER account_update INSTEAD OF UPDATE ON account
BEGIN
  SELECT 1
   WHERE new.name IS NULL
     AND coalesce(
       new.status, new.senders, new.message_rate, new.recipient_rate, new.has_password, new.created_at,
       new.created_unix, new.password_set_at, new.password_set_unix, new.last_used_at, new.last_used_unix,
       new.last_client);
END;
CREATE TRIGGER account_fixed INSTEAD OF UPDATE OF
  name, has_password, created_at, created_unix, password_set_at, password_set_unix, last_used_at, last_used_unix,
  last_client
ON account
BEGIN
  SELECT raise(ABORT, 'empath: account takes status, senders, message_rate and recipient_rate; empath-admin account passwd sets a password');
END;
CREATE TRIGGER account_delete INSTEAD OF DELETE ON account
BEGIN
  DELETE FROM _account WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.name, 'account', old.status, NULL);
END;
CREATE TRIGGER account_insert INSTEAD OF INSERT ON account
BEGIN
  SELECT raise(ABORT, 'empath: empath-admin account add makes an account, because SQL cannot hash its password');
END;
CREATE TRIGGER _set_greylist_pass INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'greylist passes_unix'
BEGIN
  SELECT raise(ABORT, 'empath: passes_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0 OR new.after IS NULL;
  UPDATE _greylist SET passes_at = new.after WHERE greylist_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;
CREATE TRIGGER _set_greylist_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'greylist expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _greylist SET expires_at = new.after WHERE greylist_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;
CREATE TRIGGER greylist_pass INSTEAD OF UPDATE OF passes_at, passes_unix ON greylist
BEGIN
  SELECT raise(ABORT, 'empath: set passes_at or passes_unix, not both')
   WHERE new.passes_at IS NOT old.passes_at AND new.passes_unix IS NOT old.passes_unix;
  INSERT INTO _change_instant
  SELECT 'greylist passes_unix', greylist_id, NULL, client || ' ' || sender || ' ' || recipient, NULL, old.passes_unix,
         iif(new.passes_at IS NOT old.passes_at, new.passes_at, new.passes_unix)
    FROM _greylist
   WHERE client = old.client AND sender = old.sender AND recipient = old.recipient;
END;
CREATE TRIGGER greylist_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON greylist
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  SELECT 'greylist expires_unix', greylist_id, NULL, client || ' ' || sender || ' ' || recipient, NULL, old.expires_unix,
         iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix)
    FROM _greylist
   WHERE client = old.client AND sender = old.sender AND recipient = old.recipient;
END;
CREATE TRIGGER greylist_update INSTEAD OF UPDATE ON greylist
BEGIN
  SELECT 1
   WHERE new.client IS NULL
     AND coalesce(
       new.sender, new.recipient, new.first_seen_at, new.first_seen_unix, new.passes_at, new.passes_unix, new.expires_at,
       new.expires_unix, new.hits);
END;
CREATE TRIGGER greylist_fixed INSTEAD OF UPDATE OF client, sender, recipient, first_seen_at, first_seen_unix, hits
ON greylist
BEGIN
  SELECT raise(ABORT, 'empath: greylist takes passes_at, passes_unix, expires_at and expires_unix; no other column can be set');
END;
CREATE TRIGGER greylist_delete INSTEAD OF DELETE ON greylist
BEGIN
  DELETE FROM _greylist WHERE client = old.client AND sender = old.sender AND recipient = old.recipient;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    coalesce((SELECT who FROM _actor), 'sql'), old.client || ' ' || old.sender || ' ' || old.recipient, 'greylist',
    old.passes_unix, NULL);
END;
CREATE TRIGGER greylist_insert INSTEAD OF INSERT ON greylist
BEGIN
  SELECT raise(ABORT, 'empath: client takes a network as the view shows it, such as 192.0.2.0/24, with the prefix of [greylist]')
   WHERE coalesce(new.client, '') NOT GLOB '[0-9a-f:]*[0-9.:]/[1-9]*';
  SELECT raise(ABORT, 'empath: an insert takes client alone, and lets all its mail pass; UPDATE greylist sets an expiry')
   WHERE coalesce(
     new.sender, new.recipient, new.first_seen_at, new.first_seen_unix, new.passes_at, new.passes_unix, new.expires_at,
     new.expires_unix, new.hits) IS NOT NULL;
  INSERT INTO _greylist (client, sender, recipient, first_seen_at, passes_at)
  VALUES (new.client, '*', '*', (julianday('now') - 2440587.5) * 86400.0, (julianday('now') - 2440587.5) * 86400.0)
  ON CONFLICT (client, sender, recipient) DO UPDATE SET passes_at = excluded.passes_at, expires_at = NULL;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), client || ' * *', 'greylist', NULL, passes_at
    FROM _greylist
   WHERE client = new.client AND sender = '*' AND recipient = '*';
END;
CREATE TRIGGER recipient_list_insert INSTEAD OF INSERT ON recipient_list
BEGIN
  SELECT raise(ABORT, 'empath: address takes an address such as user@example.org, its domain in ASCII')
   WHERE typeof(new.address) <> 'text' OR new.address NOT LIKE '_%@_%' OR new.address GLOB '*[' || char(1) || '- ]*';
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), lower(new.address), 'recipient_list', NULL, 'listed'
   WHERE NOT EXISTS (SELECT 1 FROM _recipient_list WHERE address = lower(new.address));
  INSERT OR IGNORE INTO _recipient_list (address) VALUES (lower(new.address));
END;
CREATE TRIGGER recipient_list_update INSTEAD OF UPDATE ON recipient_list
BEGIN
  SELECT raise(ABORT, 'empath: an address of recipient_list cannot be changed; DELETE it and INSERT another');
END;
CREATE TRIGGER recipient_list_delete INSTEAD OF DELETE ON recipient_list
BEGIN
  DELETE FROM _recipient_list WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.address, 'recipient_list', 'listed', NULL);
END;
CREATE TRIGGER alias_insert INSTEAD OF INSERT ON alias
BEGIN
  SELECT raise(ABORT, 'empath: pattern and target take an address such as user@example.org, or @example.org, in ASCII domains')
   WHERE typeof(new.pattern) <> 'text' OR new.pattern NOT LIKE '%@_%' OR new.pattern GLOB '*[' || char(1) || '- ]*'
      OR typeof(new.target) <> 'text' OR new.target NOT LIKE '%@_%' OR new.target GLOB '*[' || char(1) || '- ]*';
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), lower(new.pattern), 'alias', NULL, new.target
   WHERE NOT EXISTS (SELECT 1 FROM _alias WHERE pattern = lower(new.pattern) AND target = new.target);
  INSERT OR IGNORE INTO _alias (pattern, target) VALUES (lower(new.pattern), new.target);
END;
CREATE TRIGGER alias_target INSTEAD OF UPDATE OF target ON alias
BEGIN
  SELECT raise(ABORT, 'empath: target takes an address such as user@example.org, or @example.org, in ASCII domains')
   WHERE typeof(new.target) <> 'text' OR new.target NOT LIKE '%@_%' OR new.target GLOB '*[' || char(1) || '- ]*';
  SELECT raise(ABORT, 'empath: the alias has this target already')
   WHERE new.target <> old.target AND EXISTS (SELECT 1 FROM _alias WHERE pattern = old.pattern AND target = new.target);
  UPDATE _alias SET target = new.target WHERE pattern = old.pattern AND target = old.target;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.pattern, 'alias', old.target, new.target
   WHERE new.target IS NOT old.target;
END;
CREATE TRIGGER alias_update INSTEAD OF UPDATE ON alias
BEGIN
  SELECT 1 WHERE new.pattern IS NULL AND new.target;
END;
CREATE TRIGGER alias_fixed INSTEAD OF UPDATE OF pattern ON alias
BEGIN
  SELECT raise(ABORT, 'empath: alias takes target; DELETE the row and INSERT another for a new pattern');
END;
CREATE TRIGGER alias_delete INSTEAD OF DELETE ON alias
BEGIN
  DELETE FROM _alias WHERE pattern = old.pattern AND target = old.target;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.pattern, 'alias', old.target, NULL);
END;
CREATE TRIGGER verification_insert INSTEAD OF INSERT ON verification
BEGIN
  SELECT raise(ABORT, 'empath: verification has answers of other hosts; DELETE lets a host be asked again');
END;
CREATE TRIGGER verification_update INSTEAD OF UPDATE ON verification
BEGIN
  SELECT raise(ABORT, 'empath: verification has answers of other hosts; DELETE lets a host be asked again');
END;
CREATE TRIGGER verification_delete INSTEAD OF DELETE ON verification
BEGIN
  DELETE FROM _verification WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.address, 'verification', old.reply, NULL);
END;
COMMIT;
