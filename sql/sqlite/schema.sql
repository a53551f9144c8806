-- schema.sql - the queue of Empath, private tables
--
-- Theory of operation.  There is one row of _message per accepted message, and one row of _recipient per recipient.  Each
-- recipient has a fate of its own.  A worker takes a _lease on a destination, which marks the recipients of up to 20
-- messages.  It settles each with the fate that the next hop's reply decided.  _recipient_transition has every move that a
-- recipient can make.
--
-- House rules.  Tables begin with an underscore: they are private, and the views of views.sql are the interface.
-- Invariants are CHECKs and triggers here, because another program's connection does not have our settings: its foreign
-- keys are off.  Nothing newer than SQLite 3.40, no function of ours.  Instants are REAL, Unix seconds, UTC.  Text is UTF-8.
-- No list of three or more after IN in a statement that runs per row: SQLite would build a temporary index each time.

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
  delay_report_at   REAL,  -- instant from which a delay is reported, by BY=…;N or after a hold; NULL: as [retry] delay_warning says
  -- JSON object of what the view authentication shows; NULL: not judged.  In SQLite 3.40, json_valid(NULL) is 0.
  authentication    TEXT CHECK (authentication IS NULL OR json_valid(authentication))
) STRICT;

CREATE TABLE _content (
  message_id INTEGER PRIMARY KEY,  -- of _message
  octets     BLOB    NOT NULL  -- the content as received, lines ended by CRLF, not dot-stuffed
) STRICT;

-- A destination is the key of the queue: a next hop that the route names, else the recipient's domain.
CREATE TABLE _destination (
  destination_id  INTEGER PRIMARY KEY,
  name            TEXT    NOT NULL UNIQUE,  -- 'smtp:host:port', 'maildir:/path', 'discard:', 'feedback:', 'no-route:', or a domain in A-labels
  max_leases      INTEGER NOT NULL DEFAULT 20 CHECK (max_leases >= 0),  -- connections at once, of all workers together
  is_full         INTEGER NOT NULL DEFAULT 0 CHECK (is_full IN (0, 1)),  -- 1: lease_limit is reached; kept by triggers
  is_failing      INTEGER NOT NULL DEFAULT 0 CHECK (is_failing IN (0, 1)),  -- 1: its last attempt reached no host
  lease_count     INTEGER NOT NULL DEFAULT 0,  -- leases made so far; every eighth ignores the priority class
  due_at          REAL,  -- lower bound of the earliest waiting recipient's next_retry_at; NULL: none waits
  breaker_until   REAL,  -- circuit breaker: nothing before this instant, then one message as a probe; NULL: closed
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
  turn_at         REAL GENERATED ALWAYS AS (max(ready_at, coalesce(leased_at, 0.0))) VIRTUAL,  -- instant since which it waits for its turn
  -- What its leases have shown, see policy/concurrency.py.
  lease_window    INTEGER NOT NULL DEFAULT 5 CHECK (lease_window >= 1),  -- connections at once that its hosts have borne
  successes       INTEGER NOT NULL DEFAULT 0,  -- messages since the window last changed; below 0: a pause after a failure
  failed_windows  REAL    NOT NULL DEFAULT 0.0,  -- failures since the last session, each one part of the window of its time
  openings        INTEGER NOT NULL DEFAULT 0,  -- how often the breaker opened in a row
  last_failure    TEXT,  -- why the last lease without a session failed, escaped; NULL: there was a session since
  suspended_reason TEXT,  -- reason of the suspension, for people
  exchangers      TEXT,  -- names of its hosts at the last search, the best first, one blank between two; NULL: unknown
  lease_limit     INTEGER GENERATED ALWAYS AS (  -- most leases now; one while the breaker is half open
    min(max_leases, iif(breaker_until IS NULL, lease_window, 1))) VIRTUAL
) STRICT;
CREATE INDEX _destination_ready ON _destination (is_failing, ready_at) WHERE ready_at IS NOT NULL;
-- The order of turns: the better class, then the longest wait.
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
  held_back_until       REAL,  -- next_retry_at that the rate of its sender gave it; in force while both are equal
  sent_as               TEXT,  -- reverse-path that its next host gets, such as one by SRS; NULL: that of the message
  is_live               INTEGER NOT NULL DEFAULT 0,  -- 1: queued, deferred, leased or held; 0: a final status
  CHECK ((status = 'leased') = (lease_id IS NOT NULL))
) STRICT;
-- Leases need the first three columns; the status is for counts.
CREATE INDEX _recipient_due ON _recipient (destination_id, priority, next_retry_at, status) WHERE status IN ('queued', 'deferred');
CREATE INDEX _recipient_held_back ON _recipient (held_back_until)
 WHERE status IN ('queued', 'deferred') AND held_back_until IS NOT NULL;
