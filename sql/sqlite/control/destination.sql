-- destination and destination_rule: what a destination gets

CREATE TRIGGER _set_suspension INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'suspended_until_unix'
BEGIN
  SELECT raise(ABORT, 'empath: suspended_until takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL to end it')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _destination SET suspended_until = new.after
   WHERE name = new.destination AND suspended_until IS new.before;
  INSERT INTO _audit_change
  VALUES (
    new.at, new.who, NULL, NULL, NULL, new.destination, new.what, new.before,
    iif(changes() > 0, new.after, new.before));
END;

-- The reason goes with the suspension: it is gone when that ends. That of hours (storage/queue/destination_rules.py) does
-- not stand for what an order has set.
CREATE TRIGGER destination_suspension INSTEAD OF UPDATE OF
  suspended_until, suspended_until_unix, suspended_reason
ON destination
BEGIN
  SELECT raise(ABORT, 'empath: suspended_reason takes text of at most 200 characters, or NULL')
   WHERE new.suspended_reason IS NOT NULL
     AND (typeof(new.suspended_reason) <> 'text' OR length(new.suspended_reason) NOT BETWEEN 1 AND 200);
  INSERT INTO _judge_text VALUES (new.suspended_reason);
  SELECT raise(ABORT, 'empath: set suspended_until or suspended_until_unix, not both')
   WHERE new.suspended_until IS NOT old.suspended_until AND new.suspended_until_unix IS NOT old.suspended_until_unix;
  INSERT INTO _change_instant
  VALUES (
    'suspended_until_unix', NULL, NULL, NULL, old.destination, old.suspended_until_unix,
    iif(new.suspended_until IS NOT old.suspended_until, new.suspended_until, new.suspended_until_unix));
  SELECT raise(ABORT, 'empath: a reason needs a suspension: set suspended_until, too')
   WHERE new.suspended_reason IS NOT old.suspended_reason
     AND new.suspended_reason IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM _destination WHERE name = old.destination AND suspended_until IS NOT NULL);
  UPDATE _destination
     SET suspended_reason = CASE
           WHEN suspended_until IS NULL THEN NULL
           WHEN suspended_until IS NOT old.suspended_until_unix
            AND new.suspended_reason IS old.suspended_reason
            AND new.suspended_reason GLOB 'closed by *' THEN NULL
           ELSE new.suspended_reason
         END
   WHERE name = old.destination;
  INSERT INTO _audit_change
  SELECT (SELECT now FROM _clock), (SELECT who FROM _author), NULL, NULL, NULL, name,
         'suspended_reason', old.suspended_reason, suspended_reason
    FROM _destination
   WHERE name = old.destination;
END;

-- The limit of exactly this destination. It is in force at once, unless another rule of it has an end: the housekeeper
-- knows.
CREATE TRIGGER destination_max_leases INSTEAD OF UPDATE OF max_leases ON destination
BEGIN
  INSERT INTO _judge_rule
  SELECT old.destination, 'concurrency', CAST(new.max_leases AS TEXT) WHERE new.max_leases IS NOT NULL;
  INSERT INTO _set_rule
  SELECT old.destination, 'concurrency', CAST(new.max_leases AS TEXT), NULL, NULL WHERE new.max_leases IS NOT NULL;
  UPDATE _destination SET max_leases = CAST(new.max_leases AS INTEGER)
   WHERE name = old.destination
     AND new.max_leases IS NOT NULL
     AND NOT EXISTS (
       SELECT 1 FROM _destination_rule
        WHERE pattern = old.destination AND setting = 'concurrency' AND expires_at IS NOT NULL);
  DELETE FROM destination_rule
   WHERE new.max_leases IS NULL AND pattern = old.destination AND setting = 'concurrency' AND expires_at IS NULL;
END;

-- As queue_update.
CREATE TRIGGER destination_update INSTEAD OF UPDATE ON destination
BEGIN
  SELECT 1
   WHERE new.destination IS NULL
     AND coalesce(
       new.max_leases, new.leases, new.is_failing, new.due_at, new.due_unix, new.breaker_until, new.breaker_until_unix,
       new.suspended_until, new.suspended_until_unix, new.ready_at, new.ready_unix, new.exchangers, new.lease_limit,
       new.last_failure, new.suspended_reason, new.blocked_by);
END;

CREATE TRIGGER destination_fixed INSTEAD OF UPDATE OF
  destination, leases, is_failing, due_at, due_unix, breaker_until, breaker_until_unix, ready_at, ready_unix, exchangers,
  lease_limit, last_failure, blocked_by
