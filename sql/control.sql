-- control.sql - the public write interface of the queue
--
-- Theory of operation.  A write to a view arrives in its INSTEAD OF trigger, which refuses what the view does not offer and
-- hands one row on: to _request, where instants are read, to _order, where an order to a recipient is judged, to _act,
-- where it is carried out and audited.  These are views of no rows: their triggers are what SQL has for procedures, and
-- their columns are the parameters.  A leased recipient is a worker's: it only takes a note of the order (ordered_status,
-- ordered_next_retry_at), which the end of its lease carries out (queries/settle.sql).
--
-- House rules.  A trigger with a WHEN clause would silently ignore what it does not match, so a public view has one trigger
-- for each verb, without WHEN, and it raises.  What it raises says what to do.  Nothing newer than SQLite 3.40.
-- All of it runs once per row, of perhaps a million: no list behind IN, and no INSERT … SELECT into what has triggers,
-- unless it is rare, since SQLite would build a temporary table each time.  Triggers of one view fire in no order that is
-- promised: those of _act do not depend on each other.
-- An instant is given as Unix seconds, as text that SQLite reads as UTC, as 'now' or as a shift from now such as '+1 hour';
-- 0.0 stands for what cannot be read, which no instant that is accepted can be.

CREATE VIEW _order AS
SELECT NULL AS recipient_id,
       NULL AS old_status,  -- as the row was when the statement began; so each old_
       NULL AS status,
       NULL AS old_retry,  -- Unix seconds, as are the other instants
       NULL AS retry,
       NULL AS old_priority,
       NULL AS priority,
       NULL AS old_expires,
       NULL AS expires,
       NULL AS old_ordered,  -- what is noted already, if it is leased
       NULL AS old_ordered_retry
 WHERE 0;