CREATE INDEX _recipient_lease ON _recipient (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX _recipient_ordered ON _recipient (lease_id) WHERE ordered_status IS NOT NULL;  -- nearly always empty
CREATE INDEX _recipient_message ON _recipient (message_id);
-- For "what is stuck"; nearly always empty.
CREATE INDEX _recipient_held ON _recipient (destination_id) WHERE status = 'held';
-- For what waits, however many recipients were delivered before: the oldest first, and by domain.  While a recipient is live,
-- a new status changes neither.
CREATE INDEX _recipient_live ON _recipient (recipient_id, message_id) WHERE is_live = 1;
CREATE INDEX _recipient_domain ON _recipient (domain, recipient_id, message_id) WHERE is_live = 1;
-- For "what bounced, newest first", however many recipients were delivered since.
CREATE INDEX _recipient_failed ON _recipient (recipient_id) WHERE status IN ('bounced', 'expired');
-- So that nobody counts what was delivered: it is all that is in no other index.
CREATE INDEX _recipient_cancelled ON _recipient (recipient_id) WHERE status = 'cancelled';

-- The moves that a recipient can make.  The trigger below refuses every other move, in any shell.
CREATE TABLE _recipient_transition (
  old_status TEXT NOT NULL,
  new_status TEXT NOT NULL,
  actor      TEXT NOT NULL CHECK (actor IN ('empath', 'operator', 'both')),  -- cause of the move
  PRIMARY KEY (old_status, new_status)
) STRICT, WITHOUT ROWID;
INSERT INTO _recipient_transition (old_status, new_status, actor) VALUES
  ('queued',    'leased',    'empath'),
  ('deferred',  'leased',    'empath'),
  ('leased',    'queued',    'empath'),  -- put back unsent
  ('leased',    'deferred',  'empath'),
  ('leased',    'delivered', 'empath'),
  ('leased',    'bounced',   'empath'),
  ('leased',    'expired',   'empath'),
  ('leased',    'held',      'empath'),  -- an order, or three lost leases
  ('leased',    'cancelled', 'empath'),  -- an order
  ('queued',    'held',      'both'),
  ('queued',    'bounced',   'operator'),
  ('queued',    'expired',   'operator'),
  ('queued',    'cancelled', 'operator'),
  ('deferred',  'queued',    'operator'),
  ('deferred',  'held',      'both'),
  ('deferred',  'bounced',   'operator'),
  ('deferred',  'expired',   'operator'),
  ('deferred',  'cancelled', 'operator'),
  ('held',      'queued',    'operator'),
  ('held',      'deferred',  'operator'),
  ('held',      'bounced',   'operator'),
  ('held',      'expired',   'operator'),
  ('held',      'cancelled', 'operator'),
  ('bounced',   'queued',    'operator'),  -- while its content is retained
  ('cancelled', 'queued',    'operator');  -- while its content is retained

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

-- The two moves of each mail need no look.
CREATE TRIGGER _recipient_moves BEFORE UPDATE OF status, is_live ON _recipient
WHEN old.status IS NOT new.status
 AND NOT (old.status = 'queued' AND new.status = 'leased' OR old.status = 'leased' AND new.status = 'delivered')
 AND NOT EXISTS (SELECT 1 FROM _recipient_transition WHERE old_status = old.status AND new_status = new.status)
  OR CASE new.status  -- the most frequent first
       WHEN 'leased' THEN new.is_live <> 1
       WHEN 'delivered' THEN new.is_live <> 0
       WHEN 'deferred' THEN new.is_live <> 1
       WHEN 'queued' THEN new.is_live <> 1
       WHEN 'held' THEN new.is_live <> 1
       ELSE new.is_live <> 0
     END
BEGIN
  SELECT raise(ABORT, 'empath: a recipient cannot make this move; see SELECT * FROM _recipient_transition')
   WHERE old.status IS NOT new.status
     AND NOT EXISTS (SELECT 1 FROM _recipient_transition WHERE old_status = old.status AND new_status = new.status);
  SELECT raise(ABORT, 'empath: is_live is 1 for queued, deferred, leased and held, else 0; the views queue and history keep it');
END;

CREATE TRIGGER _recipient_stays BEFORE DELETE ON _recipient
WHEN old.status <> 'delivered' AND old.status <> 'bounced' AND old.status <> 'expired' AND old.status <> 'cancelled'
BEGIN
  SELECT raise(ABORT, 'empath: only a recipient with a final status may be removed; cancel it first');
END;

-- REPLACE removes rows without firing the trigger above, in every shell whose recursive_triggers is off.  Other tables have
-- such a trigger, too, but not those that each mail writes (_message, _content, _attempt): it would cost a mail a hundredth
-- of its time.  What REPLACE breaks there, fsck finds.
-- A process may remember the number of a destination that was removed since.
CREATE TRIGGER _recipient_fits BEFORE INSERT ON _recipient
WHEN new.recipient_id > 0 AND EXISTS (SELECT 1 FROM _recipient WHERE recipient_id = new.recipient_id)
  OR NOT EXISTS (SELECT 1 FROM _destination WHERE destination_id = new.destination_id)
  OR CASE new.status
       WHEN 'queued' THEN new.is_live <> 1
       WHEN 'deferred' THEN new.is_live <> 1
       WHEN 'leased' THEN new.is_live <> 1
       WHEN 'held' THEN new.is_live <> 1
       ELSE new.is_live <> 0
     END
BEGIN
  SELECT raise(ABORT, 'empath: a recipient with this number exists')
   WHERE EXISTS (SELECT 1 FROM _recipient WHERE recipient_id = new.recipient_id);
  SELECT raise(ABORT, 'empath: no destination has this number')
   WHERE NOT EXISTS (SELECT 1 FROM _destination WHERE destination_id = new.destination_id);
  SELECT raise(ABORT, 'empath: is_live is 1 for queued, deferred, leased and held, else 0; the views queue and history keep it');
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

-- Destinations that the housekeeper is about to remove, see storage/queue/destinations.py.
CREATE TABLE _destination_leaving (
  destination_id INTEGER PRIMARY KEY  -- of _destination
) STRICT;

-- Without its destination the views would not show a recipient.  The greatest number is kept: SQLite would give it again.
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

-- See _recipient_fits.
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

-- due_at is a lower bound: these two triggers only lower it, and a lease makes it exact.
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

-- One run of one process.  A pid is used again, this number never is.
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
  config_revision INTEGER,  -- of _config_revision, by which it runs all its life; NULL: of an older version
  UNIQUE (instance, slot, generation)
) STRICT;

-- One lease = one connection = one concurrency slot of its destination.
CREATE TABLE _lease (
  lease_id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- the fencing token
  process_id     INTEGER NOT NULL,  -- of _process; a lease lives as long as its process
  destination_id INTEGER NOT NULL,  -- of _destination
  leased_at      REAL    NOT NULL
) STRICT;
CREATE INDEX _lease_destination ON _lease (destination_id);
CREATE INDEX _lease_process ON _lease (process_id);

-- See _recipient_fits.
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
         is_full = (SELECT count(*) FROM _lease WHERE destination_id = new.destination_id) >= lease_limit
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
     SET is_full = (SELECT count(*) FROM _lease WHERE destination_id = old.destination_id) >= lease_limit
   WHERE destination_id = old.destination_id
     AND is_full;
END;

CREATE TRIGGER _destination_closed AFTER INSERT ON _destination
WHEN new.max_leases = 0
BEGIN
  UPDATE _destination SET is_full = 1 WHERE destination_id = new.destination_id;
END;

CREATE TRIGGER _destination_resized AFTER UPDATE OF max_leases, lease_window, breaker_until ON _destination
WHEN new.lease_limit <> old.lease_limit
BEGIN
  UPDATE _destination
     SET is_full = (SELECT count(*) FROM _lease WHERE destination_id = new.destination_id) >= lease_limit
   WHERE destination_id = new.destination_id;
END;

