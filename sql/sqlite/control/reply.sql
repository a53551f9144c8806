-- bounce_rule, suppression and shaping_rule: what replies mean and lead to

-- The conditions of a rule about replies; policy/replies/ reads them, here they must only look like ones.
CREATE VIEW _check_reply_pattern AS
SELECT NULL AS stage,
       NULL AS code,
       NULL AS enhanced,
       NULL AS text,
       NULL AS provider
 WHERE 0;

CREATE TRIGGER _judge_reply_pattern INSTEAD OF INSERT ON _check_reply_pattern
BEGIN
  INSERT INTO _judge_text VALUES (new.enhanced), (new.text);
  SELECT CASE
    WHEN coalesce(new.stage, new.code, new.enhanced, new.text, new.provider) IS NULL
      THEN raise(ABORT, 'empath: a rule needs a condition: stage, code, enhanced, text or provider')
    WHEN instr(' dns connect greeting ehlo mail rcpt data content end-of-data quit local ', ' ' || new.stage || ' ') = 0
      THEN raise(ABORT, 'empath: stage takes dns, connect, greeting, ehlo, mail, rcpt, data, content, end-of-data, quit or local')
    WHEN new.code NOT GLOB '[245][0-9][0-9]' AND new.code NOT GLOB '[245][0-9x]x'
      THEN raise(ABORT, 'empath: code takes three digits such as 550, or 55x or 5xx for all such')
    WHEN new.enhanced NOT GLOB '[245*].[0-9*]*.[0-9*]*' OR new.enhanced = '*.*.*'
      THEN raise(ABORT, 'empath: enhanced takes a status code such as 5.1.1, with * for any number: *.7.1, 4.7.*')
    WHEN typeof(new.text) NOT IN ('null', 'text') OR length(new.text) NOT BETWEEN 1 AND 600
      THEN raise(ABORT, 'empath: text takes a regular expression of 1 to 600 characters')
    WHEN new.provider NOT GLOB '*[a-z0-9].[a-z0-9]*' OR new.provider GLOB '*[^-a-z0-9.* ]*'
      THEN raise(ABORT, 'empath: provider takes names of hosts such as *.mail.example.net, separated by blanks')
  END;
END;

CREATE VIEW _check_bounce_rule AS
SELECT NULL AS position,
       NULL AS class,
       NULL AS is_enabled
 WHERE 0;

-- The classes are those of policy/replies/bounce_class.py; tests/storage/queue/test_reply_rules.py holds both equal.
CREATE TRIGGER _judge_bounce_rule INSTEAD OF INSERT ON _check_bounce_rule
BEGIN
  SELECT CASE
    WHEN coalesce(CAST(new.position AS TEXT), '') NOT GLOB '[0-9]*' OR CAST(new.position AS INTEGER) NOT BETWEEN 0 AND 9999
      THEN raise(ABORT, 'empath: position takes 0 (first) to 9999')
    WHEN instr(
      ' bad-mailbox inactive-mailbox bad-domain bad-sender quota policy spam-content spam-block auth-failure virus tls rate'
      || ' greylist protocol routing connection system too-large too-many relay-denied content login local suppressed'
      || ' unknown ',
      ' ' || coalesce(new.class, '') || ' ') = 0 OR coalesce(new.class, '') GLOB '* *' OR coalesce(new.class, '') = ''
      THEN raise(ABORT, 'empath: class takes one of the classes of docs/DELIVERY.md, such as bad-mailbox, quota, rate or policy')
    WHEN coalesce(CAST(new.is_enabled AS TEXT), '') NOT IN ('0', '1')
      THEN raise(ABORT, 'empath: is_enabled takes 0 or 1')
  END;
END;

