-- refusals.sql - clients that were turned away
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid. Instants are Unix seconds.

-- name: add
-- Several that were the same within a second are one row.
INSERT INTO _refusal (
  first_at, last_at, times, listener, client_address, client_name, account, sender, recipient, stage, rule, reply)
VALUES (
  :first_at, :last_at, :times, :listener, :client_address, :client_name, :account, :sender, :recipient, :stage, :rule, :reply);

-- name: forget_surplus
-- The last :most rows stay; numbers have no gaps but at the beginning.
DELETE FROM _refusal WHERE refusal_id <= (SELECT max(refusal_id) FROM _refusal) - :most;

-- name: forget_old
-- Of the :slice oldest rows, those from before :before go.
DELETE FROM _refusal
 WHERE refusal_id < (SELECT min(refusal_id) FROM _refusal) + :slice
   AND last_at < :before;
