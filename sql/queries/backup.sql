-- backup.sql - what a backup copies, and what a restore knows of mail that was delivered since

-- name: spooled
-- The next :limit messages after :after whose content is a file. Transaction: none needed. Index: the rowid.
-- Rows: message_id, content_locator, SHA-256 of the file (NULL: of version 1, not known), its octets.
SELECT message_id, content_locator, CASE WHEN length(added_fields) > 0 THEN digest END, size - length(added_fields)
  FROM _message
 WHERE message_id > :after
   AND content_locator LIKE 'spool:%'
 ORDER BY message_id
 LIMIT :limit;

-- name: is_still_there
-- Whether a message's content is still in the same place. Index: the rowid. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM _message WHERE message_id = :message_id AND content_locator = :locator);

-- name: messages
-- How many messages the queue has, past ones included. Rows: one.
SELECT count(*) FROM _message;

-- name: recipients
-- How many recipients have each status. Rows: status, count.
SELECT status, count(*) FROM _recipient GROUP BY status ORDER BY status;

-- name: nodes
-- The host that accepted the newest message, or that the newest process ran on. Rows: at most two, the first counts.
SELECT node FROM (SELECT node, 1 AS turn FROM _process WHERE process_id = (SELECT max(process_id) FROM _process)
        UNION ALL
        SELECT node, 2 FROM _message WHERE message_id = (SELECT max(message_id) FROM _message)) AS known
 ORDER BY turn;

-- name: live_recipients
-- The recipients :address of the message :ulid whose fate is not final. Index: the UNIQUE of ulid, _recipient_message.
-- Every schema since 2 understands it. Rows: the fields of delivered_since.Delivered up to destination.
SELECT r.recipient_id, r.message_id, r.status, r.lease_id, l.process_id, r.destination_id, d.name
  FROM _message AS m
  JOIN _recipient AS r ON r.message_id = m.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
  LEFT JOIN _lease AS l ON l.lease_id = r.lease_id
 WHERE m.ulid = :ulid
   AND r.address = :address
   AND r.status IN ('queued', 'deferred', 'leased', 'held')
 ORDER BY r.recipient_id;

-- name: release_held
-- A held recipient waits again, so that it can be leased. Transaction: inside BEGIN IMMEDIATE. Index: the rowid.
UPDATE _recipient SET status = 'queued' WHERE recipient_id = :recipient_id AND status = 'held';

-- name: take
-- Lease one waiting recipient. Transaction: inside BEGIN IMMEDIATE. Index: the rowid.
UPDATE _recipient
   SET status = 'leased', lease_id = :lease_id
 WHERE recipient_id = :recipient_id
   AND (status = 'queued' OR status = 'deferred');

-- name: record_delivered
-- A restore learned from the log that a recipient was delivered. Transaction: inside BEGIN IMMEDIATE. Index: the rowids.
INSERT INTO _audit (who, recipient_id, ulid, address, what, before, after)
SELECT :who, r.recipient_id, m.ulid, r.address, 'restore', :before, r.status
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id = :recipient_id;

-- name: record_restore
-- The queue was restored from the backup :object, which shows the instant :before. Transaction: inside BEGIN IMMEDIATE.
INSERT INTO _audit (who, what, before, after, object) VALUES (:who, 'restore', :before, :after, :object);

-- name: addresses
-- The addresses of a message: its sender, and of each recipient the present and the original one. Index: _recipient_message.
-- Transaction: none needed. Rows: two addresses each.
SELECT r.address, r.original FROM _recipient AS r WHERE r.message_id = :message_id
UNION
SELECT m.reverse_path, m.reverse_path FROM _message AS m WHERE m.message_id = :message_id;
