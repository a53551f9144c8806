-- redaction.sql - what records say of people is left out, and the seals still fit
-- Transaction: a redaction is one BEGIN IMMEDIATE, from allow to forbid. See storage/queue/redaction.py.

-- name: pseudonym_key
-- The key of pseudonyms. Rows: one, or none.
SELECT value FROM _setting WHERE name = 'pseudonym_key';

-- name: keep_pseudonym_key
-- The key of pseudonyms is :key, unless there is one.
INSERT INTO _setting (name, value) VALUES ('pseudonym_key', :key) ON CONFLICT DO NOTHING;

-- name: allow
-- Let records be changed until forbid.
INSERT INTO _setting (name, value) VALUES ('redacting', '1');

-- name: forbid
-- Records cannot be changed again. The last statement of the transaction.
DELETE FROM _setting WHERE name = 'redacting';

-- name: audit_rows
-- What is sealed of the rows :numbers (list of audit_id), as in seals.sql. Index: the rowid. Rows: the number first.
SELECT audit_id, at, who, engine_version, recipient_id, destination, what, before, after, ulid, address, object
  FROM _audit
 WHERE audit_id IN (:numbers[])
 ORDER BY audit_id;

-- name: attempt_rows
-- What is sealed of the attempts :numbers (list of attempt_id), as in seals.sql. Index: the rowid. Rows: the number first.
SELECT attempt_id, recipient_id, process_id, lease_id, destination, started_at, duration_s, connect_s, host, peer_address,
       stage, code, enhanced, text, tls_policy, tls_version, tls_cipher, tls_peer, outcome, decided_status,
       decided_next_retry_at, dnssec, tls_failure, source
  FROM _attempt
 WHERE attempt_id IN (:numbers[])
 ORDER BY attempt_id;

-- name: set_audit
-- Index: the rowid.
UPDATE _audit SET address = :address, before = :before, after = :after, object = :object WHERE audit_id = :number;

-- name: set_attempt
-- Index: the rowid.
UPDATE _attempt SET text = :text WHERE attempt_id = :number;

-- name: record
-- The row of the audit that tells of a redaction: :what was done, to :object, with the counts and the digest :after.
-- Rows: its number.
INSERT INTO _audit (who, what, object, before, after)
VALUES (coalesce(nullif((SELECT who FROM _author), 'sql'), :who), :what, :object, NULL, :after)
RETURNING audit_id;

-- name: add
-- Index: the primary key.
INSERT INTO _redacted (kind, number, audit_id, before, after) VALUES (:kind, :number, :audit_id, :before, :after);

-- name: of_audit
-- The redactions of rows of the audit after :after and up to :last. Transaction: none needed. Index: the primary key.
-- Rows: all columns.
SELECT kind, number, audit_id, before, after FROM _redacted WHERE kind = 'audit' AND number > :after AND number <= :last;

-- name: of_attempts
-- As of_audit, of the attempts.
SELECT kind, number, audit_id, before, after FROM _redacted WHERE kind = 'attempt' AND number > :after AND number <= :last;

-- name: orders
-- The first :limit rows of the audit after :after that tell of redacted rows. Transaction: none needed.
-- Index: _redacted_by, the rowid. Rows: audit_id, what, after; the last two are NULL where the row is missing.
SELECT d.audit_id, a.what, a.after
  FROM (SELECT DISTINCT audit_id FROM _redacted WHERE audit_id > :after ORDER BY audit_id LIMIT :limit) AS d
  LEFT JOIN _audit AS a ON a.audit_id = d.audit_id
 ORDER BY d.audit_id;

-- name: of_order
-- What the row :audit_id of the audit tells of. Transaction: none needed. Index: _redacted_by. Rows: all columns.
SELECT kind, number, audit_id, before, after FROM _redacted WHERE audit_id = :audit_id;

-- name: expired
-- Orders all of whose rows are gone; :now is not used. Transaction: none needed. Index: _redacted_by, the rowids.
-- Rows: audit_id, at most :limit.
SELECT DISTINCT d.audit_id
  FROM _redacted AS d
 WHERE NOT EXISTS (
   SELECT 1
     FROM _redacted AS e
    WHERE e.audit_id = d.audit_id
      AND CASE e.kind
            WHEN 'audit' THEN EXISTS (SELECT 1 FROM _audit AS a WHERE a.audit_id = e.number)
            ELSE EXISTS (SELECT 1 FROM _attempt AS t WHERE t.attempt_id = e.number)
          END)
 LIMIT :limit;

-- name: forget
-- Remove what :keys (list of audit_id) tell of. Index: _redacted_by.
DELETE FROM _redacted WHERE audit_id IN (:keys[]);
