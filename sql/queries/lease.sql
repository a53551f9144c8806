-- lease.sql - what a worker reads of leases and their mail
-- _frozen is a view. How leases are taken is in the folder of each engine.

-- name: state
-- What decides whether leases are taken at all: whether an operator stopped delivery, and whether a failing destination is
-- ready at :now (Unix seconds). Index: _destination_ready. Rows: one of is_frozen, has_failing.
SELECT EXISTS (SELECT 1 FROM _frozen),
       EXISTS (SELECT 1 FROM _destination WHERE is_failing = 1 AND ready_at <= :now);

-- name: inline_contents
-- Contents of the messages in :messages (list of message_id). Transaction: none needed. Rows: message_id, octets.
SELECT message_id, octets FROM _content WHERE message_id IN (:messages[]);

-- name: inline_content
-- Content of one message. Transaction: none needed. Rows: none or one, octets.
SELECT octets FROM _content WHERE message_id = :message_id;
