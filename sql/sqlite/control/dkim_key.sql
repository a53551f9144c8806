-- dkim_key: the keys that sign mail

CREATE TRIGGER dkim_key_state INSTEAD OF UPDATE OF state ON dkim_key
BEGIN
  SELECT raise(ABORT, 'empath: state takes waiting, signing or retired')
   WHERE coalesce(new.state, '') NOT IN ('waiting', 'signing', 'retired');
  UPDATE _dkim_key
     SET state = new.state, since = (SELECT now FROM _clock)
   WHERE domain = old.domain AND selector = old.selector AND state <> new.state;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'dkim_key state', old.state, new.state
   WHERE new.state IS NOT old.state;
END;

-- As queue_update.
CREATE TRIGGER dkim_key_update INSTEAD OF UPDATE ON dkim_key
BEGIN
  SELECT 1
   WHERE new.domain IS NULL
     AND coalesce(
       new.selector, new.algorithm, new.state, new.since_at, new.since_unix, new.name, new.record, new.created_at,
       new.created_unix);
END;

CREATE TRIGGER dkim_key_fixed INSTEAD OF UPDATE OF
  domain, selector, algorithm, since_at, since_unix, name, record, created_at, created_unix
ON dkim_key
BEGIN
  SELECT raise(ABORT, 'empath: dkim_key takes state; DELETE removes a key, and empath-admin dkim generate makes another');
END;

CREATE TRIGGER dkim_key_delete INSTEAD OF DELETE ON dkim_key
BEGIN
  -- SQLite leaves the octets of a deleted row in the file.  A value of the same size is written over the old one.
  UPDATE _dkim_key
     SET private_key = substr(hex(zeroblob(length(private_key))), 1, length(private_key))
   WHERE domain = old.domain AND selector = old.selector;
  DELETE FROM _dkim_key WHERE domain = old.domain AND selector = old.selector;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.name, 'dkim_key', old.state, NULL);
END;

CREATE TRIGGER dkim_key_insert INSTEAD OF INSERT ON dkim_key
BEGIN
  SELECT raise(ABORT, 'empath: empath-admin dkim generate makes a key, because SQL cannot');
END;
