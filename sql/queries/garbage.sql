-- garbage.sql - files in the spool that no message needs, and files that a message misses

-- name: due_garbage
-- Files to remove at :now (Unix seconds), longest due first. A file is left out if a message names it again.
-- Transaction: none needed. Index: _spool_garbage_due, and the UNIQUE of ulid.
-- Rows: at most :limit of locator, tries.
SELECT g.locator, g.tries
  FROM _spool_garbage AS g
 WHERE g.next_try_at <= :now
   AND NOT EXISTS (SELECT 1 FROM _message AS m WHERE m.ulid = substr(g.locator, length(g.locator) - 25) AND m.content_locator = g.locator)
 ORDER BY g.next_try_at
 LIMIT :limit;

-- name: forget_garbage
-- The file is gone. Transaction: inside BEGIN IMMEDIATE. Index: the primary key.
DELETE FROM _spool_garbage WHERE locator = :locator;

-- name: delay_garbage
-- The file could not be removed. Transaction: inside BEGIN IMMEDIATE. Index: the primary key.
UPDATE _spool_garbage SET tries = :tries, next_try_at = :next_try_at, last_error = :error WHERE locator = :locator;

-- name: named_files
-- Those of :ulids (a list) that a message's locator names. Transaction: none needed. Index: the UNIQUE of ulid.
-- Rows: ulid.
SELECT ulid FROM _message WHERE ulid IN (:ulids[text]) AND content_locator LIKE 'spool:%';

-- name: spooled_messages
-- The next :limit messages after :after. Transaction: none needed. Index: the rowid.
-- Rows: message_id, ulid, locator or NULL where the content is not a file.
SELECT message_id, ulid, CASE WHEN content_locator LIKE 'spool:%' THEN content_locator END
  FROM _message
 WHERE message_id > :after
 ORDER BY message_id
 LIMIT :limit;

-- name: is_file_awaited
-- Whether a message still names :locator, and a recipient of it will be tried. Transaction: none needed.
-- Index: the rowid, _recipient_message. Rows: one, 0 or 1.
SELECT EXISTS (
  SELECT 1
    FROM _message AS m
    JOIN _recipient AS r ON r.message_id = m.message_id
   WHERE m.message_id = :message_id
     AND m.content_locator = :locator
     AND r.status IN ('queued', 'deferred', 'leased'));
