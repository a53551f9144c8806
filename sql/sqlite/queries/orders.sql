-- orders.sql - orders through the public views of SQLite
-- Transaction: inside BEGIN IMMEDIATE, with the name of the person who orders in _actor from the first statement to the last.

-- name: set_actor
-- Let the audit name :who from here on.
INSERT INTO _actor (actor_id, who) VALUES (1, :who);

-- name: clear_actor
-- The last statement before COMMIT.
DELETE FROM _actor;

-- name: give
-- An order to the service as a whole. RETURNING does not see the number that a trigger gives; SQLite has one writer, so
-- the newest order is this one. Rows: one, control_id.
INSERT INTO control (verb, argument) VALUES (:verb, :argument);
SELECT max(control_id) FROM control;
