"""The queue database and the spool; the only home of SQL and of apsw (layer 3)."""
