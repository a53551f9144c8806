-- accounts.sql - who may submit mail by logging in
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: find
-- The account :name, with its secrets. Index: the UNIQUE of name.
-- Rows: none or one, status, senders, message_rate, recipient_rate, password_hash, scram_keys, last_used_at, last_client.
SELECT status, senders, message_rate, recipient_rate, password_hash, scram_keys, last_used_at, last_client
  FROM _account
 WHERE name = :name;

-- name: record_use
-- The account :name logged in from :client at :now. Index: the UNIQUE of name.
UPDATE _account SET last_used_at = :now, last_client = :client
 WHERE name = :name AND coalesce(last_used_at, 0.0) < :now;

-- name: decoy_secret
-- The key of the salts for names that have no account. Index: the primary key. Rows: none or one, value.
SELECT value FROM _setting WHERE name = 'decoy_secret';

-- name: keep_decoy_secret
-- Keep :secret for this purpose, unless another process has been faster.
INSERT INTO _setting (name, value) VALUES ('decoy_secret', :secret) ON CONFLICT (name) DO NOTHING;

-- name: insert
-- A new account. Transaction: with record_change. Rows: its number.
INSERT INTO _account (name, senders, password_hash, scram_keys, created_at, password_set_at)
VALUES (:name, :senders, :password_hash, :scram_keys, :now, :password_set_at)
RETURNING account_id;

-- name: set_password
-- Index: the UNIQUE of name.
UPDATE _account SET password_hash = :password_hash, scram_keys = :scram_keys, password_set_at = :now WHERE name = :name;

-- name: record_change
-- Record in the audit that :what of the account :name changed, without the secrets.
INSERT INTO _audit (who, object, what, before, after)
VALUES ((SELECT who FROM _author), :name, :what, NULL, :after);

-- name: set_status
-- Index: the UNIQUE of name.
UPDATE account SET status = :status WHERE name = :name;

-- name: set_senders
-- Index: the UNIQUE of name.
UPDATE account SET senders = :senders WHERE name = :name;

-- name: set_rates
-- Index: the UNIQUE of name.
UPDATE account SET message_rate = :message_rate, recipient_rate = :recipient_rate WHERE name = :name;

-- name: remove
-- Index: the UNIQUE of name.
DELETE FROM account WHERE name = :name;

-- name: all
-- Every account without its secrets, by name. Index: the UNIQUE of name. Rows: as the fields of `records.Account`.
SELECT name, status, senders, message_rate, recipient_rate, has_password, created_unix AS created_at,
       password_set_unix AS password_set_at, last_used_unix AS last_used_at, last_client
  FROM account
 ORDER BY name;