ON destination
BEGIN
  SELECT raise(ABORT, 'empath: destination takes suspended_until, suspended_until_unix, suspended_reason and max_leases; no other column can be set');
END;

CREATE TRIGGER destination_delete INSTEAD OF DELETE ON destination
BEGIN
  SELECT raise(ABORT, 'empath: a destination cannot be removed; DELETE FROM queue WHERE destination = … cancels its mail');
END;

CREATE TRIGGER destination_insert INSTEAD OF INSERT ON destination
BEGIN
  SELECT raise(ABORT, 'empath: the first mail for a destination adds it; routes are in the configuration');
END;

-- What can be a rule. policy/destinations reads pattern and value; here they must only look like ones.
CREATE VIEW _judge_rule AS
SELECT NULL AS pattern,
       NULL AS setting,
       NULL AS value
 WHERE 0;

CREATE TRIGGER _refuse_rule INSTEAD OF INSERT ON _judge_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.pattern), (new.value);
  SELECT raise(ABORT, 'empath: pattern takes a domain in ASCII, *.domain, *, a destination such as smtp:192.0.2.1:25, or mx: and an MX host or *.domain')
   WHERE typeof(new.pattern) <> 'text'
      OR length(new.pattern) NOT BETWEEN 1 AND 1024
      OR new.pattern GLOB '*[' || char(1) || '-' || char(31) || char(127) || ']*'
      OR CASE
           WHEN new.pattern = '*' THEN 0
           WHEN new.pattern GLOB '[[]*]' THEN new.pattern GLOB '*[^][0-9A-Fa-f:.IPv]*'
           WHEN new.pattern GLOB '*:*' AND new.pattern NOT GLOB 'mx:*' THEN new.pattern NOT GLOB '[a-z]*:*'
           ELSE EXISTS (
             SELECT 1
               FROM (SELECT lower(iif(new.pattern GLOB 'mx:*', substr(new.pattern, 4), new.pattern)) AS name)
              WHERE iif(name GLOB '[*].*', substr(name, 3), name) GLOB '*[^a-z0-9._-]*'
                 OR name GLOB '*..*'
                 OR name GLOB '*.'
                 OR name GLOB '.*'
                 OR name = '')
         END;
  SELECT raise(ABORT, 'empath: value takes text of at most 1000 characters') WHERE length(new.value) > 1000;
  -- One sentence for each setting of policy/destinations/settings.py.
  SELECT CASE new.setting
    WHEN 'concurrency' THEN iif(
      new.value GLOB '[1-9]*' AND new.value NOT GLOB '*[^0-9]*' AND CAST(new.value AS INTEGER) <= 1000000, NULL,
      raise(ABORT, 'empath: concurrency takes a whole number from 1 to 1000000'))
    WHEN 'retry' THEN iif(
      new.value GLOB '[0-9]*[smhdw0-9]' AND new.value NOT GLOB '*[^0-9a-z.* ]*'
        AND ' ' || new.value NOT GLOB '* 0[smhdw]*' AND new.value NOT GLOB '*[*]0*', NULL,
      raise(ABORT, 'empath: retry takes delays such as 1m 5m*2 1h*3'))
    WHEN 'without_8bitmime' THEN iif(
      new.value = 'convert' OR new.value = 'convert-or-send' OR new.value = 'bounce', NULL,
      raise(ABORT, 'empath: without_8bitmime takes convert, convert-or-send or bounce'))
    WHEN 'tls' THEN iif(
      new.value IN ('none', 'may', 'encrypt', 'verify', 'dane', 'sts', 'dane-or-sts')
      OR new.value GLOB 'fingerprint:?*' AND EXISTS (
        -- Without what stands between the digits there are 64 for each certificate.
        SELECT 1
          FROM (SELECT replace(replace(upper(substr(new.value, 13)), 'SHA256:', ''), 'SHA256=', '') AS listed)
         WHERE replace(replace(replace(listed, ':', ''), ',', ''), ' ', '') NOT GLOB '*[^0-9A-F]*'
           AND length(replace(replace(replace(listed, ':', ''), ',', ''), ' ', ''))
             = 64 * (1 + length(listed) - length(replace(listed, ',', '')))), NULL,
      raise(ABORT, 'empath: tls takes none, may, encrypt, verify, dane, sts, dane-or-sts or fingerprint:SHA256: with 64 hexadecimal digits'))
    WHEN 'rate' THEN iif(
      new.value = 'none'
      OR new.value GLOB '[1-9]*/[1-9]*[smhd]*' AND new.value NOT GLOB '*[^0-9a-z./ ]*'
         AND substr(new.value, 1, instr(new.value, '/') - 1) NOT GLOB '*[^0-9]*' AND instr(new.value, '/') <= 8
         AND (new.value NOT GLOB '* *'
           OR new.value GLOB '* burst [1-9]*' AND new.value NOT GLOB '* burst *[^0-9]*'
             AND CAST(substr(new.value, instr(new.value, ' burst ') + 7) AS INTEGER) <= CAST(new.value AS INTEGER)), NULL,
      raise(ABORT, 'empath: rate takes 100/1m, 100/1m burst 20 or none'))
    WHEN 'chunking' THEN iif(
      new.value = 'true' OR new.value = 'false', NULL, raise(ABORT, 'empath: chunking takes true or false'))
    WHEN 'fold_lines' THEN iif(
      new.value = 'true' OR new.value = 'false', NULL, raise(ABORT, 'empath: fold_lines takes true or false'))
    WHEN 'route' THEN CASE
      WHEN new.pattern GLOB '*:*' AND new.pattern NOT GLOB '[[]*'
        THEN raise(ABORT, 'empath: the pattern of a route is a domain, *.domain or *')
      WHEN NOT (
          new.value IN ('mx', 'discard:', 'feedback:', 'reports:')
          OR new.value GLOB 'maildir:/?*'
          OR (new.value GLOB 'pipe:?*' OR new.value GLOB 'webhook:?*') AND new.value NOT GLOB '* *'
          OR new.value GLOB 'https://?*' OR new.value GLOB 'http://?*'
          OR (new.value GLOB 'smtp:/?*' OR new.value GLOB 'smtps://?*' OR new.value GLOB 'smtp+mx://?*'
            OR new.value GLOB 'lmtp:/?*' OR new.value GLOB 'mx*, ?*' OR new.value GLOB 'backup ?*, ?*')
            AND new.value || ',' NOT GLOB '*://,*' AND new.value NOT GLOB '*[, ]' AND new.value NOT GLOB '*//*,[^ ]*')
        THEN raise(ABORT, 'empath: route takes mx, smtp://host:port or another route as in [routes]')
    END
    WHEN 'schedule' THEN iif(
      new.value GLOB '*[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]*' AND new.value NOT GLOB '*[^0-9A-Za-z:, /_+-]*'
        AND new.value NOT GLOB '[a-z]*' AND new.value NOT GLOB '*[A-Za-z],*' AND new.value NOT GLOB '*[, ]', NULL,
      raise(ABORT, 'empath: schedule takes hours such as Mon-Fri 08:00-18:00 Europe/Berlin'))
    WHEN 'not_before' THEN iif(
      new.value GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*' AND date(new.value) = substr(new.value, 1, 10), NULL,
      raise(ABORT, 'empath: not_before takes an instant such as 2026-12-01 08:00, in UTC'))
    WHEN 'source' THEN iif(
      new.value GLOB '[A-Za-z0-9]*' AND new.value NOT GLOB '*[^A-Za-z0-9._-]*' AND length(new.value) <= 100, NULL,
      raise(ABORT, 'empath: source takes the name of a pool of [sources] in the configuration'))
    WHEN 'overflow' THEN iif(
      new.value GLOB '[A-Za-z0-9]*' AND new.value NOT GLOB '*[^A-Za-z0-9._-]*' AND length(new.value) <= 100, NULL,
      raise(ABORT, 'empath: overflow takes the name of a pool of [sources] in the configuration'))
    WHEN 'verp' THEN CASE
      WHEN new.pattern GLOB 'mx:*'
        THEN raise(ABORT, 'empath: the pattern of verp names no MX hosts, which are not known when mail comes')
      WHEN new.value <> 'true' AND new.value <> 'false' THEN raise(ABORT, 'empath: verp takes true or false')
    END
    ELSE raise(ABORT, 'empath: there is no such setting; empath-admin rule settings lists them')
  END;
