-- recipients.sql - which addresses exist, and their aliases
-- Transaction: none for reads, BEGIN IMMEDIATE for writes. Texts are folded as policy/recipients.py folds them.

-- name: targets
-- Targets of the aliases of :exact, :without_tag and :domain, up to :limit. Index: the primary key.
-- Rows: pattern, target.
SELECT pattern, target FROM _alias WHERE pattern IN (:exact, :without_tag, :domain) LIMIT :limit;

-- name: listed
-- Whether the list has :exact or :without_tag. Index: the primary key. Rows: none or one, 1.
SELECT 1 FROM _recipient_list WHERE address IN (:exact, :without_tag) LIMIT 1;

-- name: add_alias
INSERT INTO alias (pattern, target) VALUES (:pattern, :target);

-- name: remove_alias
-- Index: the primary key.
DELETE FROM alias WHERE pattern = :pattern AND target = :target;

-- name: targets_of
-- Index: the primary key. Rows: target.
SELECT target FROM alias WHERE pattern = :pattern ORDER BY target;

-- name: aliases
-- Every alias. Index: the primary key. Rows: as the fields of `records.Alias`.
SELECT pattern, target FROM alias ORDER BY pattern, target;

-- name: list_address
INSERT INTO recipient_list (address) VALUES (:address);

-- name: unlist_address
-- Index: the primary key.
DELETE FROM recipient_list WHERE address = :address;

-- name: listed_addresses
-- Every address of the list. Index: the primary key. Rows: address.
SELECT address FROM recipient_list ORDER BY address;

-- name: verification
-- What is remembered at :now of :address. Index: the primary key. Rows: none or one, is_known.
SELECT is_known FROM _verification WHERE address = :address AND expires_at > :now;

-- name: keep_verification
-- Remember an answer. Index: the primary key.
INSERT INTO _verification (address, is_known, reply, expires_at) VALUES (:address, :is_known, :reply, :expires_at)
ON CONFLICT (address) DO UPDATE
  SET is_known = excluded.is_known, reply = excluded.reply, expires_at = excluded.expires_at;

-- name: expired_verifications
-- Up to :limit answers that are over at :now. Index: _verification_expiry. Rows: address.
SELECT address FROM _verification WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: number_of_verifications
-- Rows: one, the number.
SELECT count(*) FROM _verification;

-- name: first_verifications_to_go
-- The :limit answers that expire first. Index: _verification_expiry. Rows: address.
SELECT address FROM _verification ORDER BY expires_at LIMIT :limit;

-- name: forget_verifications
-- Remove those of :addresses (list). Index: the primary key.
DELETE FROM _verification WHERE address IN (:addresses[]);
