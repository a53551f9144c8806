-- plan and plan_recipient: an order that is prepared, looked at, carried out, and taken back
--
-- A plan is a list of recipients and what is to become of them.  A row of it is carried out only if its recipient still is
-- as it was when the plan was made, and taken back only if it still is as the plan left it.  The change itself is that of
-- the view queue, with its audit.

CREATE TRIGGER plan_insert INSTEAD OF INSERT ON plan
BEGIN
  SELECT raise(ABORT, 'empath: verb takes retry, hold, release, delete, bounce, expire, priority or reroute')
   WHERE coalesce(new.verb, '') NOT IN ('retry', 'hold', 'release', 'delete', 'bounce', 'expire', 'priority', 'reroute');
  SELECT raise(ABORT, 'empath: argument takes 0 (first) to 4 (last) for the verb priority, and is NULL for the others')
   WHERE iif(new.verb = 'priority', coalesce(CAST(new.argument AS TEXT), '') NOT GLOB '[0-4]', new.argument IS NOT NULL);
  SELECT raise(ABORT, 'empath: predicate takes text of at most 10000 characters') WHERE length(new.predicate) > 10000;
  SELECT raise(ABORT, 'empath: expires_unix takes Unix seconds, from now to 30 days ahead')
   WHERE new.expires_unix NOT BETWEEN (SELECT now FROM _clock) AND (SELECT now FROM _clock) + 2592000.0;
  SELECT raise(ABORT, 'empath: there are 1000 plans; DELETE FROM plan removes one')
   WHERE (SELECT count(*) FROM _plan) >= 1000;
  INSERT INTO _judge_text VALUES (new.predicate);
  INSERT INTO _plan (verb, argument, predicate, hash, who, created_at, expires_at)
  VALUES (
    new.verb, CAST(new.argument AS TEXT), new.predicate, new.hash, (SELECT who FROM _author), (SELECT now FROM _clock),
    coalesce(new.expires_unix, (SELECT now FROM _clock) + 604800.0));
  INSERT INTO _audit (at, who, what, after, object)
  SELECT created_at, who, 'plan', verb, 'plan ' || plan_id FROM _plan ORDER BY plan_id DESC LIMIT 1;
END;

CREATE TRIGGER plan_state INSTEAD OF UPDATE OF state ON plan
BEGIN
  SELECT raise(ABORT, 'empath: state takes ''applied'', and ''undone'' after that')
   WHERE coalesce(new.state, '') NOT IN ('applied', 'undone', old.state);
  SELECT raise(ABORT, 'empath: this plan is over; make another') WHERE old.expires_unix < (SELECT now FROM _clock);
  SELECT raise(ABORT, 'empath: the plan has been carried out; state takes ''undone''')
   WHERE new.state = 'applied' AND old.undone > 0;
  SELECT raise(ABORT, 'empath: recipients are not as they were planned: SELECT * FROM plan_recipient WHERE is_changed shows them, DELETE FROM plan_recipient takes them out')
   WHERE new.state = 'applied'
     AND EXISTS (SELECT 1 FROM plan_recipient WHERE plan_id = old.plan_id AND state = 'planned' AND is_changed);
  SELECT raise(ABORT, 'empath: nothing of this plan has been carried out') WHERE new.state = 'undone' AND old.applied = 0;
  UPDATE plan_recipient SET state = new.state
   WHERE plan_id = old.plan_id
     AND state = iif(new.state = 'applied', 'planned', 'applied')
     AND NOT is_changed
     AND new.state IS NOT old.state;
END;

CREATE TRIGGER plan_fixed INSTEAD OF UPDATE OF
  plan_id, verb, argument, predicate, hash, who, created_at, created_unix, expires_at, expires_unix, recipients, planned,
  changed, applied, undone
ON plan
BEGIN
  SELECT raise(ABORT, 'empath: a plan takes only state; INSERT INTO plan makes another');
END;

-- As queue_update.
CREATE TRIGGER plan_update INSTEAD OF UPDATE ON plan
BEGIN
  SELECT 1
   WHERE new.plan_id IS NULL
     AND coalesce(
       new.verb, new.argument, new.predicate, new.hash, new.who, new.created_at, new.created_unix, new.expires_at,
       new.expires_unix, new.state, new.recipients, new.planned, new.changed, new.applied, new.undone);
END;

