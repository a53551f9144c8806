-- control: orders to the service as a whole

CREATE TRIGGER control_insert INSTEAD OF INSERT ON control
BEGIN
  INSERT INTO _judge_text VALUES (new.argument);
  SELECT CASE
    WHEN coalesce(new.verb, '') NOT IN ('reload', 'log-level', 'freeze', 'thaw', 'flush', 'drain', 'stop-listener')
      THEN raise(ABORT, 'empath: verb takes reload, log-level, freeze, thaw, flush, drain or stop-listener')
    WHEN coalesce(new.control_id, new.asked_at, new.asked_unix, new.who, new.done_at, new.done_unix, new.result) IS NOT NULL
      THEN raise(ABORT, 'empath: control takes verb, argument and node; no other column can be set')
    WHEN new.verb IN ('reload', 'freeze', 'thaw', 'drain') AND new.argument IS NOT NULL
      THEN raise(ABORT, 'empath: this verb takes no argument')
    WHEN new.verb = 'log-level' AND new.argument NOT IN ('debug', 'info', 'warning', 'error', 'critical')
      THEN raise(ABORT, 'empath: log-level takes debug, info, warning, error or critical, or NULL for the configured one')
    WHEN new.verb = 'flush' AND new.argument IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM _destination WHERE name = new.argument)
      THEN raise(ABORT, 'empath: there is no such destination; see SELECT destination FROM destination')
    WHEN new.verb = 'stop-listener' AND coalesce(new.argument, '') = ''
      THEN raise(ABORT, 'empath: stop-listener takes the address of a listener, such as 127.0.0.1:2525')
    WHEN new.verb IN ('freeze', 'thaw', 'flush', 'log-level') AND new.node IS NOT NULL
      THEN raise(ABORT, 'empath: this verb is for every node; leave out the node')
    WHEN new.verb IN ('reload', 'drain', 'stop-listener') AND NOT EXISTS (
      SELECT 1 FROM _process WHERE ended_at IS NULL AND (new.node IS NULL OR node = new.node))
      THEN raise(ABORT, 'empath: no process runs that could do this; see SELECT node, slot FROM process WHERE ended_at IS NULL')
  END;
  INSERT INTO _control (verb, argument, node, who)
  VALUES (new.verb, new.argument, new.node, (SELECT who FROM _author));
  INSERT INTO _control_outcome (control_id, node)
  SELECT DISTINCT (SELECT max(control_id) FROM _control), node
    FROM _process
   WHERE new.verb IN ('reload', 'drain', 'stop-listener')
     AND ended_at IS NULL
     AND (new.node IS NULL OR node = new.node);
  INSERT INTO _audit (who, what, before, after)
  SELECT who, verb, NULL, argument FROM _control ORDER BY control_id DESC LIMIT 1;

  INSERT OR IGNORE INTO _setting (name, value)
  SELECT 'frozen', strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE new.verb = 'freeze';
  DELETE FROM _setting WHERE new.verb = 'thaw' AND name = 'frozen';

  -- Each process reads the level when it beats.
  DELETE FROM _setting WHERE new.verb = 'log-level' AND name = 'log-level';
  INSERT INTO _setting (name, value)
  SELECT 'log-level', new.argument WHERE new.verb = 'log-level' AND new.argument IS NOT NULL;

  -- A flush ends back-off; a hold, a suspension and a rate limit stay. Where the breaker is open, a probe goes at once.
  UPDATE _destination SET breaker_until = (SELECT asked_at FROM _control ORDER BY control_id DESC LIMIT 1)
   WHERE new.verb = 'flush'
     AND breaker_until > (SELECT asked_at FROM _control ORDER BY control_id DESC LIMIT 1)
     AND (new.argument IS NULL OR name = new.argument);
  UPDATE _recipient SET next_retry_at = (SELECT asked_at FROM _control ORDER BY control_id DESC LIMIT 1)
   WHERE new.verb = 'flush'
     AND destination_id IN (SELECT destination_id FROM _destination WHERE new.argument IS NULL OR name = new.argument)
     AND status IN ('queued', 'deferred')
     AND priority IN (0, 1, 2, 3, 4)
     AND next_retry_at > (SELECT asked_at FROM _control ORDER BY control_id DESC LIMIT 1);
  UPDATE _control
     SET done_at = asked_at,
         result = CASE verb
           WHEN 'freeze' THEN 'delivery is frozen since ' || (SELECT value FROM _setting WHERE name = 'frozen')
           WHEN 'thaw' THEN 'delivery goes on'
           WHEN 'log-level' THEN 'all processes but the supervisor follow within 2 s'
           ELSE 'all waiting mail is due'
         END
   WHERE new.verb IN ('freeze', 'thaw', 'flush', 'log-level')
     AND control_id = (SELECT max(control_id) FROM _control);
END;

CREATE TRIGGER control_update INSTEAD OF UPDATE ON control
BEGIN
  SELECT raise(ABORT, 'empath: an order cannot be changed; give another with INSERT INTO control (verb, argument, node)');
END;

CREATE TRIGGER control_delete INSTEAD OF DELETE ON control
BEGIN
  SELECT raise(ABORT, 'empath: an order cannot be removed; give another with INSERT INTO control (verb, argument, node)');
END;
