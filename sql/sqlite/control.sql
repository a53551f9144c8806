-- control.sql - the public write interface of the queue
--
-- Theory of operation.  A writable view has one INSTEAD OF trigger for each column that can be set, and one that refuses
-- the others.  So a statement compiles only what its own columns need, and no row costs more than that.
-- SQL has no procedures; these triggers call views without rows instead.  The triggers of such a view are the body, its
-- columns the parameters.  A status goes to _change_status, which checks the move, and then to _apply_status, which makes
-- it.  An instant goes to _change_instant, which reads it, and then to _apply_instant.  These two look up the time and the
-- person only once they know that something changes.  Each change goes to the audit; _audit_change writes the row where it
-- is not certain that anything changes.
-- A leased recipient belongs to a worker.  An order is only noted on it (ordered_status, ordered_next_retry_at), and the
-- end of its lease carries the order out (queries/settle.sql).
--
-- House rules.  A trigger with a WHEN clause would silently ignore the changes that it does not match, so no trigger of a
-- public view has one.  Every text that a trigger raises says what to do.  Nothing newer than SQLite 3.40.
-- All of this runs once per row, perhaps a million times.  So there is no list after IN, and no INSERT … SELECT into a view
-- or table with triggers unless it is rare: SQLite would build a temporary table each time.
-- The triggers of one view fire in no defined order.  They do not depend on each other, even if one statement sets several
-- columns.
-- An instant is given as Unix seconds, as text that SQLite reads as UTC, as 'now' or as a shift from now such as '+1 hour'.
-- 0.0 stands for an unreadable instant, because it is never an accepted one.

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

-- A recipient set to queued is due at once, unless the statement gives an instant.
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

-- Where the breaker is open, what is to be tried now lets a probe go.
CREATE TRIGGER _probe_for_status INSTEAD OF INSERT ON _apply_status
WHEN new.status = 'queued' AND NOT new.is_retry_given AND new.old_status <> 'leased'
BEGIN
  UPDATE _destination SET breaker_until = new.at
   WHERE destination_id = (SELECT destination_id FROM _recipient WHERE recipient_id = new.recipient_id)
     AND breaker_until > new.at;
END;

-- A join may give the same recipient more than once: the same order is noted only once.
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

-- Mail that an order returns is reported to the sender like mail that bounces.  Mail that is queued again is not.
-- The condition on notify repeats policy/bounce.wants_notice, because a plain shell cannot call it; the test
-- test_an_ordered_failure_is_reported_as_policy_says holds both equal.
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

-- A join may give the same recipient more than once: the first of its rows counts, here and in the audit.
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

-- Does nothing, and names every column.  Without any trigger an UPDATE fails with "is a view", and up to SQLite 3.40
-- RETURNING returns only the columns that a trigger names.
CREATE TRIGGER queue_update INSTEAD OF UPDATE ON queue
BEGIN
  SELECT 1
   WHERE new.recipient_id IS NULL
     AND coalesce(
       new.id, new.sender, new.recipient, new.domain, new.destination, new.status, new.ordered, new.wanted,
       new.ordered_next_retry_at, new.ordered_next_retry_unix, new.priority, new.next_retry_at, new.next_retry_unix,
       new.expires_at, new.expires_unix, new.attempts, new.last_reply, new.reason, new.received_at, new.received_unix,
       new.size, new.class, new.blocked_by);
END;

CREATE TRIGGER queue_fixed INSTEAD OF UPDATE OF
  id, recipient_id, sender, recipient, domain, destination, ordered, wanted, ordered_next_retry_at,
  ordered_next_retry_unix, attempts, last_reply, reason, received_at, received_unix, size, class,
  blocked_by
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

-- As queue_update.
CREATE TRIGGER history_update INSTEAD OF UPDATE ON history
BEGIN
  SELECT 1
   WHERE new.recipient_id IS NULL
     AND coalesce(
       new.id, new.sender, new.recipient, new.domain, new.destination, new.status, new.attempts, new.last_reply,
       new.reason, new.settled_at, new.settled_unix, new.received_at, new.received_unix, new.size, new.has_content,
       new.class);
END;

CREATE TRIGGER history_fixed INSTEAD OF UPDATE OF
  id, recipient_id, sender, recipient, domain, destination, attempts, last_reply, reason, settled_at, settled_unix,
  received_at, received_unix, size, has_content, class
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

-- The reason goes with the suspension: it is gone when that ends. That of hours (storage/queue/destination_rules.py) does
-- not stand for what an order has set.
CREATE TRIGGER destination_suspension INSTEAD OF UPDATE OF
  suspended_until, suspended_until_unix, suspended_reason
