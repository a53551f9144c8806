-- forget.sql - an address gives way to a pseudonym in all records, but not in mail that is still to be delivered
-- A page reads rows with numbers after :after and up to :last with a column of text that is LIKE :local (folded), and
-- walks these rows. Transaction: none needed. Index: the rowid. Rows: the number, is_finished, then columns to change.
-- is_finished is 1 unless the row is about a message that waits for its delivery, or for a report to its sender.
-- last_ gives the greatest number of a table. Transaction: none needed. Index: the rowid. Rows: one, NULL without rows.
-- A change is inside BEGIN IMMEDIATE, where the row is read again by its number. Index: the rowid.

-- name: last_message
SELECT max(message_id) FROM _message;

-- name: last_recipient
SELECT max(recipient_id) FROM _recipient;

-- name: last_attempt
SELECT max(attempt_id) FROM _attempt;

-- name: last_audit
SELECT max(audit_id) FROM _audit;

-- name: last_refusal
SELECT max(refusal_id) FROM _refusal;

-- name: last_transcript
SELECT max(transcript_id) FROM _transcript;

-- name: last_feedback
SELECT max(feedback_id) FROM _feedback;

-- name: last_event
SELECT max(event_id) FROM _event;

-- name: last_greylist
SELECT max(greylist_id) FROM _greylist;

-- name: last_injection
SELECT max(injection_id) FROM _injection;

-- name: last_plan
SELECT max(plan_id) FROM _plan;

-- name: last_received_report
SELECT max(received_report_id) FROM _received_report;

-- name: message
-- Messages, by their sender, account and what is noted of them. Index also: _recipient_message, _notice_message.
SELECT m.message_id AS number,
       NOT EXISTS (
         SELECT 1 FROM _recipient AS r
          WHERE r.message_id = m.message_id AND r.status NOT IN ('delivered', 'bounced', 'expired', 'cancelled'))
       AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.message_id = m.message_id) AS is_finished,
       m.received_at AS at, m.reverse_path, m.account, m.client_address, m.client_name, m.envelope_id, m.header_message_id,
       m.subject, m.metadata, m.authentication
  FROM _message AS m
 WHERE m.message_id > :after
   AND m.message_id <= :last
   AND lower(m.reverse_path || ' ' || coalesce(m.account, '') || ' ' || coalesce(m.envelope_id, '')
             || ' ' || coalesce(m.header_message_id, '') || ' ' || coalesce(m.subject, '')
             || ' ' || m.metadata || ' ' || coalesce(m.authentication, '')) LIKE :local ESCAPE '!';

-- name: set_message
-- Index: the rowid.
UPDATE _message
   SET reverse_path = :reverse_path, account = :account, client_address = :client_address, client_name = :client_name,
       envelope_id = :envelope_id, header_message_id = :header_message_id, subject = :subject, metadata = :metadata,
       authentication = :authentication
 WHERE message_id = :number;

-- name: leave_contents
-- Subject and content of :messages (list of message_id), where they are finished; a trigger turns files into garbage.
-- Index: the rowid, _recipient_message. Rows: message_id.
UPDATE _message SET subject = NULL, content_locator = NULL, added_fields = :no_fields
 WHERE message_id IN (:messages[])
   AND NOT EXISTS (
     SELECT 1 FROM _recipient AS r
      WHERE r.message_id = _message.message_id AND r.status NOT IN ('delivered', 'bounced', 'expired', 'cancelled'))
   AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.message_id = _message.message_id)
RETURNING message_id;

-- name: recipient
-- Recipients. Index also: _recipient_message, _notice_message.
SELECT r.recipient_id AS number,
       NOT EXISTS (
         SELECT 1 FROM _recipient AS o
          WHERE o.message_id = r.message_id AND o.status NOT IN ('delivered', 'bounced', 'expired', 'cancelled'))
       AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.message_id = r.message_id) AS is_finished,
       m.received_at AS at, r.message_id, r.address, r.original, r.original_recipient, r.last_reply, r.reason, r.sent_as
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
 WHERE r.recipient_id > :after
   AND r.recipient_id <= :last
   AND lower(r.address || ' ' || r.original || ' ' || coalesce(r.last_reply, '') || ' ' || coalesce(r.reason, '')
             || ' ' || coalesce(r.sent_as, '') || ' ' || coalesce(r.original_recipient, '')) LIKE :local ESCAPE '!';