CREATE TRIGGER bounce_rule_insert INSTEAD OF INSERT ON bounce_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.note);
  SELECT raise(ABORT, 'empath: an own rule takes stage, code, enhanced, text, provider, class, position, is_enabled and note')
   WHERE coalesce(new.rule, new.is_shipped) IS NOT NULL;
  INSERT INTO _check_reply_pattern VALUES (new.stage, new.code, new.enhanced, new.text, new.provider);
  INSERT INTO _check_bounce_rule VALUES (coalesce(new.position, 100), new.class, coalesce(new.is_enabled, 1));
  INSERT INTO _bounce_rule (position, stage, code, enhanced, text, provider, class, is_enabled, note)
  VALUES (
    coalesce(new.position, 100), new.stage, new.code, new.enhanced, new.text, new.provider, new.class,
    coalesce(new.is_enabled, 1), new.note);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), 'own:' || max(rule_id), 'bounce_rule', NULL, new.class
    FROM _bounce_rule;
END;

CREATE TRIGGER bounce_rule_change INSTEAD OF UPDATE OF
  position, stage, code, enhanced, text, provider, class, is_enabled, note
ON bounce_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.note);
  SELECT raise(ABORT, 'empath: a rule that Empath ships takes only is_enabled; INSERT a rule of your own, which comes first')
   WHERE old.is_shipped
     AND (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.note)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.note);
  INSERT INTO _check_reply_pattern VALUES (new.stage, new.code, new.enhanced, new.text, new.provider);
  INSERT INTO _check_bounce_rule VALUES (iif(old.is_shipped, 0, new.position), new.class, new.is_enabled);
  UPDATE _bounce_rule
     SET position = new.position, stage = new.stage, code = new.code, enhanced = new.enhanced, text = new.text,
         provider = new.provider, class = new.class, is_enabled = new.is_enabled, note = new.note
   WHERE coalesce(name, 'own:' || rule_id) = old.rule;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.rule, 'bounce_rule',
         json_array(old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.is_enabled),
         json_array(new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.is_enabled)
   WHERE (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.is_enabled)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.is_enabled);
END;

-- As queue_update.
CREATE TRIGGER bounce_rule_update INSTEAD OF UPDATE ON bounce_rule
BEGIN
  SELECT 1
   WHERE new.rule IS NULL
     AND coalesce(
       new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.is_enabled,
       new.is_shipped, new.note);
END;

CREATE TRIGGER bounce_rule_fixed INSTEAD OF UPDATE OF rule, is_shipped ON bounce_rule
BEGIN
  SELECT raise(ABORT, 'empath: a rule keeps its name; DELETE the row and INSERT another');
END;

CREATE TRIGGER bounce_rule_delete INSTEAD OF DELETE ON bounce_rule
BEGIN
  SELECT raise(ABORT, 'empath: a rule that Empath ships stays; UPDATE bounce_rule SET is_enabled = 0 switches it off')
   WHERE old.is_shipped;
  DELETE FROM _bounce_rule WHERE name IS NULL AND rule_id = CAST(substr(old.rule, 5) AS INTEGER);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.rule, 'bounce_rule', old.class, NULL);
END;

CREATE TRIGGER _set_suppression_expiry INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'suppression expires_unix'
BEGIN
  SELECT raise(ABORT, 'empath: expires_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', a shift such as ''+30 days'', or NULL for never')
   WHERE new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _suppression SET expires_at = new.after WHERE address = new.address;
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;

-- policy/suppression.py reads an address; here it must only look like one.
CREATE TRIGGER suppression_insert INSTEAD OF INSERT ON suppression
BEGIN
  INSERT INTO _judge_text VALUES (new.address), (new.reason), (new.class);
  SELECT CASE
    WHEN typeof(new.address) <> 'text' OR new.address NOT LIKE '%@_%' OR new.address GLOB '*[' || char(1) || '- ]*'
      OR length(new.address) > 1024
      THEN raise(ABORT, 'empath: address takes an address such as user@example.org, or @example.org, its domain in ASCII')
    WHEN EXISTS (SELECT 1 FROM _suppression WHERE address = lower(new.address))
      THEN raise(ABORT, 'empath: the address is suppressed already; UPDATE suppression changes the row')
    WHEN coalesce(new.source, new.created_at, new.created_unix) IS NOT NULL
      THEN raise(ABORT, 'empath: suppression takes address, reason, class and expires_at; no other column can be set')
    WHEN new.expires_at IS NOT NULL AND new.expires_unix IS NOT NULL
      THEN raise(ABORT, 'empath: set expires_at or expires_unix, not both')
  END;
  INSERT INTO _suppression (address, source, reason, class, created_at)
  VALUES (
    lower(new.address), (SELECT who FROM _author), new.reason, new.class,
    (SELECT now FROM _clock));
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), lower(new.address), 'suppression', NULL, coalesce(new.reason, 'suppressed'));
  INSERT INTO _change_instant
  VALUES (
    'suppression expires_unix', NULL, NULL, lower(new.address), NULL, NULL, coalesce(new.expires_at, new.expires_unix));