END;

-- Adds a rule that was judged, or changes the one of the same pattern and setting that has an end, or none, too.
CREATE VIEW _set_rule AS
SELECT NULL AS pattern,
       NULL AS setting,
       NULL AS value,
       NULL AS expires_at,  -- Unix seconds; NULL: no end
       NULL AS reason
 WHERE 0;

CREATE TRIGGER _insert_rule INSTEAD OF INSERT ON _set_rule
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, a shift such as ''+1 hour'', or NULL for never')
   WHERE new.expires_at NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 315576000.0;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.pattern, 'destination_rule ' || new.setting,
    (SELECT value FROM _destination_rule
      WHERE pattern = new.pattern AND setting = new.setting AND (expires_at IS NULL) = (new.expires_at IS NULL)),
    new.value);
  UPDATE _destination_rule
     SET value = new.value, expires_at = new.expires_at, reason = new.reason,
         created_at = (SELECT now FROM _clock), who = (SELECT who FROM _author)
   WHERE pattern = new.pattern AND setting = new.setting AND (expires_at IS NULL) = (new.expires_at IS NULL);
  INSERT INTO _destination_rule (pattern, setting, value, expires_at, reason, created_at, who)
  SELECT new.pattern, new.setting, new.value, new.expires_at, new.reason, (SELECT now FROM _clock),
         (SELECT who FROM _author)
   WHERE NOT EXISTS (
     SELECT 1 FROM _destination_rule
      WHERE pattern = new.pattern AND setting = new.setting AND (expires_at IS NULL) = (new.expires_at IS NULL));
