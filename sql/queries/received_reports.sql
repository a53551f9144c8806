-- received_reports.sql - reports of other hosts about domains of ours
-- Transaction: inside BEGIN IMMEDIATE, but for `expired`. Domains are in A-labels, lower case; instants are Unix seconds.

-- name: is_known
-- Whether a report was here before; some hosts give reports of several days one id. Index: the unique one. Rows: none or
-- one.
SELECT 1
  FROM _received_report
 WHERE kind = :kind
   AND domain = :domain
   AND org_name = :org_name
   AND report_id = :report_id
   AND begin_at = :begin_at;

-- name: number_of_reports
-- Index: _received_report_at. Rows: one.
SELECT count(*) FROM _received_report;

-- name: number_of_rows
-- The rows of all reports. Index: none, up to 20,000 rows. Rows: one.
SELECT coalesce(sum(row_count), 0) FROM _received_report;

-- name: forget_oldest
-- Index: _received_report_at.
DELETE FROM _received_report
 WHERE received_report_id = (SELECT received_report_id FROM _received_report ORDER BY received_at LIMIT 1);

-- name: add
-- A report; author is the domain that DMARC has proven for its message. Index: that of _message by ulid. Rows: its number.
INSERT INTO _received_report (
  kind, domain, org_name, report_id, contact, begin_at, end_at, policy, messages, failed, left_out, error, sender,
  received_at, row_count, author)
VALUES (
  :kind, :domain, :org_name, :report_id, :contact, :begin_at, :end_at, :policy, :messages, :failed, :left_out, :error,
  :sender, :now, :row_count,
  (SELECT CASE json_extract(authentication, '$.dmarc') WHEN 'pass' THEN json_extract(authentication, '$.author') END
     FROM _message
    WHERE ulid = :ulid))
RETURNING received_report_id;

-- name: add_dmarc
-- One row of a report of DMARC.
INSERT INTO _received_dmarc (
  received_report_id, number, source_ip, messages, disposition, dkim, spf, reason, comment, header_from, envelope_from,
  dkim_results, spf_domain, spf_result)
VALUES (
  :id, :number, :source_ip, :messages, :disposition, :dkim, :spf, :reason, :comment, :header_from, :envelope_from,
  :dkim_results, :spf_domain, :spf_result);

-- name: add_tls
-- One row of a report about TLS.
INSERT INTO _received_tls (
  received_report_id, number, policy_type, policy_domain, result, messages, host, sending_ip, receiving_ip, reason)
VALUES (
  :id, :number, :policy_type, :policy_domain, :result, :messages, :host, :sending_ip, :receiving_ip, :reason);

-- name: expired
-- Up to :limit reports that came before :now. Index: _received_report_at. Rows: number.
SELECT received_report_id FROM _received_report WHERE received_at <= :now ORDER BY received_at LIMIT :limit;

-- name: forget
-- Remove :keys (list of numbers); a trigger removes their rows. Index: the primary key.
DELETE FROM _received_report WHERE received_report_id IN (:keys[]);

-- name: summary
-- What each reporter has told of each domain, in reports of :kind or, without one, of both. Index: none. Rows: one for each kind, domain and reporter.
SELECT kind, domain, org_name, count(*) AS reports, sum(messages) AS messages, sum(failed) AS failed,
       max(received_at) AS last_at
  FROM _received_report
 WHERE kind = coalesce(:kind, kind)
 GROUP BY kind, domain, org_name
 ORDER BY kind, domain, sum(messages) DESC;
