-- transcripts.sql - what was said in sessions that failed
-- Instants are Unix seconds. The table is bounded: a few thousand rows, each with one dialogue in its last column.

-- name: add
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid.
INSERT INTO _transcript (
  at, ulid, destination, host, listener, client_address, account, sender, stage, reply, dialogue)
VALUES (
  :at, :ulid, :destination, :host, :listener, :client_address, :account, :sender, :stage, :reply, :dialogue);

-- name: expired
-- Rows from :now or before, up to :limit. Index: the rowid. Rows: transcript_id.
SELECT transcript_id
  FROM (SELECT transcript_id, at FROM _transcript ORDER BY transcript_id LIMIT :limit) AS oldest
 WHERE at <= :now;

-- name: number_of_clients
-- Rows about clients. Index: none, the table is small. Rows: one, the number.
SELECT count(*) FROM _transcript WHERE listener IS NOT NULL;

-- name: first_client_to_go
-- The oldest rows about clients, up to :limit. Index: the rowid. Rows: transcript_id.
SELECT transcript_id FROM _transcript WHERE listener IS NOT NULL ORDER BY transcript_id LIMIT :limit;

-- name: number_of_hosts
-- Rows about hosts. Index: none, the table is small. Rows: one, the number.
SELECT count(*) FROM _transcript WHERE listener IS NULL;

-- name: first_host_to_go
-- The oldest rows about hosts, up to :limit. Index: the rowid. Rows: transcript_id.
SELECT transcript_id FROM _transcript WHERE listener IS NULL ORDER BY transcript_id LIMIT :limit;

-- name: forget
-- Remove rows by :keys (list of transcript_id). Transaction: inside BEGIN IMMEDIATE. Index: the rowid.
DELETE FROM _transcript WHERE transcript_id IN (:keys[]);

-- name: last
-- Up to :limit rows, the newest first; conditions that are NULL take all. Index: the rowid. Rows: the columns of
-- the view without the text of the instant.
SELECT transcript_id, at_unix, id, destination, host, listener, client, account, sender, stage, reply, dialogue
  FROM transcript
 WHERE (CAST(:number AS bigint) IS NULL OR transcript_id = :number)
   AND (CAST(:id AS text) IS NULL OR id = :id)
   AND (CAST(:destination AS text) IS NULL OR destination = :destination)
   AND (CAST(:client AS text) IS NULL OR client = :client)
 ORDER BY transcript_id DESC
 LIMIT :limit;