-- Every attempt, with the reply that ended it.  Rows are written in the transaction that settles the recipient.  If a host
-- did not take the mail and another was tried in the same attempt, it has a row of its own: 'next_host'.
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
  tls_policy            TEXT,  -- level in force and what decided it, such as may by built-in; NULL: no host was asked
  tls_version           TEXT,  -- such as TLSv1.3; NULL: in the clear
  tls_cipher            TEXT,  -- name of the cipher suite
  tls_peer              TEXT,  -- how the host proved its identity; NULL: not at all
  outcome               TEXT    NOT NULL CHECK (
                          outcome = 'delivered' OR outcome = 'deferred' OR outcome = 'bounced' OR outcome = 'expired'
                          OR outcome = 'next_host' OR outcome = 'unknown' OR outcome = 'maybe_delivered'),
  decided_status        TEXT    NOT NULL,  -- resulting status; 'unchanged': none
  decided_next_retry_at REAL,   -- resulting instant of the next attempt; NULL: none
  dnssec                TEXT,   -- of the look-ups: secure, insecure or bogus; NULL: not checked, or no look-up
  class                 TEXT,   -- kind of the failure, see policy/replies/bounce_class.py; NULL: delivered, or not known
  tls_failure           TEXT,   -- why TLS failed, also if the mail went on without it; NULL: it did not
  source                TEXT    -- address of [sources] that the connection went out from; NULL: the system chose, or there was none
) STRICT;
CREATE INDEX _attempt_recipient ON _attempt (recipient_id);

CREATE TRIGGER _attempt_stays BEFORE DELETE ON _attempt
WHEN EXISTS (SELECT 1 FROM _recipient WHERE recipient_id = old.recipient_id)
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is removed with its recipient, by the retention of the configuration');
END;

-- The class is an opinion, which other rules may change; all else is evidence.
CREATE TRIGGER _attempt_not_changed BEFORE UPDATE OF
  attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage,
  code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at,
  dnssec, tls_failure, source
ON _attempt
WHEN NOT EXISTS (SELECT 1 FROM _setting WHERE name = 'redacting')
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is a record and cannot be changed; UPDATE queue changes the next one');
END;

-- The obligation to report: it commits with the fate, and is removed with the report.
CREATE TABLE _notice (
  notice_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id   INTEGER NOT NULL,  -- of _message
  recipient_id INTEGER NOT NULL,  -- of _recipient
  kind         TEXT    NOT NULL CHECK (kind = 'failure' OR kind = 'delay' OR kind = 'success'),
  created_at   REAL    NOT NULL,
  is_met       INTEGER NOT NULL DEFAULT 0 CHECK (is_met IN (0, 1)),  -- 1: its report is made, in this transaction
  action       TEXT    CHECK (action IN ('delivered', 'relayed', 'expanded')),  -- of a success, RFC 3464; else NULL
  UNIQUE (recipient_id, kind)
) STRICT;
CREATE INDEX _notice_message ON _notice (message_id, kind);

CREATE TRIGGER _notice_stays BEFORE DELETE ON _notice
WHEN NOT old.is_met
 AND EXISTS (
   SELECT 1 FROM _recipient
    WHERE recipient_id = old.recipient_id AND (old.kind <> 'failure' OR status = 'bounced' OR status = 'expired'))
BEGIN
  SELECT raise(ABORT, 'empath: the sender must get this report; a notice is removed with its report');
END;

-- See _recipient_fits.  A second notice of the same kind about a recipient is left out by the statement that inserts it.
CREATE TRIGGER _notice_not_replaced BEFORE INSERT ON _notice
WHEN new.notice_id > 0 AND EXISTS (SELECT 1 FROM _notice WHERE notice_id = new.notice_id)
BEGIN
  SELECT raise(ABORT, 'empath: the sender must get this report; a notice is removed with its report');
END;

