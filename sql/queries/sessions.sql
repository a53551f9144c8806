-- sessions.sql - sessions of clients that last longer than a second
-- Transaction: writes inside BEGIN IMMEDIATE. Index: the primary key, unless it says otherwise.

-- name: keep
-- Add a session, or bring its row up to date.
INSERT INTO _session (
  process_id, number, listener, client_address, client_name, account, tls, state, messages, octets, began_at)
VALUES (
  :process_id, :number, :listener, :client_address, :client_name, :account, :tls, :state, :messages, :octets, :began_at)
ON CONFLICT (process_id, number) DO UPDATE
   SET client_address = excluded.client_address, client_name = excluded.client_name, account = excluded.account,
       tls = excluded.tls, state = excluded.state, messages = excluded.messages, octets = excluded.octets;

-- name: forget
-- A session is over.
DELETE FROM _session WHERE process_id = :process_id AND number = :number;

-- name: forget_all
-- The process of these sessions is over.
DELETE FROM _session WHERE process_id = :process_id;

-- name: closing
-- Numbers of the sessions that :process_id is to end. Index: _session_closing. Rows: number.
SELECT number FROM _session WHERE process_id = :process_id AND is_closing <> 0;

-- name: all
-- Sessions of processes that live, the longest first. Rows: the fields of storage.admin.sessions.OpenSession.
SELECT session, listener, client, client_name, account, tls, state, messages, octets, began_unix AS began_at, process, node
  FROM session
 ORDER BY began_unix, session;

-- name: is_open
-- Whether :session is in the list. Rows: one, 0 or 1.
SELECT count(*) FROM session WHERE session = :session;

-- name: close
-- Have the acceptor of :session end it.
DELETE FROM session WHERE session = :session;
