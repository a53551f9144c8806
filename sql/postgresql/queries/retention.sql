-- retention.sql - what is forgotten while others write, on PostgreSQL
-- A row that another transaction has locked stays for the next round, so that retention never waits.

-- name: forget_recipients
-- Forget those of :recipients (list of recipient_id) that still may be; an operator may have retried some meanwhile.
-- Index: the primary key. Rows: recipient_id, message_id.
WITH chosen AS (
  SELECT recipient_id
    FROM _recipient
   WHERE recipient_id IN (:recipients[])
     AND status IN ('delivered', 'bounced', 'expired', 'cancelled')
     AND coalesce(settled_at, expires_at) <=
         CASE WHEN status = 'delivered' THEN :delivered_before ELSE :final_before END
     AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.recipient_id = _recipient.recipient_id)
     FOR UPDATE SKIP LOCKED
)
DELETE FROM _recipient AS r
 USING chosen
 WHERE r.recipient_id = chosen.recipient_id
RETURNING r.recipient_id, r.message_id;

-- name: choose_messages
-- Those of :messages (list of message_id) that no other transaction has locked: who revives a recipient locks its message first.
-- The statements after it see what was committed before. Index: the primary key. Rows: message_id.
SELECT message_id FROM _message WHERE message_id IN (:messages[]) FOR UPDATE SKIP LOCKED;