CREATE TRIGGER _order_judged INSTEAD OF INSERT ON _order
BEGIN
  SELECT CASE
    WHEN new.status IS NOT new.old_status THEN CASE
      WHEN new.status = 'leased'
        THEN raise(ABORT, 'empath: only a worker leases a recipient; set status = ''queued'' to have it tried at once')
      WHEN new.status = 'delivered'
        THEN raise(ABORT, 'empath: only the next hop makes a recipient delivered; DELETE FROM queue cancels it')
      WHEN NOT EXISTS (SELECT 1 FROM _recipient_transition WHERE old_status = 'leased' AND new_status = new.status)
        THEN raise(ABORT, 'empath: status takes held, queued, bounced, expired or cancelled')
      WHEN new.old_status = 'leased' THEN iif(
        new.status = 'deferred',
        raise(ABORT, 'empath: a leased recipient takes held, queued, bounced, expired or cancelled as an order'),
        NULL)
      WHEN NOT EXISTS (
        SELECT 1 FROM _recipient_transition
         WHERE old_status = new.old_status AND new_status = new.status AND actor <> 'empath')
        THEN raise(ABORT, 'empath: a recipient cannot make this move; see SELECT * FROM _recipient_transition')
      WHEN new.status = 'deferred' AND NOT EXISTS (
        SELECT 1 FROM _recipient WHERE recipient_id = new.recipient_id AND attempts + lost_leases > 0)
        THEN raise(ABORT, 'empath: what was never tried cannot be deferred; set status = ''queued''')
      WHEN (new.old_status = 'bounced' OR new.old_status = 'cancelled') AND NOT EXISTS (
        SELECT 1
          FROM _recipient AS r
          JOIN _message AS m ON m.message_id = r.message_id
         WHERE r.recipient_id = new.recipient_id
           AND m.content_locator IS NOT NULL
           AND (m.content_locator <> 'inline' OR EXISTS (SELECT 1 FROM _content WHERE message_id = m.message_id)))
        THEN raise(ABORT, 'empath: the content of this message has been removed; it cannot be queued again')
      END
    END,
    CASE
    WHEN new.retry IS NOT new.old_retry
     AND new.retry NOT BETWEEN 1e9 AND (julianday('now') - 2440587.5) * 86400.0 + 315576000.0
      THEN raise(ABORT, 'empath: next_retry_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
    END,
    CASE
    WHEN new.expires IS NOT new.old_expires
     AND new.expires NOT BETWEEN 1e9 AND (julianday('now') - 2440587.5) * 86400.0 + 315576000.0
      THEN raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
    END,
    CASE
    WHEN new.priority IS NOT new.old_priority AND coalesce(CAST(new.priority AS TEXT), '') NOT GLOB '[0-4]'
      THEN raise(ABORT, 'empath: priority takes 0 (first), 1, 2, 3 or 4 (last)')
    END;
  -- Each write sets what has changed and no more: an index costs more than all that is judged here.
  -- Whom is set to queued is to be tried: at once, unless the statement names an instant.
  UPDATE _recipient
     SET status = new.status,
         next_retry_at = CASE
           WHEN new.retry IS NOT new.old_retry THEN new.retry
           WHEN new.status = 'queued' THEN min(next_retry_at, (julianday('now') - 2440587.5) * 86400.0)
           ELSE next_retry_at
         END,
         reason = iif(new.status = 'queued' OR new.status = 'deferred', NULL, 'administratively ' || new.status),
         settled_at = (julianday('now') - 2440587.5) * 86400.0
   WHERE new.status <> new.old_status
     AND new.old_status <> 'leased'
     AND recipient_id = new.recipient_id
     AND status = new.old_status;
  UPDATE _recipient SET next_retry_at = new.retry
   WHERE new.retry IS NOT new.old_retry
     AND new.status = new.old_status
     AND new.old_status <> 'leased'
     AND recipient_id = new.recipient_id
     AND status = new.old_status;
  UPDATE _recipient SET priority = new.priority
   WHERE new.priority IS NOT new.old_priority
     AND recipient_id = new.recipient_id
     AND (status = new.status OR status = new.old_status);
  UPDATE _recipient SET expires_at = new.expires
   WHERE new.expires IS NOT new.old_expires
     AND recipient_id = new.recipient_id
     AND (status = new.status OR status = new.old_status);
  INSERT INTO _act
  VALUES (
    new.recipient_id, new.old_status, new.status, new.old_retry, new.retry, new.old_priority, new.priority,
    new.old_expires, new.expires, new.old_ordered, new.old_ordered_retry);
END;

CREATE VIEW _act AS SELECT * FROM _order;

CREATE TRIGGER _act_noted INSTEAD OF INSERT ON _act
WHEN new.old_status = 'leased'
BEGIN
  UPDATE _recipient
     SET ordered_status = CASE new.status WHEN 'leased' THEN ordered_status WHEN 'queued' THEN NULL ELSE new.status END,
         ordered_next_retry_at = CASE
           WHEN new.retry IS NOT new.old_retry THEN new.retry
           WHEN new.status = 'queued' THEN (julianday('now') - 2440587.5) * 86400.0
           ELSE ordered_next_retry_at
         END
   WHERE recipient_id = new.recipient_id
     AND status = 'leased';
  INSERT INTO _audit (who, recipient_id, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), recipient_id, 'ordered', new.old_ordered, ordered_status
    FROM _recipient
   WHERE recipient_id = new.recipient_id
     AND ordered_status IS NOT new.old_ordered
  UNION ALL
  SELECT coalesce((SELECT who FROM _actor), 'sql'), recipient_id, 'ordered_next_retry_unix', new.old_ordered_retry,
         ordered_next_retry_at
    FROM _recipient
   WHERE recipient_id = new.recipient_id
     AND ordered_next_retry_at IS NOT new.old_ordered_retry;
END;

CREATE TRIGGER _act_status INSTEAD OF INSERT ON _act
WHEN new.old_status <> 'leased' AND new.status <> new.old_status
BEGIN
  INSERT INTO _audit (who, recipient_id, what, before, after)
  VALUES (coalesce((SELECT who FROM _actor), 'sql'), new.recipient_id, 'status', new.old_status, new.status);
END;

-- The sender has to hear of what was returned, as of what bounces by itself; but not of what is queued again.
CREATE TRIGGER _act_returned INSTEAD OF INSERT ON _act
WHEN (new.status = 'bounced' OR new.status = 'expired') AND new.old_status <> 'leased' AND new.status <> new.old_status
BEGIN
  INSERT OR IGNORE INTO _notice (message_id, recipient_id, kind, created_at)
  SELECT message_id, recipient_id, 'failure', (julianday('now') - 2440587.5) * 86400.0
    FROM _recipient
   WHERE recipient_id = new.recipient_id
     AND (notify IS NULL OR instr(notify, 'FAILURE'));
END;

CREATE TRIGGER _act_revived INSTEAD OF INSERT ON _act
WHEN new.old_status = 'bounced' AND new.status = 'queued'
BEGIN
  DELETE FROM _notice WHERE recipient_id = new.recipient_id AND kind = 'failure';
END;

CREATE TRIGGER _act_retry INSTEAD OF INSERT ON _act
WHEN new.old_status <> 'leased'
 AND (new.retry IS NOT new.old_retry
      OR new.status = 'queued' AND new.old_status <> 'queued'
         AND new.old_retry > (julianday('now') - 2440587.5) * 86400.0)
BEGIN
  INSERT INTO _audit (who, recipient_id, what, before, after)
  VALUES (
    coalesce((SELECT who FROM _actor), 'sql'), new.recipient_id, 'next_retry_unix', new.old_retry,
    iif(new.retry IS NOT new.old_retry, new.retry, (julianday('now') - 2440587.5) * 86400.0));
END;

CREATE TRIGGER _act_priority INSTEAD OF INSERT ON _act
WHEN CAST(new.priority AS INTEGER) <> new.old_priority
BEGIN
  INSERT INTO _audit (who, recipient_id, what, before, after)
  VALUES (
    coalesce((SELECT who FROM _actor), 'sql'), new.recipient_id, 'priority', new.old_priority,
    CAST(new.priority AS INTEGER));
END;

CREATE TRIGGER _act_expires INSTEAD OF INSERT ON _act
WHEN new.expires <> new.old_expires
BEGIN
  INSERT INTO _audit (who, recipient_id, what, before, after)
  VALUES (
    coalesce((SELECT who FROM _actor), 'sql'), new.recipient_id, 'expires_unix', new.old_expires, new.expires);
END;

CREATE VIEW _request AS
SELECT NULL AS recipient_id,  -- each as in _order, retry and expires as they were given
       NULL AS old_status,
       NULL AS status,
       NULL AS old_retry,
       NULL AS retry,
       NULL AS old_priority,
       NULL AS priority,
       NULL AS old_expires,
       NULL AS expires,
       NULL AS old_ordered,
       NULL AS old_ordered_retry
 WHERE 0;

CREATE TRIGGER _request_read INSTEAD OF INSERT ON _request
BEGIN
  INSERT INTO _order
  VALUES (
    new.recipient_id, new.old_status, new.status,
    new.old_retry,
    CASE
      WHEN new.retry IS new.old_retry THEN new.retry
      WHEN typeof(new.retry) = 'integer' OR typeof(new.retry) = 'real' THEN new.retry
      WHEN typeof(new.retry) <> 'text' THEN 0.0
      WHEN new.retry GLOB '[-+]*' THEN coalesce(round((julianday('now', new.retry) - 2440587.5) * 86400.0, 3), 0.0)
      WHEN new.retry GLOB '*[^0-9.]*' THEN coalesce(round((julianday(new.retry) - 2440587.5) * 86400.0, 3), 0.0)
      ELSE CAST(new.retry AS REAL)
    END,
    new.old_priority, new.priority,
    new.old_expires,
    CASE
      WHEN new.expires IS new.old_expires THEN new.expires
      WHEN typeof(new.expires) = 'integer' OR typeof(new.expires) = 'real' THEN new.expires
      WHEN typeof(new.expires) <> 'text' THEN 0.0
      WHEN new.expires GLOB '[-+]*' THEN coalesce(round((julianday('now', new.expires) - 2440587.5) * 86400.0, 3), 0.0)
      WHEN new.expires GLOB '*[^0-9.]*' THEN coalesce(round((julianday(new.expires) - 2440587.5) * 86400.0, 3), 0.0)
      ELSE CAST(new.expires AS REAL)
    END,
    new.old_ordered, new.old_ordered_retry);
END;

CREATE TRIGGER queue_update INSTEAD OF UPDATE ON queue
BEGIN
  SELECT CASE
    WHEN new.id IS NOT old.id OR new.recipient_id IS NOT old.recipient_id OR new.sender IS NOT old.sender
      OR new.recipient IS NOT old.recipient OR new.domain IS NOT old.domain OR new.destination IS NOT old.destination
      OR new.ordered IS NOT old.ordered OR new.ordered_next_retry_at IS NOT old.ordered_next_retry_at
      OR new.ordered_next_retry_unix IS NOT old.ordered_next_retry_unix OR new.attempts IS NOT old.attempts
      OR new.last_reply IS NOT old.last_reply OR new.reason IS NOT old.reason
      OR new.received_at IS NOT old.received_at OR new.received_unix IS NOT old.received_unix
      OR new.size IS NOT old.size
      THEN raise(ABORT, 'empath: queue takes status, next_retry_at, next_retry_unix, priority, expires_at and expires_unix; no other column can be set')
    WHEN new.next_retry_at IS NOT old.next_retry_at AND new.next_retry_unix IS NOT old.next_retry_unix
      THEN raise(ABORT, 'empath: set next_retry_at or next_retry_unix, not both')
    WHEN new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix
      THEN raise(ABORT, 'empath: set expires_at or expires_unix, not both')
  END;
  INSERT INTO _request
  VALUES (
    old.recipient_id, old.status, new.status,
    old.next_retry_unix, iif(new.next_retry_at IS NOT old.next_retry_at, new.next_retry_at, new.next_retry_unix),
    old.priority, new.priority,
    old.expires_unix, iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix),
    old.ordered, old.ordered_next_retry_unix);
