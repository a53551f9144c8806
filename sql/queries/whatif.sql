-- whatif.sql - what a forecast of the whole queue reads
-- Transaction: inside one BEGIN, so that all of it shows one instant. Instants are Unix seconds.

-- name: size
-- Live recipients, and the destinations that they wait for. Index: _recipient_due, _recipient_held. Rows: one.
SELECT count(*), count(DISTINCT destination_id)
  FROM _recipient
 WHERE status IN ('queued', 'deferred', 'held');

-- name: recipients
-- Live recipients after :after, up to :last. One that is under way is due. Index: the rowid.
-- Rows: recipient_id, message_id, destination_id, domain, whether it is held, next_retry_at, attempts, expires_at.
SELECT recipient_id, message_id, destination_id, domain, status = 'held',
       CASE WHEN status = 'leased' THEN 0.0 ELSE next_retry_at END, attempts, expires_at
  FROM _recipient
 WHERE recipient_id > :after
   AND recipient_id <= :last
   AND is_live = 1;

-- name: destinations
-- All destinations. Index: none, one pass.
-- Rows: destination_id, name, suspended_until, suspended_reason, exchangers, is_failing, breaker_until, lease_window,
-- successes, failed_windows, openings.
SELECT destination_id, name, suspended_until, suspended_reason, exchangers, is_failing, breaker_until, lease_window,
       successes, failed_windows, openings
  FROM _destination;

-- name: measured
-- What the last :limit attempts were like, by destination: those with another host after them are left out.
-- Index: the rowid of _attempt. Rows: destination, attempts, mean duration in seconds, share of those after which the
-- recipient was delivered or bounced.
SELECT destination, count(*), avg(duration_s),
       avg(CASE WHEN outcome IN ('delivered', 'bounced', 'maybe_delivered') THEN 1.0 ELSE 0.0 END)
  FROM (SELECT destination, duration_s, outcome
          FROM _attempt
         WHERE outcome NOT IN ('next_host', 'unknown')
         ORDER BY attempt_id DESC
         LIMIT :limit) AS last
 GROUP BY destination;

-- name: warmups
-- What has gone out by the plans of source addresses. Index: none, one pass. Rows: address, provider, day, messages.
SELECT address, provider, day, messages FROM _warmup_use;
