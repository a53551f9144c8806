-- injection.sql - requests by HTTP that carried an Idempotency-Key
-- Transaction: writes inside BEGIN IMMEDIATE. Instants are Unix seconds.

-- name: find
-- The request of :token with :key at :now. Index: _injection_key. Rows: none or one, digest and answer.
SELECT digest, answer FROM _injection WHERE token = :token AND key = :key AND expires_at > :now;

-- name: remember
-- The request of :token with :key got :answer. Transaction: with its messages. Index: _injection_key.
INSERT INTO _injection (token, key, digest, answer, expires_at) VALUES (:token, :key, :digest, :answer, :expires_at)
ON CONFLICT (token, key)
DO UPDATE SET digest = excluded.digest, answer = excluded.answer, expires_at = excluded.expires_at;

-- name: expired
-- Up to :limit rows that are over at :now. Index: _injection_expiry. Rows: injection_id.
SELECT injection_id FROM _injection WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: forget
-- Remove :keys (list). Index: the primary key.
DELETE FROM _injection WHERE injection_id IN (:keys[]);
