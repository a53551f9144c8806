-- lease.sql - what a worker reads of leases and their mail
-- _frozen is a view. How leases are taken is in the folder of each engine.

-- name: state
-- What decides whether leases are taken at all: whether an operator stopped delivery, and whether a failing destination is
-- ready at :now (Unix seconds). Index: _destination_ready. Rows: one of is_frozen, has_failing.
SELECT EXISTS (SELECT 1 FROM _frozen),
       EXISTS (SELECT 1 FROM _destination WHERE is_failing = 1 AND ready_at <= :now);

-- name: orders
-- Recipients of a lease that must no longer be delivered to, and one NULL if the lease must stop at :now because its
-- destination is suspended or the lease is gone. Transaction: none needed. Index: _recipient_ordered, the rowids.
-- Rows: recipient_id.
SELECT recipient_id FROM _recipient WHERE lease_id = :lease_id AND ordered_status IS NOT NULL
UNION ALL
SELECT NULL
 WHERE NOT EXISTS (
   SELECT 1
     FROM _lease AS l
     JOIN _destination AS d ON d.destination_id = l.destination_id
    WHERE l.lease_id = :lease_id
      AND coalesce(d.suspended_until, 0.0) <= :now);

-- name: inline_contents
-- Contents of the messages in :messages (list of message_id). Transaction: none needed. Rows: message_id, octets.
SELECT message_id, octets FROM _content WHERE message_id IN (:messages[]);

-- name: inline_content
-- Content of one message. Transaction: none needed. Rows: none or one, octets.
SELECT octets FROM _content WHERE message_id = :message_id;