ON destination
BEGIN
  SELECT raise(ABORT, 'empath: suspended_reason takes text of at most 200 characters, or NULL')
   WHERE new.suspended_reason IS NOT NULL
     AND (typeof(new.suspended_reason) <> 'text' OR length(new.suspended_reason) NOT BETWEEN 1 AND 200);
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
  SELECT (julianday('now') - 2440587.5) * 86400.0, coalesce((SELECT who FROM _actor), 'sql'), NULL, NULL, NULL, name,
         'suspended_reason', old.suspended_reason, suspended_reason
    FROM _destination
   WHERE name = old.destination;
END;

-- The limit of exactly this destination. It is in force at once, unless another rule of it has an end: the housekeeper
-- knows.
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

-- As queue_update.
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

-- What can be a rule. policy/destinations reads pattern and value; here they must only look like ones.
CREATE VIEW _judge_rule AS
SELECT NULL AS pattern,
       NULL AS setting,
       NULL AS value
 WHERE 0;

CREATE TRIGGER _refuse_rule INSTEAD OF INSERT ON _judge_rule
BEGIN
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
      new.value GLOB '[0-9]*[smhdw0-9]' AND new.value NOT GLOB '*[^0-9a-z.* ]*', NULL,
      raise(ABORT, 'empath: retry takes delays such as 1m 5m*2 1h*3'))
    WHEN 'without_8bitmime' THEN iif(
      new.value = 'convert' OR new.value = 'convert-or-send' OR new.value = 'bounce', NULL,
      raise(ABORT, 'empath: without_8bitmime takes convert, convert-or-send or bounce'))
    WHEN 'tls' THEN iif(
      new.value IN ('none', 'may', 'encrypt', 'verify', 'dane', 'sts', 'dane-or-sts')
      OR (new.value GLOB 'fingerprint:?*[0-9A-Fa-f]'
        AND substr(new.value, 13) NOT GLOB '*[^0-9A-Fa-f:=, SHsh]*' AND length(new.value) >= 76), NULL,
      raise(ABORT, 'empath: tls takes none, may, encrypt, verify, dane, sts, dane-or-sts or fingerprint:SHA256: with 64 hexadecimal digits'))
    WHEN 'rate' THEN iif(
      new.value = 'none'
      OR new.value GLOB '[1-9]*/[1-9]*[smhd]*' AND new.value NOT GLOB '*[^0-9a-z./ ]*'
         AND (new.value NOT GLOB '* *' OR new.value GLOB '* burst [1-9]*'), NULL,
      raise(ABORT, 'empath: rate takes 100/1m, 100/1m burst 20 or none'))
    WHEN 'chunking' THEN iif(
      new.value = 'true' OR new.value = 'false', NULL, raise(ABORT, 'empath: chunking takes true or false'))
    WHEN 'fold_lines' THEN iif(
      new.value = 'true' OR new.value = 'false', NULL, raise(ABORT, 'empath: fold_lines takes true or false'))
    WHEN 'route' THEN CASE
      WHEN new.pattern GLOB '*:*' AND new.pattern NOT GLOB '[[]*'
        THEN raise(ABORT, 'empath: the pattern of a route is a domain, *.domain or *')
      WHEN new.value <> 'mx' AND new.value NOT GLOB 'mx, *' AND new.value NOT GLOB '[a-z]*:*'
        THEN raise(ABORT, 'empath: route takes mx, smtp://host:port or another route as in [routes]')
    END
    WHEN 'schedule' THEN iif(
      new.value GLOB '*[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]*' AND new.value NOT GLOB '*[^0-9A-Za-z:, /_+-]*', NULL,
      raise(ABORT, 'empath: schedule takes hours such as Mon-Fri 08:00-18:00 Europe/Berlin'))
    WHEN 'not_before' THEN iif(
      new.value GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*' AND julianday(new.value) IS NOT NULL, NULL,
      raise(ABORT, 'empath: not_before takes an instant such as 2026-12-01 08:00, in UTC'))
    WHEN 'source' THEN iif(
      new.value GLOB '[A-Za-z0-9]*' AND new.value NOT GLOB '*[^A-Za-z0-9._-]*' AND length(new.value) <= 100, NULL,
      raise(ABORT, 'empath: source takes the name of a pool of [sources] in the configuration'))
    WHEN 'overflow' THEN iif(
      new.value GLOB '[A-Za-z0-9]*' AND new.value NOT GLOB '*[^A-Za-z0-9._-]*' AND length(new.value) <= 100, NULL,
      raise(ABORT, 'empath: overflow takes the name of a pool of [sources] in the configuration'))
    ELSE raise(ABORT, 'empath: there is no such setting; empath-admin rule settings lists them')
  END;
