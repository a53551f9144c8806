-- Version 6. Each concern has a section.

-- Forwarded mail.
ALTER TABLE _recipient ADD COLUMN sent_as TEXT;
