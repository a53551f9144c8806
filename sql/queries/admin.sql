-- admin.sql - what people ask through empath-admin
-- Transaction: inside one BEGIN, so that the whole answer shows one instant.

-- name: message_by_ulid
-- Number of the message with the queue id :ulid. Index: the UNIQUE of ulid. Rows: none or one, message_id.
SELECT message_id FROM _message WHERE ulid = :ulid;

-- name: live_recipient
-- The recipient :address of the message :ulid, unless its fate is final. Index: the UNIQUE of ulid, _recipient_message.
-- Rows: none or one, recipient_id.
SELECT r.recipient_id
  FROM _message AS m
  JOIN _recipient AS r ON r.message_id = m.message_id
 WHERE m.ulid = :ulid
   AND r.address = :address
   AND r.status IN ('queued', 'deferred', 'leased', 'held');

-- name: message_by_recipient
-- Number of the message that recipient :recipient_id belongs to. Index: the rowid. Rows: none or one, message_id.
SELECT message_id FROM _recipient WHERE recipient_id = :recipient_id;

-- name: message
-- One message. Index: the rowid. Rows: none or one, see Message in storage/admin/snapshot.py.
SELECT ulid, node, reverse_path, size, digest, received_at, body_type, is_smtputf8, dsn_return, envelope_id, listener,
       client_address, client_name, account, tls_version, tls_cipher, header_message_id, subject, content_locator,
       (SELECT count(*) FROM _recipient AS r WHERE r.message_id = m.message_id)
  FROM _message AS m
 WHERE message_id = :message_id;

-- name: recipients
-- The recipients of one message with any status, or only :recipient_id if that is not NULL. suspended_until is NULL
-- unless the destination is suspended at :now (Unix seconds). Index: _recipient_message, _feedback_recipient. Rows: see Recipient in storage/admin/snapshot.py.
SELECT r.recipient_id, r.address, r.original, r.domain, d.name, r.status, r.ordered_status, r.priority, r.attempts,
       r.next_retry_at, r.expires_at, r.lost_leases, r.notify, r.original_recipient, r.last_reply, r.reason, r.settled_at,
       CASE WHEN d.suspended_until > :now THEN d.suspended_until END,
       r.sent_as,
       (SELECT f.kind || ': ' || coalesce(f.reply, '-') FROM _feedback AS f
         WHERE f.recipient_id = r.recipient_id ORDER BY f.feedback_id DESC LIMIT 1),
       (SELECT q.blocked_by FROM queue AS q WHERE q.recipient_id = r.recipient_id)
  FROM _recipient AS r
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.message_id = :message_id
   AND (CAST(:recipient_id AS bigint) IS NULL OR r.recipient_id = :recipient_id)
 ORDER BY r.recipient_id;

-- name: attempts
-- The attempts for those recipients, oldest first. Index: _recipient_message, _attempt_recipient.
-- Rows: recipient_id, then see AttemptRow in storage/admin/snapshot.py.
SELECT a.recipient_id, a.attempt_id, a.started_at, a.duration_s, a.connect_s, a.destination, a.host, a.peer_address,
       a.stage, a.code, a.enhanced, a.text, a.tls_policy, a.tls_version, a.tls_cipher, a.tls_peer, a.tls_failure,
       a.dnssec, a.source, a.outcome, a.decided_status, a.decided_next_retry_at, a.class
  FROM _recipient AS r
  JOIN _attempt AS a ON a.recipient_id = r.recipient_id
 WHERE r.message_id = :message_id
   AND (CAST(:recipient_id AS bigint) IS NULL OR r.recipient_id = :recipient_id)
 ORDER BY a.attempt_id;

-- name: added_fields
-- Fields that this host added above the message :ulid. Index: the UNIQUE of ulid. Rows: none or one, octets.
SELECT added_fields FROM _message WHERE ulid = :ulid;

-- name: inline_start
-- The first :limit octets of content that is kept in the database. Index: the rowid. Rows: none or one, octets.
SELECT substr(octets, 1, :limit) FROM _content WHERE message_id = :message_id;

-- name: count_by_status
-- How many recipients have each status. What was delivered is all that is not anything else, so no row of it is read.
-- Index: _recipient_live, _recipient_failed, _recipient_cancelled. Rows: status, count.
SELECT status, recipients FROM queue_by_status
UNION ALL
SELECT status, count(*) FROM _recipient WHERE status IN ('bounced', 'expired') GROUP BY status
UNION ALL
SELECT 'cancelled', count(*) FROM _recipient WHERE status = 'cancelled'
UNION ALL
SELECT 'delivered',
       (SELECT count(*) FROM _recipient)
       - (SELECT count(*) FROM _recipient WHERE is_live = 1)
       - (SELECT count(*) FROM _recipient WHERE status IN ('bounced', 'expired'))
       - (SELECT count(*) FROM _recipient WHERE status = 'cancelled');

-- name: held_by_empath
-- Recipients that Empath holds, not a person: each order's reason begins with the same word. Index: none, one pass.
-- Rows: one; count, reason of the oldest recipient among them.
SELECT count(*), reason
  FROM (SELECT reason FROM _recipient
         WHERE status = 'held' AND reason NOT LIKE 'administratively %' ORDER BY recipient_id) AS held;

