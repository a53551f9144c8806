-- listener_limit: what clients of a listener may do instead of what the file says

-- An instant as _read_instant reads it. config/listener_limits.py reads setting and value; here they must only look like
-- ones. The listeners and the largest numbers are those of the configuration in force; where no process has registered
-- one, any listener may have rows.
CREATE TRIGGER listener_limit_insert INSTEAD OF INSERT ON listener_limit
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: listener_limit takes listener, setting, value, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.created_at, new.created_unix, new.who) IS NOT NULL;
  INSERT INTO _judge_text VALUES (new.listener), (new.value), (new.reason);
  SELECT raise(ABORT, 'empath: listener takes the address of a listener of the configuration, such as 192.0.2.25:25, or * for all')
   WHERE typeof(new.listener) <> 'text'
      OR length(new.listener) NOT BETWEEN 1 AND 200
      OR new.listener <> '*'
     AND EXISTS (SELECT 1 FROM _effective_setting WHERE name = 'receiving.limits.connections')
     AND NOT EXISTS (
       SELECT 1 FROM _effective_setting WHERE name = 'listener.' || json_quote(new.listener) || '.role');
  SELECT raise(ABORT, 'empath: value takes text of 1 to 100 characters')
   WHERE length(CAST(new.value AS TEXT)) NOT BETWEEN 1 AND 100 OR new.value IS NULL;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  SELECT raise(ABORT, 'empath: there are 1000 limits already; DELETE FROM listener_limit those that are not needed')
   WHERE (SELECT count(*) FROM _listener_limit) >= 1000
     AND NOT EXISTS (SELECT 1 FROM _listener_limit WHERE listener = new.listener AND setting = new.setting);
  -- One sentence for each setting of [receiving.limits].
  SELECT CASE new.setting
    WHEN 'message_size' THEN iif(octets BETWEEN 65536 AND most_octets, NULL,
      raise(ABORT, 'empath: message_size takes a size from 64KiB to the largest message_size of the configuration, for which the disk keeps room'))
    WHEN 'recipients' THEN iif(number BETWEEN 100 AND 1000000, NULL,
      raise(ABORT, 'empath: recipients takes a whole number from 100 to 1000000'))
    WHEN 'messages_per_session' THEN iif(number BETWEEN 1 AND 1000000 OR text = 'none', NULL,
      raise(ABORT, 'empath: messages_per_session takes a whole number from 1 to 1000000, or none'))
    WHEN 'recipients_per_session' THEN iif(number BETWEEN 100 AND 1000000 OR text = 'none', NULL,
      raise(ABORT, 'empath: recipients_per_session takes a whole number from 100 to 1000000, or none'))
    WHEN 'connections' THEN iif(number BETWEEN 1 AND most_connections, NULL,
      raise(ABORT, 'empath: connections takes a whole number from 1 to [receiving.limits] connections of the configuration, for which there are descriptors'))
    WHEN 'connections_per_client' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: connections_per_client takes a whole number from 1 to 1000000'))
    WHEN 'connection_rate_per_client' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: connection_rate_per_client takes a rate such as 100/1m, or none'))
    WHEN 'message_rate_per_client' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: message_rate_per_client takes a rate such as 100/1m, or none'))
    WHEN 'recipient_rate_per_client' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: recipient_rate_per_client takes a rate such as 1000/1h, or none'))
    WHEN 'error_rate_per_client' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: error_rate_per_client takes a rate such as 100/1h, or none'))
    WHEN 'message_rate_per_account' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: message_rate_per_account takes a rate such as 500/1h, or none'))
    WHEN 'recipient_rate_per_account' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: recipient_rate_per_account takes a rate such as 2000/1d, or none'))
    WHEN 'error_rate_per_account' THEN iif(is_rate, NULL,
      raise(ABORT, 'empath: error_rate_per_account takes a rate such as 100/1h, or none'))
    WHEN 'errors' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: errors takes a whole number from 1 to 1000000'))
    WHEN 'slow_errors' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: slow_errors takes a whole number from 1 to 1000000'))
    WHEN 'junk' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: junk takes a whole number from 1 to 1000000'))
    WHEN 'command_length' THEN iif(number BETWEEN 2048 AND 1000000, NULL,
      raise(ABORT, 'empath: command_length takes a whole number from 2048 to 1000000'))
    WHEN 'line_length' THEN iif(number = 0 OR number BETWEEN 998 AND 1000000, NULL,
      raise(ABORT, 'empath: line_length takes a whole number from 998 to 1000000, or 0 for no limit'))
    WHEN 'header_size' THEN iif(octets >= 0, NULL,
      raise(ABORT, 'empath: header_size takes a size such as 256KiB'))
    WHEN 'received_hops' THEN iif(number BETWEEN 1 AND 1000000, NULL,
      raise(ABORT, 'empath: received_hops takes a whole number from 1 to 1000000'))
    WHEN 'minimum_content_rate' THEN iif(octets >= 0 AND text GLOB '*/s', NULL,
      raise(ABORT, 'empath: minimum_content_rate takes octets in a second such as 500B/s, or 0B/s for no limit'))
    WHEN 'future_release' THEN iif(is_duration, NULL,
      raise(ABORT, 'empath: future_release takes a duration such as 30d, or 0s where it is not offered'))
    WHEN 'deliver_by' THEN iif(is_duration, NULL,
      raise(ABORT, 'empath: deliver_by takes a duration such as 1m'))
    ELSE raise(ABORT, 'empath: there is no such setting; empath-admin limit settings lists them')
  END
    FROM (
      SELECT text,
             iif(text NOT GLOB '*[^0-9]*' AND length(text) <= 9, CAST(text AS INTEGER), -1) AS number,
             text = 'none'
               OR text GLOB '[1-9]*/[0-9]*[smhd]' AND text NOT GLOB '*[^0-9smhd./]*' AND instr(text, '/') <= 8
              AND substr(text, 1, instr(text, '/') - 1) NOT GLOB '*[^0-9]*' AS is_rate,
             text GLOB '[0-9]*[smhdw]' AND text NOT GLOB '*[^0-9.smhdw]*' AS is_duration,
             (SELECT coalesce(max(CAST(value AS INTEGER)), 1000000)
                FROM _effective_setting
               WHERE name = 'receiving.limits.connections') AS most_connections,
             max(iif(is_new, octets, NULL)) AS octets,
             coalesce(max(iif(is_new, NULL, octets)), 9223372036854775807) AS most_octets
        FROM (
          -- Sizes as policy/units.py reads them; -1: it is none.
          SELECT is_new, CAST(new.value AS TEXT) AS text,
                 iif(
                   amount GLOB '[0-9]*' AND amount NOT GLOB '*[^0-9.]*' AND amount NOT GLOB '*.*.*' AND amount NOT GLOB '*.',
                   coalesce(
                     CAST(CAST(amount AS REAL) * CASE substr(size, length(amount) + 1)
                       WHEN 'B' THEN 1
                       WHEN 'kB' THEN 1000
                       WHEN 'KB' THEN 1000
                       WHEN 'MB' THEN 1000000
                       WHEN 'GB' THEN 1000000000
                       WHEN 'TB' THEN 1000000000000
                       WHEN 'KiB' THEN 1024
                       WHEN 'MiB' THEN 1048576
                       WHEN 'GiB' THEN 1073741824
                       WHEN 'TiB' THEN 1099511627776
                     END AS INTEGER), -1), -1) AS octets
            FROM (
              SELECT is_new, size, rtrim(size, 'BKMGTik') AS amount
                FROM (
                  SELECT 1 AS is_new,
                         iif(new.setting = 'minimum_content_rate' AND new.value GLOB '*/s',
                           substr(new.value, 1, length(new.value) - 2), CAST(new.value AS TEXT)) AS size
                  UNION ALL
                  SELECT 0, value
                    FROM _effective_setting
                   WHERE name = 'receiving.limits.message_size'
                      OR name GLOB 'listener."*".limits.message_size'))));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.listener, 'listener_limit ' || new.setting,
    (SELECT value FROM _listener_limit WHERE listener = new.listener AND setting = new.setting),
    CAST(new.value AS TEXT));
  INSERT INTO _listener_limit (listener, setting, value, expires_at, reason, created_at, who)
  SELECT new.listener, new.setting, CAST(new.value AS TEXT),
         CASE
           WHEN given IS NULL THEN NULL
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
  ON CONFLICT (listener, setting) DO UPDATE
    SET value = excluded.value, expires_at = excluded.expires_at, reason = excluded.reason,
        created_at = excluded.created_at, who = excluded.who;
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, a shift such as ''+1 hour'', or NULL for never')
   WHERE (SELECT expires_at FROM _listener_limit WHERE listener = new.listener AND setting = new.setting)
         NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 315576000.0;
END;

CREATE TRIGGER listener_limit_update INSTEAD OF UPDATE ON listener_limit
BEGIN
  SELECT raise(ABORT, 'empath: a limit is replaced: INSERT INTO listener_limit with the same listener and setting');
END;

CREATE TRIGGER listener_limit_delete INSTEAD OF DELETE ON listener_limit
BEGIN
  DELETE FROM _listener_limit WHERE listener = old.listener AND setting = old.setting;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.listener, 'listener_limit ' || old.setting, old.value, NULL);
END;
