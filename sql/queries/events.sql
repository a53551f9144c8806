-- events.sql - what happened to mail, and who is told
-- Transaction: none for reads, inside BEGIN IMMEDIATE for writes. Instants are Unix seconds.

-- name: last_id
-- Number of the last event, 0 if there is none. Index: the rowid. Rows: one.
SELECT coalesce(max(event_id), 0) FROM _event;

-- name: first_id
-- Number of the first event that is kept, NULL if there is none. Index: the rowid. Rows: one.
SELECT min(event_id) FROM _event;

-- name: page
-- Up to :limit events after :after. Index: the rowid.
-- Rows: event_id, at, type, ulid, recipient_id, sender, recipient, account, destination, detail.
SELECT event_id, at, type, ulid, recipient_id, sender, recipient, account, destination, detail
  FROM _event
 WHERE event_id > :after
 ORDER BY event_id
 LIMIT :limit;

-- name: expired
-- The first events, up to :limit, as far as all of them are from :now or before; the last of all stays.
-- Index: the rowid. Rows: event_id.
SELECT event_id
  FROM _event
 WHERE event_id < (SELECT max(event_id) FROM _event)
   AND event_id < (SELECT min(event_id) FROM _event) + :limit
   AND event_id < coalesce(
     (SELECT min(event_id) FROM _event
       WHERE event_id < (SELECT min(event_id) FROM _event) + :limit AND at > :now),
     (SELECT max(event_id) FROM _event))
 ORDER BY event_id;

-- name: number_of_rows
-- Numbers have no gaps. Index: the rowid. Rows: one, the number.
SELECT coalesce((SELECT max(event_id) FROM _event) - (SELECT min(event_id) FROM _event) + 1, 0);

-- name: first_to_go
-- The first :limit events; the last of all stays. Index: the rowid. Rows: event_id.
SELECT event_id FROM _event WHERE event_id < (SELECT max(event_id) FROM _event) ORDER BY event_id LIMIT :limit;

-- name: forget
-- Remove :keys (list of event_id). Index: the rowid.
DELETE FROM _event WHERE event_id IN (:keys[]);

-- name: configured
-- The consumers of the configuration, and their types. Index: the primary key. Rows: name, kind, types.
SELECT name, kind, types FROM _consumer WHERE kind <> 'program' ORDER BY name;

-- name: add_consumer
-- A consumer of the configuration; it begins with the events of now.
INSERT INTO _consumer (name, kind, types, cursor, created_at)
VALUES (:name, :kind, :types, (SELECT coalesce(max(event_id), 0) FROM _event), :now);

-- name: change_consumer
-- A consumer of the configuration that changed, or that has taken the name of a program. Index: the primary key.
UPDATE _consumer SET kind = :kind, types = :types WHERE name = :name;

-- name: has_consumer
-- Whether there is one called :name. Index: the primary key. Rows: none or one, kind.
SELECT kind FROM _consumer WHERE name = :name;

-- name: remove_consumer
-- A consumer that is no longer in the configuration. Index: the primary key.
DELETE FROM _consumer WHERE name = :name;

-- name: page_before
-- Up to :limit events before :before, the last one first. Index: the rowid. Rows: as page.
SELECT event_id, at, type, ulid, recipient_id, sender, recipient, account, destination, detail
  FROM _event
 WHERE event_id < :before
 ORDER BY event_id DESC
 LIMIT :limit;

-- name: is_any_wanted
-- Whether a consumer wants any type. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM _event_type WHERE is_wanted = 1);

-- name: all_consumers
-- Every consumer, by name. Rows: as the fields of storage.admin.events.Consumer.
SELECT name, kind, types, state, cursor, lag, lag_s, sent, lost, aside, dead, failures, next_try_unix AS next_try_at,
       sent_unix AS sent_at, last_error, last_error_unix AS last_error_at
  FROM consumer
 ORDER BY name;

-- name: all_asides
-- Events set aside, of :consumer and in :state, each NULL for any. Index: the primary key.
-- Rows: as the fields of storage.admin.events.Aside.
SELECT consumer, event_id, state, tries, since_unix AS since, next_try_unix AS next_try_at, last_error, id, type, recipient
  FROM event_aside
 WHERE (CAST(:consumer AS TEXT) IS NULL OR consumer = :consumer)
   AND (CAST(:state AS TEXT) IS NULL OR state = :state)
 ORDER BY consumer, event_id;

-- name: insert_consumer
INSERT INTO consumer (name, types) VALUES (:name, :types);

-- name: drop_consumer
-- Index: the primary key.
DELETE FROM consumer WHERE name = :name;

-- name: set_state
-- Index: the primary key.
UPDATE consumer SET state = :state WHERE name = :name;

-- name: move_cursor
-- Index: the primary key.
UPDATE consumer SET cursor = :cursor WHERE name = :name;

