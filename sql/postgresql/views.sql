-- views.sql - the public read interface of the queue, on PostgreSQL
--
-- Names, columns and words are those of sql/sqlite/views.sql. What differs is how PostgreSQL says it. Where an answer depends
-- on the state of a destination, bells that no lease has answered yet count: what is shown is what the next lease will see.
-- control.sql defines what can be written through these views.

-- An instant in Unix seconds as text for people, UTC.
CREATE FUNCTION _text(at double precision) RETURNS text LANGUAGE sql STABLE
  RETURN to_char(to_timestamp(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS');

-- So that statements of docs/sql.md are the same here.
CREATE FUNCTION unixepoch() RETURNS bigint LANGUAGE sql VOLATILE
  RETURN floor(_now())::bigint;

-- Whether *given* is what a pattern stands for, in which a star stands for any text.
CREATE FUNCTION _fits(pattern text, given text) RETURNS boolean LANGUAGE sql IMMUTABLE
  RETURN given LIKE replace(replace(replace(replace(pattern, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%');

-- The clock, for views and triggers.
CREATE VIEW _clock AS
SELECT _now() AS now;  -- Unix seconds

-- Who makes the changes of this transaction, as the audit names it; a plain shell is 'sql'.
CREATE VIEW _author AS
SELECT coalesce(nullif(current_setting('empath.who', true), ''), 'sql') AS who;

-- What the next lease will find of a destination: its bells are answered, and its slots are counted.
CREATE VIEW _seen AS
SELECT s.destination_id, s.is_full, s.due_at,
       CASE
         WHEN s.is_full = 1 OR s.due_at IS NULL THEN NULL
         ELSE greatest(s.due_at, coalesce(s.breaker_until, 0.0), coalesce(s.suspended_until, 0.0), coalesce(s.token_at, 0.0))
       END AS ready_at
  FROM (SELECT d.destination_id, d.breaker_until, d.suspended_until, d.token_at,
               least(d.due_at, (SELECT min(b.due_at) FROM _bell AS b WHERE b.destination_id = d.destination_id)) AS due_at,
               CASE
                 WHEN (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) >= d.lease_limit THEN 1
                 ELSE 0
               END AS is_full
          FROM _destination AS d) AS s;

-- Why due mail of a destination does not go out now; NULL: it may.
CREATE VIEW _blocked AS
SELECT d.destination_id AS destination_id,
       CASE
         WHEN EXISTS (SELECT 1 FROM _frozen) THEN 'frozen'
         WHEN d.suspended_until > _now()
           THEN 'suspended until ' || _text(d.suspended_until) || coalesce(' (' || d.suspended_reason || ')', '')
         WHEN d.breaker_until > _now()
           THEN 'breaker open until ' || _text(d.breaker_until) || coalesce(' after ' || d.last_failure, '')
         WHEN d.token_at > _now()
           OR EXISTS (SELECT 1 FROM _bucket WHERE name = 'all' AND token_at > _now()) THEN 'rate'
         WHEN (SELECT s.is_full = 1 AND s.due_at <= _now() FROM _seen AS s WHERE s.destination_id = d.destination_id)
           THEN CASE WHEN d.breaker_until IS NULL THEN 'concurrency' ELSE 'breaker half open: a probe is under way' END
       END AS blocked_by
  FROM _destination AS d;

-- One row per live recipient: queued, deferred, leased or held. Writable: status, next_retry_at, priority, expires_at.
-- DELETE cancels the recipient.
CREATE VIEW queue AS
SELECT m.ulid                                        AS id,                       -- queue id (ULID) of the message
       r.recipient_id                                AS recipient_id,             -- number of this recipient
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       r.address                                     AS recipient,                -- forward-path
       r.domain                                      AS domain,                   -- domain of the forward-path
       d.name                                        AS destination,              -- queue key: next hop or domain
       r.status                                      AS status,                   -- queued, deferred, leased or held
       r.ordered_status AS ordered,  -- order that waits for the end of the lease
       coalesce(r.ordered_status, r.status) AS wanted,  -- status that it will have: ordered, else status; for WHERE
       _text(r.ordered_next_retry_at) AS ordered_next_retry_at,  -- ordered instant of the next attempt, UTC
       r.ordered_next_retry_at                       AS ordered_next_retry_unix,  -- the same in Unix seconds
       r.priority                                    AS priority,                 -- class 0 (first) to 4
       _text(r.next_retry_at)        AS next_retry_at,            -- earliest instant of the next attempt, UTC
       r.next_retry_at                               AS next_retry_unix,          -- the same in Unix seconds
       _text(r.expires_at)           AS expires_at,               -- end of the lifetime, UTC
       r.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       r.attempts                                    AS attempts,                 -- number of settled attempts
       r.last_reply                                  AS last_reply,               -- reply that decided the last attempt
       r.reason                                      AS reason,                   -- reason of a hold
       _text(m.received_at)          AS received_at,              -- instant of acceptance, UTC
       m.received_at                                 AS received_unix,            -- the same in Unix seconds
       m.size                                        AS size,                     -- octets of the content
       (SELECT a.class FROM _attempt AS a WHERE a.recipient_id = r.recipient_id ORDER BY a.attempt_id DESC LIMIT 1) AS class,  -- kind of failure that the last attempt met
       CASE
         WHEN (r.status = 'queued' OR r.status = 'deferred')
          AND r.next_retry_at <= greatest(_now(), coalesce(d.suspended_until, 0.0), coalesce(d.breaker_until, 0.0))
           THEN (SELECT b.blocked_by FROM _blocked AS b WHERE b.destination_id = r.destination_id)
         WHEN (r.status = 'queued' OR r.status = 'deferred') AND r.next_retry_at = r.held_back_until AND r.next_retry_at > _now()
           THEN 'sender rate'
       END AS blocked_by,  -- why it waits longer than its last attempt led to: as in destination, or 'sender rate'; NULL: nothing else holds it back
       r.sent_as AS sent_as  -- reverse-path that the next host gets in place of sender: its mail is forwarded; NULL: it is sender
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.is_live = 1;

-- One row per recipient that was live at an earlier instant, as attempts and audit tell of it. INSERT INTO queue_at (at) gives the instant.
CREATE VIEW queue_at AS
SELECT _text(q.at)                   AS at,                       -- the instant, UTC
       q.at                                          AS at_unix,                  -- the same in Unix seconds
       q.id                                          AS id,                       -- queue id (ULID) of the message
       q.recipient_id                                AS recipient_id,             -- number of this recipient
       q.sender                                      AS sender,                   -- reverse-path; '' is null
       q.recipient                                   AS recipient,                -- forward-path
       q.domain                                      AS domain,                   -- domain of the forward-path
       q.destination                                 AS destination,              -- queue key: next hop or domain
       CASE WHEN q.is_under_way AND q.fate <> 'held' THEN 'leased' ELSE q.fate END AS status,  -- queued, deferred, held; leased: an attempt was under way
       q.priority                                    AS priority,                 -- class 0 (first) to 4
       _text(q.next_retry_unix)      AS next_retry_at,            -- next attempt, as attempts and orders decided it, UTC
       q.next_retry_unix                             AS next_retry_unix,          -- the same in Unix seconds
       _text(q.expires_unix)         AS expires_at,               -- end of the lifetime, UTC
       q.expires_unix                                AS expires_unix,             -- the same in Unix seconds
       q.attempts                                    AS attempts,                 -- number of attempts that were settled by then
       q.last_reply                                  AS last_reply,               -- reply that decided the last of them
       q.class                                       AS class,                    -- kind of failure that the last of them met
       _text(q.received_unix)        AS received_at,              -- instant of acceptance, UTC
       q.received_unix                               AS received_unix,            -- the same in Unix seconds
       q.size                                        AS size                      -- octets of the content
  FROM (SELECT p.at AS at, m.ulid AS id, r.recipient_id AS recipient_id, m.reverse_path AS sender, r.address AS recipient,
               r.domain AS domain, m.received_at AS received_unix, m.size AS size,
               coalesce(
                 (SELECT a.destination FROM _attempt AS a
                   WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                   ORDER BY a.attempt_id LIMIT 1),
                 d.name) AS destination,
               -- The last record up to the instant; else what the next one says of before; else what never changed.
               CASE
                 WHEN coalesce(r.settled_at, 0.0) > p.at
                   OR EXISTS (SELECT 1 FROM _attempt AS a
                               WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                                 AND a.decided_status <> 'unchanged')
                   OR EXISTS (SELECT 1 FROM _audit AS u
                               WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'status')
                   THEN coalesce(
                     (SELECT f.status
                        FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number,
                                     a.decided_status AS status
                                FROM _attempt AS a
                               WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                                 AND a.decided_status <> 'unchanged'
                              UNION ALL
                              SELECT u.at, 1, u.audit_id, u.after
                                FROM _audit AS u
                               WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'status') AS f
                       ORDER BY f.at DESC, f.place DESC, f.number DESC LIMIT 1),
                     (SELECT nullif(u.before, 'leased') FROM _audit AS u
                       WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'status'
                         AND NOT EXISTS (SELECT 1 FROM _attempt AS a
                                          WHERE a.recipient_id = r.recipient_id AND a.decided_status <> 'unchanged'
                                            AND a.started_at + a.duration_s < u.at)
                       ORDER BY u.audit_id LIMIT 1),
                     'queued')
                 WHEN r.status <> 'leased' THEN r.status
                 WHEN r.attempts = 0 THEN 'queued'
                 ELSE 'deferred'
               END AS fate,
               EXISTS (SELECT 1 FROM _attempt AS a
                        WHERE a.recipient_id = r.recipient_id AND a.started_at <= p.at
                          AND a.started_at + a.duration_s > p.at)
               OR EXISTS (SELECT 1 FROM _lease AS l WHERE l.lease_id = r.lease_id AND l.leased_at <= p.at) AS is_under_way,
               coalesce(
                 (SELECT u.after::smallint FROM _audit AS u
                   WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'priority'
                   ORDER BY u.audit_id DESC LIMIT 1),
                 (SELECT u.before::smallint FROM _audit AS u
                   WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'priority'
                   ORDER BY u.audit_id LIMIT 1),
                 r.priority) AS priority,
               coalesce(
                 (SELECT f.next_retry_at
                    FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number,
                                 a.decided_next_retry_at AS next_retry_at
                            FROM _attempt AS a
                           WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                             AND a.decided_next_retry_at IS NOT NULL
                          UNION ALL
                          SELECT u.at, 1, u.audit_id, u.after::double precision
                            FROM _audit AS u
                           WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'next_retry_unix') AS f
                   ORDER BY f.at DESC, f.place DESC, f.number DESC LIMIT 1),
                 (SELECT coalesce(f.before, m.received_at)
                    FROM (SELECT a.started_at + a.duration_s AS at, 0 AS place, a.attempt_id AS number,
                                 NULL::double precision AS before
                            FROM _attempt AS a
                           WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                             AND a.decided_next_retry_at IS NOT NULL
                          UNION ALL
                          SELECT u.at, 1, u.audit_id, u.before::double precision
                            FROM _audit AS u
                           WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'next_retry_unix') AS f
                   ORDER BY f.at, f.place, f.number LIMIT 1),
                 r.next_retry_at) AS next_retry_unix,
               coalesce(
                 (SELECT u.after::double precision FROM _audit AS u
                   WHERE u.recipient_id = r.recipient_id AND u.at <= p.at AND u.what = 'expires_unix'
                   ORDER BY u.audit_id DESC LIMIT 1),
                 (SELECT u.before::double precision FROM _audit AS u
                   WHERE u.recipient_id = r.recipient_id AND u.at > p.at AND u.what = 'expires_unix'
                   ORDER BY u.audit_id LIMIT 1),
                 r.expires_at) AS expires_unix,
               r.attempts - (
                 SELECT count(*) FROM _attempt AS a
                  WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s > p.at
                    AND a.outcome <> 'next_host' AND a.outcome <> 'unknown' AND a.outcome <> 'maybe_delivered') AS attempts,
               (SELECT a.text FROM _attempt AS a
                 WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                   AND a.outcome <> 'next_host' AND a.outcome <> 'unknown' AND a.outcome <> 'maybe_delivered'
                 ORDER BY a.attempt_id DESC LIMIT 1) AS last_reply,
               (SELECT a.class FROM _attempt AS a
                 WHERE a.recipient_id = r.recipient_id AND a.started_at + a.duration_s <= p.at
                 ORDER BY a.attempt_id DESC LIMIT 1) AS class
          FROM (SELECT CAST(value AS double precision) AS at FROM _setting WHERE name = 'queue_at') AS p
          JOIN _recipient AS r
            ON r.is_live = 1 OR coalesce(r.settled_at, r.expires_at) > p.at
          JOIN _message AS m ON m.message_id = r.message_id AND m.received_at <= p.at
          JOIN _destination AS d ON d.destination_id = r.destination_id) AS q
 WHERE q.fate IN ('queued', 'deferred', 'held');

-- What each live recipient waits for. A lease may take it if it is in _waiting, next_retry_at and ready_at have come and
-- delivery is not frozen: the first condition of blocked_by says this by the same columns. The others find the reason.
CREATE VIEW _standing AS
SELECT s.*,
       CASE
         WHEN s.status = 'leased' THEN 'delivery'
         WHEN s.status = 'held' THEN 'hold'
         WHEN s.is_frozen THEN 'freeze'
         WHEN s.ready_at <= s.now AND greatest(s.next_retry_at, s.all_token_at) <= s.now
          -- Half open, the breaker lets the first message pass, and those with a recipient whose lifetime is over.
          AND (s.breaker_until IS NULL
               OR s.message_id = (
                 SELECT w.message_id
                   FROM _waiting AS w
                  WHERE w.destination_id = s.destination_id
                    AND w.priority IN (0, 1, 2, 3, 4)
                    AND w.next_retry_at <= s.now
                  ORDER BY w.priority, w.next_retry_at
                  LIMIT 1)
               OR EXISTS (
                 SELECT 1
                   FROM _waiting AS w
                  WHERE w.message_id = s.message_id
                    AND w.destination_id = s.destination_id
                    AND w.next_retry_at <= s.now
                    AND w.expires_at <= s.now))
           THEN CASE WHEN s.has_worker THEN NULL ELSE 'no worker' END
         WHEN s.earliest_at > s.now AND s.earliest_at = s.suspended_until
           THEN CASE
                  WHEN s.suspended_reason LIKE 'warm-up: %' THEN 'warm-up'
                  WHEN s.suspended_reason LIKE 'closed by %' THEN 'hours'
                  ELSE 'suspension'
                END
         WHEN s.earliest_at > s.now AND s.earliest_at = s.breaker_until THEN 'breaker'
         WHEN s.earliest_at > s.now AND s.earliest_at = s.next_retry_at
           THEN CASE
                  WHEN s.next_retry_at = s.held_back_until THEN 'sender rate'
                  WHEN s.attempts > 0 THEN 'retry'
                  ELSE 'not due'
                END
         WHEN s.earliest_at > s.now THEN 'rate'
         WHEN s.breaker_until IS NOT NULL THEN 'probe'
         WHEN s.is_full = 1 THEN 'concurrency'
         ELSE 'bound'
       END AS blocked_by
  FROM (SELECT r.recipient_id, r.message_id, r.destination_id, r.address, r.domain, r.status, r.next_retry_at, r.expires_at,
               r.held_back_until, r.attempts, r.last_reply, r.reason, r.lease_id,
               d.name AS destination, e.ready_at, d.suspended_until, d.suspended_reason, d.breaker_until, d.token_at,
               e.is_full, d.max_leases, d.lease_window, d.lease_limit, d.openings, d.last_failure,
               _now() AS now,
               EXISTS (SELECT 1 FROM _frozen) AS is_frozen,
               coalesce((SELECT b.token_at FROM _bucket AS b WHERE b.name = 'all'), 0.0) AS all_token_at,
               greatest(r.next_retry_at, coalesce(d.suspended_until, 0.0), coalesce(d.breaker_until, 0.0), coalesce(d.token_at, 0.0), coalesce((SELECT b.token_at FROM _bucket AS b WHERE b.name = 'all'), 0.0)) AS earliest_at,
               EXISTS (
                 SELECT 1 FROM _process AS p
                  WHERE p.ended_at IS NULL
                    AND p.slot LIKE 'worker-%'
                    AND p.beat_at > _now() - 30.0) AS has_worker
          FROM _recipient AS r
          JOIN _destination AS d ON d.destination_id = r.destination_id
          JOIN _seen AS e ON e.destination_id = r.destination_id
         WHERE r.is_live = 1) AS s;

-- One row per live recipient: why it is not delivered now, what decides that, and when that ends.
CREATE VIEW explanation AS
SELECT m.ulid                                        AS id,                       -- queue id (ULID) of the message
       s.recipient_id                                AS recipient_id,             -- number of this recipient
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       s.address                                     AS recipient,                -- forward-path
       s.domain                                      AS domain,                   -- domain of the forward-path
       s.destination                                 AS destination,              -- queue key: next hop or domain
       s.status                                      AS status,                   -- queued, deferred, leased or held
       s.blocked_by AS blocked_by,  -- what it waits for, a word of the table in docs/sql.md; NULL: nothing, a worker takes it in its turn
       CASE WHEN s.earliest_at > s.now AND s.status <> 'leased' AND s.status <> 'held' AND NOT s.is_frozen THEN _text(s.earliest_at) END AS until,  -- instant at which that ends, UTC; NULL: an event ends it, or it has ended
       CASE WHEN s.earliest_at > s.now AND s.status <> 'leased' AND s.status <> 'held' AND NOT s.is_frozen THEN s.earliest_at END AS until_unix,  -- the same in Unix seconds
       CASE s.blocked_by
         WHEN 'delivery' THEN (
           SELECT p.slot || ' has it since ' || _text(l.leased_at)
             FROM _lease AS l
             JOIN _process AS p ON p.process_id = l.process_id
            WHERE l.lease_id = s.lease_id)
         WHEN 'hold' THEN coalesce(s.reason, 'held') || coalesce((
           SELECT CASE WHEN strpos(s.reason, ' by ' || a.who) > 0 THEN '' ELSE ' by ' || a.who END FROM _audit AS a
            WHERE a.recipient_id = s.recipient_id AND a.what = 'status' AND a.after = 'held'
            ORDER BY a.audit_id DESC
            LIMIT 1), '')
         WHEN 'freeze' THEN 'frozen since ' || (SELECT since FROM _frozen) || coalesce(' by ' || (
           SELECT c.who FROM _control AS c WHERE c.verb = 'freeze' ORDER BY c.control_id DESC LIMIT 1), '')
         WHEN 'suspension' THEN 'suspended_until of the destination' || coalesce(': ' || s.suspended_reason, '')
         WHEN 'hours' THEN s.suspended_reason
         WHEN 'warm-up' THEN s.suspended_reason
         WHEN 'breaker' THEN 'circuit breaker, opened ' || s.openings || CASE WHEN s.openings = 1 THEN ' time' ELSE ' times' END || coalesce('; ' || s.last_failure, '')
         WHEN 'probe' THEN 'circuit breaker half open: one message goes first' || coalesce('; ' || s.last_failure, '')
         WHEN 'retry' THEN s.attempts || CASE WHEN s.attempts = 1 THEN ' attempt' ELSE ' attempts' END || coalesce('; ' || s.last_reply, '')
         WHEN 'sender rate' THEN 'rate of the sender, in [senders]'
         WHEN 'rate' THEN CASE WHEN s.earliest_at = s.token_at THEN 'rate of the destination or its provider' ELSE '[delivery] rate' END
         WHEN 'concurrency' THEN (SELECT count(*) FROM _lease AS l WHERE l.destination_id = s.destination_id) || ' of ' || s.lease_limit || ' connections in use' || CASE WHEN s.lease_limit < s.max_leases THEN '; concurrency ' || s.max_leases || ', fewer after failures' ELSE ', the limit of concurrency' END
         WHEN 'no worker' THEN 'no worker gives a sign of life'
         WHEN 'not due' THEN 'next_retry_at'
         WHEN 'bound' THEN 'due_at of the destination is late; `empath-admin fsck` says why'
       END AS rule,  -- what decides it: the order, rule, setting or row, with its author or its evidence
       CASE
         WHEN s.status = 'held' THEN NULL
         WHEN EXISTS (
           SELECT 1 FROM _suppression AS x
            WHERE (x.address = lower(s.address) OR x.address = '@' || s.domain)
              AND coalesce(x.expires_at > s.now, true)) THEN 'bounces: the address is suppressed'
         WHEN EXISTS (
           SELECT 1 FROM _hold_rule AS h
            WHERE coalesce(h.expires_at > s.now, true)
              AND CASE h.scope
                    WHEN 'sender' THEN h.pattern = CASE WHEN m.reverse_path = '' THEN '<>' ELSE lower(m.reverse_path) END OR h.pattern LIKE '@%' AND _fits('*' || h.pattern, lower(m.reverse_path))
                    WHEN 'recipient' THEN h.pattern = lower(s.address) OR h.pattern LIKE '@%' AND _fits('*' || h.pattern, lower(s.address))
                    WHEN 'account' THEN h.pattern = m.account
                    WHEN 'client' THEN h.pattern IN (m.client_address, '::ffff:' || m.client_address)
                    ELSE h.pattern IN ('*', s.domain, s.domain || '.', s.destination) OR h.pattern LIKE '*.%' AND (_fits(h.pattern, s.domain) OR _fits(h.pattern, s.destination))
                  END
              AND NOT EXISTS (
                SELECT 1 FROM _audit AS a
                 WHERE a.recipient_id = s.recipient_id AND a.what = 'status' AND a.before = 'held' AND a.after IN ('queued', 'deferred') AND a.at >= h.created_at)) THEN 'is held: a hold rule is about it'
         WHEN s.destination = 'no-route:' THEN 'no route leads to a host'
         WHEN s.expires_at <= greatest(s.now, s.earliest_at) THEN 'expires unless it is delivered'
       END AS next_attempt,  -- what the next attempt will do, where that is known before; NULL: it is made
       _text(s.next_retry_at)        AS next_retry_at,            -- earliest instant of the next attempt, as in queue, UTC
       s.next_retry_at                               AS next_retry_unix,          -- the same in Unix seconds
       _text(s.expires_at)           AS expires_at,               -- end of the lifetime, UTC
       s.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       s.attempts                                    AS attempts,                 -- number of settled attempts
       s.last_reply                                  AS last_reply,               -- reply that decided the last attempt
       (SELECT p.slot FROM _lease AS l JOIN _process AS p ON p.process_id = l.process_id WHERE l.lease_id = s.lease_id) AS process,  -- slot of the worker that delivers it now; NULL: none
       _text(m.received_at)          AS received_at,              -- instant of acceptance, UTC
       m.received_at                                 AS received_unix             -- the same in Unix seconds
  FROM _standing AS s
  JOIN _message AS m ON m.message_id = s.message_id;

-- One row per destination with mail that waits longer than it should: it is due for more than five minutes, or the oldest
-- was accepted more than an hour ago. Held mail has a row of its own, an hour after it was accepted.
CREATE VIEW stuck AS
SELECT d.name                                        AS destination,              -- queue key: next hop or domain
       w.recipients                                  AS recipients,               -- number of its recipients that wait, or that are held
       w.due                                         AS due,                      -- number of those whose next_retry_at has come
       _text(m.received_at)          AS oldest_at,                -- instant of acceptance of the oldest, UTC
       m.received_at                                 AS oldest_unix,              -- the same in Unix seconds
       round(w.now - m.received_at)                  AS age_s,                    -- its age in seconds
       CASE WHEN w.first_at <= w.now THEN round(w.now - w.first_at) ELSE 0.0 END AS overdue_s,  -- seconds since the first of them was due
       m.ulid                                        AS id,                       -- queue id of the oldest, for `empath-admin explain`
       e.recipient_id                                AS recipient_id,             -- number of the oldest recipient
       e.blocked_by                                  AS blocked_by,               -- what the oldest waits for, as in explanation; NULL: its turn
       e.until                                       AS until,                    -- instant at which that ends, UTC; NULL: an event ends it
       e.until_unix                                  AS until_unix,               -- the same in Unix seconds
       e.rule                                        AS rule,                     -- what decides it, as in explanation
       e.last_reply                                  AS last_reply                -- reply that decided the last attempt for the oldest
  FROM (SELECT destination_id, count(*) AS recipients, min(recipient_id) AS oldest, min(next_retry_at) AS first_at,
               count(*) FILTER (WHERE next_retry_at <= _now()) AS due,
               _now() AS now
          FROM _recipient
         WHERE status IN ('queued', 'deferred')
         GROUP BY destination_id
        UNION ALL
        SELECT destination_id, count(*), min(recipient_id), NULL, 0, _now()
          FROM _recipient
         WHERE status = 'held'
         GROUP BY destination_id) AS w
 JOIN _destination AS d ON d.destination_id = w.destination_id
 JOIN explanation AS e ON e.recipient_id = w.oldest
 JOIN _message AS m ON m.ulid = e.id
 WHERE m.received_at <= w.now - 3600.0
    OR w.first_at <= w.now - 300.0;

-- The last message that was accepted longer ago than so many minutes; 0: none. Messages are numbered in the order of their
-- acceptance, so that halving finds it in twenty steps.
CREATE VIEW _age_bound AS
WITH RECURSIVE search (minutes, accepted_at, older, younger) AS (
  SELECT column1, _now() - column1 * 60.0, 0::bigint, (SELECT coalesce(max(message_id), 0) + 1 FROM _message)
    FROM (VALUES (5), (10), (20), (40), (80), (160), (320), (640), (1280)) AS ages
  UNION ALL
  SELECT s.minutes, s.accepted_at,
         CASE WHEN m.received_at <= s.accepted_at THEN (s.older + s.younger) / 2 ELSE s.older END,
         CASE WHEN m.received_at <= s.accepted_at THEN s.younger ELSE (s.older + s.younger) / 2 END
    FROM search AS s
    LEFT JOIN _message AS m
      ON m.message_id = (SELECT min(n.message_id) FROM _message AS n WHERE n.message_id >= (s.older + s.younger) / 2)
   WHERE s.younger - s.older > 1)
SELECT minutes, max(older) AS message_id
  FROM search
 GROUP BY minutes;

-- One row per domain of recipients with live mail: how many recipients were accepted how many minutes ago. The columns are the
-- age classes of Postfix's qshape.
CREATE VIEW queue_by_domain AS
SELECT c.domain                                      AS domain,                   -- domain of the forward-paths
       c.total                                       AS total,                    -- number of live recipients
       c.total - c.over_5m                           AS under_5m,                  -- number of those accepted less than 5 minutes ago
       c.over_5m - c.over_10m                        AS under_10m,                 -- 5 to 10 minutes ago
       c.over_10m - c.over_20m                       AS under_20m,                 -- 10 to 20
       c.over_20m - c.over_40m                       AS under_40m,                 -- 20 to 40
       c.over_40m - c.over_80m                       AS under_80m,                 -- 40 to 80
       c.over_80m - c.over_160m                      AS under_160m,                -- 80 to 160
       c.over_160m - c.over_320m                     AS under_320m,                -- 160 to 320
       c.over_320m - c.over_640m                     AS under_640m,                -- 320 to 640
       c.over_640m - c.over_1280m                    AS under_1280m,               -- 640 to 1280
       c.over_1280m                                  AS over_1280m,               -- 1280 minutes ago and more
       _text(m.received_at)          AS oldest_at,                -- instant of acceptance of the oldest, UTC
       m.received_at                                 AS oldest_unix               -- the same in Unix seconds
  FROM (SELECT domain, count(*) AS total, min(message_id) AS oldest,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 5)) AS over_5m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 10)) AS over_10m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 20)) AS over_20m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 40)) AS over_40m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 80)) AS over_80m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 160)) AS over_160m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 320)) AS over_320m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 640)) AS over_640m,
               count(*) FILTER (WHERE message_id <= (SELECT b.message_id FROM _age_bound AS b WHERE b.minutes = 1280)) AS over_1280m
          FROM _recipient
         WHERE is_live = 1
         GROUP BY domain) AS c
 JOIN _message AS m ON m.message_id = c.oldest;

