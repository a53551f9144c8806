-- console.sql - what the pages of the console show
-- Each page shows its own SELECT as well, so these read public views only, and a person can run them in any shell.
-- Transaction: inside one BEGIN, so that a page shows one instant.

-- name: messages
-- Up to :limit messages with an id below :before, the newest first. Index: the UNIQUE of ulid.
SELECT id, received_at, sender, subject, recipients, live, size, client_address, account, tls_version
  FROM message
 WHERE id < :before
 ORDER BY id DESC
 LIMIT :limit;

-- name: destinations
-- Up to :limit destinations after the name :after. Index: the UNIQUE of name.
SELECT destination, blocked_by, leases, lease_limit, max_leases, is_failing, due_at, last_failure, exchangers
  FROM destination
 WHERE destination > :after
 ORDER BY destination
 LIMIT :limit;

-- name: stuck
-- The :limit destinations whose mail waits longer than it should, the oldest mail first.
SELECT destination, recipients, due, age_s, overdue_s, blocked_by, until, rule, last_reply, id
  FROM stuck
 ORDER BY age_s DESC
 LIMIT :limit;

-- name: refusals
-- Up to :limit refusals numbered below :before, the newest first. Index: the rowid.
SELECT refusal_id, at, times, client, client_name, sender, recipient, stage, rule, reply
  FROM refusal
 WHERE refusal_id < :before
 ORDER BY refusal_id DESC
 LIMIT :limit;

-- name: events
-- Up to :limit events numbered below :before, the newest first. Index: the rowid.
SELECT event_id, at, type, id, sender, recipient, destination, account
  FROM event
 WHERE event_id < :before
 ORDER BY event_id DESC
 LIMIT :limit;

-- name: sessions
-- Up to :limit sessions that last longer than a second, the oldest first.
SELECT session, client, client_name, account, tls, state, messages, octets, age_s, listener, process
  FROM session
 ORDER BY began_unix
 LIMIT :limit;

-- name: processes
-- The processes that have not ended.
SELECT slot, pid, generation, started_at, beat_at, leases, version, engine_version, modules_off
  FROM process
 WHERE ended_at IS NULL
 ORDER BY node, slot
 LIMIT :limit;

-- name: audit
-- Up to :limit changes numbered below :before, the newest first. Index: the rowid.
SELECT audit_id, at, who, what, before, after, id, recipient, destination, object
  FROM audit
 WHERE audit_id < :before
 ORDER BY audit_id DESC
 LIMIT :limit;

-- name: mail_to
-- The last :limit recipients :address, live or not, the newest first. Index: none, passes over the recipients.
SELECT id, status, recipient, sender, received_at, destination, last_reply, recipient_id
  FROM (SELECT id, status, recipient, sender, received_at, destination, last_reply, recipient_id FROM queue
         WHERE recipient = :address
         UNION ALL
        SELECT id, status, recipient, sender, received_at, destination, last_reply, recipient_id FROM history
         WHERE recipient = :address) AS found
 ORDER BY recipient_id DESC
 LIMIT :limit;

-- name: explanation
-- What keeps :recipient_id from being delivered now. Index: the rowid. Rows: none, where it is not live, or one.
SELECT blocked_by, until_unix, rule, next_attempt FROM explanation WHERE recipient_id = :recipient_id;

-- name: judgement
-- What was found out about who vouches for the message :id. Index: the UNIQUE of ulid. Rows: none, where it was not judged,
-- or one.
SELECT author, spf, spf_domain, dkim, dkim_domains, arc, dmarc, policy, disposition, reason
  FROM authentication
 WHERE id = :id;

-- name: message_audit
-- The changes of the recipient :recipient_id, the oldest first. Index: _audit_recipient.
SELECT at_unix, who, what, before, after, statement
  FROM audit
 WHERE recipient_id = :recipient_id
 ORDER BY audit_id
 LIMIT :limit;
