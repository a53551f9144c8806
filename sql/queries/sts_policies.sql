-- sts_policies.sql - MTA-STS policies that were read
-- Transaction: none for reads, BEGIN IMMEDIATE for writes. Domains are in A-labels, lower case; instants are Unix seconds.

-- name: find
-- The policy of :domain, whether in force or not. Index: the primary key. Rows: none or one, all columns but domain.
SELECT policy_id, mode, patterns, max_age_s, fetched_at, expires_at, checked_at, failure
  FROM _sts_policy
 WHERE domain = :domain;

-- name: keep
-- Remember a policy that was read. Index: the primary key.
INSERT INTO _sts_policy (domain, policy_id, mode, patterns, max_age_s, fetched_at, expires_at, checked_at)
VALUES (:domain, :policy_id, :mode, :patterns, :max_age_s, :fetched_at, :expires_at, :checked_at)
ON CONFLICT (domain) DO UPDATE
  SET policy_id = excluded.policy_id, mode = excluded.mode, patterns = excluded.patterns,
      max_age_s = excluded.max_age_s, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at,
      checked_at = excluded.checked_at, failure = NULL;

-- name: note_check
-- Note that the policy of :domain was looked at, at :checked_at, and that :failure came of it, NULL for none.
-- Index: the primary key.
UPDATE _sts_policy SET checked_at = :checked_at, failure = :failure WHERE domain = :domain;

-- name: expired
-- Up to :limit policies that are over at :now. Index: _sts_policy_expiry. Rows: domain.
SELECT domain FROM _sts_policy WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: forget
-- Remove :keys (list of domains). Index: the primary key.
DELETE FROM _sts_policy WHERE domain IN (:keys[text]);