-- One row per status of live recipients, counted in one pass over an index.
CREATE VIEW queue_by_status AS
WITH waiting (queued, queued_due, queued_at, deferred, deferred_due, deferred_at) AS MATERIALIZED (
  SELECT count(*) FILTER (WHERE status = 'queued'),
         count(*) FILTER (WHERE status = 'queued' AND next_retry_at <= _now()),
         min(next_retry_at) FILTER (WHERE status = 'queued'),
         count(*) FILTER (WHERE status = 'deferred'),
         count(*) FILTER (WHERE status = 'deferred' AND next_retry_at <= _now()),
         min(next_retry_at) FILTER (WHERE status = 'deferred')
    FROM _recipient
   WHERE status IN ('queued', 'deferred'))
SELECT c.status                                      AS status,                   -- queued, deferred, leased, held; each has a row
       c.recipients                                  AS recipients,               -- number of recipients
       c.due                                         AS due,                      -- number of those whose next_retry_at has come; of leased and held: 0
       _text(c.next_retry_at)        AS next_retry_at,            -- the earliest of them, UTC; NULL: none, or leased or held
       c.next_retry_at                               AS next_retry_unix           -- the same in Unix seconds
  FROM (SELECT 'queued' AS status, queued AS recipients, queued_due AS due, queued_at AS next_retry_at FROM waiting
        UNION ALL
        SELECT 'deferred', deferred, deferred_due, deferred_at FROM waiting
        UNION ALL
        SELECT 'leased', count(*), 0, NULL FROM _recipient WHERE lease_id IS NOT NULL
        UNION ALL
        SELECT 'held', count(*), 0, NULL FROM _recipient WHERE status = 'held') AS c;