END;

-- Adds a rule that was judged, or changes the one of the same pattern and setting that has an end, or none, too.
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
   WHERE new.expires_at NOT BETWEEN 1e9 AND (julianday('now') - 2440587.5) * 86400.0 + 315576000.0;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    coalesce((SELECT who FROM _actor), 'sql'), new.pattern, 'destination_rule ' || new.setting,
    (SELECT value FROM _destination_rule
      WHERE pattern = new.pattern AND setting = new.setting AND (expires_at IS NULL) = (new.expires_at IS NULL)),
    new.value);
  UPDATE _destination_rule
     SET value = new.value, expires_at = new.expires_at, reason = new.reason,
         created_at = (julianday('now') - 2440587.5) * 86400.0, who = coalesce((SELECT who FROM _actor), 'sql')
   WHERE pattern = new.pattern AND setting = new.setting AND (expires_at IS NULL) = (new.expires_at IS NULL);
  INSERT INTO _destination_rule (pattern, setting, value, expires_at, reason, created_at, who)
  SELECT new.pattern, new.setting, new.value, new.expires_at, new.reason, (julianday('now') - 2440587.5) * 86400.0,
         coalesce((SELECT who FROM _actor), 'sql')
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
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.pattern, 'destination_rule ' || old.setting, old.value,
         CAST(new.value AS TEXT)
   WHERE CAST(new.value AS TEXT) IS NOT old.value;
  UPDATE _destination_rule
     SET value = CAST(new.value AS TEXT), created_at = (julianday('now') - 2440587.5) * 86400.0,
         who = coalesce((SELECT who FROM _actor), 'sql')
   WHERE rule_id = old.rule AND value <> CAST(new.value AS TEXT);
END;

CREATE TRIGGER destination_rule_reason INSTEAD OF UPDATE OF reason ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.pattern || ' ' || old.setting, 'destination_rule reason', old.reason,
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

-- _change_instant names the rule by recipient_id.
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

-- As queue_update.
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
    coalesce((SELECT who FROM _actor), 'sql'), old.pattern, 'destination_rule ' || old.setting, old.value, NULL);
END;

-- An instant as _read_instant reads it.
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
   WHERE new.expires_at NOT BETWEEN 1e9 AND (julianday('now') - 2440587.5) * 86400.0 + 315576000.0;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    coalesce((SELECT who FROM _actor), 'sql'), new.address, 'source_rest expires_unix',
    (SELECT expires_at FROM _source_rest WHERE address = new.address), new.expires_at);
  DELETE FROM _source_rest WHERE address = new.address;
  INSERT INTO _source_rest (address, expires_at, reason, created_at, who)
  VALUES (
    new.address, new.expires_at, new.reason, (julianday('now') - 2440587.5) * 86400.0,
    coalesce((SELECT who FROM _actor), 'sql'));
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
    coalesce((SELECT who FROM _actor), 'sql'), old.address, 'source_rest expires_unix', old.expires_unix, NULL);
END;

-- An instant as _read_instant reads it.
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

-- Another start makes other days, so what was counted by the old ones is void.
CREATE TRIGGER _write_warmup INSTEAD OF INSERT ON _set_warmup
BEGIN
  SELECT raise(ABORT, 'empath: started_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, or a shift such as ''-1 day''')
   WHERE new.started_at NOT BETWEEN 1e9 AND (julianday('now') - 2440587.5) * 86400.0 + 315576000.0;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    coalesce((SELECT who FROM _actor), 'sql'), new.address, 'warmup ' || new.provider || ' day ' || new.day,
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
      (julianday('now') - 2440587.5) * 86400.0));
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
    coalesce((SELECT who FROM _actor), 'sql'), old.address, 'warmup ' || old.provider || ' day ' || old.day,
    old.most_messages, NULL);
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

-- As queue_update.
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

-- As queue_update.
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

-- policy/senders.py and config/units.py read senders and rates; here they must only look like ones.
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

-- As queue_update.
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

-- _change_instant names the row of the greylist by recipient_id.
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

-- As queue_update.
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

-- policy/recipients.py reads pattern and target; here they must only look like ones.
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

-- As queue_update.
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

CREATE TRIGGER dns_cache_insert INSTEAD OF INSERT ON dns_cache
BEGIN
  SELECT raise(ABORT, 'empath: dns_cache has answers of name servers; DELETE lets them be asked again');
END;

