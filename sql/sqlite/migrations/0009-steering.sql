-- Version 9. Each concern has a section.

-- The statement that made an order.
-- Rows that say by which statement the rows before them were made: "before" is the number of the first of these.
CREATE INDEX _audit_statement ON _audit (audit_id) WHERE what = 'statement';