-- One row per destination with live recipients, counted in one pass over an index.
CREATE VIEW queue_by_destination AS
SELECT d.name                                        AS destination,              -- queue key: next hop or domain
       sum(c.queued + c.deferred + c.leased + c.held) AS total,  -- number of live recipients
       sum(c.queued)                                 AS queued,                   -- number of those with this status; so the next three
       sum(c.deferred)                               AS deferred,                 -- as queued
       sum(c.leased)                                 AS leased,                   -- as queued
       sum(c.held)                                   AS held,                     -- as queued
       sum(c.due)                                    AS due,                      -- number of those queued or deferred whose next_retry_at has come
       _text(min(c.first_at))        AS next_retry_at,            -- the earliest of them, UTC; NULL: none waits
       min(c.first_at)                               AS next_retry_unix           -- the same in Unix seconds
  FROM (SELECT destination_id, count(*) FILTER (WHERE status = 'queued') AS queued,
               count(*) FILTER (WHERE status = 'deferred') AS deferred, 0 AS leased, 0 AS held,
               count(*) FILTER (WHERE next_retry_at <= _now()) AS due, min(next_retry_at) AS first_at
          FROM _recipient
         WHERE status IN ('queued', 'deferred')
         GROUP BY destination_id
        UNION ALL
        SELECT destination_id, 0, 0, count(*), 0, 0, NULL
          FROM _recipient
         WHERE lease_id IS NOT NULL
         GROUP BY destination_id
        UNION ALL
        SELECT destination_id, 0, 0, 0, count(*), 0, NULL
          FROM _recipient
         WHERE status = 'held'
         GROUP BY destination_id) AS c
 JOIN _destination AS d ON d.destination_id = c.destination_id
 GROUP BY d.destination_id;

-- One row per recipient with a final status: delivered, bounced, expired or cancelled. Writable: status = 'queued' for a
-- bounced or cancelled recipient, while has_content is 1.
CREATE VIEW history AS
SELECT m.ulid                                        AS id,                       -- queue id (ULID) of the message
       r.recipient_id                                AS recipient_id,             -- number of this recipient
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       r.address                                     AS recipient,                -- forward-path
       r.domain                                      AS domain,                   -- domain of the forward-path
       d.name                                        AS destination,              -- queue key: next hop or domain
       r.status AS status,  -- delivered, bounced, expired or cancelled
       r.attempts                                    AS attempts,                 -- number of settled attempts
       r.last_reply                                  AS last_reply,               -- reply that decided the last attempt
       r.reason                                      AS reason,                   -- reason of the final status, unless a reply gives it
       _text(r.settled_at)           AS settled_at,               -- instant of the final status, UTC
       r.settled_at                                  AS settled_unix,             -- the same in Unix seconds
       _text(m.received_at)          AS received_at,              -- instant of acceptance, UTC
       m.received_at                                 AS received_unix,            -- the same in Unix seconds
       m.size                                        AS size,                     -- octets of the content
       (m.content_locator IS NOT NULL)::integer                 AS has_content,              -- 1 while the content is kept
       (SELECT a.class FROM _attempt AS a WHERE a.recipient_id = r.recipient_id ORDER BY a.attempt_id DESC LIMIT 1) AS class,  -- kind of failure that the last attempt met
       r.sent_as AS sent_as  -- reverse-path that the next host gets in place of sender: its mail is forwarded; NULL: it is sender
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.status IN ('delivered', 'bounced', 'expired', 'cancelled');

