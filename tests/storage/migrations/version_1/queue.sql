PRAGMA page_size = 4096;
PRAGMA auto_vacuum = 2;
PRAGMA journal_mode = wal;
PRAGMA application_id = 1162694721;
PRAGMA user_version = 1;
BEGIN;
CREATE TABLE _message (
  message_id        INTEGER PRIMARY KEY AUTOINCREMENT,  -- private and never used again; people name a message by its ulid
  ulid              TEXT    NOT NULL UNIQUE CHECK (length(ulid) = 26),  -- the queue id, in the 250 reply and in every log line
  node              TEXT    NOT NULL,  -- host that accepted it
  reverse_path      TEXT    NOT NULL,  -- mailbox that reports go to; '' is the null reverse-path
  size              INTEGER NOT NULL CHECK (size >= 0),  -- octets of the content, trace header included
  digest            TEXT    NOT NULL,  -- SHA-256 of the content as received, hexadecimal
  received_at       REAL    NOT NULL,  -- instant of the final dot
  body_type         TEXT    NOT NULL CHECK (body_type IN ('7BIT', '8BITMIME')),  -- BODY= of MAIL, RFC 6152
  has_8bit          INTEGER NOT NULL CHECK (has_8bit IN (0, 1)),  -- 1: the content has octets above 127
  is_smtputf8       INTEGER NOT NULL CHECK (is_smtputf8 IN (0, 1)),  -- 1: the client asked for SMTPUTF8, RFC 6531
  dsn_return        TEXT    CHECK (dsn_return IN ('FULL', 'HDRS')),  -- RET= of MAIL, RFC 3461
  envelope_id       TEXT,  -- ENVID= of MAIL in xtext, RFC 3461
  listener          TEXT    NOT NULL,  -- address it came in by, such as 127.0.0.1:2525; 'report': one of our own
  client_address    TEXT    NOT NULL,  -- IP address of the client; empty for a report
  client_name       TEXT    NOT NULL,  -- what the client called itself in HELO or EHLO
  auth              TEXT,  -- identity that the client proved, if any
  header_message_id TEXT,  -- Message-ID field, at most 998 octets
  subject           TEXT,  -- Subject field as it stands, unfolded, at most 200 characters
  metadata          TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),  -- JSON object of modules
  traceparent       TEXT,  -- W3C trace context of the reception
  content_locator   TEXT,  -- 'inline': in _content; 'spool:<node>/<ulid>': a file; NULL: removed
  delay_reported_at REAL   -- instant at which the sender was told of its delay, which happens once; NULL: not yet
) STRICT;
CREATE TABLE _content (
  message_id INTEGER PRIMARY KEY,  -- of _message
  octets     BLOB    NOT NULL  -- the message as it goes on, lines ended by CRLF, not dot-stuffed
) STRICT;
CREATE TABLE _destination (
  destination_id  INTEGER PRIMARY KEY,
  name            TEXT    NOT NULL UNIQUE,  -- 'smtp:host:port', 'maildir:/path', 'discard:', or a domain in A-labels
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
  ) STORED
) STRICT;
CREATE INDEX _destination_ready ON _destination (is_failing, ready_at) WHERE ready_at IS NOT NULL;
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
  lease_id              INTEGER,  -- of _lease; a result counts only under the lease it was worked out under
  lost_leases           INTEGER NOT NULL DEFAULT 0,  -- leases that ended by the death of their process
  ordered_status        TEXT    CHECK (
                          ordered_status = 'held' OR ordered_status = 'cancelled' OR ordered_status = 'bounced'
                          OR ordered_status = 'expired'),  -- order for the settle
  ordered_next_retry_at REAL,  -- order for the settle: retry at this instant
  notify                TEXT,  -- NOTIFY= of RCPT, RFC 3461; NULL: not given
  original_recipient    TEXT,  -- ORCPT= of RCPT, type;xtext as it came
  last_reply            TEXT,  -- reply that decided its last attempt, escaped
  reason                TEXT,  -- why it is held, cancelled or bounced, if no reply says so
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
  actor      TEXT NOT NULL CHECK (actor IN ('empath', 'operator', 'both')),  -- who may cause it
  PRIMARY KEY (old_status, new_status)
) STRICT, WITHOUT ROWID;
CREATE TABLE _process (
  process_id     INTEGER PRIMARY KEY AUTOINCREMENT,
  node           TEXT    NOT NULL,  -- host
  instance       TEXT    NOT NULL,  -- ULID of its supervisor's run
  slot           TEXT    NOT NULL,  -- such as worker-1
  generation     INTEGER NOT NULL,  -- counts the processes that a supervisor's run put in the slot
  pid            INTEGER NOT NULL,
  started_at     REAL    NOT NULL,
  beat           INTEGER NOT NULL DEFAULT 0,  -- advances every 2 s through the process's hub and its writer
  beat_at        REAL    NOT NULL,  -- its own clock at that beat; for people, nothing compares it
  ended_at       REAL,  -- NULL: it lives
  version        TEXT    NOT NULL,  -- of Empath
  sqlite_version TEXT    NOT NULL,
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
  lease_id              INTEGER NOT NULL,  -- lease it was made under
  destination           TEXT    NOT NULL,  -- name of the destination at that time
  started_at            REAL    NOT NULL,
  duration_s            REAL    NOT NULL,
  connect_s             REAL,  -- part of it until the host was ready for mail; NULL: by a connection that was open, or by none
  host                  TEXT,  -- host name that was spoken to
  peer_address          TEXT,  -- its address and port
  stage                 TEXT    NOT NULL,  -- where in the dialogue it ended, such as rcpt
  code                  INTEGER,  -- SMTP reply code
  enhanced              TEXT,  -- enhanced status code, RFC 3463
  text                  TEXT    NOT NULL,  -- the reply, escaped
  tls_policy            TEXT,  -- policy that was in force, such as may or dane; NULL: none
  tls_version           TEXT,  -- such as TLSv1.3; NULL: in the clear
  tls_cipher            TEXT,  -- name of the cipher suite
  tls_peer              TEXT,  -- how the host proved who it is; NULL: it did not
  outcome               TEXT    NOT NULL CHECK (
                          outcome = 'delivered' OR outcome = 'deferred' OR outcome = 'bounced' OR outcome = 'expired'
                          OR outcome = 'next_host' OR outcome = 'unknown' OR outcome = 'maybe_delivered'),
  decided_status        TEXT    NOT NULL,  -- status it led to; 'unchanged': none
  decided_next_retry_at REAL    -- next attempt it led to; NULL: none
) STRICT;
CREATE INDEX _attempt_recipient ON _attempt (recipient_id);
CREATE TABLE _notice (
  notice_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id   INTEGER NOT NULL,  -- of _message
  recipient_id INTEGER NOT NULL,  -- of _recipient
  kind         TEXT    NOT NULL CHECK (kind = 'failure' OR kind = 'delay' OR kind = 'success'),
  created_at   REAL    NOT NULL,
  UNIQUE (recipient_id, kind)
) STRICT;
CREATE INDEX _notice_message ON _notice (message_id, kind);
CREATE TABLE _setting (
  name  TEXT PRIMARY KEY,  -- 'frozen': the instant, in ISO 8601, since which an operator stops delivery
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE _spool_garbage (
  locator     TEXT PRIMARY KEY,  -- as it stood in _message.content_locator
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
  sqlite_version TEXT    NOT NULL DEFAULT (sqlite_version()),  -- of the program that wrote the row
  recipient_id   INTEGER,  -- of _recipient; NULL: it is about something else
  destination    TEXT,  -- name of the destination that it is about
  what           TEXT    NOT NULL,  -- column of the view, or verb of control
  before         ANY,
  after          ANY
) STRICT;
CREATE INDEX _audit_recipient ON _audit (recipient_id) WHERE recipient_id IS NOT NULL;
CREATE TABLE _control (
  control_id INTEGER PRIMARY KEY AUTOINCREMENT,
  verb       TEXT    NOT NULL CHECK (verb IN (
               'reload', 'log-level', 'freeze', 'thaw', 'flush', 'drain', 'stop-listener')),
  argument   TEXT,
  asked_at   REAL    NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0),
  who        TEXT    NOT NULL,  -- as in _audit
  started_at REAL,  -- a process took it up; committed before it acts, so that nothing is done twice
  done_at    REAL,
  result     TEXT,  -- what came of it, a sentence
  CHECK ((done_at IS NULL) = (result IS NULL))
) STRICT;
CREATE INDEX _control_open ON _control (control_id) WHERE done_at IS NULL;
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (1,'01M8KWMQ2MC23MPAXX456X1RP8','mx.example.test','s@sender.example',342169,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1795963903.0723259,'7BIT',0,0,NULL,NULL,'127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8KWMQ2MC23MPAXX456X1RP8',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (2,'01M8KWMQ3M313SGSA9QFT7K32B','mx.example.test','s@sender.example',175,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1795963903.0930116,'7BIT',0,0,NULL,NULL,'127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (3,'01M8KWMQ3Q8ZE214HYFZKD9QC8','mx.example.test','s@sender.example',175,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1795963903.0970573,'8BITMIME',0,0,'FULL','e1','127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (4,'01M8KWMQ3TMMSQR90R9SBYJSJB','mx.example.test','s@sender.example',342169,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1795963903.1020274,'8BITMIME',0,0,'FULL','e1','127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8KWMQ3TMMSQR90R9SBYJSJB',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (5,'01M8KWMQ414H3K85ST2HQ9WJBM','mx.example.test','s@sender.example',224,'1bbf90aebd4629eae694dd3b5ba945e3ffb15033b66b67cac18ce7db81b14ea3',1795963903.106143,'8BITMIME',1,0,'FULL','e1','127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'eight bits','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (6,'01M8KWMQ43138BNNEHC6C40PHX','mx.example.test','s@sender.example',196,'44e7473779b4005e91407ef556c6378e532ba4dd8aa750bbbf9edb30d3bf4921',1795963903.1077585,'8BITMIME',0,0,'FULL','e1','127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'dots','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (7,'01M8KWMQ48PD015YFVG9SK991A','mx.example.test','s@sender.example',181,'c057c351dc307277eb0a14a2709e99b8eef3189b882eb15365a45083db20985e',1795963903.1127696,'8BITMIME',0,0,'FULL','e1','127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,NULL,'{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (8,'01M8KWMQ4994A9XVGRKVGYQCBH','mx.example.test','s@sender.example',175,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1795963903.113894,'7BIT',0,0,NULL,NULL,'127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (9,'01M8KWMQ4ARW3VQDX86MXKHR5S','mx.example.test','s@sender.example',342199,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1795963903.1183846,'7BIT',0,0,NULL,NULL,'127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (10,'01M8KWMQ4GJZ4Q3HH20Q2F2FRX','mx.example.test','s@sender.example',205,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1795963903.1202352,'7BIT',0,0,NULL,NULL,'127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (11,'01M8KWMQ4JRHF8T2NXPGKVWCXX','mx.example.test','s@sender.example',342199,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1795963903.1258178,'7BIT',0,0,NULL,NULL,'127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8KWMQ4JRHF8T2NXPGKVWCXX',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (12,'01M8KWMQ4QCG56JKYS5QHXWJQY','mx.example.test','s@sender.example',210,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1795963903.1278937,'7BIT',0,0,NULL,NULL,'127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (13,'01M8KWMQ4V0NEFM5MT6FWEXJ51','mx.example.test','s@sender.example',207,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1795963903.1321871,'7BIT',0,0,NULL,NULL,'127.0.0.1:23246','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (14,'01M8KWMQ543401X2CVCR0PH99Y','mx.example.test','s@sender.example',309,'45d0b34b0cd9a6ee3f857483ba9e2b77747a34f94a50512e566ad7a3f3f66bba',1795963903.1408384,'7BIT',0,0,NULL,NULL,'127.0.0.1:24725','127.0.0.1','client.example',NULL,NULL,'no date','{}',NULL,'inline',NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, auth, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at) VALUES (15,'01M8KWMQKQ3WPTB19GS4XQZ8T9','mx.example.test','',2020,'16c005e572d5d0419f3490cf705bbfbc095b0dd4a670bd85d00cb8fa2dd1f64a',1795963903.6074004,'7BIT',0,0,NULL,NULL,'report','','mx.example.test',NULL,'<01M8KWMQKQ3WPTB19GS4XQZ8T9@mx.example.test>',NULL,'{}',NULL,'inline',NULL);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_process',3);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_message',15);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_recipient',23);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_lease',9);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_attempt',19);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_notice',2);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_audit',6);
INSERT INTO _content (message_id, octets) VALUES (2,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D51334D3331335347534139514654374B3332423B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (3,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D513351385A453231344859465A4B44395143383B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (5,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D5134313448334B3835535432485139574A424D3B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A20656967687420626974730D0A436F6E74656E742D547970653A20746578742F706C61696E3B20636861727365743D7574662D380D0A0D0A4772C3BCC39F650D0A');
INSERT INTO _content (message_id, octets) VALUES (6,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D513433313338424E4E454843364334305048583B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A20646F74730D0A0D0A2E0D0A2E2E0D0A6E6F206C696E6520656E64206973206C6F73740D0A');
INSERT INTO _content (message_id, octets) VALUES (7,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D51343850443031355946564739534B393931413B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A0D0A61206D65737361676520776974686F75742061206865616465720D0A');
INSERT INTO _content (message_id, octets) VALUES (8,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D51343939344139585647524B564759514342483B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (10,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D5134474A5A34513348483230513246324652580D0A09666F72203C68656C644064656665727265642E6578616D706C653E3B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (12,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D513451434735364A4B595335514858574A51590D0A09666F72203C63616E63656C6C65644064656665727265642E6578616D706C653E3B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (13,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D513456304E45464D354D5436465745584A35310D0A09666F72203C6E6F746963654064656665727265642E6578616D706C653E3B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (14,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D513534333430315832435643523050483939590D0A09666F72203C7375626D69747465644064656665727265642E6578616D706C653E3B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A446174653A2053756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A4D6573736167652D49443A203C30314D384B574D51353433343031583243564352305048393959406D782E6578616D706C652E746573743E0D0A5375626A6563743A206E6F20646174650D0A0D0A746578740D0A');
INSERT INTO _content (message_id, octets) VALUES (15,X'52656365697665643A206279206D782E6578616D706C652E746573742028456D70617468292069642030314D384B574D514B513357505442313947533458515A3854393B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A446174653A2053756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A46726F6D3A204D61696C2044656C69766572792053797374656D203C4D41494C45522D4441454D4F4E406D782E6578616D706C652E746573743E0D0A546F3A20734073656E6465722E6578616D706C650D0A5375626A6563743A20556E64656C697665726564206D61696C2072657475726E656420746F2073656E6465720D0A4D6573736167652D49443A203C30314D384B574D514B513357505442313947533458515A385439406D782E6578616D706C652E746573743E0D0A4175746F2D5375626D69747465643A206175746F2D7265706C6965640D0A4D494D452D56657273696F6E3A20312E300D0A436F6E74656E742D547970653A206D756C7469706172742F7265706F72743B207265706F72742D747970653D64656C69766572792D7374617475733B0D0A09626F756E646172793D226464366261653538366666326133653463386366616437336538613333623137220D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A546869732069732061207265706F727420696E204D494D4520666F726D61742E0D0A0D0A2D2D64643662616535383666663261336534633863666164373365386133336231370D0A436F6E74656E742D4465736372697074696F6E3A204E6F74696669636174696F6E0D0A436F6E74656E742D547970653A20746578742F706C61696E3B20636861727365743D75732D61736369690D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A5468697320697320746865206D61696C2073797374656D206F66206D782E6578616D706C652E746573742E0D0A0D0A596F7572206D65737361676520636F756C64206E6F742062652064656C69766572656420746F2074686520726563697069656E7473206E616D65642062656C6F772E2049742063616D650D0A696E206F6E2053756E2C203239204E6F7620323032362031343A35313A3433202B303030302077697468207468652071756575652069640D0A30314D384B574D51343939344139585647524B564759514342482E0D0A0D0A3C6F6E6540626F756E6365642E6578616D706C653E0D0A202020204F6E2053756E2C203239204E6F7620323032362031343A35313A3433202B303030302074686520686F7374203132372E302E302E3120736169643A2035353020352E312E31204E6F0D0A2020202073756368206D61696C626F780D0A0D0A4E6F206675727468657220617474656D7074206973206D61646520666F72207468656D2E20506C65617365206C6F6F6B2061742074686520726561736F6E20746861742069730D0A676976656E2C20636F7272656374207468652061646472657373206F722061736B207468652070656F706C652077686F2072756E2074686174206D61696C2073797374656D2C20616E640D0A7468656E2073656E6420746865206D65737361676520616761696E2E0D0A0D0A2D2D64643662616535383666663261336534633863666164373365386133336231370D0A436F6E74656E742D4465736372697074696F6E3A2044656C6976657279207265706F72740D0A436F6E74656E742D547970653A206D6573736167652F64656C69766572792D7374617475730D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A5265706F7274696E672D4D54413A20646E733B206D782E6578616D706C652E746573740D0A4172726976616C2D446174653A2053756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A0D0A46696E616C2D526563697069656E743A207266633832323B206F6E6540626F756E6365642E6578616D706C650D0A416374696F6E3A206661696C65640D0A5374617475733A20352E312E310D0A52656D6F74652D4D54413A20646E733B203132372E302E302E310D0A446961676E6F737469632D436F64653A20736D74703B2035353020352E312E31204E6F2073756368206D61696C626F780D0A4C6173742D417474656D70742D446174653A2053756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A0D0A2D2D64643662616535383666663261336534633863666164373365386133336231370D0A436F6E74656E742D4465736372697074696F6E3A20556E64656C697665726564206D6573736167650D0A436F6E74656E742D547970653A206D6573736167652F7266633832320D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D384B574D51343939344139585647524B564759514342483B0D0A0953756E2C203239204E6F7620323032362031343A35313A3433202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A0D0A2D2D64643662616535383666663261336534633863666164373365386133336231372D2D0D0A');
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at) VALUES (1,'smtp:127.0.0.1:32851',1,1,0,1,1795963903.0930116,NULL,NULL,NULL);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at) VALUES (2,'smtp:127.0.0.1:16133',1,0,1,5,1795966888.9055109,NULL,NULL,NULL);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at) VALUES (3,'smtp:127.0.0.1:38189',1,0,0,2,NULL,NULL,NULL,NULL);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at) VALUES (4,'smtp:127.0.0.1:35685',1,0,0,1,NULL,NULL,NULL,NULL);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (1,1,'one@leased.example','one@leased.example','leased.example',1,'leased',2,1795963903.0723259,1796395903.0723259,0,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (2,1,'ordered@leased.example','ordered@leased.example','leased.example',1,'leased',2,1795963903.0723259,1796395903.0723259,0,1,0,'held',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (3,2,'one@leased.example','one@leased.example','leased.example',1,'queued',2,1795963903.0930116,1796395903.0930116,0,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (4,2,'ordered@leased.example','ordered@leased.example','leased.example',1,'held',2,1795963903.0930116,1796395903.0930116,0,NULL,0,NULL,NULL,NULL,NULL,NULL,'administratively held',1795963906.2909901);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (5,3,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1795967525.560796,1796395903.0970573,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1072133);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (6,3,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1795968032.3953948,1796395903.0970573,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1072133);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (7,4,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1795968018.5963683,1796395903.1020274,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1091573);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (8,4,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1795966952.3479471,1796395903.1020274,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1091573);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (9,5,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1795966888.9055109,1796395903.106143,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1192858);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (10,5,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1795967892.9164333,1796395903.106143,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1192858);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (11,6,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1795967477.5400896,1796395903.1077585,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1211047);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (12,6,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1795967031.0147438,1796395903.1077585,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1211047);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (13,7,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1795967559.6412358,1796395903.1127696,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1233528);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (14,7,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1795967578.7539151,1796395903.1127696,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1233528);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (15,8,'one@delivered.example','one@delivered.example','delivered.example',3,'delivered',2,1795963903.113894,1796395903.113894,1,NULL,0,NULL,NULL,NULL,NULL,'250 2.0.0 Taken',NULL,1795963903.1207731);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (16,8,'one@bounced.example','one@bounced.example','bounced.example',4,'bounced',2,1795963903.113894,1796395903.113894,1,NULL,0,NULL,NULL,NULL,NULL,'550 5.1.1 No such mailbox',NULL,1795963903.120893);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (17,9,'one@delivered.example','one@delivered.example','delivered.example',3,'delivered',2,1795963903.1183846,1796395903.1183846,1,NULL,0,NULL,NULL,NULL,NULL,'250 2.0.0 Taken',NULL,1795963903.1720715);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (18,10,'held@deferred.example','held@deferred.example','deferred.example',2,'held',2,1795967732.1731489,1796395903.1202352,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused','administratively held',1795963904.7109947);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (19,11,'held@deferred.example','held@deferred.example','deferred.example',2,'held',2,1795967877.9359219,1796395903.1258178,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused','administratively held',1795963904.7109947);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (20,12,'cancelled@deferred.example','cancelled@deferred.example','deferred.example',2,'cancelled',2,1795968023.0740068,1796395903.1278937,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused','administratively cancelled',1795963905.6089983);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (21,13,'notice@deferred.example','notice@deferred.example','deferred.example',2,'bounced',2,1795967365.0948443,1796395903.1321871,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused','administratively bounced',1795963906.3519836);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (22,14,'submitted@deferred.example','submitted@deferred.example','deferred.example',2,'deferred',2,1795967600.2379432,1796395903.1408384,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.1804762);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at) VALUES (23,15,'s@sender.example','s@sender.example','sender.example',2,'deferred',2,1795967855.240711,1796395903.6074004,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,1795963903.6136866);
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
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, sqlite_version) VALUES (1,'mx.example.test','01M8KWMM781J6YWGS0N0CSW2Q0','housekeeper-1',1,27888,1795963902.5853643,1,1795963904.6048307,NULL,'0.1.0','3.54.1');
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, sqlite_version) VALUES (2,'mx.example.test','01M8KWMM781J6YWGS0N0CSW2Q0','worker-1',1,27889,1795963902.8289077,1,1795963904.8407345,NULL,'0.1.0','3.54.1');
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, sqlite_version) VALUES (3,'mx.example.test','01M8KWMM781J6YWGS0N0CSW2Q0','acceptor-1',1,27890,1795963903.0328305,1,1795963905.0480743,NULL,'0.1.0','3.54.1');
INSERT INTO _lease (lease_id, process_id, destination_id, leased_at) VALUES (1,2,1,1795963903.0767469);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (1,5,2,2,'smtp:127.0.0.1:16133',1795963903.1066113,0.00049646999991637131,NULL,'127.0.0.1','127.0.0.1:16133','connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967525.560796);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (2,6,2,2,'smtp:127.0.0.1:16133',1795963903.1066113,0.00049646999991637131,NULL,'127.0.0.1','127.0.0.1:16133','connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795968032.3953948);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (3,7,2,2,'smtp:127.0.0.1:16133',1795963903.1091185,3.5762786865234375e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795968018.5963683);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (4,8,2,2,'smtp:127.0.0.1:16133',1795963903.1091185,3.5762786865234375e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795966952.3479471);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (5,9,2,5,'smtp:127.0.0.1:16133',1795963903.1191268,0.00012457299999368843,NULL,'127.0.0.1','127.0.0.1:16133','connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795966888.9055109);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (6,10,2,5,'smtp:127.0.0.1:16133',1795963903.1191268,0.00012457299999368843,NULL,'127.0.0.1','127.0.0.1:16133','connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967892.9164333);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (7,15,2,3,'smtp:127.0.0.1:38189',1795963903.1183064,0.0024378530001740728,0.0020918870000059542,'127.0.0.1','127.0.0.1:38189','end-of-data',250,'2.0.0','250 2.0.0 Taken',NULL,NULL,NULL,NULL,'delivered','delivered',NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (8,16,2,4,'smtp:127.0.0.1:35685',1795963903.118691,0.0021852749998743093,0.0015830679999453423,'127.0.0.1','127.0.0.1:35685','rcpt',550,'5.1.1','550 5.1.1 No such mailbox',NULL,NULL,NULL,NULL,'bounced','bounced',NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (9,11,2,5,'smtp:127.0.0.1:16133',1795963903.121089,1.430511474609375e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967477.5400896);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (10,12,2,5,'smtp:127.0.0.1:16133',1795963903.121089,1.430511474609375e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967031.0147438);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (11,13,2,5,'smtp:127.0.0.1:16133',1795963903.1233213,1.9073486328125e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967559.6412358);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (12,14,2,5,'smtp:127.0.0.1:16133',1795963903.1233213,1.9073486328125e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967578.7539151);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (13,18,2,7,'smtp:127.0.0.1:16133',1795963903.1682003,0.00046634000000267406,NULL,'127.0.0.1','127.0.0.1:16133','connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967732.1731489);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (14,17,2,6,'smtp:127.0.0.1:38189',1795963903.1604397,0.011585908999904859,NULL,'127.0.0.1','127.0.0.1:38189','end-of-data',250,'2.0.0','250 2.0.0 Taken',NULL,NULL,NULL,NULL,'delivered','delivered',NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (15,19,2,7,'smtp:127.0.0.1:16133',1795963903.1724072,2.6226043701171875e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967877.9359219);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (16,20,2,7,'smtp:127.0.0.1:16133',1795963903.1776519,2.1457672119140625e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795968023.0740068);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (17,21,2,8,'smtp:127.0.0.1:16133',1795963903.1795487,0.00019690299996000249,NULL,'127.0.0.1','127.0.0.1:16133','connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967365.0948443);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (18,22,2,8,'smtp:127.0.0.1:16133',1795963903.1804581,1.430511474609375e-06,NULL,NULL,NULL,'connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967600.2379432);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at) VALUES (19,23,2,9,'smtp:127.0.0.1:16133',1795963903.6134274,0.00022901200009073364,NULL,'127.0.0.1','127.0.0.1:16133','connect',451,'4.4.1','451 4.4.1 connect to 127.0.0.1[127.0.0.1]:16133: connection refused',NULL,NULL,NULL,NULL,'deferred','deferred',1795967855.240711);
INSERT INTO _notice (notice_id, message_id, recipient_id, kind, created_at) VALUES (2,13,21,'failure',1795963906.3519836);
INSERT INTO _audit (audit_id, at, who, sqlite_version, recipient_id, destination, what, before, after) VALUES (1,1795963904.7109947,'empath-admin:root','3.54.1',18,NULL,'status','deferred','held');
INSERT INTO _audit (audit_id, at, who, sqlite_version, recipient_id, destination, what, before, after) VALUES (2,1795963904.7109947,'empath-admin:root','3.54.1',19,NULL,'status','deferred','held');
INSERT INTO _audit (audit_id, at, who, sqlite_version, recipient_id, destination, what, before, after) VALUES (3,1795963905.6089983,'empath-admin:root','3.54.1',20,NULL,'status','deferred','cancelled');
INSERT INTO _audit (audit_id, at, who, sqlite_version, recipient_id, destination, what, before, after) VALUES (4,1795963906.2909901,'empath-admin:root','3.54.1',2,NULL,'ordered',NULL,'held');
INSERT INTO _audit (audit_id, at, who, sqlite_version, recipient_id, destination, what, before, after) VALUES (5,1795963906.2909901,'empath-admin:root','3.54.1',4,NULL,'status','queued','held');
INSERT INTO _audit (audit_id, at, who, sqlite_version, recipient_id, destination, what, before, after) VALUES (6,1795963906.3519836,'sql','3.54.1',21,NULL,'status','deferred','bounced');
CREATE TRIGGER _recipient_transition_stays BEFORE DELETE ON _recipient_transition
BEGIN
  SELECT raise(ABORT, 'empath: the moves that a recipient can make are not to be changed');
END;
CREATE TRIGGER _recipient_transition_not_changed BEFORE UPDATE ON _recipient_transition
BEGIN
  SELECT raise(ABORT, 'empath: the moves that a recipient can make are not to be changed');
END;
CREATE TRIGGER _recipient_transition_complete BEFORE INSERT ON _recipient_transition
BEGIN
  SELECT raise(ABORT, 'empath: the moves that a recipient can make are not to be changed');
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
CREATE TRIGGER _recipient_not_replaced BEFORE INSERT ON _recipient
WHEN EXISTS (SELECT 1 FROM _recipient WHERE recipient_id = new.recipient_id)
BEGIN
  SELECT raise(ABORT, 'empath: there is a recipient of this number');
END;
CREATE TRIGGER _recipient_number_stays BEFORE UPDATE OF recipient_id ON _recipient
BEGIN
  SELECT raise(ABORT, 'empath: a recipient keeps its number');
END;
CREATE TRIGGER _message_stays BEFORE DELETE ON _message
WHEN EXISTS (SELECT 1 FROM _recipient WHERE message_id = old.message_id)
BEGIN
  SELECT raise(ABORT, 'empath: a message goes after its last recipient');
END;
CREATE TRIGGER _content_stays BEFORE DELETE ON _content
WHEN EXISTS (
  SELECT 1 FROM _recipient
   WHERE message_id = old.message_id AND status IN ('queued', 'deferred', 'leased', 'held'))
BEGIN
  SELECT raise(ABORT, 'empath: a recipient still waits for this content');
END;
CREATE TRIGGER _destination_stays BEFORE DELETE ON _destination
BEGIN
  SELECT raise(ABORT, 'empath: a destination stays; DELETE FROM queue WHERE destination = … cancels what waits for it');
END;
CREATE TRIGGER _recipient_due_insert AFTER INSERT ON _recipient
WHEN new.status IN ('queued', 'deferred')
BEGIN
  UPDATE _destination SET due_at = new.next_retry_at
   WHERE destination_id = new.destination_id AND (due_at IS NULL OR due_at > new.next_retry_at);
END;
CREATE TRIGGER _recipient_due_update AFTER UPDATE OF status, next_retry_at, priority, destination_id ON _recipient
WHEN new.status IN ('queued', 'deferred')
BEGIN
  UPDATE _destination SET due_at = new.next_retry_at
   WHERE destination_id = new.destination_id AND (due_at IS NULL OR due_at > new.next_retry_at);
END;
CREATE TRIGGER _lease_taken AFTER INSERT ON _lease
BEGIN
  UPDATE _destination
     SET lease_count = lease_count + 1,
         is_full = (SELECT count(*) FROM _lease WHERE destination_id = new.destination_id) >= max_leases
   WHERE destination_id = new.destination_id;
END;
CREATE TRIGGER _lease_stays BEFORE DELETE ON _lease
WHEN EXISTS (SELECT 1 FROM _recipient WHERE lease_id = old.lease_id)
 AND EXISTS (SELECT 1 FROM _destination WHERE destination_id = old.destination_id)  -- else `empath-admin fsck` mends it
BEGIN
  SELECT raise(ABORT, 'empath: a lease ends after the last of its recipients; UPDATE queue gives an order to a leased one');
END;
CREATE TRIGGER _process_stays BEFORE DELETE ON _process
WHEN EXISTS (SELECT 1 FROM _lease WHERE process_id = old.process_id)
BEGIN
  SELECT raise(ABORT, 'empath: a process goes after the last of its leases');
END;
CREATE TRIGGER _lease_ended AFTER DELETE ON _lease
BEGIN
  UPDATE _destination SET is_full = 0
   WHERE destination_id = old.destination_id
     AND is_full
     AND (SELECT count(*) FROM _lease WHERE destination_id = old.destination_id) < max_leases;
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
  SELECT raise(ABORT, 'empath: an attempt goes with its recipient, by the retention of the configuration');
END;
CREATE TRIGGER _attempt_not_changed BEFORE UPDATE ON _attempt
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is what happened and cannot be changed; UPDATE queue steers the next one');
END;
CREATE TRIGGER _message_content_left AFTER UPDATE OF content_locator ON _message
WHEN old.content_locator LIKE 'spool:%' AND new.content_locator IS NOT old.content_locator
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
  SELECT raise(ABORT, 'empath: what the audit says cannot be changed');
END;
CREATE TRIGGER _audit_not_removed BEFORE DELETE ON _audit
BEGIN
  SELECT raise(ABORT, 'empath: what the audit says cannot be removed');
END;
CREATE TRIGGER _audit_not_replaced BEFORE INSERT ON _audit
WHEN new.audit_id > 0 AND new.audit_id <= (SELECT max(audit_id) FROM _audit)
BEGIN
  SELECT raise(ABORT, 'empath: the audit is only ever added to, at its end');
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
       datetime(r.ordered_next_retry_at, 'unixepoch') AS ordered_next_retry_at,  -- next attempt that is ordered so, UTC
       r.ordered_next_retry_at                       AS ordered_next_retry_unix,  -- the same, Unix seconds
       r.priority                                    AS priority,                 -- class 0 (first) to 4
       datetime(r.next_retry_at, 'unixepoch')        AS next_retry_at,            -- next attempt not before, UTC
       r.next_retry_at                               AS next_retry_unix,          -- the same, Unix seconds
       datetime(r.expires_at, 'unixepoch')           AS expires_at,               -- end of its lifetime, UTC
       r.expires_at                                  AS expires_unix,             -- the same, Unix seconds
       r.attempts                                    AS attempts,                 -- settled attempts
       r.last_reply                                  AS last_reply,               -- reply that decided the last attempt
       r.reason                                      AS reason,                   -- why it is held
       datetime(m.received_at, 'unixepoch')          AS received_at,              -- accepted, UTC
       m.received_at                                 AS received_unix,            -- the same, Unix seconds
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
       r.attempts                                    AS attempts,                 -- settled attempts
       r.last_reply                                  AS last_reply,               -- reply that decided the last attempt
       r.reason                                      AS reason,                   -- why it ended, if no reply says so
       datetime(r.settled_at, 'unixepoch')           AS settled_at,               -- when it ended, UTC
       r.settled_at                                  AS settled_unix,             -- the same, Unix seconds
       datetime(m.received_at, 'unixepoch')          AS received_at,              -- accepted, UTC
       m.received_at                                 AS received_unix,            -- the same, Unix seconds
       m.size                                        AS size,                     -- octets of the content
       m.content_locator IS NOT NULL                 AS has_content               -- 1 while the content is kept
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.status IN ('delivered', 'bounced', 'expired', 'cancelled');
CREATE VIEW message AS
SELECT m.ulid AS id,  -- queue id (ULID), in the 250 reply and in the log
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       m.subject AS subject,  -- Subject field as it stands, at most 200 characters
       m.header_message_id                           AS header_message_id,        -- Message-ID field
       datetime(m.received_at, 'unixepoch')          AS received_at,              -- instant of the final dot, UTC
       m.received_at                                 AS received_unix,            -- the same, Unix seconds
       m.size AS size,  -- octets of the content, trace header included
       m.digest AS digest,  -- SHA-256 of the content as received, hexadecimal
       (SELECT count(*) FROM _recipient AS r WHERE r.message_id = m.message_id) AS recipients,  -- with any status
       (SELECT count(*) FROM queue AS q WHERE q.id = m.ulid) AS live,                     -- recipients in queue
       m.content_locator AS content,  -- 'inline', 'spool:…' for a file, NULL: removed
       m.body_type AS body_type,  -- BODY= of MAIL, RFC 6152: 7BIT or 8BITMIME
       m.is_smtputf8 AS is_smtputf8,  -- 1: the client asked for SMTPUTF8, RFC 6531
       m.dsn_return                                  AS dsn_return,               -- RET= of MAIL, RFC 3461
       m.envelope_id                                 AS envelope_id,              -- ENVID= of MAIL in xtext, RFC 3461
       m.node                                        AS node,                     -- host that accepted it
       m.listener AS listener,  -- address it came in by; 'report': a report of our own
       m.client_address                              AS client_address,           -- IP address of the client
       m.client_name                                 AS client_name,              -- what the client called itself
       m.auth AS auth,  -- identity that the client proved, if any
       m.metadata                                    AS metadata                  -- JSON object of modules
  FROM _message AS m;
CREATE VIEW attempt AS
SELECT a.attempt_id                                  AS attempt_id,               -- number of the attempt
       m.ulid                                        AS id,                       -- queue id (ULID) of the message
       a.recipient_id                                AS recipient_id,             -- number of the recipient
       r.address                                     AS recipient,                -- forward-path
       a.destination                                 AS destination,              -- its queue key at that time
       datetime(a.started_at, 'unixepoch')           AS started_at,               -- begun, UTC
       a.started_at                                  AS started_unix,             -- the same, Unix seconds
       a.duration_s                                  AS duration_s,               -- how long it took, seconds
       a.connect_s AS connect_s,  -- part of it until the host was ready for mail; NULL: the connection was open, or never was
       a.host                                        AS host,                     -- host name that was spoken to
       a.peer_address                                AS peer_address,             -- its address and port
       a.stage AS stage,  -- where in the dialogue it ended, such as rcpt
       a.code                                        AS code,                     -- SMTP reply code
       a.enhanced                                    AS enhanced,                 -- enhanced status code, RFC 3463
       a.text                                        AS text,                     -- the reply
       a.tls_policy AS tls_policy,  -- TLS policy that was in force, such as may; NULL: none
       a.tls_version AS tls_version,  -- such as TLSv1.3; NULL: in the clear
       a.tls_cipher                                  AS tls_cipher,               -- name of the cipher suite
       a.tls_peer AS tls_peer,  -- how the host proved who it is; NULL: it did not
       a.outcome AS outcome,  -- delivered, deferred, bounced, expired, next_host, unknown, maybe_delivered
       a.decided_status AS decided_status,  -- status it led to; 'unchanged': another host was tried, or it came too late
       datetime(a.decided_next_retry_at, 'unixepoch') AS decided_next_retry_at,    -- next attempt it led to, UTC
       a.decided_next_retry_at                       AS decided_next_retry_unix,  -- the same, Unix seconds
       a.process_id                                  AS process_id                -- process that made it
  FROM _attempt AS a
  JOIN _recipient AS r ON r.recipient_id = a.recipient_id
  JOIN _message AS m ON m.message_id = r.message_id;
CREATE VIEW destination AS
SELECT d.name AS destination,  -- 'smtp:host:port', 'maildir:/path', 'discard:', or a domain
       d.max_leases AS max_leases,  -- connections at once, of all workers together
       (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) AS leases,  -- connections in use
       d.is_failing                                  AS is_failing,               -- 1: its last attempt reached no host
       datetime(d.due_at, 'unixepoch') AS due_at,  -- no recipient waits for less, UTC; NULL: none waits
       d.due_at                                      AS due_unix,                 -- the same, Unix seconds
       datetime(d.breaker_until, 'unixepoch') AS breaker_until,  -- nothing before this instant after failures, UTC
       d.breaker_until                               AS breaker_until_unix,       -- the same, Unix seconds
       datetime(d.suspended_until, 'unixepoch') AS suspended_until,  -- nothing before this instant by order, UTC
       d.suspended_until                             AS suspended_until_unix,     -- the same, Unix seconds
       datetime(d.ready_at, 'unixepoch') AS ready_at,  -- work may begin, UTC; NULL: no work, or no free connection
       d.ready_at                                    AS ready_unix                -- the same, Unix seconds
  FROM _destination AS d;
CREATE VIEW process AS
SELECT p.process_id                                  AS process_id,               -- number of the run, never used again
       p.slot                                        AS slot,                     -- such as worker-1
       p.generation                                  AS generation,               -- counts the processes in the slot
       p.node                                        AS node,                     -- host
       p.instance                                    AS instance,                 -- ULID of its supervisor's run
       p.pid                                         AS pid,                      -- process id of the system
       datetime(p.started_at, 'unixepoch')           AS started_at,               -- UTC
       p.started_at                                  AS started_unix,             -- the same, Unix seconds
       p.beat                                        AS beat,                     -- counts its signs of life
       datetime(p.beat_at, 'unixepoch')              AS beat_at,                  -- last sign of life, each 2 s, UTC
       p.beat_at                                     AS beat_unix,                -- the same, Unix seconds
       datetime(p.ended_at, 'unixepoch')             AS ended_at,                 -- UTC; NULL: it lives
       p.ended_at                                    AS ended_unix,               -- the same, Unix seconds
       (SELECT count(*) FROM _lease AS l WHERE l.process_id = p.process_id) AS leases,  -- connections it works on
       p.version                                     AS version,                  -- of Empath
       p.sqlite_version                              AS sqlite_version            -- of its SQLite
  FROM _process AS p;
CREATE VIEW audit AS
SELECT a.audit_id                                    AS audit_id,                 -- number of the row, rising
       datetime(a.at, 'unixepoch')                   AS at,                       -- when, UTC
       a.at                                          AS at_unix,                  -- the same, Unix seconds
       a.who AS who,  -- who; 'sql' is a shell, 'empath' carries out an order
       a.sqlite_version AS sqlite_version,  -- SQLite of the program that made the change
       m.ulid                                        AS id,                       -- queue id (ULID) of the message
       a.recipient_id AS recipient_id,  -- number of the recipient, if it is about one
       r.address                                     AS recipient,                -- forward-path
       a.destination                                 AS destination,              -- destination, if it is about one
       a.what AS what,  -- column that changed, verb of control, or check of fsck
       a.before                                      AS before,                   -- its value before
       a.after                                       AS after                     -- its value after
  FROM _audit AS a
  LEFT JOIN _recipient AS r ON r.recipient_id = a.recipient_id
  LEFT JOIN _message AS m ON m.message_id = r.message_id;
CREATE VIEW control AS
SELECT c.control_id                                  AS control_id,               -- number of the order
       c.verb                                        AS verb,                     -- what is to be done
       c.argument                                    AS argument,                 -- with what
       datetime(c.asked_at, 'unixepoch')             AS asked_at,                 -- when it was asked for, UTC
       c.asked_at                                    AS asked_unix,               -- the same, Unix seconds
       c.who                                         AS who,                      -- by whom, as in audit
       datetime(c.done_at, 'unixepoch') AS done_at,  -- when it was done, UTC; NULL: not yet
       c.done_at                                     AS done_unix,                -- the same, Unix seconds
       c.result                                      AS result                    -- what came of it
  FROM _control AS c;
CREATE VIEW _change AS
SELECT NULL AS at,  -- Unix seconds, as are all instants here
       NULL AS who,
       NULL AS recipient_id,
       NULL AS destination,
       NULL AS what,  -- as in _audit; so are before and after
       NULL AS before,
       NULL AS after
 WHERE 0;
CREATE TRIGGER _change_audited INSTEAD OF INSERT ON _change
WHEN new.after IS NOT new.before
BEGIN
  INSERT INTO _audit (at, who, recipient_id, destination, what, before, after)
  VALUES (new.at, new.who, new.recipient_id, new.destination, new.what, new.before, new.after);
END;
CREATE VIEW _move AS
SELECT NULL AS recipient_id,
       NULL AS old_status,  -- as the row was when the statement began; so each old_
       NULL AS status,
       NULL AS old_retry,
       NULL AS is_retry_given,  -- 1: the statement names an instant, too
       NULL AS old_ordered,  -- what is noted already, if it is leased
       NULL AS old_ordered_retry,
       NULL AS at,
       NULL AS who
 WHERE 0;
CREATE VIEW _moved AS SELECT * FROM _move;
CREATE TRIGGER _move_judged INSTEAD OF INSERT ON _move
WHEN new.status IS NOT new.old_status
BEGIN
  SELECT CASE
    WHEN new.status = 'leased'
      THEN raise(ABORT, 'empath: only a worker leases a recipient; set status = ''queued'' to have it tried at once')
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
  SELECT raise(ABORT, 'empath: what was never tried cannot be deferred; set status = ''queued''')
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
  INSERT INTO _moved
  VALUES (
    new.recipient_id, new.old_status, new.status, new.old_retry, new.is_retry_given, new.old_ordered,
    new.old_ordered_retry, new.at, new.who);
END;
CREATE TRIGGER _moved_at_once INSTEAD OF INSERT ON _moved
WHEN new.old_status <> 'leased'
BEGIN
  UPDATE _recipient
     SET status = new.status,
         next_retry_at = iif(
           new.status = 'queued' AND NOT new.is_retry_given, min(next_retry_at, new.at), next_retry_at),
         reason = iif(new.status = 'queued' OR new.status = 'deferred', NULL, 'administratively ' || new.status),
         settled_at = new.at
   WHERE recipient_id = new.recipient_id
     AND status = new.old_status;
  INSERT INTO _audit (at, who, recipient_id, what, before, after)
  VALUES (new.at, new.who, new.recipient_id, 'status', new.old_status, new.status);
END;
CREATE TRIGGER _moved_sooner INSTEAD OF INSERT ON _moved
WHEN new.status = 'queued' AND new.old_retry > new.at AND NOT new.is_retry_given AND new.old_status <> 'leased'
BEGIN
  INSERT INTO _audit (at, who, recipient_id, what, before, after)
  VALUES (new.at, new.who, new.recipient_id, 'next_retry_unix', new.old_retry, new.at);
END;
CREATE TRIGGER _moved_later INSTEAD OF INSERT ON _moved
WHEN new.old_status = 'leased'
BEGIN
  UPDATE _recipient
     SET ordered_status = iif(new.status = 'queued', NULL, new.status),
         ordered_next_retry_at = iif(
           new.status = 'queued' AND NOT new.is_retry_given, new.at, ordered_next_retry_at)
   WHERE recipient_id = new.recipient_id
     AND status = 'leased';
  INSERT INTO _change
  VALUES (
    new.at, new.who, new.recipient_id, NULL, 'ordered', new.old_ordered, iif(new.status = 'queued', NULL, new.status));
  INSERT INTO _change
  VALUES (
    new.at, new.who, new.recipient_id, NULL, 'ordered_next_retry_unix', new.old_ordered_retry,
    iif(new.status = 'queued' AND NOT new.is_retry_given, new.at, new.old_ordered_retry));
END;
CREATE TRIGGER _moved_back INSTEAD OF INSERT ON _moved
WHEN (new.status = 'bounced' OR new.status = 'expired') AND new.old_status <> 'leased'
BEGIN
  INSERT OR IGNORE INTO _notice (message_id, recipient_id, kind, created_at)
  SELECT message_id, recipient_id, 'failure', new.at
    FROM _recipient
   WHERE recipient_id = new.recipient_id
     AND (notify IS NULL OR instr(notify, 'FAILURE'));
END;
CREATE TRIGGER _moved_again INSTEAD OF INSERT ON _moved
WHEN new.old_status = 'bounced' AND new.status = 'queued'
BEGIN
  DELETE FROM _notice WHERE recipient_id = new.recipient_id AND kind = 'failure';
END;
CREATE VIEW _instant AS
SELECT NULL AS what,  -- column of the view, by its name in _audit
       NULL AS recipient_id,
       NULL AS destination,  -- name, if it is about one
       NULL AS before,
       NULL AS after,  -- as it was given
       NULL AS at,
       NULL AS who
 WHERE 0;
CREATE VIEW _instant_set AS SELECT * FROM _instant;
CREATE TRIGGER _instant_read INSTEAD OF INSERT ON _instant
WHEN new.after IS NOT new.before
BEGIN
  INSERT INTO _instant_set
  VALUES (
    new.what, new.recipient_id, new.destination, new.before,
    CASE
      WHEN new.after IS NULL THEN NULL
      WHEN typeof(new.after) = 'integer' OR typeof(new.after) = 'real' THEN new.after
      WHEN typeof(new.after) <> 'text' THEN 0.0
      WHEN new.after GLOB '[-+]*' THEN coalesce(round((julianday('now', new.after) - 2440587.5) * 86400.0, 3), 0.0)
      WHEN new.after GLOB '*[^0-9.]*' THEN coalesce(round((julianday(new.after) - 2440587.5) * 86400.0, 3), 0.0)
      ELSE CAST(new.after AS REAL)
    END,
    new.at, new.who);
END;
CREATE TRIGGER _instant_set_retry INSTEAD OF INSERT ON _instant_set
WHEN new.what = 'next_retry_unix' OR new.what = 'ordered_next_retry_unix'
BEGIN
  SELECT raise(ABORT, 'empath: next_retry_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0 OR new.after IS NULL;
  UPDATE _recipient SET next_retry_at = new.after
   WHERE new.what = 'next_retry_unix' AND recipient_id = new.recipient_id AND status <> 'leased';
  UPDATE _recipient SET ordered_next_retry_at = new.after
   WHERE new.what = 'ordered_next_retry_unix' AND recipient_id = new.recipient_id AND status = 'leased';
  INSERT INTO _change VALUES (new.at, new.who, new.recipient_id, NULL, new.what, new.before, new.after);
END;
CREATE TRIGGER _instant_set_expiry INSTEAD OF INSERT ON _instant_set
WHEN new.what = 'expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0 OR new.after IS NULL;
  UPDATE _recipient SET expires_at = new.after WHERE recipient_id = new.recipient_id;
  INSERT INTO _change VALUES (new.at, new.who, new.recipient_id, NULL, new.what, new.before, new.after);
END;
CREATE TRIGGER _instant_set_suspension INSTEAD OF INSERT ON _instant_set
WHEN new.what = 'suspended_until_unix'
BEGIN
  SELECT raise(ABORT, 'empath: suspended_until takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL to end it')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _destination SET suspended_until = new.after WHERE name = new.destination;
  INSERT INTO _change VALUES (new.at, new.who, NULL, new.destination, new.what, new.before, new.after);
END;
CREATE TRIGGER queue_status INSTEAD OF UPDATE OF status ON queue
BEGIN
  INSERT INTO _move
  VALUES (
    old.recipient_id, old.status, new.status, old.next_retry_unix,
    new.next_retry_unix IS NOT old.next_retry_unix OR new.next_retry_at IS NOT old.next_retry_at,
    old.ordered, old.ordered_next_retry_unix,
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'));
END;
CREATE TRIGGER queue_retry INSTEAD OF UPDATE OF next_retry_at, next_retry_unix ON queue
BEGIN
  SELECT raise(ABORT, 'empath: set next_retry_at or next_retry_unix, not both')
   WHERE new.next_retry_at IS NOT old.next_retry_at AND new.next_retry_unix IS NOT old.next_retry_unix;
  INSERT INTO _instant
  VALUES (
    iif(old.status = 'leased', 'ordered_next_retry_unix', 'next_retry_unix'), old.recipient_id, NULL,
    iif(old.status = 'leased', old.ordered_next_retry_unix, old.next_retry_unix),
    CASE
      WHEN new.next_retry_at IS NOT old.next_retry_at THEN new.next_retry_at
      WHEN new.next_retry_unix IS NOT old.next_retry_unix THEN new.next_retry_unix
      WHEN old.status = 'leased' THEN old.ordered_next_retry_unix
      ELSE old.next_retry_unix
    END,
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'));
END;
CREATE TRIGGER queue_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON queue
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _instant
  VALUES (
    'expires_unix', old.recipient_id, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix),
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'));
END;
CREATE TRIGGER queue_priority INSTEAD OF UPDATE OF priority ON queue
BEGIN
  SELECT raise(ABORT, 'empath: priority takes 0 (first), 1, 2, 3 or 4 (last)')
   WHERE coalesce(CAST(new.priority AS TEXT), '') NOT GLOB '[0-4]';
  UPDATE _recipient SET priority = new.priority
   WHERE CAST(new.priority AS INTEGER) <> old.priority AND recipient_id = old.recipient_id;
  INSERT INTO _change
  VALUES (
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'),
    old.recipient_id, NULL, 'priority', old.priority, CAST(new.priority AS INTEGER));
END;
CREATE TRIGGER queue_update INSTEAD OF UPDATE ON queue
BEGIN
  SELECT 1
   WHERE new.recipient_id IS NULL
     AND coalesce(
       new.id, new.sender, new.recipient, new.domain, new.destination, new.status, new.ordered,
       new.ordered_next_retry_at, new.ordered_next_retry_unix, new.priority, new.next_retry_at, new.next_retry_unix,
       new.expires_at, new.expires_unix, new.attempts, new.last_reply, new.reason, new.received_at, new.received_unix,
       new.size);
END;
CREATE TRIGGER queue_fixed INSTEAD OF UPDATE OF
  id, recipient_id, sender, recipient, domain, destination, ordered, ordered_next_retry_at, ordered_next_retry_unix,
  attempts, last_reply, reason, received_at, received_unix, size
ON queue
BEGIN
  SELECT raise(ABORT, 'empath: queue takes status, next_retry_at, next_retry_unix, priority, expires_at and expires_unix; no other column can be set');
END;
CREATE TRIGGER queue_delete INSTEAD OF DELETE ON queue
BEGIN
  INSERT INTO _move
  VALUES (
    old.recipient_id, old.status, 'cancelled', old.next_retry_unix, 0, old.ordered, old.ordered_next_retry_unix,
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'));
END;
CREATE TRIGGER queue_insert INSTEAD OF INSERT ON queue
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only; to queue a bounced or cancelled recipient again, UPDATE history SET status = ''queued''');
END;
CREATE TRIGGER history_status INSTEAD OF UPDATE OF status ON history
BEGIN
  SELECT raise(ABORT, 'empath: history takes only status = ''queued'', for what is bounced or cancelled')
   WHERE new.status IS NOT old.status
     AND (new.status IS NOT 'queued' OR old.status <> 'bounced' AND old.status <> 'cancelled');
  INSERT INTO _move
  SELECT recipient_id, old.status, new.status, next_retry_at, 0, NULL, NULL,
         (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql')
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
  SELECT raise(ABORT, 'empath: history takes only status = ''queued'', for what is bounced or cancelled');
END;
CREATE TRIGGER history_delete INSTEAD OF DELETE ON history
BEGIN
  SELECT raise(ABORT, 'empath: history is removed by the retention of the configuration only');
END;
CREATE TRIGGER history_insert INSTEAD OF INSERT ON history
BEGIN
  SELECT raise(ABORT, 'empath: only a delivery or an order makes history; DELETE FROM queue cancels a recipient');
END;
CREATE TRIGGER destination_suspension INSTEAD OF UPDATE OF suspended_until, suspended_until_unix ON destination
BEGIN
  SELECT raise(ABORT, 'empath: set suspended_until or suspended_until_unix, not both')
   WHERE new.suspended_until IS NOT old.suspended_until AND new.suspended_until_unix IS NOT old.suspended_until_unix;
  INSERT INTO _instant
  VALUES (
    'suspended_until_unix', NULL, old.destination, old.suspended_until_unix,
    iif(new.suspended_until IS NOT old.suspended_until, new.suspended_until, new.suspended_until_unix),
    (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'));
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
  SELECT raise(ABORT, 'empath: a destination stays; DELETE FROM queue WHERE destination = … cancels what waits for it');
END;
CREATE TRIGGER destination_insert INSTEAD OF INSERT ON destination
BEGIN
  SELECT raise(ABORT, 'empath: the first mail for it makes a destination; routes stand in the configuration');
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
  SELECT raise(ABORT, 'empath: an attempt is what happened and cannot be changed; UPDATE queue steers the next one');
END;
CREATE TRIGGER attempt_delete INSTEAD OF DELETE ON attempt
BEGIN
  SELECT raise(ABORT, 'empath: an attempt goes with its recipient, by the retention of the configuration');
END;
CREATE TRIGGER attempt_insert INSTEAD OF INSERT ON attempt
BEGIN
  SELECT raise(ABORT, 'empath: only a worker makes an attempt; UPDATE queue SET next_retry_at = ''now'' asks for one');
END;
CREATE TRIGGER process_update INSTEAD OF UPDATE ON process
BEGIN
  SELECT raise(ABORT, 'empath: a process is steered by INSERT INTO control');
END;
CREATE TRIGGER process_delete INSTEAD OF DELETE ON process
BEGIN
  SELECT raise(ABORT, 'empath: a process ends by INSERT INTO control');
END;
CREATE TRIGGER process_insert INSTEAD OF INSERT ON process
BEGIN
  SELECT raise(ABORT, 'empath: the service starts its processes; see [delivery] workers in the configuration');
END;
CREATE TRIGGER audit_update INSTEAD OF UPDATE ON audit
BEGIN
  SELECT raise(ABORT, 'empath: what the audit says cannot be changed');
END;
CREATE TRIGGER audit_delete INSTEAD OF DELETE ON audit
BEGIN
  SELECT raise(ABORT, 'empath: what the audit says cannot be removed');
END;
CREATE TRIGGER audit_insert INSTEAD OF INSERT ON audit
BEGIN
  SELECT raise(ABORT, 'empath: the audit is written by what it tells of');
END;
CREATE TRIGGER control_insert INSTEAD OF INSERT ON control
BEGIN
  SELECT CASE
    WHEN coalesce(new.verb, '') NOT IN ('reload', 'log-level', 'freeze', 'thaw', 'flush', 'drain', 'stop-listener')
      THEN raise(ABORT, 'empath: verb takes reload, log-level, freeze, thaw, flush, drain or stop-listener')
    WHEN coalesce(new.control_id, new.asked_at, new.asked_unix, new.who, new.done_at, new.done_unix, new.result) IS NOT NULL
      THEN raise(ABORT, 'empath: control takes verb and argument; no other column can be set')
    WHEN new.verb IN ('reload', 'freeze', 'thaw', 'drain') AND new.argument IS NOT NULL
      THEN raise(ABORT, 'empath: this verb takes no argument')
    WHEN new.verb = 'log-level' AND new.argument NOT IN ('debug', 'info', 'warning', 'error', 'critical')
      THEN raise(ABORT, 'empath: log-level takes debug, info, warning, error or critical, or NULL for the configured one')
    WHEN new.verb = 'flush' AND new.argument IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM _destination WHERE name = new.argument)
      THEN raise(ABORT, 'empath: there is no such destination; see SELECT destination FROM destination')
    WHEN new.verb = 'stop-listener' AND coalesce(new.argument, '') = ''
      THEN raise(ABORT, 'empath: stop-listener takes the address of a listener, such as 127.0.0.1:2525')
  END;
  INSERT INTO _control (verb, argument, who) VALUES (new.verb, new.argument, coalesce((SELECT who FROM _actor), 'sql'));
  INSERT INTO _audit (who, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), new.verb, NULL, new.argument);

  INSERT OR IGNORE INTO _setting (name, value)
  SELECT 'frozen', strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE new.verb = 'freeze';
  DELETE FROM _setting WHERE new.verb = 'thaw' AND name = 'frozen';

  -- Each process looks at it when it beats.
  DELETE FROM _setting WHERE new.verb = 'log-level' AND name = 'log-level';
  INSERT INTO _setting (name, value)
  SELECT 'log-level', new.argument WHERE new.verb = 'log-level' AND new.argument IS NOT NULL;

  -- Back-off is what a flush ends; a hold, a suspension and a rate limit stay.
  UPDATE _destination SET breaker_until = NULL
   WHERE new.verb = 'flush' AND breaker_until IS NOT NULL AND (new.argument IS NULL OR name = new.argument);
  UPDATE _recipient SET next_retry_at = (julianday('now') - 2440587.5) * 86400.0
   WHERE new.verb = 'flush'
     AND destination_id IN (SELECT destination_id FROM _destination WHERE new.argument IS NULL OR name = new.argument)
     AND status IN ('queued', 'deferred')
     AND priority IN (0, 1, 2, 3, 4)
     AND next_retry_at > (julianday('now') - 2440587.5) * 86400.0;
  UPDATE _control
     SET started_at = asked_at,
         done_at = asked_at,
         result = CASE verb
           WHEN 'freeze' THEN 'delivery is stopped since ' || (SELECT value FROM _setting WHERE name = 'frozen')
           WHEN 'thaw' THEN 'delivery goes on'
           WHEN 'log-level' THEN 'all processes but the supervisor follow within 2 s'
           ELSE 'what waits is due'
         END
   WHERE new.verb IN ('freeze', 'thaw', 'flush', 'log-level')
     AND control_id = (SELECT max(control_id) FROM _control);
END;
CREATE TRIGGER control_update INSTEAD OF UPDATE ON control
BEGIN
  SELECT raise(ABORT, 'empath: an order stands; give another with INSERT INTO control (verb, argument)');
END;
CREATE TRIGGER control_delete INSTEAD OF DELETE ON control
BEGIN
  SELECT raise(ABORT, 'empath: an order stands; give another with INSERT INTO control (verb, argument)');
END;
COMMIT;
