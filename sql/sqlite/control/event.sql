-- event, event_type, consumer and event_aside: what happened, and who is told

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

-- Refuses a list of types that names one which is none.
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

-- What is set to active is tried at once.
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

-- A cursor of a program is its own affair, and moves with each page that it reads: no audit.
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

-- As queue_update.
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

-- The dead letter is the first of its message again: what of the message waits meanwhile stands behind it.
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

-- As queue_update.
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