-- One row per accepted message, live or not.
CREATE VIEW message AS
SELECT m.ulid AS id,  -- queue id (ULID), in the 250 reply and in the log
       m.reverse_path                                AS sender,                   -- reverse-path; '' is null
       m.subject AS subject,  -- Subject field, at most 200 characters
       m.header_message_id                           AS header_message_id,        -- Message-ID field
       _text(m.received_at)          AS received_at,              -- instant of the final dot, UTC
       m.received_at                                 AS received_unix,            -- the same in Unix seconds
       m.size AS size,  -- octets of the content with the fields that this host adds
       m.digest AS digest,  -- SHA-256 of the content as received, or as a module wrote it anew, hexadecimal
       (SELECT count(*) FROM _recipient AS r WHERE r.message_id = m.message_id) AS recipients,  -- number of recipients with any status
       (SELECT count(*) FROM queue AS q WHERE q.id = m.ulid) AS live,                     -- number of live recipients
       m.content_locator AS content,  -- 'inline', 'spool:…' for a file; NULL: removed
       m.body_type AS body_type,  -- BODY= of MAIL, RFC 6152: 7BIT or 8BITMIME
       m.is_smtputf8 AS is_smtputf8,  -- 1: the client asked for SMTPUTF8, RFC 6531
       m.dsn_return                                  AS dsn_return,               -- RET= of MAIL, RFC 3461
       m.envelope_id                                 AS envelope_id,              -- ENVID= of MAIL in xtext, RFC 3461
       m.requires_tls AS requires_tls,  -- 1: REQUIRETLS; 0: the field TLS-Required: No, RFC 8689; NULL: neither
       m.node                                        AS node,                     -- name of the host that accepted it
       m.listener AS listener,  -- address of the listener; 'report': a report of Empath's own
       m.client_address                              AS client_address,           -- IP address of the client
       m.client_name                                 AS client_name,              -- name that the client gave in HELO or EHLO
       m.account                                     AS account,                  -- account by which the client logged in; NULL: it did not
       m.tls_version AS tls_version,  -- version of TLS by which it came, such as TLSv1.3; NULL: in the clear
       m.tls_cipher                                  AS tls_cipher,               -- name of the cipher suite
       m.metadata                                    AS metadata,                 -- JSON object for modules
       substr(m.traceparent, 4, 32)                  AS trace_id                  -- id of its trace, see docs/tracing.md; NULL: it is in none
  FROM _message AS m;

-- One row per host that was asked in an attempt for a recipient, with the reply that ended it.
CREATE VIEW attempt AS
SELECT a.attempt_id                                  AS attempt_id,               -- number of the attempt
       m.ulid                                        AS id,                       -- queue id (ULID) of the message
       a.recipient_id                                AS recipient_id,             -- number of the recipient
       r.address                                     AS recipient,                -- forward-path
       a.destination                                 AS destination,              -- queue key of the recipient at that time
       _text(a.started_at)           AS started_at,               -- start, UTC
       a.started_at                                  AS started_unix,             -- the same in Unix seconds
       a.duration_s                                  AS duration_s,               -- duration in seconds
       a.connect_s AS connect_s,  -- part of it until the host was ready for mail; NULL: no connection was made
       a.host                                        AS host,                     -- name of the host
       a.peer_address                                AS peer_address,             -- its address and port
       a.stage AS stage,  -- stage of the dialogue at which it ended, such as rcpt
       a.code                                        AS code,                     -- reply code of the host; NULL: the text is Empath's own, as for a timeout
       a.enhanced                                    AS enhanced,                 -- enhanced status code, RFC 3463
       a.text                                        AS text,                     -- the reply
       a.tls_policy AS tls_policy,  -- level of TLS in force and what decided it, such as may by built-in; NULL: no host was asked
       a.tls_version AS tls_version,  -- such as TLSv1.3; NULL: in the clear
       a.tls_cipher                                  AS tls_cipher,               -- name of the cipher suite
       a.tls_peer AS tls_peer,  -- how the host proved its identity; NULL: not at all
       a.tls_failure AS tls_failure,  -- why TLS failed, also if the mail went on without it; NULL: it did not
       a.dnssec AS dnssec,  -- of the look-ups for the host: secure, insecure or bogus; NULL: not checked, or no look-up
       a.source AS source,  -- address of [sources] that the connection went out from; NULL: the system chose, or there was none
       a.outcome AS outcome,  -- delivered, deferred, bounced, expired, next_host, unknown, maybe_delivered
       a.decided_status AS decided_status,  -- resulting status; 'unchanged': another host was tried, or the result came too late
       _text(a.decided_next_retry_at) AS decided_next_retry_at,    -- resulting instant of the next attempt, UTC
       a.decided_next_retry_at                       AS decided_next_retry_unix,  -- the same in Unix seconds
       a.process_id                                  AS process_id,               -- process that made the attempt
       a.class AS class,  -- kind of failure, as the rules of bounce_rule say; NULL: none
       (SELECT p.config_revision FROM _process AS p WHERE p.process_id = a.process_id) AS config_revision  -- configuration that it was made by; NULL: not known any more
  FROM _attempt AS a
  JOIN _recipient AS r ON r.recipient_id = a.recipient_id
  JOIN _message AS m ON m.message_id = r.message_id;

-- One row per queue key: a next hop that a route names, else a domain. Writable: suspended_until, suspended_reason, NULL ends a suspension;
-- max_leases, which becomes a rule of this destination, NULL removes that rule.
CREATE VIEW destination AS
SELECT d.name AS destination,  -- 'smtp:host:port', 'maildir:/path', 'discard:', 'no-route:', or a domain
       d.max_leases AS max_leases,  -- most connections at once, over all workers: the setting concurrency
       (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) AS leases,  -- number of connections in use
       d.is_failing                                  AS is_failing,               -- 1: the last attempt reached no host, or failed after a minute
       _text(s.due_at) AS due_at,  -- no recipient is due earlier, UTC; NULL: none waits
       s.due_at                                      AS due_unix,                 -- the same in Unix seconds
       _text(d.breaker_until) AS breaker_until,  -- no attempt before this instant, after failures, UTC
       d.breaker_until                               AS breaker_until_unix,       -- the same in Unix seconds
       _text(d.suspended_until) AS suspended_until,  -- no attempt before this instant, by order, UTC
       d.suspended_until                             AS suspended_until_unix,     -- the same in Unix seconds
       _text(s.ready_at) AS ready_at,  -- a lease can be taken from here on, UTC; NULL: no mail waits, or no connection is free
       s.ready_at                                    AS ready_unix,               -- the same in Unix seconds
       d.exchangers                                  AS exchangers,               -- names of its MX hosts, best first; NULL: not known, or it has none
       d.lease_limit AS lease_limit,  -- most connections now: what its hosts have borne, up to max_leases; 1 for a probe
       d.last_failure AS last_failure,  -- why the last connection failed; NULL: there was a session since
       CASE WHEN d.suspended_until > _now() THEN d.suspended_reason END AS suspended_reason,  -- reason of the suspension
       (SELECT b.blocked_by FROM _blocked AS b WHERE b.destination_id = d.destination_id) AS blocked_by  -- why due mail does not go out: frozen, suspended until …, breaker open until …, rate, concurrency; NULL: it may
  FROM _destination AS d
  JOIN _seen AS s ON s.destination_id = d.destination_id;

-- One row per level of the log for a part of the service, until it ends by itself: without expires_at after an hour, at
-- most after 30 days. Writable: level, expires_at, reason. INSERT INTO log_level (scope, pattern, level, expires_at, reason)
-- adds or replaces a level; all processes but the supervisor follow within a second. DELETE ends it.
CREATE VIEW log_level AS
SELECT l.scope AS scope,  -- area, client, destination or message
       l.pattern AS pattern,  -- smtp, delivery, dns, queue, http, modules, process; a network; a destination, domain or *.domain; a queue id
       l.level                                       AS level,         -- least level that is written: debug, info, warning, error, critical
       _text(l.expires_at)           AS expires_at,    -- end, UTC
       l.expires_at                                  AS expires_unix,  -- the same in Unix seconds
       l.reason                                      AS reason,        -- reason, for people
       _text(l.created_at)           AS created_at,    -- instant of the last INSERT, UTC
       l.created_at                                  AS created_unix,  -- the same in Unix seconds
       l.who                                         AS who            -- author, as in audit
  FROM _log_level AS l;

-- One row per limit of a listener that stands above the file, with or without an end. INSERT INTO listener_limit (listener,
-- setting, value, expires_at, reason) adds a limit, or replaces that of the same listener and setting; all processes that take
-- mail follow within a second. DELETE ends it.
CREATE VIEW listener_limit AS
SELECT l.listener                                    AS listener,      -- address of a listener, such as 192.0.2.25:25, or * for all
       l.setting                                     AS setting,       -- key of [receiving.limits], such as message_rate_per_client
       l.value                                       AS value,         -- its value as in the file, as text; none: no limit
       _text(l.expires_at)           AS expires_at,    -- end, UTC; NULL: none
       l.expires_at                                  AS expires_unix,  -- the same in Unix seconds
       l.reason                                      AS reason,        -- reason, for people
       _text(l.created_at)           AS created_at,    -- instant of the INSERT, UTC
       l.created_at                                  AS created_unix,  -- the same in Unix seconds
       l.who                                         AS who            -- author, as in audit
  FROM _listener_limit AS l;

-- One row per rule of destinations beyond [destinations] of the file: what holds there, and until when. Writable: value,
-- expires_at, reason. INSERT INTO destination_rule (pattern, setting, value, expires_at, reason) adds a rule, or replaces
-- that of the same pattern and setting; one with an end stands in for one without. DELETE ends it.
CREATE VIEW destination_rule AS
SELECT r.rule_id                                     AS rule,                     -- number of the rule
       r.pattern AS pattern,  -- domain, *.domain, *, destination such as smtp:host:port, or mx: and an MX host or *.domain
       r.setting                                     AS setting,                  -- key of [destinations], such as concurrency
       r.value                                       AS value,                    -- its value, as text
       _text(r.expires_at)           AS expires_at,               -- end, UTC; NULL: none
       r.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       r.reason                                      AS reason,                   -- reason, for people
       _text(r.created_at)           AS created_at,               -- instant of the last change of its value, UTC
       r.created_at                                  AS created_unix,             -- the same in Unix seconds
       r.who                                         AS who                       -- author, as in audit
  FROM _destination_rule AS r;

-- One row per rule by which mail is held when its turn comes, with or without an end. Writable: expires_at, reason. INSERT
-- INTO hold_rule (scope, pattern, expires_at, reason) adds a rule; all workers follow within a second. DELETE ends it. What a
-- rule has held stays held, also when it has ended: release it.
CREATE VIEW hold_rule AS
SELECT h.hold_rule_id                                AS rule,          -- number of the rule
       h.scope                                       AS scope,         -- sender, recipient, destination, account or client
       h.pattern                                     AS pattern,       -- which of them: an address, @domain or @*.domain; a destination; a name; an IP address or network
       _text(h.expires_at)           AS expires_at,    -- end, UTC; NULL: none
       h.expires_at                                  AS expires_unix,  -- the same in Unix seconds
       h.reason                                      AS reason,        -- reason, for people
       h.hits                                        AS hits,          -- number of recipients that it has held
       _text(h.created_at)           AS created_at,    -- instant of the INSERT, UTC
       h.created_at                                  AS created_unix,  -- the same in Unix seconds
       h.who                                         AS who            -- author, as in audit
  FROM _hold_rule AS h;

