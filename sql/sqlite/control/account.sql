-- account: who may submit mail by logging in

-- policy/senders.py and config/units.py read senders and rates; here they must only look like ones.
CREATE TRIGGER account_change INSTEAD OF UPDATE OF status, senders, message_rate, recipient_rate ON account
BEGIN
  INSERT INTO _judge_text VALUES (new.senders), (new.message_rate), (new.recipient_rate);
  SELECT raise(ABORT, 'empath: status takes enabled or disabled')
   WHERE coalesce(new.status, '') NOT IN ('enabled', 'disabled');
  SELECT raise(ABORT, 'empath: senders takes addresses, @domain, @*.domain or *, separated by blanks; an empty text for none')
   WHERE typeof(new.senders) <> 'text'
      OR length(new.senders) > 10000
      OR EXISTS (
        SELECT 1 FROM json_each('[' || replace(json_quote(new.senders), ' ', '","') || ']')
         WHERE value <> '' AND value <> '*' AND value NOT LIKE '%@_%');
  SELECT raise(ABORT, 'empath: message_rate and recipient_rate take a rate such as 100/1h, or NULL for the configured one')
   WHERE new.message_rate NOT GLOB '[1-9]*/[1-9]*[smhd]' OR new.recipient_rate NOT GLOB '[1-9]*/[1-9]*[smhd]';
  UPDATE _account
     SET status = new.status, senders = new.senders, message_rate = new.message_rate, recipient_rate = new.recipient_rate
   WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'account status', old.status, new.status
   WHERE new.status IS NOT old.status;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'account senders', old.senders, new.senders
   WHERE new.senders IS NOT old.senders;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'account message_rate', old.message_rate, new.message_rate
   WHERE new.message_rate IS NOT old.message_rate;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.name, 'account recipient_rate', old.recipient_rate, new.recipient_rate
   WHERE new.recipient_rate IS NOT old.recipient_rate;
END;

-- As queue_update.
CREATE TRIGGER account_update INSTEAD OF UPDATE ON account
BEGIN
  SELECT 1
   WHERE new.name IS NULL
     AND coalesce(
       new.status, new.senders, new.message_rate, new.recipient_rate, new.has_password, new.created_at,
       new.created_unix, new.password_set_at, new.password_set_unix, new.last_used_at, new.last_used_unix,
       new.last_client);
END;

CREATE TRIGGER account_fixed INSTEAD OF UPDATE OF
  name, has_password, created_at, created_unix, password_set_at, password_set_unix, last_used_at, last_used_unix,
  last_client
ON account
BEGIN
  SELECT raise(ABORT, 'empath: account takes status, senders, message_rate and recipient_rate; empath-admin account passwd sets a password');
END;

CREATE TRIGGER account_delete INSTEAD OF DELETE ON account
BEGIN
  DELETE FROM _account WHERE name = old.name;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.name, 'account', old.status, NULL);
END;

CREATE TRIGGER account_insert INSTEAD OF INSERT ON account
BEGIN
  SELECT raise(ABORT, 'empath: empath-admin account add makes an account, because SQL cannot hash its password');
END;
