-- orders.sql - orders through the public views, on PostgreSQL
-- Transaction: inside BEGIN; the name of the person who orders ends with it.

-- name: set_actor
-- Let the audit name :who from here on. Rows: one.
SELECT set_config('empath.who', :who, true);

-- name: clear_actor
-- The last statement before COMMIT. Rows: one.
SELECT set_config('empath.who', '', true);