-- One row per address of a pool of [sources] that no mail goes out from for a while. INSERT INTO source_rest (address,
-- expires_at, reason) lets it rest, or changes that; DELETE ends it.
CREATE VIEW source_rest AS
SELECT s.address                                     AS address,                  -- the address, as in the configuration
       _text(s.expires_at)           AS expires_at,               -- end of the rest, UTC
       s.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       s.reason                                      AS reason,                   -- reason, for people
       _text(s.created_at)           AS created_at,               -- begin of the rest, UTC
       s.created_at                                  AS created_unix,             -- the same in Unix seconds
       s.who                                         AS who                       -- author, as in audit
  FROM _source_rest AS s;

-- One row per day of a plan for a new source address: the most messages that go out from it. A number holds until the next day
-- that has one; after the last one the plan is over. INSERT INTO warmup (address, provider, day, most_messages, started_at)
-- adds a day, or changes it; DELETE removes it.
CREATE VIEW warmup AS
SELECT w.address                                     AS address,                  -- address of a pool of [sources]
       w.provider                                    AS provider,                 -- name of a host, *.domain or *; the most exact counts a message
       w.day                                         AS day,                      -- number of the day, of 24 hours; 1 begins at started_at
       w.most_messages                               AS most_messages,            -- most messages of that day
       _text(w.started_at)           AS started_at,               -- start of the plan, UTC; INSERT: without it the start stays, or is now
       w.started_at                                  AS started_unix,             -- the same in Unix seconds
       coalesce((SELECT u.messages FROM _warmup_use AS u WHERE (u.address, u.provider, u.day) = (w.address, w.provider, w.day)), 0) AS messages  -- messages of that day so far
  FROM _warmup AS w;

-- One row per run of one process of Empath. Writable: modules_off, from which names can be taken out: those modules are
-- called again within a second.
CREATE VIEW process AS
SELECT p.process_id                                  AS process_id,               -- number of the run, never used again
       p.slot                                        AS slot,                     -- such as worker-1
       p.generation                                  AS generation,               -- number of the process in its slot, from 1
       p.node                                        AS node,                     -- name of the host
       p.instance                                    AS instance,                 -- ULID of its supervisor's run
       p.pid                                         AS pid,                      -- process id of the system
       _text(p.started_at)           AS started_at,               -- start, UTC
       p.started_at                                  AS started_unix,             -- the same in Unix seconds
       p.beat                                        AS beat,                     -- number of signs of life
       _text(p.beat_at)              AS beat_at,                  -- last sign of life, each 2 s, UTC
       p.beat_at                                     AS beat_unix,                -- the same in Unix seconds
       _text(p.ended_at)             AS ended_at,                 -- end, UTC; NULL: it lives
       p.ended_at                                    AS ended_unix,               -- the same in Unix seconds
       (SELECT count(*) FROM _lease AS l WHERE l.process_id = p.process_id) AS leases,  -- number of leases that it holds
       p.version                                     AS version,                  -- version of Empath
       p.engine_version                              AS engine_version,           -- version of its SQLite
       p.modules_off AS modules_off,  -- names of modules that it switched off after failures; NULL: none
       p.config_revision AS config_revision  -- configuration that it runs by; NULL: of an older version
  FROM _process AS p;

-- One row per change through these views, and per order that was carried out at the end of a lease.
CREATE VIEW audit AS
SELECT a.audit_id                                    AS audit_id,                 -- number of the row, rising
       _text(a.at)                   AS at,                       -- instant of the change, UTC
       a.at                                          AS at_unix,                  -- the same in Unix seconds
       a.who AS who,  -- author of the change; 'sql': a shell; 'empath': an order carried out later
       a.engine_version AS engine_version,  -- version of SQLite in the program that made the change
       a.ulid                                        AS id,                       -- queue id (ULID) of the message
       a.recipient_id AS recipient_id,  -- number of the recipient, if there is one
       a.address                                     AS recipient,                -- forward-path
       a.destination                                 AS destination,              -- destination, if there is one
       a.what AS what,  -- column that changed, verb of control, or check of fsck
       a.before                                      AS before,                   -- its value before
       a.after                                       AS after,                    -- its value after
       a.object AS object,  -- row of another view that changed, such as the name of an account
       (SELECT s.after FROM _audit AS s WHERE s.what = 'statement' AND s.audit_id > a.audit_id AND s.xmin = a.xmin AND s.before::bigint <= a.audit_id ORDER BY s.audit_id LIMIT 1) AS statement  -- command of empath-admin, or request to the API or the console, that made the change; NULL: another program
  FROM _audit AS a
 WHERE a.what <> 'statement';

-- One row per seal over rows of the views audit and attempt, by which `empath-admin audit verify` finds what was changed.
CREATE VIEW audit_seal AS
SELECT s.seal_id                                     AS seal_id,                  -- number of the seal, rising
       _text(s.sealed_at)            AS sealed_at,                -- instant of the seal, UTC
       s.sealed_at                                   AS sealed_unix,              -- the same in Unix seconds
       s.audit_rows                                  AS audit_rows,               -- number of rows of audit that it covers
       s.audit_last                                  AS last_audit_id,            -- the last of them, or of those before it
       s.attempts_rows                               AS attempts,                 -- number of attempts that it covers
       s.attempts_last                               AS last_attempt_id,          -- the last of them, or of those before it
       s.digest                                      AS digest                    -- SHA-256 over it and the seal before it, hexadecimal
  FROM _audit_seal AS s;

-- One row per account that may submit mail. Writable: status, senders, message_rate, recipient_rate. DELETE removes it.
-- `empath-admin account` makes accounts and sets passwords; no view shows these.
CREATE VIEW account AS
SELECT c.name                                        AS name,                     -- name by which it logs in
       c.status                                      AS status,                   -- enabled or disabled
       c.senders AS senders,  -- addresses that it may send as: 'a@example.org @example.net @*.example.net *'; '': none
       c.message_rate                                AS message_rate,             -- most messages, such as '100/1h'; NULL: as configured
       c.recipient_rate                              AS recipient_rate,           -- most recipients, such as '1000/1d'; NULL: as configured
       (c.password_hash IS NOT NULL)::integer                   AS has_password,             -- 0: another back end of [auth] proves who it is
       _text(c.created_at)           AS created_at,               -- instant at which it was added, UTC
       c.created_at                                  AS created_unix,             -- the same in Unix seconds
       _text(c.password_set_at)      AS password_set_at,          -- last change of the password, UTC
       c.password_set_at                             AS password_set_unix,        -- the same in Unix seconds
       _text(c.last_used_at)         AS last_used_at,             -- last login, up to a minute late, UTC; NULL: none
       c.last_used_at                                AS last_used_unix,           -- the same in Unix seconds
       c.last_client                                 AS last_client               -- IP address of that client
  FROM _account AS c;

-- One row per token for the HTTP API, without its secret. Writable: networks, account and expires_at. DELETE revokes the
-- token at once.
CREATE VIEW token AS
SELECT t.name                                        AS name,                     -- name in the audit, as token:name
       t.role                                        AS role,                     -- read, operate, inject or admin
       t.networks                                    AS networks,                 -- clients that may use it, blanks between; '': any
       _text(t.created_at)           AS created_at,               -- instant at which it was made, UTC
       t.created_at                                  AS created_unix,             -- the same in Unix seconds
       _text(t.expires_at)           AS expires_at,               -- instant from which on it is of no use, UTC; NULL: never
       t.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       _text(t.last_used_at)         AS last_used_at,             -- last use, up to a minute late, UTC; NULL: none
       t.last_used_at                                AS last_used_unix,           -- the same in Unix seconds
       t.last_client                                 AS last_client,              -- IP address of that client
       t.account                                     AS account                   -- account that its mail is sent as; NULL: any sender
  FROM _token AS t;

-- One row per key that signs mail and is kept in the queue, without its private part; keys in files have none. Writable:
-- state. DELETE removes the key.
CREATE VIEW dkim_key AS
SELECT k.domain                                      AS domain,                   -- domain whose mail it signs
       k.selector                                    AS selector,                 -- name of the key at its domain
       k.algorithm                                   AS algorithm,                -- rsa-sha256 or ed25519-sha256
       k.state AS state,  -- 'waiting' for its record in the DNS, 'signing', or 'retired': the record must stay for mail on its way
       _text(k.since)                AS since_at,                 -- instant from which on it has this state, UTC
       k.since                                       AS since_unix,               -- the same in Unix seconds
       k.selector || '._domainkey.' || k.domain      AS name,                     -- name of its record in the DNS
       k.record                                      AS record,                   -- text of its record, of type TXT
       _text(k.created_at)           AS created_at,               -- instant at which it was made, UTC
       k.created_at                                  AS created_unix              -- the same in Unix seconds
  FROM _dkim_key AS k;

-- One row per session of a client that has lasted longer than a second. Writable: state = 'closed', which ends the session
-- with 421 within a second; so does DELETE. The numbers are up to a second old.
CREATE VIEW session AS
SELECT s.process_id || '.' || s.number               AS session,                  -- name of the session
       s.listener                                    AS listener,                 -- address of the listener
       s.client_address                              AS client,                   -- IP address of the client
       s.client_name                                 AS client_name,              -- name that the client gave in HELO or EHLO; '': none yet
       s.account                                     AS account,                  -- account by which the client logged in; NULL: none
       s.tls                                         AS tls,                      -- version and cipher of TLS; NULL: in the clear
       CASE WHEN s.is_closing = 1 THEN 'closed' ELSE s.state END AS state,  -- state of the dialogue, see protocol.md; 'closed': it is about to end
       s.messages                                    AS messages,                 -- number of messages accepted
       s.octets                                      AS octets,                   -- octets received
       _text(s.began_at)             AS began_at,                 -- instant at which it was admitted, UTC
       s.began_at                                    AS began_unix,               -- the same in Unix seconds
       round(((((_now() - s.began_at)::numeric)::numeric)::numeric)::numeric, 1)::double precision::double precision::double precision::double precision AS age_s,  -- age in seconds
       p.slot                                        AS process,                  -- slot of its acceptor
       p.node                                        AS node                      -- name of the host
  FROM _session AS s
  JOIN _process AS p ON p.process_id = s.process_id
 WHERE p.ended_at IS NULL;

-- One row per client that was turned away, or refused a command; several refusals that were the same within a second are one
-- row. The last ten thousand rows are kept, for 30 days.
CREATE VIEW refusal AS
SELECT r.refusal_id                                  AS refusal_id,               -- number of the row, rising
       _text(r.last_at)              AS at,                       -- instant of the refusal, UTC
       r.last_at                                     AS at_unix,                  -- the same in Unix seconds
       r.times                                       AS times,                    -- number of refusals that were the same
       r.client_address AS client,  -- IP address of the client; '': several, too many came within that second for a row each
       r.client_name                                 AS client_name,              -- name that the client gave in HELO or EHLO; '': none
       r.listener                                    AS listener,                 -- address of the listener
       r.account                                     AS account,                  -- account by which the client had logged in; NULL: none
       r.sender                                      AS sender,                   -- reverse-path as the client gave it; NULL: it had given none
       r.recipient                                   AS recipient,                -- forward-path, where RCPT was refused
       r.stage                                       AS stage,                    -- command that was refused, 'end of data', or what ended the session
       r.rule AS rule,  -- what decided: a limit such as message_rate; relay, auth, senders, recipients, suppression, greylist, blocklists, dmarc, routes, modules, milter, protocol or other
       r.reply                                       AS reply                     -- reply that the client got
  FROM _refusal AS r;

