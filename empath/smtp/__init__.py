"""Sans-IO SMTP, both roles: octets in, events out, no socket, clock, log or SQL (layer 1)."""
