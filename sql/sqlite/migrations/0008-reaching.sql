-- Version 8. Each concern has a section.

-- Questions about the mail that waits.
CREATE INDEX _recipient_live ON _recipient (recipient_id, message_id, domain)
 WHERE status IN ('queued', 'deferred', 'leased', 'held');
