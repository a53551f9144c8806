-- message, authentication, feedback, attempt, process, session, rate, audit, audit_seal, explanation, stuck and what begins with queue_by: records and
-- counts, which are read and not written

CREATE TRIGGER message_update INSTEAD OF UPDATE ON message
BEGIN
  SELECT raise(ABORT, 'empath: a message is changed through its recipients: UPDATE queue');
END;

CREATE TRIGGER message_delete INSTEAD OF DELETE ON message
BEGIN
  SELECT raise(ABORT, 'empath: DELETE FROM queue cancels the recipients of a message');
END;

CREATE TRIGGER message_insert INSTEAD OF INSERT ON message
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;

CREATE TRIGGER authentication_update INSTEAD OF UPDATE ON authentication
BEGIN
  SELECT raise(ABORT, 'empath: what was found out about a message cannot be changed; authentication_override says what is done with the next one');
END;

CREATE TRIGGER authentication_delete INSTEAD OF DELETE ON authentication
BEGIN
  SELECT raise(ABORT, 'empath: what was found out about a message is removed with it, by the retention of the configuration');
END;

CREATE TRIGGER authentication_insert INSTEAD OF INSERT ON authentication
BEGIN
  SELECT raise(ABORT, 'empath: mail is judged when it comes in, and not later');
END;

CREATE TRIGGER feedback_update INSTEAD OF UPDATE ON feedback
BEGIN
  SELECT raise(ABORT, 'empath: what others have reported cannot be changed; UPDATE suppression changes what it led to');
END;

CREATE TRIGGER feedback_delete INSTEAD OF DELETE ON feedback
BEGIN
  SELECT raise(ABORT, 'empath: what others have reported is removed by the retention of [feedback]');
END;

CREATE TRIGGER feedback_insert INSTEAD OF INSERT ON feedback
BEGIN
  SELECT raise(ABORT, 'empath: reports come in by mail only; INSERT INTO suppression suppresses an address');
END;

CREATE TRIGGER attempt_update INSTEAD OF UPDATE ON attempt
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is a record and cannot be changed; UPDATE queue changes the next one');
END;

CREATE TRIGGER attempt_delete INSTEAD OF DELETE ON attempt
BEGIN
  SELECT raise(ABORT, 'empath: an attempt is removed with its recipient, by the retention of the configuration');
END;

CREATE TRIGGER attempt_insert INSTEAD OF INSERT ON attempt
BEGIN
  SELECT raise(ABORT, 'empath: only a worker makes an attempt; UPDATE queue SET next_retry_at = ''now'' asks for one');
END;

-- As queue_update.
CREATE TRIGGER process_update INSTEAD OF UPDATE ON process
BEGIN
  SELECT 1
   WHERE new.process_id IS NULL
     AND coalesce(
       new.slot, new.generation, new.node, new.instance, new.pid, new.started_at, new.started_unix, new.beat, new.beat_at,
       new.beat_unix, new.ended_at, new.ended_unix, new.leases, new.version, new.engine_version, new.modules_off,
       new.config_revision);
END;

CREATE TRIGGER process_fixed INSTEAD OF UPDATE OF
  process_id, slot, generation, node, instance, pid, started_at, started_unix, beat, beat_at, beat_unix, ended_at, ended_unix,
  leases, version, engine_version, config_revision
ON process
BEGIN
  SELECT raise(ABORT, 'empath: a process takes only modules_off; INSERT INTO control gives it orders');
END;

CREATE TRIGGER process_modules INSTEAD OF UPDATE OF modules_off ON process
BEGIN
  SELECT raise(ABORT, 'empath: modules_off takes NULL, or a part of what it has: what is taken out is called again')
   WHERE new.modules_off IS NOT NULL
     AND (old.modules_off IS NULL OR instr(' ' || old.modules_off || ' ', ' ' || new.modules_off || ' ') = 0);
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.slot, 'modules_off', old.modules_off, new.modules_off
   WHERE new.modules_off IS NOT old.modules_off;
  UPDATE _process SET modules_off = new.modules_off WHERE process_id = old.process_id;
END;

CREATE TRIGGER process_delete INSTEAD OF DELETE ON process
BEGIN
  SELECT raise(ABORT, 'empath: a process cannot be removed; INSERT INTO control (verb) VALUES (''drain'') ends the service');
END;

CREATE TRIGGER process_insert INSTEAD OF INSERT ON process
BEGIN
  SELECT raise(ABORT, 'empath: the service starts its processes; see [delivery] workers in the configuration');
END;

CREATE TRIGGER audit_update INSTEAD OF UPDATE ON audit
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit cannot be changed');
END;

CREATE TRIGGER audit_delete INSTEAD OF DELETE ON audit
BEGIN
  SELECT raise(ABORT, 'empath: rows of the audit cannot be removed');
