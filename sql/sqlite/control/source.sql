-- source_rest and warmup: the addresses that mail goes out from

-- An instant as _read_instant reads it.
CREATE TRIGGER source_rest_insert INSTEAD OF INSERT ON source_rest
BEGIN
  SELECT raise(ABORT, 'empath: address takes an IP address of [sources], such as 192.0.2.10')
   WHERE typeof(new.address) <> 'text'
      OR length(new.address) NOT BETWEEN 2 AND 45
      OR new.address GLOB '*[^0-9a-f.:]*'
      OR new.address NOT GLOB '*[.:]*';
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL;
  SELECT raise(ABORT, 'empath: a rest takes address, expires_at, expires_unix and reason; no other column can be set')
   WHERE coalesce(new.created_at, new.created_unix, new.who) IS NOT NULL;
  SELECT raise(ABORT, 'empath: reason takes text of at most 1000 characters')
   WHERE new.reason IS NOT NULL AND (typeof(new.reason) <> 'text' OR length(new.reason) > 1000);
  INSERT INTO _judge_text VALUES (new.reason);
  INSERT INTO _set_source_rest
  SELECT new.address,
         CASE
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

CREATE VIEW _set_source_rest AS
SELECT NULL AS address,
       NULL AS expires_at,  -- Unix seconds
       NULL AS reason
 WHERE 0;

CREATE TRIGGER _write_source_rest INSTEAD OF INSERT ON _set_source_rest
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, or a shift such as ''+1 hour''')
   WHERE new.expires_at NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 315576000.0;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.address, 'source_rest expires_unix',
    (SELECT expires_at FROM _source_rest WHERE address = new.address), new.expires_at);
  DELETE FROM _source_rest WHERE address = new.address;
  INSERT INTO _source_rest (address, expires_at, reason, created_at, who)
  VALUES (
    new.address, new.expires_at, new.reason, (SELECT now FROM _clock),
    (SELECT who FROM _author));
END;

CREATE TRIGGER source_rest_update INSTEAD OF UPDATE ON source_rest
BEGIN
  SELECT raise(ABORT, 'empath: INSERT INTO source_rest (address, expires_at, reason) changes the rest of an address');
END;

CREATE TRIGGER source_rest_delete INSTEAD OF DELETE ON source_rest
BEGIN
  DELETE FROM _source_rest WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.address, 'source_rest expires_unix', old.expires_unix, NULL);
END;

-- An instant as _read_instant reads it.
CREATE TRIGGER warmup_insert INSTEAD OF INSERT ON warmup
BEGIN
  SELECT CASE
    WHEN typeof(new.address) <> 'text' OR length(new.address) NOT BETWEEN 2 AND 45
      OR new.address GLOB '*[^0-9a-f.:]*' OR new.address NOT GLOB '*[.:]*'
      THEN raise(ABORT, 'empath: address takes an IP address of [sources], such as 192.0.2.10')
    WHEN typeof(new.provider) <> 'text' OR length(new.provider) NOT BETWEEN 1 AND 255
      OR new.provider GLOB '*[^*0-9a-z._:-]*' OR substr(new.provider, 2) GLOB '*[*]*'
      OR new.provider GLOB '[*]*' AND new.provider <> '*' AND new.provider NOT GLOB '[*].?*'
      THEN raise(ABORT, 'empath: provider takes *, the name of a host, or *.domain, in lower case')
    WHEN typeof(new.day) <> 'integer' OR new.day NOT BETWEEN 1 AND 1000
      THEN raise(ABORT, 'empath: day takes a number from 1 to 1000')
    WHEN typeof(new.most_messages) <> 'integer' OR new.most_messages NOT BETWEEN 0 AND 1000000000
      THEN raise(ABORT, 'empath: most_messages takes a number from 0 to 1000000000')
    WHEN new.messages IS NOT NULL
      THEN raise(ABORT, 'empath: a warm-up takes address, provider, day, most_messages and started_at; no other column can be set')
    WHEN new.started_at IS NOT NULL AND new.started_unix IS NOT NULL
      THEN raise(ABORT, 'empath: set started_at or started_unix, not both')
  END;
  INSERT INTO _set_warmup
  SELECT new.address, new.provider, new.day, new.most_messages,
         CASE
           WHEN given IS NULL THEN NULL
           WHEN typeof(given) = 'integer' OR typeof(given) = 'real' THEN given
           WHEN typeof(given) <> 'text' THEN 0.0
           WHEN given GLOB '[-+]*' THEN coalesce(round((julianday('now', given) - 2440587.5) * 86400.0, 3), 0.0)
           WHEN given GLOB '????-??-??*' AND date(julianday(substr(given, 1, 10))) IS NOT substr(given, 1, 10) THEN 0.0
           WHEN given GLOB '*[^0-9.]*' THEN coalesce(round((julianday(given) - 2440587.5) * 86400.0, 3), 0.0)
           ELSE CAST(given AS REAL)
         END
    FROM (SELECT coalesce(new.started_at, new.started_unix) AS given);
END;

CREATE VIEW _set_warmup AS
SELECT NULL AS address,
       NULL AS provider,
       NULL AS day,
       NULL AS most_messages,
       NULL AS started_at  -- Unix seconds; NULL: as before
 WHERE 0;

-- Another start makes other days, so what was counted by the old ones is void.
CREATE TRIGGER _write_warmup INSTEAD OF INSERT ON _set_warmup
BEGIN
  SELECT raise(ABORT, 'empath: started_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, or a shift such as ''-1 day''')
   WHERE new.started_at NOT BETWEEN 1e9 AND (SELECT now FROM _clock) + 315576000.0;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), new.address, 'warmup ' || new.provider || ' day ' || new.day,
    (SELECT most_messages FROM _warmup WHERE (address, provider, day) = (new.address, new.provider, new.day)),
    new.most_messages);
  DELETE FROM _warmup_use
   WHERE (address, provider) = (new.address, new.provider)
     AND new.started_at IS NOT NULL
     AND new.started_at IS NOT (
       SELECT started_at FROM _warmup WHERE (address, provider) = (new.address, new.provider) LIMIT 1);
  UPDATE _warmup SET started_at = new.started_at
   WHERE (address, provider) = (new.address, new.provider)
     AND started_at <> new.started_at;
  INSERT OR REPLACE INTO _warmup (address, provider, day, most_messages, started_at)
  VALUES (
    new.address, new.provider, new.day, new.most_messages,
    coalesce(
      new.started_at,
      (SELECT started_at FROM _warmup WHERE (address, provider) = (new.address, new.provider) LIMIT 1),
      (SELECT now FROM _clock)));
END;

CREATE TRIGGER warmup_update INSTEAD OF UPDATE ON warmup
BEGIN
  SELECT raise(ABORT, 'empath: INSERT INTO warmup (address, provider, day, most_messages) changes a day; with started_at, the start of the plan');
END;

CREATE TRIGGER warmup_delete INSTEAD OF DELETE ON warmup
BEGIN
  DELETE FROM _warmup WHERE (address, provider, day) = (old.address, old.provider, old.day);
  DELETE FROM _warmup_use
   WHERE (address, provider) = (old.address, old.provider)
     AND NOT EXISTS (SELECT 1 FROM _warmup WHERE (address, provider) = (old.address, old.provider));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.address, 'warmup ' || old.provider || ' day ' || old.day,
    old.most_messages, NULL);
END;
