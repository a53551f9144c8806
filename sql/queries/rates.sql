-- rates.sql - what clients and accounts have used of their rates
-- Transaction: writes inside BEGIN IMMEDIATE. Index: the primary key, unless it says otherwise.

-- name: full_at
-- The state of one rate of one holder. Rows: none if all of it is free, else one.
SELECT full_at FROM _rate WHERE name = :name AND holder = :holder AND listener = :listener;

-- name: set_full_at
-- Record the state of one rate of one holder.
INSERT INTO _rate (name, holder, listener, full_at) VALUES (:name, :holder, :listener, :full_at)
ON CONFLICT (name, holder, listener) DO UPDATE SET full_at = excluded.full_at;

-- name: forget_free
-- Remove the rows that mean the same as no row. Index: _rate_full.
DELETE FROM _rate WHERE full_at <= :now;

-- name: count
-- Number of rows. Index: _rate_full, all of it. Rows: one.
SELECT count(*) FROM _rate;

-- name: soonest
-- The state at place :place in the order of their instants. Index: _rate_full. Rows: at most one.
SELECT full_at FROM _rate ORDER BY full_at LIMIT 1 OFFSET :place;
