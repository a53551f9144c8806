-- verifications.sql - what the next hosts have said of addresses
-- Transaction: none for reads, BEGIN IMMEDIATE for writes. Addresses are folded as policy/recipients.py folds them.

-- name: find
-- What is remembered at :now of :address. Index: the primary key. Rows: none or one, is_known.
SELECT is_known FROM _verification WHERE address = :address AND expires_at > :now;

-- name: keep
-- Remember an answer. Index: the primary key.
INSERT INTO _verification (address, is_known, reply, expires_at) VALUES (:address, :is_known, :reply, :expires_at)
ON CONFLICT (address) DO UPDATE
  SET is_known = excluded.is_known, reply = excluded.reply, expires_at = excluded.expires_at;

-- name: expired
-- Up to :limit answers that are over at :now. Index: _verification_expiry. Rows: address.
SELECT address FROM _verification WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: number_of_rows
-- Rows: one, the number.
SELECT count(*) FROM _verification;

-- name: first_to_go
-- The :limit answers that expire first. Index: _verification_expiry. Rows: address.
SELECT address FROM _verification ORDER BY expires_at LIMIT :limit;

-- name: forget
-- Remove :keys (list of addresses). Index: the primary key.
DELETE FROM _verification WHERE address IN (:keys[text]);
