-- domain_reports.sql - reports about a period to other domains: what is counted, and what was sent
-- Transaction: none for reads, BEGIN IMMEDIATE for writes. Domains are in A-labels, lower case; instants are Unix seconds.

-- name: open_rows
-- How many counts all open periods have. Index: _report_period_due. Rows: one.
SELECT coalesce(sum(row_count), 0) FROM _report_period WHERE state = 'open';

-- name: open_periods
-- How many periods are open. Index: _report_period_due. Rows: one.
SELECT count(*) FROM _report_period WHERE state = 'open';

-- name: period
-- The period of :kind and :domain that begins at :begin_at. Index: the unique one. Rows: none or one.
SELECT report_period_id, state, row_count
  FROM _report_period
 WHERE kind = :kind
   AND domain = :domain
   AND begin_at = :begin_at;

-- name: add_period
-- A new period. Rows: its number.
INSERT INTO _report_period (kind, domain, begin_at, end_at, policy, due_at)
VALUES (:kind, :domain, :begin_at, :end_at, :policy, :due_at)
RETURNING report_period_id;

-- name: note_period
-- Add to what the period :id tells of, and note the :policy that was seen last. Index: the primary key.
UPDATE _report_period
   SET messages = messages + :messages, left_out = left_out + :left_out, row_count = row_count + :row_count, policy = :policy
 WHERE report_period_id = :id;

-- name: count_dmarc
-- Add to the row of these results, if it is there. Index: the primary key.
UPDATE _dmarc_count
   SET messages = messages + :messages
 WHERE report_period_id = :id
   AND source_ip = :source_ip
   AND header_from = :header_from
   AND envelope_from = :envelope_from
   AND disposition = :disposition
   AND dkim = :dkim
   AND spf = :spf
   AND reason = :reason
   AND comment = :comment
   AND dkim_results = :dkim_results
   AND spf_domain = :spf_domain
   AND spf_result = :spf_result;

-- name: add_dmarc
-- A new row of results.
INSERT INTO _dmarc_count (
  report_period_id, source_ip, header_from, envelope_from, disposition, dkim, spf, reason, comment, dkim_results,
  spf_domain, spf_result, messages)
VALUES (
  :id, :source_ip, :header_from, :envelope_from, :disposition, :dkim, :spf, :reason, :comment, :dkim_results,
  :spf_domain, :spf_result, :messages);

-- name: due
-- Up to :limit periods, those whose report is due longest at :now. Index: _report_period_due. Rows: as many.
SELECT report_period_id AS id, kind, domain, begin_at, end_at, policy, tries, messages, left_out
  FROM _report_period
 WHERE state = 'open'
   AND due_at <= :now
 ORDER BY due_at
 LIMIT :limit;

-- name: of_domain
-- The oldest open period of :kind and :domain, whether due or not. Index: the unique one. Rows: none or one.
SELECT report_period_id AS id, kind, domain, begin_at, end_at, policy, tries, messages, left_out
  FROM _report_period
 WHERE kind = :kind
   AND domain = :domain
   AND state = 'open'
 ORDER BY begin_at
 LIMIT 1;

-- name: dmarc_rows
-- The results of the period :id. Index: the primary key. Rows: up to the bound of a period.
SELECT source_ip, header_from, envelope_from, disposition, dkim, spf, reason, comment, dkim_results, spf_domain,
       spf_result, messages
  FROM _dmarc_count
 WHERE report_period_id = :id
 ORDER BY messages DESC, source_ip;

-- name: close
-- Close the period :id, which is open, with what became of its report. Index: the primary key.
UPDATE _report_period
   SET state = :state, report_id = :report_id, sent_to = :sent_to, ulid = :ulid, octets = :octets, reason = :reason,
       closed_at = :now, row_count = 0
 WHERE report_period_id = :id
   AND state = 'open';

-- name: forget_dmarc_rows
-- Index: the primary key.
DELETE FROM _dmarc_count WHERE report_period_id = :id;

-- name: put_off
-- Try the report of the period :id again at :due_at. Index: the primary key.
UPDATE _report_period
   SET due_at = :due_at, tries = tries + 1, reason = :reason
 WHERE report_period_id = :id
   AND state = 'open';

-- name: expired
-- Up to :limit periods that were closed so long ago that :now is past. Index: _report_period_closed. Rows: number.
SELECT report_period_id FROM _report_period WHERE closed_at <= :now ORDER BY closed_at LIMIT :limit;

-- name: forget
-- Remove :keys (list of numbers). Index: the primary key.
DELETE FROM _report_period WHERE report_period_id IN (:keys[]);

-- name: bring_forward
-- Let the reports of :kind about :domain be made at :due_unix, by the view. Index: the unique one.
UPDATE report_sent SET due_unix = :due_unix WHERE kind = :kind AND domain = :domain AND state = 'open' AND due_unix > :due_unix;

-- name: list
-- Up to :limit reports, of :kind or, without one, of both, the newest period first. Index: the rowid, backwards. Rows: columns of the view.
SELECT number, kind, domain, CAST(begin_unix AS REAL) AS begin_at,
       CAST(end_unix AS REAL) AS end_at, state, due_unix AS due_at, tries, messages,
       left_out, report_id, sent_to, id, octets, reason
  FROM report_sent
 WHERE kind = coalesce(:kind, kind)
 ORDER BY number DESC
 LIMIT :limit;
