-- reports.sql - open obligations to report become messages
-- An obligation is a row of _notice. The transaction that inserts the report removes it, so that each is met once.

-- name: open_notices
-- The next :limit pairs of message and kind after (:message_id, :kind) that have open notices, and whether their report
-- is due at :now (Unix seconds): no recipient of the message is leased or due up to :soon, or the oldest notice is
-- :patience seconds old. A notice from the future (the clock was set back) counts as old. Transaction: none needed.
-- Index: _notice_message, _recipient_message. Rows: message_id, kind, 0 or 1.
SELECT n.message_id, n.kind,
       abs(:now - min(n.created_at)) >= :patience
       OR NOT EXISTS (
         SELECT 1 FROM _recipient AS r
          WHERE r.message_id = n.message_id
            AND (r.status = 'leased' OR r.status IN ('queued', 'deferred') AND r.next_retry_at <= :soon))
  FROM _notice AS n
 WHERE (n.message_id, n.kind) > (:message_id, :kind)
 GROUP BY n.message_id, n.kind
 ORDER BY n.message_id, n.kind
 LIMIT :limit;

-- name: reported_message
-- What a report says about its message. Transaction: none needed. Index: the rowid.
-- Rows: none or one: ulid, received_at, is_smtputf8, envelope_id, header_message_id, subject,
-- reverse_path, size, dsn_return, locator, added_fields, listener, traceparent.
SELECT ulid, received_at, is_smtputf8, envelope_id, header_message_id, subject, reverse_path, size,
       -- RFC 8689 §5: the content must not go back without REQUIRETLS.
       CASE WHEN requires_tls = 1 THEN 'HDRS' ELSE dsn_return END, content_locator,
       added_fields, listener, traceparent
  FROM _message
 WHERE message_id = :message_id;

-- name: reported_recipients
-- The first :limit open notices of one message and kind, each with the attempt that decided the fate: not one that the
-- death of a process left in doubt, and not one at a host that passed the recipient on.
-- Transaction: none needed. Index: _notice_message, the rowid, _attempt_recipient.
-- Rows: notice_id, recipient_id, address, original, original_recipient, status, reason, expires_at, action, then the
-- attempt's end, host, stage, code, enhanced and text, all NULL if there was none.
SELECT n.notice_id, r.recipient_id, r.address, r.original, r.original_recipient, r.status, r.reason, r.expires_at, n.action,
       a.started_at + a.duration_s, a.host, a.stage, a.code, a.enhanced, a.text
  FROM _notice AS n
  JOIN _recipient AS r ON r.recipient_id = n.recipient_id
  LEFT JOIN _attempt AS a ON a.attempt_id = (
    SELECT max(b.attempt_id) FROM _attempt AS b
     WHERE b.recipient_id = n.recipient_id AND b.outcome NOT IN ('unknown', 'maybe_delivered', 'next_host'))
 WHERE n.message_id = :message_id
   AND n.kind = :kind
 ORDER BY n.notice_id
 LIMIT :limit;

-- name: content_start
-- The first :limit octets of inline content. Transaction: none needed. Index: the rowid. Rows: none or one.
SELECT substr(octets, 1, :limit) FROM _content WHERE message_id = :message_id;

-- name: close_notices
-- Remove the notices that were met. Transaction: that of meet_notices. Index: the rowid.
DELETE FROM _notice WHERE notice_id IN (:notices[]) AND is_met = 1;

-- name: meet_notices
-- Mark the :count notices of :notices as met if all of them are still open, else none. Transaction: inside BEGIN IMMEDIATE,
-- with the report. Index: the rowid.
UPDATE _notice SET is_met = 1
 WHERE notice_id IN (:notices[])
   AND :count = (SELECT count(*) FROM _notice AS n WHERE n.notice_id IN (:notices[]));

-- name: mark_delay_reported
-- Record that the delay was reported; that is done once for each message.
-- Transaction: that of count_notices. Index: the rowid.
UPDATE _message SET delay_reported_at = :now WHERE message_id = :message_id;

-- name: record_discarded
-- Record in the audit a failure that is reported to no one. Transaction: that of count_notices.
-- Index: the rowids.
INSERT INTO _audit (who, recipient_id, ulid, address, what, before, after)
SELECT 'empath', r.recipient_id, m.ulid, r.address, 'report', :kind, 'discarded'
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id = :recipient_id;