CREATE TABLE _setting (
  -- 'frozen': the instant, in ISO 8601, since which an operator stops delivery; 'log-level';
  -- 'destination_rules': number of changes of _destination_rule, _source_rest, _warmup and _hold_rule; 'routes': digest of the routes that the waiting mail follows;
  -- 'audit_told': the last row of _audit that is in the log; 'audit_forgotten_until': see _audit_not_removed;
  -- 'redacting': see _audit_not_changed; 'pseudonym_key': the key of pseudonyms, hexadecimal, see policy/forgetting.py
  -- 'queue_at': the instant of the view queue_at, in Unix seconds
  -- 'decoy_secret': the key of the salts for names that have no account, hexadecimal
  -- 'spool_owner': the key that is also in spool/owner, see storage/spool_owner.py
  -- 'throughput': the last rows that are counted, see storage/queue/throughput.py
  -- 'log_levels': number of changes of _log_level
  -- 'warmup_of_file': the plans of the file that the newest housekeeper has read, see storage/queue/warmup.py
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

-- The processes read the levels again when this number changes.
CREATE TRIGGER _log_level_added AFTER INSERT ON _log_level
BEGIN
  INSERT OR IGNORE INTO _setting (name, value) VALUES ('log_levels', '0');
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'log_levels';
END;

CREATE TRIGGER _log_level_changed AFTER UPDATE ON _log_level
BEGIN
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'log_levels';
END;

CREATE TRIGGER _log_level_left AFTER DELETE ON _log_level
BEGIN
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'log_levels';
END;

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

-- What is held when its turn comes, see policy/hold_rules.py. At most a thousand rows, mostly none.
CREATE TABLE _hold_rule (
  hold_rule_id INTEGER PRIMARY KEY AUTOINCREMENT,
  scope        TEXT    NOT NULL CHECK (scope IN ('sender', 'recipient', 'destination', 'account', 'client')),
  pattern      TEXT    NOT NULL CHECK (length(pattern) BETWEEN 1 AND 1024),  -- which of them
  expires_at   REAL,  -- instant at which it ends; NULL: never
  reason       TEXT    CHECK (length(reason) <= 1000),  -- for people
  hits         INTEGER NOT NULL DEFAULT 0,  -- recipients that it has held
  created_at   REAL    NOT NULL,
  who          TEXT    NOT NULL,  -- author, as in _audit
  UNIQUE (scope, pattern)
) STRICT;

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

-- The processes read the rules again when this number changes.
CREATE TRIGGER _destination_rule_added AFTER INSERT ON _destination_rule
BEGIN
  INSERT OR IGNORE INTO _setting (name, value) VALUES ('destination_rules', '0');
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

CREATE TRIGGER _destination_rule_changed AFTER UPDATE ON _destination_rule
BEGIN
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

CREATE TRIGGER _destination_rule_left AFTER DELETE ON _destination_rule
BEGIN
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

-- Addresses that no mail goes out from for a while, see policy/sources.py.
CREATE TABLE _source_rest (
  address    TEXT PRIMARY KEY CHECK (length(address) BETWEEN 2 AND 45),  -- of a pool of [sources]
  expires_at REAL NOT NULL,  -- end of the rest
  reason     TEXT CHECK (length(reason) <= 1000),  -- for people
  created_at REAL NOT NULL,
  who        TEXT NOT NULL  -- author, as in _audit
) STRICT, WITHOUT ROWID;

-- The processes read the rests with the rules of destinations.
CREATE TRIGGER _source_rest_added AFTER INSERT ON _source_rest
BEGIN
  INSERT OR IGNORE INTO _setting (name, value) VALUES ('destination_rules', '0');
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

CREATE TRIGGER _source_rest_changed AFTER UPDATE ON _source_rest
BEGIN
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

CREATE TRIGGER _source_rest_left AFTER DELETE ON _source_rest
BEGIN
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

-- Plans for new source addresses, see policy/warmup.py: the most messages of each day.
CREATE TABLE _warmup (
  address       TEXT    NOT NULL CHECK (length(address) BETWEEN 2 AND 45),  -- of a pool of [sources]
  provider      TEXT    NOT NULL CHECK (length(provider) BETWEEN 1 AND 255),  -- name of a host, *.domain or *
  day           INTEGER NOT NULL CHECK (day BETWEEN 1 AND 1000),  -- of 24 hours; 1 begins at started_at
  most_messages INTEGER NOT NULL CHECK (most_messages BETWEEN 0 AND 1000000000),
  started_at    REAL    NOT NULL,  -- the same in all rows of a plan
  PRIMARY KEY (address, provider, day)
) STRICT, WITHOUT ROWID;

-- What has gone out by these plans, and by those of the file: their provider is followed by ' @' and the start.
CREATE TABLE _warmup_use (
  address  TEXT    NOT NULL,  -- as in _warmup
  provider TEXT    NOT NULL,
  day      INTEGER NOT NULL,
  messages INTEGER NOT NULL,  -- number of messages of that day
  PRIMARY KEY (address, provider, day)
) STRICT, WITHOUT ROWID;

-- The processes read the plans with the rules of destinations. What waits for a day of an old plan is looked at again.
CREATE TRIGGER _warmup_added AFTER INSERT ON _warmup
BEGIN
  INSERT OR IGNORE INTO _setting (name, value) VALUES ('destination_rules', '0');
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
  UPDATE _destination SET suspended_until = NULL, suspended_reason = NULL WHERE suspended_reason GLOB 'warm-up: *';
END;

CREATE TRIGGER _warmup_changed AFTER UPDATE ON _warmup
BEGIN
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
  UPDATE _destination SET suspended_until = NULL, suspended_reason = NULL WHERE suspended_reason GLOB 'warm-up: *';
END;

CREATE TRIGGER _warmup_left AFTER DELETE ON _warmup
BEGIN
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
  UPDATE _destination SET suspended_until = NULL, suspended_reason = NULL WHERE suspended_reason GLOB 'warm-up: *';
END;

-- Who was told to come again, and who has, see policy/greylist.py.
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

-- The addresses that exist in domains with the rule "listed" of [recipients], see policy/recipients.py.
CREATE TABLE _recipient_list (
  address TEXT PRIMARY KEY CHECK (length(address) BETWEEN 3 AND 1024)  -- ASCII letters in lower case
) STRICT, WITHOUT ROWID;

-- Where mail goes instead of the address that the client gives, one row for each target, see policy/recipients.py.
CREATE TABLE _alias (
  pattern TEXT NOT NULL CHECK (length(pattern) BETWEEN 2 AND 1024),  -- address or @domain, ASCII letters in lower case
  target  TEXT NOT NULL CHECK (length(target) BETWEEN 2 AND 1024),  -- address, or @domain for the same local part there
  PRIMARY KEY (pattern, target)
) STRICT, WITHOUT ROWID;

-- What the next host has said of an address, in domains with the rule "verify" of [recipients].
CREATE TABLE _verification (
  address    TEXT    PRIMARY KEY,  -- as in _recipient_list
  is_known   INTEGER NOT NULL CHECK (is_known IN (0, 1)),  -- 1: the host takes its mail
  reply      TEXT    NOT NULL,  -- reply of the host to RCPT, escaped
  expires_at REAL    NOT NULL  -- instant from which on the host is asked again
) STRICT, WITHOUT ROWID;
CREATE INDEX _verification_expiry ON _verification (expires_at);

-- Answers of the DNS that the workers share, see net/dns_cache.py.
CREATE TABLE _dns_cache (
  dns_cache_id INTEGER PRIMARY KEY,
  name         TEXT    NOT NULL,  -- in A-labels, lower case
  type         TEXT    NOT NULL,  -- type of record, such as MX
  status       TEXT    NOT NULL,  -- found, NODATA or NXDOMAIN
  answer       TEXT    NOT NULL,  -- JSON array of the records, each as in a zone
  alias_of     TEXT    NOT NULL DEFAULT '',  -- name at the end of the aliases; '' without aliases
  dnssec       TEXT    CHECK (dnssec IN ('secure', 'insecure')),  -- NULL: not checked
  asked_at     REAL    NOT NULL,  -- instant of the answer
  expires_at   REAL    NOT NULL,  -- instant from which on it is asked again
  stale_until  REAL    NOT NULL,  -- instant until which it serves where the name servers fail
  times_asked  INTEGER NOT NULL DEFAULT 1,
  failure      TEXT,  -- why the last question had no answer; NULL: it had one
  UNIQUE (name, type),
  CHECK (status IN ('found', 'NODATA', 'NXDOMAIN')),
  CHECK (stale_until >= expires_at)
) STRICT;
CREATE INDEX _dns_cache_end ON _dns_cache (stale_until);

-- Names about which every process asks anew, see daemon/process/dns_rows.py.
CREATE TABLE _dns_order (
  order_id INTEGER PRIMARY KEY AUTOINCREMENT,
  name     TEXT,  -- name to ask about anew; NULL: all
  given_at REAL   NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0)
) STRICT;

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

-- Messages that a client may send again, see storage/queue/dedup.py. A repetition removes its row.
CREATE TABLE _dedup (
  key        TEXT PRIMARY KEY,  -- SHA-256 of envelope, account and content, hexadecimal
  ulid       TEXT NOT NULL,  -- of the message, which a repetition is answered with
  expires_at REAL NOT NULL  -- instant from which on the same is another message
) STRICT, WITHOUT ROWID;
CREATE INDEX _dedup_expiry ON _dedup (expires_at);

-- Requests by HTTP that carried an Idempotency-Key, see storage/queue/injection.py.  A row is in the commit of its messages.
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

-- Who may submit mail by logging in.  Secrets are here and in no view: they are not the password, and it cannot be read
-- from them.  An account without a password gives its senders and rates to a name that another back end has proved.
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

-- See _recipient_fits.
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

