-- admin.sql - what people ask through empath-admin, on PostgreSQL
-- Transaction: inside one BEGIN, so that the whole answer shows one instant.

-- name: held_by_empath
-- Recipients that Empath holds, not a person: each order's reason begins with the same word. Index: none, one pass.
-- Rows: one; count, reason of the oldest recipient among them.
SELECT count(*), (array_agg(reason ORDER BY recipient_id))[1]
  FROM _recipient
 WHERE status = 'held'
   AND reason NOT LIKE 'administratively %';
