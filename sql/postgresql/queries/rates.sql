-- rates.sql - what clients and accounts have used of their rates, on PostgreSQL

-- name: full_at
-- The state of one rate of one holder, under the lock of its row: acceptors keep to it together. One that has no row gets one that
-- means the same. Index: the primary key. Rows: one.
INSERT INTO _rate (name, holder, listener, full_at) VALUES (:name, :holder, :listener, 0.0)
    ON CONFLICT (name, holder, listener) DO UPDATE SET full_at = _rate.full_at
RETURNING full_at;
