-- hold_rule: mail that is held when its turn comes

-- policy/hold_rules.py reads scope and pattern; here they must only look like ones. A pattern is kept in lower case, but for
-- the name of an account and a next hop.
CREATE TRIGGER hold_rule_insert INSTEAD OF INSERT ON hold_rule
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: hold_rule takes scope, pattern, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.rule, new.hits, new.created_at, new.created_unix, new.who) IS NOT NULL;
  INSERT INTO _judge_text VALUES (new.pattern), (new.reason);
  SELECT CASE
    WHEN coalesce(new.scope, '') NOT IN ('sender', 'recipient', 'destination', 'account', 'client')
      THEN raise(ABORT, 'empath: scope takes sender, recipient, destination, account or client')
    WHEN typeof(new.pattern) <> 'text' OR length(new.pattern) NOT BETWEEN 1 AND 1024
      THEN raise(ABORT, 'empath: pattern takes text of 1 to 1024 characters')
    WHEN (new.scope = 'sender' OR new.scope = 'recipient')
     AND NOT (new.scope = 'sender' AND new.pattern = '<>')
     AND (new.pattern NOT GLOB '*@?*'
          OR new.pattern GLOB '*[<> ]*' AND new.pattern NOT GLOB '"*"@*'
          OR new.pattern GLOB '@*' AND new.pattern GLOB '*[*]*' AND new.pattern <> '@*' AND new.pattern NOT GLOB '@[*].?*'
          OR new.pattern GLOB '@[*].*[*]*')
      THEN raise(ABORT, 'empath: a sender or recipient is an address, @domain or @*.domain; <> is the null sender')
    WHEN new.scope = 'client' AND (
           new.pattern GLOB '*[^0-9A-Fa-f:./]*'
           OR new.pattern NOT GLOB '*[.:]*'
           OR new.pattern GLOB '*/*[^0-9]*'
           OR new.pattern GLOB '*/'
           OR CAST(substr(new.pattern, instr(new.pattern || '/', '/') + 1) AS INTEGER) > iif(instr(new.pattern, ':'), 128, 32)
           -- An IPv4 address has four numbers up to 255.
           OR instr(new.pattern, ':') = 0 AND '1,1,1,1' <> (
             SELECT group_concat(value GLOB '[0-9]*' AND value NOT GLOB '*[^0-9]*' AND CAST(value AS INTEGER) <= 255)
               FROM json_each(
                 '["' || replace(substr(new.pattern, 1, instr(new.pattern || '/', '/') - 1), '.', '","') || '"]')))
      THEN raise(ABORT, 'empath: a client is an IP address or a network such as 192.0.2.0/24')
    WHEN new.scope = 'destination' AND (new.pattern GLOB '* *' OR new.pattern GLOB 'mx:*')
      THEN raise(ABORT, 'empath: a destination is a domain, *.domain, a next hop as the view destination names it, or * for all')
  END;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  SELECT raise(ABORT, 'empath: there are 1000 hold rules already; DELETE FROM hold_rule those that are not needed')
   WHERE (SELECT count(*) FROM _hold_rule) >= 1000;
  SELECT raise(ABORT, 'empath: there is a rule for this pattern; UPDATE hold_rule changes its end and reason')
   WHERE EXISTS (
     SELECT 1 FROM _hold_rule
      WHERE scope = new.scope
        AND pattern = iif(new.scope = 'account' OR new.scope = 'destination' AND instr(new.pattern, ':'), new.pattern, lower(new.pattern)));
  INSERT INTO _hold_rule (scope, pattern, reason, created_at, who)
  VALUES (
    new.scope,
    iif(new.scope = 'account' OR new.scope = 'destination' AND instr(new.pattern, ':'), new.pattern, lower(new.pattern)),
    new.reason, (SELECT now FROM _clock), (SELECT who FROM _author));
  INSERT INTO _audit (who, object, what, before, after)
  SELECT who, scope || ' ' || pattern, 'hold_rule', NULL, coalesce(reason, 'held')
    FROM _hold_rule
   ORDER BY hold_rule_id DESC
   LIMIT 1;
  INSERT INTO _change_instant
  SELECT 'hold_rule expires_unix', hold_rule_id, NULL, scope || ' ' || pattern, NULL, NULL,
         coalesce(new.expires_at, new.expires_unix)
    FROM _hold_rule
   WHERE coalesce(new.expires_at, new.expires_unix) IS NOT NULL
   ORDER BY hold_rule_id DESC
   LIMIT 1;
  INSERT OR IGNORE INTO _setting (name, value) VALUES ('destination_rules', '0');
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

-- _change_instant names the row by recipient_id.
CREATE TRIGGER _set_hold_rule_end INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'hold_rule expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+30 days'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _hold_rule SET expires_at = new.after WHERE hold_rule_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

CREATE TRIGGER hold_rule_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON hold_rule
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'hold_rule expires_unix', old.rule, NULL, old.scope || ' ' || old.pattern, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;

CREATE TRIGGER hold_rule_reason INSTEAD OF UPDATE OF reason ON hold_rule
BEGIN
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.scope || ' ' || old.pattern, 'hold_rule reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
  UPDATE _hold_rule SET reason = new.reason WHERE hold_rule_id = old.rule;
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;

-- As queue_update.
CREATE TRIGGER hold_rule_update INSTEAD OF UPDATE ON hold_rule
BEGIN
  SELECT 1
   WHERE new.rule IS NULL
     AND coalesce(
       new.scope, new.pattern, new.expires_at, new.expires_unix, new.reason, new.hits, new.created_at, new.created_unix,
       new.who);
END;

CREATE TRIGGER hold_rule_fixed INSTEAD OF UPDATE OF rule, scope, pattern, hits, created_at, created_unix, who ON hold_rule
BEGIN
  SELECT raise(ABORT, 'empath: hold_rule takes expires_at, expires_unix and reason; for another scope or pattern, DELETE the row and INSERT another');
END;

-- What the rule has held stays held.
CREATE TRIGGER hold_rule_delete INSTEAD OF DELETE ON hold_rule
BEGIN
  DELETE FROM _hold_rule WHERE hold_rule_id = old.rule;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.scope || ' ' || old.pattern, 'hold_rule', coalesce(old.reason, 'held'), NULL);
  UPDATE _setting SET value = CAST(value AS INTEGER) + 1 WHERE name = 'destination_rules';
END;
