-- Version 4. Each concern has a section.

-- DNSSEC.
ALTER TABLE _attempt ADD COLUMN dnssec TEXT;

-- Reports of success say where the mail went.  Before, the only ones were about aliases.
ALTER TABLE _notice ADD COLUMN action TEXT CHECK (action IN ('delivered', 'relayed', 'expanded'));
UPDATE _notice SET action = 'expanded' WHERE kind = 'success';