CREATE TRIGGER plan_delete INSTEAD OF DELETE ON plan
BEGIN
  DELETE FROM _plan_recipient WHERE plan_id = old.plan_id;
  DELETE FROM _plan WHERE plan_id = old.plan_id;
  INSERT INTO _audit (at, who, what, before, object)
  VALUES ((SELECT now FROM _clock), (SELECT who FROM _author), 'plan', old.state, 'plan ' || old.plan_id);
END;

CREATE TRIGGER plan_recipient_insert INSTEAD OF INSERT ON plan_recipient
BEGIN
  SELECT raise(ABORT, 'empath: there is no such plan; INSERT INTO plan (verb) makes one')
   WHERE NOT EXISTS (SELECT 1 FROM _plan WHERE plan_id = new.plan_id);
  SELECT raise(ABORT, 'empath: this plan has been carried out; make another')
   WHERE EXISTS (SELECT 1 FROM _plan_recipient WHERE plan_id = new.plan_id AND state = 'applied')  -- equality: a seek
      OR EXISTS (SELECT 1 FROM _plan_recipient WHERE plan_id = new.plan_id AND state = 'undone');
  SELECT raise(ABORT, 'empath: release acts on held recipients, retry on queued and deferred ones, the other verbs on all three; select by status')
   WHERE NOT EXISTS (
     SELECT 1
       FROM _recipient AS r
       JOIN _plan AS p ON p.plan_id = new.plan_id
      WHERE r.recipient_id = new.recipient_id
        AND CASE p.verb
              WHEN 'release' THEN r.status = 'held'
              WHEN 'retry' THEN r.status = 'queued' OR r.status = 'deferred'
              WHEN 'hold' THEN r.status = 'queued' OR r.status = 'deferred'
              ELSE r.status = 'queued' OR r.status = 'deferred' OR r.status = 'held'
            END);
  SELECT raise(ABORT, 'empath: target takes the name of the destination that a plan to reroute moves the recipient to, and is NULL for other verbs')
   WHERE (SELECT verb FROM _plan WHERE plan_id = new.plan_id) = 'reroute'
      <> (typeof(new.target) = 'text' AND length(new.target) BETWEEN 1 AND 10000)
      OR (SELECT verb FROM _plan WHERE plan_id = new.plan_id) <> 'reroute' AND new.target IS NOT NULL;
  INSERT INTO _judge_text VALUES (new.target);
  INSERT INTO _plan_recipient (plan_id, recipient_id, state, status, next_retry_at, priority, destination, target)
  SELECT new.plan_id, recipient_id, 'planned', status, next_retry_at, priority,
         iif(new.target IS NULL, NULL, (SELECT name FROM _destination AS d WHERE d.destination_id = _recipient.destination_id)),
         new.target
    FROM _recipient
   WHERE recipient_id = new.recipient_id
     AND NOT EXISTS (
       SELECT 1 FROM _plan_recipient WHERE plan_id = new.plan_id AND recipient_id = new.recipient_id);
END;

