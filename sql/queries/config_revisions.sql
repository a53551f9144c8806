-- config_revisions.sql - which configuration was in force when, and the settings of now
-- Transaction: inside BEGIN IMMEDIATE.

-- name: known
-- The revision of one reading of the file. Index: none, few rows. Rows: none or one, revision.
SELECT revision FROM _config_revision WHERE instance = :instance AND reading = :reading;

-- name: newest
-- The newest revision of a node. Index: the rowid, of few rows. Rows: none or one, revision, hash, version.
SELECT revision, hash, version FROM _config_revision WHERE node = :node ORDER BY revision DESC LIMIT 1;

-- name: insert
-- A configuration that is new on its node. It came by a reload if the supervisor's run had another one before, and that by
-- an order if one is open. Index: the rowid of few rows, _control_open. Rows: one, revision.
INSERT INTO _config_revision (node, instance, reading, at, cause, who, hash, text, version)
SELECT :node, :instance, :reading, :now,
       CASE WHEN r.instance IS NULL THEN 'start' ELSE 'reload' END,
       coalesce(CASE WHEN r.instance IS NOT NULL THEN (
         SELECT c.who FROM _control AS c WHERE c.verb = 'reload' AND c.done_at IS NULL ORDER BY c.control_id DESC LIMIT 1)
       END, 'empathd'),
       :hash, :text, :version
  FROM (SELECT max(instance) AS instance FROM _config_revision WHERE node = :node AND instance = :instance) AS r
RETURNING revision;

-- name: forget_settings
DELETE FROM _effective_setting WHERE node = :node;

-- name: insert_setting
INSERT INTO _effective_setting (node, name, value, default_value, source)
VALUES (:node, :name, :value, :default_value, :source);

-- name: forget_old
-- All but the newest :kept revisions of a node. Index: the rowid, of few rows.
DELETE FROM _config_revision
 WHERE node = :node
   AND revision NOT IN (SELECT revision FROM _config_revision WHERE node = :node ORDER BY revision DESC LIMIT :kept);

-- name: all
-- Every revision, the newest first. Transaction: none needed. Rows: the fields of storage.admin.config_revisions.RevisionRow.
SELECT revision, at, node, cause, who, hash, version FROM _config_revision ORDER BY revision DESC;

-- name: text
-- The text of one revision. Transaction: none needed. Index: the rowid. Rows: none or one.
SELECT text FROM _config_revision WHERE revision = :revision;