-- One row per session with a client, or attempt at a host, that failed, with what both sides said: no content, no passwords. The
-- last ones are kept, as [transcripts] says; of those that fail alike within ten seconds one is kept.
CREATE VIEW transcript AS
SELECT t.transcript_id                               AS transcript_id,            -- number of the row, rising
       _text(t.at)                   AS at,                       -- instant of the failure, UTC
       t.at                                          AS at_unix,                  -- the same in Unix seconds
       t.ulid                                        AS id,                       -- queue id of the message that went out; NULL: a client
       t.destination                                 AS destination,              -- queue key of the destination; NULL: a client
       t.host                                        AS host,                     -- name, address and port of the host; NULL: a client
       t.listener                                    AS listener,                 -- address of the listener; NULL: a host
       t.client_address                              AS client,                   -- IP address of the client; NULL: a host
       t.account                                     AS account,                  -- account by which the client had logged in; NULL: none
       t.sender                                      AS sender,                   -- reverse-path; NULL: the client had given none
       t.stage                                       AS stage,                    -- command that failed, 'end of data', or what ended the session
       t.reply                                       AS reply,                    -- reply that decided: that of the host, or ours
       t.dialogue AS dialogue  -- a line for each thing that was said: 'C: ' by the client, 'S: ' by the server, '-: ' what happened
  FROM _transcript AS t;

-- One row per hour and destination, and one for what came in. The housekeeper counts every five seconds; the rows stay for 90
-- days, whatever is kept of the mail.
CREATE VIEW throughput AS
SELECT _text(t.hour_at)              AS hour_at,                  -- begin of the hour, UTC
       t.hour_at                                     AS hour_unix,                -- the same in Unix seconds
       t.destination AS destination,  -- queue key; '': mail that came in; '*': destinations beyond the first hundred of the hour
       t.received                                    AS received,                 -- messages that came in
       t.octets                                      AS octets,                   -- their octets
       t.delivered                                   AS delivered,                -- recipients delivered
       t.deferred                                    AS deferred,                 -- attempts that failed for now
       t.bounced                                     AS bounced,                  -- recipients that a host or Empath refused for good
       t.expired                                     AS expired                   -- recipients whose lifetime was over
  FROM _throughput AS t;

-- One row per client or account that has used a part of a rate of [receiving.limits] or [auth] and may not have all of it
-- now. DELETE gives all of it back.
CREATE VIEW rate AS
SELECT r.name                                        AS name,                     -- key of [receiving.limits] or [auth], such as message_rate_per_client
       r.holder AS holder,  -- IP address or network of the client, or name of the account; '#1f3a': a group of names without account
       r.listener                                    AS listener,                 -- address of a listener with limits of its own; '': the other listeners
       _text(r.full_at)              AS full_at,                  -- instant at which all of the rate will be free again, UTC
       r.full_at                                     AS full_unix                 -- the same in Unix seconds
  FROM _rate AS r;

-- One row per order to the service: INSERT INTO control (verb, argument, node). Verbs: reload; log-level (debug … critical;
-- NULL: the configured one); freeze and thaw (all delivery); flush (a destination; NULL: all); drain (the service ends);
-- stop-listener (an address, until the next reload).
CREATE VIEW control AS
SELECT c.control_id                                  AS control_id,               -- number of the order
       c.verb                                        AS verb,                     -- the order
       c.argument                                    AS argument,                 -- argument of the order
       c.node AS node,  -- node that carries it out, for reload, drain and stop-listener; NULL: every node
       _text(c.asked_at)             AS asked_at,                 -- instant of the order, UTC
       c.asked_at                                    AS asked_unix,               -- the same in Unix seconds
       c.who                                         AS who,                      -- author of the order, as in audit
       _text(c.done_at) AS done_at,  -- instant at which the last node was done, UTC; NULL: not yet
       c.done_at                                     AS done_unix,                -- the same in Unix seconds
       c.result                                      AS result                    -- outcome, of each node where there are several
  FROM _control AS c;

-- One row per client, sender and recipient that must come again or have done so, if [greylist] is enabled. Writable:
-- passes_at, expires_at. INSERT INTO greylist (client) lets all mail of a network pass. DELETE forgets.
CREATE VIEW greylist AS
SELECT g.client AS client,  -- network of the client, such as 192.0.2.0/24
       g.sender AS sender,  -- reverse-path without what changes from mail to mail; '' is null; '*': all mail of the client
       g.recipient AS recipient,  -- forward-path in lower case; '*': all mail of the client
       _text(g.first_seen_at)        AS first_seen_at,            -- instant of the first try, UTC
       g.first_seen_at                               AS first_seen_unix,          -- the same in Unix seconds
       _text(g.passes_at) AS passes_at,  -- its mail passes from here on, UTC; NULL: not yet, it takes more deliveries
       g.passes_at                                   AS passes_unix,              -- the same in Unix seconds
       _text(g.expires_at) AS expires_at,  -- it is forgotten here, UTC; NULL: never
       g.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       g.hits                                        AS hits                      -- number of deliveries, counted once an hour
  FROM _greylist AS g;

-- One row per address that exists in domains with the rule "listed" of [recipients]. Writable by INSERT and DELETE.
CREATE VIEW recipient_list AS
SELECT l.address AS address  -- the address, ASCII letters in lower case
  FROM _recipient_list AS l;

-- One row per target of an alias, if [aliases] is enabled. Writable: target. INSERT INTO alias (pattern, target) adds one.
CREATE VIEW alias AS
SELECT a.pattern AS pattern,  -- address that is replaced, ASCII letters in lower case; '@domain': all others of a domain
       a.target AS target     -- address that gets its mail; '@domain': the same local part there
  FROM _alias AS a;

-- One row per answer of the DNS that the workers share. DELETE lets every process ask anew, within a second.
CREATE VIEW dns_cache AS
SELECT c.name                                        AS name,              -- name, in A-labels
       c.type                                        AS type,              -- type of record, such as MX
       c.status                                      AS status,            -- found, NODATA (none of this type) or NXDOMAIN (no such name)
       c.answer                                      AS answer,            -- JSON array of the records, each as in a zone
       c.alias_of                                    AS alias_of,          -- name at the end of the aliases; '' without aliases
       c.dnssec                                      AS dnssec,            -- secure or insecure; NULL: not checked
       _text(c.asked_at)             AS asked_at,          -- instant of the answer, UTC
       c.asked_at                                    AS asked_unix,        -- the same in Unix seconds
       _text(c.expires_at)           AS expires_at,        -- instant from which on it is asked again, UTC
       c.expires_at                                  AS expires_unix,      -- the same in Unix seconds
       _text(c.stale_until)          AS stale_until,       -- until then it serves where the name servers fail, UTC
       c.stale_until                                 AS stale_until_unix,  -- the same in Unix seconds
       c.times_asked                                 AS times_asked,       -- number of times that name servers were asked
       c.failure                                     AS failure            -- why the last question had no answer; NULL: it had one
  FROM _dns_cache AS c;

-- One row per address that the next host was asked about, in domains with the rule "verify" of [recipients]. DELETE lets it
-- be asked again.
CREATE VIEW verification AS
SELECT v.address                                     AS address,     -- the address, ASCII letters in lower case
       v.is_known                                    AS is_known,    -- 1: the host takes its mail; 0: refused by 550 at RCPT
       v.reply                                       AS reply,       -- reply of the host to RCPT
       _text(v.expires_at)           AS expires_at,  -- instant from which on the host is asked again, UTC
       v.expires_at                                  AS expires_unix -- the same in Unix seconds
  FROM _verification AS v;

-- One row per domain whose MTA-STS policy was read, if a destination has tls = "sts" or "dane-or-sts". DELETE forgets it, and
-- it is read again.
CREATE VIEW sts_policy AS
SELECT p.domain                                      AS domain,       -- domain of the recipients
       p.policy_id                                   AS policy_id,    -- id of the TXT record by which it was read
       p.mode AS mode,  -- 'enforce': other hosts, and hosts without a proof of their name, get no mail; 'testing'; 'none'
       p.patterns                                    AS mx,           -- names of its hosts, with blanks between them
       p.max_age_s                                   AS max_age_s,    -- seconds for which it holds after it was read
       _text(p.fetched_at)           AS fetched_at,   -- instant at which it was read last, UTC
       p.fetched_at                                  AS fetched_unix, -- the same in Unix seconds
       _text(p.expires_at)           AS expires_at,   -- instant from which on it holds no more, UTC
       p.expires_at                                  AS expires_unix, -- the same in Unix seconds
       _text(p.checked_at)           AS checked_at,   -- instant of the last look at its record, UTC
       p.checked_at                                  AS checked_unix, -- the same in Unix seconds
       p.failure                                     AS failure       -- what failed at that look; NULL: nothing
  FROM _sts_policy AS p;

-- One row per rule that says what kind of failure a reply tells of; the first by position that fits decides. Writable:
-- INSERT INTO bounce_rule (class, code, text, …), UPDATE and DELETE of own rules; of shipped ones only is_enabled.
CREATE VIEW bounce_rule AS
SELECT coalesce(b.name, 'own:' || b.rule_id) AS rule,  -- name of the rule, 'own:7' for one of the operator's own
       b.position                                    AS position,                 -- place of the rule: own ones below 10000 come first
       b.stage                                       AS stage,                    -- stage of the dialogue, as in attempt; NULL: any
       b.code                                        AS code,                     -- reply code of the host, such as 550, 55x or 5xx; NULL: any
       b.enhanced AS enhanced,  -- enhanced status code, * for any number: 5.1.1, *.7.1, 4.7.*; NULL: any
       b.text AS text,  -- regular expression for the reply, without regard to case; NULL: any
       b.provider AS provider,  -- names of hosts, such as '*.example.net', separated by blanks; NULL: any
       b.class                                       AS class,                    -- class of such a reply
       b.is_enabled                                  AS is_enabled,               -- 0: switched off
       b.name IS NOT NULL                            AS is_shipped,               -- 1: a rule that Empath ships
       b.note                                        AS note                      -- for people
  FROM _bounce_rule AS b;

-- One row per address that gets no more mail. Writable: reason, class, expires_at. INSERT INTO suppression (address, reason,
-- expires_at) adds one, DELETE removes it.
CREATE VIEW suppression AS
SELECT s.address AS address,  -- the address, ASCII letters in lower case; '@domain': all addresses of a domain
       s.source AS source,  -- 'bounce': a host refused it for good; else who added it, as in audit
       s.reason                                      AS reason,                   -- reply of the host, or words of the operator
       s.class                                       AS class,                    -- class of the failure, as in attempt; NULL: none
       _text(s.created_at)           AS created_at,               -- instant from which on it is suppressed, UTC
       s.created_at                                  AS created_unix,             -- the same in Unix seconds
       _text(s.expires_at)           AS expires_at,               -- instant at which that ends, UTC; NULL: never
       s.expires_at                                  AS expires_unix              -- the same in Unix seconds
  FROM _suppression AS s;