-- name: count_dead
-- Dead letters of :consumer, NULL for all. Rows: one.
SELECT count(*) FROM _event_aside WHERE state = 'dead' AND (CAST(:consumer AS TEXT) IS NULL OR consumer = :consumer);

-- name: send_dead_again
-- Dead letters of :consumer, NULL for all.
UPDATE event_aside SET state = 'waiting' WHERE state = 'dead' AND (CAST(:consumer AS TEXT) IS NULL OR consumer = :consumer);

-- name: drop_dead
-- Dead letters of :consumer, NULL for all.
DELETE FROM event_aside WHERE state = 'dead' AND (CAST(:consumer AS TEXT) IS NULL OR consumer = :consumer);

-- name: claim
-- From now on :process_id serves the consumer :name. Index: the primary key.
UPDATE _consumer SET process_id = :process_id WHERE name = :name;

-- name: standing
-- How the consumer :name stands. Index: the primary key. Rows: none or one: cursor, state, failures, next_try_at, process_id.
SELECT cursor, state, failures, next_try_at, process_id FROM _consumer WHERE name = :name;

-- name: advance
-- :process_id is through with the events up to :cursor, of which :sent were taken and :lost had ended, unless somebody has
-- moved the cursor from :before. Index: the primary key.
UPDATE _consumer
   SET cursor = :cursor,
       sent = sent + :sent,
       lost = lost + :lost,
       sent_at = CASE WHEN :is_taken THEN :now ELSE sent_at END,
       failures = CASE WHEN :is_taken THEN 0 ELSE failures END,
       next_try_at = CASE WHEN :is_taken THEN NULL ELSE next_try_at END
 WHERE name = :name
   AND process_id = :process_id
   AND cursor = :before;

-- name: record_failure
-- A request to the consumer :name failed; the next one is not before :next_try_at. Index: the primary key.
UPDATE _consumer
   SET failures = failures + 1,
       next_try_at = :next_try_at,
       state = CASE WHEN :is_gone THEN 'gone' ELSE state END,
       last_error = :error,
       last_error_at = :now
 WHERE name = :name
   AND process_id = :process_id;

-- name: record_refusal
-- Why the consumer :name refused an event. Index: the primary key.
UPDATE _consumer SET last_error = :error, last_error_at = :now WHERE name = :name AND process_id = :process_id;

-- name: set_aside
-- An event that :consumer refused, or that stands behind such a one, if that is still there.
-- Index: the primary key, _event_aside_message.
INSERT INTO _event_aside (consumer, event_id, ulid, state, tries, since, next_try_at, last_error)
SELECT :consumer, :event_id, :ulid,
       CASE WHEN EXISTS (
         SELECT 1 FROM _event_aside AS a WHERE a.consumer = :consumer AND a.ulid = :ulid AND a.state <> 'dead')
       THEN :state ELSE 'waiting' END,
       :tries, :now, :next_try_at, :error
 WHERE 1 = 1  -- or SQLite would take ON CONFLICT for a part of a join
ON CONFLICT DO NOTHING;

-- name: messages_aside
-- Messages of which :consumer has an event that is not given up. Index: _event_aside_message. Rows: ulid.
SELECT DISTINCT ulid FROM _event_aside WHERE consumer = :consumer AND state <> 'dead' AND ulid IS NOT NULL;

-- name: count_aside
-- Events that are set aside for :consumer and not given up. Index: the primary key. Rows: one.
SELECT count(*) FROM _event_aside WHERE consumer = :consumer AND state <> 'dead';

-- name: next_aside
-- The event that :consumer is to be sent again first, and its instant. Index: _event_aside_due.
-- Rows: none or one: event_id, tries, since, next_try_at.
SELECT event_id, tries, since, next_try_at
  FROM _event_aside
 WHERE consumer = :consumer
   AND state = 'waiting'
 ORDER BY next_try_at, event_id
 LIMIT 1;

-- name: one
-- The event :event_id. Index: the rowid. Rows: none or one, as page.
SELECT event_id, at, type, ulid, recipient_id, sender, recipient, account, destination, detail
  FROM _event
 WHERE event_id = :event_id;

-- name: end_aside
-- An event that was set aside for :consumer has been taken. Index: the primary key.
DELETE FROM _event_aside WHERE consumer = :consumer AND event_id = :event_id;

-- name: record_sent
-- The consumer :name has taken an event that was set aside. Index: the primary key.
UPDATE _consumer SET sent = sent + 1, sent_at = :now, failures = 0, next_try_at = NULL
 WHERE name = :name AND process_id = :process_id;

-- name: record_try
-- An event was refused again; :state is dead if it is given up. Index: the primary key.
UPDATE _event_aside SET tries = tries + 1, next_try_at = :next_try_at, last_error = :error, state = :state
 WHERE consumer = :consumer AND event_id = :event_id AND state = 'waiting';
