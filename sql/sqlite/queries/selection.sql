-- selection.sql - how SQLite is asked whether SQL of a person's is one expression
-- Transaction: the caller's. Nothing is run: EXPLAIN only compiles.

-- name: probe_of_queue
-- Whether {condition} is one whole expression: between CASE WHEN and THEN nothing else is, between parentheses neither,
-- and no text that breaks out of the one breaks out of the other.
EXPLAIN SELECT CASE WHEN
{condition}
THEN 1 END FROM queue;

-- name: probe_of_history
-- The same for history.
EXPLAIN SELECT CASE WHEN
{condition}
THEN 1 END FROM history;
