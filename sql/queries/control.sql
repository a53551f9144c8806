-- control.sql - orders to the service that a process carries out
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: open_orders
-- Orders that nobody has taken up, oldest first. Transaction: none needed. Index: _control_open.
-- Rows: control_id, verb, argument, who.
SELECT control_id, verb, argument, who FROM _control WHERE done_at IS NULL AND started_at IS NULL ORDER BY control_id;

-- name: start_order
-- Take one up, if nobody has. Index: the rowid.
UPDATE _control SET started_at = :now WHERE control_id = :control_id AND started_at IS NULL;

-- name: finish_order
-- What came of it. Index: the rowid.
UPDATE _control SET started_at = coalesce(started_at, :now), done_at = :now, result = :result
 WHERE control_id = :control_id AND done_at IS NULL;

-- name: give_up_orders
-- What a process took up that died over it is not done again. Index: _control_open.
UPDATE _control SET done_at = :now, result = 'unknown: the process that had taken it up died; see the log'
 WHERE done_at IS NULL AND started_at IS NOT NULL;