-- name: live_messages
-- Messages that a live recipient waits for. Index: _recipient_live, the rowid. Rows: one of count, octets, oldest received_at.
SELECT count(*), coalesce(sum(m.size), 0), min(m.received_at)
  FROM _message AS m
 WHERE m.message_id IN (
   SELECT r.message_id FROM _recipient AS r WHERE r.is_live = 1);

-- name: live_ages
-- How many of these messages are younger at :now than a minute, 5 minutes, an hour, 6 hours, a day, 5 days, and any age.
-- Index: _recipient_live, the rowid. Rows: one, seven counts.
SELECT count(*) FILTER (WHERE m.received_at > :now - 60),
       count(*) FILTER (WHERE m.received_at > :now - 300),
       count(*) FILTER (WHERE m.received_at > :now - 3600),
       count(*) FILTER (WHERE m.received_at > :now - 21600),
       count(*) FILTER (WHERE m.received_at > :now - 86400),
       count(*) FILTER (WHERE m.received_at > :now - 432000),
       count(*)
  FROM _message AS m
 WHERE m.message_id IN (
   SELECT r.message_id FROM _recipient AS r WHERE r.is_live = 1);

-- name: busiest_destinations
-- The :limit destinations with the most live recipients. suspended_until is NULL unless the destination is suspended at :now
-- (Unix seconds). Rows: name, live, queued, deferred, leased, held, is_failing, suspended_until, blocked_by.
SELECT d.name, q.total, q.queued, q.deferred, q.leased, q.held, d.is_failing,
       CASE WHEN d.suspended_until > :now THEN d.suspended_until END,
       (SELECT b.blocked_by FROM _blocked AS b WHERE b.destination_id = d.destination_id)
  FROM (SELECT * FROM queue_by_destination ORDER BY total DESC, destination LIMIT :limit) AS q
  JOIN _destination AS d ON d.name = q.destination
 ORDER BY q.total DESC, d.name;

-- name: count_by_class
-- The attempts on record by class of failure, the most frequent first. Index: none, one pass over _attempt.
-- Rows: as the fields of ClassLoad in storage/admin/records.py.
SELECT class AS bounce_class, count(*) AS attempts, count(DISTINCT recipient_id) AS recipients,
       count(DISTINCT destination) AS destinations,
       count(*) FILTER (WHERE outcome = 'deferred') AS deferred,
       count(*) FILTER (WHERE outcome = 'bounced') AS bounced,
       count(*) FILTER (WHERE outcome = 'expired') AS expired,
       count(*) FILTER (WHERE outcome = 'next_host') AS next_host,
       max(started_at) AS last_at
  FROM _attempt
 WHERE class IS NOT NULL
 GROUP BY class
 ORDER BY attempts DESC, class;

-- name: count_destinations
-- Destinations with a live recipient. Rows: one.
SELECT count(*) FROM queue_by_destination;

-- name: frozen_since
-- When an operator stopped delivery. Rows: none while it is not stopped, else one: the instant as it was stored.
SELECT value FROM _setting WHERE name = 'frozen';

-- name: suspensions
-- The first :limit destinations that are suspended at :now (Unix seconds), or only :destination if that is not NULL.
-- Index: none, one pass over _destination. Rows: name, suspended_until, suspended_reason.
SELECT name, suspended_until, suspended_reason
  FROM _destination
 WHERE suspended_until > :now
   AND (CAST(:destination AS text) IS NULL OR name = :destination)
 ORDER BY name
 LIMIT :limit;

-- name: count_suspensions
-- How many there are. Rows: one.
SELECT count(*)
  FROM _destination
 WHERE suspended_until > :now
   AND (CAST(:destination AS text) IS NULL OR name = :destination);

-- name: processes
-- Runs of processes below :before (process_id; NULL: all), newest first, at most :limit; those that ended only if :has_ended is 1.
-- Index: the rowid. Rows: see ProcessRun in storage/admin/records.py; instants in Unix seconds.
SELECT process_id, slot, generation, node, instance, pid, started_unix, beat, beat_unix, ended_unix, leases, version,
       engine_version
  FROM process
 WHERE (CAST(:before AS bigint) IS NULL OR process_id < :before)
   AND (:has_ended OR ended_at IS NULL)
 ORDER BY process_id DESC
 LIMIT :limit;

-- name: last_activity
-- The latest beat of a process or arrival of one of the last 1000 messages, before :before (Unix seconds).
-- Indexes: the rowid. Rows: one, Unix seconds or NULL.
SELECT max(at)
  FROM (SELECT beat_at AS at FROM _process
        UNION ALL
        SELECT received_at FROM _message WHERE message_id > (SELECT max(message_id) FROM _message) - 1000) AS seen
 WHERE at < :before;

-- name: source_use
-- What went out from each address by the attempts that began at :since or later. The recipients of one transaction share
-- its lease and its start. Index: none, one pass over _attempt. Rows: the fields of storage.admin.sources.SourceUse.
SELECT source,
       count(DISTINCT CASE WHEN connect_s IS NOT NULL THEN lease_id || ' ' || started_at END) AS connections,
       sum(CASE WHEN outcome = 'delivered' THEN 1 ELSE 0 END) AS deliveries,
       sum(CASE WHEN outcome <> 'delivered' THEN 1 ELSE 0 END) AS failures
  FROM _attempt
 WHERE source IS NOT NULL
   AND started_at >= :since
 GROUP BY source
 ORDER BY source;