CREATE TRIGGER plan_recipient_state INSTEAD OF UPDATE OF state ON plan_recipient
BEGIN
  SELECT raise(ABORT, 'empath: state takes ''applied'' after ''planned'', and ''undone'' after ''applied''')
   WHERE new.state IS NOT old.state
     AND NOT (old.state = 'planned' AND new.state IS 'applied' OR old.state = 'applied' AND new.state IS 'undone');
  SELECT raise(ABORT, 'empath: the sender may have got a report; UPDATE history SET status = ''queued'' sends bounced mail again')
   WHERE new.state = 'undone' AND (old.verb = 'bounce' OR old.verb = 'expire');
  SELECT raise(ABORT, 'empath: routes decide where mail goes, and would move it again: set them back, and reroute')
   WHERE new.state = 'undone' AND old.verb = 'reroute';
  SELECT raise(ABORT, 'empath: no mail went to the destination of this move yet; empath-admin apply makes it')
   WHERE old.verb = 'reroute'
     AND new.state IS NOT old.state
     AND NOT EXISTS (SELECT 1 FROM _destination WHERE name = old.target);
  SELECT raise(ABORT, 'empath: a recipient is not as it was planned, or as the plan left it: SELECT * FROM plan_recipient WHERE is_changed')
   WHERE new.state IS NOT old.state AND old.is_changed;
  UPDATE _plan_recipient
     SET state = new.state,
         next_retry_at = iif(new.state = 'applied', old.next_retry_unix, next_retry_at),
         priority = iif(new.state = 'applied', old.priority, priority),
         changed_at = (SELECT now FROM _clock)
   WHERE plan_id = old.plan_id
     AND recipient_id = old.recipient_id
     AND state <> new.state;
  -- An instant first: what is held again waits as before.
  INSERT INTO _change_instant
  VALUES (
    'next_retry_unix', old.recipient_id, old.id, old.recipient, NULL, old.next_retry_unix,
    CASE
      WHEN new.state IS old.state THEN old.next_retry_unix
      WHEN new.state = 'applied' AND old.verb = 'retry' THEN (SELECT now FROM _clock)
      WHEN new.state = 'undone' AND (old.verb = 'retry' OR old.verb = 'release') THEN old.planned_next_retry_unix
      ELSE old.next_retry_unix
    END);
  INSERT INTO _change_status
  VALUES (
    old.recipient_id, old.id, old.recipient, old.status,
    CASE
      WHEN new.state IS old.state THEN old.status
      WHEN new.state = 'applied' THEN
        CASE old.verb
          WHEN 'hold' THEN 'held'
          WHEN 'release' THEN 'queued'
          WHEN 'delete' THEN 'cancelled'
          WHEN 'bounce' THEN 'bounced'
          WHEN 'expire' THEN 'expired'
          ELSE old.status
        END
      WHEN old.verb = 'hold' THEN old.planned_status
      WHEN old.verb = 'release' THEN 'held'
      WHEN old.verb = 'delete' THEN 'queued'
      ELSE old.status
    END,
    old.next_retry_unix, new.state = 'undone', NULL, NULL);
  INSERT INTO _change_status
  SELECT old.recipient_id, old.id, old.recipient, 'queued', 'held', old.next_retry_unix, 1, NULL, NULL
   WHERE new.state = 'undone' AND old.state = 'applied' AND old.verb = 'delete' AND old.planned_status = 'held';
  UPDATE _recipient
     SET priority = iif(new.state = 'applied', CAST(old.argument AS INTEGER), old.planned_priority)
   WHERE recipient_id = old.recipient_id
     AND old.verb = 'priority'
     AND new.state IS NOT old.state;
  INSERT INTO _audit_change
  VALUES (
    (SELECT now FROM _clock), (SELECT who FROM _author), old.recipient_id, old.id, old.recipient, NULL, 'priority',
    old.priority,
    iif(
      old.verb = 'priority' AND new.state IS NOT old.state,
      iif(new.state = 'applied', CAST(old.argument AS INTEGER), old.planned_priority), old.priority));
  UPDATE _recipient SET destination_id = (SELECT destination_id FROM _destination WHERE name = old.target)
   WHERE recipient_id = old.recipient_id
     AND old.verb = 'reroute'
     AND new.state IS NOT old.state;
  INSERT INTO _audit_change
  VALUES (
    (SELECT now FROM _clock), (SELECT who FROM _author), old.recipient_id, old.id, old.recipient, NULL, 'destination',
    old.destination, iif(old.verb = 'reroute' AND new.state IS NOT old.state, old.target, old.destination));
END;

CREATE TRIGGER plan_recipient_fixed INSTEAD OF UPDATE OF
  plan_id, recipient_id, id, recipient, verb, argument, is_changed, planned_status, planned_next_retry_unix, planned_priority,
  status, next_retry_unix, priority, planned_destination, target, destination
ON plan_recipient
BEGIN
  SELECT raise(ABORT, 'empath: a recipient of a plan takes only state');
END;

-- As queue_update.
CREATE TRIGGER plan_recipient_update INSTEAD OF UPDATE ON plan_recipient
BEGIN
  SELECT 1
   WHERE new.plan_id IS NULL
     AND coalesce(
       new.recipient_id, new.id, new.recipient, new.verb, new.argument, new.state, new.is_changed, new.planned_status,
       new.planned_next_retry_unix, new.planned_priority, new.status, new.next_retry_unix, new.priority,
       new.planned_destination, new.target, new.destination);
END;

CREATE TRIGGER plan_recipient_delete INSTEAD OF DELETE ON plan_recipient
BEGIN
  SELECT raise(ABORT, 'empath: what a plan has changed stays in it, so that it can be undone; DELETE FROM plan removes all of it')
   WHERE old.state <> 'planned';
  DELETE FROM _plan_recipient WHERE plan_id = old.plan_id AND recipient_id = old.recipient_id;
END;
