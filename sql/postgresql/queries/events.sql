-- events.sql - events get their numbers, and one that no trigger writes, on PostgreSQL

-- name: is_unnumbered
-- Whether events have no number yet. Transaction: none. Rows: one.
SELECT EXISTS (SELECT 1 FROM _event_unnumbered);

-- name: lock_numbers
-- One process numbers at a time; events are read and written meanwhile. The first statement of its transaction.
LOCK TABLE _event IN SHARE ROW EXCLUSIVE MODE;

-- name: number
-- The next :limit events get the numbers after the last one. Index: the primary keys. Rows changed: their number.
WITH moved AS (
  DELETE FROM _event_unnumbered
   WHERE unnumbered_id IN (SELECT unnumbered_id FROM _event_unnumbered ORDER BY unnumbered_id LIMIT :limit)
  RETURNING unnumbered_id, at, type, ulid, recipient_id, sender, recipient, account, destination, detail
)
INSERT INTO _event (event_id, at, type, ulid, recipient_id, sender, recipient, account, destination, detail)
SELECT coalesce((SELECT max(event_id) FROM _event), 0) + row_number() OVER (ORDER BY unnumbered_id), at, type, ulid,
       recipient_id, sender, recipient, account, destination, detail
  FROM moved;

-- name: report
-- The senders of the notices :notices (list of notice_id) are told, by the report :report_id or without one of its own.
-- Transaction: that of the report. Index: the primary keys.
INSERT INTO _event_unnumbered (at, type, ulid, recipient_id, sender, recipient, account, detail)
SELECT :now, 'reported', m.ulid, r.recipient_id, m.reverse_path, r.address, m.account,
       json_strip_nulls(json_build_object(
         'report', n.kind, 'action', n.action, 'status', r.status, 'report_id', CAST(:report_id AS text)))::text
  FROM _notice AS n
  JOIN _recipient AS r ON r.recipient_id = n.recipient_id
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE n.notice_id IN (:notices[])
   AND EXISTS (SELECT 1 FROM _event_type WHERE type = 'reported' AND is_wanted = 1)
 ORDER BY n.notice_id;
