-- tracing.sql - the traces of messages

-- name: keep
-- The message is in a trace from now on. Index: the rowid.
UPDATE _message SET traceparent = :traceparent WHERE message_id = :message_id;
