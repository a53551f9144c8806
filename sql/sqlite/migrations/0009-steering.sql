-- Version 9. Each concern has a section.

-- The statement that made an order.
-- Rows that say by which statement the rows before them were made: "before" is the number of the first of these.
CREATE INDEX _audit_statement ON _audit (audit_id) WHERE what = 'statement';

-- Mail that waits.
-- The condition without a list after IN: SQLite built two temporary tables for it at each change of a recipient.
DROP INDEX _recipient_live;
CREATE INDEX _recipient_live ON _recipient (recipient_id, message_id, domain)
 WHERE status = 'queued' OR status = 'deferred' OR status = 'leased' OR status = 'held';
