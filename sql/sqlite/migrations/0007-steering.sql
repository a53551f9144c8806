-- Version 7. Each concern has a section.

-- What is forgotten, and what is redacted when it is old.
-- Rows of the audit and attempts that were changed after they were sealed, because an address was forgotten or because they
-- are old. See policy/seal.py and storage/queue/redaction.py.
CREATE TABLE _redacted (
  kind     TEXT    NOT NULL CHECK (kind IN ('audit', 'attempt')),
  number   INTEGER NOT NULL,  -- of the row
  audit_id INTEGER NOT NULL,  -- of _audit: the row that tells of it, with a digest over all that it changed
  before   BLOB    NOT NULL,  -- leaf of the row before, as in _audit_seal
  after    BLOB    NOT NULL,  -- its leaf since
  PRIMARY KEY (kind, number, audit_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX _redacted_by ON _redacted (audit_id);

-- What people do to the service, as an event.
INSERT INTO _event_type (type, is_wanted) VALUES ('audited', 0);
