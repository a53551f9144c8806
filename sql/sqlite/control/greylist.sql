-- greylist: who must come again, and who may pass

-- _change_instant names the row of the greylist by recipient_id.
CREATE TRIGGER _set_greylist_pass INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'greylist passes_unix'
BEGIN
  SELECT raise(ABORT, 'empath: passes_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'' or a shift such as ''+1 hour''')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0 OR new.after IS NULL;
  UPDATE _greylist SET passes_at = new.after WHERE greylist_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;

CREATE TRIGGER _set_greylist_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'greylist expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+1 hour'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _greylist SET expires_at = new.after WHERE greylist_id = new.recipient_id;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;

CREATE TRIGGER greylist_pass INSTEAD OF UPDATE OF passes_at, passes_unix ON greylist
BEGIN
  SELECT raise(ABORT, 'empath: set passes_at or passes_unix, not both')
   WHERE new.passes_at IS NOT old.passes_at AND new.passes_unix IS NOT old.passes_unix;
  INSERT INTO _change_instant
  SELECT 'greylist passes_unix', greylist_id, NULL, client || ' ' || sender || ' ' || recipient, NULL, old.passes_unix,
         iif(new.passes_at IS NOT old.passes_at, new.passes_at, new.passes_unix)
    FROM _greylist
   WHERE client = old.client AND sender = old.sender AND recipient = old.recipient;
END;

CREATE TRIGGER greylist_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON greylist
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  SELECT 'greylist expires_unix', greylist_id, NULL, client || ' ' || sender || ' ' || recipient, NULL, old.expires_unix,
         iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix)
    FROM _greylist
   WHERE client = old.client AND sender = old.sender AND recipient = old.recipient;
END;

-- As queue_update.
CREATE TRIGGER greylist_update INSTEAD OF UPDATE ON greylist
BEGIN
  SELECT 1
   WHERE new.client IS NULL
     AND coalesce(
       new.sender, new.recipient, new.first_seen_at, new.first_seen_unix, new.passes_at, new.passes_unix, new.expires_at,
       new.expires_unix, new.hits);
END;

CREATE TRIGGER greylist_fixed INSTEAD OF UPDATE OF client, sender, recipient, first_seen_at, first_seen_unix, hits
ON greylist
BEGIN
  SELECT raise(ABORT, 'empath: greylist takes passes_at, passes_unix, expires_at and expires_unix; no other column can be set');
END;

CREATE TRIGGER greylist_delete INSTEAD OF DELETE ON greylist
BEGIN
  DELETE FROM _greylist WHERE client = old.client AND sender = old.sender AND recipient = old.recipient;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.client || ' ' || old.sender || ' ' || old.recipient, 'greylist',
    old.passes_unix, NULL);
END;

CREATE TRIGGER greylist_insert INSTEAD OF INSERT ON greylist
BEGIN
  SELECT raise(ABORT, 'empath: client takes a network as the view shows it, such as 192.0.2.0/24, with the prefix of [greylist]')
   WHERE coalesce(new.client, '') NOT GLOB '[0-9a-f:]*[0-9.:]/[1-9]*';
  SELECT raise(ABORT, 'empath: an insert takes client alone, and lets all its mail pass; UPDATE greylist sets an expiry')
   WHERE coalesce(
     new.sender, new.recipient, new.first_seen_at, new.first_seen_unix, new.passes_at, new.passes_unix, new.expires_at,
     new.expires_unix, new.hits) IS NOT NULL;
  INSERT INTO _greylist (client, sender, recipient, first_seen_at, passes_at)
  VALUES (new.client, '*', '*', (SELECT now FROM _clock), (SELECT now FROM _clock))
  ON CONFLICT (client, sender, recipient) DO UPDATE SET passes_at = excluded.passes_at, expires_at = NULL;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), client || ' * *', 'greylist', NULL, passes_at
    FROM _greylist
   WHERE client = new.client AND sender = '*' AND recipient = '*';
END;