-- What programs show that use the HTTP API, see policy/api_token.py.  Of the secret only the digest is kept.
CREATE TABLE _token (
  token_id     INTEGER PRIMARY KEY AUTOINCREMENT,
  name         TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),  -- in the audit as token:name
  role         TEXT    NOT NULL CHECK (role IN ('read', 'operate', 'inject', 'admin')),
  networks     TEXT    NOT NULL DEFAULT '' CHECK (length(networks) <= 10000),  -- clients that may use it, blanks between; '': any
  digest       TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),  -- SHA-256 of the secret, in hexadecimal digits
  created_at   REAL    NOT NULL,
  expires_at   REAL,  -- instant from which on it is of no use; NULL: never
  last_used_at REAL,  -- instant of the last use, up to a minute late
  last_client  TEXT,  -- IP address of that client, or its UNIX socket
  account      TEXT CHECK (length(account) BETWEEN 1 AND 1024)  -- whose senders and rates its mail has; NULL: any sender
) STRICT;

-- See _recipient_fits.
CREATE TRIGGER _token_not_replaced BEFORE INSERT ON _token
WHEN EXISTS (SELECT 1 FROM _token WHERE name = new.name OR digest = new.digest)
  OR new.token_id > 0 AND EXISTS (SELECT 1 FROM _token WHERE token_id = new.token_id)
BEGIN
  SELECT raise(ABORT, 'empath: a token with this name exists');
END;

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

-- See _recipient_fits.
CREATE TRIGGER _dkim_key_not_replaced BEFORE INSERT ON _dkim_key
WHEN EXISTS (SELECT 1 FROM _dkim_key WHERE domain = new.domain AND selector = new.selector)
  OR new.dkim_key_id > 0 AND EXISTS (SELECT 1 FROM _dkim_key WHERE dkim_key_id = new.dkim_key_id)
BEGIN
  SELECT raise(ABORT, 'empath: a key with this selector exists');
END;

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
  source     TEXT NOT NULL,  -- 'bounce': a host refused it for good; 'complaint': its user complained; else who added it, as in _audit
  reason     TEXT,  -- reply of the host, or words of the operator
  class      TEXT,  -- class of the failure, see policy/replies/bounce_class.py
  created_at REAL NOT NULL,
  expires_at REAL  -- instant from which on it gets mail again; NULL: never
) STRICT, WITHOUT ROWID;
CREATE INDEX _suppression_expiry ON _suppression (expires_at) WHERE expires_at IS NOT NULL;

-- What others report about mail that went out, see storage/queue/feedback.py.
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

-- What may be done at most with mail that DMARC finds to be false, see authentication/disposition.py.
CREATE TABLE _authentication_override (
  pattern    TEXT PRIMARY KEY CHECK (length(pattern) BETWEEN 1 AND 255),  -- domain of authors, or network of clients, in lower case
  at_most    TEXT NOT NULL CHECK (at_most IN ('tag', 'quarantine-route', 'hold', 'reject')),
  expires_at REAL,  -- instant from which on it has no effect; NULL: never
  reason     TEXT CHECK (length(reason) <= 1000),  -- for people
  created_at REAL NOT NULL,
  who        TEXT NOT NULL  -- author, as in _audit
) STRICT, WITHOUT ROWID;

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
  UNIQUE (kind, domain, org_name, report_id, begin_at)
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

CREATE TRIGGER _received_report_left AFTER DELETE ON _received_report
BEGIN
  DELETE FROM _received_dmarc WHERE received_report_id = old.received_report_id;
  DELETE FROM _received_tls WHERE received_report_id = old.received_report_id;
END;

