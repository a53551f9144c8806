-- authentication_override: whose mail is treated more mildly than its domain asks for

CREATE VIEW _check_override AS SELECT NULL AS pattern, NULL AS at_most, NULL AS reason WHERE 0;

-- authentication/disposition.py reads a pattern; here it must only look like one.
CREATE TRIGGER _judge_override INSTEAD OF INSERT ON _check_override
BEGIN
  INSERT INTO _judge_text VALUES (new.pattern), (new.reason);
  SELECT raise(ABORT, 'empath: pattern takes a domain in ASCII, such as example.org or *.example.org, or a network, such as 192.0.2.0/24')
   WHERE coalesce(typeof(new.pattern) <> 'text', 1)
      OR length(new.pattern) NOT BETWEEN 3 AND 255
      OR lower(new.pattern) GLOB '*[^0-9a-z.:/*_-]*'
      OR new.pattern GLOB '?*[*]*'
      OR new.pattern GLOB '[*][^.]*'
      OR new.pattern GLOB '*..*'
      OR new.pattern GLOB '.*'
      OR new.pattern GLOB '*[./-]'
      OR new.pattern GLOB '*/*/*'
      OR new.pattern GLOB '[-]*'
      OR instr(new.pattern, ':') > 0 AND new.pattern NOT GLOB '*:*:*'
      -- A range of addresses is no network.
      OR new.pattern NOT GLOB '*[^0-9.-]*' AND instr(new.pattern, '-') > 0
      OR instr(new.pattern, '.') + instr(new.pattern, ':') = 0
      OR instr(new.pattern, '/') > 0 AND new.pattern NOT GLOB '[0-9a-fA-F:]*[0-9.:]/[0-9]*'
      OR instr(new.pattern, '/') = 0 AND instr(new.pattern, ':') > 0 AND lower(new.pattern) GLOB '*[^0-9a-f.:]*'
      OR CAST(substr(new.pattern, instr(new.pattern, '/') + 1) AS INTEGER) > iif(instr(new.pattern, ':'), 128, 32)
         AND instr(new.pattern, '/') > 0
      -- An IPv4 address has four numbers up to 255.
      OR new.pattern NOT GLOB '*[^0-9./]*'
         AND (length(new.pattern) - length(replace(new.pattern, '.', '')) <> 3
              OR '.' || replace(new.pattern, '/', '.') || '.' GLOB '*.[3-9][0-9][0-9].*'
              OR '.' || replace(new.pattern, '/', '.') || '.' GLOB '*.2[6-9][0-9].*'
              OR '.' || replace(new.pattern, '/', '.') || '.' GLOB '*.25[6-9].*'
              OR '.' || replace(new.pattern, '/', '.') || '.' GLOB '*.[0-9][0-9][0-9][0-9]*');
  SELECT raise(ABORT, 'empath: at_most takes tag, quarantine-route, hold or reject')
   WHERE coalesce(new.at_most NOT IN ('tag', 'quarantine-route', 'hold', 'reject'), 1);
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
END;

CREATE TRIGGER _set_override_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'authentication_override expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+30 days'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _authentication_override SET expires_at = new.after WHERE pattern = new.address;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;

CREATE TRIGGER authentication_override_insert INSTEAD OF INSERT ON authentication_override
BEGIN
  INSERT INTO _check_override VALUES (new.pattern, new.at_most, new.reason);
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM _authentication_override WHERE pattern = lower(new.pattern))
      THEN raise(ABORT, 'empath: there is a row for this pattern; UPDATE authentication_override changes it')
    WHEN coalesce(new.created_at, new.created_unix, new.who) IS NOT NULL
      THEN raise(ABORT, 'empath: authentication_override takes pattern, at_most, expires_at and reason; no other column can be set')
    WHEN new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL
      THEN raise(ABORT, 'empath: set expires_at or expires_unix, not both')
  END;
  INSERT INTO _authentication_override (pattern, at_most, reason, created_at, who)
  VALUES (
    lower(new.pattern), new.at_most, new.reason, (SELECT now FROM _clock),
    (SELECT who FROM _author));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), lower(new.pattern), 'authentication_override', NULL,
    new.at_most || coalesce(': ' || new.reason, ''));
  INSERT INTO _change_instant
  SELECT 'authentication_override expires_unix', NULL, NULL, lower(new.pattern), NULL, NULL,
         coalesce(new.expires_at, new.expires_unix)
   WHERE coalesce(new.expires_at, new.expires_unix) IS NOT NULL;
END;

CREATE TRIGGER authentication_override_value INSTEAD OF UPDATE OF at_most, reason ON authentication_override
BEGIN
  INSERT INTO _check_override VALUES (old.pattern, new.at_most, new.reason);
  UPDATE _authentication_override SET at_most = new.at_most, reason = new.reason WHERE pattern = old.pattern;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'authentication_override at_most', old.at_most, new.at_most
   WHERE new.at_most IS NOT old.at_most;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'authentication_override reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
END;

CREATE TRIGGER authentication_override_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON authentication_override
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'authentication_override expires_unix', NULL, NULL, old.pattern, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;

-- As queue_update.
CREATE TRIGGER authentication_override_update INSTEAD OF UPDATE ON authentication_override
BEGIN
  SELECT 1
   WHERE new.pattern IS NULL
     AND coalesce(
       new.at_most, new.expires_at, new.expires_unix, new.reason, new.created_at, new.created_unix, new.who);
END;

CREATE TRIGGER authentication_override_fixed INSTEAD OF UPDATE OF pattern, created_at, created_unix, who
ON authentication_override
BEGIN
  SELECT raise(ABORT, 'empath: authentication_override takes at_most, expires_at and reason; DELETE the row and INSERT another');
END;

CREATE TRIGGER authentication_override_delete INSTEAD OF DELETE ON authentication_override
BEGIN
  DELETE FROM _authentication_override WHERE pattern = old.pattern;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.pattern, 'authentication_override', old.at_most, NULL);
END;