END;

CREATE TRIGGER suppression_reason INSTEAD OF UPDATE OF reason, class ON suppression
BEGIN
  INSERT INTO _judge_text VALUES (new.reason), (new.class);
  UPDATE _suppression SET reason = new.reason, class = new.class WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.address, 'suppression reason', old.reason, new.reason
   WHERE new.reason IS NOT old.reason;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.address, 'suppression class', old.class, new.class
   WHERE new.class IS NOT old.class;
END;

CREATE TRIGGER suppression_expiry INSTEAD OF UPDATE OF expires_at, expires_unix ON suppression
BEGIN
  SELECT raise(ABORT, 'empath: set expires_at or expires_unix, not both')
   WHERE new.expires_at IS NOT old.expires_at AND new.expires_unix IS NOT old.expires_unix;
  INSERT INTO _change_instant
  VALUES (
    'suppression expires_unix', NULL, NULL, old.address, NULL, old.expires_unix,
    iif(new.expires_at IS NOT old.expires_at, new.expires_at, new.expires_unix));
END;

-- As queue_update.
CREATE TRIGGER suppression_update INSTEAD OF UPDATE ON suppression
BEGIN
  SELECT 1
   WHERE new.address IS NULL
     AND coalesce(
       new.source, new.reason, new.class, new.created_at, new.created_unix, new.expires_at, new.expires_unix);
END;

CREATE TRIGGER suppression_fixed INSTEAD OF UPDATE OF address, source, created_at, created_unix ON suppression
BEGIN
  SELECT raise(ABORT, 'empath: suppression takes reason, class and expires_at; DELETE the row and INSERT another');
END;

CREATE TRIGGER suppression_delete INSTEAD OF DELETE ON suppression
BEGIN
  DELETE FROM _suppression WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES (
    (SELECT who FROM _author), old.address, 'suppression', coalesce(old.reason, 'suppressed'), NULL);
END;

CREATE VIEW _check_shaping_rule AS
SELECT NULL AS position,
       NULL AS stage,
       NULL AS code,
       NULL AS enhanced,
       NULL AS text,
       NULL AS provider,
       NULL AS class,
       NULL AS action,
       NULL AS duration,
       NULL AS value,
       NULL AS is_enabled
 WHERE 0;

-- A class alone is a condition here, so the conditions are looked at only where there is one.
CREATE TRIGGER _judge_shaping_rule INSTEAD OF INSERT ON _check_shaping_rule
BEGIN
  INSERT INTO _check_reply_pattern
  SELECT new.stage, new.code, new.enhanced, new.text, new.provider
   WHERE new.class IS NULL OR coalesce(new.stage, new.code, new.enhanced, new.text, new.provider) IS NOT NULL;
  INSERT INTO _check_bounce_rule VALUES (new.position, coalesce(new.class, 'unknown'), new.is_enabled);
  SELECT CASE
    WHEN coalesce(new.action, '') NOT IN ('suspend', 'slow', 'bounce', 'rest')
      THEN raise(ABORT, 'empath: action takes suspend, slow, bounce or rest')
    WHEN (new.duration IS NULL) <> (new.action = 'bounce')
      OR new.duration NOT GLOB '[1-9]*[smhd]' OR new.duration GLOB '*[^0-9smhd]*'
      THEN raise(ABORT, 'empath: duration takes a time such as 15m for suspend, slow and rest, and NULL for bounce')
    WHEN (new.value IS NULL) = (new.action = 'slow')
      OR new.value NOT GLOB 'concurrency [1-9]*' AND new.value NOT GLOB 'rate [1-9]*/[1-9]*'
      THEN raise(ABORT, 'empath: value takes a setting such as ''concurrency 2'' or ''rate 60/1m'' for slow, and NULL for the others')
  END;