END;

CREATE TRIGGER queue_delete INSTEAD OF DELETE ON queue
BEGIN
  INSERT INTO _order
  VALUES (
    old.recipient_id, old.status, 'cancelled', old.next_retry_unix, old.next_retry_unix, old.priority, old.priority,
    old.expires_unix, old.expires_unix, old.ordered, old.ordered_next_retry_unix);
END;

CREATE TRIGGER queue_insert INSTEAD OF INSERT ON queue
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only; to queue a bounced or cancelled recipient again, UPDATE history SET status = ''queued''');
END;

CREATE TRIGGER history_update INSTEAD OF UPDATE ON history
BEGIN
  SELECT CASE
    WHEN new.id IS NOT old.id OR new.recipient_id IS NOT old.recipient_id OR new.sender IS NOT old.sender
      OR new.recipient IS NOT old.recipient OR new.domain IS NOT old.domain OR new.destination IS NOT old.destination
      OR new.attempts IS NOT old.attempts OR new.last_reply IS NOT old.last_reply OR new.reason IS NOT old.reason
      OR new.settled_at IS NOT old.settled_at OR new.settled_unix IS NOT old.settled_unix
      OR new.received_at IS NOT old.received_at OR new.received_unix IS NOT old.received_unix
      OR new.size IS NOT old.size OR new.has_content IS NOT old.has_content
      THEN raise(ABORT, 'empath: history takes only status = ''queued'', for what is bounced or cancelled')
    WHEN new.status IS NOT old.status
     AND (new.status IS NOT 'queued' OR old.status NOT IN ('bounced', 'cancelled'))
      THEN raise(ABORT, 'empath: history takes only status = ''queued'', for what is bounced or cancelled')
  END;
  INSERT INTO _order
  SELECT recipient_id, old.status, new.status, next_retry_at, next_retry_at, priority, priority, expires_at, expires_at,
         NULL, NULL
    FROM _recipient
   WHERE recipient_id = old.recipient_id;
END;

CREATE TRIGGER history_delete INSTEAD OF DELETE ON history
BEGIN
  SELECT raise(ABORT, 'empath: history is removed by the retention of the configuration only');
END;

CREATE TRIGGER history_insert INSTEAD OF INSERT ON history
BEGIN
  SELECT raise(ABORT, 'empath: only a delivery or an order makes history; DELETE FROM queue cancels a recipient');
END;

CREATE TRIGGER destination_update INSTEAD OF UPDATE ON destination
BEGIN
  SELECT CASE
    WHEN new.max_leases IS NOT old.max_leases
      THEN raise(ABORT, 'empath: max_leases is set by [delivery] concurrency in the configuration')
    WHEN new.destination IS NOT old.destination OR new.leases IS NOT old.leases OR new.is_failing IS NOT old.is_failing
      OR new.due_at IS NOT old.due_at OR new.due_unix IS NOT old.due_unix
      OR new.breaker_until IS NOT old.breaker_until OR new.breaker_until_unix IS NOT old.breaker_until_unix
      OR new.ready_at IS NOT old.ready_at OR new.ready_unix IS NOT old.ready_unix
      THEN raise(ABORT, 'empath: destination takes suspended_until and suspended_until_unix; no other column can be set')
    WHEN new.suspended_until IS NOT old.suspended_until AND new.suspended_until_unix IS NOT old.suspended_until_unix
      THEN raise(ABORT, 'empath: set suspended_until or suspended_until_unix, not both')
  END;
  UPDATE _destination
     SET suspended_until = (
       SELECT CASE
           WHEN until IS NULL THEN NULL
           WHEN typeof(until) = 'integer' OR typeof(until) = 'real' THEN until
           WHEN typeof(until) <> 'text' THEN 0.0
           WHEN until GLOB '[-+]*' THEN coalesce(round((julianday('now', until) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN until GLOB '*[^0-9.]*' THEN coalesce(round((julianday(until) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(until AS REAL)
         END
         FROM (SELECT iif(new.suspended_until IS NOT old.suspended_until, new.suspended_until, new.suspended_until_unix)
                 AS until))
   WHERE name = old.destination;
  SELECT raise(ABORT, 'empath: suspended_until takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL to end it')
    FROM _destination
   WHERE name = old.destination
     AND suspended_until IS NOT old.suspended_until_unix
     AND suspended_until NOT BETWEEN 1e9 AND (julianday('now') - 2440587.5) * 86400.0 + 315576000.0;
  INSERT INTO _audit (who, destination, what, before, after)
  SELECT coalesce((SELECT who FROM _actor), 'sql'), name, 'suspended_until_unix', old.suspended_until_unix, suspended_until
    FROM _destination
   WHERE name = old.destination AND suspended_until IS NOT old.suspended_until_unix;
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
