-- selection.sql - check that SQL that a person wrote is one expression
-- Transaction: the caller's. Nothing is run: EXPLAIN only compiles.

-- name: probe_of_queue
-- Whether {condition} is one whole expression: nothing else fits both between CASE WHEN and THEN and between parentheses,
-- and text that breaks out of one does not break out of the other.
EXPLAIN SELECT CASE WHEN
{condition}
THEN 1 END FROM queue;

-- name: probe_of_history
-- The same for history.
EXPLAIN SELECT CASE WHEN
{condition}
THEN 1 END FROM history;
