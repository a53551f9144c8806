-- recipient_list, alias and verification: which addresses exist, and where their mail goes

CREATE TRIGGER recipient_list_insert INSTEAD OF INSERT ON recipient_list
BEGIN
  INSERT INTO _judge_text VALUES (new.address);
  SELECT raise(ABORT, 'empath: address takes an address such as user@example.org, its domain in ASCII')
   WHERE typeof(new.address) <> 'text' OR new.address NOT LIKE '_%@_%' OR new.address GLOB '*[' || char(1) || '- ]*';
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), lower(new.address), 'recipient_list', NULL, 'listed'
   WHERE NOT EXISTS (SELECT 1 FROM _recipient_list WHERE address = lower(new.address));
  INSERT OR IGNORE INTO _recipient_list (address) VALUES (lower(new.address));
END;

CREATE TRIGGER recipient_list_update INSTEAD OF UPDATE ON recipient_list
BEGIN
  SELECT raise(ABORT, 'empath: an address of recipient_list cannot be changed; DELETE it and INSERT another');
END;

CREATE TRIGGER recipient_list_delete INSTEAD OF DELETE ON recipient_list
BEGIN
  DELETE FROM _recipient_list WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.address, 'recipient_list', 'listed', NULL);
END;

-- policy/recipients.py reads pattern and target; here they must only look like ones.
CREATE TRIGGER alias_insert INSTEAD OF INSERT ON alias
BEGIN
  INSERT INTO _judge_text VALUES (new.pattern), (new.target);
  SELECT raise(ABORT, 'empath: pattern and target take an address such as user@example.org, or @example.org, in ASCII domains')
   WHERE typeof(new.pattern) <> 'text' OR new.pattern NOT LIKE '%@_%' OR new.pattern GLOB '*[' || char(1) || '- ]*'
      OR typeof(new.target) <> 'text' OR new.target NOT LIKE '%@_%' OR new.target GLOB '*[' || char(1) || '- ]*';
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), lower(new.pattern), 'alias', NULL, new.target
   WHERE NOT EXISTS (SELECT 1 FROM _alias WHERE pattern = lower(new.pattern) AND target = new.target);
  INSERT OR IGNORE INTO _alias (pattern, target) VALUES (lower(new.pattern), new.target);
END;

CREATE TRIGGER alias_target INSTEAD OF UPDATE OF target ON alias
BEGIN
  INSERT INTO _judge_text VALUES (new.target);
  SELECT raise(ABORT, 'empath: target takes an address such as user@example.org, or @example.org, in ASCII domains')
   WHERE typeof(new.target) <> 'text' OR new.target NOT LIKE '%@_%' OR new.target GLOB '*[' || char(1) || '- ]*';
  SELECT raise(ABORT, 'empath: the alias has this target already')
   WHERE new.target <> old.target AND EXISTS (SELECT 1 FROM _alias WHERE pattern = old.pattern AND target = new.target);
  UPDATE _alias SET target = new.target WHERE pattern = old.pattern AND target = old.target;
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.pattern, 'alias', old.target, new.target
   WHERE new.target IS NOT old.target;
END;

-- As queue_update.
CREATE TRIGGER alias_update INSTEAD OF UPDATE ON alias
BEGIN
  SELECT 1 WHERE new.pattern IS NULL AND new.target;
END;

CREATE TRIGGER alias_fixed INSTEAD OF UPDATE OF pattern ON alias
BEGIN
  SELECT raise(ABORT, 'empath: alias takes target; DELETE the row and INSERT another for a new pattern');
END;

CREATE TRIGGER alias_delete INSTEAD OF DELETE ON alias
BEGIN
  DELETE FROM _alias WHERE pattern = old.pattern AND target = old.target;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.pattern, 'alias', old.target, NULL);
END;

CREATE TRIGGER verification_insert INSTEAD OF INSERT ON verification
BEGIN
  SELECT raise(ABORT, 'empath: verification has answers of other hosts; DELETE lets a host be asked again');
END;

CREATE TRIGGER verification_update INSTEAD OF UPDATE ON verification
BEGIN
  SELECT raise(ABORT, 'empath: verification has answers of other hosts; DELETE lets a host be asked again');
END;

CREATE TRIGGER verification_delete INSTEAD OF DELETE ON verification
BEGIN
  DELETE FROM _verification WHERE address = old.address;
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.address, 'verification', old.reply, NULL);
END;
