-- The public write interface of the queue.  Each file of this folder has the triggers of some views; this one has what
-- all use, and is read first.
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

-- Refuses text that Empath could not read. A shell writes the octets that its terminal sends, and in an old encoding such
-- as ISO 8859-1 these are no UTF-8: `unicode` gives U+FFFD for what it cannot read, and `length` ends at a NUL.
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

-- A recipient set to queued is due at once, unless the statement gives an instant.
-- A statement that sets is_live changes its indexes, and one that finds no row opens them all the same. So mail that stays
-- live has a trigger of its own, and exactly one of the two makes the move.
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
