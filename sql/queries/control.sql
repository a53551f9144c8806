-- control.sql - orders to the service that each node carries out
-- Transaction: writes inside BEGIN IMMEDIATE.

-- name: open_orders
-- Orders that :node has not taken up, oldest first. Transaction: none needed. Index: _control_outcome_open.
-- Rows: control_id, verb, argument, who.
SELECT c.control_id, c.verb, c.argument, c.who
  FROM _control_outcome AS o
  JOIN _control AS c ON c.control_id = o.control_id
 WHERE o.node = :node
   AND o.done_at IS NULL
   AND o.started_at IS NULL
 ORDER BY o.control_id;

-- name: start_order
-- Take up an order, unless another process of :node has. Index: the primary key.
UPDATE _control_outcome SET started_at = :now WHERE control_id = :control_id AND node = :node AND started_at IS NULL;

-- name: finish_order
-- Record the result of an order on :node. Index: the primary key.
UPDATE _control_outcome SET started_at = coalesce(started_at, :now), done_at = :now, result = :result
 WHERE control_id = :control_id AND node = :node AND done_at IS NULL;

-- name: give_up_started
-- Close orders that a process on :node took up before :before and died over; they are not carried out again.
-- Index: _control_outcome_open.
UPDATE _control_outcome SET done_at = :now, result = 'unknown: the process that had taken it up died; see the log'
 WHERE node = :node AND done_at IS NULL AND started_at < :before;

-- name: is_any_stuck
-- Whether give_up_started would close an order. Transaction: none needed. Index: _control_outcome_open. Rows: one, 0 or 1.
SELECT EXISTS (
  SELECT 1 FROM _control_outcome WHERE node = :node AND done_at IS NULL AND started_at < :before);

-- name: give_up_departed
-- Close the orders of nodes that have ended since. Index: _control_outcome_open.
UPDATE _control_outcome SET done_at = :now, result = 'not done: the node ended before'
 WHERE done_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM _process AS p WHERE p.node = _control_outcome.node AND p.ended_at IS NULL);

-- name: close_orders
-- Close each order that no node still has to carry out, with its result.
-- Indexes: _control_open, the primary key of _control_outcome.
UPDATE _control
   SET done_at = :now,
       result = (
         SELECT CASE WHEN count(*) = 1 THEN max(o.result) ELSE string_agg(o.node || ': ' || o.result, '; ' ORDER BY o.node) END
           FROM _control_outcome AS o
          WHERE o.control_id = _control.control_id)
 WHERE done_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM _control_outcome AS o WHERE o.control_id = _control.control_id AND o.done_at IS NULL);
