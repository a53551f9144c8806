-- numbers.sql - which transactions may have taken numbers that are not visible yet, see storage/postgresql/numbers.py

-- name: writers
-- The transactions that write the table :name now. Each has its lock before it takes a number, until its commit is visible.
-- Transaction: none, after the statement that read the last number. Rows: number of the transaction, as text.
SELECT DISTINCT virtualtransaction
  FROM pg_locks
 WHERE locktype = 'relation'
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND relation = CAST(CAST(:name AS text) AS regclass)
   AND mode = 'RowExclusiveLock'
   AND granted;