END;

CREATE TRIGGER destination_rule_insert INSTEAD OF INSERT ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: a rule takes pattern, setting, value, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.rule, new.created_at, new.created_unix, new.who) IS NOT NULL;
  INSERT INTO _judge_rule VALUES (new.pattern, new.setting, CAST(new.value AS TEXT));
  -- An instant as _read_instant reads it.
  INSERT INTO _set_rule
  SELECT iif(new.pattern GLOB '*:*' OR new.pattern GLOB '[[]*', new.pattern, lower(new.pattern)), new.setting,
         CAST(new.value AS TEXT),
         CASE
           WHEN given IS NULL THEN NULL
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END,
         new.reason
    FROM (SELECT coalesce(new.expires_at, new.expires_unix) AS given);
END;

CREATE TRIGGER destination_rule_value INSTEAD OF UPDATE OF value ON destination_rule
BEGIN
  INSERT INTO _judge_rule VALUES (old.pattern, old.setting, CAST(new.value AS TEXT));
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'destination_rule ' || old.setting, old.value,
         CAST(new.value AS TEXT)
   WHERE CAST(new.value AS TEXT) IS NOT old.value;
  UPDATE _destination_rule
     SET value = CAST(new.value AS TEXT), created_at = (SELECT now FROM _clock),
         who = (SELECT who FROM _author)
   WHERE rule_id = old.rule AND value <> CAST(new.value AS TEXT);
END;

CREATE TRIGGER destination_rule_reason INSTEAD OF UPDATE OF reason ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern || ' ' || old.setting, 'destination_rule reason', old.reason,
         new.reason
   WHERE new.reason IS NOT old.reason;
  UPDATE _destination_rule SET reason = new.reason WHERE rule_id = old.rule AND reason IS NOT new.reason;
END;

CREATE TRIGGER destination_rule_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'destination_rule expires_unix', old.rule, NULL, old.pattern || ' ' || old.setting, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;

-- _change_instant names the rule by recipient_id.
CREATE TRIGGER _set_rule_end INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'destination_rule expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  SELECT raise(ABORT, 'empath: two rules of one pattern and setting cannot both have an end, or both have none; DELETE one')
   WHERE (new.before IS NULL) <> (new.after IS NULL)
     AND EXISTS (
       SELECT 1
         FROM _destination_rule AS r
         JOIN _destination_rule AS o ON o.pattern = r.pattern AND o.setting = r.setting AND o.rule_id <> r.rule_id
        WHERE r.rule_id = new.recipient_id);
  UPDATE _destination_rule SET expires_at = new.after WHERE rule_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;

-- As queue_update.
CREATE TRIGGER destination_rule_update INSTEAD OF UPDATE ON destination_rule
BEGIN
  SELECT 1
   WHERE new.rule IS NULL
     AND coalesce(
       new.pattern, new.setting, new.value, new.expires_at, new.expires_unix, new.reason, new.created_at,
       new.created_unix, new.who);
END;

CREATE TRIGGER destination_rule_fixed INSTEAD OF UPDATE OF rule, pattern, setting, created_at, created_unix, who
ON destination_rule
BEGIN
  SELECT raise(ABORT, 'empath: destination_rule takes value, expires_at, expires_unix and reason; for another pattern or setting, DELETE the rule and INSERT another');
END;

CREATE TRIGGER destination_rule_delete INSTEAD OF DELETE ON destination_rule
BEGIN
  DELETE FROM _destination_rule WHERE rule_id = old.rule;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.pattern, 'destination_rule ' || old.setting, old.value, NULL);
END;
