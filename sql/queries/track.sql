-- track.sql - the life of one message, and recipients with any status
-- Transaction: inside one BEGIN, so that the whole answer shows one instant. Instants are Unix seconds.

-- name: events
-- What happened to the message :message_id, in the order of time. Index: the rowid, _recipient_message,
-- _attempt_recipient, _audit_recipient, _feedback_recipient. Rows: at, recipient, what, words.
SELECT at, recipient, what, words
  FROM (SELECT m.received_at AS at, NULL AS recipient, 'accepted' AS what,
               'from ' || m.client_address || ' (' || m.client_name || ') by ' || m.listener || ' of ' || m.node
               || coalesce(', account ' || m.account, '') AS words, 0 AS place
          FROM _message AS m
         WHERE m.message_id = :message_id
        UNION ALL
        SELECT a.started_at + a.duration_s, r.address, a.outcome,
               coalesce(a.host || ' ', '') || coalesce(a.peer_address || ' ', '') || a.stage || ': ' || a.text,
               a.attempt_id
          FROM _recipient AS r
          JOIN _attempt AS a ON a.recipient_id = r.recipient_id
         WHERE r.message_id = :message_id
        UNION ALL
        SELECT u.at, r.address, 'order', u.what || ' by ' || u.who || ': ' || coalesce(u.before, '-') || ' -> ' || coalesce(u.after, '-'),
               u.audit_id
          FROM _recipient AS r
          JOIN _audit AS u ON u.recipient_id = r.recipient_id
         WHERE r.message_id = :message_id
        UNION ALL
        SELECT f.at, r.address, 'reported ' || f.kind,
               coalesce(f.reporter || ': ', '') || coalesce(f.class || ', ', '') || coalesce(f.reply, '-')
               || CASE WHEN f.suppressed_until IS NULL THEN '' ELSE ', suppressed' END,
               f.feedback_id
          FROM _recipient AS r
          JOIN _feedback AS f ON f.recipient_id = r.recipient_id
         WHERE r.message_id = :message_id
        UNION ALL
        SELECT m.delay_reported_at, NULL, 'report', 'the sender was told of the delay', 0
          FROM _message AS m
         WHERE m.message_id = :message_id
           AND m.delay_reported_at IS NOT NULL) AS event
 ORDER BY at, place;

-- name: now
-- How its recipients stand. Index: _recipient_message. Rows: recipient_id, address, status, blocked_by, rule, until.
SELECT r.recipient_id, r.address, r.status,
       (SELECT e.blocked_by FROM explanation AS e WHERE e.recipient_id = r.recipient_id),
       (SELECT e.rule FROM explanation AS e WHERE e.recipient_id = r.recipient_id),
       (SELECT e.until_unix FROM explanation AS e WHERE e.recipient_id = r.recipient_id)
  FROM _recipient AS r
 WHERE r.message_id = :message_id
 ORDER BY r.recipient_id
 LIMIT :limit;
