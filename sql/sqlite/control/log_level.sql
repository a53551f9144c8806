-- log_level: how much of the log is written about a part of the service, for a time

-- policy/log_levels.py reads scope and pattern; here they must only look like ones.
CREATE VIEW _judge_log_level AS
SELECT NULL AS scope,
       NULL AS pattern,
       NULL AS level
 WHERE 0;

CREATE TRIGGER _refuse_log_level INSTEAD OF INSERT ON _judge_log_level
BEGIN
  INSERT INTO _judge_text VALUES (new.pattern);
  SELECT CASE
    WHEN coalesce(new.level, '') NOT IN ('debug', 'info', 'warning', 'error', 'critical')
      THEN raise(ABORT, 'empath: level takes debug, info, warning, error or critical')
    WHEN coalesce(new.scope, '') NOT IN ('area', 'client', 'destination', 'message')
      THEN raise(ABORT, 'empath: scope takes area, client, destination or message')
    WHEN coalesce(typeof(new.pattern), '') <> 'text' OR length(new.pattern) NOT BETWEEN 1 AND 1024
      THEN raise(ABORT, 'empath: pattern takes text of 1 to 1024 characters')
    WHEN new.scope = 'area' AND new.pattern NOT IN ('smtp', 'delivery', 'dns', 'queue', 'http', 'modules', 'process')
      THEN raise(ABORT, 'empath: an area is smtp, delivery, dns, queue, http, modules or process')
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
    WHEN new.scope = 'destination' AND new.pattern GLOB '* *'
      THEN raise(ABORT, 'empath: a destination is a domain, *.domain, or a next hop as the view destination names it')
    WHEN new.scope = 'message'
     AND (length(new.pattern) <> 26 OR upper(new.pattern) GLOB '*[^0-9A-HJKMNP-TV-Z]*')
      THEN raise(ABORT, 'empath: a message is named by its queue id of 26 characters')
  END;
END;

-- An instant as _read_instant reads it. Without one, a level ends after an hour.
CREATE TRIGGER log_level_insert INSTEAD OF INSERT ON log_level
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: log_level takes scope, pattern, level, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.created_at, new.created_unix, new.who) IS NOT NULL;
  INSERT INTO _judge_log_level VALUES (new.scope, new.pattern, new.level);
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  SELECT raise(ABORT, 'empath: there are 100 log levels already; DELETE FROM log_level those that are not needed')
   WHERE (SELECT count(*) FROM _log_level WHERE expires_at > (SELECT now FROM _clock)) >= 100
     AND NOT EXISTS (SELECT 1 FROM _log_level WHERE scope = new.scope AND pattern = new.pattern);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.pattern, 'log_level ' || new.scope,
    (SELECT level FROM _log_level WHERE scope = new.scope AND pattern = new.pattern), new.level);
  INSERT INTO _log_level (scope, pattern, level, expires_at, reason, created_at, who)
  SELECT new.scope, new.pattern, new.level,
         CASE
           WHEN given IS NULL THEN (SELECT now FROM _clock) + 3600.0
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END,
         new.reason, (SELECT now FROM _clock), (SELECT who FROM _author)
    FROM (SELECT coalesce(new.expires_at, new.expires_unix) AS given)
   WHERE 1
  ON CONFLICT (scope, pattern) DO UPDATE
    SET level = excluded.level, expires_at = excluded.expires_at, reason = excluded.reason,
        created_at = excluded.created_at, who = excluded.who;
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 30 days ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC or a shift such as ''+1 hour''')
   WHERE (SELECT expires_at FROM _log_level WHERE scope = new.scope AND pattern = new.pattern)
         NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 2592060.0;
END;

CREATE TRIGGER log_level_level INSTEAD OF UPDATE OF level ON log_level
BEGIN
  INSERT INTO _judge_log_level VALUES (old.scope, old.pattern, new.level);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'log_level ' || old.scope, old.level, new.level
   WHERE new.level IS NOT old.level;
  UPDATE _log_level SET level = new.level WHERE scope = old.scope AND pattern = old.pattern AND level <> new.level;
END;

CREATE TRIGGER log_level_reason INSTEAD OF UPDATE OF reason ON log_level
BEGIN
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.scope || ' ' || old.pattern, 'log_level reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
  UPDATE _log_level SET reason = new.reason
   WHERE scope = old.scope AND pattern = old.pattern AND reason IS NOT new.reason;
END;

CREATE TRIGGER log_level_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON log_level
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  SELECT 'log_level expires_unix', log_level_id, NULL, old.scope || ' ' || old.pattern, NULL, old.expires_unix,
         iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix)
    FROM _log_level
   WHERE scope = old.scope AND pattern = old.pattern;
END;

-- _change_instant names the row by recipient_id.
CREATE TRIGGER _set_log_level_end INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'log_level expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 30 days ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 2592060.0 OR new.after IS NULL;
  UPDATE _log_level SET expires_at = new.after WHERE log_level_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;

-- As queue_update.
CREATE TRIGGER log_level_update INSTEAD OF UPDATE ON log_level
BEGIN
  SELECT 1
   WHERE new.scope IS NULL
     AND coalesce(
       new.pattern, new.level, new.expires_at, new.expires_unix, new.reason, new.created_at, new.created_unix, new.who);
END;

CREATE TRIGGER log_level_fixed INSTEAD OF UPDATE OF scope, pattern, created_at, created_unix, who ON log_level
BEGIN
  SELECT raise(ABORT, 'empath: log_level takes level, expires_at, expires_unix and reason; for another scope or pattern, DELETE the row and INSERT another');
END;

CREATE TRIGGER log_level_delete INSTEAD OF DELETE ON log_level
BEGIN
  DELETE FROM _log_level WHERE scope = old.scope AND pattern = old.pattern;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.pattern, 'log_level ' || old.scope, old.level, NULL);
END;
