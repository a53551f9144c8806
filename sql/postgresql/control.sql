-- control.sql - the public write interface of the queue, on PostgreSQL
--
-- Theory of operation.  A statement through a view hands each row to one function per view, as the statement's snapshot had it,
-- and without a lock.  So a function first locks the row that the order is about and reads it anew: what has met its end
-- meanwhile is left alone and is not counted, and what a worker has leased meanwhile takes the order for the end of its lease.
-- What makes mail due rings its destination's bell (schema.sql).  Each change goes to the audit.
--
-- House rules.  The sentences are those of sql/sqlite/control/, word for word: they have codes (sql/refusals.txt).  Every public
-- view has a trigger: PostgreSQL would write through a simple one unasked.  No EXCEPTION block: it is a subtransaction for
-- each of perhaps a million rows.

-- Refuse an order.
CREATE FUNCTION _no(sentence text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'empath: ' || sentence;
END $$;

-- The instant that a person wrote: Unix seconds, UTC text, 'now' or a shift such as '+1 hour'.  0.0: it cannot be read, because
-- that is never an accepted one.
CREATE FUNCTION _instant(given text, at double precision) RETURNS double precision LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF given ~ '^[0-9]{1,12}(\.[0-9]{1,20})?(e\+[0-9]{1,2})?$' THEN
    RETURN given::double precision;
  ELSIF given = 'now' THEN
    RETURN at;
  ELSIF given ~ '^[-+] ?[0-9]{1,6}(\.[0-9]{1,6})? +(second|minute|hour|day|month|year)s?$' THEN
    RETURN round((extract(epoch FROM to_timestamp(at) + given::interval))::numeric, 3);
  ELSIF given ~ ('^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
                 '([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[-+](0[0-9]|1[0-4]):[0-5][0-9])?)?$') THEN
    -- PostgreSQL refuses February 30 with a sentence of its own.
    IF substr(given, 9, 2)::integer
       <= extract(day FROM (substr(given, 1, 7) || '-01')::date + interval '1 month' - interval '1 day') THEN
      RETURN extract(epoch FROM
        CASE WHEN given ~ '(Z|:..[-+]..:..|\.[0-9]+[-+]..:..)$' THEN given ELSE given || ' UTC' END::timestamptz);
    END IF;
  END IF;
  RETURN 0.0;
END $$;

-- What a pair of columns of one instant was set to, as a person may write it; NULL: neither was, or it was set to NULL.
CREATE FUNCTION _given(name text, old_text text, new_text text, old_unix double precision, new_unix double precision)
  RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF new_text IS DISTINCT FROM old_text AND new_unix IS DISTINCT FROM old_unix THEN
    PERFORM _no(format('set %s or %s, not both', name || CASE WHEN name = 'suspended_until' THEN '' ELSE '_at' END, name || '_unix'));
  END IF;
  RETURN CASE WHEN new_text IS DISTINCT FROM old_text THEN new_text ELSE new_unix::text END;
END $$;

-- A row of the audit, unless nothing has changed.
CREATE FUNCTION _record(
  at double precision, recipient_id bigint, ulid text, address text, destination text, what text, before text, after text)
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF before IS DISTINCT FROM after THEN
    INSERT INTO _audit (at, who, recipient_id, ulid, address, destination, what, before, after)
    VALUES (at, (SELECT who FROM _author), recipient_id, ulid, address, destination, what, before, after);
  END IF;
END $$;

-- Where the breaker is open, what is to be tried now lets a probe go.
CREATE FUNCTION _probe(which bigint, at double precision) RETURNS void LANGUAGE sql
  SET search_path FROM CURRENT AS $$
  UPDATE _destination SET breaker_until = at WHERE destination_id = which AND breaker_until > at;
$$;

-- An order for the status of a recipient.  r is the recipient as it is now, locked; given_retry is the instant that the same
-- statement gives, if it gives one.  Returns the recipient as it is after the order.
CREATE FUNCTION _order_status(r _recipient, ulid text, wanted text, given_retry text, at double precision)
  RETURNS _recipient LANGUAGE plpgsql AS $$
DECLARE
  before _recipient := r;
BEGIN
  IF wanted = 'leased' THEN
    PERFORM _no('only a worker leases a recipient; set status = ''queued'' to try it at once');
  ELSIF wanted = 'delivered' THEN
    PERFORM _no('only the next hop makes a recipient delivered; DELETE FROM queue cancels it');
  ELSIF wanted IS NULL
     OR NOT EXISTS (SELECT 1 FROM _recipient_transition WHERE old_status = 'leased' AND new_status = wanted) THEN
    PERFORM _no('status takes held, queued, bounced, expired or cancelled');
  ELSIF r.status = 'leased' AND wanted = 'deferred' THEN
    PERFORM _no('a leased recipient takes held, queued, bounced, expired or cancelled as an order');
  ELSIF r.status <> 'leased' AND NOT EXISTS (
          SELECT 1 FROM _recipient_transition WHERE old_status = r.status AND new_status = wanted AND actor <> 'empath') THEN
    PERFORM _no('a recipient cannot make this move; see SELECT * FROM _recipient_transition');
  ELSIF wanted = 'deferred' AND r.attempts + r.lost_leases = 0 THEN
    PERFORM _no('a recipient that was never tried cannot be deferred; set status = ''queued''');
  ELSIF r.status IN ('bounced', 'cancelled') THEN
    -- Retention locks the message before it looks whether a recipient needs the content.
    PERFORM 1 FROM _message WHERE message_id = r.message_id FOR KEY SHARE;
    IF NOT EXISTS (
         SELECT 1
           FROM _message AS m
          WHERE m.message_id = r.message_id
            AND m.content_locator IS NOT NULL
            AND (m.content_locator <> 'inline' OR EXISTS (SELECT 1 FROM _content AS c WHERE c.message_id = m.message_id))) THEN
      PERFORM _no('the content of this message has been removed; it cannot be queued again');
    END IF;
  END IF;

  IF r.status = 'leased' THEN
    r.ordered_status := nullif(wanted, 'queued');
    IF wanted = 'queued' AND given_retry IS NULL THEN
      r.ordered_next_retry_at := at;
    END IF;
    UPDATE _recipient SET ordered_status = r.ordered_status, ordered_next_retry_at = r.ordered_next_retry_at
     WHERE recipient_id = r.recipient_id;
    PERFORM _record(at, r.recipient_id, ulid, r.address, NULL, 'ordered', before.ordered_status, r.ordered_status);
    PERFORM _record(at, r.recipient_id, ulid, r.address, NULL, 'ordered_next_retry_unix',
                    before.ordered_next_retry_at::text, r.ordered_next_retry_at::text);
    RETURN r;
  END IF;

  -- A recipient set to queued is due at once, unless the statement gives an instant.
  r.status := wanted;
  r.settled_at := at;
  r.reason := CASE WHEN wanted IN ('queued', 'deferred') THEN NULL ELSE 'administratively ' || wanted END;
  IF wanted = 'queued' AND given_retry IS NULL THEN
    r.next_retry_at := least(r.next_retry_at, at);
    PERFORM _probe(r.destination_id, at);
  END IF;
  UPDATE _recipient SET status = r.status, next_retry_at = r.next_retry_at, reason = r.reason, settled_at = r.settled_at
   WHERE recipient_id = r.recipient_id;
  IF wanted IN ('queued', 'deferred') THEN
    INSERT INTO _bell (destination_id, due_at, priority) VALUES (r.destination_id, r.next_retry_at, r.priority);
  END IF;
  PERFORM _record(at, r.recipient_id, ulid, r.address, NULL, 'status', before.status, r.status);
  PERFORM _record(at, r.recipient_id, ulid, r.address, NULL, 'next_retry_unix', before.next_retry_at::text, r.next_retry_at::text);

  -- Mail that an order returns is reported to the sender like mail that bounces.  Mail that is queued again is not.
  -- The condition on notify repeats policy/bounce.wants_notice, because a shell cannot call it.
  IF wanted IN ('bounced', 'expired') THEN
    INSERT INTO _notice (message_id, recipient_id, kind, created_at)
    SELECT r.message_id, r.recipient_id, 'failure', at
     WHERE r.notify IS NULL OR strpos(r.notify, 'FAILURE') > 0
        ON CONFLICT DO NOTHING;
  ELSIF before.status = 'bounced' THEN
    DELETE FROM _notice WHERE recipient_id = r.recipient_id AND kind = 'failure';
  END IF;
  RETURN r;
END $$;

-- queue and history: orders about recipients

CREATE FUNCTION _queue_write() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  at double precision := _now();
  r _recipient;
  given text;
  until double precision;
BEGIN
  IF tg_op = 'INSERT' THEN
    PERFORM _no('mail comes in by SMTP only; to queue a bounced or cancelled recipient again, UPDATE history SET status = ''queued''');
  END IF;
  SELECT * INTO r FROM _recipient WHERE recipient_id = old.recipient_id FOR NO KEY UPDATE;
  IF r.status IS NULL OR r.status NOT IN ('queued', 'deferred', 'leased', 'held') THEN
    RETURN NULL;
  END IF;
  IF tg_op = 'DELETE' THEN
    PERFORM _order_status(r, old.id, 'cancelled', NULL, at);
    RETURN old;
  END IF;
  IF (new.id, new.recipient_id, new.sender, new.recipient, new.domain, new.destination, new.ordered, new.wanted,
      new.ordered_next_retry_at, new.ordered_next_retry_unix, new.attempts, new.last_reply, new.reason, new.received_at,
      new.received_unix, new.size, new.class, new.blocked_by, new.sent_as)
     IS DISTINCT FROM
     (old.id, old.recipient_id, old.sender, old.recipient, old.domain, old.destination, old.ordered, old.wanted,
      old.ordered_next_retry_at, old.ordered_next_retry_unix, old.attempts, old.last_reply, old.reason, old.received_at,
      old.received_unix, old.size, old.class, old.blocked_by, old.sent_as) THEN
    PERFORM _no('queue takes status, next_retry_at, next_retry_unix, priority, expires_at and expires_unix; no other column can be set');
  END IF;

  IF new.next_retry_at IS DISTINCT FROM old.next_retry_at OR new.next_retry_unix IS DISTINCT FROM old.next_retry_unix THEN
    given := coalesce(
      _given('next_retry', old.next_retry_at, new.next_retry_at, old.next_retry_unix, new.next_retry_unix), '');
    until := _instant(given, at);
    IF until NOT BETWEEN 1e9 AND at + 315576000.0 THEN
      PERFORM _no('next_retry_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''');
    END IF;
    IF r.status = 'leased' THEN
      UPDATE _recipient SET ordered_next_retry_at = until WHERE recipient_id = r.recipient_id;
      PERFORM _record(at, r.recipient_id, old.id, r.address, NULL, 'ordered_next_retry_unix',
                      r.ordered_next_retry_at::text, until::text);
      r.ordered_next_retry_at := until;
    ELSE
      UPDATE _recipient SET next_retry_at = until WHERE recipient_id = r.recipient_id;
      IF r.status <> 'held' THEN
        INSERT INTO _bell (destination_id, due_at, priority) VALUES (r.destination_id, until, r.priority);
      END IF;
      PERFORM _record(at, r.recipient_id, old.id, r.address, NULL, 'next_retry_unix', r.next_retry_at::text, until::text);
      r.next_retry_at := until;
      IF until < at + 1.0 THEN
        PERFORM _probe(r.destination_id, at);
      END IF;
    END IF;
    new.next_retry_unix := until;
    new.next_retry_at := _text(until);
  END IF;

  IF new.expires_at IS DISTINCT FROM old.expires_at OR new.expires_unix IS DISTINCT FROM old.expires_unix THEN
    until := _instant(coalesce(_given('expires', old.expires_at, new.expires_at, old.expires_unix, new.expires_unix), ''), at);
    IF until NOT BETWEEN 1e9 AND at + 315576000.0 THEN
      PERFORM _no('expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''');
    END IF;
    UPDATE _recipient SET expires_at = until WHERE recipient_id = r.recipient_id;
    PERFORM _record(at, r.recipient_id, old.id, r.address, NULL, 'expires_unix', r.expires_at::text, until::text);
    new.expires_unix := until;
    new.expires_at := _text(until);
  END IF;

  IF new.priority IS DISTINCT FROM old.priority THEN
    IF new.priority IS NULL OR new.priority NOT BETWEEN 0 AND 4 THEN
      PERFORM _no('priority takes 0 (first), 1, 2, 3 or 4 (last)');
    END IF;
    UPDATE _recipient SET priority = new.priority WHERE recipient_id = r.recipient_id;
    IF r.status IN ('queued', 'deferred') THEN
      INSERT INTO _bell (destination_id, due_at, priority) VALUES (r.destination_id, r.next_retry_at, new.priority);
    END IF;
    PERFORM _record(at, r.recipient_id, old.id, r.address, NULL, 'priority', r.priority::text, new.priority::text);
    r.priority := new.priority;
  END IF;

  -- What was asked of the row that the person saw is not asked again of what it has become meanwhile.
  IF new.status IS DISTINCT FROM old.status AND new.status IS DISTINCT FROM r.status THEN
    r := _order_status(r, old.id, new.status, given, at);
  END IF;
  IF r.status IN ('queued', 'deferred', 'leased', 'held') THEN
    new.status := r.status;
    new.ordered := r.ordered_status;
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER queue_write INSTEAD OF INSERT OR UPDATE OR DELETE ON queue FOR EACH ROW EXECUTE FUNCTION _queue_write();

CREATE FUNCTION _history_write() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  r _recipient;
BEGIN
  IF tg_op = 'INSERT' THEN
    PERFORM _no('only a delivery or an order adds to history; DELETE FROM queue cancels a recipient');
  ELSIF tg_op = 'DELETE' THEN
    PERFORM _no('only the retention of the configuration removes history');
  END IF;
  IF (new.id, new.recipient_id, new.sender, new.recipient, new.domain, new.destination, new.attempts, new.last_reply,
      new.reason, new.settled_at, new.settled_unix, new.received_at, new.received_unix, new.size, new.has_content,
      new.class, new.sent_as)
     IS DISTINCT FROM
     (old.id, old.recipient_id, old.sender, old.recipient, old.domain, old.destination, old.attempts, old.last_reply,
      old.reason, old.settled_at, old.settled_unix, old.received_at, old.received_unix, old.size, old.has_content,
      old.class, old.sent_as)
     OR new.status IS DISTINCT FROM old.status
        AND (new.status IS DISTINCT FROM 'queued' OR old.status NOT IN ('bounced', 'cancelled')) THEN
    PERFORM _no('history takes only status = ''queued'', for a bounced or cancelled recipient');
  END IF;
  SELECT * INTO r FROM _recipient WHERE recipient_id = old.recipient_id FOR NO KEY UPDATE;
  IF r.status IS NULL OR r.status IN ('queued', 'deferred', 'leased', 'held') THEN
    RETURN NULL;
  END IF;
  IF new.status IS DISTINCT FROM old.status THEN
    PERFORM _order_status(r, old.id, new.status, NULL, _now());
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER history_write INSTEAD OF INSERT OR UPDATE OR DELETE ON history FOR EACH ROW EXECUTE FUNCTION _history_write();

-- destination: a suspension and its reason

CREATE FUNCTION _destination_write() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  at double precision := _now();
  d _destination;
  given text;
  until double precision;
  words text;
BEGIN
  IF tg_op = 'INSERT' THEN
    PERFORM _no('the first mail for a destination adds it; routes are in the configuration');
  ELSIF tg_op = 'DELETE' THEN
    PERFORM _no('a destination cannot be removed; DELETE FROM queue WHERE destination = … cancels its mail');
  END IF;
  IF (new.destination, new.leases, new.is_failing, new.due_at, new.due_unix, new.breaker_until, new.breaker_until_unix,
      new.ready_at, new.ready_unix, new.exchangers, new.lease_limit, new.last_failure, new.blocked_by)
     IS DISTINCT FROM
     (old.destination, old.leases, old.is_failing, old.due_at, old.due_unix, old.breaker_until, old.breaker_until_unix,
      old.ready_at, old.ready_unix, old.exchangers, old.lease_limit, old.last_failure, old.blocked_by) THEN
    PERFORM _no('destination takes suspended_until, suspended_until_unix, suspended_reason and max_leases; no other column can be set');
  ELSIF new.max_leases IS DISTINCT FROM old.max_leases THEN
    PERFORM _no('max_leases cannot be set on PostgreSQL yet; give concurrency in [destinations] of the configuration');
  ELSIF length(new.suspended_reason) NOT BETWEEN 1 AND 200 THEN
    PERFORM _no('suspended_reason takes text of at most 200 characters, or NULL');
  END IF;
  SELECT * INTO d FROM _destination WHERE name = old.destination FOR NO KEY UPDATE;
  until := d.suspended_until;
  IF new.suspended_until IS DISTINCT FROM old.suspended_until
     OR new.suspended_until_unix IS DISTINCT FROM old.suspended_until_unix THEN
    given := _given('suspended_until', old.suspended_until, new.suspended_until, old.suspended_until_unix, new.suspended_until_unix);
    until := CASE WHEN given IS NOT NULL THEN _instant(given, at) END;
    IF until NOT BETWEEN 1e9 AND at + 315576000.0 THEN
      PERFORM _no('suspended_until takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL to end it');
    END IF;
  END IF;
  IF until IS NULL AND new.suspended_reason IS NOT NULL AND new.suspended_reason IS DISTINCT FROM old.suspended_reason THEN
    PERFORM _no('a reason needs a suspension: set suspended_until, too');
  END IF;
  -- The reason goes with the suspension: it is gone when that ends. That of hours (storage/queue/destination_rules.py) does
  -- not stand for what an order has set.
  words := CASE
    WHEN until IS NULL THEN NULL
    WHEN until IS DISTINCT FROM d.suspended_until AND new.suspended_reason IS NOT DISTINCT FROM old.suspended_reason
     AND new.suspended_reason LIKE 'closed by %' THEN NULL
    ELSE new.suspended_reason
  END;
  UPDATE _destination SET suspended_until = until, suspended_reason = words WHERE destination_id = d.destination_id;
  PERFORM _record(at, NULL, NULL, NULL, d.name, 'suspended_until_unix', d.suspended_until::text, until::text);
  PERFORM _record(at, NULL, NULL, NULL, d.name, 'suspended_reason', d.suspended_reason, words);
  new.suspended_until_unix := until;
  new.suspended_until := _text(until);
  RETURN new;
END $$;
CREATE TRIGGER destination_write INSTEAD OF INSERT OR UPDATE OR DELETE ON destination FOR EACH ROW
  EXECUTE FUNCTION _destination_write();

-- control: orders to the service as a whole

CREATE FUNCTION _control_write() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  at double precision := _now();
  said text;
BEGIN
  IF tg_op = 'UPDATE' THEN
    PERFORM _no('an order cannot be changed; give another with INSERT INTO control (verb, argument, node)');
  ELSIF tg_op = 'DELETE' THEN
    PERFORM _no('an order cannot be removed; give another with INSERT INTO control (verb, argument, node)');
  ELSIF coalesce(new.verb, '') NOT IN ('reload', 'log-level', 'freeze', 'thaw', 'flush', 'drain', 'stop-listener') THEN
    PERFORM _no('verb takes reload, log-level, freeze, thaw, flush, drain or stop-listener');
  ELSIF (new.control_id, new.asked_at, new.asked_unix, new.who, new.done_at, new.done_unix, new.result)
        IS DISTINCT FROM (NULL::bigint, NULL::text, NULL::double precision, NULL::text, NULL::text, NULL::double precision, NULL::text) THEN
    PERFORM _no('control takes verb, argument and node; no other column can be set');
  ELSIF new.verb IN ('reload', 'freeze', 'thaw', 'drain') AND new.argument IS NOT NULL THEN
    PERFORM _no('this verb takes no argument');
  ELSIF new.verb = 'log-level' AND new.argument NOT IN ('debug', 'info', 'warning', 'error', 'critical') THEN
    PERFORM _no('log-level takes debug, info, warning, error or critical, or NULL for the configured one');
  ELSIF new.verb = 'flush' AND new.argument IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM _destination WHERE name = new.argument) THEN
    PERFORM _no('there is no such destination; see SELECT destination FROM destination');
  ELSIF new.verb = 'stop-listener' AND coalesce(new.argument, '') = '' THEN
    PERFORM _no('stop-listener takes the address of a listener, such as 127.0.0.1:2525');
  ELSIF new.verb IN ('freeze', 'thaw', 'flush', 'log-level') AND new.node IS NOT NULL THEN
    PERFORM _no('this verb is for every node; leave out the node');
  ELSIF new.verb IN ('reload', 'drain', 'stop-listener') AND NOT EXISTS (
          SELECT 1 FROM _process WHERE ended_at IS NULL AND (new.node IS NULL OR node = new.node)) THEN
    PERFORM _no('no process runs that could do this; see SELECT node, slot FROM process WHERE ended_at IS NULL');
  END IF;

  CASE new.verb
    WHEN 'freeze' THEN
      INSERT INTO _setting (name, value) VALUES ('frozen', to_char(to_timestamp(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
          ON CONFLICT DO NOTHING;
      said := 'delivery is frozen since ' || (SELECT since FROM _frozen);
    WHEN 'thaw' THEN
      DELETE FROM _setting WHERE name = 'frozen';
      said := 'delivery goes on';
    WHEN 'log-level' THEN  -- each process reads the level when it beats
      IF new.argument IS NULL THEN
        DELETE FROM _setting WHERE name = 'log-level';
      ELSE
        INSERT INTO _setting (name, value) VALUES ('log-level', new.argument)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value;
      END IF;
      said := 'all processes but the supervisor follow within 2 s';
    WHEN 'flush' THEN
      -- A flush ends back-off; a hold, a suspension and a rate limit stay. Where the breaker is open, a probe goes at once.
      UPDATE _destination SET breaker_until = at
       WHERE breaker_until > at AND (new.argument IS NULL OR name = new.argument);
      WITH due AS (
        UPDATE _recipient AS r SET next_retry_at = at
          FROM _destination AS d
         WHERE r.destination_id = d.destination_id
           AND (new.argument IS NULL OR d.name = new.argument)
           AND r.status IN ('queued', 'deferred')
           AND r.priority IN (0, 1, 2, 3, 4)
           AND r.next_retry_at > at
        RETURNING r.destination_id, r.priority
      )
      INSERT INTO _bell (destination_id, due_at, priority)
      SELECT destination_id, at, min(priority) FROM due GROUP BY destination_id;
      said := 'all waiting mail is due';
    ELSE
      NULL;  -- the nodes carry it out
  END CASE;
  INSERT INTO _control (verb, argument, node, asked_at, who, done_at, result)
  VALUES (new.verb, new.argument, new.node, at, (SELECT who FROM _author), CASE WHEN said IS NOT NULL THEN at END, said)
  RETURNING control_id, who INTO new.control_id, new.who;
  IF said IS NULL THEN
    INSERT INTO _control_outcome (control_id, node)
    SELECT DISTINCT new.control_id, node
      FROM _process
     WHERE ended_at IS NULL
       AND (new.node IS NULL OR node = new.node);
  END IF;
  INSERT INTO _audit (at, who, what, after) VALUES (at, new.who, new.verb, new.argument);
  new.asked_unix := at;
  new.asked_at := _text(at);
  new.done_unix := CASE WHEN said IS NOT NULL THEN at END;
  new.done_at := _text(new.done_unix);
  new.result := said;
  RETURN new;
END $$;
CREATE TRIGGER control_write INSTEAD OF INSERT OR UPDATE OR DELETE ON control FOR EACH ROW EXECUTE FUNCTION _control_write();

-- All other public views are read only.
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN
    SELECT c.relname
      FROM pg_class AS c
     WHERE c.relnamespace = current_schema()::regnamespace
       AND c.relkind = 'v'
       AND left(c.relname, 1) <> '_'
       AND NOT EXISTS (SELECT 1 FROM pg_trigger AS t WHERE t.tgrelid = c.oid)
  LOOP
    EXECUTE format(
      'CREATE TRIGGER %I INSTEAD OF INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION _refuse(%L)',
      name || '_write', name,
      'this view is read only on PostgreSQL as yet; queue, history, destination and control take orders');
  END LOOP;
END $$;