END;

CREATE TRIGGER audit_insert INSTEAD OF INSERT ON audit
BEGIN
  SELECT raise(ABORT, 'empath: each change writes its own row of the audit; no other row can be added');
END;

CREATE TRIGGER session_state INSTEAD OF UPDATE OF state ON session
BEGIN
  SELECT raise(ABORT, 'empath: session takes only state = ''closed'', which ends the session')
   WHERE new.state IS NOT old.state AND new.state IS NOT 'closed';
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.session || ' ' || old.client, 'session', old.state, 'closed'
   WHERE new.state IS NOT old.state;
  UPDATE _session SET is_closing = 1
   WHERE new.state IS NOT old.state
     AND process_id = CAST(substr(old.session, 1, instr(old.session, '.') - 1) AS INTEGER)
     AND number = CAST(substr(old.session, instr(old.session, '.') + 1) AS INTEGER);
END;

-- As queue_update.
CREATE TRIGGER session_update INSTEAD OF UPDATE ON session
BEGIN
  SELECT 1
   WHERE new.session IS NULL
     AND coalesce(
       new.listener, new.client, new.client_name, new.account, new.tls, new.state, new.messages, new.octets,
       new.began_at, new.began_unix, new.age_s, new.process, new.node);
END;

CREATE TRIGGER session_fixed INSTEAD OF UPDATE OF
  session, listener, client, client_name, account, tls, messages, octets, began_at, began_unix, age_s, process, node
ON session
BEGIN
  SELECT raise(ABORT, 'empath: session takes only state = ''closed'', which ends the session');
END;

CREATE TRIGGER session_delete INSTEAD OF DELETE ON session
BEGIN
  INSERT INTO _audit (who, object, what, before, after)
  SELECT (SELECT who FROM _author), old.session || ' ' || old.client, 'session', old.state, 'closed'
   WHERE old.state <> 'closed';
  UPDATE _session SET is_closing = 1
   WHERE process_id = CAST(substr(old.session, 1, instr(old.session, '.') - 1) AS INTEGER)
     AND number = CAST(substr(old.session, instr(old.session, '.') + 1) AS INTEGER);
END;

CREATE TRIGGER session_insert INSTEAD OF INSERT ON session
BEGIN
  SELECT raise(ABORT, 'empath: only a client begins a session');
END;

CREATE TRIGGER rate_update INSTEAD OF UPDATE ON rate
BEGIN
  SELECT raise(ABORT, 'empath: DELETE FROM rate gives all of a rate back; [receiving.limits] sets the rates');
END;

CREATE TRIGGER rate_delete INSTEAD OF DELETE ON rate
BEGIN
  INSERT INTO _audit (who, object, what, before, after)
  VALUES ((SELECT who FROM _author), old.holder, old.name, old.full_unix, NULL);
  DELETE FROM _rate WHERE name = old.name AND holder = old.holder AND listener = old.listener;
END;

CREATE TRIGGER rate_insert INSTEAD OF INSERT ON rate
BEGIN
  SELECT raise(ABORT, 'empath: the use of a rate is counted by the acceptors; [receiving.limits] sets the rates');
END;

CREATE TRIGGER explanation_update INSTEAD OF UPDATE ON explanation
BEGIN
  SELECT raise(ABORT, 'empath: an explanation follows from what it explains; UPDATE queue or destination changes that');
END;

CREATE TRIGGER explanation_delete INSTEAD OF DELETE ON explanation
BEGIN
  SELECT raise(ABORT, 'empath: an explanation follows from what it explains; DELETE FROM queue cancels a recipient');
END;

CREATE TRIGGER explanation_insert INSTEAD OF INSERT ON explanation
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;

CREATE TRIGGER stuck_update INSTEAD OF UPDATE ON stuck
BEGIN
  SELECT raise(ABORT, 'empath: stuck is counted; UPDATE queue or destination changes what is counted');
END;

CREATE TRIGGER stuck_delete INSTEAD OF DELETE ON stuck
BEGIN
  SELECT raise(ABORT, 'empath: stuck is counted; DELETE FROM queue WHERE destination = … cancels mail');
END;

CREATE TRIGGER stuck_insert INSTEAD OF INSERT ON stuck
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;

CREATE TRIGGER queue_by_domain_update INSTEAD OF UPDATE ON queue_by_domain
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_domain is counted; UPDATE queue changes what is counted');
END;

CREATE TRIGGER queue_by_domain_delete INSTEAD OF DELETE ON queue_by_domain
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_domain is counted; DELETE FROM queue WHERE domain = … cancels mail');
END;

CREATE TRIGGER queue_by_domain_insert INSTEAD OF INSERT ON queue_by_domain
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;

