-- Version 2: the fields that this host adds above a message are stored apart from the octets that it received.
-- The content of older messages begins with these fields; it is delivered as it is, with nothing added.
ALTER TABLE _message ADD COLUMN added_fields BLOB NOT NULL DEFAULT X'';
