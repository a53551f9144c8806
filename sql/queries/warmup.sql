-- warmup.sql - the plans for new source addresses
-- Transaction: none for reads, BEGIN IMMEDIATE for writes.

-- name: plans
-- All plans, by address, provider and day. Index: the primary key. Rows: address, provider, started_at, day, most_messages.
SELECT address, provider, started_at, day, most_messages FROM _warmup ORDER BY address, provider, started_at, day;

-- name: most
-- The most messages of :day of a plan, as its rows are now. Index: the primary key. Rows: none if they are of another start, or
-- the plan is over, else one.
SELECT coalesce(
         (SELECT w.most_messages
            FROM _warmup AS w
           WHERE w.address = :address
             AND w.provider = :provider
             AND w.day <= :day
           ORDER BY w.day DESC
           LIMIT 1),
         0)
 WHERE EXISTS (
   SELECT 1
     FROM _warmup AS w
    WHERE w.address = :address
      AND w.provider = :provider
      AND w.day >= :day
      AND w.started_at = :started_at);

-- name: has_rows
-- Whether rows stand in for a plan of the file. Index: the primary key. Rows: one.
SELECT EXISTS (SELECT 1 FROM _warmup WHERE address = :address AND provider = :provider);

-- name: file
-- The plans of the file that the newest housekeeper has read, as text. Index: the primary key. Rows: none or one.
SELECT value FROM _setting WHERE name = 'warmup_of_file';

-- name: set_file
-- Record them.
INSERT INTO _setting (name, value) VALUES ('warmup_of_file', :plans)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: forget_others_of_file
-- Remove what was counted by plans of the file but :kept (list of address and provider). Index: none, a small table.
DELETE FROM _warmup_use
 WHERE provider LIKE '% @%'
   AND address || ' ' || provider NOT IN (:kept[text]);

-- name: count
-- Count one message, if there are fewer than :most on that day. Index: the primary key.
INSERT INTO _warmup_use (address, provider, day, messages)
SELECT :address, :provider, :day, 1 WHERE :most > 0
ON CONFLICT (address, provider, day) DO UPDATE SET messages = _warmup_use.messages + 1 WHERE _warmup_use.messages < :most;

-- name: uncount
-- Take one message back. Index: the primary key.
UPDATE _warmup_use SET messages = messages - 1
 WHERE address = :address
   AND provider = :provider
   AND day = :day
   AND messages > 0;


-- name: used
-- Messages by day. Index: none, a small table. Rows: address, provider, day, messages.
SELECT address, provider, day, messages FROM _warmup_use;

-- name: end_waits
-- No destination waits for the next day of a plan. Index: none, one pass; only where a message was not sent.
UPDATE _destination SET suspended_until = NULL, suspended_reason = NULL WHERE suspended_reason LIKE 'warm-up: %';

-- name: wait
-- Suspend :destination until :until, unless it is suspended for longer. Index: the UNIQUE of name.
UPDATE _destination SET suspended_until = :until, suspended_reason = :reason
 WHERE name = :destination
   AND (suspended_until IS NULL OR suspended_until < :until);
