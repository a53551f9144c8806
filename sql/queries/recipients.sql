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
