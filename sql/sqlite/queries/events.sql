-- events.sql - an event that no trigger writes
-- Transaction: inside BEGIN IMMEDIATE.

-- name: report
-- The senders of the notices :notices (list of notice_id) are told, by the report :report_id or without one of its own.
-- Index: the rowids. json_patch leaves out the members that are NULL.
INSERT INTO _event (at, type, ulid, recipient_id, sender, recipient, account, detail)
SELECT :now, 'reported', m.ulid, r.recipient_id, m.reverse_path, r.address, m.account,
       json_patch('{}', json_object('report', n.kind, 'action', n.action, 'status', r.status, 'report_id', :report_id))
  FROM _notice AS n
  JOIN _recipient AS r ON r.recipient_id = n.recipient_id
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE n.notice_id IN (:notices[])
   AND EXISTS (SELECT 1 FROM _event_type WHERE type = 'reported' AND is_wanted)
 ORDER BY n.notice_id;
