-- repro.sql - what is copied with one message, from the attached queue `source`
-- Transaction: inside BEGIN IMMEDIATE of the copy. Rows of all but the last three: keys of their tables.

-- name: message
SELECT :message_id;

-- name: recipients
SELECT recipient_id FROM source._recipient WHERE message_id = :message_id;

-- name: leases
SELECT lease_id FROM source._recipient WHERE message_id = :message_id AND lease_id IS NOT NULL;

-- name: destinations
SELECT destination_id FROM source._recipient WHERE message_id = :message_id
UNION
SELECT l.destination_id
  FROM source._lease AS l
  JOIN source._recipient AS r ON r.lease_id = l.lease_id
 WHERE r.message_id = :message_id;

-- name: processes
SELECT a.process_id
  FROM source._attempt AS a
  JOIN source._recipient AS r ON r.recipient_id = a.recipient_id
 WHERE r.message_id = :message_id
UNION
SELECT l.process_id
  FROM source._lease AS l
  JOIN source._recipient AS r ON r.lease_id = l.lease_id
 WHERE r.message_id = :message_id;

-- name: config_revisions
-- The newest, and those that the attempts were made by.
SELECT p.config_revision
  FROM source._process AS p
  JOIN source._attempt AS a ON a.process_id = p.process_id
  JOIN source._recipient AS r ON r.recipient_id = a.recipient_id
 WHERE r.message_id = :message_id
UNION
SELECT max(revision) FROM source._config_revision;

-- name: attempts
SELECT a.attempt_id
  FROM source._attempt AS a
  JOIN source._recipient AS r ON r.recipient_id = a.recipient_id
 WHERE r.message_id = :message_id;

-- name: notices
SELECT notice_id FROM source._notice WHERE message_id = :message_id;

-- name: audit
SELECT audit_id FROM source._audit WHERE ulid = (SELECT ulid FROM source._message WHERE message_id = :message_id);

-- name: suppressions
SELECT s.address
  FROM source._suppression AS s
  JOIN source._recipient AS r ON r.address = s.address
 WHERE r.message_id = :message_id;

-- name: sts_policies
SELECT s.domain
  FROM source._sts_policy AS s
  JOIN source._recipient AS r ON r.domain = s.domain
 WHERE r.message_id = :message_id;

-- name: dns
-- The answers about the domains of its recipients, about their mail hosts, and about names below the domains.
SELECT c.dns_cache_id
  FROM source._dns_cache AS c
  JOIN source._recipient AS r ON r.message_id = :message_id
  JOIN source._destination AS d ON d.destination_id = r.destination_id
 WHERE c.name = r.domain
    OR c.name LIKE '%.' || r.domain
    OR instr(' ' || d.exchangers || ' ', ' ' || c.name || ' ');

-- name: leave_content_out
-- The content is :octets from now on. Rows: none.
UPDATE _message
   SET content_locator = 'inline', size = length(added_fields) + length(:octets), digest = :digest
 WHERE content_locator IS NOT NULL;

-- name: stand_in
INSERT INTO _content (message_id, octets)
SELECT message_id, :octets FROM _message WHERE content_locator = 'inline'
    ON CONFLICT (message_id) DO UPDATE SET octets = excluded.octets;

-- name: leave_headers_out
UPDATE _message
   SET size = size - length(added_fields) + length(CAST('X-Empath: masked' || char(13, 10) AS BLOB)),
       added_fields = CAST('X-Empath: masked' || char(13, 10) AS BLOB),
       subject = NULL, header_message_id = NULL, metadata = '{}', authentication = NULL, account = NULL, envelope_id = NULL;