CREATE TRIGGER queue_by_status_update INSTEAD OF UPDATE ON queue_by_status
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_status is counted; UPDATE queue changes what is counted');
END;

CREATE TRIGGER queue_by_status_delete INSTEAD OF DELETE ON queue_by_status
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_status is counted; DELETE FROM queue WHERE status = … cancels mail');
END;

CREATE TRIGGER queue_by_status_insert INSTEAD OF INSERT ON queue_by_status
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;

CREATE TRIGGER queue_by_destination_update INSTEAD OF UPDATE ON queue_by_destination
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_destination is counted; UPDATE queue changes what is counted');
END;

CREATE TRIGGER queue_by_destination_delete INSTEAD OF DELETE ON queue_by_destination
BEGIN
  SELECT raise(ABORT, 'empath: queue_by_destination is counted; DELETE FROM queue WHERE destination = … cancels mail');
END;

CREATE TRIGGER queue_by_destination_insert INSTEAD OF INSERT ON queue_by_destination
BEGIN
  SELECT raise(ABORT, 'empath: mail comes in by SMTP only');
END;

CREATE TRIGGER refusal_update INSTEAD OF UPDATE ON refusal
BEGIN
  SELECT raise(ABORT, 'empath: a refusal is a record and cannot be changed');
END;

CREATE TRIGGER refusal_delete INSTEAD OF DELETE ON refusal
BEGIN
  SELECT raise(ABORT, 'empath: refusals go by themselves: the last ten thousand are kept, for 30 days');
END;

CREATE TRIGGER refusal_insert INSTEAD OF INSERT ON refusal
BEGIN
  SELECT raise(ABORT, 'empath: only an acceptor refuses a client');
END;

CREATE TRIGGER transcript_update INSTEAD OF UPDATE ON transcript
BEGIN
  SELECT raise(ABORT, 'empath: a transcript is a record and cannot be changed');
END;

CREATE TRIGGER transcript_delete INSTEAD OF DELETE ON transcript
BEGIN
  SELECT raise(ABORT, 'empath: transcripts go by themselves, see [transcripts]');
END;

CREATE TRIGGER transcript_insert INSTEAD OF INSERT ON transcript
BEGIN
  SELECT raise(ABORT, 'empath: only a session that fails leaves a transcript');
END;

CREATE TRIGGER throughput_update INSTEAD OF UPDATE ON throughput
BEGIN
  SELECT raise(ABORT, 'empath: throughput is counted by the housekeeper');
END;

CREATE TRIGGER throughput_delete INSTEAD OF DELETE ON throughput
BEGIN
  SELECT raise(ABORT, 'empath: throughput goes by itself after 90 days');
END;

CREATE TRIGGER throughput_insert INSTEAD OF INSERT ON throughput
BEGIN
  SELECT raise(ABORT, 'empath: throughput is counted by the housekeeper');
END;

CREATE TRIGGER config_revision_update INSTEAD OF UPDATE ON config_revision
BEGIN
  SELECT raise(ABORT, 'empath: a configuration that was in force is a record and cannot be changed');
END;

CREATE TRIGGER config_revision_delete INSTEAD OF DELETE ON config_revision
BEGIN
  SELECT raise(ABORT, 'empath: a configuration goes by itself when a hundred newer ones are there');
END;

CREATE TRIGGER config_revision_insert INSTEAD OF INSERT ON config_revision
BEGIN
  SELECT raise(ABORT, 'empath: a configuration comes by a start or a reload');
END;

CREATE TRIGGER setting_update INSTEAD OF UPDATE ON setting
BEGIN
  SELECT raise(ABORT, 'empath: a setting is changed in the configuration file, and by a reload');
END;

CREATE TRIGGER setting_delete INSTEAD OF DELETE ON setting
BEGIN
  SELECT raise(ABORT, 'empath: a setting is removed in the configuration file, and by a reload');
END;

CREATE TRIGGER setting_insert INSTEAD OF INSERT ON setting
BEGIN
  SELECT raise(ABORT, 'empath: a setting is added in the configuration file, and by a reload');
END;

CREATE TRIGGER audit_seal_update INSTEAD OF UPDATE ON audit_seal
BEGIN
  SELECT raise(ABORT, 'empath: a seal is a record and cannot be changed');
END;

CREATE TRIGGER audit_seal_delete INSTEAD OF DELETE ON audit_seal
BEGIN
  SELECT raise(ABORT, 'empath: seals go with the rows that they cover, by the retention of the configuration');
END;

CREATE TRIGGER audit_seal_insert INSTEAD OF INSERT ON audit_seal
BEGIN
  SELECT raise(ABORT, 'empath: new rows are sealed by the housekeeper, as [audit] sealed says');
END;
