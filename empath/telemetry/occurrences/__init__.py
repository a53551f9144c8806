"""All occurrences: one module per kind of process, and `process` for what every kind reports."""