-- One row per rule that says what a reply leads to for its destination; the first by position that fits decides. Writable:
-- INSERT INTO shaping_rule (action, duration, code, …), UPDATE and DELETE of own rules; of shipped ones only is_enabled.
CREATE VIEW shaping_rule AS
SELECT coalesce(s.name, 'own:' || s.rule_id) AS rule,  -- name of the rule, 'own:7' for one of the operator's own
       s.position                                    AS position,                 -- place of the rule: own ones below 10000 come first
       s.stage                                       AS stage,                    -- stage of the dialogue, as in attempt; NULL: any
       s.code                                        AS code,                     -- reply code of the host, such as 421 or 4xx; NULL: any
       s.enhanced                                    AS enhanced,                 -- enhanced status code, as in bounce_rule; NULL: any
       s.text                                        AS text,                     -- regular expression, as in bounce_rule; NULL: any
       s.provider                                    AS provider,                 -- names of hosts, as in bounce_rule; NULL: any
       s.class                                       AS class,                    -- class of the reply, as in attempt; NULL: any
       s.action                                      AS action,                   -- suspend or slow the destination, bounce the recipient, or rest the source address that the host refused
       s.duration                                    AS duration,                 -- for how long, such as 15m; NULL for bounce
       s.value AS value,  -- what slow sets: 'concurrency 2' or 'rate 60/1m'; NULL for the others
       s.is_enabled                                  AS is_enabled,               -- 0: switched off
       s.name IS NOT NULL                            AS is_shipped,               -- 1: a rule that Empath ships
       s.note                                        AS note                      -- for people
  FROM _shaping_rule AS s;

-- One row per message that a listener with [listener.authentication] has judged.
CREATE VIEW authentication AS
SELECT m.ulid                                        AS id,                       -- queue id (ULID) of the message
       _text(m.received_at)          AS received_at,              -- instant of the final dot, UTC
       m.received_at                                 AS received_unix,            -- the same in Unix seconds
       m.client_address                              AS client_address,           -- IP address of the client
       m.authentication::json ->> 'author' AS author,  -- domain in From; several with blanks between them; NULL: it has no one reading
       m.authentication::json ->> 'spf' AS spf,  -- result of SPF for the sender; NULL, here and in the next ones: not checked
       m.authentication::json ->> 'spf_domain' AS spf_domain,  -- domain that it was about: of MAIL FROM, or of HELO without a sender
       m.authentication::json ->> 'helo' AS helo,  -- result of SPF for the name in HELO
       m.authentication::json ->> 'dkim' AS dkim,  -- pass if a signature holds, else the result of the first one
       m.authentication::json ->> 'dkim_domains' AS dkim_domains,  -- domains of the signatures that hold, with blanks between them
       m.authentication::json ->> 'arc' AS arc,  -- result of the chain of ARC
       m.authentication::json ->> 'sealers' AS sealers,  -- domains of its seals, the oldest first, with blanks between them
       m.authentication::json ->> 'dmarc' AS dmarc,  -- result of DMARC
       m.authentication::json ->> 'policy' AS policy,  -- what the record of the author's domain asks for: none, quarantine or reject
       m.authentication::json ->> 'record_of' AS record_of,  -- domain whose record that is
       m.authentication::json ->> 'disposition' AS disposition,  -- what was done: tag, hold or quarantine-route
       m.authentication::json ->> 'reason' AS reason,  -- why
       m.authentication::json ->> 'sealed_by' AS sealed_by  -- key that sealed it by ARC when it was passed on, with the number and the cv= of the set; NULL: none
  FROM _message AS m
 WHERE m.authentication IS NOT NULL;

-- One row per address in a report about mail that went out: from a host that has refused it later, by a complaint, or as the
-- answer of a program. The status of the recipient stays what it was.
CREATE VIEW feedback AS
SELECT f.feedback_id                                 AS feedback_id,              -- number of the row
       _text(f.at)                   AS at,                       -- instant at which the report was read, UTC
       f.at                                          AS at_unix,                  -- the same in Unix seconds
       f.kind AS kind,  -- failure, delay, success, complaint, answer (of a program) or unknown
       f.ulid                                        AS id,                       -- queue id (ULID) of the message that it is about; NULL: not known
       f.recipient_id                                AS recipient_id,             -- number of its recipient; NULL: no row had it
       f.address                                     AS recipient,                -- its address; '' where it is not known
       f.class                                       AS class,                    -- kind of the failure
       f.code                                        AS code,                     -- reply code that the report names
       f.enhanced                                    AS enhanced,                 -- enhanced status code, RFC 3463
       f.reply                                       AS reply,                    -- what the report says
       f.reporter                                    AS reporter,                 -- host or program that sent it
       f.form AS form,  -- how it was read: dsn, arf, or the name of a program's own words; NULL: no form fits
       f.report_ulid                                 AS report_id,                -- queue id (ULID) of the report itself
       _text(f.suppressed_until)     AS suppressed_until,         -- end of the suppression that it led to, UTC; NULL: none
       f.suppressed_until                            AS suppressed_unix           -- the same in Unix seconds
  FROM _feedback AS f;

-- One row per report about a period to another domain: what is counted for it, or what became of it. Writable: due_at, of an
-- open one.
CREATE VIEW report_sent AS
SELECT p.report_period_id                            AS number,                   -- number of the row
       p.kind                                        AS kind,                     -- dmarc or tls
       p.domain                                      AS domain,                   -- domain that it is about
       _text(p.begin_at)             AS begin_at,                 -- begin of the period, UTC
       p.begin_at                                    AS begin_unix,               -- the same in Unix seconds
       _text(p.end_at)               AS end_at,                   -- end of the period, UTC
       p.end_at                                      AS end_unix,                 -- the same in Unix seconds
       p.state AS state,  -- open: it is still to be made; sent: it is in the queue, or was taken; dropped: see reason
       _text(p.due_at)               AS due_at,                   -- instant at which it is made, UTC
       p.due_at                                      AS due_unix,                 -- the same in Unix seconds
       p.tries                                       AS tries,                    -- number of tries that failed
       p.messages                                    AS messages,                 -- messages (dmarc) or sessions (tls) that it tells of
       p.left_out                                    AS left_out,                 -- those that were too many different ones
       p.report_id                                   AS report_id,                -- its id; NULL: there is none
       p.sent_to                                     AS sent_to,                  -- addresses or URLs that get it, with blanks between them
       p.ulid                                        AS id,                       -- queue id (ULID) of its message; NULL: there is none
       p.octets                                      AS octets,                   -- size of the file
       p.reason                                      AS reason                    -- why it was dropped, or what failed last
  FROM _report_period AS p;

-- One row per group of messages in a report of DMARC that another host has sent about a domain of ours.
CREATE VIEW dmarc_report AS
SELECT r.received_report_id                          AS number,                   -- number of the report
       r.domain                                      AS domain,                   -- domain that it is about
       r.org_name                                    AS org_name,                 -- who reports
       r.report_id                                   AS report_id,                -- id that the reporter gave it
       r.author                                      AS author,                   -- domain in From of its message, where DMARC has proven it; NULL: not proven
       _text(r.begin_at)             AS begin_at,                 -- begin of the period, UTC
       r.begin_at                                    AS begin_unix,               -- the same in Unix seconds
       _text(r.end_at)               AS end_at,                   -- end of the period, UTC
       r.end_at                                      AS end_unix,                 -- the same in Unix seconds
       _text(r.received_at)          AS received_at,              -- instant at which it was read, UTC
       r.received_at                                 AS received_unix,            -- the same in Unix seconds
       r.policy                                      AS policy,                   -- JSON object of what the reporter saw published
       r.error                                       AS error,                    -- words of the reporter about that; NULL: none
       d.source_ip                                   AS source_ip,                -- IP address that sent the messages
       d.messages                                    AS messages,                 -- number of messages
       d.disposition                                 AS disposition,              -- what was done with them: none, pass, quarantine or reject
       d.dkim                                        AS dkim,                     -- whether DKIM proves the domain in From: pass or fail
       d.spf                                         AS spf,                      -- whether SPF does
       d.reason                                      AS reason,                   -- why something else was done than the policy asks for; '': no reason
       d.comment                                     AS comment,                  -- words for that
       d.header_from                                 AS header_from,              -- domain in From
       d.envelope_from                               AS envelope_from,            -- domain of the sender
       d.dkim_results AS dkim_results,  -- JSON list of domain, selector and result of each signature
       d.spf_domain                                  AS spf_domain,               -- domain that SPF was asked about
       d.spf_result                                  AS spf_result                -- result of SPF
  FROM _received_report AS r
  JOIN _received_dmarc AS d USING (received_report_id)
 WHERE r.kind = 'dmarc';

-- One row per group of sessions in a report about TLS that another host has sent about a domain of ours.
CREATE VIEW tls_report AS
SELECT r.received_report_id                          AS number,                   -- number of the report
       r.org_name                                    AS org_name,                 -- who reports
       r.report_id                                   AS report_id,                -- id that the reporter gave it
       r.author                                      AS author,                   -- domain in From of its message, where DMARC has proven it; NULL: not proven
       _text(r.begin_at)             AS begin_at,                 -- begin of the period, UTC
       r.begin_at                                    AS begin_unix,               -- the same in Unix seconds
       _text(r.end_at)               AS end_at,                   -- end of the period, UTC
       r.end_at                                      AS end_unix,                 -- the same in Unix seconds
       _text(r.received_at)          AS received_at,              -- instant at which it was read, UTC
       r.received_at                                 AS received_unix,            -- the same in Unix seconds
       t.policy_domain                               AS policy_domain,            -- domain whose policy it is about
       t.policy_type                                 AS policy_type,              -- tlsa, sts or no-policy-found
       t.result                                      AS result,                   -- type of the failure, RFC 8460; '': sessions without one
       t.messages                                    AS sessions,                 -- number of sessions
       t.host                                        AS host,                     -- host that was asked; '': not told
       t.sending_ip                                  AS sending_ip,               -- IP address of the host that reports
       t.receiving_ip                                AS receiving_ip,             -- IP address that it has connected to
       t.reason                                      AS reason                    -- further words
  FROM _received_report AS r
  JOIN _received_tls AS t USING (received_report_id)
 WHERE r.kind = 'tls';

-- One row per domain of authors or network of clients whose mail is treated more mildly where DMARC finds it to be false.
-- Writable: at_most, expires_at, reason. INSERT INTO authentication_override (pattern, at_most, expires_at, reason) adds one,
-- DELETE removes it.
CREATE VIEW authentication_override AS
SELECT o.pattern AS pattern,  -- domain in From, such as example.org or *.example.org, or network of clients, such as 192.0.2.0/24
       o.at_most AS at_most,  -- the most that is done with such mail: tag, quarantine-route, hold or reject
       _text(o.expires_at)           AS expires_at,               -- instant from which on the row has no effect, UTC; NULL: never
       o.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       o.reason                                      AS reason,                   -- for people
       _text(o.created_at)           AS created_at,               -- instant at which it was added, UTC
       o.created_at                                  AS created_unix,             -- the same in Unix seconds
       o.who                                         AS who                       -- who added it, as in audit
  FROM _authentication_override AS o;

