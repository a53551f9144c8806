-- dns_cache.sql - answers of the DNS that processes share
-- Transaction: none for reads, BEGIN IMMEDIATE for writes. Instants are Unix seconds.

-- name: find
-- What is known of :name and :type that was not written after :now, and can serve yet. A row that is valid for more than
-- a day was not written by Empath, and would serve for ever. Index: the UNIQUE of both.
-- Rows: none or one, status, answer, alias_of, dnssec, expires_at, stale_until.
SELECT status, answer, alias_of, dnssec, expires_at, stale_until
  FROM _dns_cache
 WHERE name = :name AND type = :type AND asked_at <= :now AND stale_until > :now AND expires_at < asked_at + 86401.0;

-- name: keep
-- Write an answer, unless the name is to be asked about anew since the order :seen. Index: the UNIQUE of name and type;
-- the rowid of _dns_order.
INSERT INTO _dns_cache (name, type, status, answer, alias_of, dnssec, asked_at, expires_at, stale_until)
SELECT :name, :type, :status, :answer, :alias_of, :dnssec, :asked_at, :expires_at, :stale_until
 WHERE NOT EXISTS (SELECT 1 FROM _dns_order WHERE order_id > :seen AND (name IS NULL OR name = :name))
ON CONFLICT (name, type) DO UPDATE
  SET status = excluded.status, answer = excluded.answer, alias_of = excluded.alias_of, dnssec = excluded.dnssec,
      asked_at = excluded.asked_at, expires_at = excluded.expires_at, stale_until = excluded.stale_until,
      times_asked = _dns_cache.times_asked + 1, failure = NULL;

-- name: note_failure
-- Write that a question had no answer; what is known stays. Index: the UNIQUE of both.
UPDATE _dns_cache SET failure = :failure, times_asked = times_asked + 1 WHERE name = :name AND type = :type;

-- name: last_order
-- Number of the last order. Index: the rowid. Rows: one, 0 before the first order.
SELECT coalesce(max(order_id), 0) FROM _dns_order;

-- name: orders
-- Up to :limit orders after :seen, oldest first. Index: the rowid. Rows: order_id, name.
SELECT order_id, name FROM _dns_order WHERE order_id > :seen ORDER BY order_id LIMIT :limit;

-- name: expired
-- Up to :limit answers that cannot serve any more at :now. Index: _dns_cache_end. Rows: dns_cache_id.
SELECT dns_cache_id FROM _dns_cache WHERE stale_until <= :now ORDER BY stale_until LIMIT :limit;

-- name: number_of_rows
-- Rows: one, the number.
SELECT count(*) FROM _dns_cache;

-- name: first_to_go
-- The :limit answers that end first. Index: _dns_cache_end. Rows: dns_cache_id.
SELECT dns_cache_id FROM _dns_cache ORDER BY stale_until LIMIT :limit;

-- name: forget
-- Remove :keys (list of dns_cache_id). Index: the rowid.
DELETE FROM _dns_cache WHERE dns_cache_id IN (:keys[]);

-- name: old_orders
-- Up to :limit orders that every process has seen, a minute before :now. Reads in the order of the rowid. Rows: order_id.
SELECT order_id FROM _dns_order WHERE given_at <= :now - 60.0 ORDER BY order_id LIMIT :limit;

-- name: forget_orders
-- Remove :keys (list of order_id). Index: the rowid.
DELETE FROM _dns_order WHERE order_id IN (:keys[]);

-- name: shown
-- What a person sees, for :name and :type, each NULL for any. Rows: as the fields of storage.admin.dns_cache.DnsRow.
SELECT name, type, status, answer, alias_of, dnssec, asked_unix AS asked_at, expires_unix AS expires_at,
       stale_until_unix AS stale_until, times_asked, failure
  FROM dns_cache
 WHERE (CAST(:name AS text) IS NULL OR name = :name) AND (CAST(:type AS text) IS NULL OR type = :type)
 ORDER BY name, type;

-- name: number_shown
-- The number of these. Rows: one.
SELECT count(*) FROM dns_cache WHERE (CAST(:name AS text) IS NULL OR name = :name) AND (CAST(:type AS text) IS NULL OR type = :type);

-- name: forget_shown
-- Forget these, and let every process ask anew.
DELETE FROM dns_cache WHERE (CAST(:name AS text) IS NULL OR name = :name) AND (CAST(:type AS text) IS NULL OR type = :type);

-- name: ask_anew
-- Let every process ask anew about :name, which may have no row; about all names if it is NULL.
INSERT INTO _dns_order (name) VALUES (:name);
