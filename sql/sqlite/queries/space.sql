-- space.sql - count the free pages of the database, and return them to the disk

-- name: free_pages
-- Transaction: none needed; the first page has the count. Rows: one, pages.
PRAGMA freelist_count;

-- name: return_pages
-- Return up to 256 pages from the end of the file, after moving their content to free pages.
-- Transaction: inside BEGIN IMMEDIATE.
PRAGMA incremental_vacuum(256);
