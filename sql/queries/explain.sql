-- explain.sql - why mail is not delivered now: what `empath-admin explain` reads
-- Transaction: inside one BEGIN, so that the whole answer shows one instant. Instants are Unix seconds.

-- name: of_message
-- Up to :limit live recipients of the message :ulid, or only :recipient_id if that is not NULL. Index: the UNIQUE of ulid.
-- Rows: the columns of explanation.
SELECT * FROM explanation
 WHERE id = :ulid
   AND (CAST(:recipient_id AS bigint) IS NULL OR recipient_id = :recipient_id)
 ORDER BY recipient_id
 LIMIT :limit;

-- name: of_address
-- Up to :limit live recipients with the address :recipient, in any case, the oldest first. Index: none, one pass.
-- Rows: the same.
SELECT * FROM explanation
 WHERE lower(recipient) = lower(:recipient)
 ORDER BY recipient_id
 LIMIT :limit;

-- name: of_destination
-- The live recipients of :destination, or only those in :domain if that is not NULL, up to :limit: those under way, then
-- those that wait, as a lease takes them, then those on hold. Index: _lease_destination, _recipient_lease, _recipient_due,
-- _recipient_held, the rowid. Rows: the columns of explanation.
SELECT e.*
  FROM (SELECT * FROM (
          SELECT 0 AS turn, r.recipient_id, r.priority, r.next_retry_at
            FROM _lease AS l
            JOIN _recipient AS r ON r.lease_id = l.lease_id
           WHERE l.destination_id = (SELECT d.destination_id FROM _destination AS d WHERE d.name = :destination)
             AND (CAST(:domain AS text) IS NULL OR r.domain = :domain)
           LIMIT :limit) AS leased
        UNION ALL
        SELECT * FROM (
          SELECT 1 AS turn, w.recipient_id, w.priority, w.next_retry_at
            FROM _waiting AS w
           WHERE w.destination_id = (SELECT d.destination_id FROM _destination AS d WHERE d.name = :destination)
             AND w.priority IN (0, 1, 2, 3, 4)
             AND (CAST(:domain AS text) IS NULL
                  OR (SELECT r.domain FROM _recipient AS r WHERE r.recipient_id = w.recipient_id) = :domain)
           ORDER BY w.priority, w.next_retry_at
           LIMIT :limit) AS waiting
        UNION ALL
        SELECT * FROM (
          SELECT 2 AS turn, r.recipient_id, r.priority, r.next_retry_at
            FROM _recipient AS r
           WHERE r.status = 'held'
             AND r.destination_id = (SELECT d.destination_id FROM _destination AS d WHERE d.name = :destination)
             AND (CAST(:domain AS text) IS NULL OR r.domain = :domain)
           LIMIT :limit) AS held
       ) AS first
  JOIN explanation AS e ON e.recipient_id = first.recipient_id
 ORDER BY first.turn, first.priority, first.next_retry_at
 LIMIT :limit;

-- name: final
-- The recipients of the message :ulid that met their end, or only :recipient_id. Index: the UNIQUE of ulid,
-- _feedback_recipient. Rows: recipient_id, recipient, destination, status, reply or reason and what was reported later,
-- settled_at.
SELECT recipient_id, recipient, destination, status,
       CASE
         WHEN later IS NULL THEN coalesce(last_reply, reason)
         ELSE coalesce(last_reply, reason, '-') || '; reported later: ' || later
       END, settled_unix
  FROM (SELECT h.*,
               (SELECT f.kind || ' ' || coalesce(f.reply, '-') FROM feedback AS f
                 WHERE f.recipient_id = h.recipient_id ORDER BY f.feedback_id DESC LIMIT 1) AS later
          FROM history AS h
         WHERE h.id = :ulid
           AND (CAST(:recipient_id AS bigint) IS NULL OR h.recipient_id = :recipient_id)) AS ended
 ORDER BY recipient_id
 LIMIT :limit;

