"""The SQLite engine: connections, schema, space, checks."""
