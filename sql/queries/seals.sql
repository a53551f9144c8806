-- seals.sql - the chain of seals over the audit and the attempts
-- See policy/seal.py. The columns of a row that is sealed, and their order, are what its leaf is made of: later columns of
-- these tables are not added here.

-- name: newest
-- The newest seal. Transaction: none needed. Index: the rowid. Rows: as page, at most one.
SELECT seal_id, sealed_at, audit_after, audit_last, audit_rows, attempts_after, attempts_last, attempts_rows, leaves,
       previous, digest
  FROM _audit_seal
 ORDER BY seal_id DESC
 LIMIT 1;

-- name: page
-- The first :limit seals after the seal :after. Transaction: none needed. Index: the rowid.
-- Rows: all columns, in the order of the table.
SELECT seal_id, sealed_at, audit_after, audit_last, audit_rows, attempts_after, attempts_last, attempts_rows, leaves,
       previous, digest
  FROM _audit_seal
 WHERE seal_id > :after
 ORDER BY seal_id
 LIMIT :limit;

-- name: latest
-- The latest instant at which a seal was made: later than that of the newest seal if the clock was set back since; NULL:
-- there is no seal. Transaction: none needed. Index: _audit_seal_age. Rows: one.
SELECT max(sealed_at) FROM _audit_seal;

-- name: append
-- Append a seal if the seal :before, or none with :before 0, is the newest. Rows changed: 1, or 0.
INSERT INTO _audit_seal (
  seal_id, sealed_at, audit_after, audit_last, audit_rows, attempts_after, attempts_last, attempts_rows, leaves,
  previous, digest)
SELECT :seal_id, :sealed_at, :audit_after, :audit_last, :audit_rows, :attempts_after, :attempts_last, :attempts_rows, :leaves,
       :previous, :digest
 WHERE coalesce((SELECT max(s.seal_id) FROM _audit_seal AS s), 0) = :before;

-- name: audit_rows
-- The first :limit rows of the audit after :after, up to :last unless it is NULL.
-- Transaction: none needed. Index: the rowid. Rows: what is sealed, the number first.
SELECT audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object
  FROM _audit
 WHERE audit_id > :after
   AND audit_id <= coalesce(:last, 9223372036854775807)
 ORDER BY audit_id
 LIMIT :limit;

-- name: attempt_rows
-- As audit_rows, of the attempts. The class is an opinion, which other rules may change, so that it is not sealed.
SELECT attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address,
       stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status,
       decided_next_retry_at, dnssec, tls_failure, source
  FROM _attempt
 WHERE attempt_id > :after
   AND attempt_id <= coalesce(:last, 9223372036854775807)
 ORDER BY attempt_id
 LIMIT :limit;

-- name: unsealed
-- The number of rows after the last ones that are sealed. Transaction: none needed. Index: the rowids.
-- Rows: one: rows of the audit, attempts.
SELECT (SELECT count(*) FROM _audit WHERE audit_id > :audit),
       (SELECT count(*) FROM _attempt WHERE attempt_id > :attempts);

-- name: expired
-- Seals of before :now that may go: the oldest ones, so that the chain keeps its end. Transaction: none needed.
-- Index: _audit_seal_age. Rows: seal_id, at most :limit.
SELECT seal_id
  FROM _audit_seal
 WHERE sealed_at < :now
   AND seal_id < (SELECT max(s.seal_id) FROM _audit_seal AS s)
   AND NOT EXISTS (SELECT 1 FROM _audit WHERE audit_id > audit_after AND audit_id <= audit_last)
   AND NOT EXISTS (SELECT 1 FROM _attempt WHERE attempt_id > attempts_after AND attempt_id <= attempts_last)
 ORDER BY sealed_at
 LIMIT :limit;

-- name: forget
-- Remove :keys (list of seal_id). Index: the rowid.
DELETE FROM _audit_seal WHERE seal_id IN (:keys[]);
