-- authentication.sql - whose mail is treated more mildly where DMARC finds it to be false
-- Transaction: none, these are reads.

-- name: overrides
-- The rows that hold at :now. Index: none, people write them and they are few. Rows: pattern, at_most.
SELECT pattern, at_most
  FROM _authentication_override
 WHERE expires_at IS NULL OR expires_at > :now;
