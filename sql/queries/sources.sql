-- sources.sql - the addresses that mail goes out from, for people
-- Transaction: none for reads, BEGIN IMMEDIATE for writes.

-- name: rests
-- The addresses that rest at :now. Index: none, a table of a few rows.
-- Rows: the fields of storage.admin.sources.Rest.
SELECT address, expires_unix AS expires_at, reason, who
  FROM source_rest
 WHERE expires_unix > :now
 ORDER BY address;

-- name: use
-- What went out from each address by the attempts that began at :since or later. The recipients of one transaction share
-- its lease and its start. Index: none, one pass over _attempt. Rows: the fields of storage.admin.sources.SourceUse.
SELECT source,
       count(DISTINCT CASE WHEN connect_s IS NOT NULL THEN lease_id || ' ' || started_at END) AS connections,
       sum(CASE WHEN outcome = 'delivered' THEN 1 ELSE 0 END) AS deliveries,
       sum(CASE WHEN outcome <> 'delivered' THEN 1 ELSE 0 END) AS failures
  FROM _attempt
 WHERE source IS NOT NULL
   AND started_at >= :since
 GROUP BY source
 ORDER BY source;

-- name: rest_of
-- The end of the rest of :address. Index: the primary key. Rows: none or one.
SELECT expires_at FROM _source_rest WHERE address = :address;

-- name: rest
-- Let an address rest, or change that.
INSERT INTO source_rest (address, expires_unix, reason) VALUES (:address, :expires_at, :reason);

-- name: wake
-- End the rest of :address.
DELETE FROM source_rest WHERE address = :address;
