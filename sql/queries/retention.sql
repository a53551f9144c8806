-- retention.sql - finished rows and contents are forgotten when they are old
-- Instants are Unix seconds. A recipient that a shell made final without settled_at counts from the end of its lifetime.
-- A recipient that is still to be reported (_notice) stays, and so does the content that the report quotes.

-- name: old_recipients
-- The next :limit recipients after :after, and whether each may be forgotten: delivered up to :delivered_before, final
-- otherwise up to :final_before. Transaction: none needed. Index: the rowid, of both tables.
-- Rows: recipient_id, received_at, its attempt rows (about), octets of inline content, 0 or 1.
SELECT r.recipient_id, m.received_at, r.attempts + r.lost_leases, CASE WHEN m.content_locator = 'inline' THEN m.size ELSE 0 END,
       r.status IN ('delivered', 'bounced', 'expired', 'cancelled')
       AND coalesce(r.settled_at, r.expires_at) <=
           CASE WHEN r.status = 'delivered' THEN :delivered_before ELSE :final_before END
       AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.recipient_id = r.recipient_id)
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id > :after
 ORDER BY r.recipient_id
 LIMIT :limit;

-- name: forget_recipients
-- Forget those of :recipients (list of recipient_id) that still may be; an operator may have retried some meanwhile.
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid. Rows: recipient_id, message_id.
DELETE FROM _recipient
 WHERE recipient_id IN (:recipients[])
   AND status IN ('delivered', 'bounced', 'expired', 'cancelled')
   AND coalesce(settled_at, expires_at) <=
       CASE WHEN status = 'delivered' THEN :delivered_before ELSE :final_before END
   AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.recipient_id = _recipient.recipient_id)
RETURNING recipient_id, message_id;

-- name: forget_attempts
-- The attempts for :recipients. Transaction: that of forget_recipients. Index: _attempt_recipient.
DELETE FROM _attempt WHERE recipient_id IN (:recipients[]);

-- name: forget_left_contents
-- Inline content of those of :messages (list of message_id) that have no recipient left.
-- Transaction: inside BEGIN IMMEDIATE, before forget_left_messages. Index: the rowid, _recipient_message.
DELETE FROM _content
 WHERE message_id IN (:messages[])
   AND NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.message_id = _content.message_id);

-- name: forget_left_messages
-- Those of :messages that have no recipient left; a trigger turns their files into garbage.
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid, _recipient_message.
DELETE FROM _message
 WHERE message_id IN (:messages[])
   AND NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.message_id = _message.message_id);

-- name: old_messages
-- The next :limit messages after :after, and whether each may lose something: it has no recipient, or it has content and
-- all its recipients were settled up to :content_before. Transaction: none needed. Index: the rowid, _recipient_message.
-- Rows: message_id, received_at, 0, octets of inline content, 0 or 1.
SELECT m.message_id, m.received_at, 0, CASE WHEN m.content_locator = 'inline' THEN m.size ELSE 0 END,
       NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.message_id = m.message_id)
       OR (m.content_locator IS NOT NULL
           AND NOT EXISTS (
             SELECT 1 FROM _recipient AS r
              WHERE r.message_id = m.message_id
                AND (r.status NOT IN ('delivered', 'bounced', 'expired', 'cancelled')
                     OR coalesce(r.settled_at, r.expires_at) > :content_before))
           AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.message_id = m.message_id))
  FROM _message AS m
 WHERE m.message_id > :after
 ORDER BY m.message_id
 LIMIT :limit;

-- name: choose_messages
-- Those of :messages (list of message_id) that are there; none of their recipients is revived until the transaction is over.
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid. Rows: message_id.
SELECT message_id FROM _message WHERE message_id IN (:messages[]);

-- name: forget_contents
-- The locator of those of :messages whose content no recipient needs; a trigger turns files into garbage.
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid, _recipient_message. Rows: message_id.
UPDATE _message SET content_locator = NULL, added_fields = :no_fields
 WHERE message_id IN (:messages[])
   AND content_locator IS NOT NULL
   AND NOT EXISTS (
     SELECT 1 FROM _recipient AS r
      WHERE r.message_id = _message.message_id
        AND (r.status NOT IN ('delivered', 'bounced', 'expired', 'cancelled')
             OR coalesce(r.settled_at, r.expires_at) > :content_before))
   AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.message_id = _message.message_id)
RETURNING message_id;

-- name: forget_inline_contents
-- The octets of :messages, whose locator was just removed. Transaction: that of forget_contents. Index: the rowid.
DELETE FROM _content WHERE message_id IN (:messages[]);

-- name: old_audit
-- The next :limit rows of the audit after :after, and whether each may be forgotten: written up to :audit_before, told to
-- the log, about no recipient that is still there, telling of no redacted row, and no statement of rows that are still there.
-- Transaction: none needed.
-- Index: the rowid, of both tables; _redacted_by.
-- Rows: audit_id, at, 0, 0, 0 or 1.
SELECT a.audit_id, a.at, 0, 0,
       a.at <= :audit_before
       AND a.audit_id <= (SELECT CAST(s.value AS bigint) FROM _setting AS s WHERE s.name = 'audit_told')
       AND NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.recipient_id = a.recipient_id)
       AND NOT EXISTS (SELECT 1 FROM _redacted AS d WHERE d.audit_id = a.audit_id)
       AND CASE
             WHEN a.what = 'statement' THEN NOT EXISTS (
               SELECT 1 FROM _audit AS b WHERE b.audit_id >= CAST(a.before AS bigint) AND b.audit_id < a.audit_id)
             ELSE true
           END
  FROM _audit AS a
 WHERE a.audit_id > :after
 ORDER BY a.audit_id
 LIMIT :limit;

-- name: allow_audit
-- Allow the removal of rows written up to :audit_before, until forbid_audit in this transaction.
INSERT INTO _setting (name, value) VALUES ('audit_forgotten_until', CAST(:audit_before AS text));

-- name: forbid_audit
-- Forbid removal again. The last statement of the transaction.
DELETE FROM _setting WHERE name = 'audit_forgotten_until';

-- name: forget_audit
-- The rows of :audit (list of audit_id), except those about a recipient that is still in the database, or telling of a
-- redacted row. Transaction: between allow_audit and forbid_audit. Index: the rowid, of both tables; _redacted_by.
DELETE FROM _audit
 WHERE audit_id IN (:audit[])
   AND at <= :audit_before
   AND NOT EXISTS (SELECT 1 FROM _recipient AS r WHERE r.recipient_id = _audit.recipient_id)
   AND NOT EXISTS (SELECT 1 FROM _redacted AS d WHERE d.audit_id = _audit.audit_id);

-- name: old_processes
-- Whether runs of processes ended up to :ended_before. Transaction: none needed. Index: the rowid, of few rows. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM _process WHERE ended_at <= :ended_before);

-- name: forget_processes
-- Runs of processes that ended up to :ended_before and hold no lease. Transaction: inside BEGIN IMMEDIATE.
-- Index: the rowid, of few rows; _lease_process.
DELETE FROM _process
 WHERE ended_at <= :ended_before
   AND NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.process_id = _process.process_id);
