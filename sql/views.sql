-- views.sql - the public read interface of the queue
--
-- Views are the supported names and columns; tables that begin with an underscore may change in any release.
-- Every instant stands twice: as UTC text for people, as Unix seconds (_unix) for arithmetic.

-- One row per live recipient: queued, deferred, leased or held.
CREATE VIEW queue AS
SELECT m.ulid                                     AS id,               -- queue id (ULID) of the message
       r.recipient_id                             AS recipient_id,     -- number of this recipient
       m.reverse_path                             AS sender,           -- reverse-path; '' is null
       r.address                                  AS recipient,        -- forward-path
       r.domain                                   AS domain,           -- domain of the forward-path
       d.name                                     AS destination,      -- queue key: next hop or domain
       r.status                                   AS status,           -- queued, deferred, leased or held
       r.ordered_status                           AS ordered,          -- order that waits for the end of the lease
       r.priority                                 AS priority,         -- class 0 (first) to 4
       datetime(r.next_retry_at, 'unixepoch')     AS next_retry_at,    -- next attempt not before, UTC
       r.next_retry_at                            AS next_retry_unix,  -- the same, Unix seconds
       datetime(r.expires_at, 'unixepoch')        AS expires_at,       -- end of its lifetime, UTC
       r.expires_at                               AS expires_unix,     -- the same, Unix seconds
       r.attempts                                 AS attempts,         -- settled attempts
       r.last_reply                               AS last_reply,       -- reply that decided the last attempt
       datetime(m.received_at, 'unixepoch')       AS received_at,      -- accepted, UTC
       m.received_at                              AS received_unix,    -- the same, Unix seconds
       m.size                                     AS size              -- octets of the content
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.status IN ('queued', 'deferred', 'leased', 'held');
