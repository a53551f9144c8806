-- selection.sql - the recipients that an order or a list is about
-- A Selection joins conditions by AND in the place of {condition}. Each condition_* is a whole expression over the columns
-- of queue or history, or of a view of view_rows.sql. Transaction: the caller's. Index: the rowid of _recipient if recipients are named, else one pass in
-- the order of their numbers.

-- name: condition_references
-- The recipients :numbers and those of the messages :ulids, both lists. Index: the rowid, _recipient_message.
recipient_id IN (
  SELECT r.recipient_id FROM _recipient AS r WHERE r.recipient_id IN (:numbers[])
  UNION ALL
  SELECT r.recipient_id
    FROM _message AS m
    JOIN _recipient AS r ON r.message_id = m.message_id
   WHERE m.ulid IN (:ulids[text]))

-- name: condition_domain
domain = :domain

-- name: condition_sender
-- Case of ASCII letters does not matter: a person types an address as it comes to mind.
lower(sender) = lower(:sender)

-- name: condition_recipient
-- Case of ASCII letters does not matter: a person types an address as it comes to mind.
lower(recipient) = lower(:recipient)

-- name: condition_status
status = :status

-- name: condition_destination
destination = :destination

-- name: condition_bounce_class
class = :bounce_class

-- name: condition_reply
-- Case of ASCII letters does not matter.
replace(lower(last_reply), lower(:reply), '') <> lower(last_reply)

-- name: condition_subject
-- Case of ASCII letters does not matter.
(SELECT replace(lower(m.subject), lower(:subject), '') <> lower(m.subject) FROM _message AS m WHERE m.ulid = id)

-- name: condition_message_id
-- Some programs write the field without its brackets.
(SELECT m.header_message_id FROM _message AS m WHERE m.ulid = id) IN (:message_id, trim(:message_id, '<>'))

-- name: condition_received_after
received_unix >= :received_after

-- name: condition_received_before
received_unix < :received_before

-- name: condition_id
id = :id

-- name: condition_recipient_id
recipient_id = :recipient_id

-- name: condition_outcome
outcome = :outcome

-- name: condition_who
who = :who

-- name: condition_what
what = :what

-- name: condition_object
object = :object

-- name: named
-- The named recipients, with any status. Rows: recipient_id, message_id, ulid, rising.
SELECT r.recipient_id, r.message_id, m.ulid
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id IN (
   SELECT r.recipient_id FROM _recipient AS r WHERE r.recipient_id IN (:numbers[])
   UNION ALL
   SELECT r.recipient_id
     FROM _message AS m
     JOIN _recipient AS r ON r.message_id = m.message_id
    WHERE m.ulid IN (:ulids[text]))
 ORDER BY r.recipient_id;

-- name: ids_that_begin
-- Up to :limit queue ids that begin with :first. Index: the UNIQUE of ulid. Rows: ulid.
SELECT ulid FROM _message WHERE ulid >= :first AND ulid < :first || '~' ORDER BY ulid LIMIT :limit;

-- name: last_recipient
-- The highest number so far. Rows: one, NULL if there is none.
SELECT max(recipient_id) FROM _recipient;

-- name: page_of_queue
-- Up to :limit live recipients after :after, up to :last. Rows: recipient_id.
SELECT recipient_id
  FROM queue
 WHERE recipient_id > :after
   AND recipient_id <= :last
   AND {condition}
 ORDER BY recipient_id
 LIMIT :limit;

-- name: page_of_history
-- The same of those that met their end.
SELECT recipient_id
  FROM history
 WHERE recipient_id > :after
   AND recipient_id <= :last
   AND {condition}
 ORDER BY recipient_id
 LIMIT :limit;

-- name: still_of_queue
-- Those of :page (list of recipient_id) for which the condition holds. Index: the rowid. Rows: recipient_id.
SELECT recipient_id FROM queue WHERE recipient_id IN (:page[]) AND {condition};

-- name: still_of_history
-- The same of those that met their end.
SELECT recipient_id FROM history WHERE recipient_id IN (:page[]) AND {condition};

-- name: count_of_queue
-- Rows: one of recipients, messages.
SELECT count(*), count(DISTINCT id) FROM queue WHERE {condition};

-- name: count_of_history
-- The same of those that met their end.
SELECT count(*), count(DISTINCT id) FROM history WHERE {condition};

-- name: list_live
-- Up to :limit live recipients after :after, in the order of their numbers. suspended_until is NULL unless the destination
-- is suspended at :now. Rows: see LiveRecipient in storage/admin/records.py; instants in Unix seconds.
SELECT recipient_id, id, status, ordered, priority, attempts, next_retry_unix, expires_unix, received_unix, sender,
       recipient, domain, destination, size, last_reply, reason,
       (SELECT d.suspended_until FROM _destination AS d WHERE d.name = queue.destination AND d.suspended_until > :now),
       blocked_by
  FROM queue
 WHERE recipient_id > :after
   AND {condition}
 ORDER BY recipient_id
 LIMIT :limit;

-- name: rows_of_queue
-- Up to :limit live recipients after :after, in the order of their numbers, with the columns that a page of the console has.
SELECT recipient_id, status, sender, recipient, destination, attempts, next_retry_at, blocked_by,
       coalesce(reason, last_reply) AS why
  FROM queue
 WHERE recipient_id > :after
   AND {condition}
 ORDER BY recipient_id
 LIMIT :limit;

-- name: find_live
-- Up to :limit live recipients, the newest first. Rows: the fields of Found in storage/admin/tracking.py.
SELECT recipient_id, id, status, received_unix, sender, recipient, destination, attempts, coalesce(reason, last_reply)
  FROM queue
 WHERE {condition}
 ORDER BY recipient_id DESC
 LIMIT :limit;

-- name: find_past
-- The same of those that met their end.
SELECT recipient_id, id, status, received_unix, sender, recipient, destination, attempts, coalesce(last_reply, reason)
  FROM history
 WHERE {condition}
 ORDER BY recipient_id DESC
 LIMIT :limit;
