-- report_sent, dmarc_report and tls_report: when a report to another domain is made; the reports of others are only read

CREATE TRIGGER _set_report_due INSTEAD OF INSERT ON _apply_instant
WHEN new.what = 'report_sent due_unix'
BEGIN
  SELECT raise(ABORT, 'empath: due_at takes Unix seconds up to 10 years ahead, ''YYYY-MM-DD HH:MM:SS'' in UTC, ''now'', or a shift such as ''+1 hour''')
   WHERE new.after IS NULL OR new.after NOT BETWEEN 1e9 AND new.at + 315576000.0;
  UPDATE _report_period SET due_at = new.after WHERE report_period_id = CAST(new.address AS INTEGER);
  INSERT INTO _audit (at, who, object, what, before, after)
  VALUES (new.at, new.who, new.address, new.what, new.before, new.after);
END;

CREATE TRIGGER report_sent_due INSTEAD OF UPDATE OF due_at, due_unix ON report_sent
BEGIN
  SELECT raise(ABORT, 'empath: this report is made already, or dropped; only an open one has a time')
   WHERE old.state <> 'open';
  SELECT raise(ABORT, 'empath: set due_at or due_unix, not both')
   WHERE new.due_at IS NOT old.due_at AND new.due_unix IS NOT old.due_unix;
  INSERT INTO _change_instant
  VALUES (
    'report_sent due_unix', NULL, NULL, CAST(old.number AS TEXT), NULL, old.due_unix,
    iif(new.due_at IS NOT old.due_at, new.due_at, new.due_unix));
END;

-- As queue_update.
CREATE TRIGGER report_sent_update INSTEAD OF UPDATE ON report_sent
BEGIN
  SELECT 1 WHERE new.number IS NULL AND coalesce(new.due_at, new.due_unix) IS NULL;
END;

CREATE TRIGGER report_sent_fixed INSTEAD OF UPDATE OF number, kind, domain, begin_at, begin_unix, end_at, end_unix, state,
  tries, messages, left_out, report_id, sent_to, id, octets, reason
ON report_sent
BEGIN
  SELECT raise(ABORT, 'empath: report_sent takes due_at of an open report; no other column can be set');
END;

CREATE TRIGGER report_sent_delete INSTEAD OF DELETE ON report_sent
BEGIN
  SELECT raise(ABORT, 'empath: a report goes by itself, as [dmarc_reports] keep says');
END;

CREATE TRIGGER report_sent_insert INSTEAD OF INSERT ON report_sent
BEGIN
  SELECT raise(ABORT, 'empath: a report is begun by the first mail that it counts');
END;

CREATE TRIGGER dmarc_report_update INSTEAD OF UPDATE ON dmarc_report
BEGIN
  SELECT raise(ABORT, 'empath: what another host has reported cannot be changed');
END;

CREATE TRIGGER dmarc_report_delete INSTEAD OF DELETE ON dmarc_report
BEGIN
  SELECT raise(ABORT, 'empath: what another host has reported goes by itself, as [dmarc_reports] keep says');
END;

CREATE TRIGGER dmarc_report_insert INSTEAD OF INSERT ON dmarc_report
BEGIN
  SELECT raise(ABORT, 'empath: reports of other hosts come by mail, as [dmarc_reports] receive says');
END;

CREATE TRIGGER tls_report_update INSTEAD OF UPDATE ON tls_report
BEGIN
  SELECT raise(ABORT, 'empath: what another host has reported cannot be changed');
END;

CREATE TRIGGER tls_report_delete INSTEAD OF DELETE ON tls_report
BEGIN
  SELECT raise(ABORT, 'empath: what another host has reported goes by itself, as [dmarc_reports] keep says');
END;

CREATE TRIGGER tls_report_insert INSTEAD OF INSERT ON tls_report
BEGIN
  SELECT raise(ABORT, 'empath: reports of other hosts come by mail, as [tls_reports] receive says');
END;
