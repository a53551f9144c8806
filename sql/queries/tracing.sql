-- tracing.sql - the traces of messages

-- name: keep
-- The message is in a trace from now on. Index: the rowid.
UPDATE _message SET traceparent = :traceparent WHERE message_id = :message_id;

-- name: trace_id
-- Id of the trace of a message, NULL where it is in none. Transaction: none needed. Index: the rowid. Rows: none or one.
SELECT substr(traceparent, 4, 32) FROM _message WHERE message_id = :message_id;
