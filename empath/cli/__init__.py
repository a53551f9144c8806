"""The commands: empathd and empath-admin (layer 5)."""