-- name: sent_by
-- What a route may depend on, of the message :ulid. Index: the UNIQUE of ulid. Rows: none or one.
SELECT reverse_path, account, metadata FROM _message WHERE ulid = :ulid;

-- name: message_of
-- Queue id of the message of a recipient with any status. Index: the rowids. Rows: none or one.
SELECT m.ulid
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id = :recipient_id;

-- name: destination
-- The state of :destination. Index: the UNIQUE of name. Rows: none or one, the fields of DestinationState there.
SELECT d.name AS destination, d.lease_limit, d.max_leases, d.lease_window, d.is_failing, d.breaker_until, d.openings,
       d.last_failure, d.suspended_until, d.suspended_reason, d.token_at, d.exchangers,
       (SELECT count(*) FROM _waiting AS w WHERE w.destination_id = d.destination_id AND w.priority IN (0, 1, 2, 3, 4)) AS waiting,
       (SELECT count(*) FROM _waiting AS w
         WHERE w.destination_id = d.destination_id AND w.priority IN (0, 1, 2, 3, 4) AND w.next_retry_at <= :now) AS due,
       (SELECT min(w.next_retry_at) FROM _waiting AS w
         WHERE w.destination_id = d.destination_id AND w.priority IN (0, 1, 2, 3, 4)) AS next_retry_at,
       (SELECT count(*) FROM _recipient AS r WHERE r.destination_id = d.destination_id AND r.status = 'held') AS held
  FROM _destination AS d
 WHERE d.name = :destination;

-- name: leases
-- Who holds the connections to :destination, the oldest lease first. Index: _lease_destination, _recipient_lease.
-- Rows: slot, leased_at, number of recipients.
SELECT p.slot, l.leased_at, (SELECT count(*) FROM _recipient AS r WHERE r.lease_id = l.lease_id)
  FROM _lease AS l
  JOIN _process AS p ON p.process_id = l.process_id
 WHERE l.destination_id = (SELECT d.destination_id FROM _destination AS d WHERE d.name = :destination)
 ORDER BY l.lease_id
 LIMIT :limit;

-- name: attempts
-- The last :limit attempts for :recipient_id, the newest first. Index: _attempt_recipient.
-- Rows: the fields of LastAttempt there.
SELECT a.started_at, a.host, a.peer_address, a.stage, a.text AS reply, a.outcome, a.class AS bounce_class, a.tls_policy,
       a.tls_version, a.tls_cipher, a.tls_peer, a.tls_failure, a.dnssec
  FROM _attempt AS a
 WHERE a.recipient_id = :recipient_id
 ORDER BY a.attempt_id DESC
 LIMIT :limit;

-- name: suspended_by
-- Who gave the last order about a suspension of :destination. Index: the rowid, from the end. Rows: none or one, who, at.
SELECT a.who, a.at
  FROM _audit AS a
 WHERE a.destination = :destination
   AND a.what = 'suspended_until_unix'
 ORDER BY a.audit_id DESC
 LIMIT 1;

-- name: answers
-- What the DNS cache has of :names (list). Index: the UNIQUE of name and type. Rows: the fields of KnownAnswer there.
SELECT name, type, status, answer, alias_of, dnssec, asked_at, expires_at, failure
  FROM _dns_cache
 WHERE name IN (:names[text])
 ORDER BY name, type;

-- name: buckets
-- The buckets :names (list) that are not full. Index: the primary key. Rows: name, full_at, token_at.
SELECT name, full_at, token_at FROM _bucket WHERE name IN (:names[text]) ORDER BY name;

-- name: suppression
-- The row that suppresses :address, or the domain :domain with its sign, at :now. Index: the primary key.
-- Rows: none to two, address, source, reason, created_at, expires_at.
SELECT address, source, reason, created_at, expires_at
  FROM _suppression
 WHERE address IN (:keys[text])
   AND (expires_at IS NULL OR expires_at > :now)
 ORDER BY length(address) DESC;