-- name: set_recipient
-- Index: the rowid.
UPDATE _recipient
   SET address = :address, original = :original, original_recipient = :original_recipient, last_reply = :last_reply,
       reason = :reason, sent_as = :sent_as
 WHERE recipient_id = :number;

-- name: attempt
-- Replies of hosts. A row whose recipient is gone is finished. Index also: those of recipient.
SELECT a.attempt_id AS number,
       NOT EXISTS (
         SELECT 1 FROM _recipient AS o
          WHERE o.message_id = r.message_id AND o.status NOT IN ('delivered', 'bounced', 'expired', 'cancelled'))
       AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.message_id = r.message_id) AS is_finished,
       a.started_at AS at, a.text
  FROM _attempt AS a
  LEFT JOIN _recipient AS r ON r.recipient_id = a.recipient_id
 WHERE a.attempt_id > :after
   AND a.attempt_id <= :last
   AND lower(a.text) LIKE :local ESCAPE '!';

-- name: audit
-- What people changed; before and after may be numbers.
SELECT a.audit_id AS number,
       NOT EXISTS (
         SELECT 1 FROM _recipient AS o
          WHERE o.message_id = r.message_id AND o.status NOT IN ('delivered', 'bounced', 'expired', 'cancelled'))
       AND NOT EXISTS (SELECT 1 FROM _notice AS n WHERE n.message_id = r.message_id) AS is_finished,
       a.at, a.address, a.before, a.after, a.object
  FROM _audit AS a
  LEFT JOIN _recipient AS r ON r.recipient_id = a.recipient_id
 WHERE a.audit_id > :after
   AND a.audit_id <= :last
   AND lower(coalesce(a.address, '') || ' ' || coalesce(CAST(a.before AS text), '')
             || ' ' || coalesce(CAST(a.after AS text), '') || ' ' || coalesce(a.object, '')) LIKE :local ESCAPE '!';

-- name: refusal
-- Clients that were turned away.
SELECT refusal_id AS number, 1 AS is_finished, last_at AS at, sender, recipient, account, client_address, client_name, reply
  FROM _refusal
 WHERE refusal_id > :after
   AND refusal_id <= :last
   AND lower(coalesce(sender, '') || ' ' || coalesce(recipient, '') || ' ' || coalesce(account, '')
             || ' ' || reply) LIKE :local ESCAPE '!';

-- name: set_refusal
-- Index: the rowid.
UPDATE _refusal
   SET sender = :sender, recipient = :recipient, account = :account, client_address = :client_address,
       client_name = :client_name, reply = :reply
 WHERE refusal_id = :number;

-- name: transcript
-- What was said in sessions that failed.
SELECT transcript_id AS number, 1 AS is_finished, at, sender, account, client_address, reply, dialogue
  FROM _transcript
 WHERE transcript_id > :after
   AND transcript_id <= :last
   AND lower(coalesce(sender, '') || ' ' || coalesce(account, '') || ' ' || reply || ' ' || dialogue) LIKE :local ESCAPE '!';

-- name: set_transcript
-- Index: the rowid.
UPDATE _transcript
   SET sender = :sender, account = :account, client_address = :client_address, reply = :reply, dialogue = :dialogue
 WHERE transcript_id = :number;

-- name: feedback
-- Reports of others about mail that went out.
SELECT feedback_id AS number, 1 AS is_finished, at, address, reply, reporter
  FROM _feedback
 WHERE feedback_id > :after
   AND feedback_id <= :last
   AND lower(address || ' ' || coalesce(reply, '') || ' ' || coalesce(reporter, '')) LIKE :local ESCAPE '!';

-- name: set_feedback
-- Index: the rowid.
UPDATE _feedback SET address = :address, reply = :reply, reporter = :reporter WHERE feedback_id = :number;

-- name: event
-- Events, whether or not they were sent.
SELECT e.event_id AS number,
       NOT EXISTS (
         SELECT 1 FROM _recipient AS o
          WHERE o.message_id = r.message_id AND o.status NOT IN ('delivered', 'bounced', 'expired', 'cancelled'))
         AS is_finished,
       e.sender, e.recipient, e.account, e.detail
  FROM _event AS e
  LEFT JOIN _recipient AS r ON r.recipient_id = e.recipient_id
 WHERE e.event_id > :after
   AND e.event_id <= :last
   AND lower(coalesce(e.sender, '') || ' ' || coalesce(e.recipient, '') || ' ' || coalesce(e.account, '')
             || ' ' || e.detail) LIKE :local ESCAPE '!';

