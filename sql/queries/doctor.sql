-- doctor.sql - what the queue says about the health of the service
-- Transaction: none needed.

-- name: newest_received
-- Latest instant at which one of the last 1000 messages was received. Index: the rowid. Rows: one, Unix seconds or NULL.
SELECT max(received_at) FROM _message WHERE message_id > (SELECT max(message_id) FROM _message) - 1000;

-- name: beats
-- Processes that have not ended, with their last sign of life. Rows: slot, pid, beat_at.
SELECT slot, pid, beat_at FROM _process WHERE ended_at IS NULL ORDER BY slot, generation;

-- name: editors
-- Versions of the engine that made the last 100000 changes. Index: the rowid. Rows: engine_version, changes, last instant.
SELECT engine_version, count(*), max(at)
  FROM _audit
 WHERE audit_id > (SELECT max(audit_id) FROM _audit) - 100000
 GROUP BY engine_version;

-- name: modules_off
-- Modules that living processes have switched off. Rows: slot, modules_off.
SELECT slot, modules_off FROM _process WHERE ended_at IS NULL AND modules_off IS NOT NULL ORDER BY slot, generation;

-- name: has_recipient_in
-- Whether the list of recipients has an address in :domain; reads all of it. Rows: none or one, 1.
SELECT 1 FROM _recipient_list WHERE address LIKE '%@' || :domain LIMIT 1;

-- name: clients_let_pass
-- Networks whose mail a person lets pass. Rows: client.
SELECT client FROM _greylist WHERE sender = '*' AND recipient = '*' AND expires_at IS NULL ORDER BY client;

-- name: open_breakers
-- Destinations whose circuit breaker is open or half open at :now (Unix seconds), with mail that is due, and one of them.
-- Index: none, one pass over _destination. Rows: one of count, name and last_failure.
SELECT count(*), min(name), max(last_failure)
  FROM _destination
 WHERE breaker_until IS NOT NULL
   AND due_at <= :now;
