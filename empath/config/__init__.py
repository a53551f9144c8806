"""The configuration: its definition, its reader and its generated reference (layer 3)."""
