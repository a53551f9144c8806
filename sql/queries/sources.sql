-- sources.sql - the addresses that mail goes out from, for people
-- Transaction: none for reads, BEGIN IMMEDIATE for writes.

-- name: rests
-- The addresses that rest at :now. Index: none, a table of a few rows.
-- Rows: the fields of storage.admin.sources.Rest.
SELECT address, expires_unix AS expires_at, reason, who
  FROM source_rest
 WHERE expires_unix > :now
 ORDER BY address;

-- name: rest_of
-- The end of the rest of :address. Index: the primary key. Rows: none or one.
SELECT expires_at FROM _source_rest WHERE address = :address;

-- name: rest
-- Let an address rest, or change that.
INSERT INTO source_rest (address, expires_unix, reason) VALUES (:address, :expires_at, :reason);

-- name: wake
-- End the rest of :address.
DELETE FROM source_rest WHERE address = :address;
