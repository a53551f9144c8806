-- Version 4. Each concern has a section.

-- DNSSEC.
ALTER TABLE _attempt ADD COLUMN dnssec TEXT;
