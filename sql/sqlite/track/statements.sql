-- statements.sql - the statements on track.db
-- Those that change it run inside BEGIN IMMEDIATE.

-- name: mark
-- Rows: at most one of queue, recipients, attempts, orders.
SELECT queue, recipients, attempts, orders FROM _mark;

-- name: set_mark
INSERT INTO _mark (one, queue, recipients, attempts, orders)
VALUES (1, :queue, :recipients, :attempts, :orders)
ON CONFLICT (one) DO UPDATE
   SET queue = excluded.queue, recipients = excluded.recipients, attempts = excluded.attempts, orders = excluded.orders;

-- name: put
-- Add a row, or write it anew. Index: the rowid.
INSERT INTO _mail (
  recipient_id, id, status, sender, recipient, domain, destination, attempts, host, last_reply, reason, received_at,
  settled_at, size, subject, message_id, client, account)
VALUES (
  :recipient_id, :id, :status, :sender, :recipient, :domain, :destination, :attempts, :host, :last_reply, :reason,
  :received_at, :settled_at, :size, :subject, :message_id, :client, :account)
ON CONFLICT (recipient_id) DO UPDATE
   SET id = excluded.id, status = excluded.status, sender = excluded.sender, recipient = excluded.recipient,
       domain = excluded.domain, destination = excluded.destination, attempts = excluded.attempts, host = excluded.host,
       last_reply = excluded.last_reply, reason = excluded.reason, received_at = excluded.received_at,
       settled_at = excluded.settled_at, size = excluded.size, subject = excluded.subject,
       message_id = excluded.message_id, client = excluded.client, account = excluded.account;

-- name: newest
-- The newest rows up to :recipients, the newest first. Index: the rowid. Rows: recipient_id, id.
SELECT recipient_id, id FROM _mail WHERE recipient_id <= :recipients ORDER BY recipient_id DESC LIMIT :limit;

-- name: forget_above
-- Remove rows of a future that a restored queue has not had. Index: the rowid.
DELETE FROM _mail WHERE recipient_id > :recipients;

-- name: oldest
-- The oldest rows, and those up to :least. Rows from after :now, which a wrong clock has made, are passed over.
-- Index: the rowid. Rows: recipient_id, received_at.
SELECT recipient_id, received_at
  FROM _mail
 WHERE received_at <= :now OR recipient_id <= :least
 ORDER BY recipient_id
 LIMIT :limit;

-- name: last
-- Rows: one, the highest number of a recipient; NULL: there is none.
SELECT max(recipient_id) FROM _mail;

-- name: forget
-- Remove the row :recipient_id. Index: the rowid.
DELETE FROM _mail WHERE recipient_id = :recipient_id;

-- name: find
-- Up to :limit rows for which all conditions hold that are not NULL, the newest first. Index: words where :words is there,
-- else the rowid from its end. Rows: see PastEntry.
SELECT m.recipient_id, m.id, m.status, m.sender, m.recipient, m.domain, m.destination, m.attempts, m.host, m.last_reply,
       m.reason, m.received_at, m.settled_at, m.size, m.subject, m.message_id, m.client, m.account
  FROM _mail AS m
 WHERE {words}
   AND (:domain IS NULL OR m.domain = :domain)
   AND (:sender IS NULL OR lower(m.sender) = lower(:sender))
   AND (:recipient IS NULL OR lower(m.recipient) = lower(:recipient))
   AND (:status IS NULL OR m.status = :status)
   AND (:destination IS NULL OR m.destination = :destination)
   AND (:received_after IS NULL OR m.received_at >= :received_after)
   AND (:received_before IS NULL OR m.received_at < :received_before)
   AND (:reply IS NULL OR replace(lower(m.last_reply), lower(:reply), '') <> lower(m.last_reply))
   AND (:subject IS NULL OR replace(lower(m.subject), lower(:subject), '') <> lower(m.subject))
   AND (:message_id IS NULL OR m.message_id IN (:message_id, trim(:message_id, '<>')))
 ORDER BY m.recipient_id DESC
 LIMIT :limit;

-- name: named
-- Rows from :after to :last, without the first, with a text LIKE :pattern; ! escapes. Index: the rowid. Rows: as of find.
SELECT m.recipient_id, m.id, m.status, m.sender, m.recipient, m.domain, m.destination, m.attempts, m.host, m.last_reply,
       m.reason, m.received_at, m.settled_at, m.size, m.subject, m.message_id, m.client, m.account
  FROM _mail AS m
 WHERE m.recipient_id > :after
   AND m.recipient_id <= :last
   AND (m.sender LIKE :pattern ESCAPE '!'
        OR m.recipient LIKE :pattern ESCAPE '!'
        OR m.account LIKE :pattern ESCAPE '!'
        OR m.last_reply LIKE :pattern ESCAPE '!'
        OR m.reason LIKE :pattern ESCAPE '!'
        OR m.subject LIKE :pattern ESCAPE '!');

-- name: merge
-- Write :pages pages of the words anew, so that those of removed rows go; below 0: begin with all.
INSERT INTO words (words, rank) VALUES ('merge', :pages);
