-- suppression.sql - addresses that get no more mail
-- Transaction: none for reads, BEGIN IMMEDIATE for writes. Addresses are folded as policy/recipients.py folds them.

-- name: is_any
-- Whether there is a row. Index: the primary key. Rows: one, 0 or 1.
SELECT EXISTS (SELECT 1 FROM _suppression);

-- name: find
-- The rows of :keys (list of addresses and domains) that hold at :now. Index: the primary key.
-- Rows: address, reason, class.
SELECT address, reason, class
  FROM _suppression
 WHERE address IN (:keys[text])
   AND (expires_at IS NULL OR expires_at > :now);

-- name: keep
-- Suppress the address of :recipient_id, which a host refused for good. A row of an operator stays.
-- Index: the rowid of _recipient, the primary key.
INSERT INTO _suppression (address, source, reason, class, created_at, expires_at)
SELECT lower(address), 'bounce', :reason, :class, :now, :expires_at
  FROM _recipient
 WHERE recipient_id = :recipient_id
ON CONFLICT (address) DO UPDATE
  SET reason = excluded.reason, class = excluded.class, expires_at = excluded.expires_at
WHERE _suppression.source = 'bounce';

-- name: expired
-- Up to :limit rows that are over at :now. Index: _suppression_expiry. Rows: address.
SELECT address FROM _suppression WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: number_of_rows
-- Rows with an end. Index: _suppression_expiry. Rows: one, the number.
SELECT count(*) FROM _suppression WHERE expires_at IS NOT NULL;

-- name: first_to_go
-- The :limit rows that end first. Index: _suppression_expiry. Rows: address.
SELECT address FROM _suppression WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT :limit;

-- name: forget
-- Remove :keys (list of addresses). Index: the primary key.
DELETE FROM _suppression WHERE address IN (:keys[text]);

-- name: add
INSERT INTO suppression (address, reason, class, expires_at) VALUES (:address, :reason, :class, :expires_at);

-- name: source_of
-- Where the row of :address came from. Index: the primary key. Rows: none or one.
SELECT source FROM _suppression WHERE address = :address;

-- name: remove
-- Index: the primary key.
DELETE FROM suppression WHERE address = :address;

-- name: shown
-- Up to :limit rows after :after, of :address and of class :class, each NULL for any. Index: the primary key.
-- Rows: as the fields of storage.admin.suppression.SuppressionRow.
SELECT address, source, reason, class AS bounce_class, created_unix AS created_at, expires_unix AS expires_at
  FROM suppression
 WHERE address > :after
   AND (CAST(:address AS TEXT) IS NULL OR address = :address)
   AND (CAST(:class AS TEXT) IS NULL OR class = :class)
 ORDER BY address
 LIMIT :limit;
