-- events.sql - an event that no trigger writes, on PostgreSQL
-- Transaction: that of the report.

-- name: report
-- The senders of the notices :notices (list of notice_id) are told, by the report :report_id or without one of its own.
-- Index: the primary keys.
INSERT INTO _event (at, type, ulid, recipient_id, sender, recipient, account, detail)
SELECT :now, 'reported', m.ulid, r.recipient_id, m.reverse_path, r.address, m.account,
       json_strip_nulls(json_build_object(
         'report', n.kind, 'action', n.action, 'status', r.status, 'report_id', CAST(:report_id AS text)))::text
  FROM _notice AS n
  JOIN _recipient AS r ON r.recipient_id = n.recipient_id
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE n.notice_id IN (:notices[])
   AND EXISTS (SELECT 1 FROM _event_type WHERE type = 'reported' AND is_wanted = 1)
 ORDER BY n.notice_id;