-- Files that no message needs; the housekeeper removes each file, then its row.
CREATE TABLE _spool_garbage (
  locator     TEXT PRIMARY KEY,  -- former value of _message.content_locator
  tries       INTEGER NOT NULL DEFAULT 0,  -- removals that failed
  next_try_at REAL    NOT NULL DEFAULT 0.0,  -- not before; doubles with each try
  last_error  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX _spool_garbage_due ON _spool_garbage (next_try_at);

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

-- The person who gives orders.  A program sets the row first and removes it last in its transaction; without the row the
-- audit says 'sql'.
CREATE TABLE _actor (
  actor_id INTEGER PRIMARY KEY CHECK (actor_id = 1),  -- there is only one
  who      TEXT    NOT NULL CHECK (length(who) BETWEEN 1 AND 200)
) STRICT;

-- Changes made through the views, one row for each changed column of each row.  Rows are only added.
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
-- Rows that say by which statement the rows before them were made: "before" is the number of the first of these.
CREATE INDEX _audit_statement ON _audit (audit_id) WHERE what = 'statement';

-- Redaction sets 'redacting' in the transaction that leaves out what a row says of a person, here and in _attempt and _event.
CREATE TRIGGER _audit_not_changed BEFORE UPDATE ON _audit
WHEN NOT EXISTS (SELECT 1 FROM _setting WHERE name = 'redacting')
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit cannot be changed');
END;

-- Retention sets the instant up to which rows may go, in the transaction that removes them.
CREATE TRIGGER _audit_not_removed BEFORE DELETE ON _audit
WHEN NOT EXISTS (SELECT 1 FROM _setting WHERE name = 'audit_forgotten_until' AND old.at <= CAST(value AS REAL))
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit cannot be removed; [retention] audit removes them in time');
END;

-- See _recipient_fits.
CREATE TRIGGER _audit_not_replaced BEFORE INSERT ON _audit
WHEN new.audit_id > 0 AND new.audit_id <= (SELECT max(audit_id) FROM _audit)
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit can only be added, at its end');
END;

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

CREATE TRIGGER _audit_seal_not_changed BEFORE UPDATE ON _audit_seal
BEGIN
  SELECT raise(ABORT, 'empath: a seal of the audit cannot be changed');
END;

CREATE TRIGGER _audit_seal_stays BEFORE DELETE ON _audit_seal
WHEN EXISTS (SELECT 1 FROM _audit WHERE audit_id > old.audit_after AND audit_id <= old.audit_last)
  OR EXISTS (SELECT 1 FROM _attempt WHERE attempt_id > old.attempts_after AND attempt_id <= old.attempts_last)
BEGIN
  SELECT raise(ABORT, 'empath: a seal of the audit goes after its rows, by the retention of the configuration');
END;

-- Rows of the audit and attempts that were changed after they were sealed, because an address was forgotten or because they
-- are old. See policy/seal.py and storage/queue/redaction.py.
CREATE TABLE _redacted (
  kind     TEXT    NOT NULL CHECK (kind IN ('audit', 'attempt')),
  number   INTEGER NOT NULL,  -- of the row
  audit_id INTEGER NOT NULL,  -- of _audit: the row that tells of it, with a digest over all that it changed
  before   BLOB    NOT NULL,  -- leaf of the row before, as in _audit_seal
  after    BLOB    NOT NULL,  -- its leaf since
  PRIMARY KEY (kind, number, audit_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX _redacted_by ON _redacted (audit_id);

-- Orders to the service as a whole.  The statement that gives the order carries out freeze, thaw, flush or log-level.  The
-- other orders are carried out once on each node, see _control_outcome and daemon/housekeeper/control.py.
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

-- The result of an order on a node: one row for each node that was running when the order was given.
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

-- See _recipient_fits.
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

-- Orders that are prepared: see control/plan.sql.
CREATE TABLE _plan (
  plan_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  verb       TEXT    NOT NULL CHECK (
               verb IN ('retry', 'hold', 'release', 'delete', 'bounce', 'expire', 'priority', 'reroute')),
  argument   TEXT,  -- class of the verb priority
  predicate  TEXT,  -- how the recipients were selected
  hash       TEXT,  -- SHA-256 of their numbers, hexadecimal
  who        TEXT    NOT NULL,  -- as in _audit
  created_at REAL    NOT NULL,
  expires_at REAL    NOT NULL  -- end of the plan
) STRICT;
CREATE INDEX _plan_expiry ON _plan (expires_at);

CREATE TABLE _plan_recipient (
  plan_recipient_id INTEGER PRIMARY KEY,
  plan_id           INTEGER NOT NULL,  -- of _plan
  recipient_id      INTEGER NOT NULL,  -- of _recipient; the row may outlive it
  state             TEXT    NOT NULL CHECK (state IN ('planned', 'applied', 'undone')),
  status            TEXT    NOT NULL,  -- before the plan
  next_retry_at     REAL    NOT NULL,  -- before the plan
  priority          INTEGER NOT NULL,  -- before the plan
  changed_at        REAL,  -- instant at which the plan changed it
  destination       TEXT,  -- name of the destination before a plan to reroute; NULL for other verbs
  target            TEXT,  -- name of the destination that such a plan moves it to
  UNIQUE (plan_id, recipient_id)
) STRICT;
CREATE INDEX _plan_recipient_state ON _plan_recipient (plan_id, state);

-- The configurations that the processes of a node ran by, without secrets.  See storage/queue/config_revisions.py.
CREATE TABLE _config_revision (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  node     TEXT    NOT NULL,  -- host
  instance TEXT    NOT NULL,  -- ULID of its supervisor's run
  reading  TEXT    NOT NULL,  -- names the reading of the file by that supervisor: a process of an older one may register late
  at       REAL    NOT NULL,  -- instant at which the first process registered with it
  cause    TEXT    NOT NULL CHECK (cause IN ('start', 'reload')),
  who      TEXT    NOT NULL,  -- author of the order to reload, as in _audit; 'empathd': a start, or a signal
  hash     TEXT    NOT NULL,  -- SHA-256 of the text, hexadecimal
  text     TEXT    NOT NULL,  -- TOML, defaults included, secrets masked
  version  TEXT    NOT NULL  -- of Empath
) STRICT;

CREATE TRIGGER _config_revision_not_changed BEFORE UPDATE ON _config_revision
BEGIN
  SELECT raise(ABORT, 'empath: a configuration that was in force is a record and cannot be changed');
END;

-- See _recipient_fits.
CREATE TRIGGER _config_revision_not_replaced BEFORE INSERT ON _config_revision
WHEN new.revision > 0 AND EXISTS (SELECT 1 FROM _config_revision WHERE revision = new.revision)
BEGIN
  SELECT raise(ABORT, 'empath: a configuration with this number exists');
END;

-- Every setting of the newest configuration of a node.
CREATE TABLE _effective_setting (
  node          TEXT NOT NULL,  -- host
  name          TEXT NOT NULL,  -- dotted, such as receiving.limits.recipients
  value         TEXT,  -- text; numbers and lists as in JSON; NULL: not set
  default_value TEXT,  -- NULL: there is none
  source        TEXT NOT NULL,  -- FILE:LINE, or 'default'
  PRIMARY KEY (node, name)
) STRICT, WITHOUT ROWID;

-- Sessions of clients that last longer than a second.  Their acceptor writes them once a second at most, see
-- daemon/acceptor/session_list.py.
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

-- What clients and accounts have used of their rates, see policy/limits/rate.py.  A row whose instant is past means the same
-- as no row; acceptors remove such rows.
CREATE TABLE _rate (
  name     TEXT NOT NULL,  -- key of [receiving.limits], such as message_rate_per_client
  holder   TEXT NOT NULL,  -- IP address or network of the client, or name of the account
  listener TEXT NOT NULL,  -- address of a listener with limits of its own; '': the other listeners
  full_at  REAL NOT NULL,  -- instant at which all of the rate will be free again
  PRIMARY KEY (name, holder, listener)
) STRICT, WITHOUT ROWID;
CREATE INDEX _rate_full ON _rate (full_at);

-- Clients that were turned away, see daemon/acceptor/refusal_rows.py. The last ten thousand rows stay, for 30 days.
CREATE TABLE _refusal (
  refusal_id     INTEGER PRIMARY KEY AUTOINCREMENT,
  first_at       REAL    NOT NULL,  -- instant of the first of them
  last_at        REAL    NOT NULL,  -- instant of the last one
  times          INTEGER NOT NULL CHECK (times >= 1),  -- number of refusals that were the same
  listener       TEXT    NOT NULL,  -- address of the listener
  client_address TEXT    NOT NULL,  -- IP address of the client; '': several, there were too many for a row each
  client_name    TEXT    NOT NULL,  -- name that it gave in HELO or EHLO; '': none
  account        TEXT,  -- account by which it had logged in; NULL: none
  sender         TEXT,  -- reverse-path as the client gave it; NULL: before MAIL
  recipient      TEXT,  -- forward-path, where RCPT was refused
  stage          TEXT    NOT NULL,  -- command, or what ended the session
  rule           TEXT    NOT NULL,  -- see policy/limits/refusal_rule.py
  reply          TEXT    NOT NULL  -- reply that the client got, escaped
) STRICT;

-- What was said in sessions that failed, see storage/queue/transcripts.py. [transcripts] bounds them in number and time. The
-- program alone writes; the dialogue is last, so that a look at the other columns does not read it.
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

-- What came in and went out in each hour, see storage/queue/throughput.py.
CREATE TABLE _throughput (
  hour_at     INTEGER NOT NULL,  -- begin of the hour
  destination TEXT    NOT NULL,  -- name of the destination; '': mail that came in; '*': destinations beyond a hundred
  received    INTEGER NOT NULL,  -- messages that came in
  octets      INTEGER NOT NULL,  -- their octets
  delivered   INTEGER NOT NULL,  -- recipients
  deferred    INTEGER NOT NULL,  -- attempts
  bounced     INTEGER NOT NULL,  -- recipients
  expired     INTEGER NOT NULL,  -- recipients
  PRIMARY KEY (hour_at, destination)
) STRICT, WITHOUT ROWID;

-- Token buckets of deliveries, see policy/limits/delivery.py. A bucket that is full has the same meaning as no row.
CREATE TABLE _bucket (
  name     TEXT PRIMARY KEY,  -- 'all', or a kind and a name: 'destination a.example', 'provider mx:*.b.example', 'sender c.example'
  full_at  REAL NOT NULL,  -- instant at which it will be full
  token_at REAL  -- instant from which on it is asked again; NULL: it has tokens
) STRICT, WITHOUT ROWID;

-- Who removes a bucket gives its tokens back: no destination waits for the next one. A full bucket means the same as no row.
CREATE TRIGGER _bucket_left AFTER DELETE ON _bucket
WHEN old.full_at > (SELECT now FROM _clock)
BEGIN
  UPDATE _destination SET token_at = NULL WHERE token_at > (SELECT now FROM _clock);
END;

-- Events: what happened to mail, for programs that listen (docs/events.md).  Triggers write them in the transaction that makes
-- the fact, whoever makes it, and only those of types that a consumer wants: without a consumer a trigger looks at one row.
-- An event stays as long as [events] says, whether or not it was sent.  The last one always stays: its number tells how many
-- there were, and none is given twice.  So AUTOINCREMENT is not needed, for which each statement with such a trigger would
-- search a table, also without a consumer.
CREATE TABLE _event (
  event_id     INTEGER PRIMARY KEY,  -- in the order of the commits, without gaps
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

-- See _recipient_fits.
CREATE TRIGGER _event_not_replaced BEFORE INSERT ON _event
WHEN new.event_id > 0 AND new.event_id <= (SELECT max(event_id) FROM _event)
BEGIN
  SELECT raise(ABORT, 'empath: events can only be added, at the end');
END;

CREATE TRIGGER _event_not_changed BEFORE UPDATE ON _event
WHEN NOT EXISTS (SELECT 1 FROM _setting WHERE name = 'redacting')
BEGIN
  SELECT raise(ABORT, 'empath: an event is a record and cannot be changed');
END;

CREATE TRIGGER _event_not_removed BEFORE DELETE ON _event
WHEN old.event_id = (SELECT max(event_id) FROM _event)
BEGIN
  SELECT raise(ABORT, 'empath: the last event stays: the next one takes its number from it');
END;

-- What goes to the end of its retention unsent is lost to its consumer, and counted there.
CREATE TRIGGER _event_left AFTER DELETE ON _event
BEGIN
  UPDATE _consumer SET lost = lost + 1
   WHERE name IN (SELECT consumer FROM _event_aside WHERE event_id = old.event_id AND state <> 'dead');
  DELETE FROM _event_aside WHERE event_id = old.event_id;
END;

-- The types of events.  The program has the same (policy/events/types.py); triggers keep is_wanted.  A consumer of all types
-- does not get 'audited'.
CREATE TABLE _event_type (
  type      TEXT    PRIMARY KEY,
  is_wanted INTEGER NOT NULL DEFAULT 0 CHECK (is_wanted IN (0, 1))  -- 1: a consumer wants it
) STRICT, WITHOUT ROWID;
INSERT INTO _event_type (type) VALUES
  ('accepted'), ('expanded'), ('delivered'), ('deferred'), ('bounced'), ('expired'), ('held'), ('released'), ('cancelled'),
  ('revived'), ('lost'), ('maybe_delivered'), ('reported'), ('suppressed'), ('unsuppressed'), ('refused'), ('audited');

CREATE TRIGGER _event_type_stays BEFORE DELETE ON _event_type
BEGIN
  SELECT raise(ABORT, 'empath: the types of events cannot be changed');
END;

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

CREATE TRIGGER _consumer_not_replaced BEFORE INSERT ON _consumer
WHEN EXISTS (SELECT 1 FROM _consumer WHERE name = new.name)
BEGIN
  SELECT raise(ABORT, 'empath: a consumer with this name exists');
END;

CREATE TRIGGER _consumer_added AFTER INSERT ON _consumer
BEGIN
  UPDATE _event_type SET is_wanted = EXISTS (
    SELECT 1 FROM _consumer AS c
     WHERE c.types = '' AND _event_type.type <> 'audited' OR instr(' ' || c.types || ' ', ' ' || _event_type.type || ' '));
END;

CREATE TRIGGER _consumer_changed AFTER UPDATE OF types ON _consumer
WHEN new.types <> old.types
BEGIN
  UPDATE _event_type SET is_wanted = EXISTS (
    SELECT 1 FROM _consumer AS c
     WHERE c.types = '' AND _event_type.type <> 'audited' OR instr(' ' || c.types || ' ', ' ' || _event_type.type || ' '));
END;

CREATE TRIGGER _consumer_left AFTER DELETE ON _consumer
BEGIN
  DELETE FROM _event_aside WHERE consumer = old.name;
  UPDATE _event_type SET is_wanted = EXISTS (
    SELECT 1 FROM _consumer AS c
     WHERE c.types = '' AND _event_type.type <> 'audited' OR instr(' ' || c.types || ' ', ' ' || _event_type.type || ' '));
END;

-- Whoever moves a cursor back has everything sent again, in its order.
CREATE TRIGGER _consumer_moved_back AFTER UPDATE OF cursor ON _consumer
WHEN new.cursor < old.cursor
BEGIN
  DELETE FROM _event_aside WHERE consumer = new.name AND event_id > new.cursor;
END;

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

-- Once an event is sent, dropped or dead, the next one of its message is no longer behind it.
CREATE TRIGGER _event_aside_left AFTER DELETE ON _event_aside
WHEN old.state = 'waiting' AND old.ulid IS NOT NULL
BEGIN
  UPDATE _event_aside SET state = 'waiting'
   WHERE consumer = old.consumer
     AND event_id = (
       SELECT min(event_id) FROM _event_aside WHERE consumer = old.consumer AND ulid = old.ulid AND state <> 'dead');
END;

CREATE TRIGGER _event_aside_dead AFTER UPDATE OF state ON _event_aside
WHEN new.state = 'dead' AND old.state = 'waiting' AND new.ulid IS NOT NULL
BEGIN
  UPDATE _event_aside SET state = 'waiting'
   WHERE consumer = new.consumer
     AND event_id = (
       SELECT min(event_id) FROM _event_aside WHERE consumer = new.consumer AND ulid = new.ulid AND state <> 'dead');
END;

-- json_patch leaves out the members that are NULL.
CREATE TRIGGER _event_of_arrival AFTER INSERT ON _recipient
WHEN EXISTS (SELECT 1 FROM _event_type WHERE type = iif(new.status = 'queued', 'accepted', 'expanded') AND is_wanted)
BEGIN
  INSERT INTO _event (at, type, ulid, recipient_id, sender, recipient, account, destination, detail)
  SELECT m.received_at, iif(new.status = 'queued', 'accepted', 'expanded'), m.ulid, new.recipient_id, m.reverse_path, new.address,
         m.account, d.name,
         json_patch('{}', json_object(
           'size', m.size, 'listener', m.listener, 'client_address', m.client_address, 'message_id', m.header_message_id,
           'subject', m.subject, 'original', nullif(new.original, new.address), 'envelope_id', m.envelope_id))
    FROM _message AS m
    LEFT JOIN _destination AS d ON d.destination_id = new.destination_id
   WHERE m.message_id = new.message_id;
END;

-- What an attempt led to.  An order that took the place of its outcome is an event of _recipient.
CREATE TRIGGER _event_of_attempt AFTER INSERT ON _attempt
WHEN EXISTS (
  SELECT 1 FROM _event_type
   WHERE type = CASE new.outcome
           WHEN 'next_host' THEN NULL WHEN 'unknown' THEN 'lost' WHEN 'maybe_delivered' THEN 'maybe_delivered'
           ELSE nullif(nullif(new.decided_status, 'held'), 'cancelled') END
     AND is_wanted)
BEGIN
  INSERT INTO _event (at, type, ulid, recipient_id, sender, recipient, account, destination, detail)
  SELECT new.started_at + new.duration_s,
         CASE new.outcome WHEN 'unknown' THEN 'lost' WHEN 'maybe_delivered' THEN 'maybe_delivered' ELSE new.decided_status END,
         m.ulid, r.recipient_id, m.reverse_path, r.address, m.account, new.destination,
         json_patch('{}', json_object(
           'attempts', r.attempts, 'host', new.host, 'peer_address', new.peer_address, 'stage', new.stage, 'code', new.code,
           'enhanced', new.enhanced, 'reply', new.text, 'class', new.class, 'duration', round(new.duration_s, 3),
           'source', new.source, 'tls_version', new.tls_version, 'tls_cipher', new.tls_cipher,
           'next_retry_unix', iif(new.decided_status = 'deferred', new.decided_next_retry_at, NULL)))
    FROM _recipient AS r
    JOIN _message AS m ON m.message_id = r.message_id
   WHERE r.recipient_id = new.recipient_id;
END;

-- A change of status without an attempt that led to it: an order, or a hold by Empath.
CREATE TRIGGER _event_of_order AFTER UPDATE OF status ON _recipient
WHEN new.status <> 'leased' AND new.status <> 'delivered' AND new.status <> old.status
 AND (new.attempts = old.attempts OR new.status = 'held' OR new.status = 'cancelled')
 AND EXISTS (
  SELECT 1 FROM _event_type
   WHERE type = CASE
           WHEN new.status = 'held' OR new.status = 'cancelled' OR new.status = 'bounced' OR new.status = 'expired' THEN new.status
           WHEN old.status = 'held' THEN 'released'
           WHEN old.status = 'bounced' OR old.status = 'cancelled' THEN 'revived'
         END
     AND is_wanted)
BEGIN
  INSERT INTO _event (at, type, ulid, recipient_id, sender, recipient, account, destination, detail)
  SELECT coalesce(new.settled_at, (SELECT now FROM _clock)),
         CASE WHEN new.status <> 'queued' AND new.status <> 'deferred' THEN new.status
              WHEN old.status = 'held' THEN 'released' ELSE 'revived' END,
         m.ulid, new.recipient_id, m.reverse_path, new.address, m.account, d.name,
         json_patch('{}', json_object('reason', new.reason, 'was', old.status, 'attempts', new.attempts, 'reply', new.last_reply))
    FROM _message AS m
    LEFT JOIN _destination AS d ON d.destination_id = new.destination_id
   WHERE m.message_id = new.message_id;
END;

CREATE TRIGGER _event_of_suppression AFTER INSERT ON _suppression
WHEN EXISTS (SELECT 1 FROM _event_type WHERE type = 'suppressed' AND is_wanted)
BEGIN
  INSERT INTO _event (at, type, recipient, detail)
  VALUES (
    new.created_at, 'suppressed', new.address,
    json_patch('{}', json_object('by', new.source, 'reason', new.reason, 'class', new.class, 'expires_unix', new.expires_at)));
END;

CREATE TRIGGER _event_of_end_of_suppression AFTER DELETE ON _suppression
WHEN EXISTS (SELECT 1 FROM _event_type WHERE type = 'unsuppressed' AND is_wanted)
BEGIN
  INSERT INTO _event (at, type, recipient, detail)
  VALUES (
    (SELECT now FROM _clock), 'unsuppressed', old.address,
    json_patch('{}', json_object('by', old.source, 'reason', old.reason, 'class', old.class)));
END;

-- Refusals of one kind in one second are one row there, and so one event here.
CREATE TRIGGER _event_of_refusal AFTER INSERT ON _refusal
WHEN EXISTS (SELECT 1 FROM _event_type WHERE type = 'refused' AND is_wanted)
BEGIN
  INSERT INTO _event (at, type, sender, recipient, account, detail)
  VALUES (
    new.last_at, 'refused', new.sender, new.recipient, new.account,
    json_patch('{}', json_object(
      'times', new.times, 'listener', new.listener, 'client_address', new.client_address, 'client_name', new.client_name,
      'stage', new.stage, 'rule', new.rule, 'reply', new.reply)));
END;

-- What people do to the service is for those only who ask for it. JSON has no blob.
CREATE TRIGGER _event_of_audit AFTER INSERT ON _audit
WHEN EXISTS (SELECT 1 FROM _event_type WHERE type = 'audited' AND is_wanted)
BEGIN
  INSERT INTO _event (at, type, ulid, recipient_id, recipient, destination, detail)
  VALUES (
    new.at, 'audited', new.ulid, new.recipient_id, new.address, new.destination,
    json_patch('{}', json_object(
      'audit_id', new.audit_id, 'who', new.who, 'what', new.what, 'object', new.object,
      'before', iif(typeof(new.before) = 'blob', hex(new.before), new.before),
      'after', iif(typeof(new.after) = 'blob', hex(new.after), new.after))));
END;
