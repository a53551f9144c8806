PRAGMA page_size = 4096;
PRAGMA auto_vacuum = 2;
PRAGMA journal_mode = wal;
PRAGMA application_id = 1162694721;
PRAGMA user_version = 9;
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
  delay_report_at   REAL,  -- instant from which a delay is reported, by BY=…;N or after a hold; NULL: as [retry] delay_warning says
  -- JSON object of what the view authentication shows; NULL: not judged.  In SQLite 3.40, json_valid(NULL) is 0.
  authentication    TEXT CHECK (authentication IS NULL OR json_valid(authentication))
) STRICT;
CREATE TABLE _content (
  message_id INTEGER PRIMARY KEY,  -- of _message
  octets     BLOB    NOT NULL  -- the content as received, lines ended by CRLF, not dot-stuffed
) STRICT;
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
CREATE INDEX _recipient_due ON _recipient (destination_id, priority, next_retry_at, status) WHERE status IN ('queued', 'deferred');
CREATE INDEX _recipient_held_back ON _recipient (held_back_until)
 WHERE status IN ('queued', 'deferred') AND held_back_until IS NOT NULL;
CREATE INDEX _recipient_lease ON _recipient (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX _recipient_ordered ON _recipient (lease_id) WHERE ordered_status IS NOT NULL;
CREATE INDEX _recipient_message ON _recipient (message_id);
CREATE INDEX _recipient_held ON _recipient (destination_id) WHERE status = 'held';
CREATE INDEX _recipient_live ON _recipient (recipient_id, message_id) WHERE is_live = 1;
CREATE INDEX _recipient_domain ON _recipient (domain, recipient_id, message_id) WHERE is_live = 1;
CREATE INDEX _recipient_failed ON _recipient (recipient_id) WHERE status IN ('bounced', 'expired');
CREATE INDEX _recipient_cancelled ON _recipient (recipient_id) WHERE status = 'cancelled';
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
  config_revision INTEGER,  -- of _config_revision, by which it runs all its life; NULL: of an older version
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
CREATE TABLE _source_rest (
  address    TEXT PRIMARY KEY CHECK (length(address) BETWEEN 2 AND 45),  -- of a pool of [sources]
  expires_at REAL NOT NULL,  -- end of the rest
  reason     TEXT CHECK (length(reason) <= 1000),  -- for people
  created_at REAL NOT NULL,
  who        TEXT NOT NULL  -- author, as in _audit
) STRICT, WITHOUT ROWID;
CREATE TABLE _warmup (
  address       TEXT    NOT NULL CHECK (length(address) BETWEEN 2 AND 45),  -- of a pool of [sources]
  provider      TEXT    NOT NULL CHECK (length(provider) BETWEEN 1 AND 255),  -- name of a host, *.domain or *
  day           INTEGER NOT NULL CHECK (day BETWEEN 1 AND 1000),  -- of 24 hours; 1 begins at started_at
  most_messages INTEGER NOT NULL CHECK (most_messages BETWEEN 0 AND 1000000000),
  started_at    REAL    NOT NULL,  -- the same in all rows of a plan
  PRIMARY KEY (address, provider, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE _warmup_use (
  address  TEXT    NOT NULL,  -- as in _warmup
  provider TEXT    NOT NULL,
  day      INTEGER NOT NULL,
  messages INTEGER NOT NULL,  -- number of messages of that day
  PRIMARY KEY (address, provider, day)
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
CREATE TABLE _dns_order (
  order_id INTEGER PRIMARY KEY AUTOINCREMENT,
  name     TEXT,  -- name to ask about anew; NULL: all
  given_at REAL   NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0)
) STRICT;
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
CREATE TABLE _dedup (
  key        TEXT PRIMARY KEY,  -- SHA-256 of envelope, account and content, hexadecimal
  ulid       TEXT NOT NULL,  -- of the message, which a repetition is answered with
  expires_at REAL NOT NULL  -- instant from which on the same is another message
) STRICT, WITHOUT ROWID;
CREATE INDEX _dedup_expiry ON _dedup (expires_at);
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
CREATE TABLE _suppression (
  address    TEXT PRIMARY KEY CHECK (length(address) BETWEEN 2 AND 1024),  -- address or @domain, ASCII letters in lower case
  source     TEXT NOT NULL,  -- 'bounce': a host refused it for good; 'complaint': its user complained; else who added it, as in _audit
  reason     TEXT,  -- reply of the host, or words of the operator
  class      TEXT,  -- class of the failure, see policy/replies/bounce_class.py
  created_at REAL NOT NULL,
  expires_at REAL  -- instant from which on it gets mail again; NULL: never
) STRICT, WITHOUT ROWID;
CREATE INDEX _suppression_expiry ON _suppression (expires_at) WHERE expires_at IS NOT NULL;
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
CREATE TABLE _authentication_override (
  pattern    TEXT PRIMARY KEY CHECK (length(pattern) BETWEEN 1 AND 255),  -- domain of authors, or network of clients, in lower case
  at_most    TEXT NOT NULL CHECK (at_most IN ('tag', 'quarantine-route', 'hold', 'reject')),
  expires_at REAL,  -- instant from which on it has no effect; NULL: never
  reason     TEXT CHECK (length(reason) <= 1000),  -- for people
  created_at REAL NOT NULL,
  who        TEXT NOT NULL  -- author, as in _audit
) STRICT, WITHOUT ROWID;
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
CREATE INDEX _audit_statement ON _audit (audit_id) WHERE what = 'statement';
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
CREATE TABLE _redacted (
  kind     TEXT    NOT NULL CHECK (kind IN ('audit', 'attempt')),
  number   INTEGER NOT NULL,  -- of the row
  audit_id INTEGER NOT NULL,  -- of _audit: the row that tells of it, with a digest over all that it changed
  before   BLOB    NOT NULL,  -- leaf of the row before, as in _audit_seal
  after    BLOB    NOT NULL,  -- its leaf since
  PRIMARY KEY (kind, number, audit_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX _redacted_by ON _redacted (audit_id);
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
CREATE TABLE _effective_setting (
  node          TEXT NOT NULL,  -- host
  name          TEXT NOT NULL,  -- dotted, such as receiving.limits.recipients
  value         TEXT,  -- text; numbers and lists as in JSON; NULL: not set
  default_value TEXT,  -- NULL: there is none
  source        TEXT NOT NULL,  -- FILE:LINE, or 'default'
  PRIMARY KEY (node, name)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE _bucket (
  name     TEXT PRIMARY KEY,  -- 'all', or a kind and a name: 'destination a.example', 'provider mx:*.b.example', 'sender c.example'
  full_at  REAL NOT NULL,  -- instant at which it will be full
  token_at REAL  -- instant from which on it is asked again; NULL: it has tokens
) STRICT, WITHOUT ROWID;
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
CREATE TABLE _event_type (
  type      TEXT    PRIMARY KEY,
  is_wanted INTEGER NOT NULL DEFAULT 0 CHECK (is_wanted IN (0, 1))  -- 1: a consumer wants it
) STRICT, WITHOUT ROWID;
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
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (1,'01M8R6MEWQDAYE7MK78SXNXMNT','mx.example.test','s@sender.example',342168,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1796108598.171643,'7BIT',0,0,NULL,NULL,'127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8R6MEWQDAYE7MK78SXNXMNT',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D45575144415945374D4B373853584E584D4E543B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (2,'01M8R6MEX10J577DD9FRFRR3FE','mx.example.test','s@sender.example',174,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796108598.1778638,'7BIT',0,0,NULL,NULL,'127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D455831304A35373744443946524652523346453B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (3,'01M8R6MEX3ZDVS47FC5NTGJK3W','mx.example.test','s@sender.example',174,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796108598.180877,'8BITMIME',0,0,'FULL','e1','127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D4558335A44565334374643354E54474A4B33573B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (4,'01M8R6MEX691TKP7F6QK678DTW','mx.example.test','s@sender.example',342168,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1796108598.1846786,'8BITMIME',0,0,'FULL','e1','127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8R6MEX691TKP7F6QK678DTW',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D4558363931544B50374636514B3637384454573B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (5,'01M8R6MEXAF6NEM6YDWTYVY0QF','mx.example.test','s@sender.example',223,'1bbf90aebd4629eae694dd3b5ba945e3ffb15033b66b67cac18ce7db81b14ea3',1796108598.1863062,'8BITMIME',1,0,'FULL','e1','127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'eight bits','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D45584146364E454D36594457545956593051463B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (6,'01M8R6MEXCTVX2J6T9HYNTGCQA','mx.example.test','s@sender.example',195,'44e7473779b4005e91407ef556c6378e532ba4dd8aa750bbbf9edb30d3bf4921',1796108598.1887083,'8BITMIME',0,0,'FULL','e1','127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'dots','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D455843545658324A36543948594E54474351413B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (7,'01M8R6MEXFP1FYMW0S8CJ93BDA','mx.example.test','s@sender.example',180,'c057c351dc307277eb0a14a2709e99b8eef3189b882eb15365a45083db20985e',1796108598.1921995,'8BITMIME',0,0,'FULL','e1','127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,NULL,'{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D455846503146594D57305338434A39334244413B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (8,'01M8R6MEXH9AT53V890W3RDJF5','mx.example.test','s@sender.example',174,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796108598.1939001,'7BIT',0,0,NULL,NULL,'127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D455848394154353356383930573352444A46353B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (9,'01M8R6MEXK6NBK4T8GV6RBE95Y','mx.example.test','s@sender.example',342198,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1796108598.1976852,'7BIT',0,0,NULL,NULL,'127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,NULL,NULL,X'',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (10,'01M8R6MEXRDMG76QB7C7P27324','mx.example.test','s@sender.example',204,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796108598.2001705,'7BIT',0,0,NULL,NULL,'127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D455852444D47373651423743375032373332340D0A09666F72203C68656C644064656665727265642E6578616D706C653E3B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (11,'01M8R6MEXSPCW2NAHXHT7K5KVK','mx.example.test','s@sender.example',342198,'77b896ba600feec7b17872cd6944f28a7e5b3bed18ae9d109c90bde90fea6cfa',1796108598.2048712,'7BIT',0,0,NULL,NULL,'127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'large','{}',NULL,'spool:mx.example.test/01M8R6MEXSPCW2NAHXHT7K5KVK',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D455853504357324E4148584854374B354B564B0D0A09666F72203C68656C644064656665727265642E6578616D706C653E3B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (12,'01M8R6MEXXMJEF5S26DR0D1Z64','mx.example.test','s@sender.example',209,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796108598.2060356,'7BIT',0,0,NULL,NULL,'127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D4558584D4A45463553323644523044315A36340D0A09666F72203C63616E63656C6C65644064656665727265642E6578616D706C653E3B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (13,'01M8R6MEXYEWHJCHXD28NZB6E7','mx.example.test','s@sender.example',206,'552d29cb10fec905693e6036189bc0a7c09f764d9321cafef23d52eb5ddd1ade',1796108598.2069006,'7BIT',0,0,NULL,NULL,'127.0.0.1:15680','127.0.0.1','client.example',NULL,NULL,'short','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D4558594557484A4348584432384E5A423645370D0A09666F72203C6E6F746963654064656665727265642E6578616D706C653E3B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (14,'01M8R6MEY04AG6BEP3QYZKM0PG','mx.example.test','s@sender.example',307,'45d0b34b0cd9a6ee3f857483ba9e2b77747a34f94a50512e566ad7a3f3f66bba',1796108598.2086046,'7BIT',0,0,NULL,NULL,'127.0.0.1:15110','127.0.0.1','client.example',NULL,NULL,'no date','{}',NULL,'inline',NULL,X'52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D455930344147364245503351595A4B4D3050470D0A09666F72203C7375626D69747465644064656665727265642E6578616D706C653E3B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A446174653A205475652C20312044656320323032362030373A30333A3138202B303030300D0A4D6573736167652D49443A203C30314D3852364D455930344147364245503351595A4B4D305047406D782E6578616D706C652E746573743E0D0A',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _message (message_id, ulid, node, reverse_path, size, digest, received_at, body_type, has_8bit, is_smtputf8, dsn_return, envelope_id, listener, client_address, client_name, account, header_message_id, subject, metadata, traceparent, content_locator, delay_reported_at, added_fields, tls_version, tls_cipher, requires_tls, delay_report_at, authentication) VALUES (15,'01M8R6MFVMRHM1N1QBPYPT01EM','mx.example.test','',2018,'64ea080d0f2ce9acdb984ca66f6f2179e0d9e9a577ba170bc7d03c94a2705854',1796108599.1578746,'7BIT',0,0,NULL,NULL,'report','','mx.example.test',NULL,'<01M8R6MFVMRHM1N1QBPYPT01EM@mx.example.test>',NULL,'{}',NULL,'inline',NULL,X'',NULL,NULL,NULL,NULL,NULL);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_config_revision',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_process',3);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_bounce_rule',192);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_shaping_rule',12);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_message',15);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_recipient',23);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_lease',8);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_attempt',19);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_notice',2);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_transcript',3);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_audit',20);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_account',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_token',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_dkim_key',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_refusal',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_destination_rule',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_injection',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_feedback',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_log_level',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_report_period',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_received_report',2);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_listener_limit',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_hold_rule',1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('_plan',1);
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
INSERT INTO _content (message_id, octets) VALUES (15,X'52656365697665643A206279206D782E6578616D706C652E746573742028456D70617468292069642030314D3852364D46564D52484D314E315142505950543031454D3B0D0A095475652C20312044656320323032362030373A30333A3139202B303030300D0A446174653A205475652C20312044656320323032362030373A30333A3139202B303030300D0A46726F6D3A204D61696C2044656C69766572792053797374656D203C4D41494C45522D4441454D4F4E406D782E6578616D706C652E746573743E0D0A546F3A20734073656E6465722E6578616D706C650D0A5375626A6563743A20556E64656C697665726564206D61696C2072657475726E656420746F2073656E6465720D0A4D6573736167652D49443A203C30314D3852364D46564D52484D314E315142505950543031454D406D782E6578616D706C652E746573743E0D0A4175746F2D5375626D69747465643A206175746F2D7265706C6965640D0A4D494D452D56657273696F6E3A20312E300D0A436F6E74656E742D547970653A206D756C7469706172742F7265706F72743B207265706F72742D747970653D64656C69766572792D7374617475733B0D0A09626F756E646172793D223330303930393230383466333462613339363363653133373038646133666435220D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A546869732069732061207265706F727420696E204D494D4520666F726D61742E0D0A0D0A2D2D33303039303932303834663334626133393633636531333730386461336664350D0A436F6E74656E742D4465736372697074696F6E3A204E6F74696669636174696F6E0D0A436F6E74656E742D547970653A20746578742F706C61696E3B20636861727365743D75732D61736369690D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A5468697320697320746865206D61696C2073797374656D206F66206D782E6578616D706C652E746573742E0D0A0D0A596F7572206D65737361676520636F756C64206E6F742062652064656C69766572656420746F2074686520726563697069656E7473206E616D65642062656C6F772E2049742063616D650D0A696E206F6E205475652C20312044656320323032362030373A30333A3138202B303030302077697468207468652071756575652069640D0A30314D3852364D455848394154353356383930573352444A46352E0D0A0D0A3C6F6E6540626F756E6365642E6578616D706C653E0D0A202020204F6E205475652C20312044656320323032362030373A30333A3138202B303030302074686520686F7374203132372E302E302E3120736169643A2035353020352E312E31204E6F0D0A2020202073756368206D61696C626F780D0A0D0A44656C697665727920746F207468656D2077696C6C206E6F7420626520747269656420616761696E2E20506C65617365206C6F6F6B2061742074686520726561736F6E20676976656E0D0A61626F76652C20636F7272656374207468652061646472657373206F722061736B207468652070656F706C652077686F2072756E2074686174206D61696C2073797374656D2C20616E640D0A7468656E2073656E6420746865206D65737361676520616761696E2E0D0A0D0A2D2D33303039303932303834663334626133393633636531333730386461336664350D0A436F6E74656E742D4465736372697074696F6E3A2044656C6976657279207265706F72740D0A436F6E74656E742D547970653A206D6573736167652F64656C69766572792D7374617475730D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A5265706F7274696E672D4D54413A20646E733B206D782E6578616D706C652E746573740D0A4172726976616C2D446174653A205475652C20312044656320323032362030373A30333A3138202B303030300D0A0D0A46696E616C2D526563697069656E743A207266633832323B206F6E6540626F756E6365642E6578616D706C650D0A416374696F6E3A206661696C65640D0A5374617475733A20352E312E310D0A52656D6F74652D4D54413A20646E733B205B3132372E302E302E315D0D0A446961676E6F737469632D436F64653A20736D74703B2035353020352E312E31204E6F2073756368206D61696C626F780D0A4C6173742D417474656D70742D446174653A205475652C20312044656320323032362030373A30333A3138202B303030300D0A0D0A2D2D33303039303932303834663334626133393633636531333730386461336664350D0A436F6E74656E742D4465736372697074696F6E3A20556E64656C697665726564206D6573736167650D0A436F6E74656E742D547970653A206D6573736167652F7266633832320D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C6520285B3132372E302E302E315D290D0A096279206D782E6578616D706C652E746573742028456D706174682920776974682045534D54502069642030314D3852364D455848394154353356383930573352444A46353B0D0A095475652C20312044656320323032362030373A30333A3138202B303030300D0A5375626A6563743A2073686F72740D0A0D0A746578740D0A0D0A2D2D33303039303932303834663334626133393633636531333730386461336664352D2D0D0A');
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at, priority, leased_at, lease_window, successes, failed_windows, openings, last_failure, suspended_reason, exchangers) VALUES (1,'smtp:127.0.0.1:37789',1,1,0,1,1796108598.1778638,NULL,2000000000.0,NULL,2,1796108598.1731899,5,0,0.0,0,NULL,NULL,NULL);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at, priority, leased_at, lease_window, successes, failed_windows, openings, last_failure, suspended_reason, exchangers) VALUES (2,'smtp:127.0.0.1:42299',1,0,0,4,1796111587.6686618,NULL,2000000000.0,NULL,2,1796108599.1796775,5,0,0.0,0,NULL,NULL,NULL);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at, priority, leased_at, lease_window, successes, failed_windows, openings, last_failure, suspended_reason, exchangers) VALUES (3,'smtp:127.0.0.1:40277',1,0,0,2,NULL,NULL,2000000000.0,NULL,4,1796108598.2126412,5,0,0.0,0,NULL,NULL,NULL);
INSERT INTO _destination (destination_id, name, max_leases, is_full, is_failing, lease_count, due_at, breaker_until, suspended_until, token_at, priority, leased_at, lease_window, successes, failed_windows, openings, last_failure, suspended_reason, exchangers) VALUES (4,'smtp:127.0.0.1:35981',1,0,0,1,NULL,NULL,2000000000.0,NULL,4,1796108598.1969829,5,0,0.0,0,NULL,NULL,NULL);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (1,1,'one@leased.example','one@leased.example','leased.example',1,'leased',2,1796108598.171643,1796540598.171643,0,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (2,1,'ordered@leased.example','ordered@leased.example','leased.example',1,'leased',2,1796108598.171643,1796540598.171643,0,1,0,'held',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (3,2,'one@leased.example','one@leased.example','leased.example',1,'queued',2,1796108598.1778638,1796540598.1778638,0,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (4,2,'ordered@leased.example','ordered@leased.example','leased.example',1,'held',2,1796108598.1778638,1796540598.1778638,0,NULL,0,NULL,NULL,NULL,NULL,NULL,'administratively held',1796108600.5679994,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (5,3,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796111612.8203046,1796540598.180877,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.2.0 Later',NULL,1796108598.1892772,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (6,3,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796112764.8898561,1796540598.180877,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.2.0 Later',NULL,1796108598.1892772,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (7,4,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796111780.8349478,1796540598.1846786,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.2.0 Later',NULL,1796108598.192621,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (8,4,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796112239.8076146,1796540598.1846786,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.2.0 Later',NULL,1796108598.192621,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (9,5,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796111663.2254674,1796540598.1863062,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.2.0 Later',NULL,1796108598.1999044,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (10,5,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796112649.5187335,1796540598.1863062,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.2.0 Later',NULL,1796108598.1999044,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (11,6,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796111587.6686618,1796540598.1887083,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.2.0 Later',NULL,1796108598.2014415,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (12,6,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796111870.2297225,1796540598.1887083,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.2.0 Later',NULL,1796108598.2014415,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (13,7,'one@deferred.example','one@deferred.example','deferred.example',2,'deferred',2,1796112887.3368936,1796540598.1921995,1,NULL,0,NULL,NULL,'FAILURE,DELAY',NULL,'451 4.2.0 Later',NULL,1796108598.2039251,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (14,7,'two@deferred.example','two@deferred.example','deferred.example',2,'deferred',2,1796111837.7335286,1796540598.1921995,1,NULL,0,NULL,NULL,NULL,'rfc822;other@deferred.example','451 4.2.0 Later',NULL,1796108598.2039251,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (15,8,'one@delivered.example','one@delivered.example','delivered.example',3,'delivered',2,1796108598.1939001,1796540598.1939001,1,NULL,0,NULL,NULL,NULL,NULL,'250 2.0.0 Taken',NULL,1796108598.200732,NULL,NULL,0);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (16,8,'one@bounced.example','one@bounced.example','bounced.example',4,'bounced',2,1796108598.1939001,1796540598.1939001,1,NULL,0,NULL,NULL,NULL,NULL,'550 5.1.1 No such mailbox',NULL,1796108598.2017458,NULL,NULL,0);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (17,9,'one@delivered.example','one@delivered.example','delivered.example',3,'delivered',2,1796108598.1976852,1796540598.1976852,1,NULL,0,NULL,NULL,NULL,NULL,'250 2.0.0 Taken',NULL,1796108598.221482,NULL,NULL,0);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (18,10,'held@deferred.example','held@deferred.example','deferred.example',2,'held',2,1796111694.7351606,1796540598.2001705,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.2.0 Later','administratively held',1796108599.9690085,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (19,11,'held@deferred.example','held@deferred.example','deferred.example',2,'held',2,1796111931.2680557,1796540598.2048712,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.2.0 Later','administratively held',1796108599.9690085,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (20,12,'cancelled@deferred.example','cancelled@deferred.example','deferred.example',2,'cancelled',2,1796111729.8112397,1796540598.2060356,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.2.0 Later','administratively cancelled',1796108600.2720044,NULL,NULL,0);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (21,13,'notice@deferred.example','notice@deferred.example','deferred.example',2,'bounced',2,1796112141.5035791,1796540598.2069006,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.2.0 Later','administratively bounced',1796108600.6170034,NULL,NULL,0);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (22,14,'submitted@deferred.example','submitted@deferred.example','deferred.example',2,'deferred',2,1796111639.6518567,1796540598.2086046,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.2.0 Later',NULL,1796108598.229064,NULL,NULL,1);
INSERT INTO _recipient (recipient_id, message_id, address, original, domain, destination_id, status, priority, next_retry_at, expires_at, attempts, lease_id, lost_leases, ordered_status, ordered_next_retry_at, notify, original_recipient, last_reply, reason, settled_at, held_back_until, sent_as, is_live) VALUES (23,15,'s@sender.example','s@sender.example','sender.example',2,'deferred',2,1796112593.4377182,1796540599.1578746,1,NULL,0,NULL,NULL,NULL,NULL,'451 4.2.0 Later',NULL,1796108599.1993544,NULL,NULL,1);
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
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, engine_version, modules_off, config_revision) VALUES (1,'mx.example.test','01M8R6MES2GY4AKFJB3EK1ESET','worker-1',1,14552,1796108598.1098557,1,1796108600.1531215,NULL,'0.1.0','3.54.1',NULL,1);
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, engine_version, modules_off, config_revision) VALUES (2,'mx.example.test','01M8R6MES2GY4AKFJB3EK1ESET','housekeeper-1',1,14548,1796108598.0962994,1,1796108600.1494224,NULL,'0.1.0','3.54.1',NULL,1);
INSERT INTO _process (process_id, node, instance, slot, generation, pid, started_at, beat, beat_at, ended_at, version, engine_version, modules_off, config_revision) VALUES (3,'mx.example.test','01M8R6MES2GY4AKFJB3EK1ESET','acceptor-1',1,14555,1796108598.1348846,1,1796108600.1486392,NULL,'0.1.0','3.54.1',NULL,1);
INSERT INTO _lease (lease_id, process_id, destination_id, leased_at) VALUES (1,1,1,1796108598.1731899);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (1,5,1,2,'smtp:127.0.0.1:42299',1796108598.1869438,0.0021458140035974793,0.0010642239940352738,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111612.8203046,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (2,6,1,2,'smtp:127.0.0.1:42299',1796108598.1869438,0.0021458140035974793,0.0010642239940352738,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796112764.8898561,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (3,7,1,2,'smtp:127.0.0.1:42299',1796108598.1918001,0.00076722200174117461,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111780.8349478,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (4,8,1,2,'smtp:127.0.0.1:42299',1796108598.1918001,0.00076722200174117461,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796112239.8076146,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (5,9,1,3,'smtp:127.0.0.1:42299',1796108598.1985388,0.0013031799971940927,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111663.2254674,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (6,10,1,3,'smtp:127.0.0.1:42299',1796108598.1985388,0.0013031799971940927,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796112649.5187335,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (7,15,1,4,'smtp:127.0.0.1:40277',1796108598.1988175,0.0018976740029756911,0.00086376599938375875,'127.0.0.1','127.0.0.1:40277','end-of-data',250,'2.0.0','250 2.0.0 Taken','may by built-in',NULL,NULL,NULL,'delivered','delivered',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (8,11,1,3,'smtp:127.0.0.1:42299',1796108598.2009082,0.00049980400217464194,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111587.6686618,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (9,12,1,3,'smtp:127.0.0.1:42299',1796108598.2009082,0.00049980400217464194,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111870.2297225,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (10,16,1,5,'smtp:127.0.0.1:35981',1796108598.199075,0.0026478009967831895,0.0018550109962234274,'127.0.0.1','127.0.0.1:35981','rcpt',550,'5.1.1','550 5.1.1 No such mailbox','may by built-in',NULL,NULL,NULL,'bounced','bounced',NULL,NULL,'bad-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (11,13,1,3,'smtp:127.0.0.1:42299',1796108598.203136,0.00075896000635111705,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796112887.3368936,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (12,14,1,3,'smtp:127.0.0.1:42299',1796108598.203136,0.00075896000635111705,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111837.7335286,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (13,18,1,7,'smtp:127.0.0.1:42299',1796108598.217978,0.0012897399938083254,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111694.7351606,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (14,17,1,6,'smtp:127.0.0.1:40277',1796108598.217804,0.003645055003289599,NULL,'127.0.0.1','127.0.0.1:40277','end-of-data',250,'2.0.0','250 2.0.0 Taken','may by built-in',NULL,NULL,NULL,'delivered','delivered',NULL,NULL,NULL,NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (15,19,1,7,'smtp:127.0.0.1:42299',1796108598.2216363,0.0003218990023015067,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111931.2680557,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (16,20,1,7,'smtp:127.0.0.1:42299',1796108598.2269447,0.00034474299900466576,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111729.8112397,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (17,21,1,7,'smtp:127.0.0.1:42299',1796108598.2279065,0.00026896999770542607,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796112141.5035791,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (18,22,1,7,'smtp:127.0.0.1:42299',1796108598.2288351,0.00020900099480058998,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796111639.6518567,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _attempt (attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at, dnssec, class, tls_failure, source) VALUES (19,23,1,8,'smtp:127.0.0.1:42299',1796108599.1815367,0.017735716995957773,NULL,'127.0.0.1','127.0.0.1:42299','rcpt',451,'4.2.0','451 4.2.0 Later','may by built-in',NULL,NULL,NULL,'deferred','deferred',1796112593.4377182,NULL,'inactive-mailbox',NULL,NULL);
INSERT INTO _notice (notice_id, message_id, recipient_id, kind, created_at, is_met, action) VALUES (2,13,21,'failure',1796108600.6170034,0,NULL);
INSERT INTO _setting (name, value) VALUES ('audit_told','3');
INSERT INTO _setting (name, value) VALUES ('destination_rules','2');
INSERT INTO _setting (name, value) VALUES ('log_levels','1');
INSERT INTO _setting (name, value) VALUES ('routes','1d6434c33a50df44592ba740f51b1717bcdb2514588d5902d810de66aa786f92');
INSERT INTO _setting (name, value) VALUES ('spool_owner','01M8R6MERMH8PMHT6FKKHG75KK');
INSERT INTO _setting (name, value) VALUES ('warmup_of_file','');
INSERT INTO _log_level (log_level_id, scope, pattern, level, expires_at, reason, created_at, who) VALUES (1,'area','delivery','debug',2000000000.0,NULL,1000000000.0,'root');
INSERT INTO _listener_limit (listener_limit_id, listener, setting, value, expires_at, reason, created_at, who) VALUES (1,'*','message_rate_per_client','500/1m',NULL,NULL,1796108600.6260157,'sql');
INSERT INTO _hold_rule (hold_rule_id, scope, pattern, expires_at, reason, hits, created_at, who) VALUES (1,'sender','*@waits.example',NULL,'to be looked at',0,1796108600.6269813,'sql');
INSERT INTO _destination_rule (rule_id, pattern, setting, value, expires_at, reason, created_at, who) VALUES (1,'slow.example','rate','10/1m',NULL,NULL,1796108600.6219924,'sql');
INSERT INTO _greylist (greylist_id, client, sender, recipient, first_seen_at, passes_at, expires_at, hits) VALUES (1,'192.0.2.0/24','*','*',1796108600.6180093,1796108600.6180093,NULL,0);
INSERT INTO _recipient_list (address) VALUES ('one@delivered.example');
INSERT INTO _alias (pattern, target) VALUES ('all@delivered.example','one@delivered.example');
INSERT INTO _verification (address, is_known, reply, expires_at) VALUES ('one@delivered.example',1,'250 OK',2000000000.0);
INSERT INTO _dedup (key, ulid, expires_at) VALUES ('00','01M8KWMQ2MC23MPAXX456X1RP8',2000000000.0);
INSERT INTO _injection (injection_id, token, key, digest, answer, expires_at) VALUES (1,'console','k','0000000000000000000000000000000000000000000000000000000000000000','{}',2000000000.0);
INSERT INTO _account (account_id, name, status, senders, message_rate, recipient_rate, password_hash, scram_keys, created_at, password_set_at, last_used_at, last_client) VALUES (1,'shop','enabled','@sender.example',NULL,NULL,NULL,NULL,1000000000.0,NULL,NULL,NULL);
INSERT INTO _token (token_id, name, role, networks, digest, created_at, expires_at, last_used_at, last_client, account) VALUES (1,'console','operate','','0000000000000000000000000000000000000000000000000000000000000000',1000000000.0,NULL,NULL,NULL,NULL);
INSERT INTO _dkim_key (dkim_key_id, domain, selector, algorithm, state, since, record, private_key, created_at) VALUES (1,'sender.example','s1','ed25519-sha256','waiting',1000000000.0,'v=DKIM1; k=ed25519; p=','no key',1000000000.0);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (1,'here-suppressed',10000,'local',NULL,NULL,'^550 5\.\d\.1 suppressed',NULL,'suppressed',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (2,'here-not-configured',10001,'local',NULL,'4.3.5',NULL,NULL,'local',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (3,'here-null-mx',10002,'dns',NULL,'5.1.10',NULL,NULL,'bad-domain',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (4,'here-no-host',10003,'dns',NULL,'5.4.4',NULL,NULL,'bad-domain',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (5,'here-dns',10004,'dns',NULL,NULL,NULL,NULL,'routing',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (6,'here-connect',10005,'connect',NULL,NULL,NULL,NULL,'connection',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (7,'here-login',10006,'auth',NULL,NULL,NULL,NULL,'login',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (8,'google-rate-of-mailbox',10007,NULL,NULL,NULL,'receiving (mail|email) (too quickly|at a rate)','*.google.com *.googlemail.com','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (9,'google-unsolicited-rate',10008,NULL,NULL,NULL,'unusual rate of|rate limited|relay limit exceeded','*.google.com *.googlemail.com','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (10,'google-reputation',10009,NULL,NULL,NULL,'low reputation|likely unsolicited','*.google.com *.googlemail.com','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (11,'google-content',10010,NULL,NULL,NULL,'nature of the content|message is likely (spam|suspicious)','*.google.com *.googlemail.com','spam-content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (12,'google-attachment',10011,NULL,NULL,NULL,'blocked because its content presents a|blockedmessage','*.google.com *.googlemail.com','virus',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (13,'google-authentication',10012,NULL,NULL,NULL,'unauthenticated|authentication (information|checks|results)|dmarc','*.google.com *.googlemail.com','auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (14,'google-storage',10013,NULL,NULL,NULL,'out of storage|over quota|overquota','*.google.com *.googlemail.com','quota',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (15,'google-disabled',10014,NULL,NULL,NULL,'account that you tried to reach is (disabled|inactive)','*.google.com *.googlemail.com','inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (16,'google-unknown',10015,NULL,NULL,NULL,'account that you tried to reach does not exist|nosuchuser','*.google.com *.googlemail.com','bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (17,'google-ptr',10016,NULL,NULL,NULL,'ptr record|ip address sending this message does not','*.google.com *.googlemail.com','auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (18,'google-relay',10017,NULL,NULL,NULL,'mail relay denied','*.google.com *.googlemail.com','relay-denied',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (19,'google-policy-of-domain',10018,NULL,NULL,NULL,'violates .* email policy|gcdp','*.google.com *.googlemail.com','policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (20,'microsoft-unknown',10019,NULL,NULL,NULL,'5\.1\.10 .*resolver|recipientnotfound|recipient address rejected: access denied','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (21,'microsoft-unknown-behind',10020,NULL,NULL,'5.4.1','recipient address rejected: access denied',NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (22,'microsoft-unavailable',10021,NULL,NULL,NULL,'requested action not taken: mailbox unavailable','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (23,'microsoft-throttled',10022,NULL,NULL,NULL,'4\.7\.5\d\d|as(77\d{1,3}|8\d{2,3})\b|server busy|exceeded .*(thread|connection|rate|limit)|throttl','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (24,'microsoft-rate-of-mailbox',10023,NULL,NULL,NULL,'5\.2\.12[0-9]|recipient thread limit|recipient''s incoming message rate','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (25,'microsoft-banned',10024,NULL,NULL,NULL,'5\.7\.(51[1346-9]|60[6-9]|6[1-4]\d)|traffic not accepted|banned sending ip|block list|blocklist|\bs3140\b|\bs3150\b|part of their network','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (26,'microsoft-reputation',10025,NULL,NULL,NULL,'4\.7\.65\d|rp-00\d|sc-00\d|dy-00\d|ou-00\d','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (27,'microsoft-spam',10026,NULL,NULL,NULL,'5\.7\.(350|1 .*spam)|message contains spam|unsolicited','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','spam-content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (28,'microsoft-authentication',10027,NULL,NULL,NULL,'5\.7\.(509|515|23|26)|dmarc|does not meet the required authentication','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (29,'microsoft-quota',10028,NULL,NULL,NULL,'mailbox (is )?full|quota','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','quota',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (30,'microsoft-relay',10029,NULL,NULL,NULL,'relay access denied','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','relay-denied',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (31,'microsoft-connector',10030,NULL,NULL,NULL,'5\.7\.(5[67]|51|133|124|134|193)\b|tenantattribution|tenantinboundattribution','*.protection.outlook.com *.olc.protection.outlook.com *.mx.microsoft *.hotmail.com','policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (32,'yahoo-unknown',10031,NULL,NULL,NULL,'doesn''t have a .*account|not a valid mailbox|user unknown','*.yahoodns.net *.yahoo.com *.aol.com','bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (33,'yahoo-disabled',10032,NULL,NULL,NULL,'mailbox (is )?(disabled|inactive|suspended)|account (is )?(disabled|suspended)|554.*\(hu\)','*.yahoodns.net *.yahoo.com *.aol.com','inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (34,'yahoo-greylist',10033,NULL,NULL,NULL,'\[gl\d\d\]','*.yahoodns.net *.yahoo.com *.aol.com','greylist',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (35,'yahoo-refused',10034,NULL,NULL,NULL,'permanently deferred|retrying will not succeed','*.yahoodns.net *.yahoo.com *.aol.com','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (36,'yahoo-deferred',10035,NULL,NULL,NULL,'\[?tss?\d\d\]?|unexpected volume|user complaints|max .*messages .*connection','*.yahoodns.net *.yahoo.com *.aol.com','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (37,'yahoo-listed',10036,NULL,NULL,NULL,'\[(bl|rl|cs|ipts|dynts)\d{0,3}\]|connections (not accepted|will not be accepted)','*.yahoodns.net *.yahoo.com *.aol.com','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (38,'yahoo-content',10037,NULL,NULL,NULL,'\[(ph|pc|sp|ptr)\d{0,3}\]|554 .*message (not allowed|blocked)','*.yahoodns.net *.yahoo.com *.aol.com','spam-content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (39,'yahoo-authentication',10038,NULL,NULL,NULL,'dmarc|authentication reasons|unauthenticated|not accepted due to domain|5\.7\.9 |\(au\d\d\)','*.yahoodns.net *.yahoo.com *.aol.com','auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (40,'yahoo-quota',10039,NULL,NULL,NULL,'over quota|quota exceeded|mailbox .*full','*.yahoodns.net *.yahoo.com *.aol.com','quota',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (41,'apple-local-policy',10040,NULL,NULL,NULL,'\[(cs|hm|hme|pr)\d{0,3}\]|due to (your )?local policy|local policy','*.icloud.com *.apple.com','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (42,'apple-rate',10041,NULL,NULL,NULL,'too many (messages|connections|errors)|temporarily (rate|deferred)','*.icloud.com *.apple.com','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (43,'gmx-sender',10042,NULL,NULL,NULL,'invalid dns mx','*.gmx.net *.web.de *.kundenserver.de *.ionos.com *.1and1.com *.perfora.net *.mail.com','bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (44,'gmx-reputation',10043,NULL,NULL,NULL,'bad dns ptr|reputation|black ?list|ip address is (blocked|listed)|dynamic','*.gmx.net *.web.de *.kundenserver.de *.ionos.com *.1and1.com *.perfora.net *.mail.com','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (45,'gmx-rate',10044,NULL,NULL,NULL,'rate limit|too many|limit exceeded|reject due to policy restrictions.*limit|temporarily unavailable for','*.gmx.net *.web.de *.kundenserver.de *.ionos.com *.1and1.com *.perfora.net *.mail.com','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (46,'gmx-content',10045,NULL,NULL,NULL,'spam message|considered (as )?spam','*.gmx.net *.web.de *.kundenserver.de *.ionos.com *.1and1.com *.perfora.net *.mail.com','spam-content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (47,'telekom-listed',10046,NULL,NULL,NULL,'ip=|tosa|reset your|blacklist|dialin|dynamic','*.t-online.de','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (48,'mailru-spam',10047,NULL,NULL,NULL,'spam message (rejected|discarded)|looks like spam|suspected spam','*.mail.ru *.yandex.ru *.yandex.net','spam-content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (49,'mailru-disabled',10048,NULL,NULL,NULL,'account .*(disabled|suspended|blocked)|inactive','*.mail.ru *.yandex.ru *.yandex.net','inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (50,'mailru-unknown',10049,NULL,NULL,NULL,'non-local recipient|no such user|invalid mailbox|user not found','*.mail.ru *.yandex.ru *.yandex.net','bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (51,'mailru-rate',10050,NULL,NULL,NULL,'ratelimit|rate limit|too many','*.mail.ru *.yandex.ru *.yandex.net','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (52,'netease-rate',10051,NULL,NULL,NULL,'\b(hl|mi|rp):(icc|ifc|cel|dmc|ccl|drc|sfq|rqc|qrc|trc)\b','*.netease.com *.163.com *.126.com','rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (53,'netease-listed',10052,NULL,NULL,NULL,'\b(hl:rep|hl:mep|dt:rbl|wm:bli|ip:[a-z]{3})\b','*.netease.com *.163.com *.126.com','spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (54,'netease-spam',10053,NULL,NULL,NULL,'\b(dt:spm|dt:sum|mi:spb)\b','*.netease.com *.163.com *.126.com','spam-content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (55,'own-rate-x.1',10054,NULL,NULL,'*.1.*','(sent|sending) (to )?too (many|much)|too (many|much) .{0,40}(this|per|in an?|last|past) (hour|day|minute)',NULL,'rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (56,'own-rate-x.2',10055,NULL,NULL,'*.2.*','(sent|sending) (to )?too (many|much)|too (many|much) .{0,40}(this|per|in an?|last|past) (hour|day|minute)',NULL,'rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (57,'own-rate-x.5',10056,NULL,NULL,'*.5.*','(sent|sending) (to )?too (many|much)|too (many|much) .{0,40}(this|per|in an?|last|past) (hour|day|minute)',NULL,'rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (58,'own-address-x.1',10057,NULL,NULL,'*.1.*','(your|sending|client|source) (server )?(ip|host)\b.{0,40}(black ?list|blocked|listed|banned|reputation|spamhaus)',NULL,'spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (59,'own-address-x.2',10058,NULL,NULL,'*.2.*','(your|sending|client|source) (server )?(ip|host)\b.{0,40}(black ?list|blocked|listed|banned|reputation|spamhaus)',NULL,'spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (60,'own-address-x.5',10059,NULL,NULL,'*.5.*','(your|sending|client|source) (server )?(ip|host)\b.{0,40}(black ?list|blocked|listed|banned|reputation|spamhaus)',NULL,'spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (61,'full-x.1.1',10060,NULL,NULL,'*.1.1','over ?quota|quota (is )?(exceed|full)|mail ?box (is )?full',NULL,'quota',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (62,'inactive-x.1.1',10061,NULL,NULL,'*.1.1','(user|account|mail ?box|recipient) (is |has been |was )?(inactive|disabled|suspended|deactivated|locked)',NULL,'inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (63,'own-sender',10062,NULL,NULL,'*.1.1','sender address rejected|sender (is )?rejected',NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (64,'code-at-mail-x.1.1',10063,'mail',NULL,'*.1.1',NULL,NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (65,'code-at-mail-x.1.2',10064,'mail',NULL,'*.1.2',NULL,NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (66,'code-at-mail-x.1.3',10065,'mail',NULL,'*.1.3',NULL,NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (67,'status-x.1.1',10066,NULL,NULL,'*.1.1',NULL,NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (68,'status-x.1.2',10067,NULL,NULL,'*.1.2',NULL,NULL,'bad-domain',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (69,'status-x.1.3',10068,NULL,NULL,'*.1.3',NULL,NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (70,'status-x.1.4',10069,NULL,NULL,'*.1.4',NULL,NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (71,'status-x.1.6',10070,NULL,NULL,'*.1.6',NULL,NULL,'inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (72,'status-x.1.7',10071,NULL,NULL,'*.1.7',NULL,NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (73,'status-x.1.8',10072,NULL,NULL,'*.1.8',NULL,NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (74,'status-x.1.9',10073,NULL,NULL,'*.1.9',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (75,'status-x.1.10',10074,NULL,NULL,'*.1.10',NULL,NULL,'bad-domain',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (76,'status-x.2.2',10075,NULL,NULL,'*.2.2',NULL,NULL,'quota',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (77,'status-x.2.3',10076,NULL,NULL,'*.2.3',NULL,NULL,'too-large',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (78,'status-x.2.4',10077,NULL,NULL,'*.2.4',NULL,NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (79,'status-x.3.1',10078,NULL,NULL,'*.3.1',NULL,NULL,'system',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (80,'status-x.3.3',10079,NULL,NULL,'*.3.3',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (81,'status-x.3.4',10080,NULL,NULL,'*.3.4',NULL,NULL,'too-large',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (82,'status-x.3.5',10081,NULL,NULL,'*.3.5',NULL,NULL,'system',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (83,'status-x.3.6',10082,NULL,NULL,'*.3.6',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (84,'status-x.4.1',10083,NULL,NULL,'*.4.1',NULL,NULL,'connection',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (85,'status-x.4.2',10084,NULL,NULL,'*.4.2',NULL,NULL,'connection',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (86,'status-x.4.3',10085,NULL,NULL,'*.4.3',NULL,NULL,'routing',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (87,'status-x.4.4',10086,NULL,NULL,'*.4.4',NULL,NULL,'routing',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (88,'status-x.4.6',10087,NULL,NULL,'*.4.6',NULL,NULL,'routing',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (89,'status-x.4.7',10088,NULL,NULL,'*.4.7',NULL,NULL,'connection',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (90,'status-x.5.1',10089,NULL,NULL,'*.5.1',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (91,'status-x.5.2',10090,NULL,NULL,'*.5.2',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (92,'status-x.5.3',10091,NULL,NULL,'*.5.3',NULL,NULL,'too-many',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (93,'status-x.5.4',10092,NULL,NULL,'*.5.4',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (94,'status-x.5.5',10093,NULL,NULL,'*.5.5',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (95,'status-x.5.6',10094,NULL,NULL,'*.5.6',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (96,'status-x.6.x',10095,NULL,NULL,'*.6.*',NULL,NULL,'content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (97,'status-x.7.2',10096,NULL,NULL,'*.7.2',NULL,NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (98,'status-x.7.3',10097,NULL,NULL,'*.7.3',NULL,NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (99,'status-x.7.4',10098,NULL,NULL,'*.7.4',NULL,NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (100,'status-x.7.5',10099,NULL,NULL,'*.7.5',NULL,NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (101,'status-x.7.6',10100,NULL,NULL,'*.7.6',NULL,NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (102,'status-x.7.7',10101,NULL,NULL,'*.7.7',NULL,NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (103,'status-x.7.8',10102,NULL,NULL,'*.7.8',NULL,NULL,'login',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (104,'status-x.7.9',10103,NULL,NULL,'*.7.9',NULL,NULL,'login',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (105,'status-x.7.10',10104,NULL,NULL,'*.7.10',NULL,NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (106,'status-x.7.11',10105,NULL,NULL,'*.7.11',NULL,NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (107,'status-x.7.12',10106,NULL,NULL,'*.7.12',NULL,NULL,'login',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (108,'status-x.7.13',10107,NULL,NULL,'*.7.13',NULL,NULL,'inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (109,'status-x.7.14',10108,NULL,NULL,'*.7.14',NULL,NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (110,'status-x.7.15',10109,NULL,NULL,'*.7.15',NULL,NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (111,'status-x.7.16',10110,NULL,NULL,'*.7.16',NULL,NULL,'too-large',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (112,'status-x.7.17',10111,NULL,NULL,'*.7.17',NULL,NULL,'inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (113,'status-x.7.18',10112,NULL,NULL,'*.7.18',NULL,NULL,'bad-domain',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (114,'status-x.7.19',10113,NULL,NULL,'*.7.19',NULL,NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (115,'status-x.7.20',10114,NULL,NULL,'*.7.20',NULL,NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (116,'status-x.7.21',10115,NULL,NULL,'*.7.21',NULL,NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (117,'status-x.7.22',10116,NULL,NULL,'*.7.22',NULL,NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (118,'status-x.7.23',10117,NULL,NULL,'*.7.23',NULL,NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (119,'status-x.7.24',10118,NULL,NULL,'*.7.24',NULL,NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (120,'status-x.7.25',10119,NULL,NULL,'*.7.25',NULL,NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (121,'status-x.7.26',10120,NULL,NULL,'*.7.26',NULL,NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (122,'status-x.7.27',10121,NULL,NULL,'*.7.27',NULL,NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (123,'status-x.7.28',10122,NULL,NULL,'*.7.28',NULL,NULL,'rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (124,'status-x.7.29',10123,NULL,NULL,'*.7.29',NULL,NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (125,'status-x.7.30',10124,NULL,NULL,'*.7.30',NULL,NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (126,'greylisted',10125,NULL,'4xx',NULL,'gr[ea]y-?list|postgrey|retry (later )?in \d+ (sec|min)|try again (later )?in \d+ (sec|min)|come back in \d+',NULL,'greylist',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (127,'first-contact',10126,NULL,'4xx',NULL,'first (time|contact|mail).*(try|wait|later)|please retry immediately|new (triplet|sender).*wait',NULL,'greylist',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (128,'blocked-by-list',10127,NULL,NULL,NULL,'spamhaus|spamcop|barracudacentral|sorbs|uribl|surbl|invaluement|abusix|mailspike|senderscore|cloudmark|proofpoint|uceprotect|backscatterer|nixspam|\bdnsbl|\brbl\b',NULL,'spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (129,'link-listed',10128,NULL,NULL,NULL,'\b(url|link|uri)s? .{0,64}\b(listed|blocked|blacklisted)',NULL,'spam-content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (130,'listed',10129,NULL,NULL,NULL,'black ?list|block ?list|blacklisted|(ip|address|host|client|server|network) .*(is|was|has been) (blocked|listed|banned|blacklisted)|listed (at|in|on|by) ',NULL,'spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (131,'reputation',10130,NULL,NULL,NULL,'reputation|poor (sender|ip)|bad (sender|ip) score|spam source|spammer|bad sender ip|spams from|spam ips|accepting mail from your ip|listed as abusive|smtp server of your isp|black ip|too many (invalid|unknown|bad) (recipient|user|address|rcpt)|harvest|sending spam|known spam|dynamic (ip|address|pool)|dial-?up|residential ip',NULL,'spam-block',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (132,'virus',10131,NULL,NULL,NULL,'\bvirus|malware|infected|trojan|phishing|clamav|dangerous attachment|(forbidden|illegal|banned) attachment|attachment (type )?(is )?not allowed|unacceptable extension|executable (file|attachment)',NULL,'virus',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (133,'dmarc',10132,NULL,NULL,NULL,'dmarc|\bspf\b|sender policy framework|\bdkim\b|sender id .*fail|not authorized to send|unauthenticated (email|mail|sender)|spoof',NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (134,'client-name',10133,NULL,NULL,NULL,'reverse (dns|hostname|lookup|mapping)|\bptr\b|rdns|no (matching )?(host ?name|dns name)|cannot find your (host ?name|reverse)|hostname .*does not match|fcrdns|helo.*(reject|invalid|mismatch|match|not found)',NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (135,'too-fast',10134,NULL,NULL,NULL,'too many (open )?(connections|messages|mails|emails|sessions|concurrent|simultaneous|requests|deliver)|rate.?limit|throttl|frequency limit|too (fast|quickly|much mail)|max(imum)? (number of )?(connections|messages)|concurren(t|cy) .*(limit|exceed)|rate exceed|exceed.* (rate|limit of messages|hourly|daily)|(hourly|daily) (limit|quota)|slow down|limit exceeded .*(hour|day|minute)|per (hour|minute|day)',NULL,'rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (136,'spam',10135,NULL,NULL,NULL,'spam|junk|unsolicited|bulk (mail|email)|\bube\b|\buce\b|content (rejected|denied|filter)|bayes|high score|score (of|is|too|exceed)|scored|advert',NULL,'spam-content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (137,'tls-wanted',10136,NULL,NULL,NULL,'must issue (a )?starttls|starttls (is )?(required|first)|requires? (tls|encryption|starttls)|encryption (is )?required|tls (is )?required|certificate|tls (handshake|negotiation)|ssl (error|handshake)',NULL,'tls',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (138,'relaying',10137,NULL,NULL,NULL,'relay(ing)? (is )?(not|access|denied|den|mail|prohib)|unable to relay|cannot relay|not (allowed|permitted|authorized) to relay|no relay|relay denied|not a (mail )?(gateway|relay)|we do not relay|domain (is )?not (hosted|handled|local|in my list)|not in .*rcpthosts|isn''t in my|no such domain here|does(n''t| not) (accept|handle|host) .*domain',NULL,'relay-denied',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (139,'hops',10138,NULL,NULL,NULL,'too many hops|hop count|routing loop|mail loop|loops? back|looping|excessive recursion',NULL,'routing',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (140,'quota',10139,NULL,NULL,NULL,'over ?quota|quota (is )?(exceed|full|reach)|exceed.* (quota|storage|allocat|mailbox size)|mail ?box .*full|full mail ?box|(mailbox|inbox|user|account) (is )?(full|over)|storage (is )?(full|limit|exceed)|out of (disk )?(storage|space)|not enough (storage|space|room)|disk quota|recipient (storage|quota)|mailbox size limit|over .{0,20}quota|not have enough space|mail ?folder .{0,20}full|\bpleine\b|mail ?box (has )?exceeded|space has been used up',NULL,'quota',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (141,'send-as',10140,NULL,NULL,NULL,'sendasdenied|permissions? to send as|not allowed to send as',NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (142,'own-account',10141,NULL,NULL,NULL,'(your|sender|sending) (account|address|user|mailbox) .{0,30}(disabled|inactive|suspended|deactivated|closed|expired|locked|frozen|terminated)',NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (143,'inactive',10142,NULL,NULL,NULL,'(user|account|mail ?box|recipient|address|email) .{0,30}(disabled|inactive|suspended|deactivated|closed|expired|locked|frozen|terminated|no longer (active|accept|in use|valid|avail))|inactive (user|account|mail ?box|recipient)|disabled (user|account|mail ?box|recipient)|not (currently |yet )?(active|activated)\b|has (left|moved)|(inactive|deactivated|suspended|disabled) mail ?box|suspend the service|no longer (active|works|employed|with us|on server)',NULL,'inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (144,'acceptable-use',10143,NULL,NULL,NULL,'\baup#',NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (145,'sender-refused',10144,NULL,NULL,NULL,'(sender|return.path|reverse.path|mail from|envelope.from).{0,40}(reject|denied|refused|invalid|unknown|verif|not (exist|found|valid|known)|does( not|n''t| not) exist)|verification failed for <|unrout[e]?able sender|denies the sender|badsendermx|emetteur invalide|not owned by user|sender .{0,64}(has no|no) (a|mx|valid)\b',NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (146,'user-at-mail',10145,'mail',NULL,NULL,'(user|address|account|mail ?box|e-?mail|domain) .{0,40}(unknown|not (found|exist|known|valid)|does( not|n''t) exist|invalid)|(no such|unknown|invalid|bad) (user|address|account|mail ?box|domain)',NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (147,'address-of-host',10146,NULL,NULL,NULL,'\b(ip|host|client|server|your|helo|ehlo|source) address .{0,40}(unknown|invalid|not |does)',NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (148,'address-in-header',10147,NULL,NULL,NULL,'\b(from|to|cc|reply-to|header): ?address .{0,40}(unknown|invalid|not )|\bfrom address .{0,40}(invalid|not )',NULL,'content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (149,'header-missing',10148,NULL,NULL,NULL,'address in header|header from|from header|(valid|missing|no|multiple) (from|to|sender|message-id|date):? (header|field)',NULL,'content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (150,'address-refused',10149,'rcpt','550',NULL,'#5\.1\.0 address rejected|requested action not taken: mailbox unavailable',NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (151,'mailbox-unavailable',10150,'rcpt','5xx',NULL,'mail ?box .{0,64}(unavailable|not present)',NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (152,'unknown-user',10151,NULL,NULL,NULL,'(no such|unknown|invalid|bad|non-?existent|undeliverable|unrouteable|unroutable|unrecognized) (virtual |local |destination |to )?(user|recipient|mail ?box|address|account|person|e-?mail|alias|mailuser)|no (mail ?box|account|user|recipient) (here|by|with|found)|not a (valid|known|local) (user|recipient|mail ?box|address)|not our customer|user (doesn''t|does not) have',NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (153,'unknown-user-otherwise',10152,NULL,NULL,NULL,'no such id\b|cannot deliver mail for|unknown local.part|unavailable mail user|no valid recipients|accept user|no mail ?box available|no one at this|not an active address|badrcptto|missing home directory|not (a )?user of this|not have an account|local user only',NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (154,'user-unknown',10153,NULL,NULL,NULL,'(user|recipient|mail ?box|address|account) .{0,40}(unknown|not (found|exist|known|valid|recognized|listed|here)|unrecogni[sz]ed|does ?n.t exist|does not exist|invalid|nonexistent)|\be-?mail (is |was |id |does )?(unknown|not (found|exist|known|valid|recognized)|n.t exist|invalid)',NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (155,'user-unknown-elsewhere',10154,NULL,NULL,NULL,'(utilisateur|destinataire|adresse|bo.te) .{0,30}(inconnue?|inexistante?)|(usuario|destinatario|buz.n|cuenta) .{0,30}(desconocid[oa]|no existe|inexistente)|(benutzer|empf.nger|postfach|adresse) .{0,30}(unbekannt|existiert nicht|nicht gefunden)|(utente|destinatario|casella) .{0,30}(sconosciut[oa]|inesistente)|(usu.rio|destinat.rio|conta) .{0,30}(desconhecid[oa]|inexistente|n.o existe)',NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (156,'bad-sender',10155,NULL,'5xx',NULL,'(sender|from|return.path|envelope).{0,30}(reject|invalid|denied|not (exist|found|valid|allowed|accept)|does not exist|refused|verif|malformed)|domain of sender|sender domain|(unknown|invalid|bad) (sender|reverse.path)|sender (address )?(is )?(unknown|blocked)|callback|call-?out',NULL,'bad-sender',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (157,'bad-domain',10156,NULL,NULL,NULL,'(domain|host) .{0,30}(not found|unknown|does not exist|does ?n.t exist|invalid|no mx|null mx)|no mx|nullmx',NULL,'bad-domain',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (158,'own-name',10157,NULL,NULL,NULL,'\b(your|helo|ehlo|client|sending|reverse) .{0,40}(not exist|not found|unknown|be found|not local)',NULL,'auth-failure',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (159,'no-such-recipient',10158,'rcpt','5xx',NULL,'does(n.t| not) exist|(was|were|is) (unknown|not found|not local|not ok)|(not|no) be found|recipient not ok|(does not|no) existe?\b',NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (160,'too-many-recipients',10159,NULL,NULL,NULL,'too many (recipients|rcpt)|recipient limit|recipients? per (message|session)',NULL,'too-many',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (161,'too-large',10160,NULL,NULL,NULL,'too (big|large|long)|size (limit|exceed)|exceed.* (size|length|maximum|limit)|larger than|message size',NULL,'too-large',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (162,'login-needed',10161,NULL,NULL,NULL,'authentication (is )?(required|needed|failed)|requires? authentication|must (first )?(auth|log ?in)|need (to )?(auth|log ?in)|auth first|pop before|smtp auth',NULL,'login',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (163,'form',10162,NULL,NULL,NULL,'header|\bmime\b|bare lf|line (is )?too long|line length|missing (date|from|to|message-id)|malformed|8.?bit|non-ascii|charset|encoding|duplicate (field|header)|rfc ?5322|rfc ?2822',NULL,'content',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (164,'syntax',10163,NULL,NULL,NULL,'syntax|command (not|un)|unrecogni[sz]ed|bad sequence|pipelin|not implemented|protocol error|bad command|synchroni[sz]ation',NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (165,'temporary-fault',10164,NULL,'4xx',NULL,'temporar(y|ily)|internal (server )?error|system (error|problem|failure|resources)|service (not|un)avail|server (error|busy|overload|shut)|try (again|later)|insufficient (system )?(resources|storage|memory)|load (average|too)|local (error|problem)|database|ldap|queue file|timed? ?out|maintenance|unable to (verify|check|process|complete)|lookup (fail|error)|busy|unavailable',NULL,'system',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (166,'no-session-5',10165,'greeting','5xx',NULL,NULL,NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (167,'no-session',10166,'greeting',NULL,NULL,NULL,NULL,'connection',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (168,'code-53x',10167,NULL,'53x',NULL,NULL,NULL,'login',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (169,'policy',10168,NULL,NULL,NULL,'policy|not (allowed|permitted|authori[sz]ed|accept|welcome)|refus|reject|den(y|ied)|block|prohibit|forbidden|administrative|ban(ned)?\b|restrict|access|filter|go away|unwanted',NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (170,'status-x.2.1',10169,NULL,NULL,'*.2.1',NULL,NULL,'inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (171,'status-x.4.5',10170,NULL,NULL,'*.4.5',NULL,NULL,'rate',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (172,'status-x.1.5',10171,NULL,NULL,'*.1.5',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (173,'status-x.1.0',10172,'rcpt',NULL,'5.1.0',NULL,NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (174,'status-x.1.x',10173,NULL,NULL,'*.1.*',NULL,NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (175,'status-x.2.x',10174,NULL,NULL,'*.2.*',NULL,NULL,'inactive-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (176,'status-x.3.x',10175,NULL,NULL,'*.3.*',NULL,NULL,'system',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (177,'status-x.4.x',10176,NULL,NULL,'*.4.*',NULL,NULL,'connection',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (178,'status-x.5.x',10177,NULL,NULL,'*.5.*',NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (179,'status-x.7.x',10178,NULL,NULL,'*.7.*',NULL,NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (180,'code-421',10179,NULL,'421',NULL,NULL,NULL,'system',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (181,'code-450',10180,NULL,'450',NULL,NULL,NULL,'system',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (182,'code-451',10181,NULL,'451',NULL,NULL,NULL,'system',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (183,'code-452',10182,NULL,'452',NULL,NULL,NULL,'system',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (184,'code-551',10183,'rcpt','551',NULL,NULL,NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (185,'code-552',10184,'rcpt','552',NULL,NULL,NULL,'quota',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (186,'code-552-content',10185,NULL,'552',NULL,NULL,NULL,'too-large',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (187,'code-553',10186,'rcpt','553',NULL,NULL,NULL,'bad-mailbox',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (188,'code-554',10187,NULL,'554',NULL,NULL,NULL,'policy',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (189,'code-556',10188,NULL,'556',NULL,NULL,NULL,'bad-domain',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (190,'code-50x',10189,NULL,'50x',NULL,NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (191,'code-555',10190,NULL,'555',NULL,NULL,NULL,'protocol',1,NULL);
INSERT INTO _bounce_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, is_enabled, note) VALUES (192,'local',10191,'local',NULL,NULL,NULL,NULL,'local',1,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (1,'google-flood',10000,NULL,NULL,'4.7.28',NULL,'*.google.com *.googlemail.com',NULL,'suspend','15m',NULL,1,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (2,'google-wait',10001,NULL,'421',NULL,'unusual rate|try again later, closing','*.google.com *.googlemail.com',NULL,'suspend','15m',NULL,1,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (3,'microsoft-busy',10002,NULL,'4xx',NULL,'4\.7\.5\d\d|\(as77\d','*.protection.outlook.com *.mx.microsoft',NULL,'suspend','15m',NULL,1,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (4,'microsoft-reputation',10003,NULL,'4xx',NULL,'rp-00\d|4\.7\.65\d','*.protection.outlook.com *.mx.microsoft',NULL,'suspend','15m',NULL,1,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (5,'yahoo-wait',10004,NULL,'421',NULL,'\[tss?\d\d\]','*.yahoodns.net *.yahoo.com *.aol.com',NULL,'suspend','30m',NULL,1,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (6,'apple-wait',10005,NULL,'421',NULL,NULL,'*.icloud.com *.apple.com','rate','suspend','15m',NULL,1,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (7,'listed',10006,NULL,NULL,NULL,NULL,NULL,'spam-block','suspend','15m',NULL,0,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (8,'listed-source',10007,NULL,NULL,NULL,NULL,NULL,'spam-block','rest','6h',NULL,0,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (9,'rate',10008,NULL,'4xx',NULL,NULL,NULL,'rate','slow','30m','concurrency 2',0,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (10,'full-mailbox',10009,NULL,'4xx',NULL,NULL,NULL,'quota','bounce',NULL,NULL,0,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (11,'inactive-mailbox',10010,NULL,'4xx',NULL,NULL,NULL,'inactive-mailbox','bounce',NULL,NULL,0,NULL);
INSERT INTO _shaping_rule (rule_id, name, position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note) VALUES (12,'unknown-mailbox',10011,NULL,'4xx',NULL,NULL,NULL,'bad-mailbox','bounce',NULL,NULL,0,NULL);
INSERT INTO _feedback (feedback_id, at, report_ulid, kind, ulid, recipient_id, address, class, code, enhanced, reply, reporter, form, suppressed_until) VALUES (1,1000000000.0,'01M8KWMQ2MC23MPAXX456X1RP8','complaint',NULL,NULL,'one@delivered.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO _authentication_override (pattern, at_most, expires_at, reason, created_at, who) VALUES ('192.0.2.0/24','tag',NULL,NULL,1796108600.6209865,'sql');
INSERT INTO _report_period (report_period_id, kind, domain, begin_at, end_at, policy, state, due_at, tries, row_count, messages, left_out, report_id, sent_to, ulid, octets, reason, closed_at) VALUES (1,'dmarc','sender.example',1000000000,1000086400,'v=DMARC1; p=none','open',2000000000.0,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO _dmarc_count (report_period_id, source_ip, header_from, envelope_from, disposition, dkim, spf, reason, comment, dkim_results, spf_domain, spf_result, messages) VALUES (1,'192.0.2.1','sender.example','','none','pass','pass','','','[]','','none',1);
INSERT INTO _tls_count (report_period_id, kind, result, host, receiving_ip, reason, sessions) VALUES (1,'no-policy-found','','','','',1);
INSERT INTO _received_report (received_report_id, kind, domain, org_name, report_id, contact, begin_at, end_at, policy, messages, failed, left_out, error, sender, author, received_at, row_count) VALUES (1,'dmarc','sender.example','o','r','',1,2,'{}',1,0,0,NULL,'',NULL,1000000000.0,1);
INSERT INTO _received_report (received_report_id, kind, domain, org_name, report_id, contact, begin_at, end_at, policy, messages, failed, left_out, error, sender, author, received_at, row_count) VALUES (2,'tls','sender.example','o','r','',1,2,'{}',1,0,0,NULL,'',NULL,1000000000.0,1);
INSERT INTO _received_dmarc (received_report_id, number, source_ip, messages, disposition, dkim, spf, reason, comment, header_from, envelope_from, dkim_results, spf_domain, spf_result) VALUES (1,1,'192.0.2.1',1,'none','pass','pass','','','sender.example','','[]','','');
INSERT INTO _received_tls (received_report_id, number, policy_type, policy_domain, result, messages, host, sending_ip, receiving_ip, reason) VALUES (2,1,'sts','sender.example','',1,'','','','');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (1,1796108599.9690085,'empath-admin:root','3.54.1',18,NULL,'status','deferred','held','01M8R6MEXRDMG76QB7C7P27324','held@deferred.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (2,1796108599.9690085,'empath-admin:root','3.54.1',19,NULL,'status','deferred','held','01M8R6MEXSPCW2NAHXHT7K5KVK','held@deferred.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (3,1796108599.9690085,'empath-admin:root','3.54.1',NULL,NULL,'statement',1,'empath-admin hold -c /tmp/tmp3bt5i5lr/instance/empath.toml --recipient held@deferred.example',NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (4,1796108600.2720044,'empath-admin:root','3.54.1',20,NULL,'status','deferred','cancelled','01M8R6MEXXMJEF5S26DR0D1Z64','cancelled@deferred.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (5,1796108600.2720044,'empath-admin:root','3.54.1',NULL,NULL,'statement',4,'empath-admin delete -c /tmp/tmp3bt5i5lr/instance/empath.toml --recipient cancelled@deferred.example --yes',NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (6,1796108600.5679994,'empath-admin:root','3.54.1',2,NULL,'ordered',NULL,'held','01M8R6MEWQDAYE7MK78SXNXMNT','ordered@leased.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (7,1796108600.5679994,'empath-admin:root','3.54.1',4,NULL,'status','queued','held','01M8R6MEX10J577DD9FRFRR3FE','ordered@leased.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (8,1796108600.5690053,'empath-admin:root','3.54.1',NULL,NULL,'statement',6,'empath-admin hold -c /tmp/tmp3bt5i5lr/instance/empath.toml --recipient ordered@leased.example',NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (9,1796108600.6170034,'sql','3.54.1',21,NULL,'status','deferred','bounced','01M8R6MEXYEWHJCHXD28NZB6E7','notice@deferred.example',NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (10,1796108600.6170034,'sql','3.54.1',NULL,NULL,'recipient_list',NULL,'listed',NULL,NULL,'one@delivered.example');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (11,1796108600.6180093,'sql','3.54.1',NULL,NULL,'alias',NULL,'one@delivered.example',NULL,NULL,'all@delivered.example');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (12,1796108600.6180093,'sql','3.54.1',NULL,NULL,'greylist',NULL,1796108600.6180093,NULL,NULL,'192.0.2.0/24 * *');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (13,1796108600.6209865,'sql','3.54.1',NULL,NULL,'authentication_override',NULL,'tag',NULL,NULL,'192.0.2.0/24');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (14,1796108600.6219924,'sql','3.54.1',NULL,NULL,'destination_rule rate',NULL,'10/1m',NULL,NULL,'slow.example');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (15,1796108600.6260157,'sql','3.54.1',NULL,NULL,'listener_limit message_rate_per_client',NULL,'500/1m',NULL,NULL,'*');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (16,1796108600.6269813,'sql','3.54.1',NULL,NULL,'hold_rule',NULL,'to be looked at',NULL,NULL,'sender *@waits.example');
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (17,1796108600.6279872,'sql','3.54.1',NULL,'smtp:127.0.0.1:37789','suspended_until_unix',NULL,2000000000.0,NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (18,1796108600.6279872,'sql','3.54.1',NULL,'smtp:127.0.0.1:42299','suspended_until_unix',NULL,2000000000.0,NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (19,1796108600.6279872,'sql','3.54.1',NULL,'smtp:127.0.0.1:40277','suspended_until_unix',NULL,2000000000.0,NULL,NULL,NULL);
INSERT INTO _audit (audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object) VALUES (20,1796108600.6279872,'sql','3.54.1',NULL,'smtp:127.0.0.1:35981','suspended_until_unix',NULL,2000000000.0,NULL,NULL,NULL);
INSERT INTO _audit_seal (seal_id, sealed_at, audit_after, audit_last, audit_rows, attempts_after, attempts_last, attempts_rows, leaves, previous, digest) VALUES (1,1796108600.1559277,0,3,3,0,19,19,X'C5A96128030AF53566D757ECC8D9012AEB665654E8571B1458923253BA02F5BDBC634EAEA796AF1E6D559374F90BF9D1EABA28DC430B25E404C5488278FCADB8B8A2B042308E9E966491B18F1448F69F2FF450FBB5DA79D4936E7857BD9C165D900FF9BFEDC0440C1BB6BE3035F58711195E4A9AD6F2BC2B8272C11B6283A545DA607361ADE8BF61E9B57B588B1A1C338785806CD43898DF6CB0099C36F268DF3AF15017CABDDEFC471E7D0003BE90015BE85792538B477F69BFF3C7BEC041EAE4170620ED15A55C564C0642B982687C6A62CC240873052B25E0BB7E291BC02DA88B4916B8257DA274F0C68DC987346C689E5DEDC18EA25C8CFA0A7445F2B4E771351A20533189F786B52EB461FAD1C5E0C98EA96D0E8E233E676C90E7871AC0A82637ABD99C24D556C0256905DDCE74BEA01EC51293E491F13D469DE22C49DB43594B04E22431439F167A6BA466AF58A5418D924BF7FF558B3908AA025FBE4D','','407c9f235e01360c998ec9e6de2efd8655de53af53a9b78ce0398fc3f9ecd945');
INSERT INTO _redacted (kind, number, audit_id, before, after) VALUES ('attempt',1,1,X'00',X'01');
INSERT INTO _plan (plan_id, verb, argument, predicate, hash, who, created_at, expires_at) VALUES (1,'reroute',NULL,'--destination slow.example','00','root',1000000000.0,2000000000.0);
INSERT INTO _plan_recipient (plan_recipient_id, plan_id, recipient_id, state, status, next_retry_at, priority, changed_at, destination, target) VALUES (1,1,1,'planned','deferred',1000000000.0,0,NULL,'slow.example','fast.example');
INSERT INTO _config_revision (revision, node, instance, reading, at, cause, who, hash, text, version) VALUES (1,'mx.example.test','01M8R6MES2GY4AKFJB3EK1ESET','177333',1796108598.1098557,'start','empathd','0825a8d2a568ed0b12eab3f0b9f3a003e7948656ef51904fcd3519accb264c2e','hostname = "mx.example.test"
postmaster = "admin@example.test"
milter = []

[node]
name = "mx.example.test"

[queue]
path = "/tmp/tmp3bt5i5lr/instance/queue.db"
# url is not set
replicas = 1
inline_size = "256KiB"
memory_size = "32MiB"
reserve = "256MiB"
wal_limit = "1GiB"
lock_timeout = "30s"

[process]
# user is not set
acceptors = 1
spawn = "fork"
pid_file = "/tmp/tmp3bt5i5lr/instance/empathd.pid"

[[listener]]
address = "127.0.0.1:15680"
role = "internal"
protocol = "smtp"
socket_mode = "0666"
tls = "none"
# hostname is not set
# auth is not set
auth_in_clear = false
hide_clients = false
bare_line_feed = "normalize"
proxy_protocol = []
xclient = []
trust_traceparent = []
forbidden_commands = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]
greet_delay = "0s"
client_names = false
# deduplicate is not set
# sign is not set

[listener.limits]

[listener.authentication]
spf = false
dkim = false
dmarc = "none"
arc = false

[[listener]]
address = "127.0.0.1:15110"
role = "submission"
protocol = "smtp"
socket_mode = "0666"
tls = "none"
# hostname is not set
# auth is not set
auth_in_clear = false
hide_clients = false
bare_line_feed = "normalize"
proxy_protocol = []
xclient = []
trust_traceparent = []
forbidden_commands = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]
greet_delay = "0s"
client_names = false
# deduplicate is not set
# sign is not set

[listener.limits]

[listener.authentication]
spf = false
dkim = false
dmarc = "none"
arc = false

[relay]
networks = ["127.0.0.1/32"]
domains = []

[auth]
backends = ["accounts"]
mechanisms = ["PLAIN", "LOGIN", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"]
check_sender = true
check_from = false
deadline = "10s"
failures_per_client = "20/10m"
failures_per_account = "20/10m"
failure_delay = "1s"
# oidc_client is not set
# oidc_secret_file is not set
oidc_claim = "username"

[authentication]
# authserv_id is not set
deadline = "10s"
questions = 100
trusted_sealers = []
# quarantine_route is not set

[routes]
"delivered.example" = "smtp://127.0.0.1:40277"
"bounced.example" = "smtp://127.0.0.1:35981"
"leased.example" = "smtp://127.0.0.1:37789"
"*" = "smtp://127.0.0.1:42299"

[sender_routes]

[account_routes]

[credentials]

[pipes]

[sources]

[warmup]

[webhooks]

[recipients]

[aliases]
enabled = false
delimiter = "+"

[verification]
deadline = "10s"
known_lifetime = "7d"
unknown_lifetime = "1h"
probes = 5
rows = 100000

[delivery]
workers = 1
sessions = 100
# rate is not set
reuse = "5m"
idle = "2s"
mx_port = 25
soft_bounce = false
sink = false
connect_timeout = "30s"
greeting_timeout = "5m"
ehlo_timeout = "5m"
tls_timeout = "5m"
auth_timeout = "5m"
mail_timeout = "5m"
rcpt_timeout = "5m"
data_timeout = "2m"
content_timeout = "3m"
end_of_data_timeout = "10m"
quit_timeout = "5s"

[retry]
base = "1h"
max = "4h"
jitter = 0.2
lifetime = "5d"
bounce_lifetime = "5d"
delay_warning_time = "4h"

[destinations]

[destinations."*"]
concurrency = 1

[senders]

[reports]
# templates is not set
delay_cleared = false
without_sender = "log"
digest_period = "1h"
digest_messages = 100

[tls]
# certificate is not set
# key is not set
minimum = "TLSv1.2"
sni = []

[tls.client]
# certificate is not set
# key is not set
# ca is not set
minimum = "TLSv1.2"

[mta_sts]

[dmarc_reports]
send = false
# address is not set
# org_name is not set
# contact is not set
interval = "1d"
receive = []
keep = "90d"

[tls_reports]
send = false
# address is not set
# org_name is not set
# contact is not set
receive = []

[greylist]
enabled = false
delay = "5m"
window = "2d"
lifetime = "35d"
auto_allow = 5
ipv4_prefix = 24
ipv6_prefix = 64
rows = 100000
rows_per_client = 1000

[suppression]
classes = []
lifetime = "30d"
at_rcpt = "refuse"
rows = 1000000

[shaping]
enabled = true
longest = "1h"

[dedup]
window = "0s"

[receiving]

[receiving.limits]
message_size = "50MiB"
recipients = 1000
# messages_per_session is not set
# recipients_per_session is not set
connections = 1000
connections_per_client = 50
ipv6_prefix = 64
# connection_rate_per_client is not set
# message_rate_per_client is not set
# recipient_rate_per_client is not set
# error_rate_per_client is not set
# message_rate_per_account is not set
# recipient_rate_per_account is not set
# error_rate_per_account is not set
errors = 20
slow_errors = 10
junk = 100
command_length = 2048
line_length = 998
header_size = "1MiB"
received_hops = 50
minimum_content_rate = "500B/s"
future_release = "30d"
deliver_by = "1m"

[receiving.timeouts]
command = "5m"
content = "3m"
session = "1h"
handshake = "30s"
proxy_header = "5s"
look_up = "5s"

[pickup]
# directory is not set

[dkim]
# keys is not set
expires = "0s"

[dkim.sign]

[srs]
# domain is not set
# secrets_file is not set
own_domains = []

[arc]
# domain is not set
# selector is not set
seal = "forwarded"

[verp]
# domain is not set
# secrets_file is not set
accounts = []

[feedback]
# address is not set
complaint_lifetime = "365d"
retention = "90d"
rows = 100000

[dns]
nameservers = []
timeout = "10s"
try_timeout = "3s"
attempt_timeout = "30s"
stale_time = "1h"
cache_rows = 10000
dnssec = "off"
trusted = []
own_hosts = []
allowed_networks = []

[dnsbl]

[modules]

[http]
# address is not set
socket_mode = "0660"
networks = ["127.0.0.0/8", "::1/128"]
token_networks = ["127.0.0.0/8", "::1/128"]
open_console = false
tls = false
trust_traceparent = []
idempotency = "1d"

[events]
stream = false
retention = "3d"
rows = 500000

[events.webhooks]

[events.files]

[events.sinks]

[events.amqp]

[events.kafka]

[events.nats]

[events.s3]

[events.otlp]

[health]
# queue_depth is not set
# queue_age is not set
without = []

[tracing]
# endpoint is not set
ratio = 0.01
failures = true
slow = "30s"
# headers_file is not set
# ca_file is not set

[tracing.resource]

[transcripts]
keep = true
rows = 1000
retention = "3d"

[track]
keep = false
retention = "90d"
rows = 5000000

[log]
format = "json"
level = "info"
file = "/tmp/tmp3bt5i5lr/instance/empath.log"
# syslog is not set
syslog_facility = "mail"

[retention]
delivered = "1d"
final = "7d"
content = "1d"
audit = "90d"

[audit]
sealed = true
anchor = "1h"

[audit.redaction]
# after is not set
addresses = "mask"
subjects = "drop"
clients = "mask"
','0.1.0');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','aliases.delimiter','+','+','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','aliases.enabled','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','arc.domain',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','arc.seal','forwarded','forwarded','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','arc.selector',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','audit.anchor','1h','1h','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','audit.redaction.addresses','mask','mask','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','audit.redaction.after',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','audit.redaction.clients','mask','mask','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','audit.redaction.subjects','drop','drop','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','audit.sealed','true','true','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.backends','["accounts"]','["accounts"]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.check_from','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.check_sender','true','true','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.deadline','10s','10s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.failure_delay','1s','1s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.failures_per_account','20/10m','20/10m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.failures_per_client','20/10m','20/10m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.mechanisms','["PLAIN", "LOGIN", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"]','["PLAIN", "LOGIN", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.oidc_claim','username','username','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.oidc_client',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','auth.oidc_secret_file',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','authentication.authserv_id',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','authentication.deadline','10s','10s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','authentication.quarantine_route',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','authentication.questions','100','100','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','authentication.trusted_sealers','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dedup.window','0s','0s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.auth_timeout','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.connect_timeout','30s','30s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.content_timeout','3m','3m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.data_timeout','2m','2m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.ehlo_timeout','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.end_of_data_timeout','10m','10m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.greeting_timeout','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.idle','2s','2s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.mail_timeout','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.mx_port','25','25','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.quit_timeout','5s','5s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.rate',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.rcpt_timeout','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.reuse','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.sessions','100','100','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.sink','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.soft_bounce','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.tls_timeout','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','delivery.workers','1','2','/tmp/tmp3bt5i5lr/instance/empath.toml:26');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','destinations."*".concurrency','1',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:27');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dkim.expires','0s','0s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dkim.keys',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dmarc_reports.address',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dmarc_reports.contact',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dmarc_reports.interval','1d','1d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dmarc_reports.keep','90d','90d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dmarc_reports.org_name',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dmarc_reports.receive','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dmarc_reports.send','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.allowed_networks','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.attempt_timeout','30s','30s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.cache_rows','10000','10000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.dnssec','off','off','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.nameservers','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.own_hosts','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.stale_time','1h','1h','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.timeout','10s','10s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.trusted','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','dns.try_timeout','3s','3s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','events.retention','3d','3d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','events.rows','500000','500000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','events.stream','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','feedback.address',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','feedback.complaint_lifetime','365d','365d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','feedback.retention','90d','90d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','feedback.rows','100000','100000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.auto_allow','5','5','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.delay','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.enabled','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.ipv4_prefix','24','24','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.ipv6_prefix','64','64','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.lifetime','35d','35d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.rows','100000','100000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.rows_per_client','1000','1000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','greylist.window','2d','2d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','health.queue_age',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','health.queue_depth',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','health.without','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','hostname','mx.example.test',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:2');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','http.address',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','http.idempotency','1d','1d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','http.networks','["127.0.0.0/8", "::1/128"]','["127.0.0.0/8", "::1/128"]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','http.open_console','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','http.socket_mode','0660','0660','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','http.tls','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','http.token_networks','["127.0.0.0/8", "::1/128"]','["127.0.0.0/8", "::1/128"]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','http.trust_traceparent','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".auth',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".auth_in_clear','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".authentication.arc','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".authentication.dkim','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".authentication.dmarc','none',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".authentication.spf','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".bare_line_feed','normalize',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".client_names','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".deduplicate',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".forbidden_commands','["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".greet_delay','0s',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".hide_clients','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".hostname',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".protocol','smtp',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".proxy_protocol','[]',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".role','submission',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:22');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".sign',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".socket_mode','0666',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".tls','none',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".trust_traceparent','[]',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15110".xclient','[]',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".auth',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".auth_in_clear','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".authentication.arc','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".authentication.dkim','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".authentication.dmarc','none',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".authentication.spf','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".bare_line_feed','normalize',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".client_names','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".deduplicate',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".forbidden_commands','["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".greet_delay','0s',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".hide_clients','false',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".hostname',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".protocol','smtp',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".proxy_protocol','[]',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".role','internal',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:8');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".sign',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".socket_mode','0666',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".tls','none',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".trust_traceparent','[]',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','listener."127.0.0.1:15680".xclient','[]',NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','log.file','/tmp/tmp3bt5i5lr/instance/empath.log',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:11');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','log.format','json','logfmt','/tmp/tmp3bt5i5lr/instance/empath.toml:10');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','log.level','info','info','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','log.syslog',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','log.syslog_facility','mail','mail','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','node.name','mx.example.test','mx.example.test','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','pickup.directory',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','postmaster','admin@example.test',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:3');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','process.acceptors','1','1','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','process.pid_file','/tmp/tmp3bt5i5lr/instance/empathd.pid','/tmp/tmp3bt5i5lr/instance/empathd.pid','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','process.spawn','fork','fork','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','process.user',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','queue.inline_size','256KiB','256KiB','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','queue.lock_timeout','30s','30s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','queue.memory_size','32MiB','32MiB','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','queue.path','/tmp/tmp3bt5i5lr/instance/queue.db',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:5');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','queue.replicas','1','1','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','queue.reserve','256MiB','256MiB','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','queue.url',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','queue.wal_limit','1GiB','1GiB','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.command_length','2048','2048','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.connection_rate_per_client',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.connections','1000','1000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.connections_per_client','50','50','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.deliver_by','1m','1m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.error_rate_per_account',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.error_rate_per_client',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.errors','20','20','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.future_release','30d','30d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.header_size','1MiB','1MiB','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.ipv6_prefix','64','64','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.junk','100','100','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.line_length','998','998','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.message_rate_per_account',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.message_rate_per_client',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.message_size','50MiB','50MiB','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.messages_per_session',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.minimum_content_rate','500B/s','500B/s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.received_hops','50','50','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.recipient_rate_per_account',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.recipient_rate_per_client',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.recipients','1000','1000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.recipients_per_session',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.limits.slow_errors','10','10','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.timeouts.command','5m','5m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.timeouts.content','3m','3m','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.timeouts.handshake','30s','30s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.timeouts.look_up','5s','5s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.timeouts.proxy_header','5s','5s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','receiving.timeouts.session','1h','1h','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','relay.domains','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','relay.networks','["127.0.0.1/32"]','["127.0.0.0/8", "::1/128"]','/tmp/tmp3bt5i5lr/instance/empath.toml:24');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','reports.delay_cleared','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','reports.digest_messages','100','100','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','reports.digest_period','1h','1h','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','reports.templates',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','reports.without_sender','log','log','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retention.audit','90d','90d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retention.content','1d','1d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retention.delivered','1d','1d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retention.final','7d','7d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retry.base','1h','1m','/tmp/tmp3bt5i5lr/instance/empath.toml:29');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retry.bounce_lifetime','5d','5d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retry.delay_warning_time','4h','4h','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retry.jitter','0.2','0.2','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retry.lifetime','5d','5d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','retry.max','4h','4h','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','routes."*"','smtp://127.0.0.1:42299','mx','/tmp/tmp3bt5i5lr/instance/empath.toml:17');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','routes."bounced.example"','smtp://127.0.0.1:35981',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:15');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','routes."delivered.example"','smtp://127.0.0.1:40277',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:14');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','routes."leased.example"','smtp://127.0.0.1:37789',NULL,'/tmp/tmp3bt5i5lr/instance/empath.toml:16');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','shaping.enabled','true','true','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','shaping.longest','1h','1h','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','srs.domain',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','srs.own_domains','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','srs.secrets_file',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','suppression.at_rcpt','refuse','refuse','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','suppression.classes','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','suppression.lifetime','30d','30d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','suppression.rows','1000000','1000000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls.certificate',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls.client.ca',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls.client.certificate',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls.client.key',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls.client.minimum','TLSv1.2','TLSv1.2','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls.key',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls.minimum','TLSv1.2','TLSv1.2','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls.sni','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls_reports.address',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls_reports.contact',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls_reports.org_name',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls_reports.receive','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tls_reports.send','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tracing.ca_file',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tracing.endpoint',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tracing.failures','true','true','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tracing.headers_file',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tracing.ratio','0.01','0.01','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','tracing.slow','30s','30s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','track.keep','false','false','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','track.retention','90d','90d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','track.rows','5000000','5000000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','transcripts.keep','true','true','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','transcripts.retention','3d','3d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','transcripts.rows','1000','1000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','verification.deadline','10s','10s','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','verification.known_lifetime','7d','7d','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','verification.probes','5','5','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','verification.rows','100000','100000','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','verification.unknown_lifetime','1h','1h','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','verp.accounts','[]','[]','default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','verp.domain',NULL,NULL,'default');
INSERT INTO _effective_setting (node, name, value, default_value, source) VALUES ('mx.example.test','verp.secrets_file',NULL,NULL,'default');
INSERT INTO _refusal (refusal_id, first_at, last_at, times, listener, client_address, client_name, account, sender, recipient, stage, rule, reply) VALUES (1,1000000000.0,2000000000.0,3,'127.0.0.1:25','192.0.2.1','client.example',NULL,NULL,NULL,'rcpt','relay','550 5.7.1 No');
INSERT INTO _transcript (transcript_id, at, ulid, destination, host, listener, client_address, account, sender, stage, reply, dialogue) VALUES (1,1796108598.1887167,'01M8R6MEX3ZDVS47FC5NTGJK3W','smtp:127.0.0.1:42299','127.0.0.1[127.0.0.1]:42299',NULL,NULL,NULL,'s@sender.example','rcpt','451 4.2.0 Later','S: 220 peer.test ESMTP
C: EHLO mx.example.test
S: 250-peer.test
S: 250-PIPELINING
S: 250-SIZE 104857600
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250-ENHANCEDSTATUSCODES
S: 250 DSN
C: MAIL FROM:<s@sender.example> SIZE=174 BODY=8BITMIME RET=FULL ENVID=e1
C: RCPT TO:<one@deferred.example> NOTIFY=FAILURE,DELAY
C: RCPT TO:<two@deferred.example> ORCPT=rfc822;other@deferred.example
C: DATA
S: 250 2.1.0 Ok
S: 451 4.2.0 Later
S: 451 4.2.0 Later
S: 354 Go ahead
C: .
S: 250 2.0.0 Taken');
INSERT INTO _transcript (transcript_id, at, ulid, destination, host, listener, client_address, account, sender, stage, reply, dialogue) VALUES (2,1796108598.201618,'01M8R6MEXH9AT53V890W3RDJF5','smtp:127.0.0.1:35981','127.0.0.1[127.0.0.1]:35981',NULL,NULL,NULL,'s@sender.example','rcpt','550 5.1.1 No such mailbox','S: 220 peer.test ESMTP
C: EHLO mx.example.test
S: 250-peer.test
S: 250-PIPELINING
S: 250-SIZE 104857600
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250-ENHANCEDSTATUSCODES
S: 250 DSN
C: MAIL FROM:<s@sender.example> SIZE=174
C: RCPT TO:<one@bounced.example>
C: DATA
S: 250 2.1.0 Ok
S: 550 5.1.1 No such mailbox
S: 354 Go ahead
C: .
S: 250 2.0.0 Taken');
INSERT INTO _transcript (transcript_id, at, ulid, destination, host, listener, client_address, account, sender, stage, reply, dialogue) VALUES (3,1000000000.0,'01M8KWMQ2MC23MPAXX456X1RP8','slow.example','mx.slow.example',NULL,NULL,NULL,NULL,'RCPT','451 4.2.0 Later','C: x');
INSERT INTO _event (event_id, at, type, ulid, recipient_id, sender, recipient, account, destination, detail) VALUES (1,1000000000.0,'destination-opened',NULL,NULL,NULL,NULL,NULL,NULL,'{}');
INSERT INTO _event_type (type, is_wanted) VALUES ('accepted',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('audited',0);
INSERT INTO _event_type (type, is_wanted) VALUES ('bounced',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('cancelled',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('deferred',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('delivered',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('expanded',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('expired',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('held',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('lost',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('maybe_delivered',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('refused',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('released',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('reported',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('revived',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('suppressed',1);
INSERT INTO _event_type (type, is_wanted) VALUES ('unsuppressed',1);
INSERT INTO _consumer (name, kind, types, cursor, state, process_id, created_at, sent, lost, failures, sent_at, next_try_at, last_error, last_error_at) VALUES ('program','program','',0,'active',NULL,1000000000.0,0,0,0,NULL,NULL,NULL,NULL);
INSERT INTO _event_aside (consumer, event_id, ulid, state, tries, since, next_try_at, last_error) VALUES ('program',1,NULL,'dead',0,1000000000.0,1000000000.0,NULL);
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
CREATE TRIGGER _attempt_stays BEFORE DELETE ON _attempt
WHEN EXISTS (SELECT 1 FROM _recipient WHERE recipient_id = old.recipient_id)
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is removed with its recipient, by the retention of the configuration');
END;
CREATE TRIGGER _attempt_not_changed BEFORE UPDATE OF
  attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address, stage,
  code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status, decided_next_retry_at,
  dnssec, tls_failure, source
ON _attempt
WHEN NOT EXISTS (SELECT 1 FROM _setting WHERE name = 'redacting')
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
CREATE TRIGGER _token_not_replaced BEFORE INSERT ON _token
WHEN EXISTS (SELECT 1 FROM _token WHERE name = new.name OR digest = new.digest)
  OR new.token_id > 0 AND EXISTS (SELECT 1 FROM _token WHERE token_id = new.token_id)
BEGIN
  SELECT raise(ABORT, 'empath: a token with this name exists');
END;
CREATE TRIGGER _dkim_key_not_replaced BEFORE INSERT ON _dkim_key
WHEN EXISTS (SELECT 1 FROM _dkim_key WHERE domain = new.domain AND selector = new.selector)
  OR new.dkim_key_id > 0 AND EXISTS (SELECT 1 FROM _dkim_key WHERE dkim_key_id = new.dkim_key_id)
BEGIN
  SELECT raise(ABORT, 'empath: a key with this selector exists');
END;
CREATE TRIGGER _received_report_left AFTER DELETE ON _received_report
BEGIN
  DELETE FROM _received_dmarc WHERE received_report_id = old.received_report_id;
  DELETE FROM _received_tls WHERE received_report_id = old.received_report_id;
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
WHEN NOT EXISTS (SELECT 1 FROM _setting WHERE name = 'redacting')
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
CREATE TRIGGER _config_revision_not_changed BEFORE UPDATE ON _config_revision
BEGIN
  SELECT raise(ABORT, 'empath: a configuration that was in force is a record and cannot be changed');
END;
CREATE TRIGGER _config_revision_not_replaced BEFORE INSERT ON _config_revision
WHEN new.revision > 0 AND EXISTS (SELECT 1 FROM _config_revision WHERE revision = new.revision)
BEGIN
  SELECT raise(ABORT, 'empath: a configuration with this number exists');
END;
CREATE TRIGGER _bucket_left AFTER DELETE ON _bucket
WHEN old.full_at > (SELECT now FROM _clock)
BEGIN
  UPDATE _destination SET token_at = NULL WHERE token_at > (SELECT now FROM _clock);
END;
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
CREATE TRIGGER _event_left AFTER DELETE ON _event
BEGIN
  UPDATE _consumer SET lost = lost + 1
   WHERE name IN (SELECT consumer FROM _event_aside WHERE event_id = old.event_id AND state <> 'dead');
  DELETE FROM _event_aside WHERE event_id = old.event_id;
END;
CREATE TRIGGER _event_type_stays BEFORE DELETE ON _event_type
BEGIN
  SELECT raise(ABORT, 'empath: the types of events cannot be changed');
END;
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
CREATE TRIGGER _consumer_moved_back AFTER UPDATE OF cursor ON _consumer
WHEN new.cursor < old.cursor
BEGIN
  DELETE FROM _event_aside WHERE consumer = new.name AND event_id > new.cursor;
END;
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
CREATE VIEW _clock AS
SELECT (julianday('now') - 2440587.5) * 86400.0 AS now;
CREATE VIEW _author AS
SELECT coalesce((SELECT who FROM _actor), 'sql') AS who;
CREATE VIEW _waiting AS
SELECT recipient_id, message_id, destination_id, priority, next_retry_at, expires_at
  FROM _recipient
 WHERE status IN ('queued', 'deferred');
CREATE VIEW _frozen AS
SELECT value AS since FROM _setting WHERE name = 'frozen';
CREATE VIEW _blocked AS
SELECT d.destination_id AS destination_id,
       CASE
         WHEN EXISTS (SELECT 1 FROM _frozen) THEN 'frozen'
         WHEN d.suspended_until > unixepoch()
           THEN 'suspended until ' || datetime(d.suspended_until, 'unixepoch') || coalesce(' (' || d.suspended_reason || ')', '')
         WHEN d.breaker_until > unixepoch()
           THEN 'breaker open until ' || datetime(d.breaker_until, 'unixepoch') || coalesce(' after ' || d.last_failure, '')
         WHEN d.token_at > unixepoch()
           OR EXISTS (SELECT 1 FROM _bucket WHERE name = 'all' AND token_at > unixepoch()) THEN 'rate'
         WHEN d.is_full AND d.due_at <= unixepoch()
           THEN iif(d.breaker_until IS NULL, 'concurrency', 'breaker half open: a probe is under way')
       END AS blocked_by
  FROM _destination AS d;
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
       m.size                                        AS size,                     -- octets of the content
       (SELECT a.class FROM _attempt AS a WHERE a.recipient_id = r.recipient_id ORDER BY a.attempt_id DESC LIMIT 1) AS class,  -- kind of failure that the last attempt met
       CASE
         WHEN (r.status = 'queued' OR r.status = 'deferred')
          AND r.next_retry_at <= max(unixepoch(), coalesce(d.suspended_until, 0.0), coalesce(d.breaker_until, 0.0))
           THEN (SELECT b.blocked_by FROM _blocked AS b WHERE b.destination_id = r.destination_id)
         WHEN (r.status = 'queued' OR r.status = 'deferred') AND r.next_retry_at = r.held_back_until AND r.next_retry_at > unixepoch()
           THEN 'sender rate'
       END AS blocked_by,  -- why it waits longer than its last attempt led to: as in destination, or 'sender rate'; NULL: nothing else holds it back
       r.sent_as AS sent_as  -- reverse-path that the next host gets in place of sender: its mail is forwarded; NULL: it is sender
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.is_live = 1;
CREATE VIEW queue_at AS
SELECT datetime(q.at, 'unixepoch')                   AS at,                       -- the instant, UTC
       q.at                                          AS at_unix,                  -- the same in Unix seconds
       q.id                                          AS id,                       -- queue id (ULID) of the message
       q.recipient_id                                AS recipient_id,             -- number of this recipient
       q.sender                                      AS sender,                   -- reverse-path; '' is null
       q.recipient                                   AS recipient,                -- forward-path
       q.domain                                      AS domain,                   -- domain of the forward-path
       q.destination                                 AS destination,              -- queue key: next hop or domain
       CASE WHEN q.is_under_way AND q.fate <> 'held' THEN 'leased' ELSE q.fate END AS status,  -- queued, deferred, held; leased: an attempt was under way
       q.priority                                    AS priority,                 -- class 0 (first) to 4
       datetime(q.next_retry_unix, 'unixepoch')      AS next_retry_at,            -- next attempt, as attempts and orders decided it, UTC
       q.next_retry_unix                             AS next_retry_unix,          -- the same in Unix seconds
       datetime(q.expires_unix, 'unixepoch')         AS expires_at,               -- end of the lifetime, UTC
       q.expires_unix                                AS expires_unix,             -- the same in Unix seconds
       q.attempts                                    AS attempts,                 -- number of attempts that were settled by then
       q.last_reply                                  AS last_reply,               -- reply that decided the last of them
       q.class                                       AS class,                    -- kind of failure that the last of them met
       datetime(q.received_unix, 'unixepoch')        AS received_at,              -- instant of acceptance, UTC
       q.received_unix                               AS received_unix,            -- the same in Unix seconds
       q.size                                        AS size                      -- octets of the content
  FROM (SELECT p.at AS at, m.ulid AS id, r.recipient_id AS recipient_id, m.reverse_path AS sender, r.address AS recipient,
               r.domain AS domain, m.received_at AS received_unix, m.size AS size,
               coalesce(
                 (SELECT a.destination FROM _attempt AS a
                   WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                   ORDER BY a.attempt_id LIMIT 1),
                 d.name) AS destination,
               -- The last record up to the instant; else what the next one says of before; else what never changed.
               CASE
                 WHEN coalesce(r.settled_at, 0.0) > p.at
                   OR EXISTS (SELECT 1 FROM _attempt AS a
                               WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                                 AND a.decided_status <> 'unchanged')
                   OR EXISTS (SELECT 1 FROM _audit AS u
                               WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'status')
                   THEN coalesce(
                     (SELECT f.status
                        FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number,
                                     a.decided_status AS status
                                FROM _attempt AS a
                               WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                                 AND a.decided_status <> 'unchanged'
                              UNION ALL
                              SELECT u.at, 1, u.audit_id, u.after
                                FROM _audit AS u
                               WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'status') AS f
                       ORDER BY f.at DESC, f.place DESC, f.number DESC LIMIT 1),
                     (SELECT nullif(u.before, 'leased') FROM _audit AS u
                       WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'status'
                         AND NOT EXISTS (SELECT 1 FROM _attempt AS a
                                          WHERE a.recipient_id = r.recipient_id AND a.decided_status <> 'unchanged'
                                            AND a.started_at + a.duration_s < u.at)
                       ORDER BY u.audit_id LIMIT 1),
                     'queued')
                 WHEN r.status <> 'leased' THEN r.status
                 WHEN r.attempts = 0 THEN 'queued'
                 ELSE 'deferred'
               END AS fate,
               EXISTS (SELECT 1 FROM _attempt AS a
                        WHERE a.recipient_id = r.recipient_id AND a.started_at <= p.at
                          AND a.started_at + a.duration_s > p.at)
               OR EXISTS (SELECT 1 FROM _lease AS l WHERE l.lease_id = r.lease_id AND l.leased_at <= p.at) AS is_under_way,
               coalesce(
                 (SELECT u.after FROM _audit AS u
                   WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'priority'
                   ORDER BY u.audit_id DESC LIMIT 1),
                 (SELECT u.before FROM _audit AS u
                   WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'priority'
                   ORDER BY u.audit_id LIMIT 1),
                 r.priority) AS priority,
               coalesce(
                 (SELECT f.next_retry_at
                    FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number,
                                 a.decided_next_retry_at AS next_retry_at
                            FROM _attempt AS a
                           WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                             AND a.decided_next_retry_at IS NOT NULL
                          UNION ALL
                          SELECT u.at, 1, u.audit_id, u.after
                            FROM _audit AS u
                           WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'next_retry_unix') AS f
                   ORDER BY f.at DESC, f.place DESC, f.number DESC LIMIT 1),
                 (SELECT coalesce(f.before, m.received_at)
                    FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number, NULL AS before
                            FROM _attempt AS a
                           WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                             AND a.decided_next_retry_at IS NOT NULL
                          UNION ALL
                          SELECT u.at, 1, u.audit_id, u.before
                            FROM _audit AS u
                           WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'next_retry_unix') AS f
                   ORDER BY f.at, f.place, f.number LIMIT 1),
                 r.next_retry_at) AS next_retry_unix,
               coalesce(
                 (SELECT u.after FROM _audit AS u
                   WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'expires_unix'
                   ORDER BY u.audit_id DESC LIMIT 1),
                 (SELECT u.before FROM _audit AS u
                   WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'expires_unix'
                   ORDER BY u.audit_id LIMIT 1),
                 r.expires_at) AS expires_unix,
               r.attempts - (
                 SELECT count(*) FROM _attempt AS a
                  WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                    AND a.outcome <> 'next_host' AND a.outcome <> 'unknown' AND a.outcome <> 'maybe_delivered') AS attempts,
               (SELECT a.text FROM _attempt AS a
                 WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                   AND a.outcome <> 'next_host' AND a.outcome <> 'unknown' AND a.outcome <> 'maybe_delivered'
                 ORDER BY a.attempt_id DESC LIMIT 1) AS last_reply,
               (SELECT a.class FROM _attempt AS a
                 WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                 ORDER BY a.attempt_id DESC LIMIT 1) AS class
          FROM (SELECT CAST(value AS REAL) AS at FROM _setting WHERE name = 'queue_at') AS p
          JOIN _recipient AS r
            ON r.is_live = 1 OR coalesce(r.settled_at, r.expires_at) > p.at
          JOIN _message AS m ON m.message_id = r.message_id AND m.received_at <= p.at
          JOIN _destination AS d ON d.destination_id = r.destination_id) AS q
 WHERE q.fate IN ('queued', 'deferred', 'held');
CREATE VIEW _standing AS
SELECT s.*,
       CASE
         WHEN s.status = 'leased' THEN 'delivery'
         WHEN s.status = 'held' THEN 'hold'
         WHEN s.is_frozen THEN 'freeze'
         WHEN max(s.next_retry_at, s.ready_at, s.all_token_at) <= s.now
          -- Half open, the breaker lets the first message pass, and those with a recipient whose lifetime is over.
          AND (s.breaker_until IS NULL
               OR s.message_id = (
                 SELECT w.message_id
                   FROM _waiting AS w
                  WHERE w.destination_id = s.destination_id
                    AND w.priority IN (0, 1, 2, 3, 4)
                    AND w.next_retry_at <= s.now
                  ORDER BY w.priority, w.next_retry_at
                  LIMIT 1)
               OR EXISTS (
                 SELECT 1
                   FROM _waiting AS w
                  WHERE w.message_id = s.message_id
                    AND +w.destination_id = s.destination_id
                    AND w.next_retry_at <= s.now
                    AND w.expires_at <= s.now))
           THEN iif(s.has_worker, NULL, 'no worker')
         WHEN s.earliest_at > s.now AND s.earliest_at = s.suspended_until
           THEN CASE
                  WHEN s.suspended_reason GLOB 'warm-up: *' THEN 'warm-up'
                  WHEN s.suspended_reason GLOB 'closed by *' THEN 'hours'
                  ELSE 'suspension'
                END
         WHEN s.earliest_at > s.now AND s.earliest_at = s.breaker_until THEN 'breaker'
         WHEN s.earliest_at > s.now AND s.earliest_at = s.next_retry_at
           THEN CASE
                  WHEN s.next_retry_at = s.held_back_until THEN 'sender rate'
                  WHEN s.attempts > 0 THEN 'retry'
                  ELSE 'not due'
                END
         WHEN s.earliest_at > s.now THEN 'rate'
         WHEN s.breaker_until IS NOT NULL THEN 'probe'
         WHEN s.is_full THEN 'concurrency'
         ELSE 'bound'
       END AS blocked_by
  FROM (SELECT r.recipient_id, r.message_id, r.destination_id, r.address, r.domain, r.status, r.next_retry_at, r.expires_at,
               r.held_back_until, r.attempts, r.last_reply, r.reason, r.lease_id,
               d.name AS destination, d.ready_at, d.suspended_until, d.suspended_reason, d.breaker_until, d.token_at,
               d.is_full, d.max_leases, d.lease_window, d.lease_limit, d.openings, d.last_failure,
               (SELECT now FROM _clock) AS now,
               EXISTS (SELECT 1 FROM _frozen) AS is_frozen,
               coalesce((SELECT b.token_at FROM _bucket AS b WHERE b.name = 'all'), 0.0) AS all_token_at,
               max(r.next_retry_at, coalesce(d.suspended_until, 0.0), coalesce(d.breaker_until, 0.0),
                   coalesce(d.token_at, 0.0),
                   coalesce((SELECT b.token_at FROM _bucket AS b WHERE b.name = 'all'), 0.0)) AS earliest_at,
               EXISTS (
                 SELECT 1 FROM _process AS p
                  WHERE p.ended_at IS NULL
                    AND p.slot GLOB 'worker-*'
                    AND p.beat_at > (SELECT now FROM _clock) - 30.0) AS has_worker
          FROM _recipient AS r
          JOIN _destination AS d ON d.destination_id = r.destination_id
         WHERE r.is_live = 1) AS s;
CREATE VIEW explanation AS
SELECT m.ulid                                        AS id,                       -- queue id (ULID) of the message
       s.recipient_id                                AS recipient_id,             -- number of this recipient
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       s.address                                     AS recipient,                -- forward-path
       s.domain                                      AS domain,                   -- domain of the forward-path
       s.destination                                 AS destination,              -- queue key: next hop or domain
       s.status                                      AS status,                   -- queued, deferred, leased or held
       s.blocked_by AS blocked_by,  -- what it waits for, a word of the table in docs/sql.md; NULL: nothing, a worker takes it in its turn
       CASE WHEN s.earliest_at > s.now AND s.status <> 'leased' AND s.status <> 'held' AND NOT s.is_frozen THEN datetime(s.earliest_at, 'unixepoch') END AS until,  -- instant at which that ends, UTC; NULL: an event ends it, or it has ended
       CASE WHEN s.earliest_at > s.now AND s.status <> 'leased' AND s.status <> 'held' AND NOT s.is_frozen THEN s.earliest_at END AS until_unix,  -- the same in Unix seconds
       CASE s.blocked_by
         WHEN 'delivery' THEN (
           SELECT p.slot || ' has it since ' || datetime(l.leased_at, 'unixepoch')
             FROM _lease AS l
             JOIN _process AS p ON p.process_id = l.process_id
            WHERE l.lease_id = s.lease_id)
         WHEN 'hold' THEN coalesce(s.reason, 'held') || coalesce((
           SELECT iif(instr(s.reason, ' by ' || a.who), '', ' by ' || a.who) FROM _audit AS a
            WHERE a.recipient_id = s.recipient_id AND a.what = 'status' AND a.after = 'held'
            ORDER BY a.audit_id DESC
            LIMIT 1), '')
         WHEN 'freeze' THEN 'frozen since ' || (SELECT since FROM _frozen) || coalesce(' by ' || (
           SELECT c.who FROM _control AS c WHERE c.verb = 'freeze' ORDER BY c.control_id DESC LIMIT 1), '')
         WHEN 'suspension' THEN 'suspended_until of the destination' || coalesce(': ' || s.suspended_reason, '')
         WHEN 'hours' THEN s.suspended_reason
         WHEN 'warm-up' THEN s.suspended_reason
         WHEN 'breaker' THEN 'circuit breaker, opened ' || s.openings || iif(s.openings = 1, ' time', ' times') || coalesce('; ' || s.last_failure, '')
         WHEN 'probe' THEN 'circuit breaker half open: one message goes first' || coalesce('; ' || s.last_failure, '')
         WHEN 'retry' THEN s.attempts || iif(s.attempts = 1, ' attempt', ' attempts') || coalesce('; ' || s.last_reply, '')
         WHEN 'sender rate' THEN 'rate of the sender, in [senders]'
         WHEN 'rate' THEN iif(s.earliest_at = s.token_at, 'rate of the destination or its provider', '[delivery] rate')
         WHEN 'concurrency' THEN (SELECT count(*) FROM _lease AS l WHERE l.destination_id = s.destination_id) || ' of ' || s.lease_limit || ' connections in use' || iif(s.lease_limit < s.max_leases, '; concurrency ' || s.max_leases || ', fewer after failures', ', the limit of concurrency')
         WHEN 'no worker' THEN 'no worker gives a sign of life'
         WHEN 'not due' THEN 'next_retry_at'
         WHEN 'bound' THEN 'due_at of the destination is late; `empath-admin fsck` says why'
       END AS rule,  -- what decides it: the order, rule, setting or row, with its author or its evidence
       CASE
         WHEN s.status = 'held' THEN NULL
         WHEN EXISTS (
           SELECT 1 FROM _suppression AS x
            WHERE (x.address = lower(s.address) OR x.address = '@' || s.domain)
              AND coalesce(x.expires_at > s.now, 1)) THEN 'bounces: the address is suppressed'
         WHEN EXISTS (
           SELECT 1 FROM _hold_rule AS h
            WHERE coalesce(h.expires_at > s.now, 1)
              AND CASE h.scope
                    WHEN 'sender' THEN h.pattern = iif(m.reverse_path = '', '<>', lower(m.reverse_path)) OR h.pattern GLOB '@*' AND lower(m.reverse_path) GLOB '*' || replace(h.pattern, '[', '[[]')
                    WHEN 'recipient' THEN h.pattern = lower(s.address) OR h.pattern GLOB '@*' AND lower(s.address) GLOB '*' || replace(h.pattern, '[', '[[]')
                    WHEN 'account' THEN h.pattern = m.account
                    WHEN 'client' THEN h.pattern IN (m.client_address, '::ffff:' || m.client_address)
                    ELSE h.pattern IN ('*', s.domain, s.domain || '.', s.destination) OR h.pattern GLOB '[*].*' AND (s.domain GLOB h.pattern OR s.destination GLOB h.pattern)
                  END
              AND NOT EXISTS (
                SELECT 1 FROM _audit AS a
                 WHERE a.recipient_id = s.recipient_id AND a.what = 'status' AND a.before = 'held' AND a.after IN ('queued', 'deferred') AND a.at >= h.created_at)) THEN 'is held: a hold rule is about it'
         WHEN s.destination = 'no-route:' THEN 'no route leads to a host'
         WHEN s.expires_at <= max(s.now, s.earliest_at) THEN 'expires unless it is delivered'
       END AS next_attempt,  -- what the next attempt will do, where that is known before; NULL: it is made
       datetime(s.next_retry_at, 'unixepoch')        AS next_retry_at,            -- earliest instant of the next attempt, as in queue, UTC
       s.next_retry_at                               AS next_retry_unix,          -- the same in Unix seconds
       datetime(s.expires_at, 'unixepoch')           AS expires_at,               -- end of the lifetime, UTC
       s.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       s.attempts                                    AS attempts,                 -- number of settled attempts
       s.last_reply                                  AS last_reply,               -- reply that decided the last attempt
       (SELECT p.slot FROM _lease AS l JOIN _process AS p ON p.process_id = l.process_id WHERE l.lease_id = s.lease_id) AS process,  -- slot of the worker that delivers it now; NULL: none
       datetime(m.received_at, 'unixepoch')          AS received_at,              -- instant of acceptance, UTC
       m.received_at                                 AS received_unix             -- the same in Unix seconds
  FROM _standing AS s
  JOIN _message AS m ON m.message_id = s.message_id;
CREATE VIEW stuck AS
SELECT d.name                                        AS destination,              -- queue key: next hop or domain
       w.recipients                                  AS recipients,               -- number of its recipients that wait, or that are held
       w.due                                         AS due,                      -- number of those whose next_retry_at has come
       datetime(m.received_at, 'unixepoch')          AS oldest_at,                -- instant of acceptance of the oldest, UTC
       m.received_at                                 AS oldest_unix,              -- the same in Unix seconds
       round(w.now - m.received_at)                  AS age_s,                    -- its age in seconds
       iif(w.first_at <= w.now, round(w.now - w.first_at), 0.0) AS overdue_s,  -- seconds since the first of them was due
       m.ulid                                        AS id,                       -- queue id of the oldest, for `empath-admin explain`
       e.recipient_id                                AS recipient_id,             -- number of the oldest recipient
       e.blocked_by                                  AS blocked_by,               -- what the oldest waits for, as in explanation; NULL: its turn
       e.until                                       AS until,                    -- instant at which that ends, UTC; NULL: an event ends it
       e.until_unix                                  AS until_unix,               -- the same in Unix seconds
       e.rule                                        AS rule,                     -- what decides it, as in explanation
       e.last_reply                                  AS last_reply                -- reply that decided the last attempt for the oldest
  FROM (SELECT destination_id, count(*) AS recipients, min(recipient_id) AS oldest, min(next_retry_at) AS first_at,
               count(*) FILTER (WHERE next_retry_at <= (SELECT now FROM _clock)) AS due,
               (SELECT now FROM _clock) AS now
          FROM _recipient INDEXED BY _recipient_due
         WHERE status IN ('queued', 'deferred')
         GROUP BY destination_id
        UNION ALL
        SELECT destination_id, count(*), min(recipient_id), NULL, 0, (SELECT now FROM _clock)
          FROM _recipient INDEXED BY _recipient_held
         WHERE status = 'held'
         GROUP BY destination_id) AS w
 CROSS JOIN _destination AS d ON d.destination_id = w.destination_id
 CROSS JOIN explanation AS e ON e.recipient_id = w.oldest
 CROSS JOIN _message AS m ON m.ulid = e.id
 WHERE m.received_at <= w.now - 3600.0
    OR w.first_at <= w.now - 300.0;
CREATE VIEW _age_bound AS
WITH RECURSIVE search (minutes, accepted_at, older, younger) AS (
  SELECT column1, (SELECT now FROM _clock) - column1 * 60.0, 0, (SELECT coalesce(max(message_id), 0) + 1 FROM _message)
    FROM (VALUES (5), (10), (20), (40), (80), (160), (320), (640), (1280))
  UNION ALL
  SELECT s.minutes, s.accepted_at,
         iif(m.received_at <= s.accepted_at, (s.older + s.younger) / 2, s.older),
         iif(m.received_at <= s.accepted_at, s.younger, (s.older + s.younger) / 2)
    FROM search AS s
    LEFT JOIN _message AS m
      ON m.message_id = (SELECT min(n.message_id) FROM _message AS n WHERE n.message_id >= (s.older + s.younger) / 2)
   WHERE s.younger - s.older > 1)
SELECT minutes, max(older) AS message_id
  FROM search
 GROUP BY minutes;
CREATE VIEW queue_by_domain AS
SELECT c.domain                                      AS domain,                   -- domain of the forward-paths
       c.total                                       AS total,                    -- number of live recipients
       c.total - c.over_5m                           AS under_5m,                  -- number of those accepted less than 5 minutes ago
       c.over_5m - c.over_10m                        AS under_10m,                 -- 5 to 10 minutes ago
       c.over_10m - c.over_20m                       AS under_20m,                 -- 10 to 20
       c.over_20m - c.over_40m                       AS under_40m,                 -- 20 to 40
       c.over_40m - c.over_80m                       AS under_80m,                 -- 40 to 80
       c.over_80m - c.over_160m                      AS under_160m,                -- 80 to 160
       c.over_160m - c.over_320m                     AS under_320m,                -- 160 to 320
       c.over_320m - c.over_640m                     AS under_640m,                -- 320 to 640
       c.over_640m - c.over_1280m                    AS under_1280m,               -- 640 to 1280
       c.over_1280m                                  AS over_1280m,               -- 1280 minutes ago and more
       datetime(m.received_at, 'unixepoch')          AS oldest_at,                -- instant of acceptance of the oldest, UTC
       m.received_at                                 AS oldest_unix               -- the same in Unix seconds
  FROM (SELECT domain, count(*) AS total, min(message_id) AS oldest,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 5)) AS over_5m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 10)) AS over_10m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 20)) AS over_20m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 40)) AS over_40m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 80)) AS over_80m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 160)) AS over_160m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 320)) AS over_320m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 640)) AS over_640m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 1280)) AS over_1280m
          FROM _recipient INDEXED BY _recipient_domain
         WHERE is_live = 1
         GROUP BY domain) AS c
 CROSS JOIN _message AS m ON m.message_id = c.oldest;
CREATE VIEW queue_by_status AS
WITH waiting (queued, queued_due, queued_at, deferred, deferred_due, deferred_at) AS MATERIALIZED (
  SELECT count(*) FILTER (WHERE status = 'queued'),
         count(*) FILTER (WHERE status = 'queued' AND next_retry_at <= (SELECT now FROM _clock)),
         min(next_retry_at) FILTER (WHERE status = 'queued'),
         count(*) FILTER (WHERE status = 'deferred'),
         count(*) FILTER (WHERE status = 'deferred' AND next_retry_at <= (SELECT now FROM _clock)),
         min(next_retry_at) FILTER (WHERE status = 'deferred')
    FROM _recipient INDEXED BY _recipient_due
   WHERE status IN ('queued', 'deferred'))
SELECT c.status                                      AS status,                   -- queued, deferred, leased, held; each has a row
       c.recipients                                  AS recipients,               -- number of recipients
       c.due                                         AS due,                      -- number of those whose next_retry_at has come; of leased and held: 0
       datetime(c.next_retry_at, 'unixepoch')        AS next_retry_at,            -- the earliest of them, UTC; NULL: none, or leased or held
       c.next_retry_at                               AS next_retry_unix           -- the same in Unix seconds
  FROM (SELECT 'queued' AS status, queued AS recipients, queued_due AS due, queued_at AS next_retry_at FROM waiting
        UNION ALL
        SELECT 'deferred', deferred, deferred_due, deferred_at FROM waiting
        UNION ALL
        SELECT 'leased', count(*), 0, NULL FROM _recipient INDEXED BY _recipient_lease WHERE lease_id IS NOT NULL
        UNION ALL
        SELECT 'held', count(*), 0, NULL FROM _recipient INDEXED BY _recipient_held WHERE status = 'held') AS c;
CREATE VIEW queue_by_destination AS
SELECT d.name                                        AS destination,              -- queue key: next hop or domain
       sum(c.queued + c.deferred + c.leased + c.held) AS total,  -- number of live recipients
       sum(c.queued)                                 AS queued,                   -- number of those with this status; so the next three
       sum(c.deferred)                               AS deferred,                 -- as queued
       sum(c.leased)                                 AS leased,                   -- as queued
       sum(c.held)                                   AS held,                     -- as queued
       sum(c.due)                                    AS due,                      -- number of those queued or deferred whose next_retry_at has come
       datetime(min(c.first_at), 'unixepoch')        AS next_retry_at,            -- the earliest of them, UTC; NULL: none waits
       min(c.first_at)                               AS next_retry_unix           -- the same in Unix seconds
  FROM (SELECT destination_id, count(*) FILTER (WHERE status = 'queued') AS queued,
               count(*) FILTER (WHERE status = 'deferred') AS deferred, 0 AS leased, 0 AS held,
               count(*) FILTER (WHERE next_retry_at <= (SELECT now FROM _clock)) AS due, min(next_retry_at) AS first_at
          FROM _recipient INDEXED BY _recipient_due
         WHERE status IN ('queued', 'deferred')
         GROUP BY destination_id
        UNION ALL
        SELECT destination_id, 0, 0, count(*), 0, 0, NULL
          FROM _recipient INDEXED BY _recipient_lease
         WHERE lease_id IS NOT NULL
         GROUP BY destination_id
        UNION ALL
        SELECT destination_id, 0, 0, 0, count(*), 0, NULL
          FROM _recipient INDEXED BY _recipient_held
         WHERE status = 'held'
         GROUP BY destination_id) AS c
 CROSS JOIN _destination AS d ON d.destination_id = c.destination_id
 GROUP BY d.destination_id;
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
       m.content_locator IS NOT NULL                 AS has_content,              -- 1 while the content is kept
       (SELECT a.class FROM _attempt AS a WHERE a.recipient_id = r.recipient_id ORDER BY a.attempt_id DESC LIMIT 1) AS class,  -- kind of failure that the last attempt met
       r.sent_as AS sent_as  -- reverse-path that the next host gets in place of sender: its mail is forwarded; NULL: it is sender
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
       m.metadata                                    AS metadata,                 -- JSON object for modules
       substr(m.traceparent, 4, 32)                  AS trace_id                  -- id of its trace, see docs/tracing.md; NULL: it is in none
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
       a.tls_policy AS tls_policy,  -- level of TLS in force and what decided it, such as may by built-in; NULL: no host was asked
       a.tls_version AS tls_version,  -- such as TLSv1.3; NULL: in the clear
       a.tls_cipher                                  AS tls_cipher,               -- name of the cipher suite
       a.tls_peer AS tls_peer,  -- how the host proved its identity; NULL: not at all
       a.tls_failure AS tls_failure,  -- why TLS failed, also if the mail went on without it; NULL: it did not
       a.dnssec AS dnssec,  -- of the look-ups for the host: secure, insecure or bogus; NULL: not checked, or no look-up
       a.source AS source,  -- address of [sources] that the connection went out from; NULL: the system chose, or there was none
       a.outcome AS outcome,  -- delivered, deferred, bounced, expired, next_host, unknown, maybe_delivered
       a.decided_status AS decided_status,  -- resulting status; 'unchanged': another host was tried, or the result came too late
       datetime(a.decided_next_retry_at, 'unixepoch') AS decided_next_retry_at,    -- resulting instant of the next attempt, UTC
       a.decided_next_retry_at                       AS decided_next_retry_unix,  -- the same in Unix seconds
       a.process_id                                  AS process_id,               -- process that made the attempt
       a.class AS class,  -- kind of failure, as the rules of bounce_rule say; NULL: none
       (SELECT p.config_revision FROM _process AS p WHERE p.process_id = a.process_id) AS config_revision  -- configuration that it was made by; NULL: not known any more
  FROM _attempt AS a
  JOIN _recipient AS r ON r.recipient_id = a.recipient_id
  JOIN _message AS m ON m.message_id = r.message_id;
CREATE VIEW destination AS
SELECT d.name AS destination,  -- 'smtp:host:port', 'maildir:/path', 'discard:', 'no-route:', or a domain
       d.max_leases AS max_leases,  -- most connections at once, over all workers: the setting concurrency
       (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) AS leases,  -- number of connections in use
       d.is_failing                                  AS is_failing,               -- 1: the last attempt reached no host, or failed after a minute
       datetime(d.due_at, 'unixepoch') AS due_at,  -- no recipient is due earlier, UTC; NULL: none waits
       d.due_at                                      AS due_unix,                 -- the same in Unix seconds
       datetime(d.breaker_until, 'unixepoch') AS breaker_until,  -- no attempt before this instant, after failures, UTC
       d.breaker_until                               AS breaker_until_unix,       -- the same in Unix seconds
       datetime(d.suspended_until, 'unixepoch') AS suspended_until,  -- no attempt before this instant, by order, UTC
       d.suspended_until                             AS suspended_until_unix,     -- the same in Unix seconds
       datetime(d.ready_at, 'unixepoch') AS ready_at,  -- a lease can be taken from here on, UTC; NULL: no mail waits, or no connection is free
       d.ready_at                                    AS ready_unix,               -- the same in Unix seconds
       d.exchangers                                  AS exchangers,               -- names of its MX hosts, best first; NULL: not known, or it has none
       d.lease_limit AS lease_limit,  -- most connections now: what its hosts have borne, up to max_leases; 1 for a probe
       d.last_failure AS last_failure,  -- why the last connection failed; NULL: there was a session since
       CASE WHEN d.suspended_until > unixepoch() THEN d.suspended_reason END AS suspended_reason,  -- reason of the suspension
       (SELECT b.blocked_by FROM _blocked AS b WHERE b.destination_id = d.destination_id) AS blocked_by  -- why due mail does not go out: frozen, suspended until …, breaker open until …, rate, concurrency; NULL: it may
  FROM _destination AS d;
CREATE VIEW log_level AS
SELECT l.scope AS scope,  -- area, client, destination or message
       l.pattern AS pattern,  -- smtp, delivery, dns, queue, http, modules, process; a network; a destination, domain or *.domain; a queue id
       l.level                                       AS level,         -- least level that is written: debug, info, warning, error, critical
       datetime(l.expires_at, 'unixepoch')           AS expires_at,    -- end, UTC
       l.expires_at                                  AS expires_unix,  -- the same in Unix seconds
       l.reason                                      AS reason,        -- reason, for people
       datetime(l.created_at, 'unixepoch')           AS created_at,    -- instant of the last INSERT, UTC
       l.created_at                                  AS created_unix,  -- the same in Unix seconds
       l.who                                         AS who            -- author, as in audit
  FROM _log_level AS l;
CREATE VIEW listener_limit AS
SELECT l.listener                                    AS listener,      -- address of a listener, such as 192.0.2.25:25, or * for all
       l.setting                                     AS setting,       -- key of [receiving.limits], such as message_rate_per_client
       l.value                                       AS value,         -- its value as in the file, as text; none: no limit
       datetime(l.expires_at, 'unixepoch')           AS expires_at,    -- end, UTC; NULL: none
       l.expires_at                                  AS expires_unix,  -- the same in Unix seconds
       l.reason                                      AS reason,        -- reason, for people
       datetime(l.created_at, 'unixepoch')           AS created_at,    -- instant of the INSERT, UTC
       l.created_at                                  AS created_unix,  -- the same in Unix seconds
       l.who                                         AS who            -- author, as in audit
  FROM _listener_limit AS l;
CREATE VIEW hold_rule AS
SELECT h.hold_rule_id                                AS rule,          -- number of the rule
       h.scope                                       AS scope,         -- sender, recipient, destination, account or client
       h.pattern                                     AS pattern,       -- which of them: an address, @domain or @*.domain; a destination; a name; an IP address or network
       datetime(h.expires_at, 'unixepoch')           AS expires_at,    -- end, UTC; NULL: none
       h.expires_at                                  AS expires_unix,  -- the same in Unix seconds
       h.reason                                      AS reason,        -- reason, for people
       h.hits                                        AS hits,          -- number of recipients that it has held
       datetime(h.created_at, 'unixepoch')           AS created_at,    -- instant of the INSERT, UTC
       h.created_at                                  AS created_unix,  -- the same in Unix seconds
       h.who                                         AS who            -- author, as in audit
  FROM _hold_rule AS h;
CREATE VIEW destination_rule AS
SELECT r.rule_id                                     AS rule,                     -- number of the rule
       r.pattern AS pattern,  -- domain, *.domain, *, destination such as smtp:host:port, or mx: and an MX host or *.domain
       r.setting                                     AS setting,                  -- key of [destinations], such as concurrency
       r.value                                       AS value,                    -- its value, as text
       datetime(r.expires_at, 'unixepoch')           AS expires_at,               -- end, UTC; NULL: none
       r.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       r.reason                                      AS reason,                   -- reason, for people
       datetime(r.created_at, 'unixepoch')           AS created_at,               -- instant of the last change of its value, UTC
       r.created_at                                  AS created_unix,             -- the same in Unix seconds
       r.who                                         AS who                       -- author, as in audit
  FROM _destination_rule AS r;
CREATE VIEW source_rest AS
SELECT s.address                                     AS address,                  -- the address, as in the configuration
       datetime(s.expires_at, 'unixepoch')           AS expires_at,               -- end of the rest, UTC
       s.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       s.reason                                      AS reason,                   -- reason, for people
       datetime(s.created_at, 'unixepoch')           AS created_at,               -- begin of the rest, UTC
       s.created_at                                  AS created_unix,             -- the same in Unix seconds
       s.who                                         AS who                       -- author, as in audit
  FROM _source_rest AS s;
CREATE VIEW warmup AS
SELECT w.address                                     AS address,                  -- address of a pool of [sources]
       w.provider                                    AS provider,                 -- name of a host, *.domain or *; the most exact counts a message
       w.day                                         AS day,                      -- number of the day, of 24 hours; 1 begins at started_at
       w.most_messages                               AS most_messages,            -- most messages of that day
       datetime(w.started_at, 'unixepoch')           AS started_at,               -- start of the plan, UTC; INSERT: without it the start stays, or is now
       w.started_at                                  AS started_unix,             -- the same in Unix seconds
       coalesce((SELECT u.messages FROM _warmup_use AS u WHERE (u.address, u.provider, u.day) = (w.address, w.provider, w.day)), 0) AS messages  -- messages of that day so far
  FROM _warmup AS w;
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
       p.modules_off AS modules_off,  -- names of modules that it switched off after failures; NULL: none
       p.config_revision AS config_revision  -- configuration that it runs by; NULL: of an older version
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
       a.object AS object,  -- row of another view that changed, such as the name of an account
       (SELECT iif(s.before <= a.audit_id, s.after, NULL) FROM _audit AS s INDEXED BY _audit_statement WHERE s.what = 'statement' AND s.audit_id > a.audit_id ORDER BY s.audit_id LIMIT 1) AS statement  -- command of empath-admin, or request to the API or the console, that made the change; NULL: another program
  FROM _audit AS a
 WHERE a.what <> 'statement';
CREATE VIEW audit_seal AS
SELECT s.seal_id                                     AS seal_id,                  -- number of the seal, rising
       datetime(s.sealed_at, 'unixepoch')            AS sealed_at,                -- instant of the seal, UTC
       s.sealed_at                                   AS sealed_unix,              -- the same in Unix seconds
       s.audit_rows                                  AS audit_rows,               -- number of rows of audit that it covers
       s.audit_last                                  AS last_audit_id,            -- the last of them, or of those before it
       s.attempts_rows                               AS attempts,                 -- number of attempts that it covers
       s.attempts_last                               AS last_attempt_id,          -- the last of them, or of those before it
       s.digest                                      AS digest                    -- SHA-256 over it and the seal before it, hexadecimal
  FROM _audit_seal AS s;
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
CREATE VIEW token AS
SELECT t.name                                        AS name,                     -- name in the audit, as token:name
       t.role                                        AS role,                     -- read, operate, inject or admin
       t.networks                                    AS networks,                 -- clients that may use it, blanks between; '': any
       datetime(t.created_at, 'unixepoch')           AS created_at,               -- instant at which it was made, UTC
       t.created_at                                  AS created_unix,             -- the same in Unix seconds
       datetime(t.expires_at, 'unixepoch')           AS expires_at,               -- instant from which on it is of no use, UTC; NULL: never
       t.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       datetime(t.last_used_at, 'unixepoch')         AS last_used_at,             -- last use, up to a minute late, UTC; NULL: none
       t.last_used_at                                AS last_used_unix,           -- the same in Unix seconds
       t.last_client                                 AS last_client,              -- IP address of that client
       t.account                                     AS account                   -- account that its mail is sent as; NULL: any sender
  FROM _token AS t;
CREATE VIEW dkim_key AS
SELECT k.domain                                      AS domain,                   -- domain whose mail it signs
       k.selector                                    AS selector,                 -- name of the key at its domain
       k.algorithm                                   AS algorithm,                -- rsa-sha256 or ed25519-sha256
       k.state AS state,  -- 'waiting' for its record in the DNS, 'signing', or 'retired': the record must stay for mail on its way
       datetime(k.since, 'unixepoch')                AS since_at,                 -- instant from which on it has this state, UTC
       k.since                                       AS since_unix,               -- the same in Unix seconds
       k.selector || '._domainkey.' || k.domain      AS name,                     -- name of its record in the DNS
       k.record                                      AS record,                   -- text of its record, of type TXT
       datetime(k.created_at, 'unixepoch')           AS created_at,               -- instant at which it was made, UTC
       k.created_at                                  AS created_unix              -- the same in Unix seconds
  FROM _dkim_key AS k;
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
       round((SELECT now FROM _clock) - s.began_at, 1) AS age_s,  -- age in seconds
       p.slot                                        AS process,                  -- slot of its acceptor
       p.node                                        AS node                      -- name of the host
  FROM _session AS s
  JOIN _process AS p ON p.process_id = s.process_id
 WHERE p.ended_at IS NULL;
CREATE VIEW refusal AS
SELECT r.refusal_id                                  AS refusal_id,               -- number of the row, rising
       datetime(r.last_at, 'unixepoch')              AS at,                       -- instant of the refusal, UTC
       r.last_at                                     AS at_unix,                  -- the same in Unix seconds
       r.times                                       AS times,                    -- number of refusals that were the same
       r.client_address AS client,  -- IP address of the client; '': several, too many came within that second for a row each
       r.client_name                                 AS client_name,              -- name that the client gave in HELO or EHLO; '': none
       r.listener                                    AS listener,                 -- address of the listener
       r.account                                     AS account,                  -- account by which the client had logged in; NULL: none
       r.sender                                      AS sender,                   -- reverse-path as the client gave it; NULL: it had given none
       r.recipient                                   AS recipient,                -- forward-path, where RCPT was refused
       r.stage                                       AS stage,                    -- command that was refused, 'end of data', or what ended the session
       r.rule AS rule,  -- what decided: a limit such as message_rate; relay, auth, senders, recipients, suppression, greylist, blocklists, dmarc, routes, modules, milter, protocol or other
       r.reply                                       AS reply                     -- reply that the client got
  FROM _refusal AS r;
CREATE VIEW transcript AS
SELECT t.transcript_id                               AS transcript_id,            -- number of the row, rising
       datetime(t.at, 'unixepoch')                   AS at,                       -- instant of the failure, UTC
       t.at                                          AS at_unix,                  -- the same in Unix seconds
       t.ulid                                        AS id,                       -- queue id of the message that went out; NULL: a client
       t.destination                                 AS destination,              -- queue key of the destination; NULL: a client
       t.host                                        AS host,                     -- name, address and port of the host; NULL: a client
       t.listener                                    AS listener,                 -- address of the listener; NULL: a host
       t.client_address                              AS client,                   -- IP address of the client; NULL: a host
       t.account                                     AS account,                  -- account by which the client had logged in; NULL: none
       t.sender                                      AS sender,                   -- reverse-path; NULL: the client had given none
       t.stage                                       AS stage,                    -- command that failed, 'end of data', or what ended the session
       t.reply                                       AS reply,                    -- reply that decided: that of the host, or ours
       t.dialogue AS dialogue  -- a line for each thing that was said: 'C: ' by the client, 'S: ' by the server, '-: ' what happened
  FROM _transcript AS t;
CREATE VIEW throughput AS
SELECT datetime(t.hour_at, 'unixepoch')              AS hour_at,                  -- begin of the hour, UTC
       t.hour_at                                     AS hour_unix,                -- the same in Unix seconds
       t.destination AS destination,  -- queue key; '': mail that came in; '*': destinations beyond the first hundred of the hour
       t.received                                    AS received,                 -- messages that came in
       t.octets                                      AS octets,                   -- their octets
       t.delivered                                   AS delivered,                -- recipients delivered
       t.deferred                                    AS deferred,                 -- attempts that failed for now
       t.bounced                                     AS bounced,                  -- recipients that a host or Empath refused for good
       t.expired                                     AS expired                   -- recipients whose lifetime was over
  FROM _throughput AS t;
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
CREATE VIEW dns_cache AS
SELECT c.name                                        AS name,              -- name, in A-labels
       c.type                                        AS type,              -- type of record, such as MX
       c.status                                      AS status,            -- found, NODATA (none of this type) or NXDOMAIN (no such name)
       c.answer                                      AS answer,            -- JSON array of the records, each as in a zone
       c.alias_of                                    AS alias_of,          -- name at the end of the aliases; '' without aliases
       c.dnssec                                      AS dnssec,            -- secure or insecure; NULL: not checked
       datetime(c.asked_at, 'unixepoch')             AS asked_at,          -- instant of the answer, UTC
       c.asked_at                                    AS asked_unix,        -- the same in Unix seconds
       datetime(c.expires_at, 'unixepoch')           AS expires_at,        -- instant from which on it is asked again, UTC
       c.expires_at                                  AS expires_unix,      -- the same in Unix seconds
       datetime(c.stale_until, 'unixepoch')          AS stale_until,       -- until then it serves where the name servers fail, UTC
       c.stale_until                                 AS stale_until_unix,  -- the same in Unix seconds
       c.times_asked                                 AS times_asked,       -- number of times that name servers were asked
       c.failure                                     AS failure            -- why the last question had no answer; NULL: it had one
  FROM _dns_cache AS c;
CREATE VIEW verification AS
SELECT v.address                                     AS address,     -- the address, ASCII letters in lower case
       v.is_known                                    AS is_known,    -- 1: the host takes its mail; 0: refused by 550 at RCPT
       v.reply                                       AS reply,       -- reply of the host to RCPT
       datetime(v.expires_at, 'unixepoch')           AS expires_at,  -- instant from which on the host is asked again, UTC
       v.expires_at                                  AS expires_unix -- the same in Unix seconds
  FROM _verification AS v;
CREATE VIEW sts_policy AS
SELECT p.domain                                      AS domain,       -- domain of the recipients
       p.policy_id                                   AS policy_id,    -- id of the TXT record by which it was read
       p.mode AS mode,  -- 'enforce': other hosts, and hosts without a proof of their name, get no mail; 'testing'; 'none'
       p.patterns                                    AS mx,           -- names of its hosts, with blanks between them
       p.max_age_s                                   AS max_age_s,    -- seconds for which it holds after it was read
       datetime(p.fetched_at, 'unixepoch')           AS fetched_at,   -- instant at which it was read last, UTC
       p.fetched_at                                  AS fetched_unix, -- the same in Unix seconds
       datetime(p.expires_at, 'unixepoch')           AS expires_at,   -- instant from which on it holds no more, UTC
       p.expires_at                                  AS expires_unix, -- the same in Unix seconds
       datetime(p.checked_at, 'unixepoch')           AS checked_at,   -- instant of the last look at its record, UTC
       p.checked_at                                  AS checked_unix, -- the same in Unix seconds
       p.failure                                     AS failure       -- what failed at that look; NULL: nothing
  FROM _sts_policy AS p;
CREATE VIEW bounce_rule AS
SELECT coalesce(b.name, 'own:' || b.rule_id) AS rule,  -- name of the rule, 'own:7' for one of the operator's own
       b.position                                    AS position,                 -- place of the rule: own ones below 10000 come first
       b.stage                                       AS stage,                    -- stage of the dialogue, as in attempt; NULL: any
       b.code                                        AS code,                     -- reply code of the host, such as 550, 55x or 5xx; NULL: any
       b.enhanced AS enhanced,  -- enhanced status code, * for any number: 5.1.1, *.7.1, 4.7.*; NULL: any
       b.text AS text,  -- regular expression for the reply, without regard to case; NULL: any
       b.provider AS provider,  -- names of hosts, such as '*.example.net', separated by blanks; NULL: any
       b.class                                       AS class,                    -- class of such a reply
       b.is_enabled                                  AS is_enabled,               -- 0: switched off
       b.name IS NOT NULL                            AS is_shipped,               -- 1: a rule that Empath ships
       b.note                                        AS note                      -- for people
  FROM _bounce_rule AS b;
CREATE VIEW suppression AS
SELECT s.address AS address,  -- the address, ASCII letters in lower case; '@domain': all addresses of a domain
       s.source AS source,  -- 'bounce': a host refused it for good; else who added it, as in audit
       s.reason                                      AS reason,                   -- reply of the host, or words of the operator
       s.class                                       AS class,                    -- class of the failure, as in attempt; NULL: none
       datetime(s.created_at, 'unixepoch')           AS created_at,               -- instant from which on it is suppressed, UTC
       s.created_at                                  AS created_unix,             -- the same in Unix seconds
       datetime(s.expires_at, 'unixepoch')           AS expires_at,               -- instant at which that ends, UTC; NULL: never
       s.expires_at                                  AS expires_unix              -- the same in Unix seconds
  FROM _suppression AS s;
CREATE VIEW shaping_rule AS
SELECT coalesce(s.name, 'own:' || s.rule_id) AS rule,  -- name of the rule, 'own:7' for one of the operator's own
       s.position                                    AS position,                 -- place of the rule: own ones below 10000 come first
       s.stage                                       AS stage,                    -- stage of the dialogue, as in attempt; NULL: any
       s.code                                        AS code,                     -- reply code of the host, such as 421 or 4xx; NULL: any
       s.enhanced                                    AS enhanced,                 -- enhanced status code, as in bounce_rule; NULL: any
       s.text                                        AS text,                     -- regular expression, as in bounce_rule; NULL: any
       s.provider                                    AS provider,                 -- names of hosts, as in bounce_rule; NULL: any
       s.class                                       AS class,                    -- class of the reply, as in attempt; NULL: any
       s.action                                      AS action,                   -- suspend or slow the destination, bounce the recipient, or rest the source address that the host refused
       s.duration                                    AS duration,                 -- for how long, such as 15m; NULL for bounce
       s.value AS value,  -- what slow sets: 'concurrency 2' or 'rate 60/1m'; NULL for the others
       s.is_enabled                                  AS is_enabled,               -- 0: switched off
       s.name IS NOT NULL                            AS is_shipped,               -- 1: a rule that Empath ships
       s.note                                        AS note                      -- for people
  FROM _shaping_rule AS s;
CREATE VIEW authentication AS
SELECT m.ulid                                        AS id,                       -- queue id (ULID) of the message
       datetime(m.received_at, 'unixepoch')          AS received_at,              -- instant of the final dot, UTC
       m.received_at                                 AS received_unix,            -- the same in Unix seconds
       m.client_address                              AS client_address,           -- IP address of the client
       json_extract(m.authentication, '$.author') AS author,  -- domain in From; several with blanks between them; NULL: it has no one reading
       json_extract(m.authentication, '$.spf') AS spf,  -- result of SPF for the sender; NULL, here and in the next ones: not checked
       json_extract(m.authentication, '$.spf_domain') AS spf_domain,  -- domain that it was about: of MAIL FROM, or of HELO without a sender
       json_extract(m.authentication, '$.helo') AS helo,  -- result of SPF for the name in HELO
       json_extract(m.authentication, '$.dkim') AS dkim,  -- pass if a signature holds, else the result of the first one
       json_extract(m.authentication, '$.dkim_domains') AS dkim_domains,  -- domains of the signatures that hold, with blanks between them
       json_extract(m.authentication, '$.arc') AS arc,  -- result of the chain of ARC
       json_extract(m.authentication, '$.sealers') AS sealers,  -- domains of its seals, the oldest first, with blanks between them
       json_extract(m.authentication, '$.dmarc') AS dmarc,  -- result of DMARC
       json_extract(m.authentication, '$.policy') AS policy,  -- what the record of the author's domain asks for: none, quarantine or reject
       json_extract(m.authentication, '$.record_of') AS record_of,  -- domain whose record that is
       json_extract(m.authentication, '$.disposition') AS disposition,  -- what was done: tag, hold or quarantine-route
       json_extract(m.authentication, '$.reason') AS reason,  -- why
       json_extract(m.authentication, '$.sealed_by') AS sealed_by  -- key that sealed it by ARC when it was passed on, with the number and the cv= of the set; NULL: none
  FROM _message AS m
 WHERE m.authentication IS NOT NULL;
CREATE VIEW feedback AS
SELECT f.feedback_id                                 AS feedback_id,              -- number of the row
       datetime(f.at, 'unixepoch')                   AS at,                       -- instant at which the report was read, UTC
       f.at                                          AS at_unix,                  -- the same in Unix seconds
       f.kind AS kind,  -- failure, delay, success, complaint, answer (of a program) or unknown
       f.ulid                                        AS id,                       -- queue id (ULID) of the message that it is about; NULL: not known
       f.recipient_id                                AS recipient_id,             -- number of its recipient; NULL: no row had it
       f.address                                     AS recipient,                -- its address; '' where it is not known
       f.class                                       AS class,                    -- kind of the failure
       f.code                                        AS code,                     -- reply code that the report names
       f.enhanced                                    AS enhanced,                 -- enhanced status code, RFC 3463
       f.reply                                       AS reply,                    -- what the report says
       f.reporter                                    AS reporter,                 -- host or program that sent it
       f.form AS form,  -- how it was read: dsn, arf, or the name of a program's own words; NULL: no form fits
       f.report_ulid                                 AS report_id,                -- queue id (ULID) of the report itself
       datetime(f.suppressed_until, 'unixepoch')     AS suppressed_until,         -- end of the suppression that it led to, UTC; NULL: none
       f.suppressed_until                            AS suppressed_unix           -- the same in Unix seconds
  FROM _feedback AS f;
CREATE VIEW report_sent AS
SELECT p.report_period_id                            AS number,                   -- number of the row
       p.kind                                        AS kind,                     -- dmarc or tls
       p.domain                                      AS domain,                   -- domain that it is about
       datetime(p.begin_at, 'unixepoch')             AS begin_at,                 -- begin of the period, UTC
       p.begin_at                                    AS begin_unix,               -- the same in Unix seconds
       datetime(p.end_at, 'unixepoch')               AS end_at,                   -- end of the period, UTC
       p.end_at                                      AS end_unix,                 -- the same in Unix seconds
       p.state AS state,  -- open: it is still to be made; sent: it is in the queue, or was taken; dropped: see reason
       datetime(p.due_at, 'unixepoch')               AS due_at,                   -- instant at which it is made, UTC
       p.due_at                                      AS due_unix,                 -- the same in Unix seconds
       p.tries                                       AS tries,                    -- number of tries that failed
       p.messages                                    AS messages,                 -- messages (dmarc) or sessions (tls) that it tells of
       p.left_out                                    AS left_out,                 -- those that were too many different ones
       p.report_id                                   AS report_id,                -- its id; NULL: there is none
       p.sent_to                                     AS sent_to,                  -- addresses or URLs that get it, with blanks between them
       p.ulid                                        AS id,                       -- queue id (ULID) of its message; NULL: there is none
       p.octets                                      AS octets,                   -- size of the file
       p.reason                                      AS reason                    -- why it was dropped, or what failed last
  FROM _report_period AS p;
CREATE VIEW dmarc_report AS
SELECT r.received_report_id                          AS number,                   -- number of the report
       r.domain                                      AS domain,                   -- domain that it is about
       r.org_name                                    AS org_name,                 -- who reports
       r.report_id                                   AS report_id,                -- id that the reporter gave it
       r.author                                      AS author,                   -- domain in From of its message, where DMARC has proven it; NULL: not proven
       datetime(r.begin_at, 'unixepoch')             AS begin_at,                 -- begin of the period, UTC
       r.begin_at                                    AS begin_unix,               -- the same in Unix seconds
       datetime(r.end_at, 'unixepoch')               AS end_at,                   -- end of the period, UTC
       r.end_at                                      AS end_unix,                 -- the same in Unix seconds
       datetime(r.received_at, 'unixepoch')          AS received_at,              -- instant at which it was read, UTC
       r.received_at                                 AS received_unix,            -- the same in Unix seconds
       r.policy                                      AS policy,                   -- JSON object of what the reporter saw published
       r.error                                       AS error,                    -- words of the reporter about that; NULL: none
       d.source_ip                                   AS source_ip,                -- IP address that sent the messages
       d.messages                                    AS messages,                 -- number of messages
       d.disposition                                 AS disposition,              -- what was done with them: none, pass, quarantine or reject
       d.dkim                                        AS dkim,                     -- whether DKIM proves the domain in From: pass or fail
       d.spf                                         AS spf,                      -- whether SPF does
       d.reason                                      AS reason,                   -- why something else was done than the policy asks for; '': no reason
       d.comment                                     AS comment,                  -- words for that
       d.header_from                                 AS header_from,              -- domain in From
       d.envelope_from                               AS envelope_from,            -- domain of the sender
       d.dkim_results AS dkim_results,  -- JSON list of domain, selector and result of each signature
       d.spf_domain                                  AS spf_domain,               -- domain that SPF was asked about
       d.spf_result                                  AS spf_result                -- result of SPF
  FROM _received_report AS r
  JOIN _received_dmarc AS d USING (received_report_id)
 WHERE r.kind = 'dmarc';
CREATE VIEW tls_report AS
SELECT r.received_report_id                          AS number,                   -- number of the report
       r.org_name                                    AS org_name,                 -- who reports
       r.report_id                                   AS report_id,                -- id that the reporter gave it
       r.author                                      AS author,                   -- domain in From of its message, where DMARC has proven it; NULL: not proven
       datetime(r.begin_at, 'unixepoch')             AS begin_at,                 -- begin of the period, UTC
       r.begin_at                                    AS begin_unix,               -- the same in Unix seconds
       datetime(r.end_at, 'unixepoch')               AS end_at,                   -- end of the period, UTC
       r.end_at                                      AS end_unix,                 -- the same in Unix seconds
       datetime(r.received_at, 'unixepoch')          AS received_at,              -- instant at which it was read, UTC
       r.received_at                                 AS received_unix,            -- the same in Unix seconds
       t.policy_domain                               AS policy_domain,            -- domain whose policy it is about
       t.policy_type                                 AS policy_type,              -- tlsa, sts or no-policy-found
       t.result                                      AS result,                   -- type of the failure, RFC 8460; '': sessions without one
       t.messages                                    AS sessions,                 -- number of sessions
       t.host                                        AS host,                     -- host that was asked; '': not told
       t.sending_ip                                  AS sending_ip,               -- IP address of the host that reports
       t.receiving_ip                                AS receiving_ip,             -- IP address that it has connected to
       t.reason                                      AS reason                    -- further words
  FROM _received_report AS r
  JOIN _received_tls AS t USING (received_report_id)
 WHERE r.kind = 'tls';
CREATE VIEW authentication_override AS
SELECT o.pattern AS pattern,  -- domain in From, such as example.org or *.example.org, or network of clients, such as 192.0.2.0/24
       o.at_most AS at_most,  -- the most that is done with such mail: tag, quarantine-route, hold or reject
       datetime(o.expires_at, 'unixepoch')           AS expires_at,               -- instant from which on the row has no effect, UTC; NULL: never
       o.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       o.reason                                      AS reason,                   -- for people
       datetime(o.created_at, 'unixepoch')           AS created_at,               -- instant at which it was added, UTC
       o.created_at                                  AS created_unix,             -- the same in Unix seconds
       o.who                                         AS who                       -- who added it, as in audit
  FROM _authentication_override AS o;
CREATE VIEW event AS
SELECT e.event_id AS event_id,  -- number, in the order of the commits; the last ones stay as long as [events] says
       datetime(e.at, 'unixepoch')                   AS at,                       -- instant of the fact, UTC
       e.at                                          AS at_unix,                  -- the same in Unix seconds
       e.type                                        AS type,                     -- what happened, as in event_type
       e.ulid AS id,  -- queue id (ULID) of the message; NULL: it is about none
       e.recipient_id                                AS recipient_id,             -- number of the recipient
       e.sender                                      AS sender,                   -- reverse-path; '' is null
       e.recipient                                   AS recipient,                -- forward-path
       e.account                                     AS account,                  -- account by which the client logged in; NULL: none
       e.destination                                 AS destination,              -- queue key: next hop or domain
       e.detail                                      AS detail                    -- JSON object of what the type has beyond that
  FROM _event AS e;
CREATE VIEW event_type AS
SELECT t.type AS type,  -- name
       t.is_wanted AS is_wanted  -- 1: a consumer wants it, so that its events are written
  FROM _event_type AS t;
CREATE VIEW consumer AS
SELECT c.name AS name,  -- name: of [events.webhooks] or [events.sinks], 'stream' of the HTTP API, or of a program
       c.kind                                        AS kind,                     -- webhook, sink, stream or program
       c.types                                       AS types,                    -- types that it wants, blanks between; '': all
       c.state AS state,  -- active, paused by an operator, or gone: its endpoint answered 410
       c.cursor                                      AS cursor,                   -- number of the last event that it is through with
       iif(c.kind = 'stream', 0, max(0, coalesce((SELECT max(event_id) FROM _event), 0) - c.cursor)) AS lag,  -- number of events after it
       iif(c.kind = 'stream', NULL, (SELECT round((SELECT now FROM _clock) - e.at, 3) FROM _event AS e
         WHERE e.event_id > c.cursor ORDER BY e.event_id LIMIT 1)) AS lag_s,  -- age of the first of these in seconds
       c.sent                                        AS sent,                     -- number of events that it took
       c.lost                                        AS lost,                     -- number of events that ended before it took them
       (SELECT count(*) FROM _event_aside AS a WHERE a.consumer = c.name AND a.state <> 'dead') AS aside,  -- number of events set aside
       (SELECT count(*) FROM _event_aside AS a WHERE a.consumer = c.name AND a.state = 'dead') AS dead,  -- number of dead letters
       c.failures                                    AS failures,                 -- requests in a row that failed
       datetime(c.next_try_at, 'unixepoch')          AS next_try_at,              -- instant of the next request after a failure, UTC
       c.next_try_at                                 AS next_try_unix,            -- the same in Unix seconds
       datetime(c.sent_at, 'unixepoch')              AS sent_at,                  -- instant of the last request that did not fail, UTC
       c.sent_at                                     AS sent_unix,                -- the same in Unix seconds
       c.last_error                                  AS last_error,               -- why the last failed request failed
       datetime(c.last_error_at, 'unixepoch')        AS last_error_at,            -- instant of that, UTC
       c.last_error_at                               AS last_error_unix,          -- the same in Unix seconds
       datetime(c.created_at, 'unixepoch')           AS created_at,               -- instant since which it is known, UTC
       c.created_at                                  AS created_unix              -- the same in Unix seconds
  FROM _consumer AS c;
CREATE VIEW event_aside AS
SELECT a.consumer                                    AS consumer,                 -- name of the consumer
       a.event_id                                    AS event_id,                 -- number of the event
       a.state AS state,  -- waiting (for its next try), behind (an earlier event of its message) or dead
       a.tries                                       AS tries,                    -- number of tries that failed
       datetime(a.since, 'unixepoch')                AS since,                    -- instant of the first one, UTC
       a.since                                       AS since_unix,               -- the same in Unix seconds
       datetime(a.next_try_at, 'unixepoch')          AS next_try_at,              -- instant of the next try, UTC
       a.next_try_at                                 AS next_try_unix,            -- the same in Unix seconds
       a.last_error                                  AS last_error,               -- why the last try failed
       a.ulid                                        AS id,                       -- queue id (ULID) of the message
       e.type                                        AS type,                     -- type of the event
       e.recipient                                   AS recipient                 -- forward-path
  FROM _event_aside AS a
  JOIN _event AS e ON e.event_id = a.event_id;
CREATE VIEW config_revision AS
SELECT c.revision                                    AS revision,                 -- number, as in attempt and process
       datetime(c.at, 'unixepoch')                   AS at,                       -- instant since which it was in force, UTC
       c.at                                          AS at_unix,                  -- the same in Unix seconds
       c.node                                        AS node,                     -- name of the host
       c.cause                                       AS cause,                    -- start, reload
       c.who AS who,  -- author of the order to reload; 'empathd': a start, or a reload by a signal
       c.hash                                        AS hash,                     -- SHA-256 of the text, hexadecimal
       c.version                                     AS version,                  -- version of Empath
       c.text                                        AS text                      -- TOML, defaults included, secrets masked
  FROM _config_revision AS c;
CREATE VIEW setting AS
SELECT s.name                                        AS name,                     -- dotted, such as receiving.limits.recipients
       s.value AS value,  -- text; numbers and lists as in JSON; secrets masked; NULL: not set
       s.default_value                               AS default_value,            -- value without the file; NULL: there is none
       s.source                                      AS source,                   -- file and line, or 'default'
       s.node                                        AS node                      -- name of the host
  FROM _effective_setting AS s;
CREATE VIEW _plan_recipient_now AS
SELECT x.plan_id, x.recipient_id, r.message_id, r.address, p.verb, p.argument, x.state,
       x.status AS planned_status, x.next_retry_at AS planned_next_retry_at, x.priority AS planned_priority,
       r.status, r.next_retry_at, r.priority, x.destination AS planned_destination, x.target, d.name AS destination,
       CASE
         WHEN r.recipient_id IS NULL THEN 1
         WHEN x.state = 'planned' THEN
           r.status <> x.status
           OR p.verb = 'retry' AND r.next_retry_at <> x.next_retry_at
           OR p.verb = 'priority' AND r.priority <> x.priority
           OR p.verb = 'reroute' AND d.name <> x.destination
         WHEN x.state = 'undone' THEN 0
         ELSE
           CASE p.verb
             WHEN 'hold' THEN r.status <> 'held'
             WHEN 'release' THEN r.status <> 'queued' AND r.status <> 'deferred'
             WHEN 'retry' THEN
               r.status <> 'queued' AND r.status <> 'deferred' OR abs(r.next_retry_at - x.changed_at) > 0.001
             WHEN 'priority' THEN
               r.priority <> CAST(p.argument AS INTEGER)
               OR r.status <> 'queued' AND r.status <> 'deferred' AND r.status <> 'held'
             WHEN 'reroute' THEN
               d.name <> x.target OR r.status <> 'queued' AND r.status <> 'deferred' AND r.status <> 'held'
             WHEN 'delete' THEN r.status <> 'cancelled'
             WHEN 'bounce' THEN r.status <> 'bounced'
             ELSE r.status <> 'expired'
           END
       END AS is_changed
  FROM _plan_recipient AS x
  JOIN _plan AS p ON p.plan_id = x.plan_id
  LEFT JOIN _recipient AS r ON r.recipient_id = x.recipient_id
  LEFT JOIN _destination AS d ON d.destination_id = r.destination_id;
CREATE VIEW plan AS
SELECT p.plan_id                                     AS plan_id,                  -- number of the plan
       p.verb                                        AS verb,                     -- retry, hold, release, delete, bounce, expire, priority, reroute
       p.argument                                    AS argument,                 -- the class of the verb priority; NULL for the others
       p.predicate AS predicate,  -- how its recipients were selected: of empath-admin JSON, of others any text; NULL: not told
       p.hash AS hash,  -- SHA-256 of the numbers of its recipients, by empath-admin; NULL: of another program
       CASE
         WHEN EXISTS (SELECT 1 FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'undone') THEN 'undone'
         WHEN EXISTS (SELECT 1 FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'applied') THEN 'applied'
         ELSE 'planned'
       END                                           AS state,                    -- planned, applied, undone: how far any of its recipients is
       p.who                                         AS who,                      -- author, as in the audit
       datetime(p.created_at, 'unixepoch')           AS created_at,               -- instant at which it was made, UTC
       p.created_at                                  AS created_unix,             -- the same in Unix seconds
       datetime(p.expires_at, 'unixepoch')           AS expires_at,               -- it cannot be carried out or taken back later, UTC
       p.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       (SELECT count(*) FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id) AS recipients,  -- number of its recipients
       (SELECT count(*) FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'planned') AS planned,  -- of them not changed yet
       (SELECT count(*) FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'applied') AS applied,  -- of them changed
       (SELECT count(*) FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'undone') AS undone,  -- of them changed back
       (SELECT count(*) FROM _plan_recipient_now AS r WHERE r.plan_id = p.plan_id AND r.is_changed) AS changed  -- of them not as planned any more, or not as the plan left them
  FROM _plan AS p;
CREATE VIEW plan_recipient AS
SELECT n.plan_id                                     AS plan_id,                  -- number of the plan
       n.recipient_id                                AS recipient_id,             -- number of the recipient
       m.ulid                                        AS id,                       -- queue id (ULID) of the message
       n.address                                     AS recipient,                -- forward-path; NULL: forgotten
       n.verb                                        AS verb,                     -- of the plan
       n.argument                                    AS argument,                 -- of the plan
       n.state                                       AS state,                    -- planned, applied, undone
       n.is_changed AS is_changed,  -- 1: not as it was planned, or not as the plan left it: something else has changed it
       n.planned_status                              AS planned_status,           -- status before the plan
       n.planned_next_retry_at                       AS planned_next_retry_unix,  -- instant of the next attempt before the plan, Unix seconds
       n.planned_priority                            AS planned_priority,         -- class before the plan
       n.status                                      AS status,                   -- status now; NULL: forgotten
       n.next_retry_at                               AS next_retry_unix,          -- instant of the next attempt now, Unix seconds
       n.priority                                    AS priority,                 -- class now
       n.planned_destination                         AS planned_destination,      -- destination before a plan to reroute; NULL for other verbs
       n.target                                      AS target,                   -- destination that such a plan moves it to
       n.destination                                 AS destination               -- destination now
  FROM _plan_recipient_now AS n
  LEFT JOIN _message AS m ON m.message_id = n.message_id;
CREATE VIEW _judge_text AS SELECT NULL AS given WHERE 0;
CREATE TRIGGER _refuse_text INSTEAD OF INSERT ON _judge_text
BEGIN
  SELECT raise(ABORT, 'empath: text takes UTF-8 without NUL; set the terminal to UTF-8, and type the text again')
   WHERE instr(CAST(new.given AS BLOB), x'00') > 0
      OR new.given GLOB '*[^' || char(1) || '-~]*' AND EXISTS (  -- most text is ASCII
        WITH RECURSIVE rest (given) AS (
          SELECT new.given WHERE new.given <> ''
          UNION ALL
          SELECT substr(given, 2) FROM rest WHERE substr(given, 2) <> '')
        SELECT 1 FROM rest WHERE char(unicode(given)) <> substr(given, 1, 1));
END;
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
    (SELECT now FROM _clock), (SELECT who FROM _author));
END;
CREATE TRIGGER _set_live_status INSTEAD OF INSERT ON _apply_status
WHEN (new.old_status = 'queued' OR new.old_status = 'deferred' OR new.old_status = 'held')
 AND (new.status = 'held' OR new.status = 'queued' OR new.status = 'deferred')
BEGIN
  UPDATE _recipient
     SET status = new.status,
         next_retry_at = iif(
           new.status = 'queued' AND NOT new.is_retry_given, min(next_retry_at, new.at), next_retry_at),
         reason = iif(new.status = 'held', 'administratively held', NULL),
         settled_at = new.at
   WHERE recipient_id = new.recipient_id;
  INSERT INTO _audit (at, who, recipient_id, ulid, address, what, before, after)
  VALUES (new.at, new.who, new.recipient_id, new.ulid, new.address, 'status', new.old_status, new.status);
END;
CREATE TRIGGER _set_status INSTEAD OF INSERT ON _apply_status
WHEN new.old_status <> 'leased'
 AND NOT ((new.old_status = 'queued' OR new.old_status = 'deferred' OR new.old_status = 'held')
          AND (new.status = 'held' OR new.status = 'queued' OR new.status = 'deferred'))
BEGIN
  UPDATE _recipient
     SET status = new.status,
         is_live = new.status = 'queued',
         next_retry_at = iif(
           new.status = 'queued' AND NOT new.is_retry_given, min(next_retry_at, new.at), next_retry_at),
         reason = iif(new.status = 'queued', NULL, 'administratively ' || new.status),
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
CREATE TRIGGER _probe_for_status INSTEAD OF INSERT ON _apply_status
WHEN new.status = 'queued' AND NOT new.is_retry_given AND new.old_status <> 'leased'
BEGIN
  UPDATE _destination SET breaker_until = new.at
   WHERE destination_id = (SELECT destination_id FROM _recipient WHERE recipient_id = new.recipient_id)
     AND breaker_until > new.at;
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
WHEN (new.status = 'bounced' OR new.status = 'expired')
 AND new.old_status <> 'leased'
 AND (SELECT notify IS NULL OR instr(notify, 'FAILURE') FROM _recipient WHERE recipient_id = new.recipient_id)
BEGIN
  -- INSERT … SELECT would cost twice as much. The OR of the person's statement replaces that of this one, so nothing but
  -- a notice that is there may depend on it.
  INSERT OR IGNORE INTO _notice (message_id, recipient_id, kind, created_at)
  VALUES (
    (SELECT message_id FROM _recipient WHERE recipient_id = new.recipient_id), new.recipient_id, 'failure', new.at);
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
    (SELECT now FROM _clock), (SELECT who FROM _author));
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
CREATE TRIGGER _probe_for_retry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'next_retry_unix' AND new.after < new.at + 1.0
BEGIN
  UPDATE _destination SET breaker_until = new.at
   WHERE destination_id = (SELECT destination_id FROM _recipient WHERE recipient_id = new.recipient_id)
     AND breaker_until > new.at;
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
CREATE TRIGGER account_change INSTEAD OF UPDATE OF status, senders, message_rate, recipient_rate ON account
BEGIN
  INSERT INTO _judge_text VALUES (new.senders), (new.message_rate), (new.recipient_rate);
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
  SELECT (SELECT who FROM _author), old.name, 'account status', old.status, new.status
   WHERE new.status IS NOT old.status;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'account senders', old.senders, new.senders
   WHERE new.senders IS NOT old.senders;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'account message_rate', old.message_rate, new.message_rate
   WHERE new.message_rate IS NOT old.message_rate;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'account recipient_rate', old.recipient_rate, new.recipient_rate
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
  VALUES ((SELECT who FROM _author), old.name, 'account', old.status, NULL);
END;
CREATE TRIGGER account_insert INSTEAD OF INSERT ON account
BEGIN
  SELECT raise(ABORT, 'empath: empath-admin account add makes an account, because SQL cannot hash its password');
END;
CREATE VIEW _check_override AS SELECT NULL AS pattern, NULL AS at_most, NULL AS reason WHERE 0;
CREATE TRIGGER _judge_override INSTEAD OF INSERT ON _check_override
BEGIN
  INSERT INTO _judge_text VALUES (new.pattern), (new.reason);
  SELECT raise(ABORT, 'empath: pattern takes a domain in ASCII, such as example.org or *.example.org, or a network, such as 192.0.2.0/24')
   WHERE coalesce(typeof(new.pattern) <> 'text', 1)
      OR length(new.pattern) NOT BETWEEN 3 AND 255
      OR lower(new.pattern) GLOB '*[^0-9a-z.:/*_-]*'
      OR new.pattern GLOB '?*[*]*'
      OR new.pattern GLOB '[*][^.]*'
      OR new.pattern GLOB '*..*'
      OR new.pattern GLOB '.*'
      OR new.pattern GLOB '*[./-]'
      OR new.pattern GLOB '*/*/*'
      OR new.pattern GLOB '[-]*'
      OR instr(new.pattern, ':') > 0 AND new.pattern NOT GLOB '*:*:*'
      -- A range of addresses is no network.
      OR new.pattern NOT GLOB '*[^0-9.-]*' AND instr(new.pattern, '-') > 0
      OR instr(new.pattern, '.') + instr(new.pattern, ':') = 0
      OR instr(new.pattern, '/') > 0 AND new.pattern NOT GLOB '[0-9a-fA-F:]*[0-9.:]/[0-9]*'
      OR instr(new.pattern, '/') = 0 AND instr(new.pattern, ':') > 0 AND lower(new.pattern) GLOB '*[^0-9a-f.:]*'
      OR CAST(substr(new.pattern, instr(new.pattern, '/') + 1) AS INTEGER) > iif(instr(new.pattern, ':'), 128, 32)
         AND instr(new.pattern, '/') > 0
      -- An IPv4 address has four numbers up to 255.
      OR new.pattern NOT GLOB '*[^0-9./]*'
         AND (length(new.pattern) - length(replace(new.pattern, '.', '')) <> 3
              OR '.' || replace(new.pattern, '/', '.') || '.' GLOB '*.[3-9][0-9][0-9].*'
              OR '.' || replace(new.pattern, '/', '.') || '.' GLOB '*.2[6-9][0-9].*'
              OR '.' || replace(new.pattern, '/', '.') || '.' GLOB '*.25[6-9].*'
              OR '.' || replace(new.pattern, '/', '.') || '.' GLOB '*.[0-9][0-9][0-9][0-9]*');
  SELECT raise(ABORT, 'empath: at_most takes tag, quarantine-route, hold or reject')
   WHERE coalesce(new.at_most NOT IN ('tag', 'quarantine-route', 'hold', 'reject'), 1);
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
END;
CREATE TRIGGER _set_override_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'authentication_override expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+30 days'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _authentication_override SET expires_at = new.after WHERE pattern = new.address;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;
CREATE TRIGGER authentication_override_insert INSTEAD OF INSERT ON authentication_override
BEGIN
  INSERT INTO _check_override VALUES (new.pattern, new.at_most, new.reason);
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM _authentication_override WHERE pattern = lower(new.pattern))
      THEN raise(ABORT, 'empath: there is a row for this pattern; UPDATE authentication_override changes it')
    WHEN coalesce(new.created_at, new.created_unix, new.who) IS NOT NULL
      THEN raise(ABORT, 'empath: authentication_override takes pattern, at_most, expires_at and reason; no other column can be set')
    WHEN new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL
      THEN raise(ABORT, 'empath: set expires_at or expires_unix, not both')
  END;
  INSERT INTO _authentication_override (pattern, at_most, reason, created_at, who)
  VALUES (
    lower(new.pattern), new.at_most, new.reason, (SELECT now FROM _clock),
    (SELECT who FROM _author));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), lower(new.pattern), 'authentication_override', NULL,
    new.at_most || coalesce(': ' || new.reason, ''));
  INSERT INTO _change_instant
  SELECT 'authentication_override expires_unix', NULL, NULL, lower(new.pattern), NULL, NULL,
         coalesce(new.expires_at, new.expires_unix)
   WHERE coalesce(new.expires_at, new.expires_unix) IS NOT NULL;
END;
CREATE TRIGGER authentication_override_value INSTEAD OF UPDATE OF at_most, reason ON authentication_override
BEGIN
  INSERT INTO _check_override VALUES (old.pattern, new.at_most, new.reason);
  UPDATE _authentication_override SET at_most = new.at_most, reason = new.reason WHERE pattern = old.pattern;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'authentication_override at_most', old.at_most, new.at_most
   WHERE new.at_most IS NOT old.at_most;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'authentication_override reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
END;
CREATE TRIGGER authentication_override_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON authentication_override
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'authentication_override expires_unix', NULL, NULL, old.pattern, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;
CREATE TRIGGER authentication_override_update INSTEAD OF UPDATE ON authentication_override
BEGIN
  SELECT 1
   WHERE new.pattern IS NULL
     AND coalesce(
       new.at_most, new.expires_at, new.expires_unix, new.reason, new.created_at, new.created_unix, new.who);
END;
CREATE TRIGGER authentication_override_fixed INSTEAD OF UPDATE OF pattern, created_at, created_unix, who
ON authentication_override
BEGIN
  SELECT raise(ABORT, 'empath: authentication_override takes at_most, expires_at and reason; DELETE the row and INSERT another');
END;
CREATE TRIGGER authentication_override_delete INSTEAD OF DELETE ON authentication_override
BEGIN
  DELETE FROM _authentication_override WHERE pattern = old.pattern;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.pattern, 'authentication_override', old.at_most, NULL);
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
CREATE TRIGGER destination_suspension INSTEAD OF UPDATE OF
  suspended_until, suspended_until_unix, suspended_reason
ON destination
BEGIN
  SELECT raise(ABORT, 'empath: suspended_reason takes text of at most 200 characters, or NULL')
   WHERE new.suspended_reason IS NOT NULL
     AND (typeof(new.suspended_reason) <> 'text' OR length(new.suspended_reason) NOT BETWEEN 1 AND 200);
  INSERT INTO _judge_text VALUES (new.suspended_reason);
  SELECT raise(ABORT, 'empath: set suspended_until or suspended_until_unix, not both')
   WHERE new.suspended_until IS NOT old.suspended_until AND new.suspended_until_unix IS NOT old.suspended_until_unix;
  INSERT INTO _change_instant
  VALUES (
    'suspended_until_unix', NULL, NULL, NULL, old.destination, old.suspended_until_unix,
    iif(new.suspended_until IS NOT old.suspended_until, new.suspended_until, new.suspended_until_unix));
  SELECT raise(ABORT, 'empath: a reason needs a suspension: set suspended_until, too')
   WHERE new.suspended_reason IS NOT old.suspended_reason
     AND new.suspended_reason IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM _destination WHERE name = old.destination AND suspended_until IS NOT NULL);
  UPDATE _destination
     SET suspended_reason = CASE
           WHEN suspended_until IS NULL THEN NULL
           WHEN suspended_until IS NOT old.suspended_until_unix
            AND new.suspended_reason IS old.suspended_reason
            AND new.suspended_reason GLOB 'closed by *' THEN NULL
           ELSE new.suspended_reason
         END
   WHERE name = old.destination;
  INSERT INTO _audit_change
  SELECT (SELECT now FROM _clock), (SELECT who FROM _author), NULL, NULL, NULL, name,
         'suspended_reason', old.suspended_reason, suspended_reason
    FROM _destination
   WHERE name = old.destination;
END;
CREATE TRIGGER destination_max_leases INSTEAD OF UPDATE OF max_leases ON destination
BEGIN
  INSERT INTO _judge_rule
  SELECT old.destination, 'concurrency', CAST(new.max_leases AS TEXT) WHERE new.max_leases IS NOT NULL;
  INSERT INTO _set_rule
  SELECT old.destination, 'concurrency', CAST(new.max_leases AS TEXT), NULL, NULL WHERE new.max_leases IS NOT NULL;
  UPDATE _destination SET max_leases = CAST(new.max_leases AS INTEGER)
   WHERE name = old.destination
     AND new.max_leases IS NOT NULL
     AND NOT EXISTS (
       SELECT 1 FROM _destination_rule
        WHERE pattern = old.destination AND setting = 'concurrency' AND expires_at IS NOT NULL);
  DELETE FROM destination_rule
   WHERE new.max_leases IS NULL AND pattern = old.destination AND setting = 'concurrency' AND expires_at IS NULL;
END;
CREATE TRIGGER destination_update INSTEAD OF UPDATE ON destination
BEGIN
  SELECT 1
   WHERE new.destination IS NULL
     AND coalesce(
       new.max_leases, new.leases, new.is_failing, new.due_at, new.due_unix, new.breaker_until, new.breaker_until_unix,
       new.suspended_until, new.suspended_until_unix, new.ready_at, new.ready_unix, new.exchangers, new.lease_limit,
       new.last_failure, new.suspended_reason, new.blocked_by);
END;
CREATE TRIGGER destination_fixed INSTEAD OF UPDATE OF
  destination, leases, is_failing, due_at, due_unix, breaker_until, breaker_until_unix, ready_at, ready_unix, exchangers,
  lease_limit, last_failure, blocked_by
ON destination
BEGIN
  SELECT raise(ABORT, 'empath: destination takes suspended_until, suspended_until_unix, suspended_reason and max_leases; no other column can be set');
END;
CREATE TRIGGER destination_delete INSTEAD OF DELETE ON destination
BEGIN
  SELECT raise(ABORT, 'empath: a destination cannot be removed; DELETE FROM queue WHERE destination = … cancels its mail');
END;
CREATE TRIGGER destination_insert INSTEAD OF INSERT ON destination
BEGIN
  SELECT raise(ABORT, 'empath: the first mail for a destination adds it; routes are in the configuration');
END;
CREATE VIEW _judge_rule AS
SELECT NULL AS pattern,
       NULL AS setting,
       NULL AS value
 WHERE 0;
CREATE TRIGGER _refuse_rule INSTEAD OF INSERT ON _judge_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.pattern), (new.value);
  SELECT raise(ABORT, 'empath: pattern takes a domain in ASCII, *.domain, *, a destination such as smtp:192.0.2.1:25, or mx: and an MX host or *.domain')
   WHERE typeof(new.pattern) <> 'text'
      OR length(new.pattern) NOT BETWEEN 1 AND 1024
      OR new.pattern GLOB '*[' || char(1) || '-' || char(31) || char(127) || ']*'
      OR CASE
           WHEN new.pattern = '*' THEN 0
           WHEN new.pattern GLOB '[[]*]' THEN new.pattern GLOB '*[^][0-9A-Fa-f:.IPv]*'
           WHEN new.pattern GLOB '*:*' AND new.pattern NOT GLOB 'mx:*' THEN new.pattern NOT GLOB '[a-z]*:*'
           ELSE EXISTS (
             SELECT 1
               FROM (SELECT lower(iif(new.pattern GLOB 'mx:*', substr(new.pattern, 4), new.pattern)) AS name)
              WHERE iif(name GLOB '[*].*', substr(name, 3), name) GLOB '*[^a-z0-9._-]*'
                 OR name GLOB '*..*'
                 OR name GLOB '*.'
                 OR name GLOB '.*'
                 OR name = '')
         END;
  SELECT raise(ABORT, 'empath: value takes text of at most 1000 characters') WHERE length(new.value) > 1000;
  -- One sentence for each setting of policy/destinations/settings.py.
  SELECT CASE new.setting
    WHEN 'concurrency' THEN iif(
      new.value GLOB '[1-9]*' AND new.value NOT GLOB '*[^0-9]*' AND CAST(new.value AS INTEGER) <= 1000000, NULL,
      raise(ABORT, 'empath: concurrency takes a whole number from 1 to 1000000'))
    WHEN 'retry' THEN iif(
      new.value GLOB '[0-9]*[smhdw0-9]' AND new.value NOT GLOB '*[^0-9a-z.* ]*'
        AND ' ' || new.value NOT GLOB '* 0[smhdw]*' AND new.value NOT GLOB '*[*]0*', NULL,
      raise(ABORT, 'empath: retry takes delays such as 1m 5m*2 1h*3'))
    WHEN 'without_8bitmime' THEN iif(
      new.value = 'convert' OR new.value = 'convert-or-send' OR new.value = 'bounce', NULL,
      raise(ABORT, 'empath: without_8bitmime takes convert, convert-or-send or bounce'))
    WHEN 'tls' THEN iif(
      new.value IN ('none', 'may', 'encrypt', 'verify', 'dane', 'sts', 'dane-or-sts')
      OR new.value GLOB 'fingerprint:?*' AND EXISTS (
        -- Without what stands between the digits there are 64 for each certificate.
        SELECT 1
          FROM (SELECT replace(replace(upper(substr(new.value, 13)), 'SHA256:', ''), 'SHA256=', '') AS listed)
         WHERE replace(replace(replace(listed, ':', ''), ',', ''), ' ', '') NOT GLOB '*[^0-9A-F]*'
           AND length(replace(replace(replace(listed, ':', ''), ',', ''), ' ', ''))
             = 64 * (1 + length(listed) - length(replace(listed, ',', '')))), NULL,
      raise(ABORT, 'empath: tls takes none, may, encrypt, verify, dane, sts, dane-or-sts or fingerprint:SHA256: with 64 hexadecimal digits'))
    WHEN 'rate' THEN iif(
      new.value = 'none'
      OR new.value GLOB '[1-9]*/[1-9]*[smhd]*' AND new.value NOT GLOB '*[^0-9a-z./ ]*'
         AND substr(new.value, 1, instr(new.value, '/') - 1) NOT GLOB '*[^0-9]*' AND instr(new.value, '/') <= 8
         AND (new.value NOT GLOB '* *'
           OR new.value GLOB '* burst [1-9]*' AND new.value NOT GLOB '* burst *[^0-9]*'
             AND CAST(substr(new.value, instr(new.value, ' burst ') + 7) AS INTEGER) <= CAST(new.value AS INTEGER)), NULL,
      raise(ABORT, 'empath: rate takes 100/1m, 100/1m burst 20 or none'))
    WHEN 'chunking' THEN iif(
      new.value = 'true' OR new.value = 'false', NULL, raise(ABORT, 'empath: chunking takes true or false'))
    WHEN 'fold_lines' THEN iif(
      new.value = 'true' OR new.value = 'false', NULL, raise(ABORT, 'empath: fold_lines takes true or false'))
    WHEN 'route' THEN CASE
      WHEN new.pattern GLOB '*:*' AND new.pattern NOT GLOB '[[]*'
        THEN raise(ABORT, 'empath: the pattern of a route is a domain, *.domain or *')
      WHEN NOT (
          new.value IN ('mx', 'discard:', 'feedback:', 'reports:')
          OR new.value GLOB 'maildir:/?*'
          OR (new.value GLOB 'pipe:?*' OR new.value GLOB 'webhook:?*') AND new.value NOT GLOB '* *'
          OR new.value GLOB 'https://?*' OR new.value GLOB 'http://?*'
          OR (new.value GLOB 'smtp:/?*' OR new.value GLOB 'smtps://?*' OR new.value GLOB 'smtp+mx://?*'
            OR new.value GLOB 'lmtp:/?*' OR new.value GLOB 'mx*, ?*' OR new.value GLOB 'backup ?*, ?*')
            AND new.value || ',' NOT GLOB '*://,*' AND new.value NOT GLOB '*[, ]' AND new.value NOT GLOB '*//*,[^ ]*')
        THEN raise(ABORT, 'empath: route takes mx, smtp://host:port or another route as in [routes]')
    END
    WHEN 'schedule' THEN iif(
      new.value GLOB '*[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]*' AND new.value NOT GLOB '*[^0-9A-Za-z:, /_+-]*'
        AND new.value NOT GLOB '[a-z]*' AND new.value NOT GLOB '*[A-Za-z],*' AND new.value NOT GLOB '*[, ]', NULL,
      raise(ABORT, 'empath: schedule takes hours such as Mon-Fri 08:00-18:00 Europe/Berlin'))
    WHEN 'not_before' THEN iif(
      new.value GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*' AND date(new.value) = substr(new.value, 1, 10), NULL,
      raise(ABORT, 'empath: not_before takes an instant such as 2026-12-01 08:00, in UTC'))
    WHEN 'source' THEN iif(
      new.value GLOB '[A-Za-z0-9]*' AND new.value NOT GLOB '*[^A-Za-z0-9._-]*' AND length(new.value) <= 100, NULL,
      raise(ABORT, 'empath: source takes the name of a pool of [sources] in the configuration'))
    WHEN 'overflow' THEN iif(
      new.value GLOB '[A-Za-z0-9]*' AND new.value NOT GLOB '*[^A-Za-z0-9._-]*' AND length(new.value) <= 100, NULL,
      raise(ABORT, 'empath: overflow takes the name of a pool of [sources] in the configuration'))
    WHEN 'verp' THEN CASE
      WHEN new.pattern GLOB 'mx:*'
        THEN raise(ABORT, 'empath: the pattern of verp names no MX hosts, which are not known when mail comes')
      WHEN new.value <> 'true' AND new.value <> 'false' THEN raise(ABORT, 'empath: verp takes true or false')
    END
    ELSE raise(ABORT, 'empath: there is no such setting; empath-admin rule settings lists them')
  END;
END;
CREATE VIEW _set_rule AS
SELECT NULL AS pattern,
       NULL AS setting,
       NULL AS value,
       NULL AS expires_at,  -- Unix seconds; NULL: no end
       NULL AS reason
 WHERE 0;
CREATE TRIGGER _insert_rule INSTEAD OF INSERT ON _set_rule
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, a shift such as ''+1 hour'', or NULL for never')
   WHERE new.expires_at NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 315576000.0;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.pattern, 'destination_rule ' || new.setting,
    (SELECT value FROM _destination_rule
      WHERE pattern = new.pattern AND setting = new.setting AND (expires_at IS NULL) = (new.expires_at IS NULL)),
    new.value);
  UPDATE _destination_rule
     SET value = new.value, expires_at = new.expires_at, reason = new.reason,
         created_at = (SELECT now FROM _clock), who = (SELECT who FROM _author)
   WHERE pattern = new.pattern AND setting = new.setting AND (expires_at IS NULL) = (new.expires_at IS NULL);
  INSERT INTO _destination_rule (pattern, setting, value, expires_at, reason, created_at, who)
  SELECT new.pattern, new.setting, new.value, new.expires_at, new.reason, (SELECT now FROM _clock),
         (SELECT who FROM _author)
   WHERE NOT EXISTS (
     SELECT 1 FROM _destination_rule
      WHERE pattern = new.pattern AND setting = new.setting AND (expires_at IS NULL) = (new.expires_at IS NULL));
END;
CREATE TRIGGER destination_rule_insert INSTEAD OF INSERT ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: a rule takes pattern, setting, value, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.rule, new.created_at, new.created_unix, new.who) IS NOT NULL;
  INSERT INTO _judge_rule VALUES (new.pattern, new.setting, CAST(new.value AS TEXT));
  -- An instant as _read_instant reads it.
  INSERT INTO _set_rule
  SELECT iif(new.pattern GLOB '*:*' OR new.pattern GLOB '[[]*', new.pattern, lower(new.pattern)), new.setting,
         CAST(new.value AS TEXT),
         CASE
           WHEN given IS NULL THEN NULL
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END,
         new.reason
    FROM (SELECT coalesce(new.expires_at, new.expires_unix) AS given);
END;
CREATE TRIGGER destination_rule_value INSTEAD OF UPDATE OF value ON destination_rule
BEGIN
  INSERT INTO _judge_rule VALUES (old.pattern, old.setting, CAST(new.value AS TEXT));
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'destination_rule ' || old.setting, old.value,
         CAST(new.value AS TEXT)
   WHERE CAST(new.value AS TEXT) IS NOT old.value;
  UPDATE _destination_rule
     SET value = CAST(new.value AS TEXT), created_at = (SELECT now FROM _clock),
         who = (SELECT who FROM _author)
   WHERE rule_id = old.rule AND value <> CAST(new.value AS TEXT);
END;
CREATE TRIGGER destination_rule_reason INSTEAD OF UPDATE OF reason ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern || ' ' || old.setting, 'destination_rule reason', old.reason,
         new.reason
   WHERE new.reason IS NOT old.reason;
  UPDATE _destination_rule SET reason = new.reason WHERE rule_id = old.rule AND reason IS NOT new.reason;
END;
CREATE TRIGGER destination_rule_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'destination_rule expires_unix', old.rule, NULL, old.pattern || ' ' || old.setting, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;
CREATE TRIGGER _set_rule_end INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'destination_rule expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  SELECT raise(ABORT, 'empath: two rules of one pattern and setting cannot both have an end, or both have none; DELETE one')
   WHERE (new.before IS NULL) <> (new.after IS NULL)
     AND EXISTS (
       SELECT 1
         FROM _destination_rule AS r
         JOIN _destination_rule AS o ON o.pattern = r.pattern AND o.setting = r.setting AND o.rule_id <> r.rule_id
        WHERE r.rule_id = new.recipient_id);
  UPDATE _destination_rule SET expires_at = new.after WHERE rule_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;
CREATE TRIGGER destination_rule_update INSTEAD OF UPDATE ON destination_rule
BEGIN
  SELECT 1
   WHERE new.rule IS NULL
     AND coalesce(
       new.pattern, new.setting, new.value, new.expires_at, new.expires_unix, new.reason, new.created_at,
       new.created_unix, new.who);
END;
CREATE TRIGGER destination_rule_fixed INSTEAD OF UPDATE OF rule, pattern, setting, created_at, created_unix, who
ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: destination_rule takes value, expires_at, expires_unix and reason; for another pattern or setting, DELETE the rule and INSERT another');
END;
CREATE TRIGGER destination_rule_delete INSTEAD OF DELETE ON destination_rule
BEGIN
  DELETE FROM _destination_rule WHERE rule_id = old.rule;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.pattern, 'destination_rule ' || old.setting, old.value, NULL);
END;
CREATE TRIGGER dkim_key_state INSTEAD OF UPDATE OF state ON dkim_key
BEGIN
  SELECT raise(ABORT, 'empath: state takes waiting, signing or retired')
   WHERE coalesce(new.state, '') NOT IN ('waiting', 'signing', 'retired');
  UPDATE _dkim_key
     SET state = new.state, since = (SELECT now FROM _clock)
   WHERE domain = old.domain AND selector = old.selector AND state <> new.state;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'dkim_key state', old.state, new.state
   WHERE new.state IS NOT old.state;
END;
CREATE TRIGGER dkim_key_update INSTEAD OF UPDATE ON dkim_key
BEGIN
  SELECT 1
   WHERE new.domain IS NULL
     AND coalesce(
       new.selector, new.algorithm, new.state, new.since_at, new.since_unix, new.name, new.record, new.created_at,
       new.created_unix);
END;
CREATE TRIGGER dkim_key_fixed INSTEAD OF UPDATE OF
  domain, selector, algorithm, since_at, since_unix, name, record, created_at, created_unix
ON dkim_key
BEGIN
  SELECT raise(ABORT, 'empath: dkim_key takes state; DELETE removes a key, and empath-admin dkim generate makes another');
END;
CREATE TRIGGER dkim_key_delete INSTEAD OF DELETE ON dkim_key
BEGIN
  -- SQLite leaves the octets of a deleted row in the file.  A value of the same size is written over the old one.
  UPDATE _dkim_key
     SET private_key = substr(hex(zeroblob(length(private_key))), 1, length(private_key))
   WHERE domain = old.domain AND selector = old.selector;
  DELETE FROM _dkim_key WHERE domain = old.domain AND selector = old.selector;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.name, 'dkim_key', old.state, NULL);
END;
CREATE TRIGGER dkim_key_insert INSTEAD OF INSERT ON dkim_key
BEGIN
  SELECT raise(ABORT, 'empath: empath-admin dkim generate makes a key, because SQL cannot');
END;
CREATE TRIGGER event_update INSTEAD OF UPDATE ON event
BEGIN
  SELECT raise(ABORT, 'empath: an event is a record and cannot be changed');
END;
CREATE TRIGGER event_delete INSTEAD OF DELETE ON event
BEGIN
  SELECT raise(ABORT, 'empath: events are removed in time, as [events] retention and rows say');
END;
CREATE TRIGGER event_insert INSTEAD OF INSERT ON event
BEGIN
  SELECT raise(ABORT, 'empath: events are written with the changes that they tell of');
END;
CREATE TRIGGER event_type_update INSTEAD OF UPDATE ON event_type
BEGIN
  SELECT raise(ABORT, 'empath: a type is wanted if a consumer wants it; INSERT INTO consumer (name, types) adds one');
END;
CREATE TRIGGER event_type_delete INSTEAD OF DELETE ON event_type
BEGIN
  SELECT raise(ABORT, 'empath: the types of events cannot be changed');
END;
CREATE TRIGGER event_type_insert INSTEAD OF INSERT ON event_type
BEGIN
  SELECT raise(ABORT, 'empath: the types of events cannot be changed');
END;
CREATE VIEW _judge_types AS SELECT NULL AS given WHERE 0;
CREATE TRIGGER _refuse_types INSTEAD OF INSERT ON _judge_types
BEGIN
  SELECT raise(ABORT, 'empath: types takes types of events with a blank between two, or an empty text for all; see SELECT type FROM event_type')
   WHERE typeof(new.given) <> 'text' OR length(new.given) > 1000 OR EXISTS (
     WITH RECURSIVE word (name, rest) AS (
       SELECT NULL, new.given || ' '
       UNION ALL
       SELECT substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM word WHERE rest <> '')
     SELECT 1 FROM word WHERE name <> '' AND NOT EXISTS (SELECT 1 FROM _event_type AS t WHERE t.type = word.name));
END;
CREATE TRIGGER consumer_insert INSTEAD OF INSERT ON consumer
BEGIN
  INSERT INTO _judge_text VALUES (new.name);
  SELECT raise(ABORT, 'empath: name takes 1 to 64 letters of ASCII, digits, dots, dashes and underscores; the first is a letter or digit')
   WHERE typeof(new.name) <> 'text'
      OR length(new.name) NOT BETWEEN 1 AND 64
      OR new.name GLOB '*[^A-Za-z0-9_.-]*'
      OR new.name GLOB '[^A-Za-z0-9]*';
  SELECT raise(ABORT, 'empath: only consumers of kind program are added here; [events] of the configuration has the others')
   WHERE coalesce(new.kind, 'program') <> 'program';
  SELECT raise(ABORT, 'empath: a consumer with this name exists') WHERE EXISTS (SELECT 1 FROM _consumer WHERE name = new.name);
  INSERT INTO _judge_types VALUES (coalesce(new.types, ''));
  SELECT raise(ABORT, 'empath: cursor takes the number of an event, from 0 to that of the last one')
   WHERE new.cursor IS NOT NULL
     AND (typeof(new.cursor) <> 'integer' OR new.cursor NOT BETWEEN 0 AND coalesce((SELECT max(event_id) FROM _event), 0));
  INSERT INTO _consumer (name, kind, types, cursor, created_at)
  VALUES (
    new.name, 'program', coalesce(new.types, ''), coalesce(new.cursor, (SELECT max(event_id) FROM _event), 0),
    (SELECT now FROM _clock));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), new.name, 'consumer', NULL, 'program');
END;
CREATE TRIGGER consumer_state INSTEAD OF UPDATE OF state ON consumer
BEGIN
  SELECT raise(ABORT, 'empath: state takes active or paused') WHERE new.state IS NULL OR new.state NOT IN ('active', 'paused');
  UPDATE _consumer
     SET state = new.state,
         failures = iif(new.state = 'active', 0, failures),
         next_try_at = iif(new.state = 'active', NULL, next_try_at)
   WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'consumer state', old.state, new.state
   WHERE new.state IS NOT old.state;
END;
CREATE TRIGGER consumer_cursor INSTEAD OF UPDATE OF cursor ON consumer
BEGIN
  SELECT raise(ABORT, 'empath: the stream has no cursor: each client says where it goes on, by Last-Event-ID')
   WHERE old.kind = 'stream';
  SELECT raise(ABORT, 'empath: cursor takes the number of an event, from 0 to that of the last one')
   WHERE typeof(new.cursor) <> 'integer' OR new.cursor NOT BETWEEN 0 AND coalesce((SELECT max(event_id) FROM _event), 0);
  UPDATE _consumer SET cursor = new.cursor WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'consumer cursor', old.cursor, new.cursor
   WHERE new.cursor IS NOT old.cursor
     AND old.kind <> 'program';
END;
CREATE TRIGGER consumer_types INSTEAD OF UPDATE OF types ON consumer
BEGIN
  SELECT raise(ABORT, 'empath: the types of this consumer are in [events] of the configuration') WHERE old.kind <> 'program';
  INSERT INTO _judge_types VALUES (new.types);
  UPDATE _consumer SET types = new.types WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'consumer types', old.types, new.types
   WHERE new.types IS NOT old.types;
END;
CREATE TRIGGER consumer_update INSTEAD OF UPDATE ON consumer
BEGIN
  SELECT 1
   WHERE new.name IS NULL
     AND coalesce(
       new.kind, new.types, new.state, new.cursor, new.lag, new.lag_s, new.sent, new.lost, new.aside, new.dead, new.failures,
       new.next_try_at, new.next_try_unix, new.sent_at, new.sent_unix, new.last_error, new.last_error_at, new.last_error_unix,
       new.created_at, new.created_unix);
END;
CREATE TRIGGER consumer_fixed INSTEAD OF UPDATE OF
  name, kind, lag, lag_s, sent, lost, aside, dead, failures, next_try_at, next_try_unix, sent_at, sent_unix, last_error,
  last_error_at, last_error_unix, created_at, created_unix
ON consumer
BEGIN
  SELECT raise(ABORT, 'empath: consumer takes state, cursor and types');
END;
CREATE TRIGGER consumer_delete INSTEAD OF DELETE ON consumer
BEGIN
  SELECT raise(ABORT, 'empath: this consumer is in [events] of the configuration; remove it there, or set state = ''paused''')
   WHERE old.kind <> 'program';
  DELETE FROM _consumer WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.name, 'consumer', old.kind, NULL);
END;
CREATE TRIGGER event_aside_state INSTEAD OF UPDATE OF state ON event_aside
BEGIN
  SELECT raise(ABORT, 'empath: state takes waiting, for a dead letter') WHERE new.state IS NOT 'waiting';
  UPDATE _event_aside SET state = 'behind'
   WHERE consumer = old.consumer AND ulid = old.id AND state = 'waiting' AND event_id > old.event_id AND old.state = 'dead';
  UPDATE _event_aside
     SET state = iif(
           EXISTS (SELECT 1 FROM _event_aside AS a
                    WHERE a.consumer = old.consumer AND a.ulid = old.id AND a.state = 'waiting' AND a.event_id < old.event_id),
           'behind', 'waiting'),
         tries = 0, since = (SELECT now FROM _clock), next_try_at = (SELECT now FROM _clock)
   WHERE consumer = old.consumer AND event_id = old.event_id AND state = 'dead';
  INSERT INTO _audit (who, object, ulid, address, what, before, after)
  SELECT (SELECT who FROM _author), old.consumer, old.id, old.recipient, 'event ' || old.event_id, 'dead', 'waiting'
   WHERE old.state = 'dead';
END;
CREATE TRIGGER event_aside_update INSTEAD OF UPDATE ON event_aside
BEGIN
  SELECT 1
   WHERE new.consumer IS NULL
     AND coalesce(
       new.event_id, new.state, new.tries, new.since, new.since_unix, new.next_try_at, new.next_try_unix, new.last_error, new.id,
       new.type, new.recipient);
END;
CREATE TRIGGER event_aside_fixed INSTEAD OF UPDATE OF
  consumer, event_id, tries, since, since_unix, next_try_at, next_try_unix, last_error, id, type, recipient
ON event_aside
BEGIN
  SELECT raise(ABORT, 'empath: event_aside takes state = ''waiting''; DELETE drops the event');
END;
CREATE TRIGGER event_aside_insert INSTEAD OF INSERT ON event_aside
BEGIN
  SELECT raise(ABORT, 'empath: UPDATE consumer SET cursor = … has events sent again');
END;
CREATE TRIGGER event_aside_delete INSTEAD OF DELETE ON event_aside
BEGIN
  DELETE FROM _event_aside WHERE consumer = old.consumer AND event_id = old.event_id;
  INSERT INTO _audit (who, object, ulid, address, what, before, after)
  VALUES ((SELECT who FROM _author), old.consumer, old.id, old.recipient, 'event ' || old.event_id, old.state, 'dropped');
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
    (SELECT who FROM _author), old.client || ' ' || old.sender || ' ' || old.recipient, 'greylist',
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
  VALUES (new.client, '*', '*', (SELECT now FROM _clock), (SELECT now FROM _clock))
  ON CONFLICT (client, sender, recipient) DO UPDATE SET passes_at = excluded.passes_at, expires_at = NULL;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), client || ' * *', 'greylist', NULL, passes_at
    FROM _greylist
   WHERE client = new.client AND sender = '*' AND recipient = '*';
END;
CREATE TRIGGER hold_rule_insert INSTEAD OF INSERT ON hold_rule
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: hold_rule takes scope, pattern, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.rule, new.hits, new.created_at, new.created_unix, new.who) IS NOT NULL;
  INSERT INTO _judge_text VALUES (new.pattern), (new.reason);
  SELECT CASE
    WHEN coalesce(new.scope, '') NOT IN ('sender', 'recipient', 'destination', 'account', 'client')
      THEN raise(ABORT, 'empath: scope takes sender, recipient, destination, account or client')
    WHEN typeof(new.pattern) <> 'text' OR length(new.pattern) NOT BETWEEN 1 AND 1024
      THEN raise(ABORT, 'empath: pattern takes text of 1 to 1024 characters')
    WHEN (new.scope = 'sender' OR new.scope = 'recipient')
     AND NOT (new.scope = 'sender' AND new.pattern = '<>')
     AND (new.pattern NOT GLOB '*@?*'
          OR new.pattern GLOB '*[<> ]*' AND new.pattern NOT GLOB '"*"@*'
          OR new.pattern GLOB '@*' AND new.pattern GLOB '*[*]*' AND new.pattern <> '@*' AND new.pattern NOT GLOB '@[*].?*'
          OR new.pattern GLOB '@[*].*[*]*')
      THEN raise(ABORT, 'empath: a sender or recipient is an address, @domain or @*.domain; <> is the null sender')
    WHEN new.scope = 'client' AND (
           new.pattern GLOB '*[^0-9A-Fa-f:./]*'
           OR new.pattern NOT GLOB '*[.:]*'
           OR new.pattern GLOB '*/*[^0-9]*'
           OR new.pattern GLOB '*/'
           OR CAST(substr(new.pattern, instr(new.pattern || '/', '/') + 1) AS INTEGER) > iif(instr(new.pattern, ':'), 128, 32)
           -- An IPv4 address has four numbers up to 255.
           OR instr(new.pattern, ':') = 0 AND '1,1,1,1' <> (
             SELECT group_concat(value GLOB '[0-9]*' AND value NOT GLOB '*[^0-9]*' AND CAST(value AS INTEGER) <= 255)
               FROM json_each(
                 '["' || replace(substr(new.pattern, 1, instr(new.pattern || '/', '/') - 1), '.', '","') || '"]')))
      THEN raise(ABORT, 'empath: a client is an IP address or a network such as 192.0.2.0/24')
    WHEN new.scope = 'destination' AND (new.pattern GLOB '* *' OR new.pattern GLOB 'mx:*')
      THEN raise(ABORT, 'empath: a destination is a domain, *.domain, a next hop as the view destination names it, or * for all')
  END;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  SELECT raise(ABORT, 'empath: there are 1000 hold rules already; DELETE FROM hold_rule those that are not needed')
   WHERE (SELECT count(*) FROM _hold_rule) >= 1000;
  SELECT raise(ABORT, 'empath: there is a rule for this pattern; UPDATE hold_rule changes its end and reason')
   WHERE EXISTS (
     SELECT 1 FROM _hold_rule
      WHERE scope = new.scope
        AND pattern = iif(new.scope = 'account' OR new.scope = 'destination' AND instr(new.pattern, ':'), new.pattern, lower(new.pattern)));
  INSERT INTO _hold_rule (scope, pattern, reason, created_at, who)
  VALUES (
    new.scope,
    iif(new.scope = 'account' OR new.scope = 'destination' AND instr(new.pattern, ':'), new.pattern, lower(new.pattern)),
    new.reason, (SELECT now FROM _clock), (SELECT who FROM _author));
  INSERT INTO _audit (who, object, what, before, after)
  SELECT who, scope || ' ' || pattern, 'hold_rule', NULL, coalesce(reason, 'held')
    FROM _hold_rule
   ORDER BY hold_rule_id DESC
   LIMIT 1;
  INSERT INTO _change_instant
  SELECT 'hold_rule expires_unix', hold_rule_id, NULL, scope || ' ' || pattern, NULL, NULL,
         coalesce(new.expires_at, new.expires_unix)
    FROM _hold_rule
   WHERE coalesce(new.expires_at, new.expires_unix) IS NOT NULL
   ORDER BY hold_rule_id DESC
   LIMIT 1;
  INSERT OR IGNORE INTO _setting (name, value) VALUES ('destination_rules', '0');
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;
CREATE TRIGGER _set_hold_rule_end INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'hold_rule expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+30 days'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _hold_rule SET expires_at = new.after WHERE hold_rule_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;
CREATE TRIGGER hold_rule_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON hold_rule
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'hold_rule expires_unix', old.rule, NULL, old.scope || ' ' || old.pattern, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;
CREATE TRIGGER hold_rule_reason INSTEAD OF UPDATE OF reason ON hold_rule
BEGIN
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.scope || ' ' || old.pattern, 'hold_rule reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
  UPDATE _hold_rule SET reason = new.reason WHERE hold_rule_id = old.rule;
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;
CREATE TRIGGER hold_rule_update INSTEAD OF UPDATE ON hold_rule
BEGIN
  SELECT 1
   WHERE new.rule IS NULL
     AND coalesce(
       new.scope, new.pattern, new.expires_at, new.expires_unix, new.reason, new.hits, new.created_at, new.created_unix,
       new.who);
END;
CREATE TRIGGER hold_rule_fixed INSTEAD OF UPDATE OF rule, scope, pattern, hits, created_at, created_unix, who ON hold_rule
BEGIN
  SELECT raise(ABORT, 'empath: hold_rule takes expires_at, expires_unix and reason; for another scope or pattern, DELETE the row and INSERT another');
END;
CREATE TRIGGER hold_rule_delete INSTEAD OF DELETE ON hold_rule
BEGIN
  DELETE FROM _hold_rule WHERE hold_rule_id = old.rule;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.scope || ' ' || old.pattern, 'hold_rule', coalesce(old.reason, 'held'), NULL);
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;
CREATE TRIGGER listener_limit_insert INSTEAD OF INSERT ON listener_limit
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: listener_limit takes listener, setting, value, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.created_at, new.created_unix, new.who) IS NOT NULL;
  INSERT INTO _judge_text VALUES (new.listener), (new.value), (new.reason);
  SELECT raise(ABORT, 'empath: listener takes the address of a listener of the configuration, such as 192.0.2.25:25, or * for all')
   WHERE typeof(new.listener) <> 'text'
      OR length(new.listener) NOT BETWEEN 1 AND 200
      OR new.listener <> '*'
     AND EXISTS (SELECT 1 FROM _effective_setting WHERE name = 'receiving.limits.connections')
     AND NOT EXISTS (
       SELECT 1 FROM _effective_setting WHERE name = 'listener.' || json_quote(new.listener) || '.role');
  SELECT raise(ABORT, 'empath: value takes text of 1 to 100 characters')
   WHERE length(CAST(new.value AS TEXT)) NOT BETWEEN 1 AND 100 OR new.value IS NULL;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  SELECT raise(ABORT, 'empath: there are 1000 limits already; DELETE FROM listener_limit those that are not needed')
   WHERE (SELECT count(*) FROM _listener_limit) >= 1000
     AND NOT EXISTS (SELECT 1 FROM _listener_limit WHERE listener = new.listener AND setting = new.setting);
  -- One sentence for each setting of [receiving.limits].
  SELECT CASE new.setting
    WHEN 'message_size' THEN iif(octets BETWEEN 65536 AND most_octets, NULL,
      raise(ABORT, 'empath: message_size takes a size from 64KiB to the largest message_size of the configuration, for which the disk keeps room'))
    WHEN 'recipients' THEN iif(number BETWEEN 100 AND 1000000, NULL,
      raise(ABORT, 'empath: recipients takes a whole number from 100 to 1000000'))
    WHEN 'messages_per_session' THEN iif(number BETWEEN 1 AND 1000000 OR text = 'none', NULL,
      raise(ABORT, 'empath: messages_per_session takes a whole number from 1 to 1000000, or none'))
    WHEN 'recipients_per_session' THEN iif(number BETWEEN 100 AND 1000000 OR text = 'none', NULL,
      raise(ABORT, 'empath: recipients_per_session takes a whole number from 100 to 1000000, or none'))
    WHEN 'connections' THEN iif(number BETWEEN 1 AND most_connections, NULL,
      raise(ABORT, 'empath: connections takes a whole number from 1 to [receiving.limits] connections of the configuration, for which there are descriptors'))
    WHEN 'connections_per_client' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: connections_per_client takes a whole number from 1 to 1000000'))
    WHEN 'connection_rate_per_client' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: connection_rate_per_client takes a rate such as 100/1m, or none'))
    WHEN 'message_rate_per_client' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: message_rate_per_client takes a rate such as 100/1m, or none'))
    WHEN 'recipient_rate_per_client' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: recipient_rate_per_client takes a rate such as 1000/1h, or none'))
    WHEN 'error_rate_per_client' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: error_rate_per_client takes a rate such as 100/1h, or none'))
    WHEN 'message_rate_per_account' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: message_rate_per_account takes a rate such as 500/1h, or none'))
    WHEN 'recipient_rate_per_account' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: recipient_rate_per_account takes a rate such as 2000/1d, or none'))
    WHEN 'error_rate_per_account' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: error_rate_per_account takes a rate such as 100/1h, or none'))
    WHEN 'errors' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: errors takes a whole number from 1 to 1000000'))
    WHEN 'slow_errors' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: slow_errors takes a whole number from 1 to 1000000'))
    WHEN 'junk' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: junk takes a whole number from 1 to 1000000'))
    WHEN 'command_length' THEN iif(number BETWEEN 2048 AND 1000000, NULL,
      raise(ABORT, 'empath: command_length takes a whole number from 2048 to 1000000'))
    WHEN 'line_length' THEN iif(number = 0 OR number BETWEEN 998 AND 1000000, NULL,
      raise(ABORT, 'empath: line_length takes a whole number from 998 to 1000000, or 0 for no limit'))
    WHEN 'header_size' THEN iif(octets >= 0, NULL,
      raise(ABORT, 'empath: header_size takes a size such as 256KiB'))
    WHEN 'received_hops' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: received_hops takes a whole number from 1 to 1000000'))
    WHEN 'minimum_content_rate' THEN iif(octets >= 0 AND text GLOB '*/s', NULL,
      raise(ABORT, 'empath: minimum_content_rate takes octets in a second such as 500B/s, or 0B/s for no limit'))
    WHEN 'future_release' THEN iif(is_duration, NULL,
      raise(ABORT, 'empath: future_release takes a duration such as 30d, or 0s where it is not offered'))
    WHEN 'deliver_by' THEN iif(is_duration, NULL,
      raise(ABORT, 'empath: deliver_by takes a duration such as 1m'))
    ELSE raise(ABORT, 'empath: there is no such setting; empath-admin limit settings lists them')
  END
    FROM (
      SELECT text,
             iif(text NOT GLOB '*[^0-9]*' AND length(text) <= 9, CAST(text AS INTEGER), -1) AS number,
             text = 'none'
               OR text GLOB '[1-9]*/[0-9]*[smhd]' AND text NOT GLOB '*[^0-9smhd./]*' AND instr(text, '/') <= 8
              AND substr(text, 1, instr(text, '/') - 1) NOT GLOB '*[^0-9]*' AS is_rate,
             text GLOB '[0-9]*[smhdw]' AND text NOT GLOB '*[^0-9.smhdw]*' AS is_duration,
             (SELECT coalesce(max(CAST(value AS INTEGER)), 1000000)
                FROM _effective_setting
               WHERE name = 'receiving.limits.connections') AS most_connections,
             max(iif(is_new, octets, NULL)) AS octets,
             coalesce(max(iif(is_new, NULL, octets)), 9223372036854775807) AS most_octets
        FROM (
          -- Sizes as policy/units.py reads them; -1: it is none.
          SELECT is_new, CAST(new.value AS TEXT) AS text,
                 iif(
                   amount GLOB '[0-9]*' AND amount NOT GLOB '*[^0-9.]*' AND amount NOT GLOB '*.*.*' AND amount NOT GLOB '*.',
                   coalesce(
                     CAST(CAST(amount AS REAL) * CASE substr(size, length(amount) + 1)
                       WHEN 'B' THEN 1
                       WHEN 'kB' THEN 1000
                       WHEN 'KB' THEN 1000
                       WHEN 'MB' THEN 1000000
                       WHEN 'GB' THEN 1000000000
                       WHEN 'TB' THEN 1000000000000
                       WHEN 'KiB' THEN 1024
                       WHEN 'MiB' THEN 1048576
                       WHEN 'GiB' THEN 1073741824
                       WHEN 'TiB' THEN 1099511627776
                     END AS INTEGER), -1), -1) AS octets
            FROM (
              SELECT is_new, size, rtrim(size, 'BKMGTik') AS amount
                FROM (
                  SELECT 1 AS is_new,
                         iif(new.setting = 'minimum_content_rate' AND new.value GLOB '*/s',
                           substr(new.value, 1, length(new.value) - 2), CAST(new.value AS TEXT)) AS size
                  UNION ALL
                  SELECT 0, value
                    FROM _effective_setting
                   WHERE name = 'receiving.limits.message_size'
                      OR name GLOB 'listener."*".limits.message_size'))));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.listener, 'listener_limit ' || new.setting,
    (SELECT value FROM _listener_limit WHERE listener = new.listener AND setting = new.setting),
    CAST(new.value AS TEXT));
  INSERT INTO _listener_limit (listener, setting, value, expires_at, reason, created_at, who)
  SELECT new.listener, new.setting, CAST(new.value AS TEXT),
         CASE
           WHEN given IS NULL THEN NULL
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END,
         new.reason, (SELECT now FROM _clock), (SELECT who FROM _author)
    FROM (SELECT coalesce(new.expires_at, new.expires_unix) AS given)
   WHERE 1
  ON CONFLICT (listener, setting) DO UPDATE
    SET value = excluded.value, expires_at = excluded.expires_at, reason = excluded.reason,
        created_at = excluded.created_at, who = excluded.who;
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, a shift such as ''+1 hour'', or NULL for never')
   WHERE (SELECT expires_at FROM _listener_limit WHERE listener = new.listener AND setting = new.setting)
         NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 315576000.0;
END;
CREATE TRIGGER listener_limit_update INSTEAD OF UPDATE ON listener_limit
BEGIN
  SELECT raise(ABORT, 'empath: a limit is replaced: INSERT INTO listener_limit with the same listener and setting');
END;
CREATE TRIGGER listener_limit_delete INSTEAD OF DELETE ON listener_limit
BEGIN
  DELETE FROM _listener_limit WHERE listener = old.listener AND setting = old.setting;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.listener, 'listener_limit ' || old.setting, old.value, NULL);
END;
CREATE VIEW _judge_log_level AS
SELECT NULL AS scope,
       NULL AS pattern,
       NULL AS level
 WHERE 0;
CREATE TRIGGER _refuse_log_level INSTEAD OF INSERT ON _judge_log_level
BEGIN
  INSERT INTO _judge_text VALUES (new.pattern);
  SELECT CASE
    WHEN coalesce(new.level, '') NOT IN ('debug', 'info', 'warning', 'error', 'critical')
      THEN raise(ABORT, 'empath: level takes debug, info, warning, error or critical')
    WHEN coalesce(new.scope, '') NOT IN ('area', 'client', 'destination', 'message')
      THEN raise(ABORT, 'empath: scope takes area, client, destination or message')
    WHEN coalesce(typeof(new.pattern), '') <> 'text' OR length(new.pattern) NOT BETWEEN 1 AND 1024
      THEN raise(ABORT, 'empath: pattern takes text of 1 to 1024 characters')
    WHEN new.scope = 'area' AND new.pattern NOT IN ('smtp', 'delivery', 'dns', 'queue', 'http', 'modules', 'process')
      THEN raise(ABORT, 'empath: an area is smtp, delivery, dns, queue, http, modules or process')
    WHEN new.scope = 'client' AND (
           new.pattern GLOB '*[^0-9A-Fa-f:./]*'
           OR new.pattern NOT GLOB '*[.:]*'
           OR new.pattern GLOB '*/*[^0-9]*'
           OR new.pattern GLOB '*/'
           OR CAST(substr(new.pattern, instr(new.pattern || '/', '/') + 1) AS INTEGER) > iif(instr(new.pattern, ':'), 128, 32)
           -- An IPv4 address has four numbers up to 255.
           OR instr(new.pattern, ':') = 0 AND '1,1,1,1' <> (
             SELECT group_concat(value GLOB '[0-9]*' AND value NOT GLOB '*[^0-9]*' AND CAST(value AS INTEGER) <= 255)
               FROM json_each(
                 '["' || replace(substr(new.pattern, 1, instr(new.pattern || '/', '/') - 1), '.', '","') || '"]')))
      THEN raise(ABORT, 'empath: a client is an IP address or a network such as 192.0.2.0/24')
    WHEN new.scope = 'destination' AND new.pattern GLOB '* *'
      THEN raise(ABORT, 'empath: a destination is a domain, *.domain, or a next hop as the view destination names it')
    WHEN new.scope = 'message'
     AND (length(new.pattern) <> 26 OR upper(new.pattern) GLOB '*[^0-9A-HJKMNP-TV-Z]*')
      THEN raise(ABORT, 'empath: a message is named by its queue id of 26 characters')
  END;
END;
CREATE TRIGGER log_level_insert INSTEAD OF INSERT ON log_level
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: log_level takes scope, pattern, level, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.created_at, new.created_unix, new.who) IS NOT NULL;
  INSERT INTO _judge_log_level VALUES (new.scope, new.pattern, new.level);
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  SELECT raise(ABORT, 'empath: there are 100 log levels already; DELETE FROM log_level those that are not needed')
   WHERE (SELECT count(*) FROM _log_level WHERE expires_at > (SELECT now FROM _clock)) >= 100
     AND NOT EXISTS (SELECT 1 FROM _log_level WHERE scope = new.scope AND pattern = new.pattern);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.pattern, 'log_level ' || new.scope,
    (SELECT level FROM _log_level WHERE scope = new.scope AND pattern = new.pattern), new.level);
  INSERT INTO _log_level (scope, pattern, level, expires_at, reason, created_at, who)
  SELECT new.scope, new.pattern, new.level,
         CASE
           WHEN given IS NULL THEN (SELECT now FROM _clock) + 3600.0
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END,
         new.reason, (SELECT now FROM _clock), (SELECT who FROM _author)
    FROM (SELECT coalesce(new.expires_at, new.expires_unix) AS given)
   WHERE 1
  ON CONFLICT (scope, pattern) DO UPDATE
    SET level = excluded.level, expires_at = excluded.expires_at, reason = excluded.reason,
        created_at = excluded.created_at, who = excluded.who;
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 30 days ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC or a shift such as ''+1 hour''')
   WHERE (SELECT expires_at FROM _log_level WHERE scope = new.scope AND pattern = new.pattern)
         NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 2592060.0;
END;
CREATE TRIGGER log_level_level INSTEAD OF UPDATE OF level ON log_level
BEGIN
  INSERT INTO _judge_log_level VALUES (old.scope, old.pattern, new.level);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'log_level ' || old.scope, old.level, new.level
   WHERE new.level IS NOT old.level;
  UPDATE _log_level SET level = new.level WHERE scope = old.scope AND pattern = old.pattern AND level <> new.level;
END;
CREATE TRIGGER log_level_reason INSTEAD OF UPDATE OF reason ON log_level
BEGIN
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.scope || ' ' || old.pattern, 'log_level reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
  UPDATE _log_level SET reason = new.reason
   WHERE scope = old.scope AND pattern = old.pattern AND reason IS NOT new.reason;
END;
CREATE TRIGGER log_level_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON log_level
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  SELECT 'log_level expires_unix', log_level_id, NULL, old.scope || ' ' || old.pattern, NULL, old.expires_unix,
         iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix)
    FROM _log_level
   WHERE scope = old.scope AND pattern = old.pattern;
END;
CREATE TRIGGER _set_log_level_end INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'log_level expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 30 days ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 2592060.0 OR new.after IS NULL;
  UPDATE _log_level SET expires_at = new.after WHERE log_level_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;
CREATE TRIGGER log_level_update INSTEAD OF UPDATE ON log_level
BEGIN
  SELECT 1
   WHERE new.scope IS NULL
     AND coalesce(
       new.pattern, new.level, new.expires_at, new.expires_unix, new.reason, new.created_at, new.created_unix, new.who);
END;
CREATE TRIGGER log_level_fixed INSTEAD OF UPDATE OF scope, pattern, created_at, created_unix, who ON log_level
BEGIN
  SELECT raise(ABORT, 'empath: log_level takes level, expires_at, expires_unix and reason; for another scope or pattern, DELETE the row and INSERT another');
END;
CREATE TRIGGER log_level_delete INSTEAD OF DELETE ON log_level
BEGIN
  DELETE FROM _log_level WHERE scope = old.scope AND pattern = old.pattern;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.pattern, 'log_level ' || old.scope, old.level, NULL);
END;
CREATE TRIGGER dns_cache_insert INSTEAD OF INSERT ON dns_cache
BEGIN
  SELECT raise(ABORT, 'empath: dns_cache has answers of name servers; DELETE lets them be asked again');
END;
CREATE TRIGGER dns_cache_update INSTEAD OF UPDATE ON dns_cache
BEGIN
  SELECT raise(ABORT, 'empath: dns_cache has answers of name servers; DELETE lets them be asked again');
END;
CREATE TRIGGER dns_cache_delete INSTEAD OF DELETE ON dns_cache
BEGIN
  DELETE FROM _dns_cache WHERE name = old.name AND type = old.type;
  INSERT INTO _dns_order (name) VALUES (old.name);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.name || ' ' || old.type, 'dns_cache', old.answer, NULL);
END;
CREATE TRIGGER sts_policy_insert INSTEAD OF INSERT ON sts_policy
BEGIN
  SELECT raise(ABORT, 'empath: sts_policy has what domains publish; DELETE lets a policy be read again');
END;
CREATE TRIGGER sts_policy_update INSTEAD OF UPDATE ON sts_policy
BEGIN
  SELECT raise(ABORT, 'empath: sts_policy has what domains publish; DELETE lets a policy be read again');
END;
CREATE TRIGGER sts_policy_delete INSTEAD OF DELETE ON sts_policy
BEGIN
  DELETE FROM _sts_policy WHERE domain = old.domain;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.domain, 'sts_policy', old.mode || ' ' || old.policy_id, NULL);
END;
CREATE TRIGGER plan_insert INSTEAD OF INSERT ON plan
BEGIN
  SELECT raise(ABORT, 'empath: verb takes retry, hold, release, delete, bounce, expire, priority or reroute')
   WHERE coalesce(new.verb, '') NOT IN ('retry', 'hold', 'release', 'delete', 'bounce', 'expire', 'priority', 'reroute');
  SELECT raise(ABORT, 'empath: argument takes 0 (first) to 4 (last) for the verb priority, and is NULL for the others')
   WHERE iif(new.verb = 'priority', coalesce(CAST(new.argument AS TEXT), '') NOT GLOB '[0-4]', new.argument IS NOT NULL);
  SELECT raise(ABORT, 'empath: predicate takes text of at most 10000 characters') WHERE length(new.predicate) > 10000;
  SELECT raise(ABORT, 'empath: expires_unix takes Unix seconds, from now to 30 days ahead')
   WHERE new.expires_unix NOT BETWEEN (SELECT now FROM _clock) AND (SELECT now FROM _clock) + 2592000.0;
  SELECT raise(ABORT, 'empath: there are 1000 plans; DELETE FROM plan removes one')
   WHERE (SELECT count(*) FROM _plan) >= 1000;
  INSERT INTO _judge_text VALUES (new.predicate);
  INSERT INTO _plan (verb, argument, predicate, hash, who, created_at, expires_at)
  VALUES (
    new.verb, CAST(new.argument AS TEXT), new.predicate, new.hash, (SELECT who FROM _author), (SELECT now FROM _clock),
    coalesce(new.expires_unix, (SELECT now FROM _clock) + 604800.0));
  INSERT INTO _audit (at, who, what, after, object)
  SELECT created_at, who, 'plan', verb, 'plan ' || plan_id FROM _plan ORDER BY plan_id DESC LIMIT 1;
END;
CREATE TRIGGER plan_state INSTEAD OF UPDATE OF state ON plan
BEGIN
  SELECT raise(ABORT, 'empath: state takes ''applied'', and ''undone'' after that')
   WHERE coalesce(new.state, '') NOT IN ('applied', 'undone', old.state);
  SELECT raise(ABORT, 'empath: this plan is over; make another') WHERE old.expires_unix < (SELECT now FROM _clock);
  SELECT raise(ABORT, 'empath: the plan has been carried out; state takes ''undone''')
   WHERE new.state = 'applied' AND old.undone > 0;
  SELECT raise(ABORT, 'empath: recipients are not as they were planned: SELECT * FROM plan_recipient WHERE is_changed shows them, DELETE FROM plan_recipient takes them out')
   WHERE new.state = 'applied'
     AND EXISTS (SELECT 1 FROM plan_recipient WHERE plan_id = old.plan_id AND state = 'planned' AND is_changed);
  SELECT raise(ABORT, 'empath: nothing of this plan has been carried out') WHERE new.state = 'undone' AND old.applied = 0;
  UPDATE plan_recipient SET state = new.state
   WHERE plan_id = old.plan_id
     AND state = iif(new.state = 'applied', 'planned', 'applied')
     AND NOT is_changed
     AND new.state IS NOT old.state;
END;
CREATE TRIGGER plan_fixed INSTEAD OF UPDATE OF
  plan_id, verb, argument, predicate, hash, who, created_at, created_unix, expires_at, expires_unix, recipients, planned,
  changed, applied, undone
ON plan
BEGIN
  SELECT raise(ABORT, 'empath: a plan takes only state; INSERT INTO plan makes another');
END;
CREATE TRIGGER plan_update INSTEAD OF UPDATE ON plan
BEGIN
  SELECT 1
   WHERE new.plan_id IS NULL
     AND coalesce(
       new.verb, new.argument, new.predicate, new.hash, new.who, new.created_at, new.created_unix, new.expires_at,
       new.expires_unix, new.state, new.recipients, new.planned, new.changed, new.applied, new.undone);
END;
CREATE TRIGGER plan_delete INSTEAD OF DELETE ON plan
BEGIN
  DELETE FROM _plan_recipient WHERE plan_id = old.plan_id;
  DELETE FROM _plan WHERE plan_id = old.plan_id;
  INSERT INTO _audit (at, who, what, before, object)
  VALUES ((SELECT now FROM _clock), (SELECT who FROM _author), 'plan', old.state, 'plan ' || old.plan_id);
END;
CREATE TRIGGER plan_recipient_insert INSTEAD OF INSERT ON plan_recipient
BEGIN
  SELECT raise(ABORT, 'empath: there is no such plan; INSERT INTO plan (verb) makes one')
   WHERE NOT EXISTS (SELECT 1 FROM _plan WHERE plan_id = new.plan_id);
  SELECT raise(ABORT, 'empath: this plan has been carried out; make another')
   WHERE EXISTS (SELECT 1 FROM _plan_recipient WHERE plan_id = new.plan_id AND state = 'applied')  -- equality: a seek
      OR EXISTS (SELECT 1 FROM _plan_recipient WHERE plan_id = new.plan_id AND state = 'undone');
  SELECT raise(ABORT, 'empath: release acts on held recipients, retry on queued and deferred ones, the other verbs on all three; select by status')
   WHERE NOT EXISTS (
     SELECT 1
       FROM _recipient AS r
       JOIN _plan AS p ON p.plan_id = new.plan_id
      WHERE r.recipient_id = new.recipient_id
        AND CASE p.verb
              WHEN 'release' THEN r.status = 'held'
              WHEN 'retry' THEN r.status = 'queued' OR r.status = 'deferred'
              WHEN 'hold' THEN r.status = 'queued' OR r.status = 'deferred'
              ELSE r.status = 'queued' OR r.status = 'deferred' OR r.status = 'held'
            END);
  SELECT raise(ABORT, 'empath: target takes the name of the destination that a plan to reroute moves the recipient to, and is NULL for other verbs')
   WHERE (SELECT verb FROM _plan WHERE plan_id = new.plan_id) = 'reroute'
      <> (typeof(new.target) = 'text' AND length(new.target) BETWEEN 1 AND 10000)
      OR (SELECT verb FROM _plan WHERE plan_id = new.plan_id) <> 'reroute' AND new.target IS NOT NULL;
  INSERT INTO _judge_text VALUES (new.target);
  INSERT INTO _plan_recipient (plan_id, recipient_id, state, status, next_retry_at, priority, destination, target)
  SELECT new.plan_id, recipient_id, 'planned', status, next_retry_at, priority,
         iif(new.target IS NULL, NULL, (SELECT name FROM _destination AS d WHERE d.destination_id = _recipient.destination_id)),
         new.target
    FROM _recipient
   WHERE recipient_id = new.recipient_id
     AND NOT EXISTS (
       SELECT 1 FROM _plan_recipient WHERE plan_id = new.plan_id AND recipient_id = new.recipient_id);
END;
CREATE TRIGGER plan_recipient_state INSTEAD OF UPDATE OF state ON plan_recipient
BEGIN
  SELECT raise(ABORT, 'empath: state takes ''applied'' after ''planned'', and ''undone'' after ''applied''')
   WHERE new.state IS NOT old.state
     AND NOT (old.state = 'planned' AND new.state IS 'applied' OR old.state = 'applied' AND new.state IS 'undone');
  SELECT raise(ABORT, 'empath: the sender may have got a report; UPDATE history SET status = ''queued'' sends bounced mail again')
   WHERE new.state = 'undone' AND (old.verb = 'bounce' OR old.verb = 'expire');
  SELECT raise(ABORT, 'empath: routes decide where mail goes, and would move it again: set them back, and reroute')
   WHERE new.state = 'undone' AND old.verb = 'reroute';
  SELECT raise(ABORT, 'empath: no mail went to the destination of this move yet; empath-admin apply makes it')
   WHERE old.verb = 'reroute'
     AND new.state IS NOT old.state
     AND NOT EXISTS (SELECT 1 FROM _destination WHERE name = old.target);
  SELECT raise(ABORT, 'empath: a recipient is not as it was planned, or as the plan left it: SELECT * FROM plan_recipient WHERE is_changed')
   WHERE new.state IS NOT old.state AND old.is_changed;
  UPDATE _plan_recipient
     SET state = new.state,
         next_retry_at = iif(new.state = 'applied', old.next_retry_unix, next_retry_at),
         priority = iif(new.state = 'applied', old.priority, priority),
         changed_at = (SELECT now FROM _clock)
   WHERE plan_id = old.plan_id
     AND recipient_id = old.recipient_id
     AND state <> new.state;
  -- An instant first: what is held again waits as before.
  INSERT INTO _change_instant
  VALUES (
    'next_retry_unix', old.recipient_id, old.id, old.recipient, NULL, old.next_retry_unix,
    CASE
      WHEN new.state IS old.state THEN old.next_retry_unix
      WHEN new.state = 'applied' AND old.verb = 'retry' THEN (SELECT now FROM _clock)
      WHEN new.state = 'undone' AND (old.verb = 'retry' OR old.verb = 'release') THEN old.planned_next_retry_unix
      ELSE old.next_retry_unix
    END);
  INSERT INTO _change_status
  VALUES (
    old.recipient_id, old.id, old.recipient, old.status,
    CASE
      WHEN new.state IS old.state THEN old.status
      WHEN new.state = 'applied' THEN
        CASE old.verb
          WHEN 'hold' THEN 'held'
          WHEN 'release' THEN 'queued'
          WHEN 'delete' THEN 'cancelled'
          WHEN 'bounce' THEN 'bounced'
          WHEN 'expire' THEN 'expired'
          ELSE old.status
        END
      WHEN old.verb = 'hold' THEN old.planned_status
      WHEN old.verb = 'release' THEN 'held'
      WHEN old.verb = 'delete' THEN 'queued'
      ELSE old.status
    END,
    old.next_retry_unix, new.state = 'undone', NULL, NULL);
  INSERT INTO _change_status
  SELECT old.recipient_id, old.id, old.recipient, 'queued', 'held', old.next_retry_unix, 1, NULL, NULL
   WHERE new.state = 'undone' AND old.state = 'applied' AND old.verb = 'delete' AND old.planned_status = 'held';
  UPDATE _recipient
     SET priority = iif(new.state = 'applied', CAST(old.argument AS INTEGER), old.planned_priority)
   WHERE recipient_id = old.recipient_id
     AND old.verb = 'priority'
     AND new.state IS NOT old.state;
  INSERT INTO _audit_change
  VALUES (
    (SELECT now FROM _clock), (SELECT who FROM _author), old.recipient_id, old.id, old.recipient, NULL, 'priority',
    old.priority,
    iif(
      old.verb = 'priority' AND new.state IS NOT old.state,
      iif(new.state = 'applied', CAST(old.argument AS INTEGER), old.planned_priority), old.priority));
  UPDATE _recipient SET destination_id = (SELECT destination_id FROM _destination WHERE name = old.target)
   WHERE recipient_id = old.recipient_id
     AND old.verb = 'reroute'
     AND new.state IS NOT old.state;
  INSERT INTO _audit_change
  VALUES (
    (SELECT now FROM _clock), (SELECT who FROM _author), old.recipient_id, old.id, old.recipient, NULL, 'destination',
    old.destination, iif(old.verb = 'reroute' AND new.state IS NOT old.state, old.target, old.destination));
END;
CREATE TRIGGER plan_recipient_fixed INSTEAD OF UPDATE OF
  plan_id, recipient_id, id, recipient, verb, argument, is_changed, planned_status, planned_next_retry_unix, planned_priority,
  status, next_retry_unix, priority, planned_destination, target, destination
ON plan_recipient
BEGIN
  SELECT raise(ABORT, 'empath: a recipient of a plan takes only state');
END;
CREATE TRIGGER plan_recipient_update INSTEAD OF UPDATE ON plan_recipient
BEGIN
  SELECT 1
   WHERE new.plan_id IS NULL
     AND coalesce(
       new.recipient_id, new.id, new.recipient, new.verb, new.argument, new.state, new.is_changed, new.planned_status,
       new.planned_next_retry_unix, new.planned_priority, new.status, new.next_retry_unix, new.priority,
       new.planned_destination, new.target, new.destination);
END;
CREATE TRIGGER plan_recipient_delete INSTEAD OF DELETE ON plan_recipient
BEGIN
  SELECT raise(ABORT, 'empath: what a plan has changed stays in it, so that it can be undone; DELETE FROM plan removes all of it')
   WHERE old.state <> 'planned';
  DELETE FROM _plan_recipient WHERE plan_id = old.plan_id AND recipient_id = old.recipient_id;
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
    (SELECT now FROM _clock), (SELECT who FROM _author),
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
       new.size, new.class, new.blocked_by, new.sent_as);
END;
CREATE TRIGGER queue_fixed INSTEAD OF UPDATE OF
  id, recipient_id, sender, recipient, domain, destination, ordered, wanted, ordered_next_retry_at,
  ordered_next_retry_unix, attempts, last_reply, reason, received_at, received_unix, size, class,
  blocked_by, sent_as
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
       new.reason, new.settled_at, new.settled_unix, new.received_at, new.received_unix, new.size, new.has_content,
       new.class, new.sent_as);
END;
CREATE TRIGGER history_fixed INSTEAD OF UPDATE OF
  id, recipient_id, sender, recipient, domain, destination, attempts, last_reply, reason, settled_at, settled_unix,
  received_at, received_unix, size, has_content, class, sent_as
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
CREATE TRIGGER queue_at_insert INSTEAD OF INSERT ON queue_at
BEGIN
  SELECT raise(ABORT, 'empath: INSERT INTO queue_at takes at or at_unix, and no other column')
   WHERE (new.at IS NULL) = (new.at_unix IS NULL)
      OR coalesce(
           new.id, new.recipient_id, new.sender, new.recipient, new.domain, new.destination, new.status, new.priority,
           new.next_retry_at, new.next_retry_unix, new.expires_at, new.expires_unix, new.attempts, new.last_reply,
           new.class, new.received_at, new.received_unix, new.size) IS NOT NULL;
  INSERT INTO _set_queue_at
  SELECT CASE
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' OR given GLOB '*.*.*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END
    FROM (SELECT coalesce(new.at, new.at_unix) AS given);
END;
CREATE VIEW _set_queue_at AS SELECT NULL AS at WHERE 0;
CREATE TRIGGER _write_queue_at INSTEAD OF INSERT ON _set_queue_at
BEGIN
  SELECT raise(ABORT, 'empath: at takes a past instant: Unix seconds, ''YYYY-MM-DD HH:MM:SS'' in UTC, or a shift such as ''-1 hour''')
   WHERE new.at NOT BETWEEN 1e9 AND (SELECT now FROM _clock);
  DELETE FROM _setting WHERE name = 'queue_at';
  INSERT INTO _setting (name, value) VALUES ('queue_at', CAST(new.at AS TEXT));
END;
CREATE TRIGGER queue_at_update INSTEAD OF UPDATE ON queue_at
BEGIN
  SELECT raise(ABORT, 'empath: the past cannot be changed; INSERT INTO queue_at (at) VALUES (''-1 hour'') gives another instant');
END;
CREATE TRIGGER queue_at_delete INSTEAD OF DELETE ON queue_at
BEGIN
  SELECT raise(ABORT, 'empath: the past cannot be changed; INSERT INTO queue_at (at) VALUES (''-1 hour'') gives another instant');
END;
CREATE TRIGGER recipient_list_insert INSTEAD OF INSERT ON recipient_list
BEGIN
  INSERT INTO _judge_text VALUES (new.address);
  SELECT raise(ABORT, 'empath: address takes an address such as user@example.org, its domain in ASCII')
   WHERE typeof(new.address) <> 'text' OR new.address NOT LIKE '_%@_%' OR new.address GLOB '*[' || char(1) || '- ]*';
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), lower(new.address), 'recipient_list', NULL, 'listed'
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
  VALUES ((SELECT who FROM _author), old.address, 'recipient_list', 'listed', NULL);
END;
CREATE TRIGGER alias_insert INSTEAD OF INSERT ON alias
BEGIN
  INSERT INTO _judge_text VALUES (new.pattern), (new.target);
  SELECT raise(ABORT, 'empath: pattern and target take an address such as user@example.org, or @example.org, in ASCII domains')
   WHERE typeof(new.pattern) <> 'text' OR new.pattern NOT LIKE '%@_%' OR new.pattern GLOB '*[' || char(1) || '- ]*'
      OR typeof(new.target) <> 'text' OR new.target NOT LIKE '%@_%' OR new.target GLOB '*[' || char(1) || '- ]*';
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), lower(new.pattern), 'alias', NULL, new.target
   WHERE NOT EXISTS (SELECT 1 FROM _alias WHERE pattern = lower(new.pattern) AND target = new.target);
  INSERT OR IGNORE INTO _alias (pattern, target) VALUES (lower(new.pattern), new.target);
END;
CREATE TRIGGER alias_target INSTEAD OF UPDATE OF target ON alias
BEGIN
  INSERT INTO _judge_text VALUES (new.target);
  SELECT raise(ABORT, 'empath: target takes an address such as user@example.org, or @example.org, in ASCII domains')
   WHERE typeof(new.target) <> 'text' OR new.target NOT LIKE '%@_%' OR new.target GLOB '*[' || char(1) || '- ]*';
  SELECT raise(ABORT, 'empath: the alias has this target already')
   WHERE new.target <> old.target AND EXISTS (SELECT 1 FROM _alias WHERE pattern = old.pattern AND target = new.target);
  UPDATE _alias SET target = new.target WHERE pattern = old.pattern AND target = old.target;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'alias', old.target, new.target
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
  VALUES ((SELECT who FROM _author), old.pattern, 'alias', old.target, NULL);
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
  VALUES ((SELECT who FROM _author), old.address, 'verification', old.reply, NULL);
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
CREATE TRIGGER authentication_update INSTEAD OF UPDATE ON authentication
BEGIN
  SELECT raise(ABORT, 'empath: what was found out about a message cannot be changed; authentication_override says what is done with the next one');
END;
CREATE TRIGGER authentication_delete INSTEAD OF DELETE ON authentication
BEGIN
  SELECT raise(ABORT, 'empath: what was found out about a message is removed with it, by the retention of the configuration');
END;
CREATE TRIGGER authentication_insert INSTEAD OF INSERT ON authentication
BEGIN
  SELECT raise(ABORT, 'empath: mail is judged when it comes in, and not later');
END;
CREATE TRIGGER feedback_update INSTEAD OF UPDATE ON feedback
BEGIN
  SELECT raise(ABORT, 'empath: what others have reported cannot be changed; UPDATE suppression changes what it led to');
END;
CREATE TRIGGER feedback_delete INSTEAD OF DELETE ON feedback
BEGIN
  SELECT raise(ABORT, 'empath: what others have reported is removed by the retention of [feedback]');
END;
CREATE TRIGGER feedback_insert INSTEAD OF INSERT ON feedback
BEGIN
  SELECT raise(ABORT, 'empath: reports come in by mail only; INSERT INTO suppression suppresses an address');
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
       new.beat_unix, new.ended_at, new.ended_unix, new.leases, new.version, new.engine_version, new.modules_off,
       new.config_revision);
END;
CREATE TRIGGER process_fixed INSTEAD OF UPDATE OF
  process_id, slot, generation, node, instance, pid, started_at, started_unix, beat, beat_at, beat_unix, ended_at, ended_unix,
  leases, version, engine_version, config_revision
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
  SELECT (SELECT who FROM _author), old.slot, 'modules_off', old.modules_off, new.modules_off
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
  SELECT (SELECT who FROM _author), old.session || ' ' || old.client, 'session', old.state, 'closed'
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
  SELECT (SELECT who FROM _author), old.session || ' ' || old.client, 'session', old.state, 'closed'
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
  VALUES ((SELECT who FROM _author), old.holder, old.name, old.full_unix, NULL);
  DELETE FROM _rate WHERE name = old.name AND holder = old.holder AND listener = old.listener;
END;
CREATE TRIGGER rate_insert INSTEAD OF INSERT ON rate
BEGIN
  SELECT raise(ABORT, 'empath: the use of a rate is counted by the acceptors; [receiving.limits] sets the rates');
END;
CREATE TRIGGER explanation_update INSTEAD OF UPDATE ON explanation
BEGIN
  SELECT raise(ABORT, 'empath: an explanation follows from what it explains; UPDATE queue or destination changes that');
END;
CREATE TRIGGER explanation_delete INSTEAD OF DELETE ON explanation
BEGIN
  SELECT raise(ABORT, 'empath: an explanation follows from what it explains; DELETE FROM queue cancels a recipient');
END;
CREATE TRIGGER explanation_insert INSTEAD OF INSERT ON explanation
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;
CREATE TRIGGER stuck_update INSTEAD OF UPDATE ON stuck
BEGIN
  SELECT raise(ABORT, 'empath: stuck is counted; UPDATE queue or destination changes what is counted');
END;
CREATE TRIGGER stuck_delete INSTEAD OF DELETE ON stuck
BEGIN
  SELECT raise(ABORT, 'empath: stuck is counted; DELETE FROM queue WHERE destination = … cancels mail');
END;
CREATE TRIGGER stuck_insert INSTEAD OF INSERT ON stuck
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;
CREATE TRIGGER queue_by_domain_update INSTEAD OF UPDATE ON queue_by_domain
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_domain is counted; UPDATE queue changes what is counted');
END;
CREATE TRIGGER queue_by_domain_delete INSTEAD OF DELETE ON queue_by_domain
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_domain is counted; DELETE FROM queue WHERE domain = … cancels mail');
END;
CREATE TRIGGER queue_by_domain_insert INSTEAD OF INSERT ON queue_by_domain
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;
CREATE TRIGGER queue_by_status_update INSTEAD OF UPDATE ON queue_by_status
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_status is counted; UPDATE queue changes what is counted');
END;
CREATE TRIGGER queue_by_status_delete INSTEAD OF DELETE ON queue_by_status
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_status is counted; DELETE FROM queue WHERE status = … cancels mail');
END;
CREATE TRIGGER queue_by_status_insert INSTEAD OF INSERT ON queue_by_status
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;
CREATE TRIGGER queue_by_destination_update INSTEAD OF UPDATE ON queue_by_destination
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_destination is counted; UPDATE queue changes what is counted');
END;
CREATE TRIGGER queue_by_destination_delete INSTEAD OF DELETE ON queue_by_destination
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_destination is counted; DELETE FROM queue WHERE destination = … cancels mail');
END;
CREATE TRIGGER queue_by_destination_insert INSTEAD OF INSERT ON queue_by_destination
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;
CREATE TRIGGER refusal_update INSTEAD OF UPDATE ON refusal
BEGIN
  SELECT raise(ABORT, 'empath: a refusal is a record and cannot be changed');
END;
CREATE TRIGGER refusal_delete INSTEAD OF DELETE ON refusal
BEGIN
  SELECT raise(ABORT, 'empath: refusals go by themselves: the last ten thousand are kept, for 30 days');
END;
CREATE TRIGGER refusal_insert INSTEAD OF INSERT ON refusal
BEGIN
  SELECT raise(ABORT, 'empath: only an acceptor refuses a client');
END;
CREATE TRIGGER transcript_update INSTEAD OF UPDATE ON transcript
BEGIN
  SELECT raise(ABORT, 'empath: a transcript is a record and cannot be changed');
END;
CREATE TRIGGER transcript_delete INSTEAD OF DELETE ON transcript
BEGIN
  SELECT raise(ABORT, 'empath: transcripts go by themselves, see [transcripts]');
END;
CREATE TRIGGER transcript_insert INSTEAD OF INSERT ON transcript
BEGIN
  SELECT raise(ABORT, 'empath: only a session that fails leaves a transcript');
END;
CREATE TRIGGER throughput_update INSTEAD OF UPDATE ON throughput
BEGIN
  SELECT raise(ABORT, 'empath: throughput is counted by the housekeeper');
END;
CREATE TRIGGER throughput_delete INSTEAD OF DELETE ON throughput
BEGIN
  SELECT raise(ABORT, 'empath: throughput goes by itself after 90 days');
END;
CREATE TRIGGER throughput_insert INSTEAD OF INSERT ON throughput
BEGIN
  SELECT raise(ABORT, 'empath: throughput is counted by the housekeeper');
END;
CREATE TRIGGER config_revision_update INSTEAD OF UPDATE ON config_revision
BEGIN
  SELECT raise(ABORT, 'empath: a configuration that was in force is a record and cannot be changed');
END;
CREATE TRIGGER config_revision_delete INSTEAD OF DELETE ON config_revision
BEGIN
  SELECT raise(ABORT, 'empath: a configuration goes by itself when a hundred newer ones are there');
END;
CREATE TRIGGER config_revision_insert INSTEAD OF INSERT ON config_revision
BEGIN
  SELECT raise(ABORT, 'empath: a configuration comes by a start or a reload');
END;
CREATE TRIGGER setting_update INSTEAD OF UPDATE ON setting
BEGIN
  SELECT raise(ABORT, 'empath: a setting is changed in the configuration file, and by a reload');
END;
CREATE TRIGGER setting_delete INSTEAD OF DELETE ON setting
BEGIN
  SELECT raise(ABORT, 'empath: a setting is removed in the configuration file, and by a reload');
END;
CREATE TRIGGER setting_insert INSTEAD OF INSERT ON setting
BEGIN
  SELECT raise(ABORT, 'empath: a setting is added in the configuration file, and by a reload');
END;
CREATE TRIGGER audit_seal_update INSTEAD OF UPDATE ON audit_seal
BEGIN
  SELECT raise(ABORT, 'empath: a seal is a record and cannot be changed');
END;
CREATE TRIGGER audit_seal_delete INSTEAD OF DELETE ON audit_seal
BEGIN
  SELECT raise(ABORT, 'empath: seals go with the rows that they cover, by the retention of the configuration');
END;
CREATE TRIGGER audit_seal_insert INSTEAD OF INSERT ON audit_seal
BEGIN
  SELECT raise(ABORT, 'empath: new rows are sealed by the housekeeper, as [audit] sealed says');
END;
CREATE VIEW _check_reply_pattern AS
SELECT NULL AS stage,
       NULL AS code,
       NULL AS enhanced,
       NULL AS text,
       NULL AS provider
 WHERE 0;
CREATE TRIGGER _judge_reply_pattern INSTEAD OF INSERT ON _check_reply_pattern
BEGIN
  INSERT INTO _judge_text VALUES (new.enhanced), (new.text);
  SELECT CASE
    WHEN coalesce(new.stage, new.code, new.enhanced, new.text, new.provider) IS NULL
      THEN raise(ABORT, 'empath: a rule needs a condition: stage, code, enhanced, text or provider')
    WHEN instr(' dns connect greeting ehlo mail rcpt data content end-of-data quit local ', ' ' || new.stage || ' ') = 0
      THEN raise(ABORT, 'empath: stage takes dns, connect, greeting, ehlo, mail, rcpt, data, content, end-of-data, quit or local')
    WHEN new.code NOT GLOB '[245][0-9][0-9]' AND new.code NOT GLOB '[245][0-9x]x'
      THEN raise(ABORT, 'empath: code takes three digits such as 550, or 55x or 5xx for all such')
    WHEN new.enhanced NOT GLOB '[245*].[0-9*]*.[0-9*]*' OR new.enhanced = '*.*.*'
      THEN raise(ABORT, 'empath: enhanced takes a status code such as 5.1.1, with * for any number: *.7.1, 4.7.*')
    WHEN typeof(new.text) NOT IN ('null', 'text') OR length(new.text) NOT BETWEEN 1 AND 600
      THEN raise(ABORT, 'empath: text takes a regular expression of 1 to 600 characters')
    WHEN new.provider NOT GLOB '*[a-z0-9].[a-z0-9]*' OR new.provider GLOB '*[^-a-z0-9.* ]*'
      THEN raise(ABORT, 'empath: provider takes names of hosts such as *.mail.example.net, separated by blanks')
  END;
END;
CREATE VIEW _check_bounce_rule AS
SELECT NULL AS position,
       NULL AS class,
       NULL AS is_enabled
 WHERE 0;
CREATE TRIGGER _judge_bounce_rule INSTEAD OF INSERT ON _check_bounce_rule
BEGIN
  SELECT CASE
    WHEN coalesce(CAST(new.position AS TEXT), '') NOT GLOB '[0-9]*' OR CAST(new.position AS INTEGER) NOT BETWEEN 0 AND 9999
      THEN raise(ABORT, 'empath: position takes 0 (first) to 9999')
    WHEN instr(
      ' bad-mailbox inactive-mailbox bad-domain bad-sender quota policy spam-content spam-block auth-failure virus tls rate'
      || ' greylist protocol routing connection system too-large too-many relay-denied content login local suppressed'
      || ' unknown ',
      ' ' || coalesce(new.class, '') || ' ') = 0 OR coalesce(new.class, '') GLOB '* *' OR coalesce(new.class, '') = ''
      THEN raise(ABORT, 'empath: class takes one of the classes of docs/DELIVERY.md, such as bad-mailbox, quota, rate or policy')
    WHEN coalesce(CAST(new.is_enabled AS TEXT), '') NOT IN ('0', '1')
      THEN raise(ABORT, 'empath: is_enabled takes 0 or 1')
  END;
END;
CREATE TRIGGER bounce_rule_insert INSTEAD OF INSERT ON bounce_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.note);
  SELECT raise(ABORT, 'empath: an own rule takes stage, code, enhanced, text, provider, class, position, is_enabled and note')
   WHERE coalesce(new.rule, new.is_shipped) IS NOT NULL;
  INSERT INTO _check_reply_pattern VALUES (new.stage, new.code, new.enhanced, new.text, new.provider);
  INSERT INTO _check_bounce_rule VALUES (coalesce(new.position, 100), new.class, coalesce(new.is_enabled, 1));
  INSERT INTO _bounce_rule (position, stage, code, enhanced, text, provider, class, is_enabled, note)
  VALUES (
    coalesce(new.position, 100), new.stage, new.code, new.enhanced, new.text, new.provider, new.class,
    coalesce(new.is_enabled, 1), new.note);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), 'own:' || max(rule_id), 'bounce_rule', NULL, new.class
    FROM _bounce_rule;
END;
CREATE TRIGGER bounce_rule_change INSTEAD OF UPDATE OF
  position, stage, code, enhanced, text, provider, class, is_enabled, note
ON bounce_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.note);
  SELECT raise(ABORT, 'empath: a rule that Empath ships takes only is_enabled; INSERT a rule of your own, which comes first')
   WHERE old.is_shipped
     AND (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.note)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.note);
  INSERT INTO _check_reply_pattern VALUES (new.stage, new.code, new.enhanced, new.text, new.provider);
  INSERT INTO _check_bounce_rule VALUES (iif(old.is_shipped, 0, new.position), new.class, new.is_enabled);
  UPDATE _bounce_rule
     SET position = new.position, stage = new.stage, code = new.code, enhanced = new.enhanced, text = new.text,
         provider = new.provider, class = new.class, is_enabled = new.is_enabled, note = new.note
   WHERE coalesce(name, 'own:' || rule_id) = old.rule;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.rule, 'bounce_rule',
         json_array(old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.is_enabled),
         json_array(new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.is_enabled)
   WHERE (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.is_enabled)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.is_enabled);
END;
CREATE TRIGGER bounce_rule_update INSTEAD OF UPDATE ON bounce_rule
BEGIN
  SELECT 1
   WHERE new.rule IS NULL
     AND coalesce(
       new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.is_enabled,
       new.is_shipped, new.note);
END;
CREATE TRIGGER bounce_rule_fixed INSTEAD OF UPDATE OF rule, is_shipped ON bounce_rule
BEGIN
  SELECT raise(ABORT, 'empath: a rule keeps its name; DELETE the row and INSERT another');
END;
CREATE TRIGGER bounce_rule_delete INSTEAD OF DELETE ON bounce_rule
BEGIN
  SELECT raise(ABORT, 'empath: a rule that Empath ships stays; UPDATE bounce_rule SET is_enabled = 0 switches it off')
   WHERE old.is_shipped;
  DELETE FROM _bounce_rule WHERE name IS NULL AND rule_id = CAST(substr(old.rule, 5) AS INTEGER);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.rule, 'bounce_rule', old.class, NULL);
END;
CREATE TRIGGER _set_suppression_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'suppression expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+30 days'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _suppression SET expires_at = new.after WHERE address = new.address;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;
CREATE TRIGGER suppression_insert INSTEAD OF INSERT ON suppression
BEGIN
  INSERT INTO _judge_text VALUES (new.address), (new.reason), (new.class);
  SELECT CASE
    WHEN typeof(new.address) <> 'text' OR new.address NOT LIKE '%@_%' OR new.address GLOB '*[' || char(1) || '- ]*'
      OR length(new.address) > 1024
      THEN raise(ABORT, 'empath: address takes an address such as user@example.org, or @example.org, its domain in ASCII')
    WHEN EXISTS (SELECT 1 FROM _suppression WHERE address = lower(new.address))
      THEN raise(ABORT, 'empath: the address is suppressed already; UPDATE suppression changes the row')
    WHEN coalesce(new.source, new.created_at, new.created_unix) IS NOT NULL
      THEN raise(ABORT, 'empath: suppression takes address, reason, class and expires_at; no other column can be set')
    WHEN new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL
      THEN raise(ABORT, 'empath: set expires_at or expires_unix, not both')
  END;
  INSERT INTO _suppression (address, source, reason, class, created_at)
  VALUES (
    lower(new.address), (SELECT who FROM _author), new.reason, new.class,
    (SELECT now FROM _clock));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), lower(new.address), 'suppression', NULL, coalesce(new.reason, 'suppressed'));
  INSERT INTO _change_instant
  VALUES (
    'suppression expires_unix', NULL, NULL, lower(new.address), NULL, NULL, coalesce(new.expires_at, new.expires_unix));
END;
CREATE TRIGGER suppression_reason INSTEAD OF UPDATE OF reason, class ON suppression
BEGIN
  INSERT INTO _judge_text VALUES (new.reason), (new.class);
  UPDATE _suppression SET reason = new.reason, class = new.class WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.address, 'suppression reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.address, 'suppression class', old.class, new.class
   WHERE new.class IS NOT old.class;
END;
CREATE TRIGGER suppression_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON suppression
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'suppression expires_unix', NULL, NULL, old.address, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;
CREATE TRIGGER suppression_update INSTEAD OF UPDATE ON suppression
BEGIN
  SELECT 1
   WHERE new.address IS NULL
     AND coalesce(
       new.source, new.reason, new.class, new.created_at, new.created_unix, new.expires_at, new.expires_unix);
END;
CREATE TRIGGER suppression_fixed INSTEAD OF UPDATE OF address, source, created_at, created_unix ON suppression
BEGIN
  SELECT raise(ABORT, 'empath: suppression takes reason, class and expires_at; DELETE the row and INSERT another');
END;
CREATE TRIGGER suppression_delete INSTEAD OF DELETE ON suppression
BEGIN
  DELETE FROM _suppression WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.address, 'suppression', coalesce(old.reason, 'suppressed'), NULL);
END;
CREATE VIEW _check_shaping_rule AS
SELECT NULL AS position,
       NULL AS stage,
       NULL AS code,
       NULL AS enhanced,
       NULL AS text,
       NULL AS provider,
       NULL AS class,
       NULL AS action,
       NULL AS duration,
       NULL AS value,
       NULL AS is_enabled
 WHERE 0;
CREATE TRIGGER _judge_shaping_rule INSTEAD OF INSERT ON _check_shaping_rule
BEGIN
  INSERT INTO _check_reply_pattern
  SELECT new.stage, new.code, new.enhanced, new.text, new.provider
   WHERE new.class IS NULL OR coalesce(new.stage, new.code, new.enhanced, new.text, new.provider) IS NOT NULL;
  INSERT INTO _check_bounce_rule VALUES (new.position, coalesce(new.class, 'unknown'), new.is_enabled);
  SELECT CASE
    WHEN coalesce(new.action, '') NOT IN ('suspend', 'slow', 'bounce', 'rest')
      THEN raise(ABORT, 'empath: action takes suspend, slow, bounce or rest')
    WHEN (new.duration IS NULL) <> (new.action = 'bounce')
      OR new.duration NOT GLOB '[1-9]*[smhd]' OR new.duration GLOB '*[^0-9smhd]*'
      THEN raise(ABORT, 'empath: duration takes a time such as 15m for suspend, slow and rest, and NULL for bounce')
    WHEN (new.value IS NULL) = (new.action = 'slow')
      OR new.value NOT GLOB 'concurrency [1-9]*' AND new.value NOT GLOB 'rate [1-9]*/[1-9]*'
      THEN raise(ABORT, 'empath: value takes a setting such as ''concurrency 2'' or ''rate 60/1m'' for slow, and NULL for the others')
  END;
END;
CREATE TRIGGER shaping_rule_insert INSTEAD OF INSERT ON shaping_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.note), (new.value);
  SELECT raise(ABORT, 'empath: an own rule takes stage, code, enhanced, text, provider, class, action, duration, value, position, is_enabled and note')
   WHERE coalesce(new.rule, new.is_shipped) IS NOT NULL;
  INSERT INTO _check_shaping_rule
  VALUES (
    coalesce(new.position, 100), new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action,
    new.duration, new.value, coalesce(new.is_enabled, 1));
  INSERT INTO _shaping_rule (
    position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note)
  VALUES (
    coalesce(new.position, 100), new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action,
    new.duration, new.value, coalesce(new.is_enabled, 1), new.note);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), 'own:' || max(rule_id), 'shaping_rule', NULL, new.action
    FROM _shaping_rule;
END;
CREATE TRIGGER shaping_rule_change INSTEAD OF UPDATE OF
  position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note
ON shaping_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.note), (new.value);
  SELECT raise(ABORT, 'empath: a rule that Empath ships takes only is_enabled; INSERT a rule of your own, which comes first')
   WHERE old.is_shipped
     AND (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action, new.duration,
          new.value, new.note)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.action,
                 old.duration, old.value, old.note);
  INSERT INTO _check_shaping_rule
  VALUES (
    iif(old.is_shipped, 0, new.position), new.stage, new.code, new.enhanced, new.text, new.provider, new.class,
    new.action, new.duration, new.value, new.is_enabled);
  UPDATE _shaping_rule
     SET position = new.position, stage = new.stage, code = new.code, enhanced = new.enhanced, text = new.text,
         provider = new.provider, class = new.class, action = new.action, duration = new.duration, value = new.value,
         is_enabled = new.is_enabled, note = new.note
   WHERE coalesce(name, 'own:' || rule_id) = old.rule;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.rule, 'shaping_rule is_enabled', old.is_enabled, new.is_enabled
   WHERE new.is_enabled IS NOT old.is_enabled;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.rule, 'shaping_rule',
         json_array(old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.action,
                    old.duration, old.value),
         json_array(new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action,
                    new.duration, new.value)
   WHERE (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action, new.duration,
          new.value)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.action,
                 old.duration, old.value);
END;
CREATE TRIGGER shaping_rule_update INSTEAD OF UPDATE ON shaping_rule
BEGIN
  SELECT 1
   WHERE new.rule IS NULL
     AND coalesce(
       new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action, new.duration,
       new.value, new.is_enabled, new.is_shipped, new.note);
END;
CREATE TRIGGER shaping_rule_fixed INSTEAD OF UPDATE OF rule, is_shipped ON shaping_rule
BEGIN
  SELECT raise(ABORT, 'empath: a rule keeps its name; DELETE the row and INSERT another');
END;
CREATE TRIGGER shaping_rule_delete INSTEAD OF DELETE ON shaping_rule
BEGIN
  SELECT raise(ABORT, 'empath: a rule that Empath ships stays; UPDATE shaping_rule SET is_enabled = 0 switches it off')
   WHERE old.is_shipped;
  DELETE FROM _shaping_rule WHERE name IS NULL AND rule_id = CAST(substr(old.rule, 5) AS INTEGER);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.rule, 'shaping_rule', old.action, NULL);
END;
CREATE TRIGGER _set_report_due INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'report_sent due_unix'
BEGIN
  SELECT raise(ABORT, 'empath: due_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', or a shift such as ''+1 hour''')
   WHERE new.after IS NULL OR new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _report_period SET due_at = new.after WHERE report_period_id = CAST(new.address AS INTEGER);
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;
CREATE TRIGGER report_sent_due INSTEAD OF UPDATE OF due_at, due_unix ON report_sent
BEGIN
  SELECT raise(ABORT, 'empath: this report is made already, or dropped; only an open one has a time')
   WHERE old.state <> 'open';
  SELECT raise(ABORT, 'empath: set due_at or due_unix, not both')
   WHERE new.due_at IS NOT old.due_at AND new.due_unix IS NOT old.due_unix;
  INSERT INTO _change_instant
  VALUES (
    'report_sent due_unix', NULL, NULL, CAST(old.number AS TEXT), NULL, old.due_unix,
    iif(new.due_at IS NOT old.due_at, new.due_at, new.due_unix));
END;
CREATE TRIGGER report_sent_update INSTEAD OF UPDATE ON report_sent
BEGIN
  SELECT 1 WHERE new.number IS NULL AND coalesce(new.due_at, new.due_unix) IS NULL;
END;
CREATE TRIGGER report_sent_fixed INSTEAD OF UPDATE OF number, kind, domain, begin_at, begin_unix, end_at, end_unix, state,
  tries, messages, left_out, report_id, sent_to, id, octets, reason
ON report_sent
BEGIN
  SELECT raise(ABORT, 'empath: report_sent takes due_at of an open report; no other column can be set');
END;
CREATE TRIGGER report_sent_delete INSTEAD OF DELETE ON report_sent
BEGIN
  SELECT raise(ABORT, 'empath: a report goes by itself, as [dmarc_reports] keep says');
END;
CREATE TRIGGER report_sent_insert INSTEAD OF INSERT ON report_sent
BEGIN
  SELECT raise(ABORT, 'empath: a report is begun by the first mail that it counts');
END;
CREATE TRIGGER dmarc_report_update INSTEAD OF UPDATE ON dmarc_report
BEGIN
  SELECT raise(ABORT, 'empath: what another host has reported cannot be changed');
END;
CREATE TRIGGER dmarc_report_delete INSTEAD OF DELETE ON dmarc_report
BEGIN
  SELECT raise(ABORT, 'empath: what another host has reported goes by itself, as [dmarc_reports] keep says');
END;
CREATE TRIGGER dmarc_report_insert INSTEAD OF INSERT ON dmarc_report
BEGIN
  SELECT raise(ABORT, 'empath: reports of other hosts come by mail, as [dmarc_reports] receive says');
END;
CREATE TRIGGER tls_report_update INSTEAD OF UPDATE ON tls_report
BEGIN
  SELECT raise(ABORT, 'empath: what another host has reported cannot be changed');
END;
CREATE TRIGGER tls_report_delete INSTEAD OF DELETE ON tls_report
BEGIN
  SELECT raise(ABORT, 'empath: what another host has reported goes by itself, as [dmarc_reports] keep says');
END;
CREATE TRIGGER tls_report_insert INSTEAD OF INSERT ON tls_report
BEGIN
  SELECT raise(ABORT, 'empath: reports of other hosts come by mail, as [tls_reports] receive says');
END;
CREATE TRIGGER control_insert INSTEAD OF INSERT ON control
BEGIN
  INSERT INTO _judge_text VALUES (new.argument);
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
  VALUES (new.verb, new.argument, new.node, (SELECT who FROM _author));
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

  -- A flush ends back-off; a hold, a suspension and a rate limit stay. Where the breaker is open, a probe goes at once.
  UPDATE _destination SET breaker_until = (SELECT asked_at FROM _control ORDER BY control_id DESC LIMIT 1)
   WHERE new.verb = 'flush'
     AND breaker_until > (SELECT asked_at FROM _control ORDER BY control_id DESC LIMIT 1)
     AND (new.argument IS NULL OR name = new.argument);
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
CREATE TRIGGER source_rest_insert INSTEAD OF INSERT ON source_rest
BEGIN
  SELECT raise(ABORT, 'empath: address takes an IP address of [sources], such as 192.0.2.10')
   WHERE typeof(new.address) <> 'text'
      OR length(new.address) NOT BETWEEN 2 AND 45
      OR new.address GLOB '*[^0-9a-f.:]*'
      OR new.address NOT GLOB '*[.:]*';
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: a rest takes address, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.created_at, new.created_unix, new.who) IS NOT NULL;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _set_source_rest
  SELECT new.address,
         CASE
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END,
         new.reason
    FROM (SELECT coalesce(new.expires_at, new.expires_unix) AS given);
END;
CREATE VIEW _set_source_rest AS
SELECT NULL AS address,
       NULL AS expires_at,  -- Unix seconds
       NULL AS reason
 WHERE 0;
CREATE TRIGGER _write_source_rest INSTEAD OF INSERT ON _set_source_rest
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, or a shift such as ''+1 hour''')
   WHERE new.expires_at NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 315576000.0;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.address, 'source_rest expires_unix',
    (SELECT expires_at FROM _source_rest WHERE address = new.address), new.expires_at);
  DELETE FROM _source_rest WHERE address = new.address;
  INSERT INTO _source_rest (address, expires_at, reason, created_at, who)
  VALUES (
    new.address, new.expires_at, new.reason, (SELECT now FROM _clock),
    (SELECT who FROM _author));
END;
CREATE TRIGGER source_rest_update INSTEAD OF UPDATE ON source_rest
BEGIN
  SELECT raise(ABORT, 'empath: INSERT INTO source_rest (address, expires_at, reason) changes the rest of an address');
END;
CREATE TRIGGER source_rest_delete INSTEAD OF DELETE ON source_rest
BEGIN
  DELETE FROM _source_rest WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.address, 'source_rest expires_unix', old.expires_unix, NULL);
END;
CREATE TRIGGER warmup_insert INSTEAD OF INSERT ON warmup
BEGIN
  SELECT CASE
    WHEN typeof(new.address) <> 'text' OR length(new.address) NOT BETWEEN 2 AND 45
      OR new.address GLOB '*[^0-9a-f.:]*' OR new.address NOT GLOB '*[.:]*'
      THEN raise(ABORT, 'empath: address takes an IP address of [sources], such as 192.0.2.10')
    WHEN typeof(new.provider) <> 'text' OR length(new.provider) NOT BETWEEN 1 AND 255
      OR new.provider GLOB '*[^*0-9a-z._:-]*' OR substr(new.provider, 2) GLOB '*[*]*'
      OR new.provider GLOB '[*]*' AND new.provider <> '*' AND new.provider NOT GLOB '[*].?*'
      THEN raise(ABORT, 'empath: provider takes *, the name of a host, or *.domain, in lower case')
    WHEN typeof(new.day) <> 'integer' OR new.day NOT BETWEEN 1 AND 1000
      THEN raise(ABORT, 'empath: day takes a number from 1 to 1000')
    WHEN typeof(new.most_messages) <> 'integer' OR new.most_messages NOT BETWEEN 0 AND 1000000000
      THEN raise(ABORT, 'empath: most_messages takes a number from 0 to 1000000000')
    WHEN new.messages IS NOT NULL
      THEN raise(ABORT, 'empath: a warm-up takes address, provider, day, most_messages and started_at; no other column can be set')
    WHEN new.started_at IS NOT NULL AND new.started_unix IS NOT NULL
      THEN raise(ABORT, 'empath: set started_at or started_unix, not both')
  END;
  INSERT INTO _set_warmup
  SELECT new.address, new.provider, new.day, new.most_messages,
         CASE
           WHEN given IS NULL THEN NULL
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END
    FROM (SELECT coalesce(new.started_at, new.started_unix) AS given);
END;
CREATE VIEW _set_warmup AS
SELECT NULL AS address,
       NULL AS provider,
       NULL AS day,
       NULL AS most_messages,
       NULL AS started_at  -- Unix seconds; NULL: as before
 WHERE 0;
CREATE TRIGGER _write_warmup INSTEAD OF INSERT ON _set_warmup
BEGIN
  SELECT raise(ABORT, 'empath: started_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, or a shift such as ''-1 day''')
   WHERE new.started_at NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 315576000.0;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.address, 'warmup ' || new.provider || ' day ' || new.day,
    (SELECT most_messages FROM _warmup WHERE (address, provider, day) = (new.address, new.provider, new.day)),
    new.most_messages);
  DELETE FROM _warmup_use
   WHERE (address, provider) = (new.address, new.provider)
     AND new.started_at IS NOT NULL
     AND new.started_at IS NOT (
       SELECT started_at FROM _warmup WHERE (address, provider) = (new.address, new.provider) LIMIT 1);
  UPDATE _warmup SET started_at = new.started_at
   WHERE (address, provider) = (new.address, new.provider)
     AND started_at <> new.started_at;
  INSERT OR REPLACE INTO _warmup (address, provider, day, most_messages, started_at)
  VALUES (
    new.address, new.provider, new.day, new.most_messages,
    coalesce(
      new.started_at,
      (SELECT started_at FROM _warmup WHERE (address, provider) = (new.address, new.provider) LIMIT 1),
      (SELECT now FROM _clock)));
END;
CREATE TRIGGER warmup_update INSTEAD OF UPDATE ON warmup
BEGIN
  SELECT raise(ABORT, 'empath: INSERT INTO warmup (address, provider, day, most_messages) changes a day; with started_at, the start of the plan');
END;
CREATE TRIGGER warmup_delete INSTEAD OF DELETE ON warmup
BEGIN
  DELETE FROM _warmup WHERE (address, provider, day) = (old.address, old.provider, old.day);
  DELETE FROM _warmup_use
   WHERE (address, provider) = (old.address, old.provider)
     AND NOT EXISTS (SELECT 1 FROM _warmup WHERE (address, provider) = (old.address, old.provider));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.address, 'warmup ' || old.provider || ' day ' || old.day,
    old.most_messages, NULL);
END;
CREATE TRIGGER token_networks INSTEAD OF UPDATE OF networks ON token
BEGIN
  INSERT INTO _judge_text VALUES (new.networks);
  SELECT raise(ABORT, 'empath: networks takes addresses and networks such as 192.0.2.0/24, separated by blanks; an empty text for any client')
   WHERE typeof(new.networks) <> 'text' OR length(new.networks) > 10000 OR new.networks GLOB '*[^0-9A-Fa-f:./ ]*';
  UPDATE _token SET networks = new.networks WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'token networks', old.networks, new.networks
   WHERE new.networks IS NOT old.networks;
END;
CREATE TRIGGER token_account INSTEAD OF UPDATE OF account ON token
BEGIN
  INSERT INTO _judge_text VALUES (new.account);
  SELECT raise(ABORT, 'empath: account takes the name of an account, or NULL for mail of any sender')
   WHERE new.account IS NOT NULL AND (typeof(new.account) <> 'text' OR length(new.account) NOT BETWEEN 1 AND 1024);
  UPDATE _token SET account = new.account WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'token account', old.account, new.account
   WHERE new.account IS NOT old.account;
END;
CREATE TRIGGER _set_token_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'token expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+30 days'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _token SET expires_at = new.after WHERE name = new.address;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;
CREATE TRIGGER token_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON token
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'token expires_unix', NULL, NULL, old.name, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;
CREATE TRIGGER token_update INSTEAD OF UPDATE ON token
BEGIN
  SELECT 1
   WHERE new.name IS NULL
     AND coalesce(
       new.role, new.networks, new.created_at, new.created_unix, new.expires_at, new.expires_unix, new.last_used_at,
       new.last_used_unix, new.last_client, new.account);
END;
CREATE TRIGGER token_fixed INSTEAD OF UPDATE OF
  name, role, created_at, created_unix, last_used_at, last_used_unix, last_client
ON token
BEGIN
  SELECT raise(ABORT, 'empath: token takes networks, account and expires_at; DELETE revokes it, and empath-admin token add makes another');
END;
CREATE TRIGGER token_delete INSTEAD OF DELETE ON token
BEGIN
  DELETE FROM _token WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.name, 'token', old.role, NULL);
END;
CREATE TRIGGER token_insert INSTEAD OF INSERT ON token
BEGIN
  SELECT raise(ABORT, 'empath: empath-admin token add makes a token, because SQL cannot make its secret');
END;
COMMIT;
