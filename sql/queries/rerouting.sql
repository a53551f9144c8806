-- rerouting.sql - waiting recipients follow a changed table of routes

-- name: known_routes
-- Digest of the routes that the queue follows. Transaction: none needed. Rows: none or one.
SELECT value FROM _setting WHERE name = 'routes';

-- name: forget_routes
-- Transaction: inside BEGIN IMMEDIATE.
DELETE FROM _setting WHERE name = 'routes';

-- name: remember_routes
-- Record that the queue follows these routes. Transaction: inside BEGIN IMMEDIATE.
INSERT INTO _setting (name, value) VALUES ('routes', :digest);

-- name: waiting
-- Recipients after :after, up to :last, that are not leased. Transaction: none needed. Index: the rowid.
-- Rows: recipient_id, address, domain, name of the destination; reverse_path, account and metadata of the message.
SELECT r.recipient_id, r.address, r.domain, d.name, m.reverse_path, m.account, m.metadata
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.recipient_id > :after
   AND r.recipient_id <= :last
   AND r.status IN ('queued', 'deferred', 'held');

-- name: waiting_of
-- As waiting, of :page (list of recipient_id). Rows: the same.
SELECT r.recipient_id, r.address, r.domain, d.name, m.reverse_path, m.account, m.metadata
  FROM _recipient AS r
  JOIN _message AS m ON m.message_id = r.message_id
  JOIN _destination AS d ON d.destination_id = r.destination_id
 WHERE r.recipient_id IN (:page[])
   AND r.status IN ('queued', 'deferred', 'held');

-- name: move
-- Move the recipient to another destination, unless it is leased by now.
-- Transaction: inside BEGIN IMMEDIATE. Index: the rowid.
UPDATE _recipient SET destination_id = :destination_id
 WHERE recipient_id = :recipient_id
   AND status IN ('queued', 'deferred', 'held');

-- name: audit
-- A person had recipients of a slice moved. Transaction: inside BEGIN IMMEDIATE.
INSERT INTO _audit (who, destination, what, before, after, object)
VALUES (:who, :before, 'reroute', :before, :after, :object);