CREATE TRIGGER dns_cache_update INSTEAD OF UPDATE ON dns_cache
BEGIN
  SELECT raise(ABORT, 'empath: dns_cache has answers of name servers; DELETE lets them be asked again');
END;

-- A worker may have an answer that is not in a row yet, so each name is also an order.
CREATE TRIGGER dns_cache_delete INSTEAD OF DELETE ON dns_cache
BEGIN
  DELETE FROM _dns_cache WHERE name = old.name AND type = old.type;
  INSERT INTO _dns_order (name) VALUES (old.name);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.name || ' ' || old.type, 'dns_cache', old.answer, NULL);
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
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.domain, 'sts_policy', old.mode || ' ' || old.policy_id, NULL);
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

-- The conditions of a rule about replies; policy/replies/ reads them, here they must only look like ones.
CREATE VIEW _check_reply_pattern AS
SELECT NULL AS stage,
       NULL AS code,
       NULL AS enhanced,
       NULL AS text,
       NULL AS provider
 WHERE 0;

CREATE TRIGGER _judge_reply_pattern INSTEAD OF INSERT ON _check_reply_pattern
BEGIN
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

-- The classes are those of policy/replies/bounce_class.py; tests/storage/queue/test_reply_rules.py holds both equal.
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
  SELECT raise(ABORT, 'empath: an own rule takes stage, code, enhanced, text, provider, class, position, is_enabled and note')
   WHERE coalesce(new.rule, new.is_shipped) IS NOT NULL;
  INSERT INTO _check_reply_pattern VALUES (new.stage, new.code, new.enhanced, new.text, new.provider);
  INSERT INTO _check_bounce_rule VALUES (coalesce(new.position, 100), new.class, coalesce(new.is_enabled, 1));
  INSERT INTO _bounce_rule (position, stage, code, enhanced, text, provider, class, is_enabled, note)
  VALUES (
    coalesce(new.position, 100), new.stage, new.code, new.enhanced, new.text, new.provider, new.class,
    coalesce(new.is_enabled, 1), new.note);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), 'own:' || max(rule_id), 'bounce_rule', NULL, new.class
    FROM _bounce_rule;
END;

CREATE TRIGGER bounce_rule_change INSTEAD OF UPDATE OF
  position, stage, code, enhanced, text, provider, class, is_enabled, note
ON bounce_rule
BEGIN
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
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.rule, 'bounce_rule',
         json_array(old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.is_enabled),
         json_array(new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.is_enabled)
   WHERE (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.is_enabled)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.is_enabled);
END;

-- As queue_update.
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
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.rule, 'bounce_rule', old.class, NULL);
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

-- policy/suppression.py reads an address; here it must only look like one.
CREATE TRIGGER suppression_insert INSTEAD OF INSERT ON suppression
BEGIN
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
    lower(new.address), coalesce((SELECT who FROM _actor), 'sql'), new.reason, new.class,
    (julianday('now') - 2440587.5) * 86400.0);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), lower(new.address), 'suppression', NULL, coalesce(new.reason, 'suppressed'));
  INSERT INTO _change_instant
  VALUES (
    'suppression expires_unix', NULL, NULL, lower(new.address), NULL, NULL, coalesce(new.expires_at, new.expires_unix));
END;

CREATE TRIGGER suppression_reason INSTEAD OF UPDATE OF reason, class ON suppression
BEGIN
  UPDATE _suppression SET reason = new.reason, class = new.class WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.address, 'suppression reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.address, 'suppression class', old.class, new.class
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

-- As queue_update.
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
    coalesce((SELECT who FROM _actor), 'sql'), old.address, 'suppression', coalesce(old.reason, 'suppressed'), NULL);
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

-- A class alone is a condition here, so the conditions are looked at only where there is one.
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
  SELECT coalesce((SELECT who FROM _actor), 'sql'), 'own:' || max(rule_id), 'shaping_rule', NULL, new.action
    FROM _shaping_rule;
END;

CREATE TRIGGER shaping_rule_change INSTEAD OF UPDATE OF
  position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note
ON shaping_rule
BEGIN
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
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.rule, 'shaping_rule is_enabled', old.is_enabled, new.is_enabled
   WHERE new.is_enabled IS NOT old.is_enabled;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), old.rule, 'shaping_rule',
         json_array(old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.action,
                    old.duration, old.value),
         json_array(new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action,
                    new.duration, new.value)
   WHERE (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action, new.duration,
          new.value)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.action,
                 old.duration, old.value);
END;

-- As queue_update.
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
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), old.rule, 'shaping_rule', old.action, NULL);
END;
