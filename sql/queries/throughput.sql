-- throughput.sql - what came in and went out in each hour, counted once
-- Transaction: reads need none, writes are inside BEGIN IMMEDIATE. hour_at is the begin of an hour in Unix seconds.

-- name: mark
-- Numbers of the last attempt and the last message that are counted, with a blank between. Rows: none or one.
SELECT value FROM _setting WHERE name = 'throughput';

-- name: set_mark
-- Index: the primary key.
INSERT INTO _setting (name, value) VALUES ('throughput', :mark)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: attempts
-- Attempts after :after, up to :last, by the hour of their end and by destination. Index: the rowid.
-- Rows: the parameters of `add`.
SELECT CAST(floor((started_at + duration_s) / 3600.0) AS bigint) * 3600 AS hour_at, destination, 0 AS received, 0 AS octets,
       count(*) FILTER (WHERE outcome = 'delivered') AS delivered,
       count(*) FILTER (WHERE outcome = 'deferred') AS deferred,
       count(*) FILTER (WHERE outcome = 'bounced') AS bounced,
       count(*) FILTER (WHERE outcome = 'expired') AS expired
  FROM _attempt
 WHERE attempt_id > :after
   AND attempt_id <= :last
 GROUP BY 1, 2;

-- name: messages
-- Messages after :after, up to :last, by the hour of their acceptance. Index: the rowid. Rows: the same.
SELECT CAST(floor(received_at / 3600.0) AS bigint) * 3600 AS hour_at, '' AS destination, count(*) AS received,
       sum(size) AS octets, 0 AS delivered, 0 AS deferred, 0 AS bounced, 0 AS expired
  FROM _message
 WHERE message_id > :after
   AND message_id <= :last
 GROUP BY 1;

-- name: named
-- Destinations that have a row of the hour :hour_at. Index: the primary key. Rows: name.
SELECT destination FROM _throughput WHERE hour_at = :hour_at;

-- name: add
-- Add to the row of a destination. Index: the primary key.
INSERT INTO _throughput (hour_at, destination, received, octets, delivered, deferred, bounced, expired)
VALUES (:hour_at, :destination, :received, :octets, :delivered, :deferred, :bounced, :expired)
ON CONFLICT (hour_at, destination) DO UPDATE
  SET received = _throughput.received + excluded.received, octets = _throughput.octets + excluded.octets,
      delivered = _throughput.delivered + excluded.delivered, deferred = _throughput.deferred + excluded.deferred,
      bounced = _throughput.bounced + excluded.bounced, expired = _throughput.expired + excluded.expired;

-- name: forget
-- Hours before :before go. Index: the primary key.
DELETE FROM _throughput WHERE hour_at < :before;
