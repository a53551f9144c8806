-- token: what programs show that use the HTTP API

-- config/fields.py reads networks; here they must only look like ones. A network that cannot be read lets nobody in.
CREATE TRIGGER token_networks INSTEAD OF UPDATE OF networks ON token
BEGIN
  INSERT INTO _judge_text VALUES (new.networks);
  SELECT raise(ABORT, 'empath: networks takes addresses and networks such as 192.0.2.0/24, separated by blanks; an empty text for any client')
   WHERE typeof(new.networks) <> 'text' OR length(new.networks) > 10000 OR new.networks GLOB '*[^0-9A-Fa-f:./ ]*';
  UPDATE _token SET networks = new.networks WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'token networks', old.networks, new.networks
   WHERE new.networks IS NOT old.networks;
END;

CREATE TRIGGER token_account INSTEAD OF UPDATE OF account ON token
BEGIN
  INSERT INTO _judge_text VALUES (new.account);
  SELECT raise(ABORT, 'empath: account takes the name of an account, or NULL for mail of any sender')
   WHERE new.account IS NOT NULL AND (typeof(new.account) <> 'text' OR length(new.account) NOT BETWEEN 1 AND 1024);
  UPDATE _token SET account = new.account WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'token account', old.account, new.account
   WHERE new.account IS NOT old.account;
END;

CREATE TRIGGER _set_token_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'token expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+30 days'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _token SET expires_at = new.after WHERE name = new.address;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;

CREATE TRIGGER token_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON token
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'token expires_unix', NULL, NULL, old.name, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;

-- As queue_update.
CREATE TRIGGER token_update INSTEAD OF UPDATE ON token
BEGIN
  SELECT 1
   WHERE new.name IS NULL
     AND coalesce(
       new.role, new.networks, new.created_at, new.created_unix, new.expires_at, new.expires_unix, new.last_used_at,
       new.last_used_unix, new.last_client, new.account);
END;

CREATE TRIGGER token_fixed INSTEAD OF UPDATE OF
  name, role, created_at, created_unix, last_used_at, last_used_unix, last_client
ON token
BEGIN
  SELECT raise(ABORT, 'empath: token takes networks, account and expires_at; DELETE revokes it, and empath-admin token add makes another');
END;

CREATE TRIGGER token_delete INSTEAD OF DELETE ON token
BEGIN
  DELETE FROM _token WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.name, 'token', old.role, NULL);
END;

CREATE TRIGGER token_insert INSTEAD OF INSERT ON token
BEGIN
  SELECT raise(ABORT, 'empath: empath-admin token add makes a token, because SQL cannot make its secret');
END;