-- One row per event: what happened to mail, where a consumer wants to know. docs/events.md describes the types.
CREATE VIEW event AS
SELECT e.event_id AS event_id,  -- number, in the order of the commits; the last ones stay as long as [events] says
       _text(e.at)                   AS at,                       -- instant of the fact, UTC
       e.at                                          AS at_unix,                  -- the same in Unix seconds
       e.type                                        AS type,                     -- what happened, as in event_type
       e.ulid AS id,  -- queue id (ULID) of the message; NULL: it is about none
       e.recipient_id                                AS recipient_id,             -- number of the recipient
       e.sender                                      AS sender,                   -- reverse-path; '' is null
       e.recipient                                   AS recipient,                -- forward-path
       e.account                                     AS account,                  -- account by which the client logged in; NULL: none
       e.destination                                 AS destination,              -- queue key: next hop or domain
       e.detail                                      AS detail                    -- JSON object of what the type has beyond that
  FROM _event AS e;

-- One row per type of event.
CREATE VIEW event_type AS
SELECT t.type AS type,  -- name
       t.is_wanted AS is_wanted  -- 1: a consumer wants it, so that its events are written
  FROM _event_type AS t;

-- One row per consumer of events. Writable: state (active or paused), cursor (to send all after an event again) and, of a
-- program, types. INSERT INTO consumer (name, types) lets a program follow the view event, DELETE ends that.
CREATE VIEW consumer AS
SELECT c.name AS name,  -- name: of [events.webhooks] or [events.sinks], 'stream' of the HTTP API, or of a program
       c.kind                                        AS kind,                     -- webhook, sink, stream or program
       c.types                                       AS types,                    -- types that it wants, blanks between; '': all
       c.state AS state,  -- active, paused by an operator, or gone: its endpoint answered 410
       c.cursor                                      AS cursor,                   -- number of the last event that it is through with
       CASE WHEN c.kind = 'stream' THEN 0 ELSE greatest(0, coalesce((SELECT max(event_id) FROM _event), 0) - c.cursor) END AS lag,  -- number of events after it
       CASE WHEN c.kind = 'stream' THEN NULL ELSE (SELECT round(((((_now() - e.at)::numeric)::numeric)::numeric)::numeric, 3)::double precision::double precision::double precision::double precision FROM _event AS e
         WHERE e.event_id > c.cursor ORDER BY e.event_id LIMIT 1) END AS lag_s,  -- age of the first of these in seconds
       c.sent                                        AS sent,                     -- number of events that it took
       c.lost                                        AS lost,                     -- number of events that ended before it took them
       (SELECT count(*) FROM _event_aside AS a WHERE a.consumer = c.name AND a.state <> 'dead') AS aside,  -- number of events set aside
       (SELECT count(*) FROM _event_aside AS a WHERE a.consumer = c.name AND a.state = 'dead') AS dead,  -- number of dead letters
       c.failures                                    AS failures,                 -- requests in a row that failed
       _text(c.next_try_at)          AS next_try_at,              -- instant of the next request after a failure, UTC
       c.next_try_at                                 AS next_try_unix,            -- the same in Unix seconds
       _text(c.sent_at)              AS sent_at,                  -- instant of the last request that did not fail, UTC
       c.sent_at                                     AS sent_unix,                -- the same in Unix seconds
       c.last_error                                  AS last_error,               -- why the last failed request failed
       _text(c.last_error_at)        AS last_error_at,            -- instant of that, UTC
       c.last_error_at                               AS last_error_unix,          -- the same in Unix seconds
       _text(c.created_at)           AS created_at,               -- instant since which it is known, UTC
       c.created_at                                  AS created_unix              -- the same in Unix seconds
  FROM _consumer AS c;

-- One row per event that a consumer refused, or that waits for such a one of its message. Writable: state ('waiting' has a
-- dead letter sent again). DELETE drops the event for this consumer.
CREATE VIEW event_aside AS
SELECT a.consumer                                    AS consumer,                 -- name of the consumer
       a.event_id                                    AS event_id,                 -- number of the event
       a.state AS state,  -- waiting (for its next try), behind (an earlier event of its message) or dead
       a.tries                                       AS tries,                    -- number of tries that failed
       _text(a.since)                AS since,                    -- instant of the first one, UTC
       a.since                                       AS since_unix,               -- the same in Unix seconds
       _text(a.next_try_at)          AS next_try_at,              -- instant of the next try, UTC
       a.next_try_at                                 AS next_try_unix,            -- the same in Unix seconds
       a.last_error                                  AS last_error,               -- why the last try failed
       a.ulid                                        AS id,                       -- queue id (ULID) of the message
       e.type                                        AS type,                     -- type of the event
       e.recipient                                   AS recipient                 -- forward-path
  FROM _event_aside AS a
  JOIN _event AS e ON e.event_id = a.event_id;

-- One row per configuration that was in force, as far as they are kept: the newest hundred. empath-admin config shows what differs.
CREATE VIEW config_revision AS
SELECT c.revision                                    AS revision,                 -- number, as in attempt and process
       _text(c.at)                   AS at,                       -- instant since which it was in force, UTC
       c.at                                          AS at_unix,                  -- the same in Unix seconds
       c.node                                        AS node,                     -- name of the host
       c.cause                                       AS cause,                    -- start, reload
       c.who AS who,  -- author of the order to reload; 'empathd': a start, or a reload by a signal
       c.hash                                        AS hash,                     -- SHA-256 of the text, hexadecimal
       c.version                                     AS version,                  -- version of Empath
       c.text                                        AS text                      -- TOML, defaults included, secrets masked
  FROM _config_revision AS c;

-- One row per setting in force: the configuration that the newest process registered with, defaults included.
CREATE VIEW setting AS
SELECT s.name                                        AS name,                     -- dotted, such as receiving.limits.recipients
       s.value AS value,  -- text; numbers and lists as in JSON; secrets masked; NULL: not set
       s.default_value                               AS default_value,            -- value without the file; NULL: there is none
       s.source                                      AS source,                   -- file and line, or 'default'
       s.node                                        AS node                      -- name of the host
  FROM _effective_setting AS s;

-- Recipients of plans, and whether they are as the plan expects them.
CREATE VIEW _plan_recipient_now AS
SELECT x.plan_id, x.recipient_id, r.message_id, r.address, p.verb, p.argument, x.state,
       x.status AS planned_status, x.next_retry_at AS planned_next_retry_at, x.priority AS planned_priority,
       r.status, r.next_retry_at, r.priority, x.destination AS planned_destination, x.target, d.name AS destination,
       CAST(CASE
         WHEN r.recipient_id IS NULL THEN true
         WHEN x.state = 'planned' THEN
           r.status <> x.status
           OR p.verb = 'retry' AND r.next_retry_at <> x.next_retry_at
           OR p.verb = 'priority' AND r.priority <> x.priority
           OR p.verb = 'reroute' AND d.name <> x.destination
         WHEN x.state = 'undone' THEN false
         ELSE
           CASE p.verb
             WHEN 'hold' THEN r.status <> 'held'
             WHEN 'release' THEN r.status <> 'queued' AND r.status <> 'deferred'
             WHEN 'retry' THEN
               r.status <> 'queued' AND r.status <> 'deferred' OR abs(r.next_retry_at - x.changed_at) > 0.001
             WHEN 'priority' THEN
               r.priority <> CAST(p.argument AS INTEGER)
               OR r.status <> 'queued' AND r.status <> 'deferred' AND r.status <> 'held'
             WHEN 'reroute' THEN
               d.name <> x.target OR r.status <> 'queued' AND r.status <> 'deferred' AND r.status <> 'held'
             WHEN 'delete' THEN r.status <> 'cancelled'
             WHEN 'bounce' THEN r.status <> 'bounced'
             ELSE r.status <> 'expired'
           END
       END AS integer) AS is_changed
  FROM _plan_recipient AS x
  JOIN _plan AS p ON p.plan_id = x.plan_id
  LEFT JOIN _recipient AS r ON r.recipient_id = x.recipient_id
  LEFT JOIN _destination AS d ON d.destination_id = r.destination_id;

-- One row per plan: an order that is prepared, looked at, carried out and taken back. Writable: INSERT with verb, argument, predicate and expires_unix; state = 'applied' carries it out, 'undone' takes it back, DELETE forgets it.
CREATE VIEW plan AS
SELECT p.plan_id                                     AS plan_id,                  -- number of the plan
       p.verb                                        AS verb,                     -- retry, hold, release, delete, bounce, expire, priority, reroute
       p.argument                                    AS argument,                 -- the class of the verb priority; NULL for the others
       p.predicate AS predicate,  -- how its recipients were selected: of empath-admin JSON, of others any text; NULL: not told
       p.hash AS hash,  -- SHA-256 of the numbers of its recipients, by empath-admin; NULL: of another program
       CASE
         WHEN EXISTS (SELECT 1 FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'undone') THEN 'undone'
         WHEN EXISTS (SELECT 1 FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'applied') THEN 'applied'
         ELSE 'planned'
       END                                           AS state,                    -- planned, applied, undone: how far any of its recipients is
       p.who                                         AS who,                      -- author, as in the audit
       _text(p.created_at)           AS created_at,               -- instant at which it was made, UTC
       p.created_at                                  AS created_unix,             -- the same in Unix seconds
       _text(p.expires_at)           AS expires_at,               -- it cannot be carried out or taken back later, UTC
       p.expires_at                                  AS expires_unix,             -- the same in Unix seconds
       (SELECT count(*) FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id) AS recipients,  -- number of its recipients
       (SELECT count(*) FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'planned') AS planned,  -- of them not changed yet
       (SELECT count(*) FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'applied') AS applied,  -- of them changed
       (SELECT count(*) FROM _plan_recipient AS r WHERE r.plan_id = p.plan_id AND r.state = 'undone') AS undone,  -- of them changed back
       (SELECT count(*) FROM _plan_recipient_now AS r WHERE r.plan_id = p.plan_id AND r.is_changed = 1) AS changed  -- of them not as planned any more, or not as the plan left them
  FROM _plan AS p;

-- One row per recipient of a plan. Writable: INSERT with plan_id, recipient_id and, to reroute, target; state as of the plan; DELETE takes one out that is not changed yet.
CREATE VIEW plan_recipient AS
SELECT n.plan_id                                     AS plan_id,                  -- number of the plan
       n.recipient_id                                AS recipient_id,             -- number of the recipient
       m.ulid                                        AS id,                       -- queue id (ULID) of the message
       n.address                                     AS recipient,                -- forward-path; NULL: forgotten
       n.verb                                        AS verb,                     -- of the plan
       n.argument                                    AS argument,                 -- of the plan
       n.state                                       AS state,                    -- planned, applied, undone
       n.is_changed AS is_changed,  -- 1: not as it was planned, or not as the plan left it: something else has changed it
       n.planned_status                              AS planned_status,           -- status before the plan
       n.planned_next_retry_at                       AS planned_next_retry_unix,  -- instant of the next attempt before the plan, Unix seconds
       n.planned_priority                            AS planned_priority,         -- class before the plan
       n.status                                      AS status,                   -- status now; NULL: forgotten
       n.next_retry_at                               AS next_retry_unix,          -- instant of the next attempt now, Unix seconds
       n.priority                                    AS priority,                 -- class now
       n.planned_destination                         AS planned_destination,      -- destination before a plan to reroute; NULL for other verbs
       n.target                                      AS target,                   -- destination that such a plan moves it to
       n.destination                                 AS destination               -- destination now
  FROM _plan_recipient_now AS n
  LEFT JOIN _message AS m ON m.message_id = n.message_id;