-- name: set_event
-- Index: the rowid.
UPDATE _event SET sender = :sender, recipient = :recipient, account = :account, detail = :detail WHERE event_id = :number;

-- name: greylist
-- Rows of the greylist are removed, so that the next mail is a first try again.
SELECT greylist_id AS number, 1 AS is_finished, sender, recipient
  FROM _greylist
 WHERE greylist_id > :after
   AND greylist_id <= :last
   AND lower(sender || ' ' || recipient) LIKE :local ESCAPE '!';

-- name: set_greylist
-- Index: the rowid.
DELETE FROM _greylist WHERE greylist_id = :number;

-- name: injection
-- Answers to requests by HTTP.
SELECT injection_id AS number, 1 AS is_finished, answer
  FROM _injection
 WHERE injection_id > :after
   AND injection_id <= :last
   AND lower(answer) LIKE :local ESCAPE '!';

-- name: set_injection
-- Index: the rowid.
UPDATE _injection SET answer = :answer WHERE injection_id = :number;

-- name: plan
-- Filters of plans.
SELECT plan_id AS number, 1 AS is_finished, predicate
  FROM _plan
 WHERE plan_id > :after
   AND plan_id <= :last
   AND lower(coalesce(predicate, '')) LIKE :local ESCAPE '!';

-- name: set_plan
-- Index: the rowid.
UPDATE _plan SET predicate = :predicate WHERE plan_id = :number;

-- name: received_report
-- Who sent reports about domains of ours.
SELECT received_report_id AS number, 1 AS is_finished, sender, contact
  FROM _received_report
 WHERE received_report_id > :after
   AND received_report_id <= :last
   AND lower(sender || ' ' || contact) LIKE :local ESCAPE '!';

-- name: set_received_report
-- Index: the rowid.
UPDATE _received_report SET sender = :sender, contact = :contact WHERE received_report_id = :number;

-- name: verification
-- What the next host has said of :address, folded. Transaction: none needed. Index: the primary key. Rows: one, 0 or 1.
SELECT count(*) FROM _verification WHERE address = :address;

-- name: forget_verification
-- Index: the primary key.
DELETE FROM _verification WHERE address = :address;

-- name: suppression
-- Whether :address, folded, is suppressed. Transaction: none needed. Index: the primary key. Rows: one, 0 or 1.
SELECT count(*) FROM _suppression WHERE address = :address;

-- name: forget_suppression
-- Index: the primary key.
DELETE FROM _suppression WHERE address = :address;

-- name: configured
-- Where the configuration in the queue names :address, folded. Transaction: none needed. Index: the primary keys, and the
-- few rows of the lists and rules, which may name it in their reasons. Rows: what names it.
SELECT 'account' FROM _account WHERE lower(name) = :address
UNION ALL
SELECT 'alias' FROM _alias WHERE pattern = :address OR lower(target) = :address
UNION ALL
SELECT 'recipient_list' FROM _recipient_list WHERE address = :address
UNION ALL
SELECT 'hold_rule' WHERE EXISTS (
  SELECT 1 FROM _hold_rule WHERE replace(lower(coalesce(pattern, '')), :address, '') <> lower(coalesce(pattern, ''))
    OR replace(lower(coalesce(reason, '')), :address, '') <> lower(coalesce(reason, '')))
UNION ALL
SELECT 'destination_rule' WHERE EXISTS (
  SELECT 1 FROM _destination_rule WHERE replace(lower(coalesce(reason, '')), :address, '') <> lower(coalesce(reason, '')))
UNION ALL
SELECT 'listener_limit' WHERE EXISTS (
  SELECT 1 FROM _listener_limit WHERE replace(lower(coalesce(reason, '')), :address, '') <> lower(coalesce(reason, '')))
UNION ALL
SELECT 'log_level' WHERE EXISTS (
  SELECT 1 FROM _log_level WHERE replace(lower(coalesce(reason, '')), :address, '') <> lower(coalesce(reason, '')))
UNION ALL
SELECT 'source_rest' WHERE EXISTS (
  SELECT 1 FROM _source_rest WHERE replace(lower(coalesce(reason, '')), :address, '') <> lower(coalesce(reason, '')))
UNION ALL
SELECT 'authentication_override' WHERE EXISTS (
  SELECT 1 FROM _authentication_override WHERE replace(lower(coalesce(reason, '')), :address, '') <> lower(coalesce(reason, '')));
