-- queue and history: orders about recipients

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

-- As queue_update.
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

-- queue_at: one instant, which the last one who gave it has chosen for all; a transaction that is rolled back keeps it to itself.
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

CREATE VIEW _set_queue_at AS SELECT NULL AS at WHERE 0;  -- Unix seconds

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
