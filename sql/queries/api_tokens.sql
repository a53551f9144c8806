-- api_tokens.sql - the tokens of programs that use the HTTP API
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: secrets
-- Every token with its digest. Rows: name, role, networks, digest, expires_at, last_used_at, account; the last three may be NULL.
SELECT name, role, networks, digest, expires_at, last_used_at, account FROM _token ORDER BY token_id;

-- name: record_use
-- The token :name was used from :client at :now. Index: the UNIQUE of name.
UPDATE _token SET last_used_at = :now, last_client = :client
 WHERE name = :name AND coalesce(last_used_at, 0.0) < :now;

-- name: record_refusal
-- Record in the audit that :client was refused.
INSERT INTO _audit (who, object, what, before, after) VALUES ('httpd', :client, 'token refused', NULL, :reason);

-- name: insert
-- A new token. Transaction: with record_change. Rows: its number.
INSERT INTO _token (name, role, networks, digest, created_at, expires_at, account)
VALUES (:name, :role, :networks, :digest, :now, :expires_at, :account)
RETURNING token_id;

-- name: record_insert
-- Record in the audit that the token :name was made.
INSERT INTO _audit (who, object, what, before, after)
VALUES ((SELECT who FROM _author), :name, 'token', NULL, :role);

-- name: exists
-- Index: the UNIQUE of name. Rows: none or one, 1.
SELECT 1 FROM _token WHERE name = :name;

-- name: remove
-- Index: the UNIQUE of name.
DELETE FROM token WHERE name = :name;

-- name: all
-- Every token without its secret, by name. Index: the UNIQUE of name. Rows: as the fields of `records.Token`.
SELECT name, role, networks, created_unix AS created_at, expires_unix AS expires_at, last_used_unix AS last_used_at,
       last_client, account
  FROM token
 ORDER BY name;
