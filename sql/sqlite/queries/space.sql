-- space.sql - free pages of the database, and the way back to the disk

-- name: free_pages
-- Transaction: none needed; the first page tells. Rows: one, pages.
PRAGMA freelist_count;

-- name: return_pages
-- The last 256 pages at most go, after what is on them has moved to free ones. Transaction: inside BEGIN IMMEDIATE.
PRAGMA incremental_vacuum(256);
