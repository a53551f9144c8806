-- greylist.sql - who must come again
-- Transaction: writes inside BEGIN IMMEDIATE. Instants are Unix seconds.

-- name: find
-- What is known at :now of :client, :sender and :recipient, and of all mail of :client. A first try after :now was
-- written before the clock stepped back. Index: the UNIQUE of all three.
-- Rows: none to two, sender, passes_at, expires_at, hits.
SELECT sender, passes_at, expires_at, hits
  FROM _greylist
 WHERE client = :client AND sender = :sender AND recipient = :recipient AND first_seen_at <= :now
UNION ALL
SELECT sender, passes_at, expires_at, hits
  FROM _greylist
 WHERE client = :client AND sender = :any AND recipient = :any;

-- name: begin
-- The first try at :now. Another process may have written it meanwhile: then only a row that is over begins anew,
-- or one that was written before the clock stepped back.
INSERT INTO _greylist (client, sender, recipient, first_seen_at, passes_at, expires_at, hits)
VALUES (:client, :sender, :recipient, :now, :passes_at, :expires_at, 0)
ON CONFLICT (client, sender, recipient) DO UPDATE
  SET first_seen_at = excluded.first_seen_at, passes_at = excluded.passes_at, expires_at = excluded.expires_at, hits = 0
WHERE _greylist.expires_at <= :now OR _greylist.first_seen_at > :now;

-- name: number_of_first_tries
-- First tries of :client that no other one followed, up to :limit. Index: the UNIQUE of all three. Rows: one, the number.
SELECT count(*) FROM (
  SELECT 1 FROM _greylist WHERE client = :client AND hits = 0 AND expires_at IS NOT NULL LIMIT :limit) AS tries;

-- name: forget_first_tries
-- Remove the :limit oldest of them. Index: the UNIQUE of all three; sorts as many as a client may have.
DELETE FROM _greylist WHERE greylist_id IN (
  SELECT greylist_id FROM _greylist WHERE client = :client AND hits = 0 AND expires_at IS NOT NULL
   ORDER BY first_seen_at, greylist_id LIMIT :limit);

-- name: count_delivery
-- One more delivery of a row that passes. Index: the UNIQUE of all three.
UPDATE _greylist SET hits = hits + 1, expires_at = :expires_at
 WHERE client = :client AND sender = :sender AND recipient = :recipient AND expires_at IS NOT NULL;

-- name: count_client
-- One more delivery of :client, which passes from :auto_allow deliveries on; a row that is over begins anew.
INSERT INTO _greylist (client, sender, recipient, first_seen_at, passes_at, expires_at, hits)
VALUES (:client, :any, :any, :now, CASE WHEN :auto_allow <= 1 THEN CAST(:now AS double precision) END, :expires_at, 1)
ON CONFLICT (client, sender, recipient) DO UPDATE
  SET hits = CASE WHEN _greylist.expires_at <= :now THEN 1 ELSE _greylist.hits + 1 END,
      passes_at = CASE
        WHEN _greylist.expires_at <= :now THEN excluded.passes_at
        WHEN _greylist.passes_at IS NULL AND _greylist.hits + 1 >= :auto_allow THEN :now
        ELSE _greylist.passes_at
      END,
      expires_at = excluded.expires_at
WHERE _greylist.expires_at IS NOT NULL;

-- name: expired
-- Up to :limit rows that are over at :now. Index: _greylist_expiry. Rows: greylist_id.
SELECT greylist_id FROM _greylist WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: number_of_rows
-- Rows: one, the number.
SELECT count(*) FROM _greylist;

-- name: first_to_go
-- :limit rows, the first to expire of the clients that have the most. Index: none, reads and sorts all rows.
-- Rows: greylist_id.
SELECT greylist_id
  FROM (SELECT greylist_id, expires_at,
               row_number() OVER (PARTITION BY client ORDER BY hits > 0 DESC, expires_at DESC) AS place
          FROM _greylist WHERE expires_at IS NOT NULL) AS ranked
 ORDER BY place DESC, expires_at LIMIT :limit;

-- name: forget
-- Remove :keys (list of greylist_id). Index: the rowid.
DELETE FROM _greylist WHERE greylist_id IN (:keys[]);

-- name: shown
-- What a person sees, for :client, :sender and :recipient, each NULL for any. Rows: as the fields of
-- storage.admin.greylist.GreylistRow.
SELECT client, sender, recipient, first_seen_unix AS first_seen_at, passes_unix AS passes_at, expires_unix AS expires_at, hits
  FROM greylist
 WHERE (CAST(:client AS text) IS NULL OR client = :client)
   AND (CAST(:sender AS text) IS NULL OR sender = :sender)
   AND (CAST(:recipient AS text) IS NULL OR recipient = :recipient)
 ORDER BY client, sender, recipient;

-- name: number_shown
-- The number of these. Rows: one.
SELECT count(*)
  FROM greylist
 WHERE (CAST(:client AS text) IS NULL OR client = :client)
   AND (CAST(:sender AS text) IS NULL OR sender = :sender)
   AND (CAST(:recipient AS text) IS NULL OR recipient = :recipient);

-- name: forget_shown
-- Forget these.
DELETE FROM greylist
 WHERE (CAST(:client AS text) IS NULL OR client = :client)
   AND (CAST(:sender AS text) IS NULL OR sender = :sender)
   AND (CAST(:recipient AS text) IS NULL OR recipient = :recipient);

-- name: allow
-- Let all mail of :client pass.
INSERT INTO greylist (client) VALUES (:client);
