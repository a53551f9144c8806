-- Version 2: the fields that this host adds above a message are stored apart from the octets that it received.
-- The content of older messages begins with these fields; it is delivered as it is, with nothing added.
ALTER TABLE _message ADD COLUMN added_fields BLOB NOT NULL DEFAULT X'';

-- A settled attempt resets the count of lost leases.
UPDATE _recipient
   SET lost_leases = (
     SELECT count(*) FROM _attempt AS a
      WHERE a.recipient_id = _recipient.recipient_id AND a.outcome = 'unknown'
        AND a.attempt_id > coalesce((
          SELECT max(b.attempt_id) FROM _attempt AS b
           WHERE b.recipient_id = _recipient.recipient_id
             AND b.outcome NOT IN ('next_host', 'unknown', 'maybe_delivered')), 0))
 WHERE lost_leases > 0 AND attempts > 0;
