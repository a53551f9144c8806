-- orders.sql - orders that people give through the public views
-- Transaction: inside BEGIN IMMEDIATE, between the statements that set and clear the name of the person.
-- :page is a list of recipient_id, as long as can be written in about a second.

-- name: states
-- The columns of each recipient that an order can change, and whether its content is still kept. suspended_until is NULL
-- unless the destination is suspended at :now (Unix seconds). Index: the rowids.
-- Rows: recipient_id, ulid, address, has_content, destination, suspended_until, status, ordered, next_retry_at,
-- ordered_next_retry_at.
SELECT r.recipient_id, m.ulid, r.address,
       m.content_locator IS NOT NULL
       AND (m.content_locator <> 'inline' OR EXISTS (SELECT 1 FROM _content AS c WHERE c.message_id = m.message_id)),
       d.name, CASE WHEN d.suspended_until > :now THEN d.suspended_until END,
       r.status, r.ordered_status, r.next_retry_at, r.ordered_next_retry_at
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.recipient_id IN (:page[])
 ORDER BY r.recipient_id;

-- name: set_due
-- The next attempt is not before :now. Index: the rowid.
UPDATE queue SET next_retry_unix = :now WHERE recipient_id IN (:page[]);

-- name: set_status
-- Index: the rowid.
UPDATE queue SET status = :status WHERE recipient_id IN (:page[]);

-- name: cancel
-- Index: the rowid.
DELETE FROM queue WHERE recipient_id IN (:page[]);

-- name: revive
-- Index: the rowid.
UPDATE history SET status = 'queued' WHERE recipient_id IN (:page[]);

-- name: give
-- An order to the service as a whole. Rows: one, control_id.
INSERT INTO control (verb, argument) VALUES (:verb, :argument) RETURNING control_id;

-- name: outcome
-- The result of an order. Index: the rowid. Rows: none until it is done, else one, result.
SELECT result FROM control WHERE control_id = :control_id AND done_unix IS NOT NULL;

-- name: destination
-- Whether there is such a destination. Index: the UNIQUE of name. Rows: none or one.
SELECT 1 FROM _destination WHERE name = :destination;

-- name: backed_off
-- How many recipients a flush of :destination (NULL: all) makes due, at how many destinations. Index: _recipient_due.
-- Rows: one of both counts.
SELECT count(*), count(DISTINCT destination_id)
  FROM _recipient
 WHERE destination_id IN (SELECT destination_id FROM _destination WHERE CAST(:destination AS text) IS NULL OR name = :destination)
   AND status IN ('queued', 'deferred')
   AND priority IN (0, 1, 2, 3, 4)
   AND next_retry_at > :now;

-- name: suspend
-- Suspend :destination until :until (Unix seconds), or end that where it is NULL.
UPDATE destination SET suspended_until_unix = :until, suspended_reason = :reason WHERE destination = :destination;

-- name: suspension
-- Until when :destination is suspended at :now (Unix seconds), and why. Index: the name. Rows: none if it is not, else one.
SELECT suspended_until, suspended_reason
  FROM _destination
 WHERE name = :destination
   AND suspended_until > :now;