END;

CREATE TRIGGER shaping_rule_insert INSTEAD OF INSERT ON shaping_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.note), (new.value);
  SELECT raise(ABORT, 'empath: an own rule takes stage, code, enhanced, text, provider, class, action, duration, value, position, is_enabled and note')
   WHERE coalesce(new.rule, new.is_shipped) IS NOT NULL;
  INSERT INTO _check_shaping_rule
  VALUES (
    coalesce(new.position, 100), new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action,
    new.duration, new.value, coalesce(new.is_enabled, 1));
  INSERT INTO _shaping_rule (
    position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note)
  VALUES (
    coalesce(new.position, 100), new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action,
    new.duration, new.value, coalesce(new.is_enabled, 1), new.note);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), 'own:' || max(rule_id), 'shaping_rule', NULL, new.action
    FROM _shaping_rule;
END;

CREATE TRIGGER shaping_rule_change INSTEAD OF UPDATE OF
  position, stage, code, enhanced, text, provider, class, action, duration, value, is_enabled, note
ON shaping_rule
BEGIN
  INSERT INTO _judge_text VALUES (new.note), (new.value);
  SELECT raise(ABORT, 'empath: a rule that Empath ships takes only is_enabled; INSERT a rule of your own, which comes first')
   WHERE old.is_shipped
     AND (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action, new.duration,
          new.value, new.note)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.action,
                 old.duration, old.value, old.note);
  INSERT INTO _check_shaping_rule
  VALUES (
    iif(old.is_shipped, 0, new.position), new.stage, new.code, new.enhanced, new.text, new.provider, new.class,
    new.action, new.duration, new.value, new.is_enabled);
  UPDATE _shaping_rule
     SET position = new.position, stage = new.stage, code = new.code, enhanced = new.enhanced, text = new.text,
         provider = new.provider, class = new.class, action = new.action, duration = new.duration, value = new.value,
         is_enabled = new.is_enabled, note = new.note
   WHERE coalesce(name, 'own:' || rule_id) = old.rule;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.rule, 'shaping_rule is_enabled', old.is_enabled, new.is_enabled
   WHERE new.is_enabled IS NOT old.is_enabled;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.rule, 'shaping_rule',
         json_array(old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.action,
                    old.duration, old.value),
         json_array(new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action,
                    new.duration, new.value)
   WHERE (new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action, new.duration,
          new.value)
         IS NOT (old.position, old.stage, old.code, old.enhanced, old.text, old.provider, old.class, old.action,
                 old.duration, old.value);
END;

-- As queue_update.
CREATE TRIGGER shaping_rule_update INSTEAD OF UPDATE ON shaping_rule
BEGIN
  SELECT 1
   WHERE new.rule IS NULL
     AND coalesce(
       new.position, new.stage, new.code, new.enhanced, new.text, new.provider, new.class, new.action, new.duration,
       new.value, new.is_enabled, new.is_shipped, new.note);
END;

CREATE TRIGGER shaping_rule_fixed INSTEAD OF UPDATE OF rule, is_shipped ON shaping_rule
BEGIN
  SELECT raise(ABORT, 'empath: a rule keeps its name; DELETE the row and INSERT another');
END;

CREATE TRIGGER shaping_rule_delete INSTEAD OF DELETE ON shaping_rule
BEGIN
  SELECT raise(ABORT, 'empath: a rule that Empath ships stays; UPDATE shaping_rule SET is_enabled = 0 switches it off')
   WHERE old.is_shipped;
  DELETE FROM _shaping_rule WHERE name IS NULL AND rule_id = CAST(substr(old.rule, 5) AS INTEGER);
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.rule, 'shaping_rule', old.action, NULL);
END;
